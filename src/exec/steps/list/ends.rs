//! What stands for a list once all its folders are in, and whether it lists them again.

use std::time::Instant;

use crate::exec::fault::Fault;
use crate::exec::shared::Shared;
use crate::files::{FileSet, Folder, Listing, Page};
use crate::plan::{LIST_UNREADABLE, Verdict};

use super::super::{Ending, FoundSet};
use super::sight::{Looked, Noting};
use super::told::{Unread, report};
use super::tree::Target;
use super::wait::Judged;
use super::{Lister, State};

impl Lister {
    /// Whether what could not be read is worth a warning only. What failed otherwise is told already.
    pub(super) fn accepts_unread(&self, shared: &Shared) -> bool {
        self.list.unreadable == Verdict::Fine
            || shared.plan.allows(LIST_UNREADABLE)
            || self.fault.is_some()
    }

    /// What stands for the whole step once all folders are in.
    pub(super) fn ending(&mut self, set: FileSet) -> Ending {
        if let Some(fault) = self.fault.take() {
            return Ending::failed(Some(fault.failure), Some(set));
        }
        if let Some(unread) = self.unread.take() {
            return Ending::in_part(unread.failure(&set), set);
        }
        if set.is_empty() && self.list.empty == Verdict::Fail {
            let fault = Fault::permanent(format!("no file in `{}`", self.list.path))
                .help("check the path, or write `empty: ok` where an empty folder is fine");
            return Ending::failed(Some(fault.failure), Some(set));
        }
        Ending::done(Some(set))
    }

    /// A listing that lacks a folder must never look whole.
    pub(super) fn note_gaps(&mut self) {
        if let Some(fault) = &self.fault {
            let reason = format!("a folder could not be listed: {}", fault.failure.message);
            let mut page = Page::default();
            page.incomplete(reason.clone());
            self.gap = Some(reason);
            self.pages.push(Folder {
                relative: Vec::new(),
                page,
            });
        }
    }

    /// All folders are in, and that is what the step yields.
    pub(super) fn found(&mut self, found: FoundSet, shared: &mut Shared) {
        if !self.accepts_unread(shared) {
            self.unread = Unread::of(&found);
        }
        let gap = self.gap.as_deref();
        report(self.id, &found, self.unread.as_ref(), gap, shared);
        self.state = State::Assembled(Some(found.set));
    }

    /// All folders are in, and the step may wait for more. A folder that could not be listed fails it at once: what is there
    /// is not known.
    pub(super) fn looked(&mut self, looked: Looked, now: Instant, shared: &mut Shared) {
        let Some(wait) = self.wait.as_mut().filter(|_| self.fault.is_none()) else {
            self.state = State::Assembled(None);
            return;
        };
        let judged = wait.judged(&looked.sight, now, shared.preview);
        if let Some(event) = wait.told(&looked.sight, &judged, now, self.id) {
            shared.emit(event);
        }
        match judged {
            Judged::Enough => self.enough(looked, shared),
            Judged::Later(until) => {
                self.state = State::Sleeps(until);
                // What this look has found is held no longer: other lists may need the room.
                self.allowance = shared.allowance(self.list.side);
            }
            Judged::Preview => {
                shared.warn_step(self.id, wait.would_wait(&looked.sight));
                self.found(looked.found, shared);
            }
            Judged::Over => self.over_time(looked, shared),
        }
    }

    /// What was waited for is there. Its markers are written down before the steps that need it begin, so that a run which
    /// is continued knows them, too.
    fn enough(&mut self, looked: Looked, shared: &mut Shared) {
        let Looked { found, markers, .. } = looked;
        let step = &shared.plan.step(self.id).name;
        let server = shared.plan.side_name(self.list.side);
        let seen = shared.seen.as_ref();
        let writer = seen.and_then(|seen| seen.writer(step, server, found.set.root()));
        match writer {
            None => self.found(found, shared),
            Some(writer) => {
                let noting = Noting { writer, markers };
                self.state = State::Notes(Some(found), Some(Box::new(noting)));
            }
        }
    }

    pub(super) fn noted(&mut self, told: Result<Option<String>, Fault>, shared: &mut Shared) {
        match told {
            Ok(None) => {}
            Ok(Some(told)) => shared.warn_step(self.id, told),
            Err(fault) => {
                self.fault = Some(fault);
                self.state = State::Assembled(None);
                return;
            }
        }
        if let State::Notes(found, _) = &mut self.state
            && let Some(found) = found.take()
        {
            self.found(found, shared);
        }
    }

    /// The wait ended without what was waited for.
    fn over_time(&mut self, looked: Looked, shared: &mut Shared) {
        let Some(wait) = &self.wait else {
            return;
        };
        let Looked { found, sight, .. } = looked;
        let (message, help) = wait.over(&sight);
        if wait.yields_nothing() {
            shared.warn_step(
                self.id,
                format!("{message}; the run goes on without files (`on_timeout: empty`)"),
            );
            let side = found.set.side();
            let nothing = Listing::empty(side, found.set.root().to_vec(), found.set.encoding());
            let set = FileSet::all(std::sync::Arc::new(nothing));
            return self.found(FoundSet::plain(set), shared);
        }
        let server = shared.plan.side_name(self.list.side);
        let root = found.set.root();
        let folder = match root.is_empty() {
            true => self.list.path.clone(),
            false => found.set.encoding().decode(root).text.into_owned(),
        };
        let fault = Fault::permanent(message).at_folder(server, folder);
        self.fault = Some(fault.help(help));
        self.state = State::Assembled(None);
    }

    /// Begins the next look where its time has come: nothing of the last one counts.
    pub(super) fn wake(&mut self, now: Instant) {
        if let Some(wait) = &mut self.wait {
            wait.begin(now);
        }
        if !matches!(self.state, State::Sleeps(until) if until <= now) {
            return;
        }
        if let Some(wait) = &mut self.wait {
            wait.look_begins(now);
        }
        self.state = State::Lists;
        self.backlog.push(Target::root());
        self.seen.clear();
        self.gap = None;
    }
}
