//! Lines that reach Pure-FTPd in the midst of an upload, which it answers with `500 Unknown command`: the file arrives all the
//! same, whatever the length of its path and however the lines travel.
// Always so here; it tells clippy that the helpers, too, are a test's, and may panic.
#![cfg(test)]
#![cfg(unix)]

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;

use crate::harness::Case;
use crate::harness::real::{self, Kind};

/// More than the systems keep of a data connection, so that the upload lasts.
const LARGE: usize = 16 * 1024 * 1024;

fn uploading(port: u16, server: &real::Server, into: &str) -> Case {
    let case = Case::new().manifest(&format!(
        "version: 1
servers:
  s: {{ host: 127.0.0.1, port: {port}, user: {}, password: {}, connections: 1 }}
defaults: {{ retry: {{ backoff: 1ms }} }}
steps:
  put: {{ upload: {{ files: src/*, to: s, into: '{into}' }} }}
",
        server.user(),
        server.password()
    ));
    // The first shows that the server lets lines wait.
    let case = case.file("src/a", "first");
    ["b", "c"].iter().fold(case, |case, name| {
        case.file(&format!("src/{name}"), vec![name.as_bytes()[0]; LARGE])
    })
}

#[track_caller]
fn arrived(server: &real::Server, folder: &str) {
    let read = |name: &str| std::fs::read(server.root().join(folder).join(name)).unwrap();
    assert_eq!(read("a"), b"first");
    for name in ["b", "c"] {
        assert!(read(name) == vec![name.as_bytes()[0]; LARGE], "{name}");
    }
    let names = std::fs::read_dir(server.root().join(folder)).unwrap();
    assert_eq!(names.count(), 3);
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn a_path_longer_than_pureftpd_reads_at_once_is_uploaded() {
    let Some(server) = real::start(Kind::Pureftpd) else {
        return;
    };
    let folder = vec!["deep".repeat(25); 12].join("/");
    std::fs::create_dir_all(server.root().join(&folder)).unwrap();
    server.adopt();
    let outcome = uploading(server.port(), &server, &format!("/{folder}")).run();
    outcome.code(0).never_says("Retrying");
    arrived(&server, &folder);
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn large_files_reach_pureftpd_through_a_hop_that_passes_lines_singly() {
    let Some(server) = real::start(Kind::Pureftpd) else {
        return;
    };
    std::fs::create_dir(server.root().join("in")).unwrap();
    server.adopt();
    let port = hop(server.port());
    let outcome = uploading(port, &server, "/in").run();
    outcome.code(0);
    arrived(&server, "in");
}

/// Passes lines on one by one, those behind STOR once the server has begun to receive.
fn hop(server: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let server = TcpStream::connect(("127.0.0.1", server)).unwrap();
            server.set_nodelay(true).unwrap();
            pass(client, server);
        }
    });
    port
}

fn pass(client: TcpStream, mut server: TcpStream) {
    let (begun, begins) = mpsc::channel();
    let (mut back, replies) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    thread::spawn(move || {
        for line in BufReader::new(replies).split(b'\n').map_while(Result::ok) {
            if line.starts_with(b"150") {
                let _ = begun.send(());
            }
            if back.write_all(&[&line[..], b"\n"].concat()).is_err() {
                break;
            }
        }
        let _ = back.shutdown(std::net::Shutdown::Both);
    });
    thread::spawn(move || {
        for line in BufReader::new(client).split(b'\n').map_while(Result::ok) {
            let sent = server.write_all(&[&line[..], b"\n"].concat());
            if sent.is_err() || (line.starts_with(b"STOR") && begins.recv().is_err()) {
                break;
            }
            if !line.starts_with(b"STOR") {
                while begins.try_recv().is_ok() {}
            }
        }
        let _ = server.shutdown(std::net::Shutdown::Both);
    });
}
