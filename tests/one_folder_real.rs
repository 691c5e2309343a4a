//! A source's folder and its destination's that are one folder, however that is spelled, on the real servers: nothing is
//! lost, and the error names both places.
#![cfg(test)]
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use crate::harness::real::{self, Kind, Server};
use crate::harness::{Case, Outcome};

const KINDS: [Kind; 4] = [Kind::Vsftpd, Kind::Proftpd, Kind::Pureftpd, Kind::Pyftpd];
/// 2021-02-03 04:05:06 UTC: nothing need be waited for.
const THEN: u64 = 1_612_325_106;
const FILES: [(&str, &str); 3] = [("a.txt", "first"), ("b.txt", "other"), ("版.txt", "")];
const OPTIONS: [&str; 3] = [
    "publish: file, if_exists: update",
    "publish: set, if_exists: overwrite",
    "publish: direct, if_exists: overwrite",
];

fn put(server: &Server, folder: &str) {
    for (name, content) in FILES {
        let path = format!("{folder}/{name}");
        server.put(&path, content);
        let file = fs::File::options()
            .write(true)
            .open(server.root().join(path));
        let then = UNIX_EPOCH + Duration::from_secs(THEN);
        file.unwrap().set_modified(then).unwrap();
    }
}

fn holds_all(folder: &Path) -> bool {
    let whole = |(name, content): &(&str, &str)| {
        fs::read(folder.join(name)).is_ok_and(|bytes| bytes == content.as_bytes())
    };
    FILES.iter().all(whole)
}

/// Two entries of one server, under two names of its host.
fn entries(server: &Server) -> String {
    let one = server.servers_entry("one");
    let host = server.host().to_string();
    let other = server.servers_entry("two").replace(&host, "LocalHost");
    format!("{one}{other}")
}

fn run(server: &Server, steps: &str) -> Outcome {
    let yaml = format!("version: 1\nservers:\n{}{steps}", entries(server));
    let case = Case::new().manifest(&yaml);
    case.run()
}

/// All files stand where they stood, and the run says that it could not do what was asked.
#[track_caller]
fn nothing_is_lost(server: &Server, what: &str, outcome: &Outcome) {
    assert!(holds_all(&server.root().join("in")), "{what}\n{outcome:?}");
    assert_ne!(outcome.status.code(), Some(0), "{what}\n{outcome:?}");
    let names_both = outcome.stderr.contains("one and the same")
        || outcome.stderr.contains("is the file itself")
        || outcome.stderr.contains("onto_itself");
    assert!(names_both, "{what}\n{outcome:?}");
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn a_relay_into_its_own_folder_loses_nothing_however_it_is_spelled() {
    for kind in KINDS {
        let Some(server) = real::start(kind) else {
            continue;
        };
        fs::create_dir_all(server.root().join("x")).unwrap();
        symlink("in", server.root().join("alias")).unwrap();
        let prefix = server.prefix();
        for options in OPTIONS {
            for into in ["in", "x/../in", "./in", "alias"] {
                put(&server, "in");
                let steps = format!(
                    "steps:\n  pass:\n    relay: {{server: one, files: '{prefix}in/*', to: two, into: '{prefix}{into}', {options}}}\n  tidy:\n    delete: {{sources_of: pass}}\n"
                );
                let outcome = run(&server, &steps);
                let what = format!("{kind:?} {into} {options}");
                nothing_is_lost(&server, &what, &outcome);
            }
        }
    }
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn a_local_folder_that_is_the_servers_own_loses_nothing() {
    for kind in KINDS {
        let Some(server) = real::start(kind) else {
            continue;
        };
        let (prefix, root) = (server.prefix(), server.root().display().to_string());
        for options in OPTIONS {
            for step in [
                format!("upload: {{files: '{root}/in/*', to: one, into: '{prefix}in', {options}}}"),
                format!(
                    "download: {{server: one, files: '{prefix}in/*', into: '{root}/in', {options}}}"
                ),
            ] {
                put(&server, "in");
                let steps = format!(
                    "steps:\n  pass:\n    {step}\n  tidy:\n    delete: {{sources_of: pass}}\n"
                );
                let outcome = run(&server, &steps);
                nothing_is_lost(&server, &format!("{kind:?} {step}"), &outcome);
            }
        }
    }
}

/// The copies are links to the sources: no folder tells, and each is only seen when its source is away.
#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn a_copy_that_is_a_link_to_its_source_is_no_copy() {
    for kind in KINDS {
        let Some(server) = real::start(kind) else {
            continue;
        };
        put(&server, "in");
        fs::create_dir_all(server.root().join("out")).unwrap();
        for (name, _) in FILES {
            symlink(
                format!("../in/{name}"),
                server.root().join("out").join(name),
            )
            .unwrap();
        }
        let prefix = server.prefix();
        let steps = format!(
            "steps:\n  pass:\n    relay: {{server: one, files: '{prefix}in/*', to: two, into: '{prefix}out'}}\n  tidy:\n    delete: {{sources_of: pass}}\n"
        );
        run(&server, &steps);
        let (first, second) = (server.root().join("in"), server.root().join("out"));
        let stands = |name: &str, content: &str| {
            let whole = |folder: &Path| {
                fs::read(folder.join(name)).is_ok_and(|bytes| bytes == content.as_bytes())
            };
            whole(&first) || whole(&second)
        };
        for (name, content) in FILES {
            assert!(stands(name, content), "{kind:?} {name}");
        }
    }
}

/// A second run finds all unchanged, proves it once more, and deletes the sources.
#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn what_an_earlier_run_brought_is_deleted_at_its_source_by_the_next() {
    for kind in KINDS {
        let Some(server) = real::start(kind) else {
            continue;
        };
        put(&server, "in");
        let prefix = server.prefix();
        let pass = format!(
            "steps:\n  pass:\n    relay: {{server: one, files: '{prefix}in/*', to: two, into: '{prefix}out'}}\n"
        );
        run(&server, &pass).code(0);
        let tidy = format!("{pass}  tidy:\n    delete: {{sources_of: pass}}\n");
        run(&server, &tidy).code(0);
        assert!(holds_all(&server.root().join("out")), "{kind:?}");
        let left = fs::read_dir(server.root().join("in")).unwrap().count();
        assert_eq!(left, 0, "{kind:?}");
    }
}
