//! The rules of `decide`, as tables.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::files::{Folder, Listing, NameEncoding, Page, Precision, Reach, ServerId, Side, Time};
use crate::options::{Publish, TransferOptions, Verify};
use crate::transfer::{Item, Manners, Reading};

const T: Option<Time> = Some(Time::at(1_000_000));

fn at(seconds: i64) -> Option<Time> {
    Some(Time::at(1_000_000 + seconds))
}

type Row<'a> = (&'a [u8], Kind, Option<u64>, Option<Time>);

fn set(rows: &[Row<'_>]) -> FileSet {
    let mut folders: Vec<Folder> = Vec::new();
    for (path, kind, size, modified) in rows {
        let slash = path.iter().rposition(|&b| b == b'/');
        let folder = slash.map_or(&b""[..], |slash| &path[..slash]);
        let name = slash.map_or(*path, |slash| &path[slash + 1..]);
        if !folders.iter().any(|known| known.relative == folder) {
            folders.push(Folder {
                relative: folder.to_vec(),
                page: Page::default(),
            });
        }
        let known = folders.iter_mut().find(|known| known.relative == folder);
        known.unwrap().page.push(name, *kind, *size, *modified);
    }
    FileSet::all(Arc::new(Listing::assemble(
        Side::Server(ServerId(0)),
        b"/from".to_vec(),
        NameEncoding::Auto,
        true,
        folders,
    )))
}

fn one(size: Option<u64>, modified: Option<Time>) -> FileSet {
    set(&[(b"a", Kind::File, size, modified)])
}

fn route() -> Route {
    Route {
        side: Side::Server(ServerId(1)),
        root: b"/into".to_vec(),
        reach: Reach::AnyBytes,
        encoding: NameEncoding::Auto,
        flatten: false,
        keeps_size: true,
        keeps_times: true,
        keeps_spaces: true,
        rename: None,
    }
}

fn request(options: &TransferOptions) -> Request<'_> {
    Request {
        options,
        manifest: "m",
        step: "s",
        source_id: "h:21:u",
        own_source: false,
        sets_times: true,
        chmod: None,
        begun: None,
        chosen: None,
        by: Reading::LOCAL,
        relied_since: None,
        spared: None,
    }
}

