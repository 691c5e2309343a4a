//! Whole manifests compiled. Rules of single files have their tests there.

mod answers;
mod circles;
mod example;
mod extras;
mod findings;
mod hazards;
mod moves;
mod places;
mod written;

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Compiled, Inputs, Plan, Values, compile};
use crate::manifest::Manifest;

/// 2026-11-22 18:00:00 +08:00
pub(super) const STARTED: i64 = 1_795_341_600;

/// Inputs of a `check`: nothing from outside is known.
pub(super) fn blind() -> Inputs {
    Inputs {
        vars: BTreeMap::new(),
        env: Values::Unknown,
        files: Values::Unknown,
        started: STARTED,
        zone: |_| 8 * 3600,
        run_id: None,
        file_stem: "nightly".into(),
        folder: PathBuf::from("/work"),
    }
}

/// Inputs of a run.
pub(super) fn seeing(env: &[(&str, &str)]) -> Inputs {
    let env = env
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Inputs {
        env: Values::Known(env.collect()),
        files: Values::Known(BTreeMap::new()),
        run_id: Some("20261122-1".into()),
        ..blind()
    }
}

#[track_caller]
pub(super) fn compiled(text: &str, inputs: &Inputs) -> Compiled {
    let read = Manifest::read("test.yaml", text.as_bytes());
    assert_eq!(read.findings, [], "{text}");
    compile(&read.manifest.unwrap(), inputs)
}

/// The findings of a `check`: code without its first part, line, text at the place, message, help.
#[track_caller]
pub(super) fn found(text: &str) -> Vec<(&'static str, usize, String, String, String)> {
    let read = Manifest::read("test.yaml", text.as_bytes());
    let compiled = compile(&read.manifest.unwrap(), &blind());
    let findings = compiled.findings.into_iter().map(|finding| {
        let line = read.source.position(finding.place.start).line;
        let code = finding.code.strip_prefix("ftpflow::").unwrap();
        let at = read.source.slice(finding.place).to_owned();
        (
            code,
            line,
            at,
            finding.message,
            finding.help.unwrap_or_default(),
        )
    });
    findings.collect()
}

/// The names of what a step needs.
pub(super) fn needs<'p>(plan: &'p Plan, name: &str) -> Vec<&'p str> {
    let step = plan.steps.iter().find(|step| step.name == name).unwrap();
    step.needs
        .iter()
        .map(|need| plan.step(*need).name.as_str())
        .collect()
}

/// Whether a `check` finds something with this code, at this text, with these words in its message or help.
#[track_caller]
pub(super) fn finds(text: &str, code: &str, at: &str, words: &str) {
    let found = texts(text);
    let hit = found
        .iter()
        .any(|(c, place, text)| *c == code && place == at && text.contains(words));
    assert!(hit, "{code} at `{at}` with `{words}`: {found:#?}");
}

/// Codes, texts at their places, and messages with helps of all findings.
#[track_caller]
pub(super) fn texts(text: &str) -> Vec<(&'static str, String, String)> {
    let found = found(text).into_iter();
    found
        .map(|(code, _, at, message, help)| (code, at, format!("{message} | {help}")))
        .collect()
}
