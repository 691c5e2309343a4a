//! The JUnit report: a test case for each step, or for each of its files that failed, as CI systems show them.
//!
//! A failure is counted once: a step that failed because of its files, and in no other way, is told by their cases alone.

use std::io::{self, Write};

use super::failure::block;
use super::json::started;
use super::lines::failed_files;
use super::origins::Origins;
use super::paint::Paint;
use super::record::{Record, StepRecord};
use super::redact::Redactor;
use super::text::{self, attribute, markup};
use crate::event::Failure;

pub(super) fn write(
    out: &mut dyn Write,
    record: &Record,
    origins: &Origins,
    redactor: &Redactor,
) -> io::Result<()> {
    let shown = record.shown(false);
    let steps: Vec<StepRecord<'_>> = shown
        .filter(|step| !is_told_by_files(record, *step))
        .collect();
    let failed = steps.iter().filter(|step| step.has_failed()).count() + record.failures.len();
    let skipped = steps.iter().filter(|step| is_skipped(step)).count();
    let counts = format!(
        "tests=\"{}\" failures=\"{failed}\" errors=\"0\" skipped=\"{skipped}\" time=\"{}\"",
        steps.len() + record.failures.len(),
        seconds(record.elapsed_ms),
    );
    let name = attribute(&record.name);
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuites name=\"{name}\" {counts}>")?;
    // The schema has `timestamp` without a zone; it is UTC.
    let timestamp = started(record);
    let timestamp = timestamp.trim_end_matches('Z');
    writeln!(
        out,
        "  <testsuite name=\"{name}\" {counts} timestamp=\"{timestamp}\">"
    )?;
    writeln!(out, "    <properties>")?;
    for (key, value) in [("version", "1"), ("run_id", &record.run_id)] {
        let value = attribute(value);
        writeln!(out, "      <property name=\"{key}\" value=\"{value}\"/>")?;
    }
    writeln!(out, "    </properties>")?;
    for step in steps {
        step_case(out, record, step, origins, redactor)?;
    }
    for failed in &record.failures {
        let step = record.step_name(failed.step);
        writeln!(
            out,
            "    <testcase classname=\"{}.files\" name=\"{}\" time=\"0\">",
            attribute(step),
            attribute(&failed.file)
        )?;
        failure(out, &failed.file, &failed.failure, redactor)?;
        writeln!(out, "    </testcase>")?;
    }
    writeln!(out, "  </testsuite>\n</testsuites>")
}

/// Files of a step that failed and have a case of their own.
fn kept(record: &Record, step: StepRecord<'_>) -> u64 {
    record.failures_of(step.at).count() as u64
}

/// Whether its files are all that failed of a step, and each has a case of its own.
fn is_told_by_files(record: &Record, step: StepRecord<'_>) -> bool {
    let failed = step.tally.failed;
    step.failure().is_none() && failed > 0 && failed == kept(record, step)
}

fn step_case(
    out: &mut dyn Write,
    record: &Record,
    step: StepRecord<'_>,
    origins: &Origins,
    redactor: &Redactor,
) -> io::Result<()> {
    let time = step.elapsed().map_or(0, |elapsed| elapsed.as_millis());
    let place = origins.position(&step.head.origin);
    let (file, line) = match place.rsplitn(3, ':').collect::<Vec<_>>().as_slice() {
        [_, line, file] => ((*file).to_owned(), (*line).to_owned()),
        _ => (place.clone(), String::new()),
    };
    writeln!(
        out,
        "    <testcase classname=\"{}\" name=\"{}\" file=\"{}\" line=\"{line}\" time=\"{}\">",
        step.head.kind,
        attribute(&step.head.name),
        attribute(&file),
        seconds(u64::try_from(time).unwrap_or(u64::MAX)),
    )?;
    match step.failure() {
        Some(of_step) => failure(out, "", of_step, redactor)?,
        None if step.has_failed() => {
            let message = match kept(record, step) {
                0 => failed_files(step),
                kept => {
                    let more =
                        text::counted(step.tally.failed.saturating_sub(kept), "further file");
                    format!("{more} failed")
                }
            };
            let message = attribute(&redactor.line(&message));
            writeln!(out, "      <failure message=\"{message}\" type=\"files\"/>")?;
        }
        None if is_skipped(&step) => {
            let (_, why) = step.result();
            let why = attribute(&redactor.line(&why));
            writeln!(out, "      <skipped message=\"{why}\"/>")?;
        }
        None => {}
    }
    writeln!(out, "    </testcase>")
}

fn is_skipped(step: &StepRecord<'_>) -> bool {
    !step.has_failed() && step.result().0 != "done"
}

fn failure(
    out: &mut dyn Write,
    title: &str,
    failure: &Failure,
    redactor: &Redactor,
) -> io::Result<()> {
    let code = failure
        .code
        .map_or("failure".to_owned(), |code| code.to_string());
    writeln!(
        out,
        "      <failure message=\"{}\" type=\"{code}\">{}</failure>",
        attribute(&redactor.line(&failure.message)),
        markup(&redactor.line(&block(title, failure, Paint::PLAIN))),
    )
}

fn seconds(milliseconds: u64) -> String {
    format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000)
}
