//! One short line an event, as cargo writes them: a word for what happened, right-aligned, then whom it concerns.

use std::time::Duration;

use super::paint::{Paint, Tone};
use super::record::{Record, StepRecord};
use super::text;
use crate::event::{Event, Failure, FileOutcome, Stamped, StepOutcome};

/// Causes of failures of files of one step that are told as they happen, by the first files of each.
const MAX_LIVE: usize = 20;

/// Warnings of the run that get a line of their own as they happen.
const MAX_WARNINGS: u64 = 20;

/// Columns of the word at the beginning.
const WORD: usize = 12;

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Verbosity {
    /// `-q`: only what went wrong.
    Quiet,
    /// Steps, failures and warnings.
    #[default]
    Normal,
    /// `-v`: each file, each session and implicit steps, too.
    Verbose,
}

/// Makes lines of events.
#[derive(Debug)]
pub(super) struct Lines {
    pub(super) paint: Paint,
    pub(super) verbosity: Verbosity,
    /// Whether the start of a step gets a line; bars show it otherwise.
    pub(super) starts: bool,
    /// Whether files are what a run would do, and something else shows them.
    pub(super) preview: bool,
}

impl Lines {
    /// The line of an event that `record` has taken in; none for most.
    pub(super) fn line(&self, record: &Record, stamped: &Stamped) -> Option<String> {
        match &stamped.event {
            Event::RunStarted { .. } => self.run_started(record),
            Event::SessionOpened { server, open, .. } if self.verbose() => {
                let open = text::counted(u64::from(*open), "session");
                Some(self.say(Tone::Cool, "Connected", &format!("{server} ({open} open)")))
            }
            Event::Warning { step, server, text } => {
                self.warning(record, *step, server.as_deref(), text)
            }
            Event::StepStarted { step } if self.starts => self.step_started(record, *step),
            Event::Retrying {
                step,
                failure,
                attempt,
                attempts,
                wait_ms,
                ..
            } if self.verbosity > Verbosity::Quiet => {
                let wait = text::duration(Duration::from_millis(*wait_ms));
                let (name, what) = (record.step_name(*step), brief(failure));
                let next = attempt + 1;
                let text = format!("{name}: {what} (try {next} of {attempts} in {wait})");
                Some(self.say(Tone::Doubtful, "Retrying", &text))
            }
            Event::Waiting { step, left_ms, .. } if self.verbosity > Verbosity::Quiet => {
                let (name, there) = (record.step_name(*step), waiting(&stamped.event)?);
                let left = Duration::from_secs(left_ms.div_ceil(1000));
                let left = humantime::format_duration(left);
                let text = format!("{name}: for {there}, {left} at most");
                Some(self.say(Tone::Cool, "Waiting", &text))
            }
            Event::FileFinished {
                step,
                file,
                outcome,
                bytes,
                ..
            } => self.file(record, *step, file, outcome, *bytes),
            Event::StepFinished { step, outcome } => self.step_finished(record, *step, outcome),
            _ => None,
        }
    }

    /// How far a run is that has not ended.
    pub(super) fn alive(&self, text: &str) -> String {
        self.say(Tone::Cool, "Running", text)
    }

    fn verbose(&self) -> bool {
        self.verbosity == Verbosity::Verbose
    }

    /// A line: the word, and text whose names may come from anywhere.
    fn say(&self, tone: Tone, word: &str, text: &str) -> String {
        let word = text::pad_left(word, WORD);
        format!("{} {}", self.paint.tone(tone, word), text::escape(text))
    }

    fn run_started(&self, record: &Record) -> Option<String> {
        if self.verbosity == Verbosity::Quiet {
            return None;
        }
        let steps = record.heads.iter().filter(|head| !head.implicit).count();
        let steps = text::counted(steps as u64, "step");
        let (name, id) = (&record.name, &record.run_id);
        let word = if self.preview { "Planning" } else { "Starting" };
        Some(self.say(Tone::Good, word, &format!("{name}: {steps}, run {id}")))
    }

    fn warning(
        &self,
        record: &Record,
        step: Option<usize>,
        server: Option<&str>,
        warning: &str,
    ) -> Option<String> {
        let shown = self.verbosity > Verbosity::Quiet && record.tally.warnings <= MAX_WARNINGS;
        let whom = step.map(|step| record.step_name(step)).or(server);
        let whom = whom.map(|whom| format!("{whom}: ")).unwrap_or_default();
        let text = format!("{whom}{warning}");
        (shown || self.verbose()).then(|| self.say(Tone::Doubtful, "Warning", &text))
    }

    fn step_started(&self, record: &Record, step: usize) -> Option<String> {
        let head = record.heads.get(step)?;
        let normal = self.verbosity == Verbosity::Normal && !head.implicit;
        let text = format!("{}: {}", head.name, head.subject);
        (normal || self.verbose()).then(|| self.say(Tone::Cool, head.kind.doing(), &text))
    }

