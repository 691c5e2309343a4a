//! What a transfer step asks for, as far as decisions and names depend on it.

use std::collections::HashSet;

use crate::files::{FileSet, Fingerprint};
use crate::options::{IfExists, Publish, TransferOptions, Verify};

/// A transfer step's wishes, and what is known of its two sides.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The options.
    pub options: &'a TransferOptions,
    /// The manifest's name.
    pub manifest: &'a str,
    /// The step's name.
    pub step: &'a str,
    /// `host:port:user` of the source server; empty for this machine.
    pub source_id: &'a str,
    /// Whether source and destination are the same server (host, port and user) or both this machine.
    pub own_source: bool,
    /// Whether the destination can set times.
    pub sets_times: bool,
    /// Mode given to each file that arrives (`chmod`).
    pub chmod: Option<u32>,
    /// Files, by absolute source path, that an interrupted run had begun to publish: what stands at their destination
    /// may be its work, so `if_exists: update` is the rule for them.
    pub begun: Option<&'a HashSet<Vec<u8>>>,
}

impl Request<'_> {
    /// Whether files have their source's time at the destination after this step.
    pub fn times_arrive(&self) -> bool {
        self.options.keep_times && self.sets_times
    }

    /// What is done with an entry of which something stands at the destination.
    pub(super) fn if_exists(&self, set: &FileSet, at: u32) -> IfExists {
        let begun = self
            .begun
            .is_some_and(|begun| begun.contains(&set.absolute(at)));
        if begun {
            IfExists::Update
        } else {
            self.options.if_exists
        }
    }

    /// Whether a file that stands unchanged at the destination is proven to be the source's; the reason why not. With
    /// `verify: checksum` it counts as unchanged only when [`super::compare`] has found so.
    pub fn same_is_proof(&self) -> Result<(), &'static str> {
        match (self.options.ascii, self.options.verify) {
            (true, _) => Err("line ends are converted, so that sizes prove nothing"),
            (false, Verify::None) => Err("`verify: none`"),
            (false, Verify::Size | Verify::Checksum) => Ok(()),
        }
    }

    /// Whether a partial file of this entry may be continued, in this run or a later one.
    ///
    /// Without size and time a changed source would go unnoticed.
    pub fn resumable(&self, set: &FileSet, at: u32) -> bool {
        self.options.resume
            && !self.options.ascii
            && self.options.publish != Publish::Direct
            && set.size(at).is_some()
            && set.modified(at).is_some()
    }

    /// Whether what has a file's name may be replaced.
    pub(super) fn may_overwrite(&self) -> bool {
        matches!(
            self.options.if_exists,
            IfExists::Update | IfExists::Overwrite
        )
    }

    pub(super) fn temporary(&self, set: &FileSet, at: u32, name: &[u8]) -> Vec<u8> {
        let print = Fingerprint {
            manifest: self.manifest,
            step: self.step,
            source: self.source_id,
            path: &set.absolute(at),
            size: set.size(at),
            modified: set.modified(at),
        };
        crate::files::temporary_name(name, &print)
    }
}
