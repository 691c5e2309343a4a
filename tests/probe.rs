//! `ftpflow probe`: what it shows, for people and machines, and that its entry can be pasted.
#![cfg(test)]

use crate::harness::Case;
use crate::harness::client::lab;
use crate::harness::secure::{Secure, Shows, Trick};
use crate::harness::server::{Cap, Do, Features, On, Running};

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

/// A probe of the server with these fields; the part that can be pasted.
fn entry(case: &Case) -> String {
    let shown = case.run();
    let entry = shown.stdout.split("servers:\n").nth(1);
    entry.unwrap_or_else(|| panic!("{shown:?}")).to_owned()
}

fn probing(server: &Running, fields: &str) -> Case {
    Case::new()
        .servers(&[("s", server, fields)], STEPS)
        .args(["probe", "pipeline.yaml"])
}

#[test]
fn a_guessed_encoding_is_never_set() {
    let names: [&[u8]; 3] = [
        b"/caf\xe9.txt",
        "/版本.txt".as_bytes(),
        "/中.txt".as_bytes(),
    ];
    let server = names
        .iter()
        .fold(lab(), |lab, name| lab.file(name, "x"))
        .start();
    let case = probing(&server, "");
    case.run()
        .code(0)
        .stdout_has("1 name that could be windows-1252 (`café.txt`)");
    let entry = entry(&case);
    let line = entry
        .lines()
        .find(|line| line.contains("encoding:"))
        .unwrap();
    assert!(
        line.starts_with("    # encoding: windows-1252  # or "),
        "{entry}"
    );
    assert!(line.ends_with("look at the names above"), "{entry}");
}

#[test]
fn a_declared_encoding_stays_and_its_names_are_not_guessed_at() {
    let server = lab().file(b"/\xb0\xe6.txt", "x").start();
    let case = probing(&server, "encoding: gbk");
    case.run()
        .code(0)
        .stdout_has("names      UTF-8 announced\n");
    assert!(entry(&case).contains("\n    encoding: GBK\n"));
}

#[test]
fn what_the_manifest_declares_is_kept_as_it_is_written() {
    let server = lab().start();
    let manifest = format!(
        "version: 1\nvars: {{wait: 7s}}\nservers:\n  s:\n    host: 127.0.0.1\n    port: {}\n    user: lab\n    password: ${{env.FTP_PASS}}\n    clock_offset: \"+05:30\"\n    timeouts: {{connect: \"${{vars.wait}}\", reply: 2m}}\n    limits: {{entries: 5000}}\n{STEPS}",
        server.port()
    );
    let case = Case::new()
        .manifest(&manifest)
        .env("FTP_PASS", "lab-secret")
        .args(["probe", "pipeline.yaml"]);
    let entry = entry(&case);
    for line in [
        "password: ${env.FTP_PASS}\n",
        "clock_offset: \"+05:30\"\n",
        "timeouts: {connect: \"${vars.wait}\", reply: 2m}\n",
        "limits: {entries: 5000}\n",
    ] {
        assert!(entry.contains(line), "{line}{entry}");
    }
}

#[test]
fn a_relative_ca_file_stays_relative_and_a_certificate_not_verified_is_marked() {
    let server = Secure::start(Trick::None, Shows::Good);
    let probing = |tls: &str| {
        let entry = format!(
            "{{host: 127.0.0.1, port: {}, tls: {{mode: explicit, {tls}}}}}",
            server.port()
        );
        Case::new()
            .manifest(&format!("version: 1\nservers: {{s: {entry}}}\n{STEPS}"))
            .file("certs/ca.pem", std::fs::read(server.ca_file()).unwrap())
            .args(["probe", "pipeline.yaml"])
    };
    let kept = entry(&probing("ca_file: certs/ca.pem"));
    assert!(kept.contains("ca_file: certs/ca.pem}"), "{kept}");
    probing("verify: false")
        .run()
        .code(0)
        .stdout_has("the certificate is not verified");
}

/// Pure-FTPd announces AUTH TLS even where it was built without it.
#[test]
fn clear_text_is_not_proposed_where_tls_is_announced() {
    let server = lab()
        .rule(
            On::command("FEAT"),
            Do::Reply("211-Features\r\n AUTH TLS\r\n211 End".into()),
        )
        .rule(On::command("AUTH"), Do::reply("502 not built in"))
        .start();
    let unset = entry(&probing(&server, ""));
    assert!(
        unset.contains("    # tls: explicit  # the server offers it, but AUTH TLS"),
        "{unset}"
    );
    assert!(!unset.contains("tls: off"), "{unset}");
    let off = entry(&probing(&server, "tls: off"));
    assert!(off.contains("\n    tls: off\n"), "{off}");
}

#[test]
fn a_probe_without_a_data_connection_shows_all_the_rest() {
    let listings = [
        Do::reply("522 the TLS session has to be resumed"),
        Do::reply("425 cannot build a data connection"),
    ];
    for reply in listings {
        let server = lab()
            .features(Features::all().without("MLSD"))
            .rule(On::command("LIST"), reply)
            .start();
        let case = probing(&server, "");
        case.run()
            .code(1)
            .stdout_has("greeting")
            .stdout_has("REST")
            .stdout_has("listings   failed: LIST:")
            .stdout_has("features")
            .stdout_has("error:");
        assert!(entry(&case).starts_with("  s:\n    host: 127.0.0.1\n"));
    }
    let server = lab()
        .rule(On::command("EPSV"), Do::DeadPort)
        .rule(On::command("PASV"), Do::DeadPort)
        .start();
    probing(&server, "timeouts: { connect: 1s }")
        .run()
        .code(1)
        .stdout_has("listings   failed: no data connection")
        .stdout_has("features");
}

#[test]
fn a_probe_shows_no_empty_row_and_no_warning_about_steps() {
    let server = lab().rule(On::command("FEAT"), Do::reply("502 no")).start();
    let other = lab().start();
    let case = Case::new()
        .pipeline(&[("s", &server), ("unused", &other)], STEPS)
        .args(["probe", "pipeline.yaml", "s"]);
    let shown = case.run();
    shown.code(0);
    assert_eq!(shown.stderr, "");
    assert!(!shown.stdout.contains("features"), "{}", shown.stdout);
}

#[cfg(unix)]
#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn every_real_server_is_probed_and_its_entry_runs() {
    use crate::harness::real::{self, Kind};
    for kind in Kind::ALL {
        let Some(server) = real::start(kind) else {
            continue;
        };
        server.put("a.txt", "a");
        let manifest = format!("version: 1\nservers:\n{}{STEPS}", server.servers_entry("s"));
        let case =
            Case::new()
                .manifest(&manifest)
                .args(["probe", "pipeline.yaml", "--sessions", "5"]);
        let shown = case.run();
        shown.code(0).stdout_has("5 at once, all that were tried");
        if matches!(kind, Kind::VsftpdTls | Kind::ProftpdTls) {
            shown.stdout_has("1.3, data connections resume the session");
        }

        let entry = shown.stdout.split("servers:\n").nth(1).unwrap();
        let pasted = Case::new()
            .manifest(&format!("version: 1\nservers:\n{entry}{STEPS}"))
            .env("S_PASSWORD", server.password());
        pasted.run().code(0);
    }
}
