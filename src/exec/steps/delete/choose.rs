//! Which files a `delete` or `move` means: never one that this run did not bring to safety, or put there itself.

use std::cell::OnceCell;
use std::sync::Arc;

use super::Output;
use super::extras::Extras;
use super::judgement::{Judgement, Needs};
use super::naming::Naming;
use super::needed::{Apart, Copies, CopyOf, Spot, Why};
use super::place::Was;
use super::relied::{Candidate, Facts, Given, Relied};
use super::sources::Sources;
use super::standing::{Paths, Stood};
use crate::exec::fault::Fault;
use crate::exec::proofs::{Proofs, Stand};
use crate::exec::shared::Shared;
use crate::exec::steps::job::Work;
use crate::files::{FileSet, Kind, Place, Side, join, name_keys, split};
use crate::journal::{Mark, Resumed};
use crate::kind::StepKind;
use crate::plan::{StepId, TakeWhat, Taking};
use crate::transfer::{Looks, Reading};

/// What is to be deleted, and what is not.
pub(in crate::exec) struct Chosen {
    pub(super) set: FileSet,
    /// Files that stay, as text, and why.
    pub(super) left_out: Vec<(String, String)>,
    /// Files that are not what a transfer read any more, as text.
    pub(super) changed: Vec<String>,
    /// How many folders the set has that `from` names, where it has nothing else.
    pub(super) only_folders: Option<usize>,
    /// Files that an interrupted run has deleted, relative to the set's root: they count against `max`, and their
    /// folders may be empty.
    pub(super) deleted: Vec<Vec<u8>>,
    /// Files that it has moved, relative to the set's root, where they stand now, and what they were.
    pub(super) moved: Vec<(Vec<u8>, Vec<u8>, Looks)>,
    /// How many files there were to choose from.
    pub(super) there: usize,
    /// Where the files of the set go, relative to `into`.
    pub(super) names: Vec<Vec<u8>>,
    /// What files of the set were when they were transferred, where this run did that, in the order of the set.
    pub(super) sources: Vec<(u32, Was)>,
    pub(super) copies: Copies,
}

pub(super) struct Question {
    proofs: Arc<Proofs>,
    side: Side,
    set: FileSet,
    relied: Vec<Relied>,
    /// The transfer whose failed files are meant.
    failed: Option<Relied>,
    /// What is deleted because no source has it.
    extras: Option<Extras>,
    /// Where files are moved: what their names become.
    naming: Option<Naming>,
    sources_of: bool,
    copies: bool,
    preview: bool,
    resumed: Option<Arc<Resumed>>,
    step: String,
    readings: Arc<[Reading]>,
    began: i64,
}

/// The work of choosing: without sessions, over a copy of the proofs. `naming`: of a step that moves.
pub(super) fn work(step: StepId, taking: &Taking, naming: Option<Naming>, shared: &Shared) -> Work {
    let question = question(step, taking, naming, shared);
    Box::new(move |_| {
        let chosen = question.and_then(Question::answer);
        super::super::Output::Delete(Box::new(Output::Chosen(Box::new(chosen))))
    })
}

fn question(
    step: StepId,
    taking: &Taking,
    naming: Option<Naming>,
    shared: &Shared,
) -> Result<Question, Fault> {
    let plan = &shared.plan;
    // Every named transfer must have proved a file, so the first one's sources hold all that qualify.
    let from = plan.taken_from(&taking.what);
    let set = from.and_then(|step| shared.set_of(step));
    let set = set.ok_or_else(|| Fault::permanent("an earlier step gave no files"))?;
    let transfer = |step: &StepId| Relied::new(*step, taking, shared);
    let failed = match &taking.what {
        TakeWhat::FailedOf(step) => transfer(step),
        TakeWhat::SourcesOf(_) | TakeWhat::Set { .. } | TakeWhat::ExtrasOf { .. } => None,
    };
    let relied = taking.what.relied_on().iter();
    Ok(Question {
        proofs: Arc::clone(&shared.proofs),
        side: shared.identity(set.side()),
        relied: relied.filter_map(transfer).collect(),
        failed,
        extras: Extras::new(&taking.what, &set, shared),
        naming,
        sources_of: matches!(taking.what, TakeWhat::SourcesOf(_)),
        copies: from.is_some_and(|from| !plan.step(from).changes.is_empty()),
        preview: shared.preview,
        resumed: shared.resumed.clone(),
        step: plan.step(step).name.clone(),
        readings: Arc::clone(&shared.readings),
        began: shared.began(),
        set,
    })
}

