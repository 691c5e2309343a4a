//! A run that went wrong in many ways, for the tests of all that is written about runs.

use std::sync::Arc;

use super::{Origins, Record, Redactor};
use crate::event::{Event, Failure, FileOutcome, RunOutcome, Stamped, StepHead, StepOutcome};
use crate::kind::StepKind;
use crate::manifest::Manifest;

pub(super) const MANIFEST: &str = "\
version: 1
name: nightly-release
servers:
  build: { host: 172.16.2.76, user: ci, password: hunter2 }
  mirror: { host: mirror.example.org }
steps:
  构建:
    list: { server: build, path: /file/版本, recursive: true }
  keep:
    download: { from: 构建, into: dist }
  publish:
    relay: { from: 构建, to: mirror, into: /abc }
  tidy:
    delete: { sources_of: [keep, publish] }
";

pub(super) fn origins() -> Origins {
    let read = Manifest::read("pipelines/release.yaml", MANIFEST.as_bytes());
    Origins::new(read.source, Arc::new(read.manifest.unwrap()))
}

pub(super) fn redactor() -> Arc<Redactor> {
    Arc::new(Redactor::new(["hunter2"]))
}

/// The events as every sink has them.
pub(super) fn masked() -> impl Iterator<Item = Stamped> {
    let redactor = redactor();
    let each = events().into_iter();
    each.map(move |stamped| super::masked::event(stamped, &redactor))
}

pub(super) fn record() -> Record {
    let mut record = Record::default();
    for stamped in masked() {
        record.take(&stamped);
    }
    record
}

fn head(name: &str, kind: StepKind, subject: &str) -> StepHead {
    StepHead {
        name: name.into(),
        kind,
        subject: subject.into(),
        implicit: kind == StepKind::Login,
        origin: match kind {
            StepKind::Login => format!("servers.{}", name.trim_start_matches("login ")),
            _ => format!("steps.{name}"),
        },
    }
}

fn failure() -> Failure {
    Failure {
        message: "the server refused the file".into(),
        server: Some("build".into()),
        file: Some("版本/a|b <1>.zip".into()),
        command: Some("RETR 版本/a|b <1>.zip".into()),
        code: Some(550),
        reply: Some("Permission denied, hunter2 & co.".into()),
        transcript: vec![
            "→ EPSV".into(),
            "← 229 Entering Extended Passive Mode (|||40001|)".into(),
            "→ RETR 版本/a|b <1>.zip".into(),
            "← 550 Permission denied, hunter2 & co.".into(),
        ],
        help: Some("ask the server's owner for read access to this file".into()),
        hazard: None,
    }
}

fn file(step: usize, file: &str, outcome: FileOutcome, bytes: u64) -> Event {
    Event::FileFinished {
        step,
        job: None,
        file: file.into(),
        outcome,
        bytes,
    }
}

pub(super) fn events() -> Vec<Stamped> {
    let steps = vec![
        head("login build", StepKind::Login, "build"),
        head("login mirror", StepKind::Login, "mirror"),
        head("构建", StepKind::List, "build:/file/版本"),
        head("keep", StepKind::Download, "build:/file/版本 → local:dist"),
        head("publish", StepKind::Relay, "build:/file/版本 → mirror:/abc"),
        head("tidy", StepKind::Delete, "build:/file/版本"),
    ];
    let login = Failure {
        message: "the login was refused".into(),
        server: Some("mirror".into()),
        command: Some("PASS ***".into()),
        code: Some(530),
        reply: Some("530 Login incorrect.".into()),
        help: Some("check `user` and `password` of server `mirror`".into()),
        ..Failure::default()
    };
    let failed = |outcome| StepOutcome::Failed { failure: outcome };
    let skipped = |step: &str| StepOutcome::Skipped {
        because: Some(step.into()),
        reason: "it failed".into(),
        unneeded: false,
    };
    let mut list: Vec<(u64, Event)> = vec![
        (
            0,
            Event::RunStarted {
                name: "nightly-release".into(),
                run_id: "20261122-081500-a1b2".into(),
                started: 1_795_335_300,
                steps,
            },
        ),
        (1, Event::StepStarted { step: 0 }),
        (1, Event::StepStarted { step: 1 }),
        (
            90,
            Event::StepFinished {
                step: 0,
                outcome: StepOutcome::Done,
            },
        ),
        (91, Event::StepStarted { step: 2 }),
        (
            412,
            Event::StepSized {
                step: 2,
                files: 300,
                bytes: 0,
            },
        ),
        (
            412,
            Event::StepFinished {
                step: 2,
                outcome: StepOutcome::Done,
            },
        ),
        (413, Event::StepStarted { step: 3 }),
        (
            420,
            Event::StepFinished {
                step: 1,
                outcome: failed(Some(Box::new(login))),
            },
        ),
        (
            420,
            Event::StepFinished {
                step: 4,
                outcome: skipped("login mirror"),
            },
        ),
        (
            430,
            Event::StepSized {
                step: 3,
                files: 5,
                bytes: 1_288_490_189,
            },
        ),
        (
            500,
            Event::Warning {
                step: Some(3),
                server: Some("build".into()),
                text: "the server's times are exact to a day only".into(),
            },
        ),
        (
            600,
            Event::Retrying {
                step: 3,
                job: Some(7),
                failure: Box::new(Failure {
                    message: "the connection was reset".into(),
                    file: Some("c.zip".into()),
                    ..Failure::default()
                }),
                attempt: 1,
                attempts: 4,
                wait_ms: 1000,
            },
        ),
        (
            700,
            file(3, "版本/一.zip", FileOutcome::Transferred, 1_288_490_000),
        ),
        (700, file(3, "two.zip", FileOutcome::Unchanged, 0)),
        (
            800,
            file(
                3,
                "three.zip",
                FileOutcome::Unverified {
                    reason: "the server refuses SIZE".into(),
                    stood_there: false,
                },
                189,
            ),
        ),
        (
            900,
            file(
                3,
                "版本/a|b <1>.zip",
                FileOutcome::Failed {
                    failure: Box::new(failure()),
                },
                0,
            ),
        ),
        (
            900,
            file(
                3,
                "bad\u{1b}[2J\u{1}name",
                FileOutcome::Failed {
                    failure: Box::new(failure()),
                },
                0,
            ),
        ),
        (
            125_413,
            Event::StepFinished {
                step: 3,
                outcome: failed(None),
            },
        ),
        (
            125_413,
            Event::StepFinished {
                step: 5,
                outcome: skipped("keep"),
            },
        ),
    ];
    list.push((
        125_420,
        Event::RunFinished {
            outcome: RunOutcome::Failed,
        },
    ));
    list.into_iter()
        .map(|(at_ms, event)| Stamped::new(at_ms, event))
        .collect()
}
