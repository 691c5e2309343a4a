//! Finding out what is to be done: the jobs of [`Look`], and what is made of their ends.

use std::sync::Arc;
use std::time::Instant;

use super::ends::{Ends, Wishes};
use super::phase::{Look, Phase};
use super::survey::{Answers, Rooted, Shown, Survey};
use super::{Flight, Once, Transfer, jobs, survey};
use crate::exec::backlog::Try;
use crate::exec::fault::Fault;
use crate::exec::proofs::Ledger;
use crate::exec::shared::Shared;
use crate::exec::steps::job::Work;
use crate::files::{FileSet, NameEncoding, Side};
use crate::options::{Publish, Verify};

impl Look {
    /// The job that comes next.
    pub(super) fn make(
        &mut self,
        wishes: Arc<Wishes>,
        ends: Arc<Ends>,
        set: FileSet,
        now: Instant,
    ) -> Option<(Flight, Work)> {
        let work = match self {
            Look::Route(_) => survey::route(wishes, ends, set),
            Look::Survey(survey) => {
                let attempt = survey.take(now)?;
                let work = survey::folder(wishes, ends, attempt.item.clone());
                return Some((Flight::Folder(attempt), work));
            }
            Look::Decide(inventory) => {
                let inventory = std::mem::take(inventory);
                jobs::compare(wishes, ends, set, inventory, Answers::new())
            }
            Look::Ask(_, names) => survey::ask(wishes, ends, Arc::clone(names)),
            Look::Settle(inventory, answers) => {
                let (inventory, answers) = (std::mem::take(inventory), std::mem::take(answers));
                jobs::compare(wishes, ends, set, inventory, answers)
            }
        };
        Some((Flight::Whole, work))
    }

    /// Decides, once every folder was listed.
    pub(super) fn settle(&mut self) {
        if let Look::Survey(survey) = self
            && survey.is_done()
        {
            *self = Look::Decide(survey.take_inventory());
        }
    }

    /// Takes in the folders that files will lie in.
    pub(super) fn routed(&mut self, folders: Vec<Vec<u8>>) {
        if let Look::Route(survey) = self {
            let mut survey = std::mem::take(survey);
            survey.wanted(folders);
            *self = Look::Survey(survey);
        }
    }

    /// Takes in what was said of names that listings may not show.
    pub(super) fn asked(&mut self, answers: Answers) {
        if let Look::Ask(inventory, _) = self {
            *self = Look::Settle(std::mem::take(inventory), answers);
        }
    }
}

impl Transfer {
    /// Takes in where `into` lies.
    pub(super) fn rooted(
        &mut self,
        rooted: Result<Rooted, Fault>,
        now: Instant,
        shared: &mut Shared,
    ) {
        let rooted = match rooted {
            Ok(rooted) => rooted,
            Err(fault) => return self.once_failed(fault, now, shared),
        };
        if !matches!(self.phase, Phase::Root) {
            return;
        }
        let ends = Ends::new(&self.wishes, rooted.root, shared);
        if shared.proofs().is_some() {
            let from = shared.identity(self.transfer.source);
            let to = shared.identity(self.transfer.to);
            let mut ledger = Ledger::new(self.set.clone(), ends.route.clone(), from, to);
            ledger.direct = self.transfer.options.publish == Publish::Direct;
            ledger.by_sum = self.transfer.options.verify == Verify::Checksum;
            if let Some(proofs) = shared.proofs() {
                proofs.begin(self.id, ledger);
            }
        }
        self.tell_foreign(&rooted.shown, shared);
        let survey = Survey::new(rooted.shown, rooted.manners, rooted.follows_links);
        self.once = Once::default();
        self.phase = Phase::Look(Arc::new(ends), Look::Route(Box::new(survey)));
    }

    /// Says once what the names at the destination are in, where they are not UTF-8 and nothing is declared: such as these are
    /// not found again, and others would be written beside them.
    fn tell_foreign(&mut self, shown: &Shown, shared: &mut Shared) {
        let (to, declared) = (self.transfer.to, shared.encoding(self.transfer.to));
        let unknown = to != Side::Local && declared == NameEncoding::Auto;
        let Some(guess) = shown.foreign.as_ref().filter(|_| unknown) else {
            return;
        };
        if !std::mem::replace(&mut self.told_foreign, true) {
            let advice = guess.advice(shared.plan.side_name(to));
            shared.warn_step(self.id, format!("the names at its destination {advice}"));
        }
    }

    /// Takes in what a folder shows.
    pub(super) fn surveyed(
        &mut self,
        mut attempt: Try<Vec<u8>>,
        shown: Result<Shown, Fault>,
        now: Instant,
        shared: &mut Shared,
    ) {
        let again = match &shown {
            Ok(shown) => {
                self.tell_foreign(shown, shared);
                None
            }
            Err(fault) => self.again(&mut attempt, fault, false, shared),
        };
        let Phase::Look(_, Look::Survey(survey)) = &mut self.phase else {
            return;
        };
        match (shown, again) {
            (Ok(shown), _) => survey.shown(&attempt.item, shown),
            (Err(_), Some(wait)) => survey.retry(attempt, now + wait),
            (Err(fault), None) => {
                if survey.refused(&attempt.item, &fault) {
                    self.refuse(fault);
                }
            }
        }
    }
}
