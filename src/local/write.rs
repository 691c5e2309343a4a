//! Everything that changes the local disk: files, folders, names, times.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};

use rustix::fs::{
    AtFlags, Mode, OFlags, Timespec, Timestamps, UTIME_OMIT, mkdirat, openat, renameat, unlinkat,
    utimensat,
};
use rustix::io::Errno;

use super::error::{Act, Error, Problem};
use super::root::Root;
use crate::files::Time;

/// A file open for writing.
///
/// Nothing is flushed to the disk for a single file: a flush costs milliseconds and would make many small
/// files many times slower than any other FTP client (measured: 1.1 ms for 20 KB in place of 0.14). After a crash of the machine a file may be shorter
/// than it was, which the next run sees by its size; and before anything is deleted at a source,
/// [`Root::flush`] makes all copies safe with one call. A part that is kept is flushed by itself ([`Writing::keep`]).
#[derive(Debug)]
pub struct Writing {
    file: File,
}

impl Root {
    /// Creates a file, or empties the one that stands there.
    pub fn create_file(&self, relative: &[u8]) -> Result<Writing, Error> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC;
        Ok(Writing {
            file: self.open_to_write(Act::Create, relative, flags)?.0,
        })
    }

    /// Opens a partial file to continue it; it must be `at` bytes long.
    pub fn append(&self, relative: &[u8], at: u64) -> Result<Writing, Error> {
        let (mut file, found) = self.open_to_write(Act::Write, relative, OFlags::WRONLY)?;
        if found != at {
            let expected = at;
            return Err(self.error(Act::Write, relative, Problem::WrongSize { expected, found }));
        }
        file.seek(SeekFrom::End(0))
            .map_err(|error| self.system(Act::Write, relative, &error))?;
        Ok(Writing { file })
    }

    /// Makes a folder and all that are missing above it, below the root.
    pub fn make_folders(&self, relative: &[u8]) -> Result<(), Error> {
        let act = Act::MakeFolder;
        let mut folder = self.folder(act, b"")?;
        for name in relative
            .split(|&byte| byte == b'/')
            .filter(|_| !relative.is_empty())
        {
            self.check(act, relative, name)?;
            match mkdirat(&folder, name, Mode::from_raw_mode(0o777)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(errno) => return Err(self.error(act, relative, errno.into())),
            }
            folder = self.step(act, relative, &folder, name)?;
        }
        Ok(())
    }

    /// Gives a file another name; what stands there is replaced in the same instant.
    pub fn rename(&self, from: &[u8], to: &[u8]) -> Result<(), Error> {
        let (from_folder, from_name) = self.parent(Act::Rename, from)?;
        let (to_folder, to_name) = self.parent(Act::Rename, to)?;
        renameat(&from_folder, from_name, &to_folder, to_name)
            .map_err(|errno| self.error(Act::Rename, from, errno.into()))
    }

    /// Gives a file a name that must be free; otherwise an error with [`Error::is_existing`].
    pub fn rename_new(&self, from: &[u8], to: &[u8]) -> Result<(), Error> {
        let (from_folder, from_name) = self.parent(Act::Rename, from)?;
        let (to_folder, to_name) = self.parent(Act::Rename, to)?;
        // In one instant where the system can, so that a kill leaves no second name.
        #[cfg(target_os = "linux")]
        match rustix::fs::renameat_with(
            &from_folder,
            from_name,
            &to_folder,
            to_name,
            rustix::fs::RenameFlags::NOREPLACE,
        ) {
            Ok(()) => return Ok(()),
            Err(Errno::EXIST) => return Err(self.error(Act::Rename, to, Errno::EXIST.into())),
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {}
            Err(errno) => return Err(self.error(Act::Rename, from, errno.into())),
        }
        // A hard link fails where the name is taken, on every Unix and file system that has them.
        match rustix::fs::linkat(
            &from_folder,
            from_name,
            &to_folder,
            to_name,
            AtFlags::empty(),
        ) {
            Ok(()) => self.remove(from),
            Err(Errno::EXIST) => Err(self.error(Act::Rename, to, Errno::EXIST.into())),
            // A file system without hard links (FAT): look, then rename.
            Err(_) if self.stat(to)?.is_some() => {
                Err(self.error(Act::Rename, to, Errno::EXIST.into()))
            }
            Err(_) => self.rename(from, to),
        }
    }

    /// Sets when a file was modified.
    pub fn set_time(&self, relative: &[u8], modified: Time) -> Result<(), Error> {
        let (parent, name) = self.parent(Act::SetTime, relative)?;
        let times = Timestamps {
            last_access: Timespec {
                tv_sec: 0,
                tv_nsec: UTIME_OMIT,
            },
            last_modification: Timespec {
                tv_sec: modified.seconds,
                tv_nsec: modified.nanos.into(),
            },
        };
        utimensat(&parent, name, &times, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|errno| self.error(Act::SetTime, relative, errno.into()))
    }

    /// Removes a file or a link. A missing one is an error with [`Error::is_missing`].
    pub fn remove(&self, relative: &[u8]) -> Result<(), Error> {
        self.unlink(relative, AtFlags::empty())
    }

    /// Removes an empty folder.
    pub fn remove_folder(&self, relative: &[u8]) -> Result<(), Error> {
        self.unlink(relative, AtFlags::REMOVEDIR)
    }

    /// Makes everything that was written to this file system safe against a crash of the machine.
    ///
    /// One call for a whole step, before what it copied is deleted elsewhere.
    pub fn flush(&self) -> Result<(), Error> {
        #[cfg(target_os = "linux")]
        {
            // The root is held without the right to read it, and such a handle cannot be flushed.
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let folder = self.folder(Act::Flush, b"")?;
            let folder = openat(&folder, ".", flags, Mode::empty());
            folder
                .and_then(rustix::fs::syncfs)
                .map_err(|errno| self.error(Act::Flush, b"", errno.into()))
        }
        #[cfg(not(target_os = "linux"))]
        {
            rustix::fs::sync();
            Ok(())
        }
    }

    fn unlink(&self, relative: &[u8], flags: AtFlags) -> Result<(), Error> {
        let (parent, name) = self.parent(Act::Remove, relative)?;
        unlinkat(&parent, name, flags)
            .map_err(|errno| self.error(Act::Remove, relative, errno.into()))
    }

    /// Opens a regular file to write to it, never through a link; gives its length, too.
    fn open_to_write(
        &self,
        act: Act,
        relative: &[u8],
        flags: OFlags,
    ) -> Result<(File, u64), Error> {
        let (parent, name) = self.parent(act, relative)?;
        let flags = flags | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOFOLLOW;
        let handle = openat(&parent, name, flags, Mode::from_raw_mode(0o666))
            .map_err(|errno| self.refused(act, relative, &parent, name, errno))?;
        let found = self.regular(act, relative, &handle)?;
        Ok((File::from(handle), found.size))
    }
}

