//! `when` on the real servers: an upload that fails, what then says so, and what looks in any case.
#![cfg(test)]
#![cfg(unix)]

use crate::harness::Case;
use crate::harness::real::{self, Kind};

const STEPS: &str = "\
steps:
  send:
    upload: {files: out/*, to: a, into: @in, if_exists: fail}
  tell:
    needs: [send]
    when: failure
    upload: {files: failed.txt, to: a, into: @status}
  look:
    needs: [send]
    when: always
    list: {server: a, path: @in, empty: fail}
";

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn a_failed_upload_is_told_by_a_marker_on_every_server() {
    for kind in [Kind::Vsftpd, Kind::Proftpd, Kind::Pureftpd, Kind::Pyftpd] {
        let Some(server) = real::start(kind) else {
            continue;
        };
        server.put("in/old", "old");
        let steps = STEPS.replace('@', server.prefix());
        let entry = server.servers_entry("a");
        let case = Case::new()
            .manifest(&format!("version: 1\nservers:\n{entry}{steps}"))
            .file("out/new", "new")
            .file("failed.txt", "failed");
        let marker = server.root().join("status/failed.txt");

        let good = case.run();
        good.code(0).stderr_has("tell: not needed: nothing failed");
        good.stderr_has("Finished look");
        assert!(!marker.exists(), "{kind:?}");

        // Both stand there now.
        let bad = case.run();
        bad.code(1).stderr_has("Finished look");
        assert_eq!(std::fs::read(&marker).unwrap(), b"failed", "{kind:?}");
        let mut there: Vec<_> = std::fs::read_dir(server.root().join("in"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        there.sort();
        assert_eq!(there, ["new", "old"], "{kind:?}");
    }
}
