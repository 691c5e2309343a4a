//! What a transfer is asked to do: plain data, shared by plan and transfer.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::files::Rename;

/// Options of a transfer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferOptions {
    /// What is done with a name that stands at the destination.
    pub if_exists: IfExists,
    /// When names become visible.
    pub publish: Publish,
    /// How arrival is proven.
    pub verify: Verify,
    /// Whether partial files are continued.
    pub resume: bool,
    /// Whether files keep their times.
    pub keep_times: bool,
    /// Whether line ends are converted (`type: ascii`).
    pub ascii: bool,
    /// Whether only the last name is kept.
    pub flatten: bool,
    /// Another name for the last part of each path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rename: Option<Rename>,
    /// The most sessions of either side used at once.
    pub parallel: Option<u32>,
    /// Whether each source file is transferred once in all runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub once: Option<Once>,
    /// The most files of one run, the oldest of those that are new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_files: Option<u64>,
}

/// `once`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Once {
    /// `as`: the name that its files are known by, in place of the step's.
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `for`: files are forgotten that the source has not shown for so long.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub keep: Option<Duration>,
}

/// `if_exists`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IfExists {
    /// Transfer what is missing or differs.
    Update,
    /// Transfer all.
    Overwrite,
    /// Transfer only what is missing.
    Skip,
    /// Fail before the first byte if any name stands there.
    Fail,
}

/// `publish`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Publish {
    /// Temporary name, then rename, file by file.
    File,
    /// All are renamed once all have arrived.
    Set,
    /// The final name at once.
    Direct,
}

/// `verify`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verify {
    /// By sizes.
    Size,
    /// By a checksum command of the server.
    Checksum,
    /// Not at all.
    None,
}

impl Default for TransferOptions {
    fn default() -> TransferOptions {
        TransferOptions {
            if_exists: IfExists::Update,
            publish: Publish::File,
            verify: Verify::Size,
            resume: true,
            keep_times: true,
            ascii: false,
            flatten: false,
            rename: None,
            parallel: None,
            once: None,
            max_files: None,
        }
    }
}
