//! What a file costs: the commands for each of many small files, once a server is known, in the first run and in the
//! second one.

use std::collections::BTreeMap;

use crate::harness::Case;
use crate::harness::server::{Running, Server};

const FILES: usize = 8;
const ONE: &str = "connections: 1";
/// What a session and a listing cost, and what is the same for each file.
const PER_FILE: [&str; 8] = [
    "RETR", "STOR", "SIZE", "MDTM", "MFMT", "RNFR", "RNTO", "REST",
];

fn full(folder: &str) -> Server {
    let names = (0..FILES).map(|at| format!("{folder}/f{at}"));
    names.fold(Server::new(), |server, path| server.file(path, "content"))
}

/// How often each command was sent since then, those that no file needs left out.
fn counted(server: &Running, before: usize) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for line in server.log().into_iter().skip(before) {
        let line = line.split(": ").nth(1).unwrap_or(&line).to_owned();
        let verb = line.split(' ').next().unwrap_or_default().to_owned();
        if PER_FILE.contains(&verb.as_str()) {
            *counts.entry(verb).or_default() += 1;
        }
    }
    counts
}

#[track_caller]
fn costs(server: &Running, before: usize, expected: &[(&str, usize)]) {
    let expected: BTreeMap<String, usize> = expected
        .iter()
        .map(|(verb, count)| ((*verb).to_owned(), *count))
        .collect();
    assert_eq!(counted(server, before), expected, "{:#?}", server.log());
}

#[test]
fn a_download_asks_its_time_before_and_after_and_its_size_after() {
    let server = full("/out").start();
    let steps = "steps:\n  get: {download: {server: a, files: '/out/*', into: out}}\n";
    let case = Case::new().servers(&[("a", &server, ONE)], steps);
    case.run().code(0);
    costs(
        &server,
        0,
        &[("RETR", FILES), ("SIZE", FILES), ("MDTM", 2 * FILES)],
    );
    let before = server.log().len();
    case.run().code(0);
    costs(&server, before, &[]);
}

#[test]
fn an_upload_looks_at_a_free_name_only_where_nothing_may_be_replaced() {
    for (if_exists, sizes) in [("update", 2), ("skip", 3)] {
        let server = Server::new().folder("/in").start();
        let steps = format!(
            "steps:\n  put: {{upload: {{files: 'out/*', to: a, into: /in, if_exists: {if_exists}}}}}\n"
        );
        let case = Case::new().servers(&[("a", &server, ONE)], &steps);
        let names = (0..FILES).map(|at| format!("out/f{at}"));
        let case = names.fold(case, |case, path| case.file(&path, "content"));
        case.run().code(0);
        costs(
            &server,
            0,
            &[
                ("STOR", FILES),
                ("SIZE", sizes * FILES),
                ("MFMT", FILES),
                ("RNFR", FILES),
                ("RNTO", FILES),
            ],
        );
        let before = server.log().len();
        case.run().code(0);
        costs(&server, before, &[]);
    }
}

#[test]
fn a_relay_costs_what_its_two_halves_cost() {
    let (from, to) = (full("/out").start(), Server::new().folder("/in").start());
    let steps = "steps:\n  pass: {relay: {server: a, files: '/out/*', to: b, into: /in}}\n";
    let case = Case::new().servers(&[("a", &from, ONE), ("b", &to, ONE)], steps);
    case.run().code(0);
    costs(
        &from,
        0,
        &[("RETR", FILES), ("SIZE", FILES), ("MDTM", 2 * FILES)],
    );
    costs(
        &to,
        0,
        &[
            ("STOR", FILES),
            ("SIZE", 2 * FILES),
            ("MFMT", FILES),
            ("RNFR", FILES),
            ("RNTO", FILES),
        ],
    );
    let before = [from.log().len(), to.log().len()];
    case.run().code(0);
    costs(&from, before[0], &[]);
    costs(&to, before[1], &[]);
}

/// Each batch of files that are put away costs a listing of their copies' folder: batches grow.
#[test]
fn many_unchanged_files_cost_few_listings_of_their_copies_folder() {
    const MANY: usize = 640;
    let names: Vec<String> = (0..MANY).map(|at| format!("/in/{at}.bin")).collect();
    let from = names.iter().fold(Server::new(), |server, name| {
        server.file_at(name, "content", 1_600_000_000)
    });
    let (from, to) = (from.start(), Server::new().folder("/out").start());
    let steps = |delete: &str| {
        format!(
            "steps:
  all: {{ list: {{ server: from, path: /in }} }}
  move: {{ relay: {{ from: all, to: to, into: /out }} }}
{delete}"
        )
    };
    let servers = [("from", &from, ONE), ("to", &to, ONE)];
    Case::new().servers(&servers, &steps("")).run().code(0);
    let listed = to.count("MLSD");
    let tidy = "  tidy: { delete: { sources_of: move, max: 10000 } }\n";
    Case::new().servers(&servers, &steps(tidy)).run().code(0);
    assert_eq!(from.names("/in"), [""; 0]);
    assert_eq!(to.names("/out").len(), MANY);
    // By the transfer, before the deletion, and once a batch: in batches of 32 these would be 20.
    let listings = to.count("MLSD") - listed;
    assert!(listings < 20, "{listings}");
}