/// What a question is answered with.
struct Answerable {
    names: Stood,
    paths: Vec<Paths>,
    /// The same of the transfer whose failed files are meant.
    failed: Option<Paths>,
    /// Made for the first file that no transfer names.
    sources: OnceCell<Sources>,
    /// Where the files of the set lie, made for the first that one may rely on.
    own: OnceCell<Paths>,
}

impl Question {
    fn answer(self) -> Result<Chosen, Fault> {
        if let Some(reason) = self.set.incomplete_reason() {
            let done = self.done();
            let fault =
                format!("nothing was {done}, because the listing may not be whole: {reason}");
            return Err(
                Fault::permanent(fault).help("list smaller folders, or fewer files at once")
            );
        }
        let known = Answerable {
            names: Stood::new(&self.proofs),
            paths: self.relied.iter().map(Relied::paths).collect(),
            failed: self.failed.as_ref().map(Relied::paths),
            sources: OnceCell::new(),
            own: OnceCell::new(),
        };
        let mut kept = Vec::new();
        let mut chosen = Chosen {
            set: self.set.clone(),
            left_out: Vec::new(),
            changed: Vec::new(),
            only_folders: None,
            deleted: Vec::new(),
            moved: Vec::new(),
            there: self.files(),
            names: Vec::new(),
            sources: Vec::new(),
            copies: Copies::default(),
        };
        let mut folders = 0;
        let extras = self.extras.as_ref().map(|extras| extras.of(&self.set));
        let extras = extras.transpose()?;
        let meant = |at: &u32| extras.as_ref().is_none_or(|extras| extras.contains(at));
        for at in self.set.positions().filter(meant) {
            match self.is_gone(at) {
                None => {}
                Some(Mark::Moved(to)) => {
                    let looks = Looks::listed(&self.set, at);
                    chosen
                        .moved
                        .push((self.set.relative(at), to.bytes(), looks));
                    continue;
                }
                Some(_) => {
                    chosen.deleted.push(self.set.relative(at));
                    continue;
                }
            }
            let number = u32::try_from(kept.len()).unwrap_or(u32::MAX);
            match self.judge(at, &known) {
                Judgement::Delete(source, needs) => {
                    kept.push(at);
                    chosen.sources.extend(source.map(|source| (number, source)));
                    for copy in needs.copies {
                        chosen.copies.add(number, copy);
                    }
                    for spot in needs.timed {
                        chosen.copies.add_timed(number, spot);
                    }
                    for apart in needs.aparts {
                        chosen.copies.add_doubt(number, apart);
                    }
                }
                Judgement::Folder => folders += 1,
                Judgement::NotMeant => {}
                Judgement::LeaveOut(why) => chosen.left_out.push((self.set.text(at), why)),
                Judgement::Changed => chosen.changed.push(self.set.text(at)),
            }
        }
        let only = !self.sources_of && folders > 0 && folders == self.set.len();
        chosen.only_folders = only.then_some(folders);
        if kept.len() < self.set.len() {
            chosen.set = self.set.subset(kept);
        }
        if let Some(naming) = &self.naming {
            chosen.names = naming.all(&chosen.set)?;
        }
        Ok(chosen)
    }

    /// How many files there are to choose from.
    fn files(&self) -> usize {
        let is_file = |at: &u32| self.set.kind(*at) == Kind::File;
        self.set.positions().filter(is_file).count()
    }