    fn step_finished(&self, record: &Record, step: usize, outcome: &StepOutcome) -> Option<String> {
        let step = record.steps().nth(step)?;
        let name = &step.head.name;
        match outcome {
            StepOutcome::Done => {
                let normal = self.verbosity == Verbosity::Normal && !step.head.implicit;
                let text = format!("{name}{}", self.result(step));
                (normal || self.verbose()).then(|| self.say(Tone::Good, "Finished", &text))
            }
            StepOutcome::Failed { failure } => {
                let text = match failure {
                    Some(failure) => brief(failure),
                    None => failed_files(step),
                };
                Some(self.say(Tone::Bad, "Failed", &format!("{name}: {text}")))
            }
            StepOutcome::Skipped {
                because, reason, ..
            } => {
                let normal = self.verbosity == Verbosity::Normal && !step.head.implicit;
                let text = match because {
                    Some(step) => format!("{name} because of {step}: {reason}"),
                    None => format!("{name}: {reason}"),
                };
                (normal || self.verbose()).then(|| self.say(Tone::Doubtful, "Skipped", &text))
            }
        }
    }

    /// `: 300 files, 1.2 GiB in 2m 05s`
    fn result(&self, step: StepRecord<'_>) -> String {
        let files = match step.moves() {
            true if self.preview => None,
            true => Some(moved(step)),
            false => step
                .tally
                .planned_files
                .map(|found| format!("{} {}", text::number(found), step.head.kind.done())),
        };
        let elapsed = step.elapsed().map(text::duration);
        match (files, elapsed) {
            (Some(files), Some(elapsed)) => format!(": {files} in {elapsed}"),
            (None, Some(elapsed)) => format!(" in {elapsed}"),
            (Some(files), None) => format!(": {files}"),
            (None, None) => String::new(),
        }
    }

    fn file(
        &self,
        record: &Record,
        step: usize,
        file: &str,
        outcome: &FileOutcome,
        bytes: u64,
    ) -> Option<String> {
        let name = record.step_name(step);
        if let FileOutcome::Failed { failure } = outcome {
            return self.failed_file(record, step, &format!("{name}: {file}"), failure);
        }
        if !self.verbose() || self.preview {
            return None;
        }
        let (word, detail) = match outcome {
            FileOutcome::Transferred => ("Copied", text::bytes(bytes)),
            FileOutcome::Unverified { reason, .. } => ("Unverified", reason.clone()),
            FileOutcome::Unchanged => ("Unchanged", String::new()),
            FileOutcome::Skipped { reason } => ("Skipped", reason.clone()),
            FileOutcome::Deleted => ("Deleted", String::new()),
            FileOutcome::Moved { to } => ("Moved", format!("→ {to}")),
            FileOutcome::WasNotThere => ("Skipped", "was not there".to_owned()),
            FileOutcome::Failed { .. } => return None,
        };
        let detail = match detail.as_str() {
            "" => detail,
            some => format!(" ({some})"),
        };
        Some(self.say(Tone::Faint, word, &format!("{name}: {file}{detail}")))
    }

    fn failed_file(
        &self,
        record: &Record,
        step: usize,
        whom: &str,
        failure: &Failure,
    ) -> Option<String> {
        let name = record.step_name(step);
        let text = match record.latest_cause() {
            _ if self.verbose() => format!("{whom}: {}", reason(failure)),
            Some((rank, cause)) if rank <= MAX_LIVE => match cause.unnamed() {
                0 => format!("{whom}: {}", reason(failure)),
                1 => format!("{name}: more files: {}", reason(failure)),
                _ => return None,
            },
            Some((rank, cause)) if rank == MAX_LIVE + 1 && cause.files == 1 => {
                format!("{name}: more files, which the summary counts")
            }
            _ => return None,
        };
        Some(self.say(Tone::Bad, "Failed", &text))
    }
}

/// `*.done (1 of 3, among 20 files)`, or how long what is there must stay as it is; of other events nothing.
pub(super) fn waiting(event: &Event) -> Option<String> {
    let Event::Waiting {
        what,
        found,
        count,
        files,
        stable_ms,
        ..
    } = event
    else {
        return None;
    };
    let (found, files) = (text::number(*found), text::counted(*files, "file"));
    Some(match stable_ms {
        None => format!(
            "{what} ({found} of {}, among {files})",
            text::number(*count)
        ),
        Some(ms) => {
            let stable = humantime::format_duration(Duration::from_millis(*ms));
            format!("{what} ({found}, among {files}, until nothing changes for {stable})")
        }
    })
}

/// `98 files, 1 unchanged, 1.2 GiB`
fn moved(step: StepRecord<'_>) -> String {
    let tally = step.tally;
    let done = text::counted(tally.done, "file");
    let mut parts = vec![format!("{done} {}", step.head.kind.done())];
    if tally.unchanged > 0 {
        parts.push(format!("{} unchanged", text::number(tally.unchanged)));
    }
    if tally.skipped > 0 {
        parts.push(format!("{} skipped", text::number(tally.skipped)));
    }
    if tally.bytes > 0 {
        parts.push(text::bytes(tally.bytes));
    }
    parts.join(", ")
}

