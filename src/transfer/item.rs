//! One file on its way: all names that its transfer needs.

use std::sync::Arc;

use super::decision::{Decision, Refusal};
use super::end::Looks;
use super::error::Cause;
use super::inventory::Inventory;
use super::request::Request;
use crate::files::{FileSet, NameProblem, Partials, Route, Time, is_young, join};
use crate::options::Publish;

/// One file on its way. Paths are absolute.
#[derive(Debug, Clone)]
pub struct Item {
    /// Text for people: the path relative to the source's root.
    pub text: Arc<str>,
    /// Path at the source.
    pub source: Vec<u8>,
    /// Size at the source when it was listed.
    pub size: Option<u64>,
    /// Time at the source: when it was listed, or more exactly where it was asked since.
    pub modified: Option<Time>,
    /// Path at the destination.
    pub target: Vec<u8>,
    /// Where the bytes go until they are whole, in the same folder.
    pub temporary: Vec<u8>,
    /// The temporary names of all its versions.
    pub partials: Partials,
    /// Whether the bytes go to the final name at once (`publish: direct`).
    pub direct: bool,
    /// Whether what stands at the destination may be replaced.
    pub may_overwrite: bool,
    /// Whether the file gets its source's time.
    pub keeps_time: bool,
    /// Mode given to the file once it has its final name.
    pub chmod: Option<u32>,
    /// Whether a partial file may be continued.
    pub resumable: bool,
    /// Whether a partial file may be there: set it for a second try.
    pub partial: bool,
    /// What time it is, in Unix seconds.
    pub now: i64,
    /// Whether its time would change with every write from now on.
    pub is_settled: bool,
    /// Whether a later step deletes the source because of this copy.
    pub relied: bool,
    /// Whether the time is asked that the destination gives it, because it does not take its source's.
    pub asks_time: bool,
    /// Whether it is to be asked if the two folders are one, before this file gets its name.
    pub asks_places: bool,
    /// The path of the empty file that tells its folders apart, where it is written under its final name at once.
    pub mark: Vec<u8>,
    /// Folders of other sources, one of which may be the destination's: what stands there would be that source.
    pub others: Vec<Vec<u8>>,
    /// Whether something stands under its final name.
    pub replaces: bool,
    /// Whether that may be the source itself, as far as sizes tell.
    pub replaces_same_size: bool,
    /// Whether another file of the step goes to a name that some systems take for this one.
    pub has_namesake: bool,
    /// Whether what stands there is the only copy left of another file.
    pub replaces_only_copy: bool,
    /// Whether this run has tried the file before.
    pub again: bool,
    /// Partial files of earlier versions, which go when this one is published.
    pub stale: Vec<Vec<u8>>,
}

impl Item {
    /// The time that its copy gets. A file that was written a moment ago may be written once more with the same time: its
    /// copy gets an earlier one, so that the next run copies it again instead of taking it for the same.
    pub(super) fn time_of_copy(&self) -> Option<Time> {
        let time = self.modified.filter(|_| self.keeps_time)?;
        Some(match is_young(time, self.now) {
            true => Time::at(time.seconds - 2 * time.precision.seconds() - 2),
            false => time,
        })
    }

    /// Who has taken its name meanwhile, where that is known: another file of the step, which the destination takes for it.
    pub(super) fn taken_by(&self, cause: Cause) -> Cause {
        match cause {
            Cause::Taken if self.has_namesake => Cause::Refused(Refusal::Namesake),
            cause => cause,
        }
    }

    /// Whether folders are asked about before it gets its name.
    pub(super) fn asks_more(&self) -> bool {
        self.asks_places || !self.others.is_empty()
    }

    /// Where the bytes are written to.
    pub(super) fn written(&self) -> &[u8] {
        match self.direct {
            true => &self.target,
            false => &self.temporary,
        }
    }

    /// The source's exact time was told, of which the listing knew less: a part of this version is no other's.
    pub(super) fn pin(&mut self, exact: Time) {
        let names_version = self.modified.is_none_or(|listed| !listed.is_exact());
        self.modified = Some(exact);
        if names_version {
            self.temporary = self.partials.of_version(self.size, self.modified);
        }
    }

    /// The names of a file that was decided upon. `learned`: what an earlier try learned of its source
    /// ([`super::CopyError::exact`], [`super::CopyError::became`]).
    ///
    /// # Errors
    /// As [`Route::relative`]; never for a file that [`super::decide`] did not refuse.
    pub fn new(
        set: &FileSet,
        at: u32,
        route: &Route,
        inventory: &Inventory,
        request: &Request<'_>,
        decision: Decision,
        learned: Looks,
    ) -> Result<Item, NameProblem> {
        let relative = route.relative(set, at)?;
        let place = |relative: &[u8]| join(&route.root, relative);
        let partials = request.partials(set, at, &relative);
        let size = learned.size.or(set.size(at));
        let modified = learned.modified.or(set.modified(at));
        let temporary = partials.of_version(size, modified);
        let stale = inventory.partials(&partials);
        let stale = stale.filter(|(partial, _)| *partial != temporary);
        let standing = inventory.standing(&relative);
        Ok(Item {
            text: set.text(at).into(),
            source: set.absolute(at),
            size,
            modified,
            target: place(&relative),
            temporary: place(&temporary),
            stale: stale.map(|(partial, _)| place(&partial)).collect(),
            partials: request.partials(set, at, &place(&relative)),
            direct: request.options.publish == Publish::Direct,
            // What has that name by then may be such a copy, found under another path.
            may_overwrite: request.may_overwrite()
                && (standing.is_some() || !request.knows_spared(route, &relative)),
            keeps_time: request.options.keep_times,
            chmod: request.chmod,
            resumable: request.resumable(set, at),
            partial: matches!(decision, Decision::Resume { .. }),
            now: i64::MAX,
            is_settled: true,
            relied: false,
            asks_time: false,
            asks_places: false,
            mark: Vec::new(),
            others: Vec::new(),
            replaces: standing.is_some(),
            has_namesake: false,
            replaces_only_copy: standing
                .is_some_and(|standing| request.spares(route, &relative, standing)),
            replaces_same_size: inventory.may_be_same(&relative, size),
            again: false,
        })
    }
}
