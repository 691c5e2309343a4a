//! What a server holds and how it behaves when no rule says otherwise.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};
use std::sync::Arc;

use super::content::Content;
use super::disorder::Disorder;
use super::faults::Do;
use super::fs::{Kind, LONG_AGO, Tree};
use super::listing::ListStyle;
use super::objecting::{Objecting, Objection};
use super::rules::On;
use super::running::Running;

/// A server to be. Without [`Server::user`] every login is welcome.
#[derive(Clone)]
#[must_use = "nothing listens before `start`"]
pub struct Server {
    pub(super) address: IpAddr,
    pub(super) users: Vec<(String, String)>,
    pub(super) tree: Tree,
    pub(super) features: Features,
    pub(super) checksums: Vec<(&'static str, Checksum)>,
    pub(super) greeting: String,
    pub(super) cap: Option<(usize, Cap)>,
    pub(super) rules: Vec<(On, Vec<Do>)>,
    pub(super) list_style: ListStyle,
    pub(super) ascii_size: AsciiSize,
    pub(super) onto_existing: OntoExisting,
    pub(super) folder_exists: String,
    pub(super) discard_uploads: bool,
    pub(super) folds_case: bool,
    pub(super) alters: Option<fn(&str) -> String>,
    pub(super) home: Vec<u8>,
    pub(super) tune_data: Option<fn(&TcpListener)>,
    pub(super) chatter: Vec<Vec<u8>>,
    pub(super) disorder: Option<Arc<Disorder>>,
    pub(super) objecting: Option<Arc<Objecting>>,
}

/// What a server does with one session too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cap {
    /// 421 in place of the greeting, and the connection is closed.
    AtGreeting421,
    /// 530 to USER; the connection stays.
    AtUser530,
}

/// The answer to SIZE in `TYPE A`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsciiSize {
    /// 550, as most servers.
    Refuse,
    /// The size on disk all the same.
    AsStored,
}

/// What RNTO does when the name is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OntoExisting {
    /// Replaces the file (Unix).
    Replace,
    /// 553.
    Refuse,
    /// 250, and nothing happens.
    Pretend,
}

/// The reply to a checksum command, made of a file's bytes: `250 9F86…`. The server computes no sums itself.
pub type Checksum = fn(&[u8]) -> String;

