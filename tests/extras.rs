//! `delete: { extras_of: TRANSFER }`: what a destination has and no source, and never what a source may have.

use crate::harness::server::{Do, On, Running, Server};
use crate::harness::{Case, Outcome};

/// A source of three files and a folder, and a destination with more.
fn both() -> (Server, Server) {
    let source = Server::new()
        .files("/src", ["a.txt", "b.txt", "c.txt"], "content")
        .file("/src/sub/d.txt", "deep");
    let target = Server::new()
        .file("/pub/b.txt", "content")
        .file("/pub/old.txt", "old")
        .file("/pub/gone/x.txt", "x");
    (source, target)
}

fn mirror(source: &Running, target: &Running, list: &str, transfer: &str, delete: &str) -> Case {
    let rest = format!(
        "defaults: {{ retry: {{ attempts: 2, backoff: 10ms }} }}
steps:
  all: {{ list: {{ server: a, path: /src, recursive: true{list} }} }}
  copy: {{ relay: {{ from: all, to: b, into: /pub{transfer} }}, on_error: continue }}
  tidy: {{ delete: {{ extras_of: copy{delete} }} }}
"
    );
    Case::new().pipeline(&[("a", source), ("b", target)], &rest)
}

#[track_caller]
fn says(outcome: &Outcome, code: i32, text: &str) {
    assert_eq!(outcome.status.code(), Some(code), "{}", outcome.stderr);
    outcome.stderr_has(text);
}

#[test]
fn a_mirror_has_what_its_source_has_and_no_more() {
    let (source, target) = both();
    let (source, target) = (source.start(), target.start());
    let case = mirror(&source, &target, "", "", ", directories: remove_empty");
    says(&case.run(), 0, "tidy: 2 files deleted");
    assert_eq!(target.names("/pub"), ["a.txt", "b.txt", "c.txt", "sub"]);
    assert_eq!(target.names("/pub/sub"), ["d.txt"]);
    // A second run deletes nothing, and one after a file has gone at the source deletes that one.
    says(&case.run(), 0, "tidy: 0 files deleted");
    source.mutate(|tree| tree.remove("/src/a.txt"));
    says(&case.run(), 0, "tidy: 1 file deleted");
    assert_eq!(target.names("/pub"), ["b.txt", "c.txt", "sub"]);
    assert_eq!(source.names("/src"), ["b.txt", "c.txt", "sub"]);
}

#[test]
fn after_a_failure_nothing_is_deleted() {
    let (source, target) = both();
    let refused = On::command("RETR").path("/src/c.txt");
    let (source, target) = (
        source.rule(refused, Do::reply("550 no")).start(),
        target.start(),
    );
    let outcome = mirror(&source, &target, "", "", "").run();
    says(&outcome, 1, "nothing was deleted: `copy` did not succeed");
    assert!(target.exists("/pub/old.txt"));
    assert_eq!(target.count("DELE"), 0);
}

#[test]
fn what_the_list_of_a_source_cannot_read_may_be_what_stands_there() {
    for list in ["", ", unreadable: warn"] {
        let (source, target) = both();
        let odd = Do::ListAlso(b"type=file;size=3; ../old.txt\r\n".to_vec());
        let source = source.rule(On::command("MLSD").nth(1), odd).start();
        let target = target.start();
        let outcome = mirror(&source, &target, list, "", "").run();
        assert_eq!(outcome.status.code(), Some(1), "{}", outcome.stderr);
        assert_eq!(target.count("DELE"), 0, "{}", outcome.stderr);
    }
}

#[test]
fn an_empty_source_deletes_nothing_unless_that_is_meant() {
    for (delete, code, left) in [("", 1, true), (", if_empty: delete", 0, false)] {
        let source = Server::new().folder("/src").start();
        let target = both().1.start();
        let outcome = mirror(&source, &target, "", "", delete).run();
        assert_eq!(outcome.status.code(), Some(code), "{}", outcome.stderr);
        assert_eq!(target.exists("/pub/old.txt"), left, "{delete}");
        if left {
            outcome.stderr_has("the source of `copy` has no files");
        }
    }
}

#[test]
fn a_folder_that_is_empty_now_deletes_nothing_unless_that_is_meant() {
    for (delete, code) in [("", 1), (", if_empty: delete", 0)] {
        let (source, target) = both();
        let (source, target) = (source.folder("/src/gone").start(), target.start());
        let outcome = mirror(&source, &target, "", "", delete).run();
        assert_eq!(outcome.status.code(), Some(code), "{}", outcome.stderr);
        assert_eq!(target.exists("/pub/gone/x.txt"), code == 1);
        if code == 1 {
            outcome.stderr_has("the source's folder `gone` is empty now");
            assert_eq!(target.count("DELE"), 0);
        }
    }
}

#[test]
fn max_may_be_a_share_of_what_stands_there() {
    // Of six files that stand there after the copying two are extras.
    for (max, code) in [("33%", 1), ("34%", 0), ("1", 1), ("2", 0)] {
        let (source, target) = both();
        let (source, target) = (source.start(), target.start());
        let outcome = mirror(&source, &target, "", "", &format!(", max: {max}")).run();
        assert_eq!(
            outcome.status.code(),
            Some(code),
            "{max}: {}",
            outcome.stderr
        );
        assert_eq!(target.exists("/pub/old.txt"), code == 1, "{max}");
        if code == 1 {
            outcome.stderr_has(&format!("more than `max: {max}`; nothing was deleted"));
        }
    }
}

