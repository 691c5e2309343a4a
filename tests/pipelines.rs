//! Every manifest in `pipelines/` and `examples/` is right, and does what its comments say.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use encoding_rs::GBK;
use regex::Regex;

use crate::harness::server::{Do, On, Running, Server, pattern};
use crate::harness::{Case, Outcome};

/// A pipeline as a user copies it, with nothing changed but where its servers are.
#[must_use]
pub(crate) struct Copied(String);

impl Copied {
    pub(crate) fn of(name: &str) -> Self {
        Self(fs::read_to_string(shipped("pipelines").join(name)).unwrap())
    }

    /// Puts the server of this name on loopback and takes its TLS away. Everything else stays.
    pub(crate) fn server(self, name: &str, port: u16) -> Self {
        let entry = Regex::new(&format!(r"(?m)^  {name}:\n(?:    .*\n)+")).unwrap();
        let found = entry.find(&self.0).expect("the server's entry");
        let host = Regex::new(r"(?m)^    host: .*$").unwrap();
        let tls = Regex::new(r"(?m)^    tls: .*\n").unwrap();
        let here = format!("    host: 127.0.0.1\n    port: {port}");
        assert!(host.is_match(found.as_str()), "{name} has a host");
        let moved = host.replace(found.as_str(), here.as_str()).into_owned();
        let moved = tls.replace(&moved, "").into_owned();
        Self(self.0.replace(found.as_str(), &moved))
    }

    /// Another text, where the servers of a test cannot have the one of the file.
    pub(crate) fn text(self, from: &str, to: &str) -> Self {
        assert!(self.0.contains(from), "{from} stands in the file");
        Self(self.0.replace(from, to))
    }

    pub(crate) fn case(self) -> Case {
        Case::new().manifest(&self.0)
    }
}

fn shipped(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
}

fn manifests() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["pipelines", "examples"] {
        let entries = fs::read_dir(shipped(folder)).unwrap();
        found.extend(entries.map(|entry| entry.unwrap().path()));
    }
    found.retain(|path| path.extension() == Some(OsStr::new("yaml")));
    found.sort();
    found
}

fn ftpflow(arguments: &[&OsStr]) -> Outcome {
    Case::new().args(arguments.iter().copied()).run()
}

fn gbk(text: &str) -> Vec<u8> {
    GBK.encode(text).0.into_owned()
}

/// A user of that name, and the same name as password.
fn as_user(name: &str) -> Server {
    Server::new().user(name, "secret-word")
}

/// A time this many days ago.
fn days_ago(days: i64) -> i64 {
    chrono::Utc::now().timestamp() - days * 86_400
}

fn nothing_half_written(servers: &[&Running]) {
    for server in servers {
        let mut paths = server.tree().into_keys();
        let half = paths.find(|path| String::from_utf8_lossy(path).contains(".ftpflow-"));
        assert_eq!(half, None);
    }
}

#[test]
fn every_manifest_is_without_warnings() {
    let manifests = manifests();
    assert!(manifests.len() >= 6, "{manifests:?}");
    for path in manifests {
        let path = path.as_os_str();
        ftpflow(&[
            "check".as_ref(),
            "--deny".as_ref(),
            "warnings".as_ref(),
            path,
        ])
        .code(0);
    }
}

#[test]
fn every_manifest_compiles_to_a_plan() {
    for path in manifests() {
        let dry = ftpflow(&["run".as_ref(), "--dry-run".as_ref(), path.as_os_str()]);
        dry.code(0)
            .stdout_has("steps, in an order in which they can run");
    }
}

#[test]
fn every_pipeline_is_run_by_a_test() {
    let this = fs::read_to_string(shipped("tests/pipelines.rs")).unwrap();
    for path in manifests() {
        let name = path.file_name().unwrap().to_str().unwrap();
        let example = path.parent() == Some(&shipped("examples"));
        assert!(
            example || this.contains(&format!("Copied::of(\"{name}\")")),
            "{name}"
        );
    }
}

