//! The HTML report: one page that needs nothing from elsewhere.
//!
//! What failed, where and why stands in it as text. A script, the only one that the page lets run, draws what each session did
//! and shows the table of all files; names reach it as data alone.

mod data;

use std::io::{self, Write};

use super::causes::Cause;
use super::chronicle::Chronicle;
use super::failure::{Detail, block_beside, cause_block};
use super::graph::{Picture, write_svg};
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

/// What the script fills; without one it stays away.
const LIVE: &str = r#"<div id="live" hidden>
<h2>Timeline</h2>
<div class="bar"><button id="back">←</button><button id="forth">→</button><button id="in">+</button><button id="out">−</button>
<button id="whole">whole run</button><small>drag to move, Ctrl and wheel to zoom</small></div>
<canvas id="timeline"></canvas><p class="tip" id="tip"></p>
<h2>Throughput</h2>
<canvas id="rate" style="height:110px"></canvas>
<h2>Files</h2>
<div class="bar"><input id="search" type="search" placeholder="part of a name, a step, a reason" aria-label="search">
<select id="outcome" aria-label="outcome"><option value="">all outcomes</option><option>failed</option><option>copied</option>
<option>unverified</option><option>unchanged</option><option>skipped</option><option>moved</option><option>deleted</option></select>
<span id="count" role="status"></span></div>
<div class="row cols"><button data-key="file">File</button><button data-key="step">Step</button><button data-key="outcome">Outcome</button>
<button data-key="bytes">Bytes</button><button data-key="time">Time</button><button data-key="detail">Why</button></div>
<div id="scroll" tabindex="0"><div id="space"></div><div class="flow" id="flow"></div></div>
</div>
"#;

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");

pub(super) fn write(
    out: &mut dyn Write,
    record: &Record,
    origins: &Origins,
    redactor: &Redactor,
    chronicle: &Chronicle,
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
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src '{}'\">\
         <meta name=\"ftpflow-report-version\" content=\"1\">\
         <title>{name}: {outcome}</title><style>{STYLE}</style></head><body>\n\
         <h1>{name} <span class=\"is-{outcome}\">{outcome}</span></h1>\n\
         <p><small>run {} · {} · {}</small></p>",
        data::hash(SCRIPT),
        attribute(&record.run_id),
        started(record),
        text::duration(record.elapsed()),
    )?;
    table(out, record, redactor)?;
    notes(out, record, redactor)?;
    for step in record.steps().filter(StepRecord::has_failed) {
        failures(out, record, step, origins, redactor)?;
    }
    if let Some(picture) = &chronicle.picture {
        graph(out, record, picture)?;
    }
    out.write_all(LIVE.as_bytes())?;
    data::write(out, record, origins, redactor, chronicle)?;
    write!(out, "<script>{SCRIPT}</script></body></html>")
}

/// The plan, its boxes in the colours of what became of their steps.
fn graph(out: &mut dyn Write, record: &Record, picture: &Picture) -> io::Result<()> {
    writeln!(out, "<h2>Plan</h2><style>")?;
    for step in record.steps() {
        let colour = match step.result().0 {
            "done" => "good",
            "failed" => "bad",
            _ => "warn",
        };
        let at = step.at;
        writeln!(
            out,
            "#graph [data-step=\"{at}\"] .box{{stroke:var(--{colour});stroke-width:2.5}}"
        )?;
    }
    writeln!(out, "</style><div id=\"graph\">")?;
    write_svg(out, picture)?;
    writeln!(out, "</div>")
}

fn table(out: &mut dyn Write, record: &Record, redactor: &Redactor) -> io::Result<()> {
    writeln!(
        out,
        "<table class=\"steps\"><thead><tr><th>Step<th>Kind<th>Result<th class=\"n\">Files<th class=\"n\">Unchanged\
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
            "<tr><td>{}<br><span class=\"subject\">{}</span><td>{}<td><span class=\"is-{result}\">{result}</span> {}\
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
        "<h2><span class=\"is-failed\">{}</span> <small>{} · {}</small></h2>",
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
