//! `allow:` silences warnings by their codes, never errors.

use std::collections::BTreeSet;

use super::codes::{self, PLAN_CODES, RUN_CODES};
use super::model::Plan;
use crate::manifest::{Finding, Manifest, Path, Severity, YAML_CODES, suggest, whole_code};

impl Plan {
    /// Whether the manifest accepts what a run finds under this code.
    pub fn allows(&self, code: &str) -> bool {
        self.allowed
            .iter()
            .any(|allowed| whole_code(allowed) == code)
    }
}

/// Takes out the warnings that `allow` names; an entry that can take out none becomes a warning itself.
pub(super) fn silence(manifest: &Manifest, findings: Vec<Finding>) -> Vec<Finding> {
    let Some(many) = manifest.allow.get() else {
        return findings;
    };
    let root = Path::root().key("allow");
    let mut kept = findings;
    let mut idle = Vec::new();
    for (item, path) in super::context::items(many, &root) {
        let Some(code) = item.get().map(|code| whole_code(code)) else {
            continue;
        };
        let silenced = take_out(&mut kept, &code);
        // Two writers may only meet once a run has logged in: see `hazards::late_hazards`.
        let in_a_run = code == codes::HAZARD_WRITERS || RUN_CODES.contains(&code.as_str());
        if !silenced && !in_a_run {
            idle.push(unused(manifest, &code, &path, &kept));
        }
    }
    // A warning about `allow` can itself be allowed.
    let allowed: BTreeSet<String> = many
        .items
        .iter()
        .filter_map(|item| item.get())
        .map(|code| whole_code(code))
        .collect();
    if !allowed.contains(codes::ALLOW_UNUSED) {
        kept.extend(idle);
    }
    kept
}

fn take_out(findings: &mut Vec<Finding>, code: &str) -> bool {
    let before = findings.len();
    findings.retain(|finding| finding.severity == Severity::Error || finding.code != code);
    findings.len() < before
}

fn unused(manifest: &Manifest, code: &str, path: &Path, findings: &[Finding]) -> Finding {
    let known = PLAN_CODES
        .iter()
        .chain(YAML_CODES)
        .chain(RUN_CODES)
        .copied();
    let is_error = findings.iter().any(|finding| finding.code == code);
    let (message, help) = if is_error {
        ("errors cannot be silenced".to_owned(), "mend it".to_owned())
    } else if known.clone().any(|one| one == code) {
        (
            format!("`{code}` silences nothing"),
            "take it out".to_owned(),
        )
    } else {
        let help = match suggest(code, known) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => {
                "codes are printed with every warning, such as `ftpflow::server::unused`".to_owned()
            }
        };
        (format!("there is no code `{code}`"), help)
    };
    Finding::warning(
        codes::ALLOW_UNUSED,
        manifest.place(path),
        message,
        "silences nothing",
    )
    .help(help)
}