impl Writing {
    /// Makes what was written safe against a crash of the machine: a partial file whose length outlived its blocks would
    /// end in zeros.
    pub fn keep(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

impl Write for Writing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::local::Links;

    fn root() -> (tempfile::TempDir, Root) {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path(), Links::Refuse).unwrap();
        (folder, root)
    }

    #[test]
    fn a_file_is_written_continued_renamed_and_dated() {
        let (_folder, root) = root();
        root.make_folders(b"x/y").unwrap();
        root.make_folders(b"x/y").unwrap();
        root.create_file(b"x/y/t")
            .unwrap()
            .write_all(b"abc")
            .unwrap();
        root.append(b"x/y/t", 3).unwrap().write_all(b"def").unwrap();
        root.set_time(b"x/y/t", Time::at(1_700_000_000)).unwrap();
        root.rename(b"x/y/t", b"x/y/final").unwrap();
        let found = root.stat(b"x/y/final").unwrap().unwrap();
        assert_eq!(
            (found.size, found.modified),
            (6, Time::fine(1_700_000_000, 0))
        );
        assert_eq!(fs::read(root.path().join("x/y/final")).unwrap(), b"abcdef");
        assert_eq!(root.stat(b"x/y/t").unwrap(), None);
        root.flush().unwrap();
    }

    #[test]
    fn a_partial_of_another_length_is_not_continued() {
        let (_folder, root) = root();
        fs::write(root.path().join("t"), "abc").unwrap();
        let error = root.append(b"t", 2).unwrap_err();
        assert_eq!(
            error.problem,
            Problem::WrongSize {
                expected: 2,
                found: 3
            }
        );
        assert!(root.append(b"gone", 0).unwrap_err().is_missing());
    }

    #[test]
    fn a_name_that_must_be_free_is_never_replaced() {
        let (_folder, root) = root();
        fs::write(root.path().join("t"), "new").unwrap();
        fs::write(root.path().join("a"), "old").unwrap();
        assert!(root.rename_new(b"t", b"a").unwrap_err().is_existing());
        assert_eq!(fs::read(root.path().join("a")).unwrap(), b"old");
        root.rename_new(b"t", b"b").unwrap();
        assert_eq!(fs::read(root.path().join("b")).unwrap(), b"new");
        assert_eq!(root.stat(b"t").unwrap(), None);
    }

    #[test]
    fn renaming_onto_a_link_replaces_the_link_and_not_its_target() {
        let (folder, root) = root();
        let outside = tempfile::tempdir().unwrap();
        let target = outside.path().join("precious");
        fs::write(&target, "old").unwrap();
        symlink(&target, folder.path().join("a")).unwrap();
        fs::write(root.path().join("t"), "new").unwrap();
        root.rename(b"t", b"a").unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"old");
        assert_eq!(fs::read(root.path().join("a")).unwrap(), b"new");
    }

    #[test]
    fn a_file_in_the_place_of_a_folder_is_named() {
        let (_folder, root) = root();
        fs::write(root.path().join("a"), "").unwrap();
        let error = root.make_folders(b"a/b").unwrap_err();
        assert_eq!(error.problem, Problem::NotAFolder("a".into()));
        assert!(root.remove_folder(b"a").is_err());
        assert!(root.remove(b"gone").unwrap_err().is_missing());
        assert!(root.free_space().unwrap() > 0);
    }
}
