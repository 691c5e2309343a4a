//! The Markdown report, in GitHub's dialect: for job summaries and comments.

use std::io::{self, Write};

use super::failure::{Detail, block_beside, cause_block};
use super::json::started;
use super::lines::failed_files;
use super::origins::Origins;
use super::paint::Paint;
use super::record::{Record, StepRecord};
use super::redact::Redactor;
use super::text::{self, markdown};
use crate::event::RunOutcome;

/// Causes of failures written for one step, and those with the end of the control connection: job summaries have a bound of
/// their own.
const MAX_SHOWN: usize = 30;
const MAX_FULL: usize = 10;

pub(super) fn write(
    out: &mut dyn Write,
    record: &Record,
    origins: &Origins,
    redactor: &Redactor,
) -> io::Result<()> {
    let outcome = match record.outcome() {
        RunOutcome::Done => "✅ done",
        RunOutcome::Failed => "❌ failed",
        RunOutcome::Interrupted => "⚠️ interrupted",
    };
    writeln!(out, "<!-- ftpflow report, \"version\": 1 -->")?;
    writeln!(out, "## {}: {outcome}\n", markdown(&record.name))?;
    writeln!(
        out,
        "run {} · {} · {}\n",
        markdown(&record.run_id),
        started(record),
        text::duration(record.elapsed())
    )?;
    writeln!(
        out,
        "| Step | Kind | Result | Files | Unchanged | Skipped | Failed | Bytes | Time |"
    )?;
    writeln!(
        out,
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    )?;
    for step in record.shown(false) {
        row(out, step, redactor)?;
    }
    for warning in &record.warnings {
        let step = warning.step.map(|step| record.step_name(step));
        let whom = step.or(warning.server.as_deref()).unwrap_or("run");
        writeln!(
            out,
            "\n> **{}**: {}",
            markdown(whom),
            markdown(&warning.text)
        )?;
    }
    for step in record.steps().filter(StepRecord::has_failed) {
        failures(out, record, step, origins, redactor)?;
    }
    Ok(())
}

fn row(out: &mut dyn Write, step: StepRecord<'_>, redactor: &Redactor) -> io::Result<()> {
    let (result, why) = step.result();
    let why = redactor.line(&why);
    let tally = step.tally;
    let files = match step.moves() {
        true => tally.done,
        false => tally.planned_files.unwrap_or(0),
    };
    writeln!(
        out,
        "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
        markdown(&step.head.name),
        step.head.kind,
        markdown(format!("{result} {why}").trim_end()),
        text::number(files),
        text::number(tally.unchanged),
        text::number(tally.skipped),
        text::number(tally.failed),
        text::bytes(tally.bytes),
        step.elapsed().map(text::duration).unwrap_or_default(),
    )
}

fn failures(
    out: &mut dyn Write,
    record: &Record,
    step: StepRecord<'_>,
    origins: &Origins,
    redactor: &Redactor,
) -> io::Result<()> {
    let place = origins.position(&step.head.origin);
    writeln!(
        out,
        "\n### {} ({})\n",
        markdown(&step.head.name),
        markdown(&place)
    )?;
    if let Some(failure) = step.failure() {
        let beside = origins.beside(record, failure);
        code(
            out,
            &redactor.line(&block_beside(
                "",
                failure,
                beside,
                Detail::All,
                Paint::PLAIN,
            )),
        )?;
    }
    if step.tally.failed > 0 {
        writeln!(out, "{}\n", redactor.line(&failed_files(step)))?;
    }
    let mut told = 0_u64;
    for (nth, (_, cause)) in record
        .causes_of(step.at)
        .into_iter()
        .take(MAX_SHOWN)
        .enumerate()
    {
        let detail = if nth < MAX_FULL {
            Detail::All
        } else {
            Detail::Facts
        };
        code(
            out,
            &redactor.line(&cause_block(cause, detail, Paint::PLAIN)),
        )?;
        told += cause.files;
    }
    let more = step.tally.failed.saturating_sub(told);
    if more > 0 {
        let files = text::counted(more, "file");
        writeln!(out, "… and {files} for other reasons")?;
    }
    Ok(())
}

/// An indented block: no run of backticks in a server's reply can end it.
fn code(out: &mut dyn Write, text: &str) -> io::Result<()> {
    for line in text.trim_end().lines() {
        writeln!(out, "    {line}")?;
    }
    writeln!(out)
}
