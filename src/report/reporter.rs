//! The reporter: a thread of its own behind a bounded channel, which fans events out to all that is shown and written.
//!
//! What happens to a report changes nothing in the run: a sink that fails is closed, which is said once and told at the end
//! ([`Told`]), and one that is not read holds up nobody ([`Outlet`]).

use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use super::bars::{Bars, RATE};
use super::chronicle::Chronicle;
use super::ci::Ci;
use super::diagnostics::Drawing;
use super::files::ReportFile;
use super::lines::{Lines, Verbosity};
use super::origins::Origins;
use super::outlet::{Ended, Hurry, Outlet};
use super::paint::{Paint, Tone};
use super::pulse::Pulse;
use super::record::Record;
use super::redact::Redactor;
use super::redacted::Redacted;
use super::screen::SharedWriter;
use super::settings::{Display, Settings};
use super::sink::Sink;
use super::summary::Summary;
use super::{events, github, masked, preview, text};
use crate::event::{Event, Meter, Stamped};

/// Events that wait for the reporter, which waits for nobody. Each may hold a dozen lines of a server.
const QUEUE: usize = 1024;

/// How often bars are drawn.
const TICK: Duration = Duration::from_millis(1000 / RATE as u64);

/// Whoever takes nothing of the log for so long until the run's end may never read it: that is noted where it can be.
const STUCK: Duration = Duration::from_secs(2);

/// A running reporter.
#[derive(Debug)]
pub struct Reporter {
    sender: SyncSender<Stamped>,
    thread: JoinHandle<Closing>,
}

/// Whether all that was asked for was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// All of it, or as much as its reader wanted.
    Whole,
    /// A report, the events or the plan could not be written to its end.
    InPart,
    /// A signal ended the wait for whoever reads the plan, which is not whole.
    Interrupted,
}

/// What is left to be said when all else is written.
#[derive(Debug)]
struct Closing {
    out: Outlet,
    redactor: Arc<Redactor>,
    paint: Paint,
    since: Instant,
    hurry: Hurry,
    told: Told,
}

struct Work {
    record: Record,
    lines: Lines,
    bars: Option<Bars>,
    pulse: Option<Pulse>,
    ci: Ci,
    /// When the run's first event came.
    begun: Instant,
    display: Display,
    outlet: Outlet,
    out: Redacted<SharedWriter>,
    events: Option<Sink>,
    preview: Option<BufWriter<Sink>>,
    is_preview: bool,
    files: Vec<ReportFile>,
    /// Where a report draws it.
    chronicle: Option<Chronicle>,
    origins: Origins,
    redactor: Arc<Redactor>,
    columns: usize,
    hurry: Hurry,
    told: Told,
}

impl Reporter {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system has no thread for it.
    pub fn start(settings: Settings) -> io::Result<Reporter> {
        let (sender, receiver) = sync_channel(QUEUE);
        let work = Work::new(settings);
        let thread = Builder::new()
            .name("report".to_owned())
            .spawn(move || work.run(&receiver))?;
        Ok(Reporter { sender, thread })
    }

    /// Where events go. After `RunFinished` nothing is taken any more, and sending is an error that means nothing.
    pub fn sender(&self) -> SyncSender<Stamped> {
        self.sender.clone()
    }

    /// Waits until all is shown and written, a note at the very end included, or until nobody reads it. The last event must
    /// have been sent, or every other sender be gone.
    pub fn finish(self, note: Option<&str>) -> Told {
        drop(self.sender);
        // A reporter that panicked has said so; the run's outcome does not depend on it.
        let Ok(mut closing) = self.thread.join() else {
            return Told::InPart;
        };
        if let Some(note) = note {
            let word = closing.paint.tone(Tone::Cool, " note:");
            let line = format!("{word} {}\n", text::escape(note));
            let line = closing.redactor.line(&line);
            drop(closing.out.write_all(line.as_bytes()));
        }
        let patience = Outlet::usual_patience();
        // There is nowhere left to say that nobody read this.
        drop(closing.out.end(closing.since, patience, &closing.hurry));
        closing.told
    }
}

