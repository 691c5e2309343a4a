//! The reporter: a thread of its own behind a bounded channel, which fans events out to all that is shown and written.
//!
//! What happens to a report changes nothing in the run: a sink that fails is closed, which is said once.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use super::bars::{Bars, RATE};
use super::diagnostics::Drawing;
use super::files::ReportFile;
use super::lines::{Lines, Verbosity};
use super::paint::{Paint, Tone};
use super::record::Record;
use super::redact::{Redacted, Redactor};
use super::sink::Shared;
use super::summary::{Origins, Summary};
use super::{events, preview};
use crate::event::{Event, Stamped};

/// Events that wait for the reporter; a run that is faster than its terminal waits, too.
const QUEUE: usize = 4096;

/// How often bars are drawn.
const TICK: Duration = Duration::from_millis(1000 / RATE as u64);

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Display {
    /// Bars, with lines above them.
    Bars,
    /// Lines alone.
    Lines,
    /// Nothing but the summary.
    None,
}

/// What a reporter is to do.
pub struct Settings {
    /// Masks all that leaves.
    pub redactor: Arc<Redactor>,
    /// Where steps stand in the manifest.
    pub origins: Origins,
    /// How progress is shown.
    pub display: Display,
    /// How much is said.
    pub verbosity: Verbosity,
    /// Colours of `out`.
    pub paint: Paint,
    /// Columns of `out`.
    pub columns: usize,
    /// Progress, summary and what goes wrong with reports: stderr.
    pub out: Box<dyn Write + Send>,
    /// `--events`
    pub events: Option<Box<dyn Write + Send>>,
    /// `--report`
    pub files: Vec<ReportFile>,
    /// The answer of `ftpflow plan`: what a run would do. Then the summary has no table.
    pub preview: Option<Box<dyn Write + Send>>,
}

/// A running reporter.
#[derive(Debug)]
pub struct Reporter {
    sender: SyncSender<Stamped>,
    thread: JoinHandle<()>,
}

struct Work {
    record: Record,
    lines: Lines,
    bars: Option<Bars>,
    display: Display,
    out: Redacted<Shared>,
    events: Option<Redacted<Box<dyn Write + Send>>>,
    preview: Option<Redacted<Box<dyn Write + Send>>>,
    is_preview: bool,
    files: Vec<ReportFile>,
    origins: Origins,
    redactor: Arc<Redactor>,
    columns: usize,
}

impl Reporter {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system has no thread for it.
    pub fn start(settings: Settings) -> io::Result<Reporter> {
        let (sender, receiver) = sync_channel(QUEUE);
        let mut work = Work::new(settings);
        let thread = Builder::new()
            .name("report".to_owned())
            .spawn(move || work.run(&receiver))?;
        Ok(Reporter { sender, thread })
    }

    /// Where events go. After `RunFinished` nothing is taken any more, and sending is an error that means nothing.
    pub fn sender(&self) -> SyncSender<Stamped> {
        self.sender.clone()
    }

    /// Waits until all is shown and written. The last event must have been sent, or every other sender be gone.
    pub fn finish(self) {
        drop(self.sender);
        // A reporter that panicked has said so; the run's outcome does not depend on it.
        let _ = self.thread.join();
    }
}

impl Work {
    fn new(settings: Settings) -> Work {
        let Settings { redactor, out, .. } = settings;
        let shared = Shared::new(out);
        let bars = (settings.display == Display::Bars).then(|| {
            let colour = settings.paint.has_colour();
            Bars::new(
                shared.clone(),
                settings.columns,
                colour,
                Arc::clone(&redactor),
            )
        });
        Work {
            record: Record::default(),
            lines: Lines {
                paint: settings.paint,
                verbosity: settings.verbosity,
                starts: bars.is_none() || settings.verbosity == Verbosity::Verbose,
                preview: settings.preview.is_some(),
            },
            bars,
            display: settings.display,
            out: Redacted::new(&redactor, shared),
            events: settings.events.map(|out| Redacted::new(&redactor, out)),
            is_preview: settings.preview.is_some(),
            preview: settings.preview.map(|out| Redacted::new(&redactor, out)),
            files: settings.files,
            origins: settings.origins,
            redactor,
            columns: settings.columns,
        }
    }

