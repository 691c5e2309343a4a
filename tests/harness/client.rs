//! A raw FTP client, for the tests of the server itself.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::Duration;

use super::server::{Running, Server};

/// A client that only sends lines and reads what comes.
pub struct Client {
    pub out: TcpStream,
    pub replies: BufReader<TcpStream>,
    pub host: IpAddr,
}

impl Client {
    /// Connected; the greeting is unread.
    #[track_caller]
    pub fn connect(server: &Running) -> Self {
        Self::connect_to(server.address())
    }

    #[track_caller]
    fn connect_to(address: SocketAddr) -> Self {
        let out = TcpStream::connect(address).unwrap();
        out.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let replies = BufReader::new(out.try_clone().unwrap());
        Self {
            out,
            replies,
            host: address.ip(),
        }
    }

    /// Connected, logged in, `TYPE I`.
    pub fn login(server: &Running) -> Self {
        Self::login_at(server.address())
    }

    /// The same with any server of the harness.
    pub fn login_at(address: SocketAddr) -> Self {
        let mut client = Self::connect_to(address);
        assert!(client.reply().starts_with("220"));
        for (line, code) in [
            ("USER lab", "331"),
            ("PASS lab-secret", "230"),
            ("TYPE I", "200"),
        ] {
            let reply = client.ask(line);
            assert!(reply.starts_with(code), "{line}: {reply}");
        }
        client
    }

    /// All lines in one write.
    pub fn send(&mut self, lines: &[&str]) {
        self.send_bytes(
            lines
                .iter()
                .flat_map(|line| [line, "\r\n"].concat().into_bytes())
                .collect(),
        );
    }

    /// These bytes in one write.
    pub fn send_bytes(&mut self, bytes: Vec<u8>) {
        self.out.write_all(&bytes).unwrap();
    }

    /// The next line, its end included; empty when the server closed.
    pub fn line(&mut self) -> Vec<u8> {
        let mut line = Vec::new();
        self.replies.read_until(b'\n', &mut line).unwrap();
        line
    }

    /// A whole reply, of several lines too; empty when the server closed.
    pub fn reply(&mut self) -> String {
        let mut reply = String::new();
        loop {
            let line = String::from_utf8_lossy(&self.line()).into_owned();
            reply.push_str(&line);
            let ends =
                line.is_empty() || line.as_bytes().get(3) == Some(&b' ') && !line.starts_with(' ');
            if ends {
                return reply.trim_end().to_owned();
            }
        }
    }

    /// The codes of so many replies.
    pub fn codes(&mut self, replies: usize) -> Vec<String> {
        (0..replies)
            .map(|_| self.reply().chars().take(3).collect())
            .collect()
    }

    /// Sends one line and reads one reply.
    pub fn ask(&mut self, line: &str) -> String {
        self.send(&[line]);
        self.reply()
    }

    /// A data connection by EPSV.
    pub fn epsv(&mut self) -> TcpStream {
        let reply = self.ask("EPSV");
        TcpStream::connect(self.passive_address(&reply)).unwrap()
    }

    /// Where an EPSV reply leads.
    pub fn passive_address(&self, reply: &str) -> SocketAddr {
        let port = reply
            .rsplit('|')
            .nth(1)
            .unwrap_or_else(|| panic!("no port in {reply}"));
        SocketAddr::new(self.host, port.parse().unwrap())
    }

    /// The data of a command, and all replies up to the last one.
    pub fn fetch(&mut self, line: &str) -> (Vec<u8>, Vec<String>) {
        let mut data = self.epsv();
        self.send(&[line]);
        let mut replies = vec![self.reply()];
        let mut bytes = Vec::new();
        if replies[0].starts_with('1') {
            data.read_to_end(&mut bytes).unwrap();
            replies.push(self.reply());
        }
        (bytes, replies)
    }

    /// What a command sends, as text.
    pub fn text(&mut self, line: &str) -> String {
        String::from_utf8(self.fetch(line).0).unwrap()
    }

    /// The last reply of an upload.
    pub fn store(&mut self, line: &str, bytes: &[u8]) -> String {
        let mut data = self.epsv();
        self.send(&[line]);
        let first = self.reply();
        if !first.starts_with('1') {
            return first;
        }
        // The server may have been told to cut the connection: that is no error of the client's.
        let _ = data.write_all(bytes);
        drop(data);
        self.reply()
    }
}

/// A small server on which [`Client::login`] works.
pub fn lab() -> Server {
    Server::new()
        .user("lab", "lab-secret")
        .file("/a/b.txt", b"hello")
        .folder("/x")
}
