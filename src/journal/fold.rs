//! What the records of an unfinished run come to.

use std::collections::{HashMap, HashSet};
use std::io::{self, BufRead};

use super::record::{Entry, Mark, PathText, Record, VERSION, hidden_name};

/// A line longer than this is no record of ours.
pub(super) const LONGEST: u64 = 16 * 1024 * 1024;

/// A run that began and did not end with everything done.
#[derive(Debug, Clone, Default)]
pub struct Resumed {
    /// The fingerprint of its plan.
    pub fingerprint: String,
    /// Its id.
    pub run_id: String,
    /// Its start, Unix seconds, UTC.
    pub started: i64,
    steps: HashMap<String, StepRecord>,
}

/// A set that a step yields, whole.
#[derive(Debug, Clone, Default)]
pub struct JournaledSet {
    /// Absolute path of its root.
    pub root: Vec<u8>,
    /// Paths of folders relative to the root, as entries number them.
    pub folders: Vec<PathText>,
    /// Its entries, in order.
    pub entries: Vec<Entry>,
    /// Why the listing may lack some.
    pub incomplete: Option<String>,
}

/// What is known of a step.
#[derive(Debug, Clone, Default)]
pub struct StepRecord {
    /// The set that it yields.
    pub set: Option<JournaledSet>,
    /// Files that are dealt with, by absolute path.
    pub marks: HashMap<Vec<u8>, Mark>,
    /// Files that a job was about to publish or delete; those without a mark must be looked at.
    pub begun: HashSet<Vec<u8>>,
    /// Where those of them go that were about to be moved.
    pub begun_to: HashMap<Vec<u8>, Vec<u8>>,
    /// Whether it has ended, with all done.
    pub ended: bool,
    folders: Vec<PathText>,
    entries: Vec<Entry>,
}

/// Why a journal is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// A record's checksum does not match.
    #[error("record {0} of the journal is damaged")]
    Record(usize),
    /// It does not begin as a journal does.
    #[error("the journal has no beginning")]
    Beginning,
    /// Another version of ftpflow wrote it.
    #[error("the journal is of another version of ftpflow")]
    Version,
}

/// What a journal's file comes to.
pub(super) enum Folded {
    /// The run ended with everything done, or none began.
    Nothing,
    /// It did not; the number of bytes that hold whole records.
    Unfinished(Box<Resumed>, u64),
    /// It cannot be trusted.
    Damaged(Damage),
}

impl Resumed {
    /// What is known of a step.
    pub fn step(&self, name: &str) -> Option<&StepRecord> {
        let hidden = || self.steps.get(&hidden_name(name));
        self.steps.get(name).or_else(hidden)
    }

    fn take(&mut self, record: Record) {
        match record {
            Record::Begin { .. } | Record::Done => {}
            Record::Ended { step } => self.of(step).ended = true,
            Record::Entries {
                step,
                folders,
                entries,
            } => {
                let step = self.of(step);
                step.folders.extend(folders);
                step.entries.extend(entries);
            }
            Record::Set {
                step,
                root,
                count,
                incomplete,
            } => {
                let step = self.of(step);
                let entries = std::mem::take(&mut step.entries);
                let folders = std::mem::take(&mut step.folders);
                // Parts of two tries add up to no set: it is then found out anew.
                if entries.len() as u64 == count {
                    step.set = Some(JournaledSet {
                        root: root.bytes(),
                        folders,
                        entries,
                        incomplete,
                    });
                }
            }
            Record::Intent { step, paths, to } => {
                let step = self.of(step);
                let paths = || paths.iter().map(super::PathText::bytes);
                let to = to.iter().map(super::PathText::bytes);
                step.begun_to.extend(paths().zip(to));
                step.begun.extend(paths());
            }
            Record::File { step, path, mark } => {
                // What is dealt with was begun.
                let step = self.of(step);
                step.begun.insert(path.bytes());
                step.marks.insert(path.bytes(), mark);
            }
        }
    }

    /// What has come to an empty list since is what the run was waiting for, as long as it has published and deleted nothing:
    /// what a later step has brought there was not listed either.
    fn forget_empty(&mut self) {
        if self.steps.values().any(|step| !step.begun.is_empty()) {
            return;
        }
        for step in self.steps.values_mut() {
            step.set.take_if(|set| set.entries.is_empty());
        }
    }

    fn of(&mut self, step: String) -> &mut StepRecord {
        self.steps.entry(step).or_default()
    }
}

