//! What a transfer step goes through, and what it holds on the way.

use std::sync::Arc;

use crate::files::FileSet;
use crate::transfer::Inventory;

use super::apart::Wanted;
use super::ends::{Ends, Terms};
use super::survey::{Answers, Survey};

/// Where the step is.
pub(super) enum Phase {
    /// Asking which files are new.
    Choose,
    /// Finding `into`, and what stands in it.
    Root,
    /// Finding out what is to be done. Nothing is changed anywhere.
    Look(Arc<Ends>, Look),
    /// Doing it.
    Work(Arc<Terms>, Work),
    /// Looking over all files once more: what was not dealt with, and what stands.
    Close(Reached, Closing),
}

/// How far the step had come when it ended.
#[derive(Clone)]
pub(super) enum Reached {
    Nothing,
    Ends(Arc<Ends>),
    Terms(Arc<Terms>),
}

/// What is found out.
pub(super) enum Look {
    /// Which folders the files will lie in.
    Route(Box<Survey>),
    /// What stands in these.
    Survey(Box<Survey>),
    /// What is to be done with each file.
    Decide(Inventory),
    /// Names that listings may not show.
    Ask(Inventory, Arc<Vec<Vec<u8>>>),
    /// Decide again, with the answers.
    Settle(Inventory, Answers),
}

/// What is done.
pub(super) enum Work {
    /// Tell what is left alone, and queue the rest.
    Tell(Telling),
    Folders,
    /// Find the folders that may be one.
    ToTellApart,
    /// Tell them apart.
    Apart(Arc<Wanted>),
    /// Move files; with `publish: set` these have arrived.
    Move(Vec<u32>),
    /// Bring the names of a set into order.
    Order(Vec<u32>),
    Publish(Publishing),
    /// Remove what failed files left behind.
    Clear,
}

/// How far telling is.
#[derive(Default)]
pub(super) struct Telling {
    pub(super) next: u32,
    /// Files that had arrived in an interrupted run, and do not stand there any more.
    pub(super) missed: u64,
}

/// How far the names of a set are given.
pub(super) struct Publishing {
    /// Its files, in the order of their names.
    pub(super) order: Vec<u32>,
    /// Those before have their final names.
    pub(super) next: usize,
    /// Whether the reply to the renaming of the next one may have been lost.
    pub(super) again: bool,
}

/// How far the end is.
#[derive(Default)]
pub(super) struct Closing {
    pub(super) next: u32,
    /// Files that were never begun, or whose next try never came.
    pub(super) undone: usize,
    /// Files that stand whole at the destination.
    pub(super) standing: Vec<u32>,
    /// What the step yields, once that is made of them.
    pub(super) yielded: Option<Yielded>,
}

/// What the job at the end of a step has found.
#[derive(Default)]
pub(in crate::exec) struct Yielded {
    pub(super) set: Option<FileSet>,
    /// How many files there were, where `rename` matched none of them.
    pub(super) unrenamed: Option<usize>,
}

impl Phase {
    /// The two ends, once `into` is found.
    pub(super) fn ends(&self) -> Option<&Arc<Ends>> {
        match self {
            Phase::Choose | Phase::Root => None,
            Phase::Look(ends, _) => Some(ends),
            Phase::Work(terms, _) => Some(&terms.ends),
            Phase::Close(Reached::Nothing, _) => None,
            Phase::Close(Reached::Ends(ends), _) => Some(ends),
            Phase::Close(Reached::Terms(terms), _) => Some(&terms.ends),
        }
    }

    /// All that was decided, once it is.
    pub(super) fn terms(&self) -> Option<&Arc<Terms>> {
        match self {
            Phase::Work(terms, _) | Phase::Close(Reached::Terms(terms), _) => Some(terms),
            Phase::Choose | Phase::Root | Phase::Look(..) | Phase::Close(..) => None,
        }
    }

    /// The end of the step.
    pub(super) fn close(&mut self) {
        let known = match self {
            Phase::Choose | Phase::Root => Reached::Nothing,
            Phase::Look(ends, _) => Reached::Ends(Arc::clone(ends)),
            Phase::Work(terms, _) => Reached::Terms(Arc::clone(terms)),
            Phase::Close(..) => return,
        };
        *self = Phase::Close(known, Closing::default());
    }

    /// Goes on to other work on the same terms.
    pub(super) fn go_on(&mut self, next: Work) {
        if let Phase::Work(_, work) = self {
            *work = next;
        }
    }
}