#[test]
fn download_builds_fetches_the_newest_ten_and_nothing_twice() {
    let mut server = as_user("ci");
    for day in 1..=12 {
        let path = gbk(&format!(
            "/file/download/bbb/版本/{day:02}/产品-2.4.{day}.zip"
        ));
        server = server.file_at(path, pattern(5_000, day), days_ago(day as i64) + 3600);
    }
    let old = gbk("/file/download/bbb/版本/old/产品-2.4.99.zip");
    let debug = gbk("/file/download/bbb/版本/01/产品-2.4.1-debug.zip");
    let server = server
        .file_at(old, "too old", days_ago(20))
        .file_at(debug, "not wanted", days_ago(1))
        .start();
    let case = Copied::of("download-builds.yaml")
        .server("build", server.port())
        .case()
        .env("BUILD_PASSWORD", "secret-word");

    case.run().code(0).never_says("secret-word");

    let expected: Vec<_> = (1..=10)
        .map(|day| format!("{day:02}/产品-2.4.{day}.zip"))
        .collect();
    assert_eq!(case.files("builds"), expected);
    assert_eq!(
        case.read("builds/03/产品-2.4.3.zip"),
        Some(pattern(5_000, 3))
    );
    let fetched = server.count("RETR");
    case.run().code(0);
    assert_eq!(
        server.count("RETR"),
        fetched,
        "the second run fetches nothing"
    );
}

#[test]
fn upload_site_puts_pages_after_assets() {
    let server = as_user("deploy").folder("/htdocs").start();
    let case = Copied::of("upload-site.yaml")
        .server("web", server.port())
        .case()
        .file("public/index.html", "<p>hello")
        .file("public/blog/first.html", "<p>first")
        .file("public/css/site.css", "p {}")
        .file("public/logo.svg", "<svg/>")
        .env("WEB_PASSWORD", "secret-word");

    case.run().code(0);

    let pages = ["/htdocs/index.html", "/htdocs/blog/first.html"];
    let assets = ["/htdocs/css/site.css", "/htdocs/logo.svg"];
    for path in pages.iter().chain(&assets) {
        let local = path.replace("/htdocs", "public");
        assert_eq!(server.read(path), case.read(local), "{path}");
    }
    let log = server.log();
    let at = |verb: &str, name: &str| {
        let position = log
            .iter()
            .position(|line| line.contains(verb) && line.contains(name));
        position.unwrap_or_else(|| panic!("{verb} {name}: {log:#?}"))
    };
    assert!(at("RNTO", "site.css") < at("STOR", "index.html"));
    assert!(at("STOR", "first.html") < at("RNTO", "index.html"));
    at("SITE CHMOD 644", "logo.svg");
    nothing_half_written(&[&server]);
}

#[test]
fn relay_mirrors_fills_both() {
    let origin = as_user("releases")
        .pattern("/releases/3.1.0/linux/app.tar.gz", 300_000, 1)
        .pattern("/releases/3.1.0/app.zip", 200_000, 2)
        .file("/releases/3.0.2/app.zip", "old")
        .start();
    let (east, west) = (as_user("publisher").start(), as_user("publisher").start());
    let case = Copied::of("relay-mirrors.yaml")
        .server("origin", origin.port())
        .server("east", east.port())
        .server("west", west.port())
        .case()
        .args(["run", "pipeline.yaml", "--var", "release=3.1.0"])
        .env("ORIGIN_PASSWORD", "secret-word")
        .env("EAST_PASSWORD", "secret-word")
        .env("WEST_PASSWORD", "secret-word");

    case.run().code(0);

    for mirror in [&east, &west] {
        for name in ["3.1.0/linux/app.tar.gz", "3.1.0/app.zip"] {
            let there = mirror.digest(format!("/pub/product/{name}"));
            assert_eq!(there, origin.digest(format!("/releases/{name}")), "{name}");
            assert!(there.is_some());
        }
        assert!(!mirror.exists("/pub/product/3.0.2"));
    }
    let mut local = case.files(".");
    local.retain(|path| !path.starts_with(".ftpflow/"));
    assert_eq!(
        local,
        ["pipeline.yaml"],
        "no file of the release comes here"
    );
    nothing_half_written(&[&east, &west]);
}

