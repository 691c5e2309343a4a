//! The loop and its rules between two folders of this machine, where every fault can be made by hand.

use std::fs;

use super::*;
use crate::files::{Fingerprint, Partials, Time};
use crate::local::Root;
use crate::transfer::{Disk, Settled, discard, publish, settle};

struct Lab {
    _folder: tempfile::TempDir,
    from: Root,
    into: Root,
    item: Item,
    options: TransferOptions,
}

fn lab(content: &[u8]) -> Lab {
    let folder = tempfile::tempdir().unwrap();
    let from = Root::create(&folder.path().join("from")).unwrap();
    let into = Root::create(&folder.path().join("into")).unwrap();
    fs::write(from.path().join("a"), content).unwrap();
    let time = Time::at(1_600_000_000);
    from.set_time(b"a", time).unwrap();
    Lab {
        _folder: folder,
        item: Item {
            text: "a".into(),
            source: at(&from, "a"),
            size: Some(content.len() as u64),
            modified: Some(time),
            target: at(&into, "b"),
            temporary: at(&into, "b.ftpflow-0123456789"),
            partials: partials(),
            direct: false,
            may_overwrite: true,
            keeps_time: true,
            chmod: None,
            resumable: true,
            partial: false,
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
        },
        from,
        into,
        options: TransferOptions::default(),
    }
}

/// Those of a file that is no test's subject.
fn partials() -> Partials {
    let owner = Fingerprint {
        manifest: "m",
        step: "s",
        source: "",
        path: b"/from/a",
    };
    Partials::of(b"/in/b", &owner)
}

fn disk(root: &Root) -> Disk {
    Disk::new(root.path().to_path_buf())
}

fn at(root: &Root, name: &str) -> Vec<u8> {
    crate::local::bytes(&root.path().join(name)).to_vec()
}

impl Lab {
    fn copy(&self) -> Result<Copied, CopyError> {
        let mut source = disk(&self.from);
        let mut target = disk(&self.into);
        let meter = Meter::default();
        let (item, options) = (&self.item, &self.options);
        copy(
            &mut source,
            &mut target,
            item,
            options,
            &meter,
            &mut Vec::new(),
        )
    }

