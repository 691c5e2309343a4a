//! A folder of this machine, and the only way below it.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat, fstat, openat, statat};
use rustix::io::Errno;

use super::error::{Act, Error, Problem, shown};
use crate::files::{Kind, Time, join, local_component};

/// On Linux a folder is passed through without the right to list it, as a path name would.
#[cfg(target_os = "linux")]
const THROUGH: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
#[cfg(not(target_os = "linux"))]
const THROUGH: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);

/// Whether symbolic links below a root are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// A link on the way is an error: for every folder that is written to or deleted from.
    Refuse,
    /// Links are resolved as the system does: for reading with `follow_links: true`.
    Follow,
}

/// An absolute folder, held open. Every path below it is relative, and confined to it.
///
/// The root itself may be reached through links: its path is the user's own. Below it each component is
/// opened from its parent without following links, so that neither a `..` nor a link, not even one that is
/// made while we work, leads out.
#[derive(Debug)]
pub struct Root {
    path: PathBuf,
    folder: OwnedFd,
    links: Links,
}

/// A root, or a folder below it that was opened on the way; nothing is opened, and nothing closed, for a file that lies in
/// the root itself.
#[derive(Debug)]
pub(super) enum Folder<'r> {
    Root(BorrowedFd<'r>),
    Below(OwnedFd),
}

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// What it is.
    pub kind: Kind,
    /// Bytes.
    pub size: u64,
    /// When it was modified.
    pub modified: Time,
    /// Device and inode: two paths with the same identity are one thing (a link that leads in a circle).
    pub identity: (u64, u64),
}

/// A file open for reading.
#[derive(Debug)]
pub struct Reading {
    file: File,
    /// What it was when it was opened.
    pub found: Found,
}

/// The path of a folder without links, `.` and `..`; the same path where nothing is there, or it cannot be looked at.
pub fn resolved(folder: &[u8]) -> Vec<u8> {
    let path = Path::new(OsStr::from_bytes(folder));
    match path.canonicalize() {
        Ok(found) => bytes(&found).to_vec(),
        Err(_) => folder.to_vec(),
    }
}

impl Root {
    /// Opens a folder. A missing one is an error with [`Error::is_missing`].
    pub fn open(path: &Path, links: Links) -> Result<Root, Error> {
        let folder = openat(CWD, path, THROUGH, Mode::empty())
            .map_err(|errno| Error::new(Act::Enter, bytes(path), errno.into()))?;
        Ok(Root {
            path: path.to_path_buf(),
            folder,
            links,
        })
    }

    /// Makes a folder, with its parents, where it is missing, and opens it; links below it are refused.
    pub fn create(path: &Path) -> Result<Root, Error> {
        std::fs::create_dir_all(path)
            .map_err(|error| Error::system(Act::MakeFolder, bytes(path), &error))?;
        Root::open(path, Links::Refuse)
    }

    /// Opens a folder given as bytes; see [`Root::open`].
    pub fn open_bytes(path: &[u8], links: Links) -> Result<Root, Error> {
        Root::open(Path::new(OsStr::from_bytes(path)), links)
    }

    /// Makes and opens a folder given as bytes; see [`Root::create`].
    pub fn create_bytes(path: &[u8]) -> Result<Root, Error> {
        Root::create(Path::new(OsStr::from_bytes(path)))
    }

