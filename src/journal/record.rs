//! The records, and the line that each is.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::files::{Kind, Time};

/// Version of the format.
pub(super) const VERSION: u32 = 2;
/// Hex digits of a line's checksum.
const DIGITS: usize = 16;

/// One fact of a run. Steps are named, so that a record says what it means without its plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Record {
    /// The first record.
    Begin {
        /// Version of the format.
        version: u32,
        /// The plan's fingerprint.
        fingerprint: String,
        /// The run's id.
        run_id: String,
        /// Its start, Unix seconds, UTC.
        started: i64,
    },
    /// Entries of the set that a `list` or `filter` yields; many of these make one set.
    Entries {
        /// The step.
        step: String,
        /// Folders of these and of later entries, which count on from those of earlier records of the set. A path may have
        /// tens of kilobytes, and a million files below it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        folders: Vec<PathText>,
        /// The next entries, in the set's order.
        entries: Vec<Entry>,
    },
    /// A `list` or `filter` is done, and its set is whole.
    Set {
        /// The step.
        step: String,
        /// Absolute path of its root.
        root: PathText,
        /// How many entries it has.
        count: u64,
        /// Why the listing behind it may lack entries.
        incomplete: Option<String>,
    },
    /// These files are about to be published, moved or deleted.
    Intent {
        /// The step.
        step: String,
        /// Absolute paths at the source, or of what is moved or deleted.
        paths: Vec<PathText>,
        /// Where those that are moved go, in the same order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        to: Vec<PathText>,
    },
    /// A file is dealt with.
    File {
        /// The step.
        step: String,
        /// Absolute path at the source, or of what was deleted.
        path: PathText,
        /// What became of it.
        mark: Mark,
    },
    /// A step has ended, with all done that it had to do.
    Ended {
        /// The step.
        step: String,
    },
    /// The run ended with everything done.
    Done,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// It stands at its destination, and that was verified.
    Proven,
    /// It stands at its destination, and that could not be verified.
    Unverified(String),
    /// Something stood there before, and was left alone without being proven.
    Left(String),
    /// It was deleted, or was not there any more.
    Deleted,
    /// It was moved to this absolute path.
    Moved(PathText),
}

impl Mark {
    /// Whether nothing stands any more where it stood.
    pub fn is_gone(&self) -> bool {
        matches!(self, Mark::Deleted | Mark::Moved(_))
    }
}

/// An entry of a set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The number of its folder among those of the set, from 0.
    pub folder: u32,
    /// Its last name.
    pub name: PathText,
    /// What it is.
    pub kind: Kind,
    /// Size in bytes, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Time, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<Time>,
}

/// The bytes of a path as text that gives the same bytes back: `%` and what is not UTF-8 stand as `%XX`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PathText(String);

/// Why a record cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a secret would stand in it, in the name of a file or folder")]
pub(super) struct HoldsSecret;

impl PathText {
    /// The text of bytes.
    pub fn new(bytes: &[u8]) -> PathText {
        let mut text = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            text.push_str(&chunk.valid().replace('%', "%25"));
            for byte in chunk.invalid() {
                let _ = write!(text, "%{byte:02X}");
            }
        }
        PathText(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The bytes again; a `%` without two digits stands for itself.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len());
        let mut rest = self.0.as_bytes();
        while let Some((&first, after)) = rest.split_first() {
            let escaped = (first == b'%').then(|| after.get(..2)).flatten();
            let escaped = escaped.and_then(|digits| std::str::from_utf8(digits).ok());
            match escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
                Some(byte) => {
                    bytes.push(byte);
                    rest = &after[2..];
                }
                None => {
                    bytes.push(first);
                    rest = after;
                }
            }
        }
        bytes
    }
}

impl Record {
    /// The record as a line, its end included. Only values are looked at: a password may be `step` or `1`.
    ///
    /// # Errors
    /// A secret would stand in a path, without which the record says nothing.
    pub(super) fn line(&self, redact: &dyn Fn(&str) -> String) -> Result<String, HoldsSecret> {
        let mut record = self.clone();
        record.hide(redact)?;
        let json = serde_json::to_string(&record).map_err(|_| HoldsSecret)?;
        Ok(sealed(&json))
    }

