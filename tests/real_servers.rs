//! The real servers do what the other tests count on, asked with bare sockets: a failure here is a
//! failure of the set-up, not of ftpflow.
// Always so here; it tells clippy that the helpers, too, are a test's, and may panic.
#![cfg(test)]
#![cfg(unix)]

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use crate::harness::real::{self, HOST, Kind, Server};

/// 版本 in GBK.
const GBK_NAME: &[u8] = b"\xb0\xe6\xb1\xbe";

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn vsftpd_does_every_operation() {
    does_every_operation(Kind::Vsftpd);
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn proftpd_does_every_operation() {
    does_every_operation(Kind::Proftpd);
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn pureftpd_does_every_operation() {
    does_every_operation(Kind::Pureftpd);
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn pyftpd_does_every_operation() {
    does_every_operation(Kind::Pyftpd);
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn pyftpd_gbk_speaks_gbk_and_stores_unicode() {
    let Some(server) = real::start(Kind::PyftpdGbk) else {
        return;
    };
    server.put("版本/一.txt", "one");
    let mut client = Client::login(&server);

    assert!(contains(&client.list(b"/"), GBK_NAME));
    let two = [b"/", GBK_NAME, b"/two.txt"].concat();
    client.store(b"STOR", &two, b"two");

    assert_eq!(
        fs::read(server.root().join("版本/two.txt")).unwrap(),
        b"two"
    );
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn debian_servers_keep_names_in_any_bytes() {
    for kind in [Kind::Vsftpd, Kind::Proftpd, Kind::Pureftpd] {
        let Some(server) = real::start(kind) else {
            continue;
        };
        let mut client = Client::login(&server);

        client.store(
            b"STOR",
            &[server.prefix().as_bytes(), GBK_NAME].concat(),
            b"x",
        );

        let stored = server.root().join(OsStr::from_bytes(GBK_NAME));
        assert!(stored.exists(), "{kind:?} keeps the name");
        let listed = client.list(server.prefix().as_bytes());
        assert!(contains(&listed, GBK_NAME), "{kind:?} lists it");
    }
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn every_server_takes_64_sessions_of_one_client() {
    for kind in Kind::ALL {
        let Some(server) = real::start(kind) else {
            continue;
        };
        let sessions: Vec<Client> = (0..64)
            .map(|_| {
                if kind.is_tls() {
                    Client::connect(&server)
                } else {
                    Client::login(&server)
                }
            })
            .collect();
        assert_eq!(sessions.len(), 64);
    }
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn tls_servers_offer_tls_and_refuse_clear_text() {
    for kind in Kind::ALL.into_iter().filter(|kind| kind.is_tls()) {
        let Some(server) = real::start(kind) else {
            continue;
        };
        let pem = fs::read_to_string(server.certificate()).unwrap();
        assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"));

        let mut clear = Client::connect(&server);
        let user = clear.command(b"USER", server.user().as_bytes());
        let refused = if user.starts_with('3') {
            clear.command(b"PASS", server.password().as_bytes())
        } else {
            user
        };
        assert!(!refused.starts_with('2'), "{kind:?}: {refused}");

        let answer = Client::connect(&server).command(b"AUTH", b"TLS");
        assert!(answer.starts_with("234"), "{kind:?}: {answer}");
    }
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn wrong_passwords_are_refused_where_users_have_one() {
    for kind in [Kind::Proftpd, Kind::Pureftpd, Kind::Pyftpd] {
        let Some(server) = real::start(kind) else {
            continue;
        };
        let mut client = Client::connect(&server);
        client.expect("331", b"USER", server.user().as_bytes());
        client.expect("530", b"PASS", b"wrong");
    }
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn servers_of_one_kind_share_nothing() {
    let Some((one, two)) = real::start(Kind::Pureftpd).zip(real::start(Kind::Pureftpd)) else {
        return;
    };
    Client::login(&one).store(b"STOR", b"only-one", b"x");

    assert!(one.root().join("only-one").exists());
    assert!(!two.root().join("only-one").exists());
    assert!(!contains(&Client::login(&two).list(b""), b"only-one"));
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn a_dropped_server_is_gone_with_its_files() {
    for kind in Kind::ALL {
        let Some(server) = real::start(kind) else {
            continue;
        };
        let (root, port) = (server.root().to_owned(), server.port());
        // Its process must go, too, although the client is still there.
        let mut client = Client::connect(&server);

        drop(server);

        assert!(!root.exists(), "{kind:?} left {}", root.display());
        assert!(TcpStream::connect((HOST, port)).is_err(), "{kind:?}");
        // A good-bye, a reset or nothing, but not silence.
        let end = client.control.read_to_end(&mut Vec::new());
        let kept = end.is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
        assert!(!kept, "{kind:?} still has a session");
    }
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn an_entry_for_a_manifest_holds_what_logs_in() {
    let Some(server) = real::start(Kind::PyftpdGbk) else {
        return;
    };
    let port = server.port();
    assert_eq!(
        server.servers_entry("source"),
        format!(
            "  source:\n    host: 127.0.0.1\n    port: {port}\n    user: lab\n    \
             password: lab-secret\n    encoding: gbk\n"
        )
    );
}

/// Folder, upload, listing, append, rename, download, time, deletion: over the wire, and on disk.
#[track_caller]
fn does_every_operation(kind: Kind) {
    let Some(server) = real::start(kind) else {
        return;
    };
    server.put("given/by-test.txt", "given");
    let mut client = Client::login(&server);
    let at = |path: &str| format!("{}{path}", server.prefix()).into_bytes();

    client.expect("257", b"MKD", &at("new"));
    assert!(server.root().join("new").is_dir());
    client.store(b"STOR", &at("new/a.txt"), b"first");
    client.store(b"STOR", &at("new/a.txt"), b"second");
    assert_eq!(
        fs::read(server.root().join("new/a.txt")).unwrap(),
        b"second"
    );
    assert!(contains(&client.list(&at("new")), b"a.txt"));
    client.expect("213", b"SIZE", &at("new/a.txt"));
    // vsftpd has no MFMT, but takes MDTM for it, from anonymous users, too.
    let set_time: &[u8] = if kind == Kind::Vsftpd {
        b"MDTM"
    } else {
        b"MFMT"
    };
    let time_and_path = [b"20200102030405 ", &*at("new/a.txt")].concat();
    client.expect("213", set_time, &time_and_path);
    client.expect("213 20200102030405", b"MDTM", &at("new/a.txt"));

    if kind == Kind::Proftpd {
        // AllowStoreRestart is off by default, and stands for APPE, too.
        client.refuse("451", b"APPE", &at("new/a.txt"));
    } else {
        client.store(b"APPE", &at("new/a.txt"), b"+third");
        let appended = fs::read(server.root().join("new/a.txt")).unwrap();
        assert_eq!(appended, b"second+third");
    }

    client.expect("350", b"RNFR", &at("new/a.txt"));
    client.expect("250", b"RNTO", &at("new/b.txt"));
    assert!(!server.root().join("new/a.txt").exists());
    let renamed = fs::read(server.root().join("new/b.txt")).unwrap();
    assert_eq!(client.retrieve(&at("new/b.txt")), renamed);

    assert_eq!(client.retrieve(&at("given/by-test.txt")), b"given");
    client.store(b"STOR", &at("given/by-test.txt"), b"taken");
    client.expect("250", b"DELE", &at("given/by-test.txt"));
    client.expect("250", b"RMD", &at("given"));
    client.expect("250", b"DELE", &at("new/b.txt"));
    client.expect("250", b"RMD", &at("new"));
    assert_eq!(fs::read_dir(server.root()).unwrap().count(), 0);
    client.expect("221", b"QUIT", b"");
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|part| part == needle)
}

/// As little of FTP as the questions above need. A line that does not come is a failure after a while.
struct Client {
    control: BufReader<TcpStream>,
}

impl Client {
    #[track_caller]
    fn connect(server: &Server) -> Self {
        let control = BufReader::new(connect(server.port()));
        let mut client = Self { control };
        let greeting = client.reply();
        assert!(greeting.starts_with("220"), "{greeting}");
        client
    }

    #[track_caller]
    fn login(server: &Server) -> Self {
        let mut client = Self::connect(server);
        client.expect("331", b"USER", server.user().as_bytes());
        client.expect("230", b"PASS", server.password().as_bytes());
        client.expect("200", b"TYPE", b"I");
        client
    }

    /// Sends a command and returns the last line of the reply.
    #[track_caller]
    fn command(&mut self, verb: &[u8], argument: &[u8]) -> String {
        let space: &[u8] = if argument.is_empty() { b"" } else { b" " };
        let line = [verb, space, argument, b"\r\n"].concat();
        self.control.get_mut().write_all(&line).unwrap();
        self.reply()
    }

    #[track_caller]
    fn expect(&mut self, code: &str, verb: &[u8], argument: &[u8]) -> String {
        let reply = self.command(verb, argument);
        let verb = String::from_utf8_lossy(verb);
        assert!(reply.starts_with(code), "{verb}: {reply}");
        reply
    }

    #[track_caller]
    fn reply(&mut self) -> String {
        loop {
            let mut line = Vec::new();
            self.control.read_until(b'\n', &mut line).unwrap();
            let line = String::from_utf8_lossy(&line).into_owned();
            assert!(!line.is_empty(), "the server hung up");
            let is_last = line.len() > 3
                && line.as_bytes()[..3].iter().all(u8::is_ascii_digit)
                && line.as_bytes()[3] == b' ';
            if is_last {
                return line;
            }
        }
    }

    #[track_caller]
    fn passive(&mut self) -> TcpStream {
        let reply = self.expect("229", b"EPSV", b"");
        connect(reply.split('|').nth(3).unwrap().parse().unwrap())
    }

    #[track_caller]
    fn store(&mut self, verb: &[u8], path: &[u8], bytes: &[u8]) {
        let mut data = self.passive();
        self.expect("1", verb, path);
        data.write_all(bytes).unwrap();
        drop(data);
        let end = self.reply();
        assert!(end.starts_with("226"), "{end}");
    }

    #[track_caller]
    fn refuse(&mut self, code: &str, verb: &[u8], path: &[u8]) {
        let _data = self.passive();
        self.expect(code, verb, path);
    }

    #[track_caller]
    fn retrieve(&mut self, path: &[u8]) -> Vec<u8> {
        self.receive(b"RETR", path)
    }

    #[track_caller]
    fn list(&mut self, path: &[u8]) -> Vec<u8> {
        self.receive(b"LIST", path)
    }

    #[track_caller]
    fn receive(&mut self, verb: &[u8], path: &[u8]) -> Vec<u8> {
        let mut data = self.passive();
        self.expect("1", verb, path);
        let mut bytes = Vec::new();
        data.read_to_end(&mut bytes).unwrap();
        // ProFTPD waits for our end before it replies, for 10 s (TimeoutLinger).
        drop(data);
        let end = self.reply();
        assert!(end.starts_with("226"), "{end}");
        bytes
    }
}

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect((HOST, port)).unwrap();
    let patience = Some(Duration::from_secs(30));
    stream.set_read_timeout(patience).unwrap();
    stream
}