fn standing(rows: &[Row<'_>]) -> Inventory {
    let mut page = Page::default();
    for (name, kind, size, modified) in rows {
        page.push(name, *kind, *size, *modified);
    }
    let mut inventory = Inventory::new(Manners::default());
    inventory.take(b"", page);
    inventory
}

fn decide_one(
    ours: (Option<u64>, Option<Time>),
    theirs: Row<'_>,
    options: &TransferOptions,
    sets_times: bool,
) -> Decision {
    let request = Request {
        sets_times,
        ..request(options)
    };
    let set = one(ours.0, ours.1);
    decide(&set, &route(), &standing(&[theirs]), &request)
        .unwrap()
        .of(0)
}

const OVER: Decision = Decision::Transfer { over: true };

fn same(exactness: Exactness) -> Decision {
    Decision::Same(exactness)
}

#[test]
fn update_compares_size_then_time_as_far_as_times_arrive() {
    let keeps = TransferOptions::default();
    let now = TransferOptions {
        keep_times: false,
        ..TransferOptions::default()
    };
    let minute = Some(Time::known(1_000_000 - 40, Precision::Minute));
    let rows = [
        // options, can set times, our size and time, their size and time
        (
            &keeps,
            true,
            (Some(1), T),
            (Some(1), T),
            same(Exactness::Exact),
        ),
        (&keeps, true, (Some(1), T), (Some(2), T), OVER),
        (&keeps, true, (Some(1), T), (Some(1), at(1)), OVER),
        (&keeps, true, (Some(1), T), (Some(1), at(-1)), OVER),
        (
            &keeps,
            true,
            (Some(1), T),
            (Some(1), minute),
            same(Exactness::Coarse),
        ),
        // Where times do not arrive, theirs is when it was written: later than ours.
        (
            &keeps,
            false,
            (Some(1), T),
            (Some(1), at(500)),
            same(Exactness::NotOlder),
        ),
        // Whoever gave it that time, it was not this step.
        (
            &keeps,
            false,
            (Some(1), T),
            (Some(1), T),
            same(Exactness::ByChance),
        ),
        (
            &now,
            true,
            (Some(1), T),
            (Some(1), at(500)),
            same(Exactness::NotOlder),
        ),
        (&keeps, false, (Some(1), T), (Some(1), at(-1)), OVER),
        (&now, true, (Some(1), T), (Some(1), at(-1)), OVER),
        (
            &keeps,
            false,
            (Some(1), T),
            (Some(1), minute),
            same(Exactness::Coarse),
        ),
        // Unknown values.
        (
            &keeps,
            true,
            (Some(1), None),
            (Some(1), T),
            same(Exactness::Unknown),
        ),
        (
            &keeps,
            true,
            (Some(1), T),
            (Some(1), None),
            same(Exactness::Unknown),
        ),
        (
            &keeps,
            true,
            (Some(1), T),
            (None, T),
            same(Exactness::NoSize),
        ),
        (
            &keeps,
            true,
            (None, T),
            (Some(1), T),
            same(Exactness::NoSize),
        ),
        (&keeps, true, (Some(1), T), (None, at(1)), OVER),
        (&keeps, true, (Some(1), minute), (None, minute), OVER),
        (&keeps, false, (Some(1), T), (None, T), OVER),
    ];
    for (options, sets, ours, theirs, expected) in rows {
        let theirs = (&b"a"[..], Kind::File, theirs.0, theirs.1);
        let decision = decide_one(ours, theirs, options, sets);
        assert_eq!(decision, expected, "{ours:?} {theirs:?} sets times: {sets}");
    }
}

#[test]
fn only_an_exact_match_is_proof() {
    let options = TransferOptions::default();
    let request = request(&options);
    for exactness in [Exactness::Coarse, Exactness::Unknown, Exactness::NotOlder] {
        assert!(request.same_is_proof(exactness).is_err() && request.may_prove_more(exactness));
    }
    assert!(request.same_is_proof(Exactness::Exact).is_ok());
    assert!(!request.may_prove_more(Exactness::Exact));
    let (early, late) = (Time::fine(1_000_000, 1), Time::fine(1_000_000, 2));
    let disk = |time| (&b"a"[..], Kind::File, Some(1), Some(time));
    let ours = (Some(1), Some(late));
    assert_eq!(decide_one(ours, disk(early), &options, true), OVER);
    assert_eq!(
        decide_one(ours, disk(late), &options, true),
        same(Exactness::Exact)
    );
}

#[test]
fn what_stands_there_is_treated_as_asked() {
    let there = (&b"a"[..], Kind::File, Some(1), T);
    for (if_exists, expected) in [
        (IfExists::Update, same(Exactness::Exact)),
        (IfExists::Overwrite, OVER),
        (IfExists::Skip, Decision::Skip(Skip::Exists)),
    ] {
        let options = TransferOptions {
            if_exists,
            ..TransferOptions::default()
        };
        assert_eq!(decide_one((Some(1), T), there, &options, true), expected);
        let missing = (&b"b"[..], Kind::File, Some(1), T);
        assert_eq!(
            decide_one((Some(1), T), missing, &options, true),
            Decision::Transfer { over: false }
        );
    }
}

#[test]
fn fail_looks_at_all_names_first() {
    let options = TransferOptions {
        if_exists: IfExists::Fail,
        ..TransferOptions::default()
    };
    let set = set(&[
        (b"a", Kind::File, Some(1), T),
        (b"b", Kind::File, Some(1), T),
        (b"c", Kind::File, Some(1), T),
    ]);
    let there = [
        (&b"b"[..], Kind::File, Some(9), T),
        (b"c", Kind::File, None, None),
    ];
    let error = decide(&set, &route(), &standing(&there), &request(&options)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "2 files are already there, the first is `b`"
    );
    assert!(decide(&set, &route(), &standing(&[]), &request(&options)).is_ok());
}

#[test]
fn something_else_with_the_name_is_never_replaced() {
    let options = TransferOptions::default();
    for kind in [Kind::Folder, Kind::Other] {
        let decision = decide_one((Some(1), T), (b"a", kind, Some(1), T), &options, true);
        assert_eq!(decision, Decision::Refuse(0));
    }
    let link = (&b"a"[..], Kind::Link, Some(1), T);
    assert_eq!(decide_one((Some(1), T), link, &options, true), OVER);
}

#[test]
fn only_files_are_transferred() {
    let set = set(&[
        (b"dir", Kind::Folder, None, T),
        (b"link", Kind::Link, None, T),
        (b"pipe", Kind::Other, None, T),
    ]);
    let options = TransferOptions::default();
    let decisions = decide(&set, &route(), &standing(&[]), &request(&options)).unwrap();
    let all: Vec<_> = decisions.iter().map(|(_, decision)| decision).collect();
    assert_eq!(
        all,
        [Skip::Folder, Skip::Link, Skip::Special].map(Decision::Skip)
    );
    assert!(decisions.folders.is_empty());
}

#[test]
fn a_file_is_not_copied_onto_itself() {
    let options = TransferOptions::default();
    let request = Request {
        own_source: true,
        ..request(&options)
    };
    let mut route = route();
    let set = one(Some(1), T);
    let decided = |route: &Route| decide(&set, route, &standing(&[]), &request).unwrap();
    assert_eq!(decided(&route).of(0), Decision::Transfer { over: false });
    route.root = b"/from".to_vec();
    let decisions = decided(&route);
    assert_eq!(decisions.of(0), Decision::Refuse(0));
    assert_eq!(*decisions.refusal(0), Refusal::OwnSource);
}

#[test]
fn two_files_on_one_name_stop_the_step() {
    let options = TransferOptions::default();
    let raw = set(&[
        (b"x/a%FF", Kind::File, Some(1), T),
        (b"x/a\xff", Kind::File, Some(1), T),
        (b"y/b", Kind::File, Some(1), T),
        (b"z/b", Kind::File, Some(1), T),
        (b"z/B", Kind::File, Some(1), T),
    ]);
    let local = Route {
        reach: Reach::Local,
        ..route()
    };
    let error = decide(&raw, &local, &standing(&[]), &request(&options)).unwrap_err();
    assert!(matches!(error, DecideError::Collision { .. }), "{error}");
    assert!(decide(&raw, &route(), &standing(&[]), &request(&options)).is_ok());
    let flat = Route {
        flatten: true,
        ..route()
    };
    let error = decide(&raw, &flat, &standing(&[]), &request(&options)).unwrap_err();
    assert_eq!(error.to_string(), "`y/b` and `z/b` would both become `b`");
    let folding = Inventory::new(Manners {
        folds_case: true,
        ..Manners::default()
    });
    assert!(decide(&raw, &route(), &folding, &request(&options)).is_err());
}

#[test]
fn a_name_that_cannot_stand_there_fails_alone() {
    let options = TransferOptions::default();
    let raw = set(&[
        (b"a\xff", Kind::File, Some(1), T),
        (b"b", Kind::File, Some(1), T),
    ]);
    let text = Route {
        reach: Reach::Text(NameEncoding::Auto),
        ..route()
    };
    let decisions = decide(&raw, &text, &standing(&[]), &request(&options)).unwrap();
    assert!(decisions.iter().any(|(_, d)| d == Decision::Refuse(0)));
    assert!(decisions.refusal(0).help().unwrap().contains("encoding"));
    assert_eq!(decisions.files, 1);
}

#[test]
fn a_partial_of_this_very_source_is_continued() {
    let options = TransferOptions::default();
    let set = one(Some(10), T);
    let request = request(&options);
    let plain = standing(&[]);
    let decisions = decide(&set, &route(), &plain, &request).unwrap();
    let item = Item::new(
        &set,
        0,
        &route(),
        &plain,
        &request,
        decisions.of(0),
        Looks::default(),
    )
    .unwrap();
    assert_eq!(
        (&item.target[..], &item.source[..]),
        (&b"/into/a"[..], &b"/from/a"[..])
    );
    let temporary = item.temporary.strip_prefix(b"/into/").unwrap().to_vec();
    for (done, expected) in [
        (0, Decision::Transfer { over: false }),
        (4, Decision::Resume { at: 4, over: false }),
        (
            10,
            Decision::Resume {
                at: 10,
                over: false,
            },
        ),
        (11, Decision::Transfer { over: false }),
    ] {
        let there = standing(&[(&temporary, Kind::File, Some(done), T)]);
        assert_eq!(
            decide(&set, &route(), &there, &request).unwrap().of(0),
            expected
        );
    }
    let there = standing(&[(&temporary, Kind::File, Some(4), T)]);
    let fine = Some(Time::fine(1_000_000, 5));
    for changed in [
        one(Some(12), T),
        one(Some(10), at(1)),
        one(Some(10), None),
        one(Some(10), fine),
    ] {
        let decision = decide(&changed, &route(), &there, &request).unwrap().of(0);
        assert_eq!(decision, Decision::Transfer { over: false });
        let item = Item::new(
            &changed,
            0,
            &route(),
            &there,
            &request,
            decision,
            Looks::default(),
        )
        .unwrap();
        assert_eq!(
            item.stale,
            std::slice::from_ref(&crate::files::join(b"/into", &temporary))
        );
    }
    let never = TransferOptions {
        resume: false,
        ..TransferOptions::default()
    };
    let request = Request {
        options: &never,
        ..request
    };
    assert_eq!(
        decide(&set, &route(), &there, &request).unwrap().of(0),
        Decision::Transfer { over: false }
    );
}

#[test]
fn names_that_a_listing_may_hide_are_asked_for_once() {
    let options = TransferOptions::default();
    let set = set(&[(b".hid", Kind::File, Some(3), T)]);
    let request = request(&options);
    let mut inventory = Inventory::new(Manners {
        hides_dot_names: true,
        ..Manners::default()
    });
    inventory.take(b"", Page::default());
    let first = decide(&set, &route(), &inventory, &request).unwrap();
    assert_eq!(
        first.unsure.len(),
        2,
        "the final name and the temporary one"
    );
    for name in &first.unsure {
        let found = (name == b".hid").then_some(Standing {
            kind: Kind::File,
            size: Some(3),
            modified: T,
        });
        inventory.answer(name, found);
    }
    let second = decide(&set, &route(), &inventory, &request).unwrap();
    assert_eq!(
        (second.of(0), second.unsure.len()),
        (same(Exactness::Exact), 0)
    );
}

#[test]
fn missing_folders_are_made_parents_first_and_once() {
    let set = set(&[
        (b"x/y/a", Kind::File, Some(1), T),
        (b"x/y/b", Kind::File, Some(1), T),
        (b"x/c", Kind::File, Some(1), T),
        (b"there/d", Kind::File, Some(1), T),
    ]);
    let options = TransferOptions::default();
    let mut inventory = standing(&[]);
    inventory.take(b"there", Page::default());
    inventory.missing(b"x");
    let decisions = decide(&set, &route(), &inventory, &request(&options)).unwrap();
    assert_eq!(decisions.folders, [b"x".to_vec(), b"x/y".to_vec()]);
    let mut nothing = Inventory::new(Manners::default());
    nothing.missing(b"");
    let decisions = decide(&set, &route(), &nothing, &request(&options)).unwrap();
    assert_eq!(
        decisions.folders,
        [&b""[..], b"there", b"x", b"x/y"].map(<[u8]>::to_vec)
    );
    assert!(decisions.unsure.is_empty());
}

#[test]
fn converted_files_are_compared_by_time_alone() {
    let ascii = TransferOptions {
        ascii: true,
        resume: false,
        verify: Verify::None,
        ..TransferOptions::default()
    };
    let there = (&b"a"[..], Kind::File, Some(99), T);
    assert_eq!(
        decide_one((Some(1), T), there, &ascii, true),
        same(Exactness::Exact)
    );
    let unknown = (&b"a"[..], Kind::File, Some(1), None);
    assert_eq!(decide_one((Some(1), T), unknown, &ascii, true), OVER);
}

fn an_entry() -> impl Strategy<Value = (String, Option<u64>, Option<i64>)> {
    (
        "[a-c]{1,2}(/[a-cA-C%]{1,3}){0,2}",
        proptest::option::of(0u64..4),
        proptest::option::of(-3i64..3),
    )
}

fn options() -> impl Strategy<Value = TransferOptions> {
    (0..2u8, 0..3u8, any::<[bool; 3]>()).prop_map(
        |(exists, publish, [resume, keep_times, ascii])| TransferOptions {
            if_exists: if exists == 0 {
                IfExists::Update
            } else {
                IfExists::Skip
            },
            publish: [Publish::File, Publish::Set, Publish::Direct][usize::from(publish)],
            resume,
            keep_times,
            ascii,
            ..TransferOptions::default()
        },
    )
}

proptest! {
    /// After everything that was decided is done, nothing of a known size and time is left to do.
    #[test]
    fn a_second_run_transfers_nothing(
        files in proptest::collection::vec(an_entry(), 1..12),
        options in options(),
        sets_times: bool,
    ) {
        let rows: std::collections::BTreeMap<_, _> = files
            .iter()
            .map(|(path, size, time)| (path.as_bytes(), (*size, time.and_then(at))))
            .collect();
        let rows: Vec<Row<'_>> = rows.into_iter().map(|(p, (s, t))| (p, Kind::File, s, t)).collect();
        let set = set(&rows);
        let request = Request { sets_times, ..request(&options) };
        let mut empty = Inventory::new(Manners::default());
        empty.missing(b"");
        let first = decide(&set, &route(), &empty, &request).unwrap();
        prop_assert_eq!(first.files, set.len() as u64);
        prop_assert!(first.unsure.is_empty());
        let mut after = Inventory::new(Manners::default());
        for folder in crate::transfer::folders(&set, &route(), None) {
            let mut page = Page::default();
            for file in set.positions() {
                let relative = set.relative(file);
                let name = match relative.strip_prefix(&folder[..]) {
                    Some(rest) if folder.is_empty() => rest,
                    Some(rest) if rest.starts_with(b"/") => &rest[1..],
                    _ => continue,
                };
                if name.contains(&b'/') {
                    continue;
                }
                let written = at(1000);
                let time = if request.times_arrive() { set.modified(file) } else { written };
                page.push(name, Kind::File, set.size(file), time);
            }
            after.take(&folder, page);
        }
        let second = decide(&set, &route(), &after, &request).unwrap();
        for (file, decision) in second.iter() {
            let known = set.size(file).is_some() && set.modified(file).is_some();
            prop_assert!(
                !known || matches!(decision, Decision::Same(_) | Decision::Skip(Skip::Exists)),
                "{}: {:?}", set.text(file), decision
            );
        }
    }
}