#[test]
fn names_that_a_server_takes_for_one_are_one() {
    let source = Server::new().file("/src/README.txt", "new").start();
    let target = Server::new()
        .folds_case()
        .file("/pub/readme.TXT", "old")
        .start();
    mirror(&source, &target, "", "", "").run();
    assert_eq!(target.names("/pub").len(), 1);
    assert_eq!(target.count("DELE"), 0);
}

#[test]
fn other_names_are_known_and_what_is_hidden_stays() {
    let (source, target) = both();
    let target = target
        .file("/pub/.htaccess", "hidden")
        .file("/pub/a.txt", "an old name");
    let (source, target) = (source.start(), target.start());
    let rename = ", rename: { match: '^a', to: x }";
    let outcome = mirror(&source, &target, "", rename, "").run();
    says(&outcome, 0, "tidy: 3 files deleted");
    assert_eq!(
        target.names("/pub"),
        [".htaccess", "b.txt", "c.txt", "gone", "sub", "x.txt"]
    );
}

#[test]
fn all_transfers_that_put_files_there_are_compared() {
    let (source, target) = both();
    let (source, target) = (source.start(), target.start());
    let rest = "steps:
  all: { list: { server: a, path: /src, recursive: true } }
  copy: { relay: { from: all, to: b, into: /pub } }
  more: { upload: { files: 'gone/*', to: b, into: /pub/gone } }
  tidy: { delete: { extras_of: copy } }
";
    let case = Case::new()
        .pipeline(&[("a", &source), ("b", &target)], rest)
        .file("gone/x.txt", "x");
    says(&case.run(), 0, "tidy: 1 file deleted");
    assert_eq!(
        target.names("/pub"),
        ["a.txt", "b.txt", "c.txt", "gone", "sub"]
    );
    assert_eq!(target.names("/pub/gone"), ["x.txt"]);
}

/// What no filter lets through is none of the transfer's business, here or there.
#[test]
fn what_a_filter_by_name_leaves_out_stays() {
    let (source, target) = both();
    let target = target.file("/pub/notes.md", "notes");
    let (source, target) = (source.start(), target.start());
    let rest = "steps:
  all: { list: { server: a, path: /src } }
  some: { filter: { from: all, include: '*.txt', exclude: 'old*' } }
  copy: { relay: { from: some, to: b, into: /pub } }
  tidy: { delete: { extras_of: copy } }
";
    let case = Case::new().pipeline(&[("a", &source), ("b", &target)], rest);
    says(&case.run(), 0, "tidy: 0 files deleted");
    target.mutate(|tree| tree.write("/pub/z.txt", "z"));
    says(&case.run(), 0, "tidy: 1 file deleted");
    // Its list does not go into folders.
    assert_eq!(
        target.names("/pub"),
        ["a.txt", "b.txt", "c.txt", "gone", "notes.md", "old.txt"]
    );
    assert!(target.exists("/pub/gone/x.txt"));
}

#[test]
fn a_folder_of_this_machine_is_mirrored_by_files_alone() {
    let source = Server::new()
        .files("/src", ["a.txt", "b.txt"], "content")
        .start();
    let rest = "steps:
  copy: { download: { server: a, files: '/src/*.txt', into: out } }
  tidy: { delete: { extras_of: copy } }
";
    let case = Case::new()
        .pipeline(&[("a", &source)], rest)
        .file("out/old.txt", "old")
        .file("out/notes.md", "notes");
    says(&case.run(), 0, "tidy: 1 file deleted");
    assert_eq!(case.files("out"), ["a.txt", "b.txt", "notes.md"]);
}

#[test]
fn plan_says_what_would_be_deleted_and_deletes_nothing() {
    let (source, target) = both();
    let (source, target) = (source.start(), target.start());
    let case = mirror(&source, &target, "", "", "").instead(&["plan", "pipeline.yaml"]);
    case.run()
        .code(0)
        .stdout_has("tidy: delete gone/x.txt\n")
        .stdout_has("tidy: delete old.txt\n");
    assert_eq!(target.count("DELE"), 0);
}

#[test]
fn a_listing_of_the_destination_that_breaks_off_deletes_nothing() {
    let (source, target) = both();
    let broken = On::command("MLSD").path("/pub/gone").since_nth(1);
    let target = target.rule(broken, Do::CutAt(10)).start();
    let source = source.start();
    let outcome = mirror(&source, &target, "", "", "").run();
    assert_eq!(outcome.status.code(), Some(1), "{}", outcome.stderr);
    assert_eq!(target.count("DELE"), 0);
}

/// What another transfer has put there by a path that does not show it is left alone, when it arrives and ever after.
#[test]
fn what_came_by_a_link_or_another_entry_stays() {
    let source = Server::new()
        .file_at("/src/a.txt", "a", 1_600_000_000)
        .start();
    let target = Server::new().folder("/pub").link("/link", "/pub").start();
    for (server, into) in [("b", "/link"), ("c", "/pub")] {
        let rest = format!(
            "steps:
  all: {{ list: {{ server: a, path: /src }} }}
  copy: {{ relay: {{ from: all, to: b, into: /pub }} }}
  more: {{ upload: {{ files: 'more/*', to: {server}, into: {into} }}, needs: [copy] }}
  tidy: {{ delete: {{ extras_of: copy }}, needs: [more] }}
"
        );
        let entries = [("a", &source), ("b", &target), ("c", &target)];
        let case = Case::new()
            .pipeline(&entries, &rest)
            .file("more/z.txt", "z");
        for _ in 0..3 {
            let outcome = case.run();
            assert!(target.exists("/pub/z.txt"), "{into}: {}", outcome.stderr);
            assert!(target.exists("/pub/a.txt"), "{into}: {}", outcome.stderr);
        }
    }
}