/// What FEAT announces. What it leaves out is not there: the command is answered with 500.
#[derive(Clone, Debug)]
#[must_use]
pub struct Features(Vec<&'static str>);

impl Features {
    /// `SIZE`, `MDTM` (`MDTM-SET`, never announced, is its writing form), `MFMT`, `REST`, `EPSV`,
    /// `EPRT`, `MLSD` (and MLST) and `UTF8`.
    pub fn all() -> Self {
        Self(vec![
            "SIZE", "MDTM", "MDTM-SET", "MFMT", "REST", "EPSV", "EPRT", "MLSD", "UTF8",
        ])
    }

    /// None: a server of 1985.
    pub fn none() -> Self {
        Self(Vec::new())
    }

    /// All but this one.
    #[track_caller]
    pub fn without(mut self, name: &str) -> Self {
        assert!(Self::all().has(name), "no feature is called {name}");
        self.0.retain(|feature| *feature != name);
        self
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains(&name)
    }

    /// The lines of FEAT (RFC 2389, RFC 3659).
    pub(super) fn lines(&self) -> String {
        let shown = self.0.iter().filter_map(|feature| match *feature {
            "MDTM-SET" => None,
            "MLSD" => Some(" MLST type*;size*;modify*;perm*;\r\n".to_owned()),
            "REST" => Some(" REST STREAM\r\n".to_owned()),
            name => Some(format!(" {name}\r\n")),
        });
        shown.collect()
    }
}

impl Default for Server {
    fn default() -> Self {
        Self {
            address: Ipv4Addr::LOCALHOST.into(),
            users: Vec::new(),
            tree: Tree::new(),
            features: Features::all(),
            checksums: Vec::new(),
            greeting: "220 ProFTPD-like scripted server ready".to_owned(),
            cap: None,
            rules: Vec::new(),
            list_style: ListStyle::default(),
            ascii_size: AsciiSize::Refuse,
            onto_existing: OntoExisting::Replace,
            folder_exists: "550 file exists".to_owned(),
            discard_uploads: false,
            folds_case: false,
            alters: None,
            home: b"/".to_vec(),
            tune_data: None,
            chatter: Vec::new(),
            disorder: None,
            objecting: None,
        }
    }
}

impl Server {
    /// An empty server that behaves well.
    pub fn new() -> Self {
        Self::default()
    }

    /// Listens on `[::1]` in place of `127.0.0.1`.
    pub fn ipv6(mut self) -> Self {
        self.address = Ipv6Addr::LOCALHOST.into();
        self
    }

    /// Lets this user in, and nobody else but those named likewise.
    pub fn user(mut self, name: &str, password: &str) -> Self {
        self.users.push((name.to_owned(), password.to_owned()));
        self
    }

    /// A file; the folders above it are made. Paths are bytes: `b"/\xb0\xe6"` is as good as `"/版"`.
    pub fn file(self, path: impl AsRef<[u8]>, content: impl Into<Content>) -> Self {
        self.file_at(path, content, LONG_AGO)
    }

    /// A file with its time, in seconds since 1970, UTC.
    pub fn file_at(
        mut self,
        path: impl AsRef<[u8]>,
        content: impl Into<Content>,
        modified: i64,
    ) -> Self {
        self.tree.put(path, Kind::File(content.into()), modified);
        self
    }

    /// Many files of one content in a folder.
    pub fn files(
        mut self,
        folder: impl AsRef<[u8]>,
        names: impl IntoIterator<Item: AsRef<[u8]>>,
        content: impl Into<Content>,
    ) -> Self {
        let content = content.into();
        for name in names {
            let path = [folder.as_ref(), b"/", name.as_ref()].concat();
            self.tree.write(path, content.clone());
        }
        self
    }

    /// A file of generated content, of any length.
    pub fn pattern(self, path: impl AsRef<[u8]>, len: u64, seed: u64) -> Self {
        self.file(path, Content::Pattern { len, seed })
    }

    /// A folder.
    pub fn folder(mut self, path: impl AsRef<[u8]>) -> Self {
        self.tree.put(path, Kind::Folder, LONG_AGO);
        self
    }

    /// A symbolic link.
    pub fn link(mut self, path: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Self {
        self.tree
            .put(path, Kind::Link(target.as_ref().to_vec()), LONG_AGO);
        self
    }

    /// The folder after login; it is made.
    pub fn home(mut self, path: impl AsRef<[u8]>) -> Self {
        self.home = path.as_ref().to_vec();
        self.folder(path)
    }

    /// What FEAT announces and the server can do.
    pub fn features(mut self, features: Features) -> Self {
        self.features = features;
        self
    }

    /// Announces a checksum command by a line of FEAT, its first word being the command: `XSHA256`, `HASH SHA-256*;MD5`.
    pub fn checksums(mut self, line: &'static str, answer: Checksum) -> Self {
        self.checksums.push((line, answer));
        self
    }

    /// The answer of a checksum command, if it is there.
    pub(super) fn checksum(&self, verb: &str) -> Option<Checksum> {
        let found = self
            .checksums
            .iter()
            .find(|(line, _)| line.split(' ').next() == Some(verb));
        found.map(|(_, answer)| *answer)
    }

    /// The first reply of each session; several lines are separated by CRLF.
    pub fn greeting(mut self, reply: &str) -> Self {
        reply.clone_into(&mut self.greeting);
        self
    }

    /// Refuses every session above so many at once.
    pub fn max_sessions(mut self, sessions: usize, cap: Cap) -> Self {
        self.cap = Some((sessions, cap));
        self
    }

    /// What LIST looks like.
    pub fn list_style(mut self, style: ListStyle) -> Self {
        self.list_style = style;
        self
    }

    /// What SIZE answers in `TYPE A`.
    pub fn ascii_size(mut self, answer: AsciiSize) -> Self {
        self.ascii_size = answer;
        self
    }

    /// What RNTO does when the name is taken.
    pub fn onto_existing(mut self, answer: OntoExisting) -> Self {
        self.onto_existing = answer;
        self
    }

    /// The answer of MKD when the folder is there already: `521 …` with some.
    pub fn folder_exists(mut self, reply: &str) -> Self {
        reply.clone_into(&mut self.folder_exists);
        self
    }

    /// Does this to every socket that waits for a passive data connection, which inherits its buffers; `std` cannot
    /// set them.
    pub fn tune_data(mut self, tune: fn(&TcpListener)) -> Self {
        self.tune_data = Some(tune);
        self
    }

    /// Adds these lines, bytes as they are, to every reply, before its last one and, in an error, also at its end.
    pub fn chatter(mut self, lines: impl IntoIterator<Item: AsRef<[u8]>>) -> Self {
        self.chatter = lines
            .into_iter()
            .map(|line| line.as_ref().to_vec())
            .collect();
        self
    }

    /// Loses, doubles, delays or makes up one reply or two among the first `replies`, as the seed says.
    pub fn disorder(mut self, seed: u64, replies: usize) -> Self {
        self.disorder = Some(Arc::new(Disorder::new(seed, replies)));
        self
    }

    /// Bears this command (`*`: every one) only where it comes after the reply to the one before it.
    pub fn objects(mut self, verb: &'static str, how: Objection) -> Self {
        self.objecting = Some(Arc::new(Objecting::new(verb, how)));
        self
    }

    /// Keeps of uploads only length and hash.
    pub fn discard_uploads(mut self) -> Self {
        self.discard_uploads = true;
        self
    }

    /// Takes `README` for the `readme` that stands there, as Windows and macOS do; what is written keeps the name that it has.
    pub fn folds_case(mut self) -> Self {
        self.folds_case = true;
        self
    }

    /// Makes another name of each name in a command, and does not say so: without its quotes (ftp-srv), or without the dots
    /// at its end (Windows).
    pub fn alters_names(mut self, alters: fn(&str) -> String) -> Self {
        self.alters = Some(alters);
        self
    }

    /// When, then what: one [`Do`], or an array of them. All rules that apply add up.
    pub fn rule(mut self, on: On, does: impl Into<Vec<Do>>) -> Self {
        self.rules.push((on, does.into()));
        self
    }

    /// Listens, on a port that the system chooses. Dropping what comes back stops it all.
    #[track_caller]
    pub fn start(self) -> Running {
        Running::start(self)
    }
}
