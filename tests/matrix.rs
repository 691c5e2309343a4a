//! What each real server was seen to do, passive and active, over IPv4 and IPv6, plain and in both versions of TLS: the
//! table of the README.
//!
//! Every test checks the rows of its server there, so that the README claims nothing that no test saw, and writes them
//! into `matrix.md` in the target folder.
// Always so here; it tells clippy that the helpers, too, are a test's, and may panic.
#![cfg(test)]
#![cfg(unix)]

mod pipeline;
mod rounds;
mod table;
mod way;

use crate::harness::real::{self, Kind};
use crate::harness::table::Row;
use table::TABLE;
use way::{Protection, Way};

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn vsftpd_does_what_the_readme_says() {
    does_what_the_readme_says("vsftpd", Kind::Vsftpd, Some(Kind::VsftpdTls));
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn proftpd_does_what_the_readme_says() {
    does_what_the_readme_says("ProFTPD", Kind::Proftpd, Some(Kind::ProftpdTls));
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn pureftpd_does_what_the_readme_says() {
    does_what_the_readme_says("Pure-FTPd", Kind::Pureftpd, Some(Kind::PureftpdTls));
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn pyftpd_does_what_the_readme_says() {
    does_what_the_readme_says("pyftpdlib, UTF-8", Kind::Pyftpd, None);
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn pyftpd_gbk_does_what_the_readme_says() {
    does_what_the_readme_says("pyftpdlib, GBK", Kind::PyftpdGbk, None);
}

#[test]
fn the_readme_shows_no_server_and_no_word_that_is_not_explained() {
    TABLE.is_explained();
}

#[track_caller]
fn does_what_the_readme_says(name: &str, plain: Kind, encrypted: Option<Kind>) {
    let mut rows = seen(name, plain, &[Protection::Plain]);
    if let Some(kind) = encrypted {
        rows.extend(seen(name, kind, &[Protection::Tls12, Protection::Tls13]));
    }
    TABLE.check(name, &rows);
}

/// One row for each protection, of all ways that this machine has; none where the server cannot run here.
fn seen(name: &str, kind: Kind, protections: &[Protection]) -> Vec<Row> {
    let mut rows: Vec<_> = protections
        .iter()
        .map(|protection| Row::new(name, protection.label()))
        .collect();
    for host in way::HOSTS {
        // The second is what files are relayed to, and from.
        let Some((here, there)) = real::start_on(kind, host).zip(real::start_on(kind, host)) else {
            continue;
        };
        for (row, protection) in rows.iter_mut().zip(protections) {
            for active in [false, true] {
                let way = Way {
                    kind,
                    protection: *protection,
                    active,
                };
                let mut marks = pipeline::marks(&here, &there, &way);
                marks.push(rounds::mark(&here, &way));
                row.add(&way.label(host), marks);
            }
        }
    }
    rows.retain(Row::is_seen);
    rows
}
