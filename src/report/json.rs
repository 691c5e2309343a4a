//! The JSON report. Readers ignore keys that they do not know.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::json_text;
use super::origins::Origins;
use super::record::{Note, Record, StepRecord};
use super::redact::Redactor;
use crate::event::{Failure, RunOutcome};

/// The report of a run of ftpflow. Readers ignore keys that they do not know.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "Report of ftpflow")]
pub(super) struct Document<'a> {
    version: u32,
    name: &'a str,
    run_id: &'a str,
    /// RFC 3339, UTC.
    started: String,
    elapsed_ms: u64,
    outcome: RunOutcome,
    steps: Vec<Step<'a>>,
    /// Failures of files, grouped by what led to them.
    causes: Vec<CauseCount<'a>>,
    failures: Vec<FileFailed<'a>>,
    /// Files that failed and are not in `failures`.
    failures_omitted: u64,
    warnings: Vec<Warned<'a>>,
    warnings_total: u64,
}

#[derive(Serialize, JsonSchema)]
struct Step<'a> {
    name: &'a str,
    kind: &'a str,
    subject: &'a str,
    implicit: bool,
    /// `FILE:LINE:COLUMN`
    origin: String,
    result: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    reason: String,
    planned_files: Option<u64>,
    planned_bytes: Option<u64>,
    files: Files,
    bytes: u64,
    retries: u64,
    started_ms: Option<u64>,
    ended_ms: Option<u64>,
    failure: Option<&'a Failure>,
    notes: Vec<NoteCount<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct Files {
    done: u64,
    unchanged: u64,
    skipped: u64,
    failed: u64,
}

#[derive(Serialize, JsonSchema)]
struct NoteCount<'a> {
    note: &'static str,
    reason: &'a str,
    files: u64,
}

#[derive(Serialize, JsonSchema)]
struct CauseCount<'a> {
    step: &'a str,
    files: u64,
    /// The first of them.
    names: &'a [String],
    /// How the first one failed.
    failure: &'a Failure,
}

#[derive(Serialize, JsonSchema)]
struct FileFailed<'a> {
    step: &'a str,
    file: &'a str,
    failure: &'a Failure,
}

#[derive(Serialize, JsonSchema)]
struct Warned<'a> {
    step: Option<&'a str>,
    server: Option<&'a str>,
    text: &'a str,
}

pub(super) fn write(
    out: &mut dyn Write,
    record: &Record,
    origins: &Origins,
    redactor: &Redactor,
) -> io::Result<()> {
    let failures = record.failures.iter().map(|failed| FileFailed {
        step: record.step_name(failed.step),
        file: &failed.file,
        failure: &failed.failure,
    });
    let causes = record.steps().flat_map(|step| {
        let causes = record.causes_of(step.at).into_iter();
        causes.map(move |(_, cause)| CauseCount {
            step: &step.head.name,
            files: cause.files,
            names: &cause.names,
            failure: &cause.failure,
        })
    });
    let warnings = record.warnings.iter().map(|warning| Warned {
        step: warning.step.map(|step| record.step_name(step)),
        server: warning.server.as_deref(),
        text: &warning.text,
    });
    let document = Document {
        version: 1,
        name: &record.name,
        run_id: &record.run_id,
        started: started(record),
        elapsed_ms: record.elapsed_ms,
        outcome: record.outcome(),
        steps: record
            .steps()
            .map(|step| as_json(record, step, origins, redactor))
            .collect(),
        causes: causes.collect(),
        failures: failures.collect(),
        failures_omitted: record.failures_omitted(),
        warnings: warnings.collect(),
        warnings_total: record.tally.warnings,
    };
    json_text::pretty(out, &document)
}

/// The run's start as RFC 3339, UTC.
pub(super) fn started(record: &Record) -> String {
    chrono::DateTime::from_timestamp(record.started, 0)
        .map(|time| time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
        .unwrap_or_default()
}

fn as_json<'a>(
    record: &'a Record,
    step: StepRecord<'a>,
    origins: &Origins,
    redactor: &Redactor,
) -> Step<'a> {
    let (result, reason) = step.result();
    let tally = step.tally;
    let notes = [(Note::Unverified, "unverified"), (Note::Skipped, "skipped")]
        .into_iter()
        .flat_map(|(note, word)| {
            let counted = record.notes(step.at, note);
            counted.map(move |(reason, files)| NoteCount {
                note: word,
                reason,
                files,
            })
        });
    Step {
        name: &step.head.name,
        kind: step.head.kind.word(),
        subject: &step.head.subject,
        implicit: step.head.implicit,
        origin: origins.position(&step.head.origin),
        result,
        reason: redactor.line(&reason).into_owned(),
        planned_files: tally.planned_files,
        planned_bytes: tally.planned_bytes,
        files: Files {
            done: tally.done,
            unchanged: tally.unchanged,
            skipped: tally.skipped,
            failed: tally.failed,
        },
        bytes: tally.bytes,
        retries: tally.retries,
        started_ms: tally.started_ms,
        ended_ms: tally.ended_ms,
        failure: step.failure(),
        notes: notes.collect(),
    }
}