impl Work {
    fn new(settings: Settings) -> Work {
        let Settings { redactor, out, .. } = settings;
        let shared = SharedWriter::new(Box::new(out.clone()));
        let bars = (settings.display == Display::Bars).then(|| {
            let colour = settings.paint.has_colour();
            Bars::new(
                shared.clone(),
                settings.columns,
                colour,
                Arc::clone(&redactor),
            )
        });
        let drawn = settings.files.iter().any(ReportFile::draws);
        let lines_alone = settings.display == Display::Lines;
        let heartbeat = settings.heartbeat.filter(|_| lines_alone);
        Work {
            record: Record::default(),
            lines: Lines {
                paint: settings.paint,
                verbosity: settings.verbosity,
                starts: bars.is_none() || settings.verbosity == Verbosity::Verbose,
                preview: settings.preview.is_some(),
            },
            bars,
            pulse: heartbeat.map(|every| Pulse::new(every, Instant::now(), &redactor)),
            ci: settings.ci,
            begun: Instant::now(),
            display: settings.display,
            outlet: out,
            out: Redacted::new(&redactor, shared),
            events: settings.events,
            is_preview: settings.preview.is_some(),
            preview: settings.preview.map(BufWriter::new),
            chronicle: drawn.then(|| Chronicle::new(settings.picture)),
            files: settings.files,
            origins: settings.origins.masked(&redactor),
            redactor,
            columns: settings.columns,
            hurry: settings.hurry,
            told: Told::Whole,
        }
    }