    /// The folder's absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What stands at a path; nothing where it is missing. A link is reported as such unless links are
    /// followed and it leads somewhere.
    pub fn stat(&self, relative: &[u8]) -> Result<Option<Found>, Error> {
        let found = self.stat_in(relative);
        match found {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens a file for reading, from a byte on.
    pub fn read(&self, relative: &[u8], offset: u64) -> Result<Reading, Error> {
        let (parent, name) = self.parent(Act::Read, relative)?;
        // NONBLOCK: opening a pipe must not wait for its writer. Regular files ignore it.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | self.nofollow();
        let handle = openat(&parent, name, flags, Mode::empty())
            .map_err(|errno| self.refused(Act::Read, relative, &parent, name, errno))?;
        let stat = self.regular(Act::Read, relative, &handle)?;
        let mut file = File::from(handle);
        if offset > 0 {
            file.seek(SeekFrom::Start(offset))
                .map_err(|error| self.system(Act::Read, relative, &error))?;
        }
        Ok(Reading { file, found: stat })
    }

    /// Free bytes on the file system of this folder, as far as this user may use them.
    pub fn free_space(&self) -> Result<u64, Error> {
        let stat = rustix::fs::fstatvfs(&self.folder)
            .map_err(|errno| self.error(Act::AskSpace, b"", errno.into()))?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    /// An error of the system while a file of this folder was read or written.
    pub fn system(&self, act: Act, relative: &[u8], error: &io::Error) -> Error {
        self.error(act, relative, Problem::system(error))
    }

    pub(super) fn error(&self, act: Act, relative: &[u8], problem: Problem) -> Error {
        Error::new(act, &join(bytes(&self.path), relative), problem)
    }

    pub(super) fn nofollow(&self) -> OFlags {
        match self.links {
            Links::Refuse => OFlags::NOFOLLOW,
            Links::Follow => OFlags::empty(),
        }
    }

    /// Flags for looking at an entry as this root treats links.
    pub(super) fn look(&self) -> AtFlags {
        match self.links {
            Links::Refuse => AtFlags::SYMLINK_NOFOLLOW,
            Links::Follow => AtFlags::empty(),
        }
    }

    /// The open folder of a path, and the path's last name; every name is checked.
    pub(super) fn parent<'p>(
        &self,
        act: Act,
        relative: &'p [u8],
    ) -> Result<(Folder<'_>, &'p [u8]), Error> {
        let (folder, name) = split(relative);
        self.check(act, relative, name)?;
        Ok((self.folder(act, folder)?, name))
    }

    /// The open folder at a path; an empty path is the root.
    pub(super) fn folder(&self, act: Act, relative: &[u8]) -> Result<Folder<'_>, Error> {
        let mut folder = Folder::Root(self.folder.as_fd());
        let names = relative.split(|&byte| byte == b'/');
        for name in names.filter(|_| !relative.is_empty()) {
            self.check(act, relative, name)?;
            folder = self.step(act, relative, &folder, name)?;
        }
        Ok(folder)
    }

    /// Opens one folder from its parent.
    pub(super) fn step(
        &self,
        act: Act,
        relative: &[u8],
        parent: &Folder<'_>,
        name: &[u8],
    ) -> Result<Folder<'static>, Error> {
        openat(parent, name, THROUGH | self.nofollow(), Mode::empty())
            .map(Folder::Below)
            .map_err(|errno| self.refused(act, relative, parent, name, errno))
    }

    pub(super) fn check(&self, act: Act, relative: &[u8], name: &[u8]) -> Result<(), Error> {
        local_component(name).map_err(|problem| self.error(act, relative, Problem::Name(problem)))
    }

    /// Looks why an entry could not be opened: the system says ENOTDIR or ELOOP of a link, depending on
    /// the flags and the system, and of a file in the place of a folder.
    pub(super) fn refused(
        &self,
        act: Act,
        relative: &[u8],
        parent: &Folder<'_>,
        name: &[u8],
        errno: Errno,
    ) -> Error {
        let problem = match (errno, self.kind_of(parent, name)) {
            (Errno::LOOP | Errno::NOTDIR | Errno::MLINK, Some(FileType::Symlink)) => {
                Problem::Link(shown(name))
            }
            (Errno::NOTDIR, Some(_)) => Problem::NotAFolder(shown(name)),
            (Errno::ISDIR | Errno::NXIO, _) => Problem::NotAFile,
            _ => errno.into(),
        };
        self.error(act, relative, problem)
    }

    /// What an open file is; anything but a regular file is an error.
    pub(super) fn regular(
        &self,
        act: Act,
        relative: &[u8],
        handle: &OwnedFd,
    ) -> Result<Found, Error> {
        let stat = fstat(handle).map_err(|errno| self.error(act, relative, errno.into()))?;
        let found = found(&stat);
        match found.kind {
            Kind::File => Ok(found),
            _ => Err(self.error(act, relative, Problem::NotAFile)),
        }
    }

    fn stat_in(&self, relative: &[u8]) -> Result<Found, Error> {
        let failed = |errno: Errno| self.error(Act::Look, relative, errno.into());
        if relative.is_empty() {
            return Ok(found(&fstat(&self.folder).map_err(failed)?));
        }
        let (parent, name) = self.parent(Act::Look, relative)?;
        let stat = match statat(&parent, name, self.look()) {
            // A link that leads nowhere is a link.
            Err(Errno::NOENT | Errno::LOOP) if self.links == Links::Follow => {
                statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW)
            }
            other => other,
        };
        Ok(found(&stat.map_err(failed)?))
    }

    fn kind_of(&self, parent: &Folder<'_>, name: &[u8]) -> Option<FileType> {
        let stat = statat(parent, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        Some(FileType::from_raw_mode(stat.st_mode))
    }
}

impl AsFd for Folder<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Folder::Root(folder) => *folder,
            Folder::Below(folder) => folder.as_fd(),
        }
    }
}

impl Read for Reading {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}

/// A path's folder (empty for the root) and its last name.
pub(super) fn split(relative: &[u8]) -> (&[u8], &[u8]) {
    match relative.iter().rposition(|&byte| byte == b'/') {
        Some(slash) => (&relative[..slash], &relative[slash + 1..]),
        None => (b"", relative),
    }
}