    fn names(&self) -> Vec<String> {
        let read = fs::read_dir(self.into.path()).unwrap();
        let mut names: Vec<_> = read
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn put(&self, name: &str, content: &[u8]) {
        fs::write(self.into.path().join(name), content).unwrap();
    }

    fn content(&self) -> Vec<u8> {
        fs::read(self.into.path().join("b")).unwrap()
    }
}

const PART: &str = "b.ftpflow-0123456789";

#[test]
fn a_file_arrives_whole_proven_and_with_its_time() {
    let content: Vec<u8> = (0..BUFFER * 2 + 7).map(|at| (at % 251) as u8).collect();
    let lab = lab(&content);
    lab.put("b", b"old");
    let copied = lab.copy().unwrap();
    assert_eq!(
        copied,
        Copied {
            bytes_moved: content.len() as u64,
            proven: Ok(()),
            times_kept: true,
            visible: true,
            places: None,
            source: Looks {
                size: Some(content.len() as u64),
                modified: Some(Time::fine(1_600_000_000, 0)),
            },
            time: Some(Time::fine(1_600_000_000, 0)),
            warning: None,
            left_mark: None,
            exact: None
        }
    );
    assert_eq!(lab.content(), content);
    assert_eq!(lab.names(), ["b"]);
    let found = lab.into.stat(b"b").unwrap().unwrap();
    assert!(!found.modified.differs(lab.item.modified.unwrap()));
}

#[test]
fn an_empty_file_is_a_file() {
    let lab = lab(b"");
    assert_eq!(lab.copy().unwrap().proven, Ok(()));
    assert_eq!(lab.content(), b"");
}

#[test]
fn a_partial_is_continued_and_only_the_rest_moves() {
    let mut lab = lab(b"0123456789");
    lab.item.partial = true;
    for there in [4, 10] {
        lab.put(PART, &b"0123456789"[..there]);
        assert_eq!(lab.copy().unwrap().bytes_moved, 10 - there as u64);
        assert_eq!(lab.content(), b"0123456789");
        let found = lab.into.stat(b"b").unwrap().unwrap();
        assert!(!found.modified.differs(lab.item.modified.unwrap()));
    }
}

#[test]
fn a_partial_that_is_too_long_is_written_anew() {
    let mut lab = lab(b"0123");
    lab.item.partial = true;
    lab.put(PART, b"9999999");
    assert_eq!(lab.copy().unwrap().bytes_moved, 4);
    assert_eq!(lab.content(), b"0123");
}

#[test]
fn a_source_that_changed_since_it_was_listed_arrives_as_it_is() {
    for listed in [Some(3), Some(5)] {
        let mut lab = lab(b"0123");
        lab.item.size = listed;
        assert_eq!(lab.copy().unwrap().proven, Ok(()));
        assert_eq!(
            (lab.names(), lab.content()),
            (vec!["b".into()], b"0123".to_vec())
        );
    }
    let mut lab = lab(b"0123");
    lab.item.modified = Some(Time::at(5));
    assert_eq!(
        lab.copy().unwrap().proven,
        Ok(()),
        "same size, another time"
    );
    let found = lab.into.stat(b"b").unwrap().unwrap();
    assert!(!found.modified.differs(Time::at(1_600_000_000)));
}

#[test]
fn a_part_with_other_bytes_at_its_end_is_never_continued() {
    let content = crate::transfer::BUFFER;
    let content: Vec<u8> = (0..content).map(|at| (at % 251) as u8).collect();
    for there in [content.len() - 9, content.len(), 7] {
        let mut lab = lab(&content);
        lab.item.partial = true;
        let mut part = content[..there].to_vec();
        part[there - 3..].fill(0);
        lab.put(PART, &part);
        assert_eq!(lab.copy().unwrap().bytes_moved, content.len() as u64);
        assert!(lab.content() == content, "{there}");
        assert_eq!(lab.names(), ["b"]);
    }
}

#[test]
fn a_part_of_another_version_is_never_continued() {
    let mut lab = lab(b"0123456789");
    lab.item.partial = true;
    lab.put(PART, b"01234");
    // Replaced since: the same size, and the same bytes where they are compared.
    lab.item.modified = Some(Time::at(5));
    assert_eq!(lab.copy().unwrap().bytes_moved, 10);
    assert_eq!(lab.content(), b"0123456789");
}

#[test]
fn a_missing_source_names_its_side_and_touches_nothing() {
    let mut lab = lab(b"x");
    lab.item.source = b"gone".to_vec();
    lab.put("b", b"old");
    let error = lab.copy().unwrap_err();
    assert_eq!((error.end, error.left_behind), (Role::Source, false));
    assert_eq!(
        (lab.names(), lab.content()),
        (vec!["b".into()], b"old".to_vec())
    );
}

#[test]
fn a_destination_that_refuses_names_its_side() {
    let mut lab = lab(b"x");
    lab.item.temporary = b"no/such/folder".to_vec();
    let error = lab.copy().unwrap_err();
    assert_eq!(error.end, Role::Target);
    assert!(lab.names().is_empty());
}

#[test]
fn a_set_waits_for_its_publication() {
    let mut lab = lab(b"new");
    lab.options.publish = Publish::Set;
    lab.item.stale = vec![at(&lab.into, "b.ftpflow-00000000ff")];
    lab.put("b.ftpflow-00000000ff", b"older");
    let copied = lab.copy().unwrap();
    assert!(!copied.visible && copied.proven.is_ok());
    assert_eq!(lab.names(), ["b.ftpflow-00000000ff", PART]);
    let mut target = disk(&lab.into);
    let doubt = Doubt {
        stage: Stage::Renaming,
        expected: 3,
        proven: Ok(()),
    };
    assert_eq!(
        settle(&mut target, &lab.item, &doubt).unwrap(),
        Settled::Arrived(lab.item.time_of_copy())
    );
    publish(&mut target, &lab.item).unwrap();
    assert_eq!(lab.names(), ["b"]);
    assert_eq!(
        settle(&mut target, &lab.item, &doubt).unwrap(),
        Settled::Published(lab.item.time_of_copy())
    );
}

#[test]
fn an_old_file_of_the_same_size_is_not_taken_for_the_new_one() {
    let lab = lab(b"new");
    lab.put("b", b"old");
    let doubt = Doubt {
        stage: Stage::Storing,
        expected: 3,
        proven: Ok(()),
    };
    let mut target = disk(&lab.into);
    assert_eq!(
        settle(&mut target, &lab.item, &doubt).unwrap(),
        Settled::NotArrived
    );
}

#[test]
fn a_name_that_was_taken_meanwhile_is_not_replaced() {
    let mut lab = lab(b"new");
    lab.item.may_overwrite = false;
    lab.put("b", b"theirs");
    let error = lab.copy().unwrap_err();
    assert_eq!(error.end, Role::Target);
    assert_eq!(
        (lab.names(), lab.content()),
        (vec!["b".into()], b"theirs".to_vec())
    );
}

#[test]
fn direct_writes_the_final_name_and_takes_a_half_file_away() {
    let mut lab = lab(b"0123");
    lab.options.publish = Publish::Direct;
    lab.item.direct = true;
    lab.item.resumable = false;
    assert!(lab.copy().unwrap().visible);
    assert_eq!(lab.names(), ["b"]);
    discard(&mut disk(&lab.into), &lab.item).unwrap();
}

#[test]
fn what_is_not_compared_is_not_proven() {
    let mut lab = lab(b"0123");
    lab.options.verify = Verify::None;
    lab.item.size = Some(99);
    let copied = lab.copy().unwrap();
    assert_eq!(copied.proven, Err("`verify: none`".into()));
    lab.options.verify = Verify::Checksum;
    let error = lab.copy().unwrap_err();
    assert_eq!(error.help().unwrap(), "write `verify: size`");
}
