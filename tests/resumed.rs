//! What `run --resume` trusts: never the journal alone, where a copy or a source may have changed meanwhile.

use std::fs;
use std::time::{Duration, UNIX_EPOCH};

use crate::harness::Case;
use crate::harness::real::{self, Kind};
use crate::harness::server::{Do, On, Running, Server};

const OLD: i64 = 1_600_000_000;
const RESUME: [&str; 3] = ["run", "pipeline.yaml", "--resume"];

const KEPT: &str = "\
steps:
  all: {list: {server: a, path: /src, recursive: true}}
  keep: {download: {from: all, into: out}}
  tidy: {delete: {sources_of: keep}}
";

const PASSED: &str = "\
steps:
  all: {list: {server: a, path: /src, recursive: true}}
  pass: {relay: {from: all, to: b, into: /out}}
  tidy: {delete: {sources_of: pass}}
";

/// Four files, which it does not delete in the first run.
fn source() -> Running {
    let server = (0..4).fold(Server::new(), |server, at| {
        server.file_at(format!("/src/d/f{at}"), content(at), OLD)
    });
    let refused = On::command("DELE").path_has("/src/");
    let server = (1..=4).fold(server, |server, nth| {
        server.rule(refused.clone().nth(nth), Do::reply("550 not now"))
    });
    server.start()
}

fn content(at: usize) -> String {
    format!("the content of file {at}")
}

#[track_caller]
fn all_stand_here(case: &Case) {
    for at in 0..4 {
        let there = case.read(format!("out/d/f{at}"));
        assert_eq!(there, Some(content(at).into_bytes()), "f{at}");
    }
}

/// A name, and what it does to the copies.
type Loss = (&'static str, fn(&Case));

/// What may happen to copies on this machine between two runs.
fn losses() -> [Loss; 4] {
    [
        ("one is gone", |case| {
            fs::remove_file(case.path("out/d/f1")).unwrap();
        }),
        ("one is cut off", |case| {
            fs::write(case.path("out/d/f1"), "the").unwrap();
        }),
        ("one has other bytes", |case| {
            fs::write(case.path("out/d/f1"), content(7)).unwrap();
        }),
        ("all are gone", |case| {
            fs::remove_dir_all(case.path("out")).unwrap();
        }),
    ]
}

#[test]
fn a_copy_that_went_before_a_resume_is_brought_again_before_its_source_is_deleted() {
    for (what, lose) in losses() {
        let server = source();
        let case = Case::new().pipeline(&[("a", &server)], KEPT).args(RESUME);
        case.run().code(1).stderr_has("550 not now");
        all_stand_here(&case);
        lose(&case);
        let fetched = server.count("RETR");

        case.run()
            .code(0)
            .stderr_has("continuing run")
            .stderr_has("transferred again");

        all_stand_here(&case);
        let again = if what.starts_with("all") { 4 } else { 1 };
        assert_eq!(server.count("RETR") - fetched, again, "{what}");
        assert!(server.names("/src/d").is_empty(), "{what}");
    }
}

#[test]
fn a_remote_copy_that_went_before_a_resume_is_brought_again() {
    let (source, target) = (source(), Server::new().start());
    let case = Case::new()
        .pipeline(&[("a", &source), ("b", &target)], PASSED)
        .args(RESUME);
    case.run().code(1).stderr_has("550 not now");
    target.mutate(|tree| tree.remove("/out/d/f2"));
    let (sent, listed) = (target.stored(), target.count("MLSD"));

    case.run().code(0);

    let wanted = Some(content(2).into_bytes());
    assert_eq!(target.read("/out/d/f2"), wanted);
    assert_eq!(target.stored() - sent, 1);
    // Each of the two folders before, the one of the file that came again while it was written, that of the mark which shows
    // that times are kept, and both folders of copies: the file that came again, and those whose sources were put away, are
    // looked at before they go.
    assert_eq!(target.count("MLSD") - listed, 6, "listings");
    assert!(source.names("/src/d").is_empty());
}

/// The copy is gone, and so is its source: nothing is deleted that is not safe, and the run says what is lost.
#[test]
fn a_copy_that_went_with_its_source_fails_the_resumed_run() {
    let server = source();
    let case = Case::new().pipeline(&[("a", &server)], KEPT).args(RESUME);
    case.run().code(1);
    fs::remove_file(case.path("out/d/f1")).unwrap();
    server.mutate(|tree| tree.remove("/src/d/f1"));

    case.run().code(1).stderr_has("d/f1");

    assert_eq!(case.files("out"), ["d/f0", "d/f2", "d/f3"]);
}

#[test]
fn a_copy_is_compared_by_checksum_again_where_that_is_asked_for() {
    let steps = KEPT.replace("into: out", "into: out, verify: checksum");
    let server = Server::new().checksums("XCRC", |bytes| format!("250 {:08X}", crc(bytes)));
    let server = (0..4).fold(server, |server, at| {
        server.file_at(format!("/src/d/f{at}"), content(at), OLD)
    });
    let refused = On::command("DELE").path("/src/d/f1");
    let server = server
        .rule(refused.nth(1), Do::reply("550 not now"))
        .start();
    let case = Case::new().pipeline(&[("a", &server)], &steps).args(RESUME);
    case.run().code(1).stderr_has("550 not now");
    // The same size and time, which only a sum tells from the file that had arrived.
    let path = case.path("out/d/f1");
    let time = fs::metadata(&path).unwrap().modified().unwrap();
    fs::write(&path, content(7)).unwrap();
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(time).unwrap();

    case.run().code(0);

    all_stand_here(&case);
    assert!(server.names("/src/d").is_empty());
}

/// The list of a resumed run is the old one: what a source has become is copied, and never deleted by the old list.
#[test]
fn a_source_that_changed_before_a_resume_is_copied_as_it_is_and_stays() {
    for what in ["list", "filter"] {
        let steps = match what {
            "list" => KEPT.to_owned(),
            _ => "\
steps:
  every: {list: {server: a, path: /src, recursive: true}}
  all: {filter: {from: every, include: 'f*'}}
  keep: {download: {from: all, into: out}}
"
            .to_owned(),
        };
        let server = Server::new()
            .file_at("/src/f0", content(0), OLD)
            .file_at("/src/f1", content(1), OLD)
            .rule(
                On::command("RETR").path("/src/f1").nth(1),
                Do::reply("550 not now"),
            )
            .start();
        let case = Case::new().pipeline(&[("a", &server)], &steps);
        case.run().code(1);
        server.mutate(|tree| tree.write("/src/f1", "another content, and longer"));

        let resumed = case.args(RESUME);
        let outcome = resumed.run();
        let there = resumed.read("out/f1");
        assert_eq!(
            there,
            Some(b"another content, and longer".to_vec()),
            "{what}"
        );
        assert!(server.exists("/src/f1"), "{what}");
        match what {
            "list" => outcome
                .code(1)
                .stderr_has("run without `--resume`, which lists the source anew"),
            _ => outcome.code(0),
        };
    }
}

/// CRC-32 as zip has it.
fn crc(bytes: &[u8]) -> u32 {
    let fold = |sum: u32, byte: &u8| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(sum & 1))
        })
    };
    !bytes.iter().fold(!0, fold)
}