#[test]
fn cleanup_deletes_what_is_archived_and_old() {
    let app = as_user("janitor")
        .file_at("/var/log/app/2020/a.log.gz", "aaa", days_ago(400))
        .file_at("/var/log/app/2020/b.log.gz", "bbbb", days_ago(399))
        .file_at("/var/log/app/c.log.gz", "young", days_ago(3))
        .file_at("/var/log/app/d.log", "not packed", days_ago(400))
        .start();
    let archive = as_user("janitor").start();
    let case = Copied::of("cleanup.yaml")
        .server("app", app.port())
        .server("archive", archive.port())
        .case()
        .env("APP_PASSWORD", "secret-word")
        .env("ARCHIVE_PASSWORD", "secret-word");

    case.run().code(0);

    assert_eq!(archive.read("/logs/app/2020/a.log.gz").unwrap(), b"aaa");
    assert_eq!(archive.read("/logs/app/2020/b.log.gz").unwrap(), b"bbbb");
    assert_eq!(archive.names("/logs/app"), ["2020"]);
    assert_eq!(app.names("/var/log/app"), ["c.log.gz", "d.log"]);
}

#[test]
fn collect_daily_gives_each_day_a_name_of_its_own() {
    let partner = as_user("reader")
        .file("/outgoing/sales.csv", "1,2")
        .file("/outgoing/readme.txt", "no")
        .start();
    let case = Copied::of("collect-daily.yaml")
        .server("partner", partner.port())
        .case()
        .env("PARTNER_PASSWORD", "secret-word");

    case.run().code(0);

    let date = chrono::Local::now().format("%Y-%m-%d");
    assert_eq!(case.files("reports"), [format!("sales-{date}.csv")]);
}

#[test]
fn keep_newest_deletes_all_but_the_newest() {
    let backup = (0..20).fold(as_user("janitor"), |server, at| {
        server.file_at(format!("/backups/{at:02}.tar.gz"), "b", days_ago(at + 1))
    });
    let backup = backup
        .file_at("/backups/notes.txt", "x", days_ago(900))
        .start();
    let case = Copied::of("keep-newest.yaml")
        .server("backup", backup.port())
        .case()
        .env("BACKUP_PASSWORD", "secret-word");

    case.run().code(0);

    let mut left: Vec<String> = (0..14).map(|at| format!("{at:02}.tar.gz")).collect();
    left.push("notes.txt".into());
    assert_eq!(backup.names("/backups"), left);
    case.run().code(0);
    assert_eq!(backup.names("/backups"), left);
}

#[test]
fn fetch_when_done_waits_for_the_marker_and_the_next_run_for_another() {
    use crate::harness::server::{Do, On};

    let marker = On::command("MLSD").path("/outgoing").nth(3);
    let partner = as_user("reader")
        .file_at("/outgoing/a.csv", "1,2", days_ago(1))
        .file_at("/outgoing/b.csv", "3,4", days_ago(1))
        .rule(
            marker,
            Do::mutate(|tree| tree.write("/outgoing/all.done", "")),
        )
        .start();
    let pipeline = Copied::of("fetch-when-done.yaml").server("partner", partner.port());
    let case = pipeline
        .text("stable: 1m ", "stable: 0s ")
        .text("every: 30s", "every: 100ms")
        .text("timeout: 6h", "timeout: 10s")
        .text("${run.date}", "today")
        .case()
        .env("PARTNER_PASSWORD", "secret-word");

    case.run().code(0).stderr_has("Waiting batch: for *.done");
    assert_eq!(case.files("batches/today"), ["a.csv", "b.csv"]);
    assert_eq!(partner.count("MLSD"), 3);
    let again = On::command("MLSD").path("/outgoing").nth(5);
    partner.rule(
        again,
        Do::mutate(|tree| assert!(tree.touch("/outgoing/all.done", days_ago(0)))),
    );
    case.run()
        .code(0)
        .stderr_has("Waiting batch: for *.done (0 of 1, among 3 files)");
}