    fn run(&mut self, receiver: &Receiver<Stamped>) {
        let mut drawn = Instant::now();
        loop {
            let received = match self.bars {
                Some(_) => receiver.recv_timeout(TICK),
                None => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match received {
                Ok(stamped) => {
                    self.take(&stamped);
                    if matches!(stamped.event, Event::RunFinished { .. }) {
                        break;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if let Some(bars) = &mut self.bars
                && drawn.elapsed() >= TICK
            {
                bars.draw(&self.record);
                drawn = Instant::now();
            }
        }
        self.end();
    }

    fn take(&mut self, stamped: &Stamped) {
        self.record.take(stamped);
        if let Some(out) = &mut self.events
            && let Err(error) = events::write(out, stamped)
        {
            self.events = None;
            self.complain("--events stopped", &error);
        }
        if let Some(out) = &mut self.preview
            && let Err(error) = preview::write(out, &self.record, stamped)
        {
            self.preview = None;
            self.complain("output stopped", &error);
        }
        if let (Some(bars), Event::Working { meter, .. }) = (&mut self.bars, &stamped.event) {
            bars.watch(meter);
        }
        if self.display != Display::None
            && let Some(line) = self.lines.line(&self.record, stamped)
        {
            self.say(&line);
        }
    }

    fn say(&mut self, line: &str) {
        match &self.bars {
            Some(bars) => bars.line(line),
            // A terminal that is gone shows nothing; the run goes on.
            None => drop(writeln!(self.out, "{line}").and_then(|()| self.out.flush())),
        }
    }

    fn complain(&mut self, what: &str, error: &io::Error) {
        let warning = self.lines.paint.tone(Tone::Doubtful, "warning");
        self.say(&format!(
            "{warning}: {what}: {error}; the run is not affected"
        ));
    }

    fn end(&mut self) {
        if let Some(bars) = self.bars.take() {
            bars.clear();
        }
        if let Some(mut preview) = self.preview.take() {
            drop(preview.flush());
        }
        for file in std::mem::take(&mut self.files) {
            if let Err(error) = file.write(&self.record, &self.origins, &self.redactor) {
                let what = format!("failed to write the report `{}`", file.path().display());
                self.complain(&what, &error);
            }
        }
        let summary = Summary {
            record: &self.record,
            origins: &self.origins,
            verbosity: self.lines.verbosity,
            preview: self.is_preview,
            drawing: Drawing {
                paint: self.lines.paint,
                width: self.columns,
                redactor: &self.redactor,
            },
        };
        drop(summary.write(&mut self.out).and_then(|()| self.out.flush()));
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("display", &self.display)
            .field("verbosity", &self.verbosity)
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::super::scenario;
    use super::*;

    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Memory {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn report(events: Box<dyn Write + Send>, files: Vec<ReportFile>) -> String {
        let out = Memory::default();
        let settings = Settings {
            redactor: scenario::redactor(),
            origins: scenario::origins(),
            display: Display::Lines,
            verbosity: Verbosity::Normal,
            paint: Paint::PLAIN,
            columns: 100,
            out: Box::new(out.clone()),
            events: Some(events),
            files,
            preview: None,
        };
        let reporter = Reporter::start(settings).unwrap();
        let sender = reporter.sender();
        for stamped in scenario::events() {
            sender.send(stamped).unwrap();
        }
        // A worker that never ends holds its sender: the last event is what ends the reporter.
        reporter.finish();
        drop(sender);
        out.text()
    }

    #[test]
    fn a_closed_event_log_is_said_once_and_the_summary_still_comes() {
        let text = report(Box::new(Closed), Vec::new());
        assert_eq!(text.matches("--events stopped").count(), 1, "{text}");
        assert!(
            text.contains("Summary [2m 05s] nightly-release failed"),
            "{text}"
        );
    }

    #[test]
    fn events_are_one_json_object_a_line_without_secrets() {
        let memory = Memory::default();
        report(Box::new(memory.clone()), Vec::new());
        let text = memory.text();
        assert_eq!(text.lines().count(), scenario::events().len());
        for line in text.lines() {
            let event: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(event["version"], 1);
        }
        assert!(text.contains("***") && !text.contains("hunter2"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_under_a_report_changes_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        std::os::unix::fs::symlink("/dev/full", &path).unwrap();
        let text = report(
            Box::new(io::sink()),
            vec![ReportFile::create(path).unwrap()],
        );
        assert_eq!(
            text.matches("failed to write the report").count(),
            1,
            "{text}"
        );
        assert!(text.contains("Summary ["), "{text}");
    }
}
