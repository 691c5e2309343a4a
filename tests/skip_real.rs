//! `filter: {skip: N}`: all but the newest, on the real servers, whose listings tell times to the second, the minute or the day.
#![cfg(test)]

use std::fs::File;
use std::time::{Duration, SystemTime};

use crate::harness::Case;
use crate::harness::real::{self, Kind};

const STEPS: &str = "\
steps:
  all:
    list: {server: a, path: @in}
  outdated:
    filter: {from: all, sort: modified, reverse: true, skip: 2}
  tidy:
    delete: {from: outdated}
";

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn all_but_the_newest_are_deleted_on_every_server() {
    for kind in [Kind::Vsftpd, Kind::Proftpd, Kind::Pureftpd, Kind::Pyftpd] {
        let Some(server) = real::start(kind) else {
            continue;
        };
        for (name, days) in [("b", 3), ("d", 400), ("a", 10), ("c", 300)] {
            server.put(format!("in/{name}"), "text");
            let file = File::options()
                .write(true)
                .open(server.root().join("in").join(name));
            let time = SystemTime::now() - Duration::from_secs(days * 86_400);
            file.unwrap().set_modified(time).unwrap();
        }
        let steps = STEPS.replace('@', server.prefix());
        let case = Case::new().manifest(&format!(
            "version: 1\nservers:\n{}{steps}",
            server.servers_entry("a")
        ));
        case.run().code(0);
        let left = std::fs::read_dir(server.root().join("in")).unwrap();
        let mut left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["a", "b"], "{kind:?}");
    }
}
