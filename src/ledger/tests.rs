use std::sync::Arc;
use std::sync::Barrier;

use super::*;
use crate::files::Time;

fn scope(step: &str) -> Scope {
    Scope {
        manifest: "m".into(),
        step: step.into(),
        server: "build".into(),
    }
}

fn open(folder: &std::path::Path, access: Access) -> Option<Store> {
    Store::open(folder, access, Arc::new(str::to_owned)).unwrap()
}

fn stamp(run: &str) -> Stamp {
    Stamp {
        run: run.into(),
        at: 1000,
    }
}

fn version(size: u64) -> Version {
    Version {
        size: Some(size),
        modified: Some(Time::at(5)),
    }
}

fn entry(path: &str, size: u64) -> Entry {
    Entry {
        path: path.into(),
        version: version(size),
        how: How::Transferred,
        target: format!("local:in{path}"),
        apart: true,
    }
}

const KNOWN: Answer = Answer::Known {
    version: Version {
        size: Some(1),
        modified: Some(Time::at(5)),
    },
    proves: true,
};

fn ask(store: &Store, step: &str, files: &[(&str, u64)]) -> Vec<Answer> {
    let mut files = files
        .iter()
        .map(|(path, size)| ((*path).into(), version(*size)));
    store.ask(&scope(step), "now", true, &mut files).unwrap()
}

/// Of files that came to one name the last proves, and of two that came in one second neither.
#[test]
fn what_has_come_to_the_name_of_a_copy_since_ends_its_proof() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), Access::Write).unwrap();
    let named = |path: &str| Entry {
        target: "local:in/x".into(),
        ..entry(path, 1)
    };
    let at = |second| Stamp {
        at: second,
        ..stamp("old")
    };
    let enter = |step, second, path| {
        store
            .settle(&scope(step), &at(second), &[named(path)], &[], &[])
            .unwrap();
    };
    let proves = |step, path| {
        let [Answer::Known { proves, .. }] = ask(&store, step, &[(path, 1)])[..] else {
            panic!("{path}");
        };
        proves
    };
    enter("a", 5, "/x");
    assert!(proves("a", "/x"));
    enter("b", 6, "/y");
    assert!(!proves("a", "/x") && proves("b", "/y"));
    enter("a", 6, "/z");
    assert!(!proves("b", "/y") && !proves("a", "/z"));
}

#[test]
fn a_file_is_known_by_step_path_size_and_time_once_it_is_entered() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), Access::Write).unwrap();
    assert_eq!(ask(&store, "a", &[("/x", 1)]), [Answer::New]);
    let entries = [entry("/x", 1), entry("/y", 1)];
    store
        .settle(&scope("a"), &stamp("old"), &entries, &[], &[])
        .unwrap();
    store
        .settle(&scope("a"), &stamp("now"), &[entry("/z", 1)], &[], &[])
        .unwrap();
    assert_eq!(
        ask(&store, "a", &[("/x", 1), ("/x", 2), ("/z", 1), ("/w", 1)]),
        [KNOWN, Answer::New, Answer::Own, Answer::New]
    );
    assert_eq!(ask(&store, "b", &[("/x", 1)]), [Answer::New]);
}

#[test]
fn an_intent_stands_until_it_is_entered_or_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["/x", "/y", "/z"].map(Vec::from);
    let store = open(folder.path(), Access::Write).unwrap();
    store
        .settle(&scope("a"), &stamp("cut off"), &[], &[], &paths)
        .unwrap();
    drop(store);
    let store = open(folder.path(), Access::Write).unwrap();
    let files = [("/x", 1), ("/y", 1), ("/z", 1)];
    assert_eq!(ask(&store, "a", &files), [Answer::Begun; 3]);
    store
        .settle(
            &scope("a"),
            &stamp("r"),
            &[entry("/x", 1)],
            &[b"/y".to_vec()],
            &[],
        )
        .unwrap();
    assert_eq!(
        ask(&store, "a", &files),
        [KNOWN, Answer::New, Answer::Begun]
    );
}

#[test]
fn a_reader_makes_nothing_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    assert!(open(folder.path(), Access::Read).is_none());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    drop(open(folder.path(), Access::Write));
    let reader = open(folder.path(), Access::Read).unwrap();
    assert_eq!(ask(&reader, "a", &[("/x", 1)]), [Answer::New]);
    assert!(
        reader
            .settle(&scope("a"), &stamp("r"), &[], &[], &[b"/x".to_vec()])
            .is_err()
    );
}