/// Copies that the run itself has deleted are not brought again. They stood there before it, or it would keep them.
#[test]
fn what_the_run_itself_has_used_up_is_not_brought_again() {
    let server = source();
    let target = Server::new().start();
    let steps = "\
steps:
  all: {list: {server: a, path: /src, recursive: true}}
  keep: {download: {from: all, into: out}}
  send: {upload: {from: keep, to: b, into: /out}}
  clean: {delete: {from: keep, copies: true}, needs: send}
  tidy: {delete: {sources_of: keep}, needs: clean}
";
    let case = Case::new()
        .pipeline(&[("a", &server), ("b", &target)], steps)
        .args(RESUME);
    let case = (0..4).fold(case, |case, at| {
        let path = format!("out/d/f{at}");
        let case = case.file(&path, content(at));
        let file = fs::File::options().write(true).open(case.path(&path));
        let old = UNIX_EPOCH + Duration::from_secs(OLD as u64);
        file.unwrap().set_modified(old).unwrap();
        case
    });
    case.run().code(1).stderr_has("550 not now");
    assert!(case.files("out").is_empty());
    let fetched = server.count("RETR");

    case.run().code(0);

    assert_eq!(server.count("RETR"), fetched);
    assert!(case.files("out").is_empty() && server.names("/src/d").is_empty());
}

/// vsftpd shows times to the minute, and neither dot names nor MLSD.
#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn a_copy_that_went_from_a_real_server_is_brought_again() {
    for kind in [Kind::Vsftpd, Kind::Proftpd, Kind::Pureftpd, Kind::Pyftpd] {
        let Some(target) = real::start(kind) else {
            continue;
        };
        let source = source();
        let yaml = format!(
            "version: 1\nservers:\n  a: {}\n{}{}",
            source.yaml(),
            target.servers_entry("b"),
            PASSED.replace("/out", &format!("{}out", target.prefix()))
        );
        let case = Case::new().manifest(&yaml).args(RESUME);
        case.run().code(1).stderr_has("550 not now");
        fs::remove_file(target.root().join("out/d/f0")).unwrap();
        fs::write(target.root().join("out/d/f3"), "short").unwrap();
        let fetched = source.count("RETR");

        case.run().code(0).stderr_has("2 files that had arrived");

        assert_eq!(source.count("RETR") - fetched, 2, "{kind:?}");
        for at in 0..4 {
            let there = fs::read_to_string(target.root().join(format!("out/d/f{at}"))).unwrap();
            assert_eq!(there, content(at), "{kind:?}");
        }
        assert!(source.names("/src/d").is_empty(), "{kind:?}");
    }
}

