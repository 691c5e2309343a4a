//! What a listing shows and cannot be taken fails its list, and takes nothing else with it.
// Always so here; it tells clippy that the helpers, too, are a test's, and may panic.
#![cfg(test)]
#![cfg(unix)]

use crate::harness::Case;
use crate::harness::server::{Do, On, Running, Server};

const GOOD: &str = "type=file;size=7;modify=20200101000000; a\r\n";
const REFUSED: [&str; 5] = ["../x", "..\u{2f}y", "a/b", "/etc/passwd", "../../z"];

fn line(name: &str) -> String {
    format!("type=file;size=7;modify=20200101000000; {name}\r\n")
}

fn server(listing: &str) -> Running {
    Server::new()
        .file("/in/a", "content")
        .rule(
            On::command("MLSD"),
            Do::ListRaw(listing.as_bytes().to_vec()),
        )
        .start()
}

fn case(server: &Running, list: &str, allow: &str) -> Case {
    Case::new().pipeline(
        &[("s", server)],
        &format!(
            "{allow}steps:
  look: {{ list: {{ server: s, path: /in{list} }} }}
  get: {{ download: {{ from: look, into: out }} }}
"
        ),
    )
}

#[test]
fn a_list_that_refused_all_its_names_is_no_empty_folder() {
    let listing: String = REFUSED.map(line).concat();
    let server = server(&listing);
    for quiet in [false, true] {
        let case = case(&server, "", "");
        let case = match quiet {
            true => case.instead(&["run", "pipeline.yaml", "-q"]),
            false => case,
        };
        let outcome = case.run();
        outcome
            .code(1)
            .stderr_has("look: 5 entries were refused or cannot be read: entry `../x` refused")
            .stderr_has("and 2 more")
            .stderr_has("the list is empty without them")
            .stderr_has("entry `a/b` refused");
        assert!(case.files("out").is_empty());
    }
}

#[test]
fn the_others_arrive_and_the_exit_code_tells() {
    for bad in [line("../x"), "what is this\r\n".to_owned()] {
        let server = server(&format!("{GOOD}{bad}"));
        let failing = case(&server, "", "");
        failing
            .run()
            .code(1)
            .stderr_has("an entry was refused or cannot be read")
            .stderr_has("unreadable: warn");
        assert_eq!(failing.files("out"), ["a"], "{bad}");
        for (list, allow) in [
            (", unreadable: warn", ""),
            ("", "allow: [list::unreadable]\n"),
            ("", "allow: [ftpflow::list::unreadable]\n"),
        ] {
            let accepted = case(&server, list, allow);
            let outcome = accepted.run();
            outcome.code(0).stderr_has("warning").never_says("silences");
            assert_eq!(accepted.files("out"), ["a"], "{list}{allow}");
        }
    }
}

#[test]
fn a_shorthand_and_a_plan_tell_it_too() {
    let server = server(&format!("{GOOD}{}", line("../x")));
    let steps = |allow: &str| {
        format!("{allow}steps:\n  get: {{ download: {{ server: s, files: /in/*, into: out }} }}\n")
    };
    let case = Case::new().pipeline(&[("s", &server)], &steps(""));
    let case = case.instead(&["plan", "pipeline.yaml"]);
    case.run().code(1).stderr_has("entry `../x` refused");
    let case = case.instead(&["run", "pipeline.yaml"]);
    case.run().code(1).stderr_has("entry `../x` refused");
    assert_eq!(case.files("out"), ["a"]);
    let case = Case::new().pipeline(&[("s", &server)], &steps("allow: [list::unreadable]\n"));
    case.run().code(0);
}