/// Reads a journal. The last line may be torn by a kill; it is then left out. Any other damage is damage.
pub(super) fn fold(input: &mut impl BufRead) -> io::Result<Folded> {
    let mut resumed = Resumed::default();
    let (mut good, mut number) = (0_u64, 0);
    loop {
        let mut line = Vec::new();
        let length = io::Read::take(&mut *input, LONGEST).read_until(b'\n', &mut line)? as u64;
        if length == 0 || line.pop() != Some(b'\n') {
            break;
        }
        number += 1;
        match (Record::read(&line), number) {
            (None, _) => return Ok(Folded::Damaged(Damage::Record(number))),
            (Some(Record::Begin { version, .. }), 1) if version != VERSION => {
                return Ok(Folded::Damaged(Damage::Version));
            }
            (
                Some(Record::Begin {
                    fingerprint,
                    run_id,
                    started,
                    ..
                }),
                1,
            ) => {
                resumed = Resumed {
                    fingerprint,
                    run_id,
                    started,
                    steps: HashMap::new(),
                };
            }
            (Some(_), 1) => return Ok(Folded::Damaged(Damage::Beginning)),
            (Some(Record::Done), _) => return Ok(Folded::Nothing),
            (Some(record), _) => resumed.take(record),
        }
        good += length;
    }
    if number == 0 {
        return Ok(Folded::Nothing);
    }
    resumed.forget_empty();
    Ok(Folded::Unfinished(Box::new(resumed), good))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Kind;

    fn journal(records: &[Record]) -> Vec<u8> {
        let lines = records
            .iter()
            .map(|record| record.line(&|text| text.to_owned()).unwrap());
        lines.collect::<String>().into_bytes()
    }

    fn begin() -> Record {
        Record::Begin {
            version: VERSION,
            fingerprint: "f".into(),
            run_id: "r".into(),
            started: 7,
        }
    }

    fn records() -> Vec<Record> {
        let entry = Entry {
            folder: 0,
            name: PathText::new(b"a"),
            kind: Kind::File,
            size: Some(1),
            modified: None,
        };
        let path = PathText::new(b"/x/a");
        vec![
            begin(),
            Record::Entries {
                step: "list".into(),
                folders: vec![PathText::new(b"")],
                entries: vec![entry],
            },
            Record::Set {
                step: "list".into(),
                root: PathText::new(b"/x"),
                count: 1,
                incomplete: None,
            },
            Record::Intent {
                step: "keep".into(),
                paths: vec![path.clone(), PathText::new(b"/x/b")],
                to: Vec::new(),
            },
            Record::File {
                step: "keep".into(),
                path,
                mark: Mark::Proven,
            },
        ]
    }

    fn unfinished(bytes: &[u8]) -> (Resumed, u64) {
        match fold(&mut &bytes[..]).unwrap() {
            Folded::Unfinished(resumed, good) => (*resumed, good),
            _ => panic!("not unfinished"),
        }
    }

    #[test]
    fn sets_marks_and_what_was_begun_are_known_again() {
        let bytes = journal(&records());
        let (resumed, good) = unfinished(&bytes);
        assert_eq!((resumed.started, good), (7, bytes.len() as u64));
        let set = resumed.step("list").unwrap().set.clone().unwrap();
        assert_eq!((set.root, set.entries.len()), (b"/x".to_vec(), 1));
        let keep = resumed.step("keep").unwrap();
        assert_eq!(keep.marks.get(&b"/x/a"[..]), Some(&Mark::Proven));
        assert_eq!(keep.begun.len(), 2);
    }

    #[test]
    fn a_kill_at_any_byte_leaves_a_journal_that_is_read_or_empty() {
        let bytes = journal(&records());
        for end in 0..bytes.len() {
            match fold(&mut &bytes[..end]).unwrap() {
                Folded::Unfinished(_, good) => assert!(good <= end as u64),
                Folded::Nothing => {
                    assert!(end < bytes.iter().position(|b| *b == b'\n').unwrap() + 1)
                }
                Folded::Damaged(damage) => panic!("{damage} at {end}"),
            }
        }
    }

    #[test]
    fn a_changed_byte_is_damage() {
        let bytes = journal(&records());
        for at in 0..bytes.len() - 1 {
            let mut changed = bytes.clone();
            changed[at] ^= 0x20;
            let damaged = matches!(fold(&mut &changed[..]).unwrap(), Folded::Damaged(_));
            assert!(damaged, "{at}");
        }
    }

    #[test]
    fn a_run_that_ended_leaves_nothing_to_resume() {
        let mut all = records();
        all.push(Record::Done);
        assert!(matches!(
            fold(&mut &journal(&all)[..]).unwrap(),
            Folded::Nothing
        ));
    }

    #[test]
    fn an_empty_set_is_found_out_anew_only_where_nothing_was_begun() {
        let empty = Record::Set {
            step: "none".into(),
            root: PathText::new(b"/x"),
            count: 0,
            incomplete: None,
        };
        let (resumed, _) = unfinished(&journal(&[begin(), empty.clone()]));
        assert!(resumed.step("none").unwrap().set.is_none());
        let intent = Record::Intent {
            step: "keep".into(),
            paths: vec![PathText::new(b"/x/a")],
            to: Vec::new(),
        };
        let (resumed, _) = unfinished(&journal(&[begin(), empty, intent]));
        assert!(resumed.step("none").unwrap().set.is_some());
    }

    #[test]
    fn a_set_that_lacks_a_part_is_not_used() {
        let mut all = records();
        all.remove(1);
        let (resumed, _) = unfinished(&journal(&all));
        assert!(resumed.step("list").unwrap().set.is_none());
    }
}