    /// What is done with files, when it is done.
    fn done(&self) -> &'static str {
        let kind = self
            .naming
            .as_ref()
            .map_or(StepKind::Delete, |_| StepKind::Move);
        kind.done()
    }

    /// How an interrupted run has taken a file away, where it has.
    fn is_gone(&self, at: u32) -> Option<&Mark> {
        let kept = self.resumed.as_ref()?.step(&self.step)?;
        let mark = kept.marks.get(&self.set.absolute(at))?;
        mark.is_gone().then_some(mark)
    }

    fn judge(&self, at: u32, known: &Answerable) -> Judgement {
        match self.set.kind(at) {
            Kind::File => {}
            Kind::Folder => return Judgement::Folder,
            Kind::Link => {
                let done = self.done();
                return Judgement::LeaveOut(format!("a symbolic link, and only files are {done}"));
            }
            Kind::Other => return Judgement::LeaveOut("not a regular file".into()),
        }
        if let (Some(failed), Some(paths)) = (&self.failed, &known.failed) {
            return self.judge_failed(at, failed, paths);
        }
        self.judge_file(at, known)
            .unwrap_or_else(Judgement::LeaveOut)
    }

    /// Whether a transfer has tried a file, and failed: one that was never tried is none of these.
    fn judge_failed(&self, at: u32, failed: &Relied, paths: &Paths) -> Judgement {
        let found = failed.find(self.side, paths, &self.set.absolute(at));
        match found.is_some_and(|position| failed.ledger.has_failed(position)) {
            true => Judgement::Delete(None, Needs::default()),
            false => Judgement::NotMeant,
        }
    }

    fn judge_file(&self, at: u32, known: &Answerable) -> Result<Judgement, String> {
        let (found, facts) = (Candidate { set: &self.set, at }, self.facts(known));
        let path = self.set.absolute(at);
        let (mut givens, mut needs) = (Vec::new(), Needs::default());
        for (relied, paths) in self.relied.iter().zip(&known.paths) {
            match relied.find(self.side, paths, &path) {
                Some(position) => {
                    givens.extend(relied.prove(position, facts)?);
                }
                None if self.sources_of => {
                    return Err(format!("`{}` did not transfer it", relied.name));
                }
                None => {}
            }
        }
        // Of copies that are only moved nothing is lost, whatever else they may be.
        let moves_copies = self.copies && self.naming.is_some();
        if givens.is_empty() && !self.sources_of && !moves_copies {
            let sources = known.sources.get_or_init(|| Sources::new(&self.relied));
            let goes = |place: &Place, name: &[u8]| self.goes(at, place, name, known);
            givens = sources.prove(&self.relied, found, facts, goes, &mut needs.aparts)?;
        }
        if givens.is_empty() && !self.sources_of && !self.copies {
            self.relied.iter().try_for_each(Relied::knew_all)?;
        }
        match (&self.naming, self.copies) {
            (Some(_), _) => {}
            (None, true) => self.origins(&path, &givens, known, &mut needs)?,
            (None, false) => self.others(at, &path, &givens, known, &mut needs)?,
        }
        if givens.iter().any(|given| given.is_another(found, facts)) {
            return Ok(Judgement::Changed);
        }
        let mut sources = givens.iter().map(|given| given.source);
        let source = sources.next();
        if source.is_some_and(|source| sources.any(|other| !source.may_be_one(other))) {
            return Err("it changed between two transfers of this run".into());
        }
        let by_reply = |given: &Given| given.copy.is_none() && given.by_reply;
        let by_reply = givens.iter().all(by_reply);
        let copies = givens.into_iter().filter_map(|given| given.copy);
        needs.copies.splice(0..0, copies);
        let timed = needs.copies.iter().filter(|copy| copy.by_time);
        needs.timed.extend(timed.map(CopyOf::spot));
        let was = source.map(|looks| Was { looks, by_reply });
        Ok(Judgement::Delete(was, needs))
    }

    /// Whether a copy is another file that this step is to delete.
    fn goes(&self, at: u32, place: &Place, name: &[u8], known: &Answerable) -> bool {
        let paths = || known.own.get_or_init(|| Paths::new(&self.set));
        let path = join(&place.folder, name);
        let is_own = self.copies && place.side == self.side;
        is_own && paths().find(&self.set, &path).is_some_and(|own| own != at)
    }

    fn facts<'k>(&'k self, known: &'k Answerable) -> Facts<'k> {
        Facts {
            proofs: &self.proofs,
            readings: &self.readings,
            began: self.began,
            names: &known.names,
            preview: self.preview,
        }
    }

    /// A folder of the set.
    fn spot(&self, folder: Vec<u8>) -> Spot {
        (self.set.side(), self.set.root().to_vec(), folder)
    }

    /// A copy goes on the user's order, and may be the source itself: unless the two folders are known to be two, the source
    /// must still stand once the copy is put away. What was left alone unproven may be no copy at all.
    fn origins(
        &self,
        path: &[u8],
        givens: &[Given],
        known: &Answerable,
        needs: &mut Needs,
    ) -> Result<(), String> {
        let here = Place::above(self.side, path);
        let name = split(path).1;
        for copy in known.names.like(&name_keys(self.set.encoding(), name)) {
            let is_it = copy.ledger.copy(copy.at);
            if is_it.is_none_or(|(place, other)| place != here || other != name) {
                continue;
            }
            if copy.row.stand == Stand::Left {
                return Err(
                    "it stood there before this run, and was not proven to be a copy".into(),
                );
            }
            let is_last = givens.iter().all(|given| given.order < copy.row.order);
            if self.sources_of && is_last {
                return Err("this run has put another file there since".into());
            }
            if copy.ledger.is_by_time(copy.at) && !self.preview {
                needs.timed.push(self.spot(here.folder.clone()));
            }
            let (source, path) = copy.ledger.source(copy.at);
            let was_written = copy.row.stand == Stand::Copied;
            let source_name = split(&path).1;
            // It was deleted after it was copied: the copy stands without it.
            let order = copy.row.order;
            let is_gone = self.proofs.has_ended(&source, source_name, order);
            if self.preview
                || is_gone
                || (was_written && self.proofs.are_two(&source, &here).is_ok())
            {
                continue;
            }
            let origin = CopyOf::origin(&copy, source.clone(), source_name.to_vec());
            needs.copies.push(origin);
        }
        Ok(())
    }

    /// What stands at a destination because of this manifest is not deleted by this run, unless it was brought on from there.
    /// Gives what stands elsewhere and may be this file under another path: it must still stand once the file is put away.
    fn others(
        &self,
        at: u32,
        path: &[u8],
        givens: &[Given],
        known: &Answerable,
        needs: &mut Needs,
    ) -> Result<(), String> {
        if self.proofs.came_to(self.side, path) {
            return Err("this run has moved it there".into());
        }
        let here = Place::above(self.side, path);
        let found = Candidate { set: &self.set, at };
        let facts = self.facts(known);
        for other in known.names.like(&found.keys()) {
            let Some((there, copy)) = other.ledger.copy(other.at) else {
                continue;
            };
            if here == there && split(path).1 == copy {
                let brought_on =
                    self.sources_of && givens.iter().all(|g| g.order > other.row.order);
                if !brought_on {
                    return Err("this run put it there, or left it there as the same".into());
                }
                continue;
            }
            let is_source = other.ledger.source(other.at) == (here.clone(), path.to_vec());
            let mut looked_at = givens.iter().filter(|given| given.copy.is_some());
            // Its content stands in the copy that was brought on from there.
            let from_copy = self.sources_of && looked_at.any(|given| given.is_source_of(&other));
            let apart = self.preview || self.proofs.are_two(&here, &there).is_ok();
            let gone = self.proofs.has_ended(&there, &copy, other.row.order);
            let (own, by) = (self.set.side(), other.ledger.route.side);
            let (own, by) = (facts.reading(own), facts.reading(by));
            let may_be = || found.looks().may_be_read_as(own, other.row.copy, by);
            if is_source || from_copy || apart || gone || !may_be() {
                continue;
            }
            // A file that this run has put there is no link to another.
            match other.row.stand == Stand::Copied && !other.ledger.direct {
                true => needs.aparts.push(Apart {
                    marked: other.spot(there.folder),
                    looked: self.spot(here.folder.clone()),
                    why: Why::PutThere,
                }),
                false => needs.copies.push(CopyOf::standing(&other, there, copy)),
            }
        }
        Ok(())
    }
}
