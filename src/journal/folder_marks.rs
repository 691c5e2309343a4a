//! Empty files that a run leaves for a moment to tell folders apart: which of them may stand.
//!
//! They are written down in `marks`, beside the journal, which only `--resume` reads: any next run removes what a killed one
//! has left.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::record::{PathText, checked, checksum, sealed};
use super::state::private;

/// More than this is not read of the file.
const LONGEST: u64 = 64 * 1024 * 1024;

/// An empty file that may stand.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FolderMark {
    /// A digest of the key of its server; empty for this machine.
    server: String,
    /// Absolute path.
    path: PathText,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// It is about to be made.
    Made(FolderMark),
    /// It is not there any more.
    Gone(FolderMark),
}

/// The file of those that may stand. There is none while none does.
pub struct FolderMarks {
    path: PathBuf,
    /// Open since this run made its first one.
    out: Option<File>,
    standing: BTreeSet<FolderMark>,
    redact: Arc<dyn Fn(&str) -> String + Send + Sync>,
}

impl FolderMark {
    /// One at an end. `key`: what its server is known by, empty for this machine.
    pub fn new(key: &str, path: &[u8]) -> FolderMark {
        FolderMark {
            server: match key {
                "" => String::new(),
                key => checksum(key).into_owned(),
            },
            path: PathText::new(path),
        }
    }

    /// Whether it stands at the end with this key.
    pub fn is_at(&self, key: &str) -> bool {
        FolderMark::new(key, b"").server == self.server
    }

    /// Its path, in bytes of its end.
    pub fn path(&self) -> Vec<u8> {
        self.path.bytes()
    }
}

impl FolderMarks {
    /// What earlier runs have written down. A line that is not whole is none: its file was not made yet.
    pub(super) fn open(
        path: PathBuf,
        redact: Arc<dyn Fn(&str) -> String + Send + Sync>,
    ) -> io::Result<FolderMarks> {
        let mut text = Vec::new();
        match File::open(&path) {
            Ok(file) => drop(file.take(LONGEST).read_to_end(&mut text)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let mut standing = BTreeSet::new();
        for line in text.split(|byte| *byte == b'\n').filter_map(checked) {
            match serde_json::from_str(line) {
                Ok(Line::Made(mark)) => drop(standing.insert(mark)),
                Ok(Line::Gone(mark)) => drop(standing.remove(&mark)),
                Err(_) => {}
            }
        }
        Ok(FolderMarks {
            path,
            out: None,
            standing,
            redact,
        })
    }

    /// Those that may stand.
    pub fn standing(&self) -> impl Iterator<Item = &FolderMark> {
        self.standing.iter()
    }

    /// Writes down those that are about to be made, and brings that to the disk.
    ///
    /// # Errors
    /// Those of the disk, and a secret that would stand in a path.
    pub fn make(&mut self, marks: &[FolderMark]) -> io::Result<()> {
        if marks.iter().any(|mark| !self.may_be_written(mark)) {
            return Err(io::Error::other("a secret would stand in the path of one"));
        }
        let lines = marks.iter().map(|mark| line(Line::Made(mark.clone())));
        let lines: String = lines.collect::<Result<_, _>>()?;
        let out = self.out()?;
        out.write_all(lines.as_bytes())?;
        out.sync_data()?;
        self.standing.extend(marks.iter().cloned());
        Ok(())
    }

    /// Writes down that one is not there any more. Where that is lost, a later run looks for it, and finds nothing.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn gone(&mut self, mark: &FolderMark) -> io::Result<()> {
        match self.standing.remove(mark) {
            true => {
                let line = line(Line::Gone(mark.clone()))?;
                self.out()?.write_all(line.as_bytes())
            }
            false => Ok(()),
        }
    }

    /// Ends a run: what stands is all that the file says, and where nothing does, there is none.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn close(mut self) -> io::Result<()> {
        self.out = None;
        if self.standing.is_empty() {
            return match fs::remove_file(&self.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        }
        let lines = self.standing.into_iter().map(Line::Made).map(line);
        let lines: String = lines.collect::<Result<_, _>>()?;
        let new = self.path.with_extension("new");
        let mut file = private()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&new)?;
        file.write_all(lines.as_bytes())?;
        file.sync_data()?;
        fs::rename(new, self.path)
    }

