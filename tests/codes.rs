//! `docs/codes.md` is right: it has every code, each example gives its code, and each cure nothing at all.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use ftpflow::manifest::{Finding, Manifest, Severity, YAML_CODES};
use ftpflow::plan::{Inputs, PLAN_CODES, RUN_CODES, Values, compile, wanted_files};
use ftpflow::report::{CodeEntry, code_entries};

use crate::harness::Case;

/// An example of the page: a manifest, or a shell command that writes `pipeline.yaml`.
struct Example<'a> {
    language: &'a str,
    text: &'a str,
}

fn examples(entry: CodeEntry) -> [Example<'static>; 2] {
    let mut fences = entry.markdown().split("```").skip(1).step_by(2);
    [(); 2].map(|()| {
        let fence = fences.next();
        let (language, text) = fence
            .and_then(|fence| fence.split_once('\n'))
            .unwrap_or_else(|| panic!("{} lacks an example", entry.code));
        Example { language, text }
    })
}

impl Example<'_> {
    fn manifest(&self) -> Vec<u8> {
        if self.language == "yaml" {
            return self.text.as_bytes().to_vec();
        }
        assert_eq!(self.language, "sh");
        let folder = tempfile::tempdir().unwrap();
        let mut shell = Command::new("sh");
        shell.args(["-euc", self.text]).current_dir(&folder);
        assert!(shell.stdin(Stdio::null()).status().unwrap().success());
        std::fs::read(folder.path().join("pipeline.yaml")).unwrap()
    }

    /// What `check` says of it, or, with `running`, what `run` does: no variable is set, and only secrets below
    /// `/run/secrets/` are there.
    fn findings(&self, running: bool) -> Vec<Finding> {
        let read = Manifest::read("pipeline.yaml", &self.manifest());
        let mut findings = read.findings;
        if let Some(manifest) = read.manifest {
            findings.extend(compile(&manifest, &inputs(&manifest, running)).findings);
        }
        findings
    }
}

fn inputs(manifest: &Manifest, running: bool) -> Inputs {
    let mut inputs = Inputs {
        vars: BTreeMap::new(),
        env: Values::Unknown,
        files: Values::Unknown,
        started: 1_795_335_300,
        zone: |_| 0,
        run_id: None,
        file_stem: "pipeline".to_owned(),
        folder: "/work".into(),
    };
    if running {
        let content = |path: String| match Path::new(&path).starts_with("/run/secrets") {
            true => (path, Ok("xyzzy".to_owned())),
            false => (path, Err("no such file".to_owned())),
        };
        inputs.env = Values::Known(BTreeMap::new());
        inputs.files = Values::Known(wanted_files(manifest).into_iter().map(content).collect());
    }
    inputs
}

#[test]
fn the_page_has_exactly_the_codes_that_exist() {
    let mut known: Vec<&str> = YAML_CODES
        .iter()
        .chain(PLAN_CODES)
        .chain(RUN_CODES)
        .copied()
        .collect();
    known.sort_unstable();
    let documented: Vec<&str> = code_entries().map(|entry| entry.code).collect();
    assert_eq!(documented, known);
}

#[test]
fn every_example_gives_its_code_and_its_cure_gives_nothing() {
    for entry in code_entries() {
        let [wrong, mended] = examples(entry);
        let only_in_a_run = ["ftpflow::variable::unset", "ftpflow::variable::file"];
        let running = only_in_a_run.contains(&entry.code);
        let found = wrong.findings(running);
        if RUN_CODES.contains(&entry.code) {
            // No manifest shows it: both compile, and a run tells.
            assert_eq!(found, mended.findings(running), "{}", entry.code);
            continue;
        }
        let Some(found) = found.iter().find(|finding| finding.code == entry.code) else {
            panic!("the example of {} gives {found:#?}", entry.code);
        };
        let word = match found.severity {
            Severity::Error => "**Error**: ",
            Severity::Warning => "**Warning**: ",
        };
        assert!(entry.markdown().starts_with(word), "{}", entry.code);
        assert!(found.help.is_some(), "{} has no help", entry.code);
        assert_eq!(mended.findings(running), [], "the cure of {}", entry.code);
    }
}

#[test]
fn explain_prints_the_entry_of_a_code() {
    let explained = Case::new()
        .args(["check", "--explain", "step::cycle"])
        .run();
    explained
        .code(0)
        .stdout_has("ftpflow::step::cycle\n")
        .stdout_has("wait for each other in a circle")
        .stdout_has("\n    version: 1\n");
    let unknown = Case::new()
        .args(["check", "--explain", "step::cicle"])
        .run();
    unknown
        .code(2)
        .stderr_has("`--explain step::cicle` names no code")
        .stderr_has("did you mean `ftpflow::step::cycle`?");
}
