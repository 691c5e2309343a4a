//! `transfer::copy` between all pairs of real servers: new names, taken names, partial files, and a second look that
//! finds nothing to do.
#![cfg(test)]
#![cfg(unix)]

use std::fs;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use ftpflow::event::Meter;
use ftpflow::files::{
    Allowance, FileSet, Fingerprint, Folder, Limits, Listing, NameEncoding, Partials, Reach, Route,
    ServerId, Side, Time,
};
use ftpflow::options::TransferOptions;
use ftpflow::transfer::{
    Decision, End, Inventory, Item, Looks, Manners, Reading, Request, Server as Remote, copy,
    decide, folders,
};

use crate::harness::real::{self, HOST, Kind, Server};
use crate::harness::server::pattern;
use crate::harness::session;

const SIZE: u64 = 3_000_000;
const KINDS: [Kind; 4] = [Kind::Vsftpd, Kind::Proftpd, Kind::Pureftpd, Kind::Pyftpd];

fn session(server: &Server) -> Remote {
    let endpoint = session::endpoint(HOST, server.port(), server.user());
    Remote::new(session::open(endpoint, server.password()).unwrap())
}

fn whole() -> Allowance {
    Allowance::new(Limits::default())
}

/// Those of `from/a` at a path.
fn partials(target: &str) -> Partials {
    let owner = Fingerprint {
        manifest: "m",
        step: "s",
        source: "",
        path: b"from/a",
    };
    Partials::of(target.as_bytes(), &owner)
}

/// 2021-02-03 04:05:06 UTC.
const THEN: u64 = 1_612_325_106;

fn source_set(session: &mut Remote, root: &[u8]) -> FileSet {
    let page = session.list(root, &whole()).unwrap();
    let folder = Folder {
        relative: Vec::new(),
        page,
    };
    FileSet::all(Arc::new(Listing::assemble(
        Side::Server(ServerId(0)),
        root.to_vec(),
        NameEncoding::Auto,
        true,
        vec![folder],
    )))
}