    fn may_be_written(&self, mark: &FolderMark) -> bool {
        (self.redact)(mark.path.as_str()) == mark.path.as_str()
    }

    /// Begins with a line of its own behind what a kill has torn.
    fn out(&mut self) -> io::Result<&mut File> {
        let file = match self.out.take() {
            Some(file) => file,
            None => {
                let mut file = private().append(true).create(true).open(&self.path)?;
                file.write_all(b"\n")?;
                file
            }
        };
        Ok(self.out.insert(file))
    }
}

fn line(line: Line) -> io::Result<String> {
    let json = serde_json::to_string(&line).map_err(io::Error::other)?;
    Ok(sealed(&json))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(folder: &tempfile::TempDir) -> FolderMarks {
        let redact = Arc::new(|text: &str| text.replace("geheim", "***"));
        FolderMarks::open(folder.path().join("marks"), redact).unwrap()
    }

    fn paths(marks: &FolderMarks) -> Vec<Vec<u8>> {
        marks.standing().map(FolderMark::path).collect()
    }

    #[test]
    fn what_a_kill_leaves_is_known_to_the_next_run_and_no_other_file_is() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (
            FolderMark::new("h:21:u", b"/a/\xff"),
            FolderMark::new("", b"/b"),
        );
        let mut marks = open(&folder);
        assert!(!folder.path().join("marks").exists());
        marks.make(&[one.clone(), two.clone()]).unwrap();
        marks.gone(&two).unwrap();
        drop(marks);
        let found = open(&folder);
        assert_eq!(paths(&found), [b"/a/\xff"]);
        let found = found.standing().next().unwrap();
        assert!(found.is_at("h:21:u") && !found.is_at("") && !found.is_at("h:22:u"));
    }

    #[test]
    fn a_torn_line_is_no_mark_and_spoils_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("marks");
        let mark = FolderMark::new("", b"/a");
        open(&folder).make(std::slice::from_ref(&mark)).unwrap();
        let whole = fs::read(&path).unwrap();
        for end in 0..whole.len() - 1 {
            fs::write(&path, &whole[..end]).unwrap();
            assert!(paths(&open(&folder)).is_empty(), "{end}");
            open(&folder).make(&[FolderMark::new("", b"/b")]).unwrap();
            assert_eq!(paths(&open(&folder)), [b"/b"], "{end}");
        }
    }

    #[test]
    fn the_file_goes_with_the_last_of_them_and_grows_with_no_run() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("marks");
        let (one, two) = (FolderMark::new("", b"/a"), FolderMark::new("", b"/b"));
        let mut length = None;
        for _ in 0..3 {
            let mut marks = open(&folder);
            marks.make(&[one.clone(), two.clone()]).unwrap();
            marks.gone(&two).unwrap();
            marks.close().unwrap();
            let now = fs::metadata(&path).unwrap().len();
            assert_eq!(*length.get_or_insert(now), now);
        }
        let mut marks = open(&folder);
        marks.gone(&one).unwrap();
        marks.close().unwrap();
        assert!(!path.exists());
        open(&folder).close().unwrap();
    }

    #[test]
    fn no_secret_is_written_down() {
        let folder = tempfile::tempdir().unwrap();
        let mark = FolderMark::new("h:21:geheim", b"/geheim/a");
        assert!(open(&folder).make(&[mark]).is_err());
        let mark = FolderMark::new("h:21:geheim", b"/a");
        open(&folder).make(&[mark]).unwrap();
        let text = fs::read_to_string(folder.path().join("marks")).unwrap();
        assert!(!text.contains("geheim"), "{text}");
    }
}
