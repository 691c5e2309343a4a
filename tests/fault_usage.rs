//! Wrong usage and wrong manifests: a clear message and the documented exit code, never a panic.

use crate::harness::{Case, Outcome};

const GOOD: &str = "version: 1
servers: { s: { host: 127.0.0.1, port: 1 } }
vars: { series: one }
steps: { look: { list: { server: s, path: \"/${vars.series}\" } } }
";

#[track_caller]
fn ends(case: &Case, code: i32, said: &str) -> Outcome {
    let outcome = case.run();
    outcome.code(code).stderr_has(said).never_says("panicked");
    outcome
}

#[test]
fn a_file_that_cannot_be_read_is_wrong_usage() {
    ends(&Case::new(), 2, "pipeline.yaml");
    let case = Case::new().file("pipeline.yaml/inside", "");
    ends(&case, 2, "folder");
}

#[test]
fn an_empty_or_senseless_manifest_is_a_wrong_manifest() {
    for text in [
        "",
        "\n\n# nothing\n",
        "just words",
        "- a\n- b\n",
        "version: 2\n",
        "{",
        "\0\0\0",
    ] {
        let outcome = ends(&Case::new().manifest(text), 3, "");
        assert!(!outcome.stderr.is_empty(), "{text:?}");
    }
}

#[test]
fn ten_megabytes_of_noise_are_refused_quickly() {
    let mut state = 1_u64;
    let noise: Vec<u8> = (0..10 * 1024 * 1024)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 56) as u8
        })
        .collect();
    let case = Case::new().file("pipeline.yaml", noise);
    let outcome = ends(&case, 3, "");
    assert!(
        outcome.stderr.len() < 10_000,
        "{} bytes",
        outcome.stderr.len()
    );
    let case = Case::new().file("pipeline.yaml", "a: [\n".repeat(2 * 1024 * 1024));
    ends(&case, 3, "");
}

#[test]
fn an_unset_variable_is_a_wrong_manifest() {
    let text = GOOD.replace("/${vars.series}", "/${env.NOT_SET_ANYWHERE}");
    ends(&Case::new().manifest(&text), 3, "NOT_SET_ANYWHERE");
}

#[test]
fn unknown_names_on_the_command_line_are_wrong_usage() {
    let case = || Case::new().manifest(GOOD).args(["run", "pipeline.yaml"]);
    ends(&case().args(["--var", "serie=2"]), 2, "serie");
    ends(&case().args(["--only", "lok"]), 2, "look");
    ends(&case().args(["--no-such"]), 2, "--no-such");
    ends(&case().args(["--env-file", "gone.env"]), 2, "gone.env");
}

#[test]
fn help_can_be_asked_for_of_help() {
    for (asked, shown) in [
        (&["help"][..], "Usage: ftpflow <COMMAND>"),
        (&["help", "--help"], "Usage: ftpflow <COMMAND>"),
        (&["help", "-h"], "Usage: ftpflow <COMMAND>"),
        (&["help", "run", "--help"], "Usage: ftpflow run"),
    ] {
        Case::new().instead(asked).run().code(0).stdout_has(shown);
    }
}

#[test]
fn a_server_that_is_not_there_fails_its_steps() {
    let text = GOOD.replace(
        "steps:",
        "defaults: { retry: { attempts: 2, backoff: 10ms } }\nsteps:",
    );
    ends(&Case::new().manifest(&text), 1, "no connection");
}

#[test]
fn a_report_that_cannot_be_written_is_refused_before_any_step() {
    let case = Case::new()
        .manifest(GOOD)
        .args(["run", "pipeline.yaml", "--report", "gone/r.json"]);
    ends(&case, 4, "gone/r.json");
}
