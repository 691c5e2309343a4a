//! Which files a `delete` means: never one that this run did not bring to safety, or put there itself.

use std::sync::Arc;

use crate::files::{FileSet, Kind};
use crate::journal::{Mark, Resumed};
use crate::plan::{self, DeleteWhat, Plan, StepId};

use super::Output;
use crate::exec::fault::Fault;
use crate::exec::job::{Desk, Work};
use crate::exec::proofs::Proofs;
use crate::exec::shared::Shared;
use crate::files::Side;
use crate::transfer::{Links, Role};

/// What is to be deleted, and what is not.
pub(in crate::exec) struct Chosen {
    pub(super) set: FileSet,
    pub(super) left_out: Vec<(String, String)>,
    /// Source files that not every named transfer proved.
    pub(super) unproven: usize,
    /// How many folders the set has that `from` names, where it has nothing else.
    pub(super) only_folders: Option<usize>,
    /// Files that an interrupted run has deleted, relative to the set's root: they count against `max`, and their
    /// folders may be empty.
    pub(super) deleted: Vec<Vec<u8>>,
}

struct Question {
    plan: Arc<Plan>,
    proofs: Arc<Proofs>,
    side: Side,
    set: FileSet,
    /// What the transfers that prove these files brought to this machine.
    copies: Vec<FileSet>,
    resumed: Option<Arc<Resumed>>,
    step: String,
}

/// The work of choosing: without sessions, over a copy of the proofs.
pub(super) fn work(step: StepId, delete: plan::Delete, shared: &Shared) -> Work {
    let question = question(step, &delete, shared);
    Box::new(move |desk| {
        let chosen = question.and_then(|question| question.answer(desk, &delete));
        super::super::Output::Delete(Box::new(Output::Chosen(chosen)))
    })
}

fn question(step: StepId, delete: &plan::Delete, shared: &Shared) -> Result<Question, Fault> {
    let from = match &delete.what {
        // Every named transfer must have proved a file, so the first one's sources hold all that qualify.
        DeleteWhat::SourcesOf(steps) => steps
            .first()
            .and_then(|step| shared.plan.step(*step).takes.first().copied()),
        DeleteWhat::Set { from, .. } => Some(*from),
    };
    let set = from.and_then(|step| shared.set_of(step));
    let set = set.ok_or_else(|| Fault::permanent("an earlier step gave no files"))?;
    Ok(Question {
        plan: Arc::clone(&shared.plan),
        proofs: Arc::clone(&shared.proofs),
        side: shared.identity(set.side()),
        set,
        copies: copies(delete, shared),
        resumed: shared.resumed.clone(),
        step: shared.plan.step(step).name.clone(),
    })
}

/// What stands on this machine because of the transfers before this step. A preview has brought nothing.
fn copies(delete: &plan::Delete, shared: &Shared) -> Vec<FileSet> {
    let transfers = match &delete.what {
        DeleteWhat::SourcesOf(steps) => steps,
        DeleteWhat::Set { after, .. } => after,
    };
    let sets = transfers.iter().filter_map(|step| shared.set_of(*step));
    sets.filter(|set| set.side() == Side::Local && !set.is_empty() && !shared.preview)
        .collect()
}

impl Question {
    fn answer(&self, desk: &mut Desk, delete: &plan::Delete) -> Result<Chosen, Fault> {
        if let Some(reason) = self.set.incomplete_reason() {
            let fault =
                format!("nothing was deleted, because the listing may not be whole: {reason}");
            return Err(
                Fault::permanent(fault).help("list smaller folders, or fewer files at once")
            );
        }
        self.make_safe(desk)?;
        let mut kept = Vec::new();
        let mut left_out = Vec::new();
        let (mut unproven, mut folders) = (0, 0);
        let mut deleted = Vec::new();
        for at in self.set.positions() {
            if self.is_deleted(at) {
                deleted.push(self.set.relative(at));
                continue;
            }
            match self.judge(at, delete) {
                Judgement::Delete => kept.push(at),
                Judgement::Folder => folders += 1,
                Judgement::Unproven => unproven += 1,
                Judgement::LeaveOut(reason) => left_out.push((self.set.text(at), reason)),
            }
        }
        let is_named = matches!(delete.what, DeleteWhat::Set { .. });
        Ok(Chosen {
            set: self.set.subset(kept),
            left_out,
            unproven,
            only_folders: (is_named && folders > 0 && folders == self.set.len()).then_some(folders),
            deleted,
        })
    }

    /// Copies on this machine are flushed to the disk before their sources go: they must outlive a crash of the machine.
    fn make_safe(&self, desk: &mut Desk) -> Result<(), Fault> {
        for copies in &self.copies {
            let end = desk.end(Role::Target)?;
            end.confine(copies.root(), Links::Refuse);
            end.flush().map_err(|cause| {
                let mut fault = Fault::of("local", &cause, Vec::new());
                let message = &mut fault.failure.message;
                *message =
                    format!("nothing was deleted, because the copies may not be safe: {message}");
                fault
            })?;
        }
        Ok(())
    }

    fn is_deleted(&self, at: u32) -> bool {
        let kept = self
            .resumed
            .as_ref()
            .and_then(|resumed| resumed.step(&self.step));
        kept.is_some_and(|kept| kept.marks.get(&self.set.absolute(at)) == Some(&Mark::Deleted))
    }

    fn judge(&self, at: u32, delete: &plan::Delete) -> Judgement {
        match self.set.kind(at) {
            Kind::File => {}
            Kind::Folder => return Judgement::Folder,
            Kind::Link => {
                return Judgement::LeaveOut("a symbolic link, and only files are deleted".into());
            }
            Kind::Other => return Judgement::LeaveOut("not a regular file".into()),
        }
        let path = self.set.absolute(at);
        if self.proofs.published(self.side, &path) {
            return Judgement::LeaveOut("this run put it there".into());
        }
        match &delete.what {
            DeleteWhat::SourcesOf(steps) if self.proofs.proven_by_all(self.side, &path, steps) => {
                Judgement::Delete
            }
            DeleteWhat::SourcesOf(_) => Judgement::Unproven,
            DeleteWhat::Set { after, .. } => match self.proofs.open_for(self.side, &path, after) {
                Some(step) => {
                    let name = &self.plan.step(step).name;
                    Judgement::LeaveOut(format!("`{name}` did not prove it at its destination"))
                }
                None => Judgement::Delete,
            },
        }
    }
}

enum Judgement {
    Delete,
    /// It goes with its files where that is asked for, and is none of them.
    Folder,
    Unproven,
    LeaveOut(String),
}
