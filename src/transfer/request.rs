//! What a transfer step asks for, as far as decisions and names depend on it.

use std::collections::HashSet;

use super::decision::Exactness;
use super::end::Reading;
use super::inventory::Standing;
use super::spared::Spared;
use crate::files::{FileSet, Fingerprint, Partials, Place, Route, Time, join, racy, split};
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
    /// Who reads the destination's times.
    pub by: Reading,
    /// When the run began, in Unix seconds, where a later step deletes what was found unchanged: the time of a file that
    /// was written right before a listing does not tell whether it was written once more after it.
    pub relied_since: Option<i64>,
    /// Copies that must not be replaced.
    pub spared: Option<&'a Spared>,
    /// Whether the destination can set times.
    pub sets_times: bool,
    /// Mode given to each file that arrives (`chmod`).
    pub chmod: Option<u32>,
    /// Files, by absolute source path, that an interrupted run had begun to publish: what stands at their destination
    /// may be its work, so `if_exists: update` is the rule for them.
    pub begun: Option<&'a HashSet<Vec<u8>>>,
    /// With `once`: what earlier runs make of each entry, by its position.
    pub chosen: Option<&'a [Choice]>,
}

/// What earlier runs make of a file of a step with `once`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Choice {
    /// It is new.
    #[default]
    New,
    /// A run that was cut off was about to publish it: what stands at its destination may be its copy.
    Begun,
    /// This run has transferred it, before it was resumed: it counts while its copy stands, and is not transferred again.
    Own,
    /// An earlier run has transferred it.
    Known,
    /// It is new, and waits for a later run.
    Later,
}

impl Request<'_> {
    /// What earlier runs make of an entry.
    pub(super) fn choice(&self, at: u32) -> Choice {
        let chosen = self.chosen.and_then(|chosen| chosen.get(at as usize));
        chosen.copied().unwrap_or_default()
    }

    /// Whether a source's time is no proof, because it may have been written once more within its second.
    pub(super) fn was_young(&self, time: Time) -> bool {
        let since = self.relied_since;
        since.is_some_and(|since| racy(time, since).is_some())
    }

    /// Whether files have their source's time at the destination after this step.
    pub fn times_arrive(&self) -> bool {
        self.options.keep_times && self.sets_times
    }

    /// Whether what stands there must not be replaced.
    pub(super) fn spares(&self, route: &Route, relative: &[u8], standing: Standing) -> bool {
        let Some(spared) = self.spared else {
            return false;
        };
        let path = join(&route.root, relative);
        let (place, name) = (Place::above(route.side, &path), split(&path).1);
        spared.holds(route.encoding, &place, name, standing, self.by)
    }

    /// Whether a copy that must not be replaced has such a name, wherever it lies.
    pub(super) fn knows_spared(&self, route: &Route, relative: &[u8]) -> bool {
        let name = split(relative).1;
        self.spared
            .is_some_and(|spared| spared.knows(route.encoding, name))
    }

    /// What is done with an entry of which something stands at the destination.
    pub(super) fn if_exists(&self, set: &FileSet, at: u32) -> IfExists {
        let resumed = self
            .begun
            .is_some_and(|begun| begun.contains(&set.absolute(at)));
        if resumed || self.choice(at) == Choice::Begun {
            IfExists::Update
        } else {
            self.options.if_exists
        }
    }

    /// Whether a file that stands unchanged at the destination, as exactly as that is known, is proven to be the source's;
    /// the reason why not. With `verify: checksum` it counts as unchanged only when [`super::compare`] has found so.
    ///
    /// # Errors
    /// The reason.
    pub fn same_is_proof(&self, exactness: Exactness) -> Result<(), &'static str> {
        match (self.options.ascii, self.options.verify) {
            (true, _) => Err("line ends are converted, so that sizes prove nothing"),
            (false, Verify::None) => Err("`verify: none`"),
            (false, Verify::Checksum) => Ok(()),
            (false, Verify::Size) => exactness.proves(),
        }
    }

    /// Whether looking again at a file that stands unchanged at the destination can prove more than its listings did.
    pub fn may_prove_more(&self, exactness: Exactness) -> bool {
        let compares = !self.options.ascii && self.options.verify == Verify::Size;
        compares && exactness != Exactness::Exact
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

    /// The temporary names of an entry, beside its path at the destination.
    pub(super) fn partials(&self, set: &FileSet, at: u32, path: &[u8]) -> Partials {
        let owner = Fingerprint {
            manifest: self.manifest,
            step: self.step,
            source: self.source_id,
            path: &set.absolute(at),
        };
        Partials::of(path, &owner)
    }
}