#[cfg_attr(
    target_os = "linux",
    expect(
        clippy::unnecessary_cast,
        reason = "a device number is an i32 on macOS"
    )
)]
pub(super) fn found(stat: &Stat) -> Found {
    Found {
        kind: match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Kind::File,
            FileType::Directory => Kind::Folder,
            FileType::Symlink => Kind::Link,
            _ => Kind::Other,
        },
        size: u64::try_from(stat.st_size).unwrap_or(0),
        modified: Time::fine(
            stat.st_mtime,
            u32::try_from(stat.st_mtime_nsec).unwrap_or(0),
        ),
        identity: (stat.st_dev as u64, stat.st_ino),
    }
}

/// The bytes of a local path, as file sets hold them.
pub fn bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn root() -> (tempfile::TempDir, Root) {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("in");
        fs::create_dir(&inside).unwrap();
        fs::write(folder.path().join("secret"), "s").unwrap();
        let root = Root::open(&inside, Links::Refuse).unwrap();
        (folder, root)
    }

    #[test]
    fn dots_and_absolute_paths_lead_nowhere() {
        let (_folder, root) = root();
        for path in [
            &b"../secret"[..],
            b"/etc/passwd",
            b"a/../../secret",
            b"./x",
            b"a//b",
            b"a\0b",
            b"",
        ] {
            let error = root.read(path, 0).unwrap_err();
            assert!(
                matches!(error.problem, Problem::Name(_)) || error.is_missing(),
                "{path:?}: {error}"
            );
            assert!(root.create_file(path).is_err(), "{path:?}");
        }
        assert!(!root.path().join("b").exists());
    }

    #[test]
    fn a_link_out_of_the_root_is_not_followed() {
        let (folder, root) = root();
        symlink(folder.path(), root.path().join("out")).unwrap();
        symlink(folder.path().join("secret"), root.path().join("file")).unwrap();
        for path in [&b"out/secret"[..], b"file"] {
            let error = root.read(path, 0).unwrap_err();
            assert!(matches!(error.problem, Problem::Link(_)), "{error}");
        }
        let error = root.create_file(b"out/new").unwrap_err();
        assert!(matches!(error.problem, Problem::Link(_)), "{error}");
        assert!(root.create_file(b"file").is_err());
        assert!(root.make_folders(b"out/deep").is_err());
        assert!(root.remove(b"out/secret").is_err());
        assert_eq!(fs::read(folder.path().join("secret")).unwrap(), b"s");
        assert!(!folder.path().join("new").exists() && !folder.path().join("deep").exists());
    }

    #[test]
    fn links_are_followed_where_that_was_asked_for() {
        let (folder, _root) = root();
        let inside = folder.path().join("in");
        symlink(folder.path().join("secret"), inside.join("file")).unwrap();
        symlink("nowhere", inside.join("dangling")).unwrap();
        let root = Root::open(&inside, Links::Follow).unwrap();
        let mut text = String::new();
        root.read(b"file", 0)
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, "s");
        assert_eq!(root.stat(b"file").unwrap().unwrap().kind, Kind::File);
        assert_eq!(root.stat(b"dangling").unwrap().unwrap().kind, Kind::Link);
    }

    #[test]
    fn reading_starts_at_the_offset() {
        let (_folder, root) = root();
        fs::write(root.path().join("a"), "0123456789").unwrap();
        let mut reading = root.read(b"a", 4).unwrap();
        let mut text = String::new();
        reading.read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), reading.found.size), ("456789", 10));
    }

    #[test]
    fn what_is_no_regular_file_is_not_opened() {
        let (_folder, root) = root();
        fs::create_dir(root.path().join("d")).unwrap();
        let made = std::process::Command::new("mkfifo")
            .arg(root.path().join("pipe"))
            .status();
        assert!(made.unwrap().success());
        for path in [&b"d"[..], b"pipe"] {
            assert_eq!(root.read(path, 0).unwrap_err().problem, Problem::NotAFile);
            assert_eq!(
                root.create_file(path).unwrap_err().problem,
                Problem::NotAFile
            );
        }
    }

    #[test]
    fn what_is_missing_is_told_from_what_fails() {
        let (_folder, root) = root();
        assert_eq!(root.stat(b"gone").unwrap(), None);
        assert_eq!(root.stat(b"gone/deeper").unwrap(), None);
        assert!(root.read(b"gone", 0).unwrap_err().is_missing());
        fs::write(root.path().join("file"), "").unwrap();
        let error = root.read(b"file/x", 0).unwrap_err();
        assert_eq!(error.problem, Problem::NotAFolder("file".into()));
        assert!(
            Root::open(&root.path().join("gone"), Links::Refuse)
                .unwrap_err()
                .is_missing()
        );
    }
}
