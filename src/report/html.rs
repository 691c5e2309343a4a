//! The HTML report: one page that needs nothing from elsewhere and runs no script.

use std::io::{self, Write};

use super::causes::Cause;
use super::failure::{Detail, block_beside, cause_block};
use super::json::started;
use super::lines::failed_files;
use super::origins::Origins;
use super::paint::Paint;
use super::record::{Note, Record, StepRecord};
use super::redact::Redactor;
use super::text::{self, attribute, markup};
use crate::event::RunOutcome;

/// Causes of failures that are shown open.
const MAX_OPEN: usize = 20;

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8884;--good:#1a7f37;--bad:#cf222e;--warn:#9a6700}\
@media(prefers-color-scheme:dark){:root{--good:#3fb950;--bad:#f85149;--warn:#d29922}}\
body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.5rem;margin-bottom:0}h2{font-size:1.15rem;margin-top:2rem}\
table{border-collapse:collapse;width:100%}th,td{padding:.35rem .7rem;border-bottom:1px solid var(--line);text-align:left}\
th{font-weight:600;font-size:.85rem}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}\
.done{color:var(--good)}.failed{color:var(--bad)}.skipped,.unfinished,.interrupted{color:var(--warn)}\
small,.subject{opacity:.75}pre{overflow-x:auto;padding:.7rem;border:1px solid var(--line);border-radius:.4rem;margin:.4rem 0 1rem}\
summary{cursor:pointer}";

pub(super) fn write(
    out: &mut dyn Write,
    record: &Record,
    origins: &Origins,
    redactor: &Redactor,
) -> io::Result<()> {
    let name = attribute(&record.name);
    let outcome = match record.outcome() {
        RunOutcome::Done => "done",
        RunOutcome::Failed => "failed",
        RunOutcome::Interrupted => "interrupted",
    };
    writeln!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"ftpflow-report-version\" content=\"1\">\
         <title>{name}: {outcome}</title><style>{STYLE}</style></head><body>\n\
         <h1>{name} <span class=\"{outcome}\">{outcome}</span></h1>\n\
         <p><small>run {} · {} · {}</small></p>",
        attribute(&record.run_id),
        started(record),
        text::duration(record.elapsed()),
    )?;
    table(out, record, redactor)?;
    notes(out, record, redactor)?;
    for step in record.steps().filter(StepRecord::has_failed) {
        failures(out, record, step, origins, redactor)?;
    }
    write!(out, "</body></html>")
}

fn table(out: &mut dyn Write, record: &Record, redactor: &Redactor) -> io::Result<()> {
    writeln!(
        out,
        "<table><thead><tr><th>Step<th>Kind<th>Result<th class=\"n\">Files<th class=\"n\">Unchanged\
         <th class=\"n\">Skipped<th class=\"n\">Failed<th class=\"n\">Bytes<th class=\"n\">Time</tr></thead><tbody>"
    )?;
    for step in record.shown(false) {
        let (result, why) = step.result();
        let tally = step.tally;
        let files = match step.moves() {
            true => tally.done,
            false => tally.planned_files.unwrap_or(0),
        };
        writeln!(
            out,
            "<tr><td>{}<br><span class=\"subject\">{}</span><td>{}<td><span class=\"{result}\">{result}</span> {}\
             <td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}</tr>",
            attribute(&step.head.name),
            attribute(&step.head.subject),
            step.head.kind,
            attribute(&redactor.line(&why)),
            text::number(files),
            text::number(tally.unchanged),
            text::number(tally.skipped),
            text::number(tally.failed),
            text::bytes(tally.bytes),
            step.elapsed().map(text::duration).unwrap_or_default(),
        )?;
    }
    writeln!(out, "</tbody></table>")
}

fn notes(out: &mut dyn Write, record: &Record, redactor: &Redactor) -> io::Result<()> {
    let mut lines: Vec<String> = Vec::new();
    for step in record.steps() {
        for (note, word) in [
            (Note::Unverified, "not verified"),
            (Note::Skipped, "left alone"),
        ] {
            for (reason, count) in record.notes(step.at, note) {
                let files = text::counted(count, "file");
                lines.push(format!("{}: {files} {word}: {reason}", step.head.name));
            }
        }
    }
    lines.extend(record.warnings.iter().map(|warning| {
        let step = warning.step.map(|step| record.step_name(step));
        let whom = step.or(warning.server.as_deref()).unwrap_or_default();
        format!("{whom}: {}", warning.text)
    }));
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h2>Warnings and notes</h2><ul>")?;
    for line in lines {
        let line = redactor.line(line.trim_start_matches(": "));
        writeln!(out, "<li>{}</li>", attribute(&line))?;
    }
    writeln!(out, "</ul>")
}

fn failures(
    out: &mut dyn Write,
    record: &Record,
    step: StepRecord<'_>,
    origins: &Origins,
    redactor: &Redactor,
) -> io::Result<()> {
    writeln!(
        out,
        "<h2><span class=\"failed\">{}</span> <small>{} · {}</small></h2>",
        attribute(&step.head.name),
        attribute(&step.head.subject),
        attribute(&origins.position(&step.head.origin)),
    )?;
    if let Some(failure) = step.failure() {
        writeln!(
            out,
            "<pre>{}</pre>",
            markup(&redactor.line(&block_beside(
                "",
                failure,
                origins.beside(record, failure),
                Detail::All,
                Paint::PLAIN
            )))
        )?;
    }
    if step.tally.failed == 0 {
        return Ok(());
    }
    writeln!(
        out,
        "<p>{}</p>",
        markup(&redactor.line(&failed_files(step)))
    )?;
    let causes = record.causes_of(step.at);
    for (nth, (at, cause)) in causes.into_iter().enumerate() {
        let open = if nth < MAX_OPEN { " open" } else { "" };
        let line = cause_block(cause, Detail::Line, Paint::PLAIN);
        let all = cause_block(cause, Detail::All, Paint::PLAIN);
        writeln!(
            out,
            "<details{open}><summary>{}</summary><pre>{}</pre>",
            markup(&redactor.line(line.trim())),
            markup(&redactor.line(&all)),
        )?;
        names(out, record, at, cause)?;
        writeln!(out, "</details>")?;
    }
    let more = record.other_causes(step.at);
    if more > 0 {
        let files = text::counted(more, "file");
        writeln!(out, "<p>… and {files} for other reasons</p>")?;
    }
    Ok(())
}

/// The files of a cause, as far as they were kept.
fn names(out: &mut dyn Write, record: &Record, at: usize, cause: &Cause) -> io::Result<()> {
    if cause.files < 2 {
        return Ok(());
    }
    writeln!(out, "<ul>")?;
    let mut told = 0;
    let kept = record.failures.iter();
    for failed in kept.filter(|failed| failed.cause == Some(at)) {
        writeln!(out, "<li>{}</li>", attribute(&failed.file))?;
        told += 1;
    }
    if cause.files > told {
        let more = text::number(cause.files - told);
        writeln!(out, "<li>… and {more} more</li>")?;
    }
    writeln!(out, "</ul>")
}
