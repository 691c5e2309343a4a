//! `verify: checksum` against ProFTPD's mod_digest.
#![cfg(test)]
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use crate::harness::Case;
use crate::harness::real::{self, HOST, Kind, Server};
use crate::harness::server::pattern;

const NAMES: [&str; 3] = ["plain.bin", "two words 0 5.bin", "版本.bin"];

fn content(file: usize) -> Vec<u8> {
    pattern(300_000 + file as u64, file as u64)
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn proftpd_proves_uploads_relays_and_downloads_by_its_sums() {
    let (Some(one), Some(other)) = (real::start(Kind::Proftpd), real::start(Kind::Proftpd)) else {
        return;
    };
    let yaml = format!(
        "version: 1\nservers:\n{}{}\
steps:
  put: {{upload: {{files: in/*, to: one, into: /a, verify: checksum}}}}
  pass: {{relay: {{server: one, files: /a/*, to: other, into: /b, verify: checksum}}, needs: put}}
  get: {{download: {{server: other, files: /b/*, into: out, verify: checksum}}, needs: pass}}
",
        one.servers_entry("one"),
        other.servers_entry("other"),
    );
    let mut case = Case::new().manifest(&yaml);
    for (at, name) in NAMES.iter().enumerate() {
        case = case.file(&format!("in/{name}"), content(at));
    }
    // The second time nothing moves, and all is proven again.
    for _ in 0..2 {
        case.run().code(0).never_says("not verified");
        for (at, name) in NAMES.iter().enumerate() {
            let arrived = case.read(format!("out/{name}"));
            assert!(arrived == Some(content(at)), "{name}");
        }
    }
    // A wrong byte under the same size and time is found by the sum alone.
    let wrong = other.root().join("b").join(NAMES[0]);
    let modified = fs::metadata(&wrong).unwrap().modified().unwrap();
    let mut bytes = content(0);
    bytes[1000] ^= 1;
    let file = fs::File::options().write(true).open(&wrong).unwrap();
    (&file).write_all(&bytes).unwrap();
    file.set_modified(modified).unwrap();
    case.run().code(0);
    assert!(fs::read(&wrong).unwrap() == content(0));
}

/// What `ftp::checksum` counts on.
#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn proftpd_takes_spaces_in_quotes_at_x_commands_and_without_them_at_hash() {
    let Some(server) = real::start(Kind::Proftpd) else {
        return;
    };
    server.put("two words.bin", b"123456789");
    let md5 = "25F9E794323B453885F5181F1B624D0B";
    let login = ["", "USER lab", "PASS lab-secret", "OPTS HASH MD5"];
    let mut control = Control::connect(&server);
    for line in login {
        control.ask(line);
    }
    assert_eq!(control.ask("XMD5 \"/two words.bin\""), format!("250 {md5}"));
    assert!(control.ask("XMD5 /two words.bin").starts_with("501"));
    assert!(control.ask("XCRC \"/two words.bin\"").ends_with("CBF43926"));
    let hash = control.ask("HASH /two words.bin");
    assert!(hash.starts_with("213 MD5 0-9 25f9e794"), "{hash}");
    let md5_of = control.ask("MD5 /two words.bin");
    assert_eq!(md5_of, format!("251 /two words.bin {md5}"));
}

/// A control connection of bare lines.
struct Control(BufReader<TcpStream>);

impl Control {
    fn connect(server: &Server) -> Control {
        let stream = TcpStream::connect((HOST, server.port())).unwrap();
        Control(BufReader::new(stream))
    }

    /// The last line of the reply to a command; to no command, the greeting's.
    fn ask(&mut self, command: &str) -> String {
        if !command.is_empty() {
            write!(self.0.get_mut(), "{command}\r\n").unwrap();
        }
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            if line.as_bytes()[3] == b' ' {
                return line.trim_end().to_owned();
            }
        }
    }
}