#[test]
fn tell_failure_sends_a_marker_only_where_a_file_failed() {
    use crate::harness::server::{Do, On};

    for fails in [false, true] {
        let mut partner = as_user("sender").folder("/incoming");
        if fails {
            let second = On::command("STOR").path_has("b.csv");
            partner = partner.rule(second, Do::reply("553 not here"));
        }
        let (partner, status) = (partner.start(), as_user("sender").start());
        let case = Copied::of("tell-failure.yaml")
            .server("partner", partner.port())
            .server("status", status.port())
            .case()
            .file("outgoing/a.csv", "1,2")
            .file("outgoing/b.csv", "3,4")
            .file("delivery-failed.txt", "look at it")
            .env("PARTNER_PASSWORD", "secret-word")
            .env("STATUS_PASSWORD", "secret-word");

        case.run().code(i32::from(fails));

        assert!(partner.exists("/incoming/a.csv"));
        let marker = status.exists("/alerts/delivery-failed.txt");
        assert_eq!(marker, fails);
    }
}

#[test]
fn cleanup_keeps_what_the_archive_refuses() {
    use crate::harness::server::{Do, On};

    let app = as_user("janitor")
        .file_at("/var/log/app/a.log.gz", "aaa", days_ago(400))
        .file_at("/var/log/app/b.log.gz", "bbbb", days_ago(399))
        .start();
    let refuse = Do::reply("553 not here");
    let archive = as_user("janitor")
        .rule(On::command("STOR").path_has("b.log.gz"), [refuse])
        .start();
    let case = Copied::of("cleanup.yaml")
        .server("app", app.port())
        .server("archive", archive.port())
        .case()
        .env("APP_PASSWORD", "secret-word")
        .env("ARCHIVE_PASSWORD", "secret-word");

    case.run().code(1).stderr_has("b.log.gz");

    assert!(app.exists("/var/log/app/b.log.gz"));
}

#[test]
fn release_does_both_pairs() {
    let build = as_user("ci")
        .pattern(
            gbk("/file/download/bbb/版本/一/server-2.4.1.zip"),
            400_000,
            1,
        )
        .pattern(gbk("/file/download/bbb/版本/客户端-2.4.1.zip"), 100_000, 2)
        .file(
            gbk("/file/download/bbb/版本/server-2.4.1-debug.zip"),
            "debug",
        )
        .file(gbk("/file/download/bbb/版本/server-2.3.9.zip"), "older")
        .start();
    let mirror = as_user("publisher").start();
    let lab = as_user("reader")
        .file("/records/mon/a.csv", "1,2\n")
        .file("/records/mon/a.log", "no")
        .start();
    let archive = as_user("writer").folder("/records").start();
    let case = release(&build, &mirror, &lab, &archive);

    case.run().code(0).never_says("secret-word");

    let date = chrono::Utc::now().format("dist/%Y-%m-%d").to_string();
    for (name, content) in [
        ("一/server-2.4.1.zip", pattern(400_000, 1)),
        ("客户端-2.4.1.zip", pattern(100_000, 2)),
    ] {
        assert_eq!(mirror.read(format!("/abc/edf/{name}")).unwrap(), content);
        assert_eq!(case.read(format!("{date}/{name}")).unwrap(), content);
        assert!(!build.exists(gbk(&format!("/file/download/bbb/版本/{name}"))));
    }
    assert!(build.exists(gbk("/file/download/bbb/版本/server-2.4.1-debug.zip")));
    assert!(build.exists(gbk("/file/download/bbb/版本/server-2.3.9.zip")));
    assert_eq!(
        archive.read("/records/2.4/raw/mon/a.csv").unwrap(),
        b"1,2\n"
    );
    assert_eq!(archive.names("/records/2.4/raw/mon"), ["a.csv"]);
    assert!(archive.exists("/records/2.4/notes/changes.txt"));
    nothing_half_written(&[&mirror, &archive]);
}