#[test]
fn what_the_source_does_not_show_for_long_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), Access::Write).unwrap();
    let entries = [entry("/x", 1), entry("/y", 1)];
    store
        .settle(&scope("a"), &stamp("old"), &entries, &[], &[])
        .unwrap();
    let see = |now, keep| {
        let mut shown = [("/x".into(), version(1))].into_iter();
        store.see(&scope("a"), now, keep, &mut shown).unwrap()
    };
    assert_eq!(see(1050, 100), 0);
    assert_eq!(see(1102, 100), 1);
    assert_eq!(
        ask(&store, "a", &[("/x", 1), ("/y", 1)]),
        [KNOWN, Answer::New]
    );
    // What was shown all along stays, however long no run came.
    assert_eq!(see(900_000, 100), 0);
    assert_eq!(ask(&store, "a", &[("/x", 1)]), [KNOWN]);
}

#[test]
fn history_tells_all_and_forgetting_takes_out() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), Access::Write).unwrap();
    store
        .settle(&scope("b"), &stamp("one"), &[entry("/x", 1)], &[], &[])
        .unwrap();
    store
        .settle(&scope("a"), &stamp("two"), &[entry("/y", 2)], &[], &[])
        .unwrap();
    store
        .settle(&scope("a"), &stamp("three"), &[], &[], &[b"/z".to_vec()])
        .unwrap();
    let all = || {
        let mut all = Vec::new();
        let take = |past: Past| {
            all.push((
                past.step,
                String::from_utf8(past.path).unwrap(),
                past.how,
                past.run,
            ));
            true
        };
        store.history("m", take).unwrap();
        all
    };
    let row = |step: &str, path: &str, how: &str, run: &str| {
        (
            step.to_owned(),
            path.to_owned(),
            how.to_owned(),
            run.to_owned(),
        )
    };
    assert_eq!(
        all(),
        [
            row("a", "/y", "transferred", "two"),
            row("b", "/x", "transferred", "one"),
            row("a", "/z", "begun", "three"),
        ]
    );
    assert_eq!(store.forget("m", "a", |path| path != b"/w").unwrap(), 2);
    assert_eq!(all(), [row("b", "/x", "transferred", "one")]);
}

#[test]
fn several_processes_enter_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    let barrier = Barrier::new(4);
    std::thread::scope(|threads| {
        for thread in 0..4 {
            let (folder, barrier) = (folder.path(), &barrier);
            threads.spawn(move || {
                barrier.wait();
                let store = open(folder, Access::Write).unwrap();
                for number in 0..10 {
                    let entry = entry(&format!("/{thread}/{number}"), 1);
                    store
                        .settle(&scope("a"), &stamp("r"), &[entry], &[], &[])
                        .unwrap();
                }
            });
        }
    });
    let store = open(folder.path(), Access::Read).unwrap();
    let mut count = 0;
    store
        .history("m", |_| {
            count += 1;
            true
        })
        .unwrap();
    assert_eq!(count, 40);
}

#[test]
fn what_is_no_ledger_or_a_newer_one_is_refused_with_a_cure() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    let refused = || {
        let error = Store::open(folder.path(), Access::Write, Arc::new(str::to_owned)).err();
        let error = error.unwrap();
        assert!(!error.help().is_empty() && error.to_string().contains(FILE));
        error
    };
    std::fs::write(
        &path,
        "no database, and longer than a header of one hundred bytes".repeat(9),
    )
    .unwrap();
    assert!(matches!(refused(), LedgerError::Damaged(..)));
    std::fs::remove_file(&path).unwrap();
    drop(open(folder.path(), Access::Write));
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 7).unwrap();
    assert!(matches!(refused(), LedgerError::Newer(_, 7)));
}

#[cfg(unix)]
#[test]
fn it_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path(), Access::Write));
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?}", file.path());
    }
}

#[test]
fn a_name_that_holds_a_secret_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let masks = Arc::new(|text: &str| text.replace("hunter2", "***"));
    let store = Store::open(folder.path(), Access::Write, masks)
        .unwrap()
        .unwrap();
    assert!(store.holds_secret(b"/in/hunter2.txt"));
    assert!(!store.holds_secret(b"/in/\xff.txt"));
}
