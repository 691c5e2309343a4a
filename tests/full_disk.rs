//! A full destination, there or here: one clear error, no storm of tries, no half file, and a run with room finishes.
// Always so here; it tells clippy that the helpers, too, are a test's, and may panic.
#![cfg(test)]
#![cfg(unix)]

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::real::{self, Kind};
use crate::harness::server::{Do, Meet, On, Running, Server, pattern};
use crate::harness::{Case, Outcome, Process};

const FILES: usize = 12;
const SESSIONS: usize = 4;
const SIZE: usize = 300_000;

/// How a server says that its disk is full.
fn refusals() -> [(&'static str, Vec<Do>); 3] {
    [
        ("at the command", vec![Do::reply("452 disk full")]),
        ("at the end", vec![Do::lie("552 over quota")]),
        (
            "during the data",
            vec![Do::CutAt(100_000), Do::lie("452 disk full")],
        ),
    ]
}

fn names() -> impl Iterator<Item = String> {
    (0..FILES).map(|at| format!("{at:02}.bin"))
}

/// The disk is full from the first byte of the first four files on, which are all under way when it is said.
fn full(does: &[Do]) -> Running {
    let meet = Meet::new(SESSIONS);
    let server = (1..=SESSIONS).fold(Server::new(), |server, nth| {
        let mut does = does.to_vec();
        does.push(Do::Meet(meet.clone()));
        server.rule(On::command("STOR").nth(nth), does)
    });
    server.start()
}

#[track_caller]
fn one_error_and_no_half_file(what: &str, outcome: &Outcome, server: &Running) {
    outcome.code(1).stderr_has("help     make room");
    let errors = outcome.stderr.matches("command  STOR").count();
    assert_eq!(errors, 1, "{what}: one error\n{}", outcome.stderr);
    outcome.stderr_has("11 files were not transferred");
    assert_eq!(server.count("STOR"), SESSIONS, "{what}: {:?}", server.log());
    assert_eq!(server.count("APPE"), 0, "{what}: nothing is tried again");
    assert!(server.names("/out").is_empty(), "{what}: half a file");
}

#[track_caller]
fn the_next_run_finishes(what: &str, case: &Case, server: &Running) {
    case.run().code(0);
    let wanted: Vec<String> = names().collect();
    assert_eq!(server.names("/out"), wanted, "{what}");
    for (seed, name) in names().enumerate() {
        let there = server.read(format!("/out/{name}"));
        assert!(there == Some(pattern(SIZE as u64, seed as u64)), "{what}");
    }
}

#[test]
fn a_full_server_fails_an_upload_once() {
    for (what, does) in refusals() {
        let server = full(&does);
        let case = Case::new().pipeline(
            &[("s", &server)],
            "steps:\n  put: { upload: { files: in/*, to: s, into: /out } }\n",
        );
        let case = names().enumerate().fold(case, |case, (seed, name)| {
            case.file(&format!("in/{name}"), pattern(SIZE as u64, seed as u64))
        });
        one_error_and_no_half_file(what, &case.run(), &server);
        the_next_run_finishes(what, &case, &server);
    }
}

#[test]
fn a_full_server_fails_a_relay_once() {
    for (what, does) in refusals() {
        let source = names()
            .enumerate()
            .fold(Server::new(), |server, (seed, name)| {
                server.pattern(format!("/in/{name}"), SIZE as u64, seed as u64)
            });
        let (source, server) = (source.start(), full(&does));
        let case = Case::new().pipeline(
            &[("a", &source), ("b", &server)],
            "steps:\n  pass: { relay: { server: a, files: /in/*, to: b, into: /out } }\n",
        );
        one_error_and_no_half_file(what, &case.run(), &server);
        the_next_run_finishes(what, &case, &server);
    }
}

/// A server that takes so many bytes of a file and none when it is continued, and then gives a reply that may mean
/// anything.
fn silently_full(takes: u64, reply: &str) -> Running {
    let cut = |at| vec![Do::CutAt(at), Do::lie(reply)];
    Server::new()
        .rule(On::command("STOR"), cut(takes))
        .rule(On::command("APPE"), cut(0))
        .start()
}

fn put(server: &Running) -> Case {
    let steps = "defaults: { retry: { backoff: 10ms } }
steps:
  put: { upload: { files: in/*, to: s, into: /out } }
";
    let case = Case::new().pipeline(&[("s", server)], steps);
    names().enumerate().fold(case, |case, (seed, name)| {
        case.file(&format!("in/{name}"), pattern(SIZE as u64, seed as u64))
    })
}

fn pass(server: &Running, source: &Running) -> Case {
    let steps = "defaults: { retry: { backoff: 10ms } }
steps:
  pass: { relay: { server: a, files: /in/*, to: s, into: /out } }
";
    Case::new().pipeline(&[("s", server), ("a", source)], steps)
}

/// vsftpd answers 451 and pyftpdlib 426, as to a cut: only that nothing grows tells a full disk.
#[test]
fn a_server_that_takes_no_more_bytes_without_saying_why_is_full() {
    let source = names().enumerate();
    let source = source.fold(Server::new(), |server, (seed, name)| {
        server.pattern(format!("/in/{name}"), SIZE as u64, seed as u64)
    });
    let source = source.start();
    for (takes, reply) in [
        (100_000, "451 Failure writing to local file."),
        (100_000, "426 None; transfer aborted."),
        (0, "451 Failure writing to local file."),
    ] {
        let server = silently_full(takes, reply);
        for case in [put(&server), pass(&server, &source)] {
            let before = server.count("STOR") + server.count("APPE");
            let outcome = case.run();
            outcome
                .code(1)
                .stderr_has("12 files were not transferred")
                .stderr_has("its disk or quota may be full")
                .stderr_has("help     make room")
                .stderr_has(reply);
            let errors = outcome.stderr.matches("control  ").count();
            assert_eq!(errors, 1, "{reply}: one error\n{}", outcome.stderr);
            let tries = server.count("STOR") + server.count("APPE") - before;
            assert!(tries <= 2 * (SESSIONS + 1), "{reply}: {:?}", server.log());
            let left = server.names("/out");
            assert!(left.is_empty(), "{reply}: {left:?}\n{}", outcome.stderr);
        }
    }
}

/// A link that cuts every transfer is no full disk: the file grows.
#[test]
fn a_file_that_grows_is_not_taken_for_a_full_disk() {
    let server = Server::new()
        .rule(On::command("STOR"), Do::CutAt(110_000))
        .rule(On::command("APPE"), Do::CutAt(110_000))
        .start();
    let case = put(&server);
    case.run().code(0).never_says("full");
    the_next_run_finishes("cut", &case, &server);
}

/// Runs the program twice in a mount namespace of its own, where `small` is a disk of 1 MiB the first time and of 16 MiB
/// the second. What it holds is kept in `first` and `second`, and the exit codes in `codes`; the disk goes with the
/// namespace, however the test ends.
const SCRIPT: &str = r#"
mount -t tmpfs -o size=1m none small || exit 99
"$@"; code=$?
cp -a small first
mount -o remount,size=16m small || exit 99
"$@" >second.log 2>&1; echo "$code $?" >codes
cp -a small second
exit $code
"#;

/// Whether this machine cannot give a test a disk of its own; it is then said, and a failure where `CI=true`.
fn lacks_disks() -> bool {
    let tried = Command::new("unshare")
        .args(["-m", "mount", "-t", "tmpfs", "none", "/mnt"])
        .output();
    if tried.is_ok_and(|tried| tried.status.success()) {
        return false;
    }
    let need = "not run: needs root, who may mount a disk";
    let optional = std::env::var_os("CI").is_none_or(|ci| ci != "true");
    assert!(optional, "{need}");
    // Not `eprintln!`, which the test runner swallows.
    writeln!(io::stderr(), "{need}").unwrap();
    true
}

fn on_a_small_disk(case: Case) -> (Case, Outcome) {
    let case = case.file("small/.keep", "").args([
        "-m",
        "sh",
        "-c",
        SCRIPT,
        "sh",
        env!("CARGO_BIN_EXE_ftpflow"),
        "run",
        "pipeline.yaml",
    ]);
    let outcome = Process::new(case.start(Path::new("unshare"))).wait();
    (case, outcome)
}

#[track_caller]
fn codes(case: &Case, expected: &str) {
    let codes = String::from_utf8(case.read("codes").unwrap()).unwrap();
    let second = case.read("second.log").unwrap_or_default();
    let second = String::from_utf8_lossy(&second);
    assert_eq!(codes.trim_end(), expected, "{second}");
}

/// The listing tells no sizes, so that nobody knows beforehand.
#[test]
#[ignore = "needs root, who may mount a disk: tests/run"]
fn a_disk_that_fills_up_here_fails_a_download_once() {
    if lacks_disks() {
        return;
    }
    let line = |name| format!("type=file;modify=20240102030405; {name}.bin\r\n");
    let listing: String = ["a", "b", "c", "d"].map(line).concat();
    let server = ["a", "b", "c", "d"]
        .into_iter()
        .zip(1..)
        .fold(Server::new(), |server, (name, seed)| {
            server.pattern(format!("/in/{name}.bin"), 600_000, seed)
        })
        .rule(On::command("MLSD"), Do::ListRaw(listing.into_bytes()))
        .start();
    let case = Case::new().servers(
        &[("s", &server, "connections: 1")],
        "steps:\n  get: { download: { server: s, files: /in/*, into: small } }\n",
    );

    let (case, outcome) = on_a_small_disk(case);

    outcome
        .code(1)
        .stderr_has("no space left on device")
        .stderr_has("free some space")
        .stderr_has("2 files were not transferred");
    assert_eq!(
        outcome.stderr.matches("no space left").count(),
        2,
        "live and at the end"
    );
    assert_eq!(case.files("first"), ["a.bin"]);
    assert_eq!(case.read("first/a.bin"), Some(pattern(600_000, 1)));
    codes(&case, "1 0");
    assert_eq!(case.files("second"), ["a.bin", "b.bin", "c.bin", "d.bin"]);
    // What arrived has its source's exact time, and is not fetched again though no size is told.
    assert_eq!(server.count("RETR"), 2 + 3, "{:?}", server.log());
}

/// Each of two steps finds room enough, and together they have not.
#[test]
#[ignore = "needs root, who may mount a disk: tests/run"]
fn a_disk_that_two_steps_fill_holds_no_half_file() {
    if lacks_disks() {
        return;
    }
    let meet = Meet::new(2);
    let server = Server::new()
        .pattern("/one/a.bin", 700_000, 1)
        .pattern("/two/b.bin", 700_000, 2)
        .rule(On::command("RETR").nth(1), Do::Meet(meet.clone()))
        .rule(On::command("RETR").nth(2), Do::Meet(meet))
        .start();
    let case = Case::new().pipeline(
        &[("s", &server)],
        "steps:
  one: { download: { server: s, files: /one/*, into: small/one } }
  two: { download: { server: s, files: /two/*, into: small/two } }
",
    );

    let (case, outcome) = on_a_small_disk(case);

    outcome.code(1).stderr_has("no space left on device");
    let whole = [
        ("one/a.bin", pattern(700_000, 1)),
        ("two/b.bin", pattern(700_000, 2)),
    ];
    for file in case.files("first") {
        let content = case.read(format!("first/{file}"));
        let of = whole.iter().find(|(name, _)| *name == file);
        assert!(
            of.is_some_and(|(_, of)| content.as_ref() == Some(of)),
            "{file}"
        );
    }
    codes(&case, "1 0");
    for (name, of) in &whole {
        assert!(
            case.read(format!("second/{name}")).as_ref() == Some(of),
            "{name}"
        );
    }
}

#[test]
#[ignore = "needs root, who may mount a disk: tests/run"]
fn a_download_that_will_not_fit_is_refused_before_it_starts() {
    if lacks_disks() {
        return;
    }
    let server = Server::new()
        .pattern("/in/a.bin", 600_000, 1)
        .pattern("/in/b.bin", 600_000, 2)
        .start();
    let case = Case::new().pipeline(
        &[("s", &server)],
        "steps:\n  get: { download: { server: s, files: /in/*, into: small } }\n",
    );

    let (case, outcome) = on_a_small_disk(case);

    outcome
        .code(1)
        .stderr_has("1.1 MiB are needed below")
        .stderr_has("and 1.0 MiB are free")
        .stderr_has("free some space")
        .never_says("arning");
    assert!(case.files("first").is_empty(), "{:?}", case.files("first"));
    codes(&case, "1 0");
    assert_eq!(case.files("second"), ["a.bin", "b.bin"]);
    assert_eq!(server.count("RETR"), 2, "{:?}", server.log());
}

/// The journal is something that a run can do without; what could not be written to its end is nothing to resume.
#[test]
#[ignore = "needs root, who may mount a disk: tests/run"]
fn a_full_disk_under_the_state_folder_is_a_warning() {
    if lacks_disks() {
        return;
    }
    let script = r#"
mount -t tmpfs -o size=64k none small || exit 99
mkdir -p small/state && head -c 53000 /dev/zero >small/filler
"$@"; code=$?
rm small/filler
"$@" --resume >second.log 2>&1; echo "$code $?" >codes
exit $code
"#;
    for fails in [false, true] {
        let names = (0..20).map(|at| format!("{at}{}", "x".repeat(200)));
        let mut server = Server::new().files("/in", names, "x").rule(
            On::command("QUIT").nth(1),
            Do::mutate(|tree| tree.write("/in/new", "new")),
        );
        if fails {
            let refused = On::command("RETR").path_has("/in/19x");
            server = server.rule(refused.nth(1), Do::reply("550 not now"));
        }
        let server = server.start();
        let steps = "steps:\n  get: { download: { server: s, files: /in/*, into: out } }\n";
        let case = Case::new()
            .servers(&[("s", &server, "connections: 1")], steps)
            .file("small/.keep", "")
            .args(["-m", "sh", "-c", script, "sh"])
            .args([env!("CARGO_BIN_EXE_ftpflow"), "run", "pipeline.yaml"])
            .args(["--state", "small/state"]);

        let outcome = Process::new(case.start(Path::new("unshare"))).wait();

        outcome
            .code(i32::from(fails))
            .stderr_has("cannot be resumed")
            .never_says("with `--resume` the same command continues");
        codes(&case, if fails { "1 0" } else { "0 0" });
        let second = String::from_utf8(case.read("second.log").unwrap()).unwrap();
        assert!(second.contains("there is nothing to resume"), "{second}");
        assert_eq!(case.files("out").len(), 21, "what is new is seen: {second}");
    }
}

/// The tests of real servers run once more in a mount namespace of their own, whose disks go with it however they end.
const INSIDE: &str = "FTPFLOW_TEST_HAS_OWN_MOUNTS";

/// Whether this is the run in the namespace. Otherwise it is made, and the test has passed when that run has.
#[track_caller]
fn in_own_mounts(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let inner = Command::new("unshare")
        .arg("-m")
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--include-ignored", "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&inner.stdout) + String::from_utf8_lossy(&inner.stderr);
    assert!(inner.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
    false
}

/// A disk under the folder that all servers of the tests lie in: ProFTPD would not see one that comes later.
fn small_disk() -> Option<PathBuf> {
    let server = real::start(Kind::Pyftpd)?;
    let mut above = server.root().ancestors();
    let run = above.find(|folder| folder.ends_with("run")).unwrap();
    let run = run.to_owned();
    drop(server);
    mount("size=2m,mode=755", &run);
    Some(run)
}

fn mount(options: &str, folder: &Path) {
    let mut command = Command::new("mount");
    command.args(["-t", "tmpfs", "-o", options, "none"]);
    assert!(command.arg(folder).status().unwrap().success());
}

/// The files of a folder, each of which must be whole.
#[track_caller]
fn whole_files(folder: &Path, what: &str) -> usize {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut count = 0;
    for entry in entries.map(|entry| entry.unwrap()) {
        let name = entry.file_name().into_string().unwrap();
        let seed = names().position(|known| known == name);
        let seed = seed.unwrap_or_else(|| panic!("{name} is left: {what}"));
        let whole = pattern(SIZE as u64, seed as u64);
        assert!(
            std::fs::read(entry.path()).unwrap() == whole,
            "{name}: {what}"
        );
        count += 1;
    }
    count
}

/// 2 MiB for twelve files of 300 KB, over four sessions: some may arrive.
#[test]
#[ignore = "needs the Debian FTP servers, and root, who may mount a disk: tests/run"]
fn a_full_disk_of_a_real_server_is_one_error_and_leaves_no_half_file() {
    let name = "full_disk::a_full_disk_of_a_real_server_is_one_error_and_leaves_no_half_file";
    if lacks_disks() || !in_own_mounts(name) {
        return;
    }
    let Some(disk) = small_disk() else { return };
    for kind in [Kind::Vsftpd, Kind::Proftpd, Kind::Pureftpd, Kind::Pyftpd] {
        mount("remount,size=2m", &disk);
        let Some(server) = real::start(kind) else {
            continue;
        };
        server.put("small/.keep", "");
        let small = server.root().join("small");
        std::fs::remove_file(small.join(".keep")).unwrap();
        let steps = "steps:\n  put: { upload: { files: in/*, to: s, into: @small } }\n";
        let yaml = format!(
            "version: 1\nservers:\n{}{}",
            server.servers_entry("s"),
            steps.replace('@', server.prefix())
        );
        let files = names().enumerate();
        let case = files.fold(Case::new().manifest(&yaml), |case, (seed, name)| {
            case.file(&format!("in/{name}"), pattern(SIZE as u64, seed as u64))
        });

        let outcome = case.run();

        let what = format!("{kind:?}\n{}", outcome.stderr);
        outcome.code(1).stderr_has("help     make room");
        let errors = outcome.stderr.matches("control  ").count();
        assert_eq!(errors, 1, "one error: {what}");
        assert!(whole_files(&small, &what) < FILES, "{what}");
        mount("remount,size=16m", &disk);
        case.run().code(0);
        assert_eq!(whole_files(&small, &what), FILES, "{what}");
    }
}

/// A limit on the size of files is no reason to be killed for: what was to be written is an error with a name.
#[test]
fn a_file_beyond_the_limit_of_the_shell_fails_and_the_others_arrive() {
    let server = Server::new()
        .pattern("/in/large.bin", 3 << 20, 5)
        .file("/in/small.txt", "content")
        .start();
    let limited = "ulimit -f 2048; exec \"$0\" run pipeline.yaml";
    let case = Case::new()
        .pipeline(
            &[("s", &server)],
            "steps:\n  get: { download: { server: s, files: '/in/*', into: out } }\n",
        )
        .args(["-c", limited, env!("CARGO_BIN_EXE_ftpflow")]);
    let outcome = Process::new(case.start(Path::new("sh"))).wait();
    outcome.code(1).stderr_has("large.bin");
    outcome.stderr_has("file too large");
    assert_eq!(case.read("out/small.txt"), Some(b"content".to_vec()));
    assert_eq!(case.read("out/large.bin"), None);
}
