//! A run that is killed at any moment is finished by `run --resume`: nothing lost, nothing doubled, nothing
//! half done.

use crate::harness::Case;
use crate::harness::real::{self, Kind};
use crate::harness::server::{Digest, Do, On, Running, Server, pattern};

const FILES: u64 = 12;
const STEPS: &str = "\
steps:
  all: {list: {server: source, path: /in, recursive: true}}
  some: {filter: {from: all, include: '*.bin'}}
  keep: {download: {from: some, into: dist}}
  publish: {relay: {from: some, to: target, into: /out}}
  tidy: {delete: {sources_of: [keep, publish]}}
";

fn content(file: u64) -> Vec<u8> {
    pattern(20_000 + file * 1_000, file)
}

fn source() -> Running {
    let mut server = Server::new()
        .file("/in/stays.txt", "stays")
        .folder("/in/sub");
    for file in 0..FILES {
        let folder = if file % 3 == 0 { "/in/sub" } else { "/in" };
        server = server.file_at(format!("{folder}/{file}.bin"), content(file), 1_600_000_000);
    }
    server.start()
}

fn case(source: &Running, target: &Running) -> Case {
    Case::new()
        .pipeline(&[("source", source), ("target", target)], STEPS)
        .args(["run", "pipeline.yaml", "--resume"])
}

#[track_caller]
fn assert_all_arrived(case: &Case, source: &Running, target: &Running) {
    for file in 0..FILES {
        let path = if file % 3 == 0 {
            format!("sub/{file}.bin")
        } else {
            format!("{file}.bin")
        };
        assert_eq!(
            case.read(format!("dist/{path}")),
            Some(content(file)),
            "{path} here"
        );
        let there = target.digest(format!("/out/{path}"));
        assert_eq!(there, Some(Digest::of(&content(file))), "{path} there");
        assert!(
            !source.exists(format!("/in/{path}")),
            "{path} is still at the source"
        );
    }
    assert!(source.exists("/in/stays.txt"));
    assert_eq!(
        case.files("dist").len(),
        FILES as usize,
        "{:?}",
        case.files("dist")
    );
    let files = target
        .tree()
        .keys()
        .filter(|path| path.ends_with(b".bin"))
        .count();
    let all = target.names("/out").len() + target.names("/out/sub").len() - 1;
    assert_eq!(
        (files, all),
        (FILES as usize, FILES as usize),
        "{:?}",
        target.names("/out")
    );
}

/// Kills a run when the source has seen so many commands of a verb.
fn kill_at(case: &Case, source: &Running, verb: &str, count: usize) {
    let process = case.spawn();
    source.until_command(verb, count);
    process.kill();
    process.wait();
}

/// Kills the run when `target` or `source` has seen so many commands, and finishes it.
fn kill_and_resume(commands: usize, watch_target: bool) {
    let (source, target) = (source(), Server::new().start());
    let case = case(&source, &target);
    let process = case.spawn();
    let watched = if watch_target { &target } else { &source };
    watched.wait_for(|entries| entries.len() >= commands);
    process.kill();
    process.wait();
    case.run().code(0);
    assert_all_arrived(&case, &source, &target);
}

#[test]
fn a_run_killed_at_any_command_is_finished_by_the_next() {
    let (first, second) = (source(), Server::new().start());
    case(&first, &second).run().code(0);
    for (commands, watch_target) in [
        (first.entries().len(), false),
        (second.entries().len(), true),
    ] {
        // The very last commands are QUITs, after which the run may end before it is killed.
        let moments = (1..=8).map(|eighth| commands * eighth / 9);
        for moment in moments {
            kill_and_resume(moment.max(1), watch_target);
        }
    }
}

#[test]
fn a_finished_step_is_not_repeated() {
    let (source, target) = (source(), Server::new().start());
    let case = case(&source, &target);
    kill_at(&case, &source, "DELE", 1);
    let (listed, fetched) = (source.count("MLSD"), source.count("RETR"));
    case.run().code(0).stderr_has("continuing run");
    assert_all_arrived(&case, &source, &target);
    assert_eq!(source.count("RETR"), fetched, "no file is moved again");
    // Each folder is listed once more before its files are deleted, and once to look whether files have been put away.
    assert!(source.count("MLSD") <= listed + 4, "{:?}", source.log());
}

/// The killed run has deleted all files but the last, or all of them, or has removed the first folder, too.
#[test]
fn folders_that_a_killed_run_emptied_are_removed_by_the_next() {
    for (verb, count) in [("DELE", FILES as usize), ("RMD", 1), ("RMD", 2)] {
        let (source, target) = (source(), Server::new().start());
        source.mutate(|tree| tree.write("/in/sub/deep/last.bin", "last"));
        source.rule(On::command(verb).nth(count), Do::Hang);
        let steps = STEPS.replace("publish]}", "publish], directories: remove_empty}");
        let case = Case::new()
            .pipeline(&[("source", &source), ("target", &target)], &steps)
            .args(["run", "pipeline.yaml", "--resume"]);
        kill_at(&case, &source, verb, count);
        assert!(source.exists("/in/sub"), "{verb}: {:?}", source.log());

        case.run().code(0);

        assert_eq!(source.names("/in"), ["stays.txt"], "{verb} {count}");
    }
}