    fn hide(&mut self, redact: &dyn Fn(&str) -> String) -> Result<(), HoldsSecret> {
        let clear = |path: &PathText| match redact(&path.0) == path.0 {
            true => Ok(()),
            false => Err(HoldsSecret),
        };
        let words = |text: &mut String| *text = redact(text);
        match self {
            Record::Begin { .. } | Record::Done => return Ok(()),
            // Its name alone.
            Record::Ended { .. } => {}
            Record::Entries {
                folders, entries, ..
            } => {
                let names = entries.iter().map(|entry| &entry.name);
                folders.iter().chain(names).try_for_each(clear)?;
            }
            Record::Set {
                root, incomplete, ..
            } => {
                clear(root)?;
                incomplete.iter_mut().for_each(words);
            }
            Record::Intent { paths, to, .. } => {
                paths.iter().chain(to.iter()).try_for_each(clear)?
            }
            Record::File { path, mark, .. } => {
                clear(path)?;
                match mark {
                    Mark::Unverified(reason) | Mark::Left(reason) => words(reason),
                    Mark::Moved(to) => clear(to)?,
                    Mark::Proven | Mark::Deleted => {}
                }
            }
        }
        if let Record::Entries { step, .. }
        | Record::Set { step, .. }
        | Record::Intent { step, .. }
        | Record::File { step, .. }
        | Record::Ended { step } = self
            && redact(step) != *step
        {
            *step = hidden_name(step);
        }
        Ok(())
    }

    /// The record of a line without its end; nothing where the checksum does not match.
    pub(super) fn read(line: &[u8]) -> Option<Record> {
        serde_json::from_str(checked(line)?).ok()
    }
}

/// A line behind its checksum, its end included.
pub(super) fn sealed(json: &str) -> String {
    format!("{} {json}\n", checksum(json))
}

/// What stands in a line behind its checksum, where that matches.
pub(super) fn checked(line: &[u8]) -> Option<&str> {
    let line = std::str::from_utf8(line).ok()?;
    let (sum, json) = line.split_at_checked(DIGITS)?;
    let json = json.strip_prefix(' ')?;
    (checksum(json) == sum).then_some(json)
}

/// What stands in a record for the name of a step that holds a secret. The name itself stands in the manifest, so that its
/// digest tells nobody more.
pub(super) fn hidden_name(step: &str) -> String {
    format!("sha256:{}", checksum(step))
}

/// The digits before a line.
pub(super) fn checksum(json: &str) -> Cow<'static, str> {
    let digest = Sha256::digest(json.as_bytes());
    let digits = digest.iter().take(DIGITS / 2);
    digits
        .map(|byte| format!("{byte:02x}"))
        .collect::<String>()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(text: &str) -> String {
        text.to_owned()
    }

    #[test]
    fn any_bytes_of_a_path_come_back() {
        for bytes in [
            &b"/a/b"[..],
            b"/100%/x%41",
            b"/\xff\xb0\xe6%",
            "/版本".as_bytes(),
        ] {
            assert_eq!(PathText::new(bytes).bytes(), bytes);
        }
    }

    #[test]
    fn a_line_is_read_back_and_a_changed_one_is_not() {
        let record = Record::File {
            step: "keep".into(),
            path: PathText::new(b"/a"),
            mark: Mark::Proven,
        };
        let line = record.line(&same).unwrap();
        let line = line.trim_end().as_bytes();
        assert_eq!(Record::read(line), Some(record));
        for at in 0..line.len() {
            let mut changed = line.to_vec();
            changed[at] ^= 1;
            assert_eq!(Record::read(&changed), None, "{at}");
        }
        assert_eq!(Record::read(&line[..line.len() - 1]), None);
    }

    #[test]
    fn a_path_with_a_secret_is_not_written_and_words_of_ours_are_none() {
        let record = |step: &str, path: &[u8]| Record::File {
            step: step.into(),
            path: PathText::new(path),
            mark: Mark::Unverified("it is geheim".into()),
        };
        let redact = |text: &str| text.replace("geheim", "***").replace("step", "***");
        assert!(record("keep", b"/geheim").line(&redact).is_err());
        let line = record("step", b"/a").line(&redact).unwrap();
        let back = Record::read(line.trim_end().as_bytes());
        let Some(Record::File { step, mark, .. }) = back else {
            panic!("{line}");
        };
        assert_eq!(step, hidden_name("step"));
        assert_eq!(mark, Mark::Unverified("it is ***".into()));
        assert!(line.contains("\"step\":\"sha256:"), "{line}");
    }
}
