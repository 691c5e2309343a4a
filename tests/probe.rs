//! `ftpflow probe`: what it shows, for people and machines, and that its entry can be pasted.
#![cfg(test)]

use crate::harness::Case;
use crate::harness::client::lab;
use crate::harness::secure::{Secure, Shows, Trick};
use crate::harness::server::{Cap, Features};

const STEPS: &str = "steps:\n  look:\n    list: {server: s, path: /}\n";

#[test]
fn a_probe_shows_what_a_server_can_do_and_an_entry_to_paste() {
    let server = lab().start();
    let case = Case::new().pipeline(&[("s", &server)], STEPS);
    let case = case.args(["probe", "pipeline.yaml"]);
    let shown = case.run();
    shown
        .code(0)
        .stdout_has("MLSD")
        .stdout_has("EPSV")
        .stdout_has("servers:\n  s:\n    host: 127.0.0.1\n")
        .stdout_has("password: ${env.S_PASSWORD}")
        .never_says("lab-secret");

    let entry = shown.stdout.split("servers:\n").nth(1).unwrap();
    let pasted = Case::new()
        .manifest(&format!("version: 1\nservers:\n{entry}{STEPS}"))
        .env("S_PASSWORD", "lab-secret");
    pasted.run().code(0);
}

#[test]
fn a_probe_as_json_is_one_document() {
    let server = lab().features(Features::all().without("MLSD")).start();
    let case = Case::new().pipeline(&[("s", &server)], STEPS).args([
        "probe",
        "pipeline.yaml",
        "s",
        "--format",
        "json",
    ]);
    let shown = case.run();
    shown.code(0).never_says("lab-secret");
    let document: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(document["version"], 1);
    let sheet = &document["servers"][0];
    assert_eq!(sheet["name"], "s");
    assert_eq!(sheet["mlsd"], false);
    assert_eq!(sheet["epsv"], true);
    assert_eq!(sheet["failure"], serde_json::Value::Null);
    assert_eq!(sheet["entry"][0], "s:");
}

#[test]
fn a_probe_counts_the_sessions_that_a_server_allows() {
    let server = lab().max_sessions(3, Cap::AtGreeting421).start();
    let case = Case::new().pipeline(&[("s", &server)], STEPS).args([
        "probe",
        "pipeline.yaml",
        "--sessions",
        "8",
    ]);
    case.run()
        .code(0)
        .stdout_has("3 at once, then")
        .stdout_has("connections: 3");
}

#[test]
fn a_probe_changes_nothing() {
    let server = lab().start();
    let case = Case::new()
        .pipeline(&[("s", &server)], STEPS)
        .args(["probe", "pipeline.yaml"]);
    case.run().code(0);
    for verb in ["STOR", "APPE", "DELE", "MKD", "RMD", "RNFR", "MFMT", "SITE"] {
        assert_eq!(server.count(verb), 0, "{verb}");
    }
}

#[test]
fn a_server_that_cannot_be_probed_is_a_failure_with_what_to_set() {
    let server = Secure::start(Trick::None, Shows::Expired);
    let case = Case::new()
        .manifest(&format!(
            "version: 1\nservers: {{s: {{host: 127.0.0.1, port: {}, tls: {{mode: explicit, ca_file: ca.pem}}}}}}\n{STEPS}",
            server.port()
        ))
        .file("ca.pem", std::fs::read(server.ca_file()).unwrap())
        .args(["probe", "pipeline.yaml"]);
    case.run().code(1).stdout_has("expired").stdout_has("help:");
}

#[test]
fn an_unknown_server_is_wrong_usage() {
    let server = lab().start();
    let case = Case::new()
        .pipeline(&[("s", &server)], STEPS)
        .args(["probe", "pipeline.yaml", "t"]);
    case.run().code(2).stderr_has("no server `t`");
    assert_eq!(server.sessions_opened(), 0);
}
