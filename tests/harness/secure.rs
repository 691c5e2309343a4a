//! A small FTP server under TLS that misbehaves as told: what no real server can be made to do.
//!
//! It serves any account, one file (`/f`, [`CONTENT`]) and takes any upload.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;

/// What `/f` holds.
pub const CONTENT: &[u8] = b"the content of the only file";

/// What the server does otherwise than a good one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trick {
    /// Nothing.
    #[default]
    None,
    /// TLS from the first byte.
    Implicit,
    /// Refuses a command.
    Refuses(&'static str),
    /// Refuses PBSZ and PROT before the login.
    LoginFirst,
    /// Refuses PBSZ and PROT as if before the login, and always.
    NeverProtects,
    /// Sends clear text in one write with the reply to AUTH.
    Injects,
    /// Sends clear text after the reply to AUTH, in place of a handshake.
    AnswersInClear,
    /// Does so on the first control connection only.
    AnswersInClearOnce,
    /// Says 150 once the handshake of the data connection is done, and 425 where it does not come (ftp-srv).
    HandshakeFirst,
    /// Answers the handshake with the alert of a server that knows no newer version than 1.1.
    OldVersions,
    /// Wants a certificate of the client, signed by [`Secure::client_files`]' own.
    WantsCertificate,
    /// Ends data without close_notify.
    Cuts,
    /// Ends data without close_notify, after half of it.
    CutsHalf,
    /// Neither answers close_notify nor closes the data connection of an upload (IIS).
    NeverCloses,
}

/// The certificate that the server shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shows {
    /// A good one, for `localhost` and `127.0.0.1`.
    #[default]
    Good,
    /// For `elsewhere.example`.
    OtherName,
    /// Of 2020.
    Expired,
    /// A good one that says it is an authority, as `openssl req -x509` makes it.
    Authority,
    /// Such a one of 2020.
    ExpiredAuthority,
}

/// A running server. Its threads end with the test's process.
pub struct Secure {
    port: u16,
    folder: TempDir,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Secure {
    /// Starts a server on a free port.
    pub fn start(trick: Trick, shows: Shows) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Arc::new(config(trick, shows, &folder));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&lines);
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let peer = Peer {
                    trick,
                    config: Arc::clone(&config),
                    log: Arc::clone(&log),
                };
                // A client that breaks off is what most tests want.
                thread::spawn(move || drop(peer.serve(socket)));
            }
        });
        Self {
            port,
            folder,
            lines,
        }
    }

    /// The port, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The file that trusts the certificate shown.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("server.pem")
    }

    /// A certificate and a key that [`Trick::WantsCertificate`] accepts.
    pub fn client_files(&self) -> (PathBuf, PathBuf) {
        let folder = self.folder.path();
        (folder.join("client.pem"), folder.join("client.key"))
    }

    /// The lines received so far, on all control connections.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }
}

fn config(trick: Trick, shows: Shows, folder: &TempDir) -> ServerConfig {
    let names = match shows {
        Shows::OtherName => vec!["elsewhere.example".to_owned()],
        _ => vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
    };
    let mut wanted = CertificateParams::new(names).unwrap();
    if matches!(shows, Shows::Authority | Shows::ExpiredAuthority) {
        wanted.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    }
    if matches!(shows, Shows::Expired | Shows::ExpiredAuthority) {
        wanted.not_before = rcgen::date_time_ymd(2019, 1, 1);
        wanted.not_after = rcgen::date_time_ymd(2020, 1, 1);
    }
    let key = KeyPair::generate().unwrap();
    let certificate = wanted.self_signed(&key).unwrap();
    std::fs::write(folder.path().join("server.pem"), certificate.pem()).unwrap();
    let roots = client_roots(folder);
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = if trick == Trick::WantsCertificate {
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .unwrap();
        builder.with_client_cert_verifier(verifier)
    } else {
        builder.with_no_client_auth()
    };
    let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
    builder
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap()
}

/// Makes an authority and a client's certificate that it signed.
fn client_roots(folder: &TempDir) -> RootCertStore {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["client.example".to_owned()]).unwrap();
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    let client = params.signed_by(&key, &issuer).unwrap();
    std::fs::write(folder.path().join("client.pem"), client.pem()).unwrap();
    std::fs::write(folder.path().join("client.key"), key.serialize_pem()).unwrap();
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_slice(issuer.pem().as_bytes()).unwrap();
    roots.add(authority).unwrap();
    roots
}

type Encrypted = StreamOwned<ServerConnection, TcpStream>;

enum Line {
    Clear(BufReader<TcpStream>),
    Tls(Box<BufReader<Encrypted>>),
}

impl Line {
    fn read(&mut self) -> io::Result<String> {
        let mut line = String::new();
        let length = match self {
            Line::Clear(stream) => stream.read_line(&mut line)?,
            Line::Tls(stream) => stream.read_line(&mut line)?,
        };
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }

    fn say(&mut self, text: &str) -> io::Result<()> {
        let bytes = format!("{text}\r\n");
        match self {
            Line::Clear(stream) => stream.get_mut().write_all(bytes.as_bytes()),
            Line::Tls(stream) => {
                stream.get_mut().write_all(bytes.as_bytes())?;
                stream.get_mut().flush()
            }
        }
    }
}

