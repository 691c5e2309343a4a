//! Servers that the project has met late, and what was seen of each: a table of the README.
//!
//! Nothing in the program knows them. Each test takes twenty files there and back, checks the rows of its server in the
//! README, and writes them into `strangers.md` in the target folder. What is the server's own fault is shown beside it,
//! without ftpflow.
// Always so here; it tells clippy that the helpers, too, are a test's, and may panic.
#![cfg(test)]
#![cfg(unix)]

mod journey;
mod table;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::harness::client::Client;
use crate::harness::real::{self, Kind, Server};
use crate::harness::table::Row;
use table::TABLE;

const HOSTS: [(&str, IpAddr); 2] = [
    ("IPv4", IpAddr::V4(Ipv4Addr::LOCALHOST)),
    ("IPv6", IpAddr::V6(Ipv6Addr::LOCALHOST)),
];

#[test]
#[ignore = "needs aioftp and vsftpd: tests/run"]
fn aioftp_does_what_the_readme_says() {
    does_what_the_readme_says(
        "aioftp",
        &[
            (Kind::Aioftp, "plain, passive"),
            (Kind::AioftpTls, "implicit TLS, passive"),
        ],
    );
}

#[test]
#[ignore = "needs Twisted and vsftpd: tests/run"]
fn twisted_does_what_the_readme_says() {
    does_what_the_readme_says(
        "Twisted",
        &[
            (Kind::Twisted, "plain, passive"),
            (Kind::Twisted, "plain, active"),
        ],
    );
}

#[test]
#[ignore = "needs ftp-srv and vsftpd: tests/run"]
fn ftp_srv_does_what_the_readme_says() {
    does_what_the_readme_says(
        "ftp-srv",
        &[
            (Kind::FtpSrv, "plain, passive"),
            (Kind::FtpSrv, "plain, active"),
            (Kind::FtpSrvTls, "explicit TLS, passive"),
            (Kind::FtpSrvTls, "explicit TLS, active"),
        ],
    );
}

#[test]
fn the_readme_shows_no_stranger_and_no_word_that_is_not_explained() {
    TABLE.is_explained();
}

#[track_caller]
fn does_what_the_readme_says(name: &str, ways: &[(Kind, &str)]) {
    let rows = ways.iter().map(|(kind, label)| seen(name, *kind, label));
    let rows: Vec<_> = rows.filter(Row::is_seen).collect();
    TABLE.check(name, &rows);
}

/// What was seen over each version of IP that this machine has.
fn seen(name: &str, kind: Kind, label: &str) -> Row {
    let mut row = Row::new(name, label);
    let data = label.rsplit(' ').next().unwrap_or_default();
    for (family, host) in HOSTS {
        let (stranger, known) = (real::start_on(kind, host), real::start(Kind::Vsftpd));
        if let Some((stranger, known)) = stranger.zip(known) {
            row.add(family, journey::marks(&stranger, &known, data));
        }
    }
    row
}

/// A client of a stranger that speaks in clear, logged in.
fn client(server: &Server) -> Client {
    Client::login_at(SocketAddr::new(server.host(), server.port()))
}

#[test]
#[ignore = "needs Twisted: tests/run"]
fn twisted_itself_takes_names_for_latin_1_and_lists_them_as_utf_8() {
    let Some(server) = real::start(Kind::Twisted) else {
        return;
    };
    server.put("ü.txt", "as it is");
    let mut client = client(&server);
    assert!(client.text("LIST").contains("ü.txt"));
    let (_, replies) = client.fetch("RETR ü.txt");
    assert!(replies[0].starts_with("550"), "{replies:?}");
    assert!(client.store("STOR ö.txt", b"new").starts_with("226"));
    let names = std::fs::read_dir(server.root()).unwrap();
    let names: Vec<_> = names.map(|name| name.unwrap().file_name()).collect();
    assert!(names.contains(&"Ã¶.txt".into()), "{names:?}");
    assert!(!names.contains(&"ö.txt".into()), "{names:?}");
}

#[test]
#[ignore = "needs Twisted: tests/run"]
fn twisted_itself_reads_no_line_while_a_passive_port_waits() {
    let Some(server) = real::start(Kind::Twisted) else {
        return;
    };
    let mut client = client(&server);
    client.send(&["EPSV", "NOOP"]);
    let reply = client.reply();
    // The answer to NOOP comes once somebody has connected, and would else after ten seconds.
    client.out.set_nonblocking(true).unwrap();
    let early = client.replies.get_ref().peek(&mut [0; 1]);
    assert!(early.is_err(), "{early:?}");
    client.out.set_nonblocking(false).unwrap();
    let _data = std::net::TcpStream::connect(client.passive_address(&reply)).unwrap();
    assert_eq!(client.codes(1), ["200"]);
}

#[test]
#[ignore = "needs ftp-srv: tests/run"]
fn ftp_srv_itself_takes_quotes_off_names_and_tells_no_size_of_an_empty_file() {
    let Some(server) = real::start(Kind::FtpSrv) else {
        return;
    };
    server.put("empty", "");
    let mut client = client(&server);
    let reply = client.ask("SIZE empty");
    assert!(reply.starts_with("213") && !reply.ends_with('0'), "{reply}");
    let reply = client.store("STOR \"name\"", b"new");
    assert!(reply.starts_with("226"), "{reply}");
    assert_eq!(std::fs::read(server.root().join("name")).unwrap(), b"new");
    assert!(!server.root().join("\"name\"").exists());
}
