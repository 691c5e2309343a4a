//! Pairs of servers that have nothing to do with one another, on the real servers.
// Always so here; it tells clippy that the helpers, too, are a test's, and may panic.
#![cfg(test)]
#![cfg(unix)]

use crate::harness::Case;
use crate::harness::real::{self, Kind};

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn a_wrong_password_of_one_pair_leaves_the_other_alone() {
    for kind in [Kind::Proftpd, Kind::Pyftpd, Kind::Pureftpd] {
        let ends = [kind, Kind::Vsftpd, Kind::Pyftpd, Kind::Vsftpd].map(real::start);
        let [Some(locked), Some(one), Some(open), Some(two)] = ends else {
            continue;
        };
        locked.put("from/a", b"a");
        open.put("from/a", b"a");
        open.put("from/b", b"b");
        let wrong = locked
            .servers_entry("locked")
            .replace(locked.password(), "wr0ng-one");
        let case = Case::new().manifest(&format!(
            "\
version: 1
servers:
{wrong}{}{}{}steps:
  first:
    list: {{ server: locked, path: /from }}
  lost:
    relay: {{ from: first, to: one, into: /data/in }}
  gone:
    delete: {{ sources_of: lost }}
  second:
    list: {{ server: open, path: /from }}
  arrives:
    relay: {{ from: second, to: two, into: /data/in }}
  moved:
    delete: {{ sources_of: arrives }}
",
            one.servers_entry("one"),
            open.servers_entry("open"),
            two.servers_entry("two"),
        ));

        let outcome = case.run();

        outcome.code(1).never_says("wr0ng-one");
        outcome
            .stderr_has("530")
            .stderr_has("PASS")
            .stderr_has("locked");
        outcome.stderr_has("because of");
        let at = |server: &real::Server, path: &str| server.root().join(path).exists();
        assert!(at(&locked, "from/a") && !at(&one, "in/a"), "{kind:?}");
        assert!(at(&two, "in/a") && at(&two, "in/b"), "{kind:?}");
        assert!(!at(&open, "from/a") && !at(&open, "from/b"), "{kind:?}");
    }
}
