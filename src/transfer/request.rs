//! What a transfer step asks for, as far as decisions and names depend on it.

use crate::files::{FileSet, Fingerprint};
use crate::options::{IfExists, Publish, TransferOptions};

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
}

impl Request<'_> {
    /// Whether files have their source's time at the destination after this step.
    pub fn times_arrive(&self) -> bool {
        self.options.keep_times && self.sets_times
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
