//! What is kept of runs that are over: a few journals that were set aside, and none for ever.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Journals of one manifest that were set aside and are kept, the newest.
const KEPT: usize = 5;
/// Days after which no journal is kept that nobody has touched.
const DAYS: u32 = 90;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A journal, or what is left of one, and when it was last written.
struct Old {
    path: PathBuf,
    written: SystemTime,
    /// Whether it is the one that `--resume` reads.
    current: bool,
}

/// Removes what is no longer kept: in `own`, which the caller holds, journals that were set aside; in the folders beside it
/// that nobody holds, whatever is old. What cannot be removed stays; the next run tries again.
pub(super) fn tidy(own: &Path, now: SystemTime) {
    let mut aside = journals(own);
    aside.retain(|old| !old.current);
    aside.sort_by_key(|old| std::cmp::Reverse(old.written));
    for (at, old) in aside.iter().enumerate() {
        if at >= KEPT || is_old(old, now) {
            let _ = fs::remove_file(&old.path);
        }
    }
    let beside = own.parent().and_then(|base| fs::read_dir(base).ok());
    for folder in beside.into_iter().flatten().flatten() {
        let folder = folder.path();
        if folder != own {
            forget(&folder, now);
        }
    }
}

/// Removes the old journals of a folder, held meanwhile. The folder and its lock stay: who waits for that lock must not get
/// one that is no longer there.
fn forget(folder: &Path, now: SystemTime) {
    let old: Vec<Old> = journals(folder)
        .into_iter()
        .filter(|old| is_old(old, now))
        .collect();
    if old.is_empty() {
        return;
    }
    let Ok(lock) = File::open(folder.join(super::state::LOCK)) else {
        return;
    };
    if lock.try_lock().is_ok() {
        // It may have been begun anew before it was held.
        let still = old
            .iter()
            .filter(|old| written(&old.path) == Some(old.written));
        for old in still {
            let _ = fs::remove_file(&old.path);
        }
    }
}

fn is_old(old: &Old, now: SystemTime) -> bool {
    let age = now.duration_since(old.written).unwrap_or_default();
    age > DAY * DAYS
}

fn journals(folder: &Path) -> Vec<Old> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let found = entries.filter_map(|entry| {
        let name = entry.file_name();
        let name = name.to_str()?;
        let rest = name.strip_prefix(super::state::JOURNAL);
        // What markers were seen is of use as long as the journal.
        let current = rest == Some("") || name == super::seen::SEEN;
        let aside = rest.is_some_and(|rest| rest.starts_with('.'));
        let path = entry.path();
        let written = written(&path)?;
        (current || aside).then_some(Old {
            path,
            written,
            current,
        })
    });
    found.collect()
}

/// When a file was last written; none of what is no file.
fn written(path: &Path) -> Option<SystemTime> {
    let data = fs::symlink_metadata(path).ok()?;
    data.is_file().then(|| data.modified().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, days: u32, now: SystemTime) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let file = File::create(path).unwrap();
        file.set_modified(now - DAY * days).unwrap();
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn a_few_journals_that_were_set_aside_are_kept_and_no_old_ones() {
        let folder = tempfile::tempdir().unwrap();
        let (own, now) = (folder.path().join("own"), SystemTime::now());
        for at in 0..8 {
            write(&own.join(format!("journal.run{at}")), at, now);
        }
        write(&own.join("journal.damaged"), 91, now);
        write(&own.join("journal"), 200, now);
        write(&own.join("lock"), 200, now);
        write(&own.join("notes.txt"), 200, now);
        tidy(&own, now);
        let kept = [
            "journal",
            "journal.run0",
            "journal.run1",
            "journal.run2",
            "journal.run3",
            "journal.run4",
            "lock",
            "notes.txt",
        ];
        assert_eq!(names(&own), kept);
        tidy(&own, now + DAY * 88);
        assert_eq!(
            names(&own),
            [
                "journal",
                "journal.run0",
                "journal.run1",
                "journal.run2",
                "lock",
                "notes.txt"
            ]
        );
    }

    #[test]
    fn old_journals_of_other_runs_go_unless_one_is_under_way() {
        let folder = tempfile::tempdir().unwrap();
        let (base, now) = (folder.path(), SystemTime::now());
        for (key, days) in [
            ("own", 1),
            ("old", 91),
            ("new", 89),
            ("held", 91),
            ("lockless", 91),
        ] {
            write(&base.join(key).join("journal"), days, now);
            write(&base.join(key).join("journal.run"), days, now);
            write(&base.join(key).join("seen"), days, now);
            if key != "lockless" {
                write(&base.join(key).join("lock"), days, now);
            }
        }
        let lock = File::open(base.join("held/lock")).unwrap();
        lock.try_lock().unwrap();
        tidy(&base.join("own"), now);
        assert_eq!(names(&base.join("old")), ["lock"]);
        for key in ["own", "new", "held"] {
            assert_eq!(
                names(&base.join(key)),
                ["journal", "journal.run", "lock", "seen"],
                "{key}"
            );
        }
        let lockless = names(&base.join("lockless"));
        assert_eq!(lockless, ["journal", "journal.run", "seen"]);
    }
}
