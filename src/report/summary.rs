//! The end of a run, for people: a table of steps, warnings, every failure with its place in the manifest, one last line.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::diagnostics::{Drawing, render_place};
use super::failure::{Detail, block_beside, cause_block};
use super::lines::{Verbosity, failed_files};
use super::origins::Origins;
use super::paint::{Paint, Tone};
use super::record::{Note, Record, StepRecord, Totals};
use super::table::{Align, Table};
use super::text;
use crate::event::RunOutcome;

/// Causes of a step's failures that are shown with all that is known of them, and in a line each: a screen holds them.
const MAX_FULL: usize = 3;
const MAX_SHOWN: usize = 10;

/// Warnings shown.
const MAX_WARNINGS: usize = 20;

/// How a summary is written.
#[derive(Debug, Clone, Copy)]
pub struct Summary<'a> {
    /// The run.
    pub record: &'a Record,
    /// Where steps stand in the manifest.
    pub origins: &'a Origins,
    /// How much is said.
    pub verbosity: Verbosity,
    /// Whether it is about what a run would do.
    pub preview: bool,
    /// Colours, width and secrets.
    pub drawing: Drawing<'a>,
}

impl Summary<'_> {
    /// Writes it.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let quiet = self.verbosity == Verbosity::Quiet;
        if quiet && self.record.outcome() == RunOutcome::Done {
            return Ok(());
        }
        let mut text = String::new();
        if !quiet && !self.preview && !self.record.heads.is_empty() {
            text.push('\n');
            text.push_str(&self.table());
        }
        if !quiet {
            self.notes(&mut text);
            self.warnings(&mut text);
        }
        for step in self.record.steps().filter(StepRecord::has_failed) {
            self.failures(&mut text, step);
        }
        let _ = writeln!(text, "\n{}", self.last_line());
        out.write_all(self.drawing.redactor.line(&text).as_bytes())
    }

    fn paint(&self) -> Paint {
        self.drawing.paint
    }

    fn table(&self) -> String {
        let mut table = Table::new(&[
            ("STEP", Align::Left),
            ("KIND", Align::Left),
            ("RESULT", Align::Left),
            ("FILES", Align::Right),
            ("UNCHANGED", Align::Right),
            ("SKIPPED", Align::Right),
            ("FAILED", Align::Right),
            ("BYTES", Align::Right),
            ("TIME", Align::Right),
        ]);
        for step in self.record.shown(self.verbosity == Verbosity::Verbose) {
            let (result, why) = step.result();
            let tone = match result {
                "done" => Tone::Good,
                "failed" => Tone::Bad,
                _ => Tone::Doubtful,
            };
            let tally = step.tally;
            let files = match step.moves() {
                true => tally.done,
                false => tally.planned_files.unwrap_or(0),
            };
            let some = |count: u64| match count {
                0 => String::new(),
                count => text::number(count),
            };
            let bytes = match tally.bytes {
                0 => String::new(),
                bytes => text::bytes(bytes),
            };
            table.row(
                [
                    text::escape(&step.head.name).into_owned(),
                    step.head.kind.word().to_owned(),
                    text::escape(format!("{result} {why}").trim_end()).into_owned(),
                    some(files),
                    some(tally.unchanged),
                    some(tally.skipped),
                    some(tally.failed),
                    bytes,
                    step.elapsed().map(text::duration).unwrap_or_default(),
                ]
                .to_vec(),
                Some((2, tone)),
            );
        }
        table.render(self.paint(), self.drawing.width)
    }

    /// Why files were left alone, or could not be verified.
    fn notes(&self, text: &mut String) {
        let mut lines = Vec::new();
        for step in self.record.steps() {
            for (note, word) in [
                (Note::Unverified, "not verified"),
                (Note::Skipped, "left alone"),
            ] {
                for (reason, count) in self.record.notes(step.at, note) {
                    let files = text::counted(count, "file");
                    let name = &step.head.name;
                    lines.push((
                        Tone::Cool,
                        "note",
                        format!("{name}: {files} {word}: {reason}"),
                    ));
                }
            }
        }
        self.list(text, &lines, lines.len() as u64);
    }

    fn warnings(&self, text: &mut String) {
        let lines: Vec<_> = self
            .record
            .warnings
            .iter()
            .map(|warning| {
                let step = warning.step.map(|step| self.record.step_name(step));
                let whom = step.or(warning.server.as_deref());
                let whom = whom.map(|whom| format!("{whom}: ")).unwrap_or_default();
                (Tone::Doubtful, "warning", format!("{whom}{}", warning.text))
            })
            .collect();
        self.list(text, &lines, self.record.tally.warnings);
    }

    fn list(&self, text: &mut String, lines: &[(Tone, &str, String)], all: u64) {
        if lines.is_empty() {
            return;
        }
        text.push('\n');
        for (tone, word, line) in lines.iter().take(MAX_WARNINGS) {
            let word = self.paint().tone(*tone, word);
            let _ = writeln!(text, "{word}: {}", text::escape(line));
        }
        let more = all.saturating_sub(lines.len().min(MAX_WARNINGS) as u64);
        if more > 0 {
            let _ = writeln!(text, "… and {} more", text::number(more));
        }
    }

    fn failures(&self, text: &mut String, step: StepRecord<'_>) {
        let name = &step.head.name;
        let what = match step.failure() {
            Some(_) => " failed".to_owned(),
            None => format!(": {}", failed_files(step)),
        };
        // The name of an implicit step says its kind.
        let kind = match step.head.implicit {
            true => String::new(),
            false => format!("{} ", step.head.kind),
        };
        let head = render_place(
            self.origins.source(),
            self.origins.place(&step.head.origin),
            format!("{kind}`{}`{what}", text::escape(name)),
            text::escape(&step.head.subject).into_owned(),
            self.drawing,
        );
        let _ = write!(text, "\n{head}");
        if let Some(failure) = step.failure() {
            let beside = self.origins.beside(self.record, failure);
            let block = block_beside("", failure, beside, Detail::All, self.paint());
            let _ = write!(text, "\n{block}");
        }
        self.causes(text, step);
    }

    /// What led files to fail, the most frequent first.
    fn causes(&self, text: &mut String, step: StepRecord<'_>) {
        let all = self.verbosity == Verbosity::Verbose;
        let (full, shown) = match all {
            true => (usize::MAX, usize::MAX),
            false => (MAX_FULL, MAX_SHOWN),
        };
        let causes = self.record.causes_of(step.at);
        let mut told = 0_u64;
        for (nth, (at, cause)) in causes.iter().take(shown).enumerate() {
            // Of what was cut off by a signal nobody needs to know what was said last.
            let interrupted = self.record.outcome() == RunOutcome::Interrupted;
            let detail = match nth {
                0 if !interrupted => Detail::All,
                _ if all => Detail::All,
                _ if nth < full => Detail::Facts,
                _ => Detail::Line,
            };
            // Lines stand together, blocks apart.
            if nth <= full {
                text.push('\n');
            }
            text.push_str(&cause_block(cause, detail, self.paint()));
            if all && cause.files > 1 {
                self.names(text, *at);
            }
            told += cause.files;
        }
        let more = step.tally.failed.saturating_sub(told);
        if more > 0 {
            let files = text::counted(more, "file");
            let _ = writeln!(
                text,
                "\n  … and {files} for other reasons; `-v` or `--report FILE.json` has them"
            );
        } else if !all && causes.iter().any(|(_, cause)| cause.has_more()) {
            let _ = writeln!(text, "\n  `-v` or `--report FILE.json` names every file");
        }
    }

    /// All files of a cause that were kept.
    fn names(&self, text: &mut String, cause: usize) {
        let kept = self.record.failures.iter();
        for failed in kept.filter(|failed| failed.cause == Some(cause)) {
            let _ = writeln!(text, "    {}", text::escape(&failed.file));
        }
    }

    /// `     Summary [2m 05s] nightly-release failed: 7 steps done, 1 failed, 1 skipped; 98 files, 1.2 GiB`
    fn last_line(&self) -> String {
        let Totals {
            steps_done,
            steps_failed,
            steps_skipped,
            files_done,
            files_failed,
            bytes,
        } = self.record.totals();
        let (tone, word) = match self.record.outcome() {
            RunOutcome::Done => (Tone::Good, "done"),
            RunOutcome::Failed => (Tone::Bad, "failed"),
            RunOutcome::Interrupted => (Tone::Doubtful, "interrupted"),
        };
        let mut steps = vec![format!("{} done", text::counted(steps_done, "step"))];
        for (count, word) in [(steps_failed, "failed"), (steps_skipped, "skipped")] {
            if count > 0 {
                steps.push(format!("{} {word}", text::number(count)));
            }
        }
        let mut line = steps.join(", ");
        if !self.preview {
            let _ = write!(line, "; {}", text::counted(files_done, "file"));
        }
        if files_failed > 0 {
            let _ = write!(line, ", {} failed", text::number(files_failed));
        }
        if bytes > 0 && !self.preview {
            let _ = write!(line, ", {}", text::bytes(bytes));
        }
        let paint = self.paint();
        let name = text::escape(&self.record.name);
        let elapsed = text::duration(self.record.elapsed());
        let head = paint.tone(tone, text::pad_left("Summary", 12));
        format!(
            "{head} [{elapsed}] {name} {}: {line}",
            paint.tone(tone, word)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::scenario;
    use super::*;

    fn summary(verbosity: Verbosity) -> String {
        let redactor = scenario::redactor();
        let summary = Summary {
            record: &scenario::record(),
            origins: &scenario::origins(),
            verbosity,
            preview: false,
            drawing: Drawing {
                paint: Paint::PLAIN,
                width: 100,
                redactor: &redactor,
            },
        };
        let mut out = Vec::new();
        summary.write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_summary_says_what_failed_where_and_why() {
        insta::assert_snapshot!(format!("$ ftpflow run{}", summary(Verbosity::Normal)), @r"
        $ ftpflow run
          STEP          KIND      RESULT                           FILES  UNCHANGED  FAILED    BYTES    TIME
          login mirror  login     failed                                                                0.4s
          构建          list      done                               300                                0.3s
          keep          download  failed                               2          1       2  1.2 GiB  2m 05s
          publish       relay     skipped because of login mirror
          tidy          delete    skipped because of keep

        note: keep: 1 file not verified: the server refuses SIZE

        warning: keep: the server's times are exact to a day only

        error: `login mirror` failed
           ╭─[pipelines/release.yaml:5:3]
         4 │   build: { host: 172.16.2.76, user: ci, password: *** }
         5 │   mirror: { host: mirror.example.org }
           ·   ───┬──
           ·      ╰── mirror
         6 │ steps:
           ╰────

          the login was refused
            server   mirror
            command  PASS ***
            reply    530 Login incorrect.
            help     check `user` and `password` of server `mirror`

        error: download `keep`: 2 of 5 files failed
            ╭─[pipelines/release.yaml:9:3]
          8 │     list: { server: build, path: /file/版本, recursive: true }
          9 │   keep:
            ·   ──┬─
            ·     ╰── build:/file/版本 → local:dist
         10 │     download: { from: 构建, into: dist }
            ╰────

          2 files: the server refused the file
            files    版本/a|b <1>.zip
                     bad\u{1b}[2J\u{1}name
            server   build
            command  RETR 版本/a|b <1>.zip
            reply    550 Permission denied, *** & co.
            control  → EPSV
                     ← 229 Entering Extended Passive Mode (|||40001|)
                     → RETR 版本/a|b <1>.zip
                     ← 550 Permission denied, *** & co.
            help     ask the server's owner for read access to this file

             Summary [2m 05s] nightly-release failed: 1 step done, 2 failed, 2 skipped; 2 files, 2 failed, 1.2 GiB
        ");
    }

    #[test]
    fn a_summary_holds_no_secret_and_commands_no_terminal() {
        for verbosity in [Verbosity::Quiet, Verbosity::Normal, Verbosity::Verbose] {
            let text = summary(verbosity);
            assert!(text.contains("***") && !text.contains("hunter2"), "{text}");
            assert!(
                !text.contains('\u{1b}') && text.contains("\\u{1b}[2J"),
                "{text}"
            );
        }
    }
}