/// Surveys, decides, moves; gives the decisions and the bytes moved.
fn run(from: &mut Remote, to: &mut Remote, set: &FileSet, into: &str) -> (Vec<Decision>, u64) {
    let route = Route {
        side: Side::Server(ServerId(1)),
        root: into.as_bytes().to_vec(),
        reach: Reach::AnyBytes,
        encoding: NameEncoding::Auto,
        flatten: false,
        keeps_size: true,
        keeps_times: true,
        keeps_spaces: true,
        rename: None,
    };
    let options = TransferOptions::default();
    let sets_times = {
        let facts = to.facts().unwrap();
        !facts.no_times && facts.features.as_ref().is_some_and(|f| f.mfmt)
    };
    let request = Request {
        options: &options,
        manifest: "m",
        step: "s",
        source_id: "real",
        own_source: false,
        sets_times,
        chmod: None,
        begun: None,
        chosen: None,
        by: Reading::LOCAL,
        relied_since: None,
        spared: None,
    };
    let mut inventory = Inventory::new(Manners::default());
    for folder in folders(set, &route, None) {
        match to.list(&ftpflow::files::join(into.as_bytes(), &folder), &whole()) {
            Ok(page) => inventory.take(&folder, page),
            Err(error) if error.is_missing() => {
                inventory.missing(&folder);
            }
            Err(error) => panic!("{error}"),
        }
    }
    let decisions = decide(set, &route, &inventory, &request).unwrap();
    for folder in &decisions.folders {
        to.make_folder(&ftpflow::files::join(into.as_bytes(), folder))
            .unwrap();
    }
    let mut moved = 0;
    for (at, decision) in decisions.iter() {
        if !matches!(
            decision,
            Decision::Transfer { .. } | Decision::Resume { .. }
        ) {
            continue;
        }
        let item = Item::new(
            set,
            at,
            &route,
            &inventory,
            &request,
            decision,
            Looks::default(),
        )
        .unwrap();
        let copied = copy(
            from,
            to,
            &item,
            &options,
            &Meter::default(),
            &mut Vec::new(),
        )
        .unwrap();
        assert_eq!(copied.proven, Ok(()));
        moved += copied.bytes_moved;
    }
    (decisions.iter().map(|(_, d)| d).collect(), moved)
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn every_pair_of_servers_relays_continues_replaces_and_then_rests() {
    let servers: Vec<_> = KINDS
        .iter()
        .filter_map(|&kind| real::start(kind).map(|server| (kind, server)))
        .collect();
    let content = pattern(SIZE, 3);
    for (_, server) in &servers {
        server.put("from/版本.bin", &content);
        server.put("from/empty", b"");
        fs::create_dir_all(server.root().join("in")).unwrap();
        server.adopt();
    }
    for (one, source) in &servers {
        for (two, target) in &servers {
            let context = format!("{one:?} to {two:?}");
            let (mut from, mut to) = (session(source), session(target));
            let set = source_set(&mut from, format!("{}from", source.prefix()).as_bytes());
            assert_eq!(set.len(), 2, "{context}");
            let into = format!("{}in/{one:?}", target.prefix());
            let place = target.root().join(format!("in/{one:?}"));

            let (decisions, moved) = run(&mut from, &mut to, &set, &into);
            assert_eq!(
                decisions,
                [Decision::Transfer { over: false }; 2],
                "{context}"
            );
            assert_eq!(moved, SIZE, "{context}");
            assert!(
                fs::read(place.join("版本.bin")).unwrap() == content,
                "{context}"
            );
            assert_eq!(fs::read_dir(&place).unwrap().count(), 2, "{context}");

            let (decisions, _) = run(&mut from, &mut to, &set, &into);
            let same = |decision: &&Decision| matches!(decision, Decision::Same(_));
            assert_eq!(
                decisions.iter().filter(same).count(),
                2,
                "{context}: second run"
            );

            target.put(format!("in/{one:?}/版本.bin"), b"other");
            let (decisions, _) = run(&mut from, &mut to, &set, &into);
            assert_eq!(
                decisions.iter().filter(same).count(),
                1,
                "{context}: replaced"
            );
            assert!(
                fs::read(place.join("版本.bin")).unwrap() == content,
                "{context}"
            );
            assert!(from.healthy() && to.healthy(), "{context}");
        }
    }
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn every_pair_of_servers_continues_a_partial_or_begins_again() {
    let servers: Vec<_> = KINDS
        .iter()
        .filter_map(|&kind| real::start(kind).map(|server| (kind, server)))
        .collect();
    let content = pattern(SIZE, 4);
    for (_, server) in &servers {
        server.put("from/a", &content);
        let file = fs::File::options()
            .write(true)
            .open(server.root().join("from/a"));
        let then = UNIX_EPOCH + Duration::from_secs(THEN);
        file.unwrap().set_modified(then).unwrap();
    }
    for (one, source) in &servers {
        for (two, target) in &servers {
            let context = format!("{one:?} to {two:?}");
            let (mut from, mut to) = (session(source), session(target));
            let set = source_set(&mut from, format!("{}from", source.prefix()).as_bytes());
            let name = format!("whole-{one:?}");
            let whole = format!("{}{name}", target.prefix());
            let exact = Some(Time::at(THEN as i64));
            let part = partials(&name).of_version(Some(SIZE), exact);
            let part = String::from_utf8(part).unwrap();
            target.put(&part, &content[..1_000_000]);
            let item = Item {
                text: "a".into(),
                source: set.absolute(0),
                size: set.size(0),
                modified: set.modified(0),
                target: whole.clone().into_bytes(),
                temporary: format!("{}{part}", target.prefix()).into_bytes(),
                partials: partials(&whole),
                direct: false,
                may_overwrite: true,
                keeps_time: true,
                chmod: None,
                resumable: true,
                partial: true,
                now: i64::MAX,
                is_settled: true,
                relied: false,
                asks_time: false,
                asks_places: false,
                mark: Vec::new(),
                others: Vec::new(),
                replaces: false,
                has_namesake: false,
                replaces_only_copy: false,
                replaces_same_size: false,
                again: false,
                stale: Vec::new(),
            };
            let copied = copy(
                &mut from,
                &mut to,
                &item,
                &TransferOptions::default(),
                &Meter::default(),
                &mut Vec::new(),
            )
            .unwrap_or_else(|error| panic!("{context}: {error}"));
            let refused = to.facts().unwrap().no_restart_upload;
            let expected = if refused { SIZE } else { SIZE - 1_000_000 };
            assert_eq!(copied.bytes_moved, expected, "{context}");
            let arrived = fs::read(target.root().join(format!("whole-{one:?}"))).unwrap();
            assert!(arrived == content, "{context}");
            assert!(!target.root().join(part).exists() && copied.proven.is_ok());
        }
    }
}
