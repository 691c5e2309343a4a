//! Listing a local folder into the same page as a server's.

use rustix::fs::{AtFlags, Dir, Mode, OFlags, openat, statat};

use super::error::{Act, Error};
use super::root::{Root, found};
use crate::files::Page;

impl Root {
    /// The entries of one folder (an empty path is the root), names as raw bytes.
    ///
    /// Links are reported as [`crate::files::Kind::Link`], or as what they lead to where links are followed.
    /// A missing folder is an error with [`Error::is_missing`]. An entry that goes while the folder is read
    /// is left out; one that cannot be looked at is counted as a problem of the page.
    pub fn list(&self, relative: &[u8]) -> Result<Page, Error> {
        let folder = self.folder(Act::List, relative)?;
        let failed = |errno: rustix::io::Errno| self.error(Act::List, relative, errno.into());
        let mut page = Page::default();
        // A folder that is only passed through cannot be read: it is opened again from itself.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let readable = openat(&folder, ".", flags, Mode::empty()).map_err(failed)?;
        for entry in Dir::new(readable).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_bytes();
            if matches!(name, b"." | b"..") {
                continue;
            }
            let stat = match statat(&folder, name, self.look()) {
                Err(_) => statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW),
                found => found,
            };
            match stat {
                Ok(stat) => {
                    let found = found(&stat);
                    page.push(name, found.kind, Some(found.size), Some(found.modified));
                }
                Err(rustix::io::Errno::NOENT) => {}
                Err(errno) => {
                    page.problem(|| self.error(Act::Look, name, errno.into()).to_string())
                }
            }
        }
        Ok(page)
    }

    /// Whether names here differ only by more than their case, found by looking at names that stand here.
    ///
    /// `None` where no entry has a letter to try with.
    pub fn folds_case(&self) -> Result<Option<bool>, Error> {
        let page = self.list(b"")?;
        let Some((name, swapped)) = page.entries().find_map(|entry| swap_case(entry.name)) else {
            return Ok(None);
        };
        let (one, other) = (self.stat(name)?, self.stat(&swapped)?);
        Ok(Some(
            one.map(|found| found.identity) == other.map(|found| found.identity),
        ))
    }
}

fn swap_case(name: &[u8]) -> Option<(&[u8], Vec<u8>)> {
    let at = name.iter().position(u8::is_ascii_alphabetic)?;
    let mut swapped = name.to_vec();
    swapped[at] ^= 0x20;
    Some((name, swapped))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::files::Kind;
    use crate::local::Links;

    #[test]
    fn a_folder_is_listed_with_raw_names_kinds_and_sizes() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(OsStr::from_bytes(b"a\xff")), "abc").unwrap();
        fs::write(folder.path().join("line\nbreak"), "").unwrap();
        fs::create_dir(folder.path().join("sub")).unwrap();
        symlink("sub", folder.path().join("link")).unwrap();
        let root = Root::open(folder.path(), Links::Refuse).unwrap();
        let page = root.list(b"").unwrap();
        let mut rows: Vec<_> = page.entries().map(|e| (e.name, e.kind)).collect();
        rows.sort_by_key(|row| row.0);
        assert_eq!(
            rows,
            [
                (&b"a\xff"[..], Kind::File),
                (b"link", Kind::Link),
                (b"sub", Kind::Folder)
            ]
        );
        assert_eq!(
            page.problems().count,
            1,
            "the line break is refused and counted"
        );
        let sizes: Vec<_> = page
            .entries()
            .filter(|e| e.kind == Kind::File)
            .map(|e| e.size)
            .collect();
        assert_eq!(sizes, [Some(3)]);
    }

    #[test]
    fn followed_links_are_listed_as_what_they_lead_to() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("sub")).unwrap();
        symlink("sub", folder.path().join("link")).unwrap();
        symlink("gone", folder.path().join("nowhere")).unwrap();
        let root = Root::open(folder.path(), Links::Follow).unwrap();
        let page = root.list(b"").unwrap();
        let kind = |name: &[u8]| page.entries().find(|e| e.name == name).unwrap().kind;
        assert_eq!(kind(b"link"), Kind::Folder);
        assert_eq!(kind(b"nowhere"), Kind::Link);
        let two = (root.stat(b"link").unwrap(), root.stat(b"sub").unwrap());
        assert_eq!(two.0.unwrap().identity, two.1.unwrap().identity);
    }

    #[test]
    fn an_empty_folder_and_a_missing_one_are_different_answers() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path(), Links::Refuse).unwrap();
        assert!(root.list(b"").unwrap().is_empty());
        assert!(root.list(b"gone").unwrap_err().is_missing());
        assert_eq!(root.folds_case().unwrap(), None);
        fs::write(folder.path().join("name"), "").unwrap();
        let folds = fs::metadata(folder.path().join("Name")).is_ok();
        assert_eq!(root.folds_case().unwrap(), Some(folds));
    }
}
