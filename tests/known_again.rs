//! A run is known again by what its manifest says, whatever the run itself puts in: its id, its date.

use crate::harness::Case;
use crate::harness::server::{Do, Gate, On, Running, Server};

const RESUME: [&str; 3] = ["run", "pipeline.yaml", "--resume"];

const STEPS: &str = "\
vars: {stamp: '${run.date:%Y%m%d%H%M%S}-${run.id}', unused: x}
steps:
  all: {list: {server: a, path: /in}}
  keep: {download: {from: all, into: 'out/${vars.stamp}'}}
";

fn server() -> Server {
    let server = Server::new();
    (0..4).fold(server, |server, at| {
        server.file(format!("/in/f{at}"), format!("content {at}"))
    })
}

fn case(server: &Running) -> Case {
    Case::new().pipeline(&[("a", server)], STEPS).args(RESUME)
}

#[test]
fn a_run_with_its_date_and_id_in_its_variables_is_resumed_where_it_was() {
    let server = server()
        .rule(On::command("RETR").nth(3), Do::reply("550 not now"))
        .start();
    let case = case(&server);
    case.run().code(1);
    case.run().code(0).stderr_has("continuing run");
    let files = case.files("out");
    let folders: std::collections::BTreeSet<&str> = files
        .iter()
        .filter_map(|file| file.split_once('/'))
        .map(|(folder, _)| folder)
        .collect();
    assert_eq!((files.len(), folders.len()), (4, 1), "{files:?}");
}

#[test]
fn a_run_with_its_id_in_its_variables_keeps_others_out() {
    let gate = Gate::new();
    let server = server()
        .rule(On::command("RETR").nth(1), Do::Wait(gate.clone()))
        .start();
    let case = case(&server);
    let first = case.spawn();
    gate.until_arrived(1);
    case.run()
        .code(4)
        .stderr_has("another run of this manifest is under way");
    gate.open();
    first.wait().code(0);
}

#[test]
fn a_resumed_run_says_its_warnings_once() {
    let server = server()
        .rule(On::command("RETR").nth(3), Do::reply("550 not now"))
        .start();
    let case = case(&server);
    case.run().code(1);
    let resumed = case.run();
    resumed.code(0).stderr_has("continuing run");
    let warning = "the variable `unused` is never used";
    assert_eq!(resumed.stderr.matches(warning).count(), 1);
}
