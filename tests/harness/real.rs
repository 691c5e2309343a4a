//! The real FTP servers: vsftpd, ProFTPD and Pure-FTPd as Debian packages them, pyftpdlib, and the strangers, which the
//! project has met late: aioftp, Twisted and ftp-srv.
//!
//! `tests/run` unpacks them into the target folder; a test starts the ones it needs, each with a
//! root, a port and a passive range of its own. No account of the system is made or needed: the
//! users are virtual, or anonymous where the server knows nothing better (vsftpd).
//!
//! Tests that start one are `#[ignore = "needs the Debian FTP servers: tests/run"]`.
// Always so here; it tells clippy that the helpers, too, are a test's, and may panic.
#![cfg(test)]
#![cfg(unix)]

mod kind;
mod ports;
mod setup;

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

pub(crate) use kind::Kind;
use ports::Ports;
use tempfile::TempDir;

/// The address that every server listens on, but for those of [`start_on`].
pub(crate) const HOST: &str = "127.0.0.1";

/// The account that owns what the Debian servers write: `daemon`, on every Debian 1:1. Not `nobody`,
/// because vsftpd wants its account's home to exist.
const ACCOUNT: u32 = 1;

/// A server may be slow to come up on a machine that compiles at the same time.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server; it and its root are gone when this is dropped, or when the test's process ends
/// in whatever way.
#[must_use]
pub(crate) struct Server {
    kind: Kind,
    host: IpAddr,
    ports: Ports,
    guardian: Child,
    /// Its closing is what ends the server, see [`GUARDIAN`].
    lifeline: Option<ChildStdin>,
    folder: TempDir,
    root: PathBuf,
}

/// Starts a server and waits for its greeting. `None`, after a line "not run: needs …", where the
/// machine cannot run it; with `CI=true` that is a failure.
#[track_caller]
pub(crate) fn start(kind: Kind) -> Option<Server> {
    start_on(kind, Ipv4Addr::LOCALHOST.into())
}

/// As [`start`], listening on an address of the loopback interface, of IPv4 or of IPv6.
#[track_caller]
pub(crate) fn start_on(kind: Kind, host: IpAddr) -> Option<Server> {
    if let Some(lack) = lack(kind, host) {
        assert!(
            std::env::var_os("CI").is_none_or(|ci| ci != "true"),
            "not run: needs {lack}: {kind:?}"
        );
        // Not `eprintln!`, which the test runner swallows.
        writeln!(io::stderr(), "not run: needs {lack}: {kind:?}").unwrap();
        return None;
    }
    let mut failures = String::new();
    for _ in 0..4 {
        match Server::try_start(kind, host) {
            Ok(server) => return Some(server),
            Err(log) => failures.push_str(&log),
        }
    }
    panic!("{kind:?} does not come up:\n{failures}");
}

impl Server {
    /// The address of control connections.
    pub(crate) fn host(&self) -> IpAddr {
        self.host
    }

    /// The port of control connections.
    pub(crate) fn port(&self) -> u16 {
        self.ports.control()
    }