#[test]
fn release_fails_one_pair_and_finishes_the_other() {
    let build = Server::new().user("ci", "another").start();
    let mirror = as_user("publisher").start();
    let lab = as_user("reader").file("/records/a.csv", "1,2\n").start();
    let archive = as_user("writer").folder("/records").start();
    let case = release(&build, &mirror, &lab, &archive);

    case.run()
        .code(1)
        .stderr_has("530")
        .never_says("secret-word");

    assert_eq!(archive.read("/records/2.4/raw/a.csv").unwrap(), b"1,2\n");
    assert_eq!(mirror.names("/"), [""; 0]);
}

fn release(build: &Running, mirror: &Running, lab: &Running, archive: &Running) -> Case {
    let mut case = Copied::of("release.yaml")
        .server("build", build.port())
        .server("mirror", mirror.port())
        .server("lab", lab.port())
        .server("archive", archive.port())
        .case()
        .file("notes/changes.txt", "faster\nand kinder\n");
    for name in ["BUILD", "MIRROR", "LAB", "ARCHIVE"] {
        case = case.env(&format!("{name}_PASSWORD"), "secret-word");
    }
    case
}

#[cfg(unix)]
#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn release_runs_on_real_servers() {
    use crate::harness::real::{self, Kind};

    // vsftpd keeps its files below /data, and this pipeline names its folders.
    let kinds = [Kind::PyftpdGbk, Kind::Pureftpd, Kind::Proftpd, Kind::Pyftpd];
    let servers: Vec<_> = kinds.into_iter().filter_map(real::start).collect();
    let [build, mirror, lab, archive] = &servers[..] else {
        return;
    };
    build.put(
        "file/download/bbb/版本/一/server-2.4.1.zip",
        pattern(400_000, 1),
    );
    build.put("file/download/bbb/版本/server-2.3.9.zip", "older");
    lab.put("records/mon/a.csv", "1,2\n");
    archive.put("records/readme", "");
    let mut copied = Copied::of("release.yaml");
    for ((name, user), server) in [
        ("build", "ci"),
        ("mirror", "publisher"),
        ("lab", "reader"),
        ("archive", "writer"),
    ]
    .into_iter()
    .zip(&servers)
    {
        copied = copied.server(name, server.port()).text(
            &format!("user: {user}\n"),
            &format!("user: {}\n", server.user()),
        );
    }
    let mut case = copied.case().file("notes/changes.txt", "faster\n");
    for (name, server) in ["BUILD", "MIRROR", "LAB", "ARCHIVE"].iter().zip(&servers) {
        case = case.env(&format!("{name}_PASSWORD"), server.password());
    }

    case.run().code(0);

    let read = |server: &real::Server, path: &str| fs::read(server.root().join(path)).ok();
    let arrived = read(mirror, "abc/edf/一/server-2.4.1.zip");
    assert_eq!(arrived, Some(pattern(400_000, 1)));
    assert_eq!(
        read(build, "file/download/bbb/版本/一/server-2.4.1.zip"),
        None
    );
    assert!(read(build, "file/download/bbb/版本/server-2.3.9.zip").is_some());
    let records = read(archive, "records/2.4/raw/mon/a.csv");
    assert_eq!(records.as_deref(), Some(&b"1,2\n"[..]));
    assert!(read(archive, "records/2.4/notes/changes.txt").is_some());
}