/// The last step of an interrupted run has failed; the copy of a file that it deleted stands where an earlier step of it had
/// brought another one.
#[test]
fn a_resumed_run_does_not_put_back_a_file_over_the_copy_of_one_that_it_has_deleted() {
    let server = Server::new()
        .file("/a/x.txt", "from a")
        .folder("/out")
        .rule(
            On::command("MLSD").path("/late").nth(1),
            Do::reply("450 not now"),
        )
        .folder("/late")
        .start();
    let case = Case::new()
        .servers(
            &[("s", &server, "connections: 2")],
            "allow: [hazard::writers]
defaults: { retry: { attempts: 1 } }
steps:
  found: { list: { server: s, path: /a } }
  one: { relay: { from: found, to: s, into: /out, if_exists: overwrite } }
  two: { needs: [one], upload: { files: 'src/*', to: s, into: /out, if_exists: overwrite } }
  gone: { delete: { sources_of: two } }
  late: { needs: [gone], list: { server: s, path: /late } }
",
        )
        .file("src/x.txt", "from here");
    case.run().code(1);
    assert_eq!(case.files("src"), [""; 0]);
    assert_eq!(server.read("/out/x.txt"), Some(b"from here".to_vec()));
    let case = case.args(["run", "pipeline.yaml", "--resume"]);
    let outcome = case.run();
    assert_eq!(
        server.read("/out/x.txt"),
        Some(b"from here".to_vec()),
        "{outcome:?}"
    );
    outcome.code(1).stderr_has("another file has its name now");
}

/// Of an empty list nothing was begun: what has come since is taken, where the run has moved nothing.
#[test]
fn a_list_that_was_empty_or_missing_is_taken_anew() {
    for missing in [false, true] {
        let server = Server::new().folder("/other");
        let server = match missing {
            true => server,
            false => server.folder("/late"),
        };
        let server = server.start();
        let steps = "\
steps:
  some: {list: {server: a, path: /late, missing: empty}}
  keep: {download: {from: some, into: late}}
  get: {needs: [keep], download: {server: a, files: /in/a, into: out}}
";
        let case = Case::new().pipeline(&[("a", &server)], steps).args(RESUME);
        case.run().code(1);
        server.mutate(|tree| {
            tree.write("/late/new", "came later");
            tree.write("/in/a", "x");
        });
        case.run().code(0).stderr_has("continuing run");
        assert_eq!(case.read("late/new").unwrap(), b"came later", "{missing}");
        assert_eq!(case.files("out"), ["a"]);
    }
}

/// What the run itself has brought there since is not what an empty list was waiting for.
#[test]
fn a_list_that_was_empty_before_the_run_wrote_there_stays_empty() {
    let server = Server::new()
        .file("/in/a", "x")
        .file("/in/b", "y")
        .folder("/out")
        .rule(On::command("STOR").nth(2), Do::reply("550 not now"))
        .start();
    let steps = "\
allow: [hazard::read_write]
steps:
  some: {list: {server: a, path: /in}}
  none: {needs: [some], list: {server: a, path: /out}}
  get: {needs: [none], download: {from: some, into: here}}
  clear: {needs: [get], delete: {from: none}}
  put: {needs: [clear], upload: {from: get, to: a, into: /out}}
";
    let case = Case::new().pipeline(&[("a", &server)], steps).args(RESUME);
    let first = case.run();
    first.code(1);
    let stands = |name: &str| server.exists(format!("/out/{name}"));
    assert!(stands("a") != stands("b"), "{first:?}");
    let outcome = case.run();
    outcome.code(0).stderr_has("continuing run");
    assert!(stands("a") && stands("b"), "{outcome:?}");
    assert_eq!(server.count("DELE"), 0, "{outcome:?}");
}

/// Five that were set aside are kept.
#[test]
fn journals_of_old_runs_do_not_pile_up() {
    let server = Server::new()
        .file("/in/a", "x")
        .rule(On::command("RETR"), Do::reply("550 never"))
        .start();
    let steps = "steps:\n  get: {download: {server: a, files: /in/a, into: out}}\n";
    let case = Case::new().pipeline(&[("a", &server)], steps);
    for _ in 0..8 {
        case.run().code(1);
    }
    let state = case.files(".ftpflow");
    let aside = state.iter().filter(|path| path.contains("/journal."));
    assert_eq!(aside.count(), 5, "{state:?}");
    assert!(state.iter().any(|path| path.ends_with("/journal")));
}