struct Peer {
    trick: Trick,
    config: Arc<ServerConfig>,
    log: Arc<Mutex<Vec<String>>>,
}

impl Peer {
    fn encrypt(&self, socket: TcpStream) -> Encrypted {
        let session = ServerConnection::new(Arc::clone(&self.config)).unwrap();
        StreamOwned::new(session, socket)
    }

    fn secure(&self, socket: TcpStream) -> Line {
        Line::Tls(Box::new(BufReader::new(self.encrypt(socket))))
    }

    fn serve(&self, socket: TcpStream) -> io::Result<()> {
        let raw = socket.try_clone()?;
        let mut line = match self.trick {
            Trick::Implicit => self.secure(socket),
            _ => Line::Clear(BufReader::new(socket)),
        };
        line.say("220 ready")?;
        let mut passive = None;
        loop {
            let text = line.read()?;
            self.log.lock().unwrap().push(text.clone());
            let (verb, argument) = text.split_once(' ').unwrap_or((&text, ""));
            if matches!(self.trick, Trick::Refuses(refused) if refused == verb) {
                line.say("502 no")?;
                continue;
            }
            match verb {
                "PBSZ" | "PROT" if !self.protects() => line.say("503 log in first")?,
                "AUTH" => line = self.auth(line, &raw)?,
                "USER" => line.say("331 and the password?")?,
                "PASS" => line.say("230 in")?,
                "FEAT" => line.say("211-Features\r\n SIZE\r\n EPSV\r\n211 End")?,
                "PWD" => line.say("257 \"/\"")?,
                "EPSV" => {
                    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
                    let port = listener.local_addr()?.port();
                    passive = Some(listener);
                    line.say(&format!("229 here (|||{port}|)"))?;
                }
                "SIZE" if argument == "/f" => line.say(&format!("213 {}", CONTENT.len()))?,
                "SIZE" => line.say("550 not there")?,
                "RETR" | "LIST" | "STOR" => self.transfer(verb, &mut line, passive.take())?,
                "QUIT" => return line.say("221 bye"),
                _ => line.say("200 well")?,
            }
        }
    }

    /// Whether data connections may be encrypted now.
    fn protects(&self) -> bool {
        let logged_in = || {
            self.log
                .lock()
                .unwrap()
                .iter()
                .any(|line| line.starts_with("PASS"))
        };
        match self.trick {
            Trick::LoginFirst => logged_in(),
            Trick::NeverProtects => false,
            _ => true,
        }
    }

    fn answers_in_clear(&self) -> bool {
        let lines = self.log.lock().unwrap();
        let sessions = lines.iter().filter(|line| line.starts_with("AUTH"));
        match self.trick {
            Trick::AnswersInClear => true,
            Trick::AnswersInClearOnce => sessions.count() == 1,
            _ => false,
        }
    }

    fn auth(&self, mut line: Line, raw: &TcpStream) -> io::Result<Line> {
        match self.trick {
            Trick::Injects => line.say("234 go on\r\n200 injected\r\n200 injected")?,
            _ => line.say("234 go on")?,
        }
        let mut socket = raw.try_clone()?;
        if self.answers_in_clear() {
            socket.write_all(b"200 injected\r\n200 injected\r\n")?;
        }
        if self.trick == Trick::OldVersions {
            let mut hello = [0; 1024];
            let _ = socket.read(&mut hello)?;
            // Alert, version 3.1, length 2: fatal, protocol_version.
            socket.write_all(&[21, 3, 1, 0, 2, 2, 70])?;
            return Err(io::ErrorKind::Other.into());
        }
        Ok(self.secure(socket))
    }

    fn transfer(
        &self,
        verb: &str,
        line: &mut Line,
        passive: Option<TcpListener>,
    ) -> io::Result<()> {
        let (socket, _) = passive.ok_or(io::ErrorKind::NotConnected)?.accept()?;
        let mut data = self.encrypt(socket);
        if self.trick == Trick::HandshakeFirst {
            // No longer than a client takes that does not wait for the 150.
            data.sock
                .set_read_timeout(Some(Duration::from_millis(500)))?;
            if data.conn.complete_io(&mut data.sock).is_err() {
                return line.say("425 no handshake");
            }
        }
        line.say("150 coming")?;
        match verb {
            "STOR" => {
                io::copy(&mut data, &mut io::sink())?;
                if self.trick == Trick::NeverCloses {
                    line.say("226 stored")?;
                    // Held until the client closes the control connection.
                    std::mem::forget(data);
                    return Ok(());
                }
            }
            "RETR" if self.trick == Trick::CutsHalf => data.write_all(&CONTENT[..10])?,
            "RETR" => data.write_all(CONTENT)?,
            _ => data.write_all(b"-rw-r--r-- 1 a a 28 Jan 01 2020 f\r\n")?,
        }
        if !matches!(self.trick, Trick::Cuts | Trick::CutsHalf) {
            data.conn.send_close_notify();
        }
        data.flush()?;
        drop(data);
        line.say("226 done")
    }
}