#[test]
fn collect_once_fetches_each_report_once_and_tidies_up_a_week_later() {
    let partner = as_user("reader")
        .file_at("/outgoing/old.csv", "old", days_ago(9))
        .file_at("/outgoing/a/new.csv", "new", days_ago(1))
        .file("/outgoing/notes.txt", "notes")
        .start();
    let case = Copied::of("collect-once.yaml")
        .server("partner", partner.port())
        .case()
        .env("PARTNER_PASSWORD", "secret-word");
    let take = |path: &str| fs::remove_file(case.path(path)).unwrap();

    case.run().code(0);
    assert_eq!(case.files("inbox"), ["a/new.csv", "old.csv"]);
    assert_eq!(partner.names("/outgoing"), ["a", "notes.txt"]);

    take("inbox/a/new.csv");
    take("inbox/old.csv");
    let fetched = partner.count("RETR");
    case.run().code(0);
    assert_eq!(partner.count("RETR"), fetched, "{:?}", partner.log());
    assert!(partner.exists("/outgoing/a/new.csv"));

    // A week later.
    partner.mutate(|tree| tree.touch("/outgoing/a/new.csv", days_ago(8)));
    case.run().code(0);
    assert_eq!(
        case.files("inbox"),
        ["a/new.csv"],
        "another time is another file"
    );
    assert_eq!(partner.names("/outgoing/a"), [""; 0]);
    nothing_half_written(&[&partner]);
}

#[test]
fn quickstart_does_the_main_job() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = std::process::Command::new(cargo)
        .args(["run", "--quiet", "--locked", "--example", "quickstart"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{text}\n{errors}");
    let (_, after) = text.split_once("What it did").expect("a last part");
    for line in [
        "- /file/download/bbb/版本/一/server-2.4.0.zip",
        "  /file/download/bbb/版本/一/server-2.4.0-debug.zip",
        "+ /abc/edf/二/客户端-2.4.1.zip",
        "+ /records/raw/monday/voltage.csv",
        "+ /records/notes/2.4.1.txt",
        "+ dist/二/server-2.4.1.zip",
    ] {
        assert!(after.contains(line), "{line} in\n{after}");
    }
    for password in ["swordfish", "rosebud", "mellon"] {
        assert!(!text.contains(password) && !errors.contains(password));
    }
}

#[test]
fn move_processed_moves_what_arrived_to_one_folder_and_what_failed_to_another() {
    let partner = as_user("reader")
        .files("/inbox", ["a.csv", "b.csv", "notes.txt"], "rows")
        .file("/failed/b.csv", "an earlier one")
        .rule(
            On::command("RETR").path("/inbox/b.csv"),
            Do::reply("550 no"),
        )
        .start();
    let copied = Copied::of("move-processed.yaml").server("partner", partner.port());
    let case = copied.case().env("PARTNER_PASSWORD", "secret-word");
    case.run().code(1);
    assert_eq!(case.files("orders"), ["a.csv"]);
    assert_eq!(partner.names("/inbox"), ["notes.txt"]);
    assert_eq!(partner.names("/failed"), ["b (2).csv", "b.csv"]);
    let day = partner.names("/processed").remove(0);
    assert_eq!(partner.names(format!("/processed/{day}")), ["a.csv"]);
    nothing_half_written(&[&partner]);
}

#[test]
fn mirror_copies_what_is_new_and_deletes_what_is_gone() {
    let names: Vec<String> = (0..20).map(|number| format!("{number}.html")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let build = as_user("reader")
        .files("/docs", names.clone(), "page")
        .start();
    let mirror = as_user("publisher")
        .file("/pub/docs/gone/old.html", "old")
        .start();
    let copied = Copied::of("mirror.yaml")
        .server("build", build.port())
        .server("mirror", mirror.port());
    let case = copied.case();
    let case = case.env("BUILD_PASSWORD", "secret-word");
    case.env("MIRROR_PASSWORD", "secret-word").run().code(0);
    assert_eq!(mirror.names("/pub/docs").len(), names.len());
    nothing_half_written(&[&build, &mirror]);
}