    fn run(mut self, receiver: &Receiver<Stamped>) -> Closing {
        let mut drawn = Instant::now();
        loop {
            let received = match (&self.bars, &self.pulse) {
                (Some(_), _) => receiver.recv_timeout(TICK),
                (None, Some(pulse)) => receiver.recv_timeout(pulse.wait(Instant::now())),
                (None, None) => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match received {
                Ok(stamped) => {
                    let last = matches!(stamped.event, Event::RunFinished { .. });
                    if last {
                        self.note_silence(stamped.at_ms);
                    }
                    self.take(stamped);
                    if last {
                        break;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            // What was drawn before goes first: a terminal that is behind needs no picture of the past.
            if let Some(bars) = &mut self.bars
                && drawn.elapsed() >= TICK
                && !self.outlet.is_behind()
            {
                bars.draw(&self.record);
                drawn = Instant::now();
            }
            self.beat();
        }
        self.end()
    }

    /// Says that the run is alive, when it is time to. Who is behind reads of things past as it is.
    fn beat(&mut self) {
        let (elapsed, now) = (self.begun.elapsed(), Instant::now());
        if let Some(pulse) = &mut self.pulse
            && let Some(text) = pulse.beat(&self.record, elapsed, now)
            && !self.outlet.is_behind()
        {
            let line = self.lines.alive(&text);
            self.say(&line);
        }
    }

    fn take(&mut self, stamped: Stamped) {
        let stamped = &masked::event(stamped, &self.redactor);
        self.record.take(stamped);
        if let Some(chronicle) = &mut self.chronicle {
            chronicle.take(stamped);
        }
        if let Some(out) = &mut self.events
            && let Err(error) = events::write(out, stamped, &self.redactor)
        {
            self.events = None;
            self.complain("--events stopped", &error);
        }
        if let Some(out) = &mut self.preview
            && let Err(error) = preview::write(out, &self.record, stamped, &self.redactor)
        {
            self.preview = None;
            self.complain("output stopped", &error);
        }
        if let Event::Working { meter, .. } = &stamped.event {
            self.watch(meter);
        }
        if let Event::RunStarted { .. } = &stamped.event
            && self.folds()
            && let Some(line) = self.ci.begin(&self.record)
        {
            self.say(&line);
        }
        if self.display != Display::None
            && let Some(line) = self.lines.line(&self.record, stamped)
        {
            self.say(&line);
        }
    }

    /// Whether there are lines of progress that a CI system can fold away.
    fn folds(&self) -> bool {
        self.display == Display::Lines && self.lines.verbosity > Verbosity::Quiet
    }

    fn watch(&mut self, meter: &Arc<Meter>) {
        if let Some(bars) = &mut self.bars {
            bars.watch(meter);
        }
        if let Some(pulse) = &mut self.pulse {
            pulse.watch(meter);
        }
    }

    fn say(&mut self, line: &str) {
        match &self.bars {
            Some(bars) => bars.line(line),
            // A terminal that is gone shows nothing; the run goes on.
            None => drop(writeln!(self.out, "{line}").and_then(|()| self.out.flush())),
        }
    }

    /// Says that something is not written. A reader that has left has seen enough; all else is an error.
    fn complain(&mut self, what: &str, error: &io::Error) {
        let (tone, word) = match error.kind() {
            io::ErrorKind::BrokenPipe => (Tone::Doubtful, "warning"),
            _ => {
                self.told = Told::InPart;
                (Tone::Bad, "error")
            }
        };
        let word = self.lines.paint.tone(tone, word);
        self.say(&format!("{word}: {what}: {error}; files are not affected"));
    }

    /// That nobody reads the log is said where it may be seen: in events and reports.
    fn note_silence(&mut self, at_ms: u64) {
        if self.outlet.stuck_for() < STUCK {
            return;
        }
        let warning = Event::Warning {
            step: None,
            server: None,
            text: "stderr is not read: progress and summary may be missing there".to_owned(),
        };
        self.take(Stamped::new(at_ms, warning));
    }

    fn end(mut self) -> Closing {
        if let Some(bars) = self.bars.take() {
            bars.clear();
        }
        let mut written: Vec<(String, Sink)> = Vec::new();
        let mut failed = Vec::new();
        let chronicle = self.chronicle.take().unwrap_or_default();
        for file in std::mem::take(&mut self.files) {
            let what = format!("failed to write the report `{}`", file.path().display());
            match file.write(&self.record, &self.origins, &self.redactor, &chronicle) {
                Ok(sink) => written.push((what, sink)),
                Err(error) => failed.push((what, error)),
            }
        }
        if self.folds()
            && let Some(line) = self.ci.end(&self.record)
        {
            self.say(&line);
        }
        let events = self.events.take();
        written.extend(events.map(|sink| ("--events stopped".to_owned(), sink)));
        self.summarise();
        self.annotate();
        // Behind the summary, which may be long: what the exit code is about stands where people look.
        for (what, error) in failed {
            self.complain(&what, &error);
        }
        let since = Instant::now();
        for (what, mut sink) in written {
            let ended = sink.end(since, Outlet::usual_patience(), &self.hurry);
            self.tell_end(&what, ended);
        }
        if let Some(preview) = self.preview.take() {
            // It was asked for: whoever looks through it page by page is waited for.
            let ended = match preview.into_inner() {
                Ok(mut sink) => sink.end(since, None, &self.hurry),
                Err(error) => Ended::Failed(error.into_error()),
            };
            let is_interrupted = matches!(ended, Ended::GivenUp(_));
            self.tell_end("output stopped", ended);
            if is_interrupted {
                self.told = Told::Interrupted;
            }
        }
        Closing {
            out: self.outlet,
            redactor: self.redactor,
            paint: self.lines.paint,
            // What was said a moment ago has its own time to be written.
            since: match self.told {
                Told::Interrupted => Instant::now(),
                Told::Whole | Told::InPart => since,
            },
            hurry: self.hurry,
            told: self.told,
        }
    }

    /// Tells GitHub which lines of the manifest failed.
    fn annotate(&mut self) {
        let Ci::GitHub { manifest } = &self.ci else {
            return;
        };
        let lines = github::failed_steps(manifest, &self.record, &self.origins, &self.redactor);
        lines.iter().for_each(|line| self.say(line));
    }

    fn tell_end(&mut self, what: &str, ended: Ended) {
        match ended {
            Ended::Written => {}
            Ended::Failed(error) => self.complain(what, &error),
            Ended::GivenUp(bytes) => {
                let left = text::counted(bytes, "byte");
                let text = format!("nobody read the last {left}");
                self.complain(what, &io::Error::new(io::ErrorKind::BrokenPipe, text));
            }
        }
    }

    fn summarise(&mut self) {
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::{Sender, channel};

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

    fn sink(writer: impl Write + Send + 'static) -> Sink {
        Sink::Apart(Outlet::start(move || Ok(writer)).unwrap())
    }

    /// Sends on what is written.
    struct Heard(Sender<String>);

    impl Write for Heard {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let text = String::from_utf8_lossy(bytes).into_owned();
            self.0.send(text).map_err(|_| io::ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn settings(out: Outlet) -> Settings {
        Settings {
            redactor: scenario::redactor(),
            origins: scenario::origins(),
            display: Display::Lines,
            heartbeat: None,
            ci: Ci::None,
            verbosity: Verbosity::Normal,
            paint: Paint::PLAIN,
            columns: 100,
            out,
            events: None,
            files: Vec::new(),
            picture: None,
            preview: None,
            hurry: Hurry::default(),
        }
    }

    fn report(events: Sink, files: Vec<ReportFile>) -> (String, Told) {
        let out = Memory::default();
        let own = out.clone();
        let settings = Settings {
            events: Some(events),
            files,
            ..settings(Outlet::start(move || Ok(own)).unwrap())
        };
        let reporter = Reporter::start(settings).unwrap();
        let sender = reporter.sender();
        for stamped in scenario::events() {
            sender.send(stamped).unwrap();
        }
        // A worker that never ends holds its sender: the last event is what ends the reporter.
        let told = reporter.finish(Some("the end"));
        drop(sender);
        let text = out.text();
        assert!(text.ends_with(" note: the end\n"), "{text}");
        (text, told)
    }

    #[test]
    fn a_closed_event_log_is_said_once_and_the_summary_still_comes() {
        let (text, told) = report(sink(Closed), Vec::new());
        assert_eq!(told, Told::Whole);
        assert_eq!(text.matches("--events stopped").count(), 1, "{text}");
        assert!(
            text.contains("Summary [2m 05s] nightly-release failed"),
            "{text}"
        );
    }

    #[test]
    fn events_are_one_json_object_a_line_without_secrets() {
        let memory = Memory::default();
        report(sink(memory.clone()), Vec::new());
        let text = memory.text();
        assert_eq!(text.lines().count(), scenario::events().len());
        for line in text.lines() {
            let event: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(event["version"], crate::event::VERSION);
        }
        assert!(text.contains("***") && !text.contains("hunter2"));
    }

    #[test]
    fn a_run_in_which_nothing_happens_says_now_and_then_that_it_lives() {
        let (written, shown) = channel();
        let settings = Settings {
            heartbeat: Some(Duration::from_millis(1)),
            ..settings(Outlet::start(move || Ok(Heard(written))).unwrap())
        };
        let reporter = Reporter::start(settings).unwrap();
        let events = scenario::events();
        for stamped in events.iter().take(4) {
            reporter.sender().send(stamped.clone()).unwrap();
        }
        let says = |text: &str| {
            let mut all = String::new();
            while !all.contains(text) {
                let wait = Duration::from_secs(60);
                all += &shown.recv_timeout(wait).expect("a line with it");
            }
        };
        says("Running [0.");
        says("waits for: login mirror");
        for stamped in events.into_iter().skip(4) {
            reporter.sender().send(stamped).unwrap();
        }
        says("Summary");
        reporter.finish(None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_under_a_report_is_told_and_changes_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        std::os::unix::fs::symlink("/dev/full", &path).unwrap();
        let (text, told) = report(sink(io::sink()), vec![ReportFile::create(path).unwrap()]);
        assert_eq!(told, Told::InPart);
        assert_eq!(
            text.matches("failed to write the report").count(),
            1,
            "{text}"
        );
        assert!(text.contains("Summary ["), "{text}");
    }
}
