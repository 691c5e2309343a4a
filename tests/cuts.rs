//! One large file whose transfer is cut ten times arrives whole, and hardly a byte moves twice.

use std::fs;

use crate::harness::Case;
use crate::harness::server::{Content, Digest, Do, On, Running, Server, pattern};

const CUTS: usize = 10;
const SHORT: u64 = 64 * 1024 * 1024;
const LONG: u64 = 1024 * 1024 * 1024;
const SEED: u64 = 7;

const RETRY: &str = "    retry: {attempts: 20, backoff: 1ms, max_backoff: 1ms}\n";

/// Cuts every one of the first ten transfers by a command after the same part of the file.
fn cutting(mut server: Server, verbs: &[(&str, usize)], size: u64) -> Server {
    for (verb, times) in verbs {
        for nth in 1..=*times {
            let part = size / (CUTS as u64 + 1);
            server = server.rule(On::command(verb).nth(nth), Do::CutAt(part));
        }
    }
    server
}

/// Where each transfer began: 0, or where REST says.
fn offsets(server: &Running) -> Vec<u64> {
    let mut offset = 0;
    let mut offsets = Vec::new();
    for entry in server.entries() {
        let number = || String::from_utf8_lossy(&entry.argument).parse().unwrap();
        match entry.verb.as_str() {
            "REST" => offset = number(),
            "RETR" => offsets.push(std::mem::take(&mut offset)),
            _ => {}
        }
    }
    offsets
}

/// Bytes that the cut source sent in all.
fn sent(server: &Running, size: u64) -> u64 {
    let part = size / (CUTS as u64 + 1);
    let transfers = offsets(server);
    let cut = transfers.len().min(CUTS);
    let whole = transfers[cut..].iter().map(|offset| size - offset);
    cut as u64 * part + whole.sum::<u64>()
}

fn downloaded(size: u64) {
    let server = Server::new().pattern("/in/big", size, SEED);
    let server = cutting(server, &[("RETR", CUTS)], size).start();
    let steps =
        format!("steps:\n  get:\n    download: {{server: a, files: /in/big, into: out}}\n{RETRY}");
    let case = Case::new().pipeline(&[("a", &server)], &steps);
    case.run().code(0);
    assert_eq!(offsets(&server).len(), CUTS + 1);
    assert!(sent(&server, size) < size + size / 10);
    let mut digest = Digest::default();
    digest.update(&fs::read(case.path("out/big")).unwrap());
    assert!(
        digest
            == Content::Pattern {
                len: size,
                seed: SEED
            }
            .digest()
    );
}

fn uploaded(size: u64) {
    let server = Server::new().discard_uploads();
    let server = cutting(server, &[("STOR", 1), ("APPE", CUTS - 1)], size).start();
    let steps =
        format!("steps:\n  put:\n    upload: {{files: in/big, to: a, into: /out}}\n{RETRY}");
    let case = Case::new()
        .pipeline(&[("a", &server)], &steps)
        .file("in/big", pattern(size, SEED));
    case.run().code(0);
    assert_eq!((server.count("STOR"), server.count("APPE")), (1, CUTS));
    let wanted = Content::Pattern {
        len: size,
        seed: SEED,
    }
    .digest();
    assert!(server.digest("/out/big") == Some(wanted));
}

fn relayed(size: u64) {
    let from = Server::new().pattern("/in/big", size, SEED);
    let from = cutting(from, &[("RETR", CUTS)], size).start();
    let to = Server::new().discard_uploads().start();
    let steps = format!(
        "steps:\n  pass:\n    relay: {{server: a, files: /in/big, to: b, into: /out}}\n{RETRY}"
    );
    let case = Case::new().pipeline(&[("a", &from), ("b", &to)], &steps);
    case.run().code(0);
    assert_eq!((to.count("STOR"), to.count("APPE")), (1, CUTS));
    assert!(sent(&from, size) < size + size / 10);
    let wanted = Content::Pattern {
        len: size,
        seed: SEED,
    }
    .digest();
    assert!(to.digest("/out/big") == Some(wanted));
}

#[test]
fn a_download_that_is_cut_ten_times_moves_hardly_more_than_its_size() {
    downloaded(SHORT);
}

#[test]
fn an_upload_that_is_cut_ten_times_moves_hardly_more_than_its_size() {
    uploaded(SHORT);
}

#[test]
fn a_relay_that_is_cut_ten_times_moves_hardly_more_than_its_size() {
    relayed(SHORT);
}

#[test]
#[ignore = "takes minutes: FTPFLOW_LONG=1 tests/run"]
fn long_a_gibibyte_that_is_cut_ten_times_moves_hardly_more_than_its_size() {
    downloaded(LONG);
    uploaded(LONG);
    relayed(LONG);
}