/// `2 of 100 files failed`
pub(super) fn failed_files(step: StepRecord<'_>) -> String {
    let failed = step.tally.failed;
    match step.tally.all_files() {
        Some(all) if all > 1 => {
            format!(
                "{} of {} failed",
                text::number(failed),
                text::counted(all, "file")
            )
        }
        _ => format!("{} failed", text::counted(failed, "file")),
    }
}

/// What failed, and the file it was about.
fn brief(failure: &Failure) -> String {
    match &failure.file {
        Some(file) => format!("{file}: {}", reason(failure)),
        None => reason(failure),
    }
}

/// What failed, and the server's words for it where the message has not got them.
pub(super) fn reason(failure: &Failure) -> String {
    let message = &failure.message;
    match (failure.code, &failure.reply) {
        (Some(code), Some(reply)) if !message.contains(&code.to_string()) => {
            let first = reply.lines().next().unwrap_or_default();
            format!("{message} ({})", with_code(code, first))
        }
        _ => message.clone(),
    }
}

/// `550 No such file`, whether or not the text has the code in it.
pub(super) fn with_code(code: u16, reply: &str) -> String {
    let code = code.to_string();
    match reply.starts_with(&code) {
        true => reply.to_owned(),
        false => format!("{code} {reply}").trim_end().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::scenario;
    use super::*;

    fn lines(verbosity: Verbosity) -> String {
        let lines = Lines {
            paint: Paint::PLAIN,
            verbosity,
            starts: true,
            preview: false,
        };
        let mut record = Record::default();
        let redactor = scenario::redactor();
        let mut text = String::from("$ ftpflow run\n");
        for stamped in scenario::masked() {
            record.take(&stamped);
            if let Some(line) = lines.line(&record, &stamped) {
                text.push_str(&redactor.line(&line));
                text.push('\n');
            }
        }
        text
    }

    #[test]
    fn steps_failures_and_warnings_get_a_line_each() {
        insta::assert_snapshot!(lines(Verbosity::Normal), @r"
        $ ftpflow run
            Starting nightly-release: 4 steps, run 20261122-081500-a1b2
             Listing 构建: build:/file/版本
            Finished 构建: 300 found in 0.3s
         Downloading keep: build:/file/版本 → local:dist
              Failed login mirror: the login was refused (530 Login incorrect.)
             Skipped publish because of login mirror: it failed
             Warning keep: the server's times are exact to a day only
            Retrying keep: c.zip: the connection was reset (try 2 of 4 in 1.0s)
              Failed keep: 版本/a|b <1>.zip: the server refused the file (550 Permission denied, *** & co.)
              Failed keep: bad\u{1b}[2J\u{1}name: the server refused the file (550 Permission denied, *** & co.)
              Failed keep: 2 of 5 files failed
             Skipped tidy because of keep: it failed
        ");
    }

    #[test]
    fn quiet_says_only_what_went_wrong() {
        insta::assert_snapshot!(lines(Verbosity::Quiet), @r"
        $ ftpflow run
              Failed login mirror: the login was refused (530 Login incorrect.)
              Failed keep: 版本/a|b <1>.zip: the server refused the file (550 Permission denied, *** & co.)
              Failed keep: bad\u{1b}[2J\u{1}name: the server refused the file (550 Permission denied, *** & co.)
              Failed keep: 2 of 5 files failed
        ");
    }

    /// The lines of files of which the first 200 fail for one reason, and then one for another.
    fn many(verbosity: Verbosity) -> Vec<String> {
        let lines = Lines {
            paint: Paint::PLAIN,
            verbosity,
            starts: true,
            preview: false,
        };
        let mut record = Record::default();
        scenario::events()
            .iter()
            .take(1)
            .for_each(|one| record.take(one));
        let failed = |at: usize| {
            let reply = if at < 200 { "no" } else { "never" };
            let failure = Box::new(Failure {
                message: "refused".into(),
                code: Some(553),
                reply: Some(reply.into()),
                ..Failure::default()
            });
            let outcome = FileOutcome::Failed { failure };
            let file = format!("f{at}.zip");
            let (step, bytes, job) = (3, 0, None);
            let event = Event::FileFinished {
                step,
                job,
                file,
                outcome,
                bytes,
            };
            Stamped::new(1, event)
        };
        let each = (0..201).filter_map(|at| {
            let event = failed(at);
            record.take(&event);
            lines.line(&record, &event)
        });
        each.map(|line| line.trim().to_owned()).collect()
    }

    #[test]
    fn files_that_fail_for_one_reason_are_told_three_times_and_once_for_all() {
        assert_eq!(
            many(Verbosity::Normal),
            [
                "Failed keep: f0.zip: refused (553 no)",
                "Failed keep: f1.zip: refused (553 no)",
                "Failed keep: f2.zip: refused (553 no)",
                "Failed keep: more files: refused (553 no)",
                "Failed keep: f200.zip: refused (553 never)",
            ]
        );
        assert_eq!(many(Verbosity::Verbose).len(), 201);
    }

    #[test]
    fn verbose_names_every_file() {
        let text = lines(Verbosity::Verbose);
        assert!(text.contains("Unchanged keep: two.zip"), "{text}");
        assert!(text.contains("Finished login build"), "{text}");
    }
}