    /// The user to log in as.
    pub(crate) fn user(&self) -> &'static str {
        if self.kind.is_anonymous() {
            "anonymous"
        } else {
            setup::USER
        }
    }

    /// The user's password. vsftpd takes any other as well.
    pub(crate) fn password(&self) -> &'static str {
        setup::PASSWORD
    }

    /// The folder on disk that clients see as [`Server::prefix`].
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The remote folder that is [`Server::root`], with a slash at its end: `/`, but `/data/` on vsftpd.
    pub(crate) fn prefix(&self) -> &'static str {
        if self.kind.is_anonymous() {
            "/data/"
        } else {
            "/"
        }
    }

    /// The server's certificate as a PEM file, for `ca_file`; there for the TLS kinds only. It holds
    /// for `127.0.0.1`, `::1` and `localhost`.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.path().join(setup::CERTIFICATE)
    }

    /// Writes a file below the root, with the folders it needs, as if the server's user had.
    pub(crate) fn put(&self, path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        super::an_hour_old(&path);
        self.adopt();
    }

    /// Makes the server's user the owner of all below the root: what a test created there itself can
    /// otherwise be read by the server, but not changed.
    pub(crate) fn adopt(&self) {
        if self.kind.is_debian() {
            give_away(&self.root);
        }
    }

    /// The lines of this server under `servers:` of a manifest.
    pub(crate) fn servers_entry(&self, name: &str) -> String {
        let mut entry = format!(
            "  {name}:\n    host: {}\n    port: {}\n    user: {}\n    password: {}\n",
            self.host,
            self.port(),
            self.user(),
            self.password()
        );
        if self.kind == Kind::PyftpdGbk {
            entry.push_str("    encoding: gbk\n");
        }
        if let Some(mode) = self.kind.tls() {
            let file = self.certificate();
            let lines = format!(
                "    tls:\n      mode: {mode}\n      ca_file: '{}'\n",
                file.display()
            );
            entry.push_str(&lines);
        }
        entry
    }

    /// One try, on ports that nobody else of us uses; the error is what the server had to say.
    fn try_start(kind: Kind, host: IpAddr) -> Result<Self, String> {
        let ports = Ports::claim();
        let folder = tempfile::Builder::new()
            .prefix(&format!("{kind:?}-"))
            .tempdir_in(run_folder(kind))
            .unwrap();
        open_to_all(folder.path());
        let root = setup::root(kind, folder.path());
        fs::create_dir_all(&root).unwrap();
        if kind.is_debian() {
            give_away(&root);
        }
        let mut guardian = Command::new("sh")
            .args(["-c", GUARDIAN, "sh"])
            .args(setup::command(kind, host, &lab(), folder.path(), &ports))
            .env("LD_LIBRARY_PATH", setup::library_path(&lab()))
            .env("PYTHONPATH", lab().join(kind.part()).join("site"))
            .env("NODE_PATH", lab().join(kind.part()).join("node_modules"))
            .env("PYTHONUTF8", "1")
            .env("TZ", "UTC")
            .env("LC_ALL", "C.UTF-8")
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        let server = Self {
            kind,
            host,
            lifeline: guardian.stdin.take(),
            guardian,
            ports,
            folder,
            root,
        };
        if server.is_ready() {
            Ok(server)
        } else {
            Err(server.log())
        }
    }

    /// Polls, because a server does not tell when it listens.
    fn is_ready(&self) -> bool {
        let deadline = Instant::now() + PATIENCE;
        let ended = self.folder.path().join("ended");
        while Instant::now() < deadline && !ended.exists() {
            if self.greets() {
                return true;
            }
            thread::sleep(Duration::from_millis(10));
        }
        false
    }

    /// Under implicit TLS the greeting is encrypted: that it takes connections is all that is seen.
    fn greets(&self) -> bool {
        let Ok(stream) = TcpStream::connect((self.host, self.port())) else {
            return false;
        };
        if self.kind.tls() == Some("implicit") {
            return true;
        }
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut line = Vec::new();
        let read = BufReader::new(stream).read_until(b'\n', &mut line);
        read.is_ok() && line.starts_with(b"220")
    }

    fn log(&self) -> String {
        let log = fs::read(self.folder.path().join("log")).unwrap_or_default();
        format!(
            "-- on port {}:\n{}\n",
            self.port(),
            String::from_utf8_lossy(&log)
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        // A failure here must not hide the test's own.
        let _ = self.guardian.wait();
    }
}

/// Runs its arguments until its own input ends, then kills its process group, itself included, and
/// removes what the server wrote. The input is a pipe from the test's process: when that is killed or
/// keeps the server in a static, the kernel closes the pipe and no server is left behind.
const GUARDIAN: &str = r#"
( trap : TERM; "$@" </dev/null; echo "ended with status $?"; : >ended ) >>log 2>&1 &
read -r _
trap : TERM
kill -TERM 0
wait
rm -rf -- "$PWD"
kill -KILL 0
"#;

/// What this machine lacks to run a server of this kind.
#[track_caller]
fn lack(kind: Kind, host: IpAddr) -> Option<&'static str> {
    if kind.is_debian() && !Path::new("/etc/debian_version").exists() {
        return Some("Debian");
    }
    if kind.is_debian() && !rustix::process::geteuid().is_root() {
        return Some("root");
    }
    if host == Ipv6Addr::LOCALHOST && TcpListener::bind((host, 0)).is_err() {
        return Some("IPv6");
    }
    if lab().join(kind.part()).join(".complete").exists() {
        return None;
    }
    assert!(
        kind.is_stranger(),
        "the FTP servers are not in {}: run tests/run, which puts them there",
        lab().display()
    );
    Some(kind.part())
}

/// Where `tests/run` puts the servers: `lab` in the target folder, wherever that is.
fn lab() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("lab")
}

/// The folder for the servers' own folders: in the target folder, unless one above it is closed to
/// the account that the server runs as (a checkout in `/root`).
fn run_folder(kind: Kind) -> PathBuf {
    let run = lab().join("run");
    fs::create_dir_all(&run).unwrap();
    let open = |folder: &Path| fs::metadata(folder).unwrap().permissions().mode() & 0o001 != 0;
    if !kind.is_debian() || run.ancestors().all(open) {
        run
    } else {
        std::env::temp_dir()
    }
}

fn open_to_all(folder: &Path) {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
}

fn give_away(path: &Path) {
    chown(path, Some(ACCOUNT), Some(ACCOUNT)).unwrap();
    if path.is_dir() && !path.is_symlink() {
        for entry in fs::read_dir(path).unwrap() {
            give_away(&entry.unwrap().path());
        }
    }
}
