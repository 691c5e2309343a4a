//! Listings that break off, or do not show all there is: what a run makes of a part.

use crate::harness::Case;
use crate::harness::server::{Do, Features, On, Running, Server};

const FAST: &str = "retry: { attempts: 3, backoff: 1ms }";

const STEPS: &str = "steps:
  found: { list: { server: s, path: /in }, @ }
  get: { download: { from: found, into: out } }
  tidy: { delete: { sources_of: get } }
";

/// Ways to break off, each with what it takes.
fn breaks() -> Vec<(&'static str, Vec<Do>)> {
    vec![
        ("426 after all of it", vec![Do::lie("426 cut")]),
        ("451 after all of it", vec![Do::lie("451 trouble")]),
        ("cut in a line, 226", vec![Do::CutAt(60), Do::lie("226 ok")]),
        ("cut in a line, 426", vec![Do::CutAt(60)]),
        ("nothing came, 426", vec![Do::CutAt(0)]),
        ("the session is gone", vec![Do::CloseControlDuring]),
    ]
}

fn three() -> Server {
    Server::new().files("/in", ["a", "b", "c"], "content")
}

fn case(server: &Running, extra: &str) -> Case {
    let steps = STEPS.replace('@', extra);
    Case::new().pipeline(&[("s", server)], &steps)
}

#[test]
fn a_listing_that_broke_off_is_tried_again() {
    for (how, does) in breaks() {
        for (verb, features) in [
            ("MLSD", Features::all()),
            ("LIST", Features::all().without("MLSD")),
        ] {
            let server = three()
                .features(features)
                .rule(On::command(verb).path("/in").nth(1), does.clone())
                .start();
            let case = case(&server, FAST);
            let outcome = case.run();
            outcome.code(0).stderr_has("3 files");
            assert_eq!(case.files("out"), ["a", "b", "c"], "{how}");
            assert_eq!(server.names("/in"), [""; 0], "{how}");
        }
    }
}

#[test]
fn a_listing_that_breaks_off_every_time_fails_its_step_and_nothing_goes_on_with_the_part() {
    for (how, does) in breaks() {
        let server = three().rule(On::command("MLSD").path("/in"), does).start();
        let case = case(&server, FAST);
        case.run().code(1).stderr_has("the listing broke off");
        assert_eq!(server.count("RETR") + server.count("DELE"), 0, "{how}");
        assert_eq!(server.names("/in"), ["a", "b", "c"], "{how}");
    }
}

#[test]
fn a_part_that_a_run_goes_on_with_deletes_nothing() {
    let server = three()
        .file("/in/sub/d", "content")
        .rule(On::command("MLSD").path("/in/sub"), Do::lie("451 trouble"))
        .start();
    let steps = STEPS.replace("path: /in", "path: /in, recursive: true");
    let steps = steps.replace('@', &format!("{FAST}, on_error: continue"));
    let case = Case::new().pipeline(&[("s", &server)], &steps);
    case.run().code(1).stderr_has("may not be whole");
    assert_eq!(case.files("out"), ["a", "b", "c"]);
    assert_eq!(server.count("DELE"), 0);
}

/// Pure-FTPd's limit: no try shows more.
#[test]
fn a_listing_that_the_server_limits_is_used_with_a_warning_and_deletes_nothing() {
    let limited = Do::lie("226 Output truncated to 2 matches");
    let server = three().rule(On::command("MLSD"), limited).start();
    let case = case(&server, FAST);
    case.run().code(1).stderr_has("the listing is incomplete");
    assert_eq!(case.files("out"), ["a", "b", "c"]);
    assert_eq!(server.count("DELE"), 0);
}

#[test]
fn a_resumed_run_lists_anew_what_was_not_whole() {
    let server = three()
        .rule(
            On::command("MLSD").path("/in").nth(1),
            [
                Do::ListFirst(4),
                Do::lie("226 Output truncated to 2 matches"),
            ],
        )
        .rule(On::command("RETR").nth(1), Do::reply("550 not now"))
        .start();
    let steps = "steps:
  found: { list: { server: s, path: /in } }
  get: { download: { from: found, into: out } }
";
    let case = Case::new().pipeline(&[("s", &server)], steps);
    case.run().code(1);
    let case = case.args(["run", "pipeline.yaml", "--resume"]);
    case.run().code(0);
    assert_eq!(case.files("out"), ["a", "b", "c"]);
}

#[test]
fn a_destination_whose_listing_breaks_off_is_listed_again() {
    let target = Server::new()
        .files("/out", ["a", "b"], "old")
        .rule(
            On::command("MLSD").path("/out").nth(1),
            Do::lie("451 trouble"),
        )
        .start();
    let steps = format!(
        "steps:\n  put: {{ upload: {{ files: 'in/*', to: s, into: /out, if_exists: skip }}, {FAST} }}\n"
    );
    let case = Case::new().pipeline(&[("s", &target)], &steps);
    let case = case.file("in/a", "new").file("in/b", "new");
    case.run().code(0);
    assert_eq!(target.count("STOR"), 0);
    assert_eq!(target.count("MLSD"), 2);
}

#[test]
fn a_name_that_is_listed_twice_is_moved_and_deleted_once() {
    let again = Do::ListAlso(b"type=file;size=7;modify=20200102030405; a\r\n".to_vec());
    let server = Server::new()
        .file_at("/in/a", "content", 1_577_934_245)
        .rule(On::command("MLSD"), again)
        .start();
    let case = case(&server, FAST);
    case.run().code(0).stderr_has("listed more than once");
    assert_eq!((server.count("RETR"), server.count("DELE")), (1, 1));
    assert_eq!(case.files("out"), ["a"]);
}

#[test]
fn a_name_that_is_listed_as_two_different_files_is_not_deleted() {
    let again = Do::ListAlso(b"type=file;size=9; a\r\n".to_vec());
    let server = three().rule(On::command("MLSD"), again).start();
    let case = case(&server, FAST);
    case.run().code(1).stderr_has("it was kept");
    assert_eq!(server.names("/in"), ["a"]);
    assert_eq!(case.files("out"), ["a", "b", "c"]);
}

#[test]
fn a_folder_that_is_listed_twice_is_entered_once() {
    let again = Do::ListAlso(b"type=dir; sub\r\n".to_vec());
    let server = Server::new()
        .file("/in/sub/a", "content")
        .rule(On::command("MLSD").path("/in"), again)
        .start();
    let steps = STEPS.replace("path: /in", "path: /in, recursive: true");
    let case = Case::new().pipeline(&[("s", &server)], &steps.replace('@', FAST));
    case.run().code(0);
    assert_eq!((server.count("RETR"), server.count("DELE")), (1, 1));
    assert!(server.exists("/in/sub"));
}