#[test]
fn a_second_run_of_the_same_manifest_is_refused() {
    use crate::harness::server::Gate;
    let gate = Gate::new();
    let (source, target) = (source(), Server::new().start());
    source.rule(On::command("RETR").nth(1), Do::Wait(gate.clone()));
    let case = case(&source, &target);
    let first = case.spawn();
    gate.until_arrived(1);
    case.run()
        .code(4)
        .stderr_has("another run of this manifest is under way");
    gate.open();
    first.wait().code(0);
    assert_all_arrived(&case, &source, &target);
}

#[test]
fn a_damaged_journal_is_set_aside_and_never_trusted() {
    let (source, target) = (source(), Server::new().start());
    let case = case(&source, &target);
    kill_at(&case, &source, "RETR", 3);
    let journal = case
        .files(".ftpflow")
        .into_iter()
        .find(|path| path.ends_with("/journal"));
    let path = case.path(".ftpflow").join(journal.unwrap());
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[30] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    case.run()
        .code(0)
        .stderr_has("damaged")
        .stderr_has("journal.damaged");
    assert_all_arrived(&case, &source, &target);
}

#[test]
fn a_changed_manifest_is_not_resumed() {
    let (source, target) = (source(), Server::new().start());
    let case = case(&source, &target);
    kill_at(&case, &source, "RETR", 3);
    let changed = STEPS.replace("'*.bin'", "'1*.bin'");
    let case = case.pipeline(&[("source", &source), ("target", &target)], &changed);
    case.run()
        .code(4)
        .stderr_has("no longer what the unfinished run was");
    assert!(source.exists("/in/1.bin"), "nothing was done");
}

#[test]
fn a_run_without_resume_starts_anew_and_says_so() {
    let (source, target) = (source(), Server::new().start());
    let yaml = format!(
        "version: 1\nservers:\n  source: {}\n  target: {}\n{STEPS}",
        source.yaml(),
        target.yaml()
    );
    let case = Case::new().manifest(&yaml);
    kill_at(&case, &source, "RETR", 3);
    case.run().code(0).stderr_has("failed or was interrupted");
    assert_all_arrived(&case, &source, &target);
    // Nothing is left to resume, and that is no error.
    let again = case.args(["run", "pipeline.yaml", "--resume"]);
    again.run().code(0).stderr_has("nothing to resume");
}

#[test]
fn a_run_that_failed_says_how_it_is_continued() {
    let (source, target) = (source(), Server::new().start());
    source.rule(On::command("RETR").nth(5), Do::reply("550 not now"));
    let advice = "with `--resume` the same command continues this run";
    let case = case(&source, &target);
    case.run()
        .code(1)
        .stderr_has("550 not now")
        .stderr_has(advice);
    case.run()
        .code(0)
        .stderr_has("continuing run")
        .never_says(advice);
    assert_all_arrived(&case, &source, &target);
}

/// Numbers that look random and are the same in every run.
fn scatter(seed: u64) -> u64 {
    let mixed = (seed ^ (seed >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xc4ce_b9fe_1a85_ec53) >> 33
}

fn killed_on_vsftpd(moments: u64) {
    let (Some(source), Some(target)) = (real::start(Kind::Pyftpd), real::start(Kind::Vsftpd))
    else {
        return;
    };
    for moment in 0..moments {
        let (inbox, outbox) = (format!("in{moment}"), format!("out{moment}"));
        for file in 0..FILES {
            source.put(format!("{inbox}/sub/{file}.bin"), content(file));
        }
        source.put(format!("{inbox}/stays.txt"), b"stays");
        let yaml = format!(
            "version: 1\nservers:\n{}{}{}",
            source.servers_entry("source"),
            target.servers_entry("target"),
            STEPS
                .replace("/in,", &format!("{}{inbox},", source.prefix()))
                .replace("/out", &format!("{}{outbox}", target.prefix()))
        );
        let case = Case::new()
            .manifest(&yaml)
            .args(["run", "pipeline.yaml", "--resume"]);
        let process = case.spawn();
        // No order depends on this pause: any moment is a good moment to be killed.
        std::thread::sleep(std::time::Duration::from_micros(
            scatter(moment + 1) % 700_000,
        ));
        process.kill_if_running();
        process.wait();
        case.run().code(0);
        for file in 0..FILES {
            let path = format!("sub/{file}.bin");
            assert_eq!(
                case.read(format!("dist/{path}")),
                Some(content(file)),
                "{moment}: {path}"
            );
            let there = std::fs::read(target.root().join(&outbox).join(&path)).ok();
            assert_eq!(there, Some(content(file)), "{moment}: {path}");
            assert!(
                !source.root().join(&inbox).join(&path).exists(),
                "{moment}: {path}"
            );
        }
        let names = std::fs::read_dir(target.root().join(&outbox).join("sub"))
            .unwrap()
            .count();
        assert_eq!(
            (names, case.files("dist").len()),
            (FILES as usize, FILES as usize)
        );
        assert!(source.root().join(&inbox).join("stays.txt").exists());
    }
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn a_run_on_vsftpd_killed_at_10_moments_is_finished_by_the_next() {
    killed_on_vsftpd(10);
}

#[test]
#[ignore = "takes minutes: FTPFLOW_LONG=1 tests/run"]
fn long_a_run_on_vsftpd_killed_at_200_moments_is_finished_by_the_next() {
    killed_on_vsftpd(200);
}
