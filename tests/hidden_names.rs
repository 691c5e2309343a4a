//! `hidden: true` finds names with a leading dot where the server leaves them out of LIST and has no MLSD.
#![cfg(test)]

use crate::harness::Case;
use crate::harness::real::{self, Kind};
use crate::harness::server::{Do, Features, ListStyle, On, Server};

const STEPS: &str = "\
steps:
  found:
    list: {server: a, path: /in, hidden: true, recursive: true}
  get:
    download: {from: found, into: here}
  tidy:
    delete: {sources_of: get}
";

/// A server as vsftpd is.
fn hiding() -> Server {
    Server::new()
        .features(Features::all().without("MLSD"))
        .list_style(ListStyle::unix().hide_dot_names())
        .file("/in/.env", "secret settings")
        .file("/in/plain.txt", "plain")
        .file("/in/.git/config", "inside")
}

#[test]
fn hidden_names_are_asked_for_where_a_step_wants_them() {
    let server = hiding().start();
    let case = Case::new().pipeline(&[("a", &server)], STEPS);
    case.run().code(0);
    assert_eq!(case.files("here"), [".env", ".git/config", "plain.txt"]);
    for path in ["/in/.env", "/in/.git/config", "/in/plain.txt"] {
        assert!(!server.exists(path), "{path}");
    }
}

#[test]
fn a_step_that_wants_no_hidden_names_asks_without() {
    let server = hiding().start();
    let steps = STEPS.replace("hidden: true, ", "");
    let case = Case::new().pipeline(&[("a", &server)], &steps);
    case.run().code(0);
    assert_eq!(case.files("here"), ["plain.txt"]);
    assert!(server.log().iter().all(|line| !line.contains("LIST -a")));
}

#[test]
fn a_server_that_refuses_list_a_or_takes_it_for_a_name_is_listed_plainly_and_that_is_said() {
    let answers = [Do::reply("501 no options here"), Do::ListRaw(Vec::new())];
    for answer in answers {
        let server = hiding().rule(On::command("LIST").nth(1), answer).start();
        let case = Case::new().pipeline(&[("a", &server)], STEPS);
        case.run().code(0).stderr_has(
            "a: has neither MLSD nor `LIST -a`: names with a leading dot may be missing",
        );
        assert_eq!(case.files("here"), ["plain.txt"]);
        assert_eq!(
            server
                .log()
                .iter()
                .filter(|line| line.contains("LIST -a"))
                .count(),
            1
        );
    }
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn vsftpd_shows_hidden_names_and_loses_none() {
    for kind in [Kind::Vsftpd, Kind::Proftpd, Kind::Pureftpd, Kind::Pyftpd] {
        let Some(server) = real::start(kind) else {
            continue;
        };
        for name in [".env", ".git/config", "plain.txt"] {
            server.put(format!("in/{name}"), "text");
        }
        let steps = STEPS.replace("/in", &format!("{}in", server.prefix()));
        let case = Case::new().manifest(&format!(
            "version: 1\nservers:\n{}{steps}",
            server.servers_entry("a")
        ));
        case.run().code(0);
        assert_eq!(
            case.files("here"),
            [".env", ".git/config", "plain.txt"],
            "{kind:?}"
        );
        assert!(!server.root().join("in/.env").exists(), "{kind:?}");
    }
}
