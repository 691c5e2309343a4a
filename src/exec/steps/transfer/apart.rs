//! Folders of other sources and of destinations are told apart before files move, all at once.
//!
//! Asked for each file while it is written, so many pairs would be listed one by one. Here each folder gets one mark, each is
//! listed once, and the marks go again.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::Output;
use super::distinct::Distinct;
use super::ends::Terms;
use crate::exec::fault::Fault;
use crate::exec::steps::job::{Desk, Work};
use crate::files::folder_of;
use crate::options::Publish;
use crate::transfer::{Links, MOST_OTHERS, Role, mark_folder, marks_in};

/// Fewer pairs are asked about by the files' own temporary names, so that nothing else reaches the destination.
const WORTH_MARKS: usize = 16;

/// The folders in question.
#[derive(Default)]
pub(in crate::exec) struct Wanted {
    targets: BTreeSet<Vec<u8>>,
    sources: BTreeSet<Vec<u8>>,
    pairs: usize,
    /// The marks of the targets, by their numbers.
    marks: BTreeMap<u32, Vec<u8>>,
}

/// What came of asking.
pub(in crate::exec) struct Apart {
    pub(super) told: Result<(), Fault>,
    /// Why some marks could not be removed, by their numbers.
    pub(super) left: BTreeMap<u32, String>,
}

impl Wanted {
    /// The paths of all marks that may be made.
    pub(super) fn marks(&self) -> impl Iterator<Item = (&u32, &Vec<u8>)> {
        self.marks.iter()
    }
}

/// Finds the folders in question; none where they are not worth asking about before files move.
pub(super) fn find(terms: Arc<Terms>) -> Work {
    Box::new(move |_| {
        let wanted = wanted(&terms);
        let direct = terms.wishes.options.publish == Publish::Direct;
        let asks = direct || wanted.pairs >= WORTH_MARKS;
        let wanted = (asks && !wanted.targets.is_empty()).then(|| Arc::new(wanted));
        Output::ToTellApart(wanted).boxed()
    })
}

/// Tells apart what files of this step may replace, where what stands at their destination may be another source.
pub(super) fn work(terms: Arc<Terms>, wanted: Arc<Wanted>) -> Work {
    Box::new(move |desk| {
        let mut left = BTreeMap::new();
        let told = ask(&terms, &wanted, desk, &mut left);
        let told = told.map(|distinct| terms.ends.tell_apart(distinct));
        Output::Apart(Apart { told, left }).boxed()
    })
}

fn wanted(terms: &Terms) -> Wanted {
    let mut wanted = Wanted::default();
    for (at, others) in terms.decisions.all_others() {
        if others.len() > MOST_OTHERS {
            continue;
        }
        let Some(path) = terms.path(at) else { continue };
        let folders = others.iter().map(|other| terms.set.absolute(*other));
        let folders: BTreeSet<Vec<u8>> = folders.map(|path| folder_of(&path).to_vec()).collect();
        wanted.pairs += folders.len();
        wanted.sources.extend(folders);
        wanted.targets.insert(folder_of(&path).to_vec());
    }
    let targets = (0u32..).zip(&wanted.targets);
    let marks = targets.map(|(at, path)| (at, terms.mark_in(path, path)));
    wanted.marks = marks.collect();
    wanted
}

fn ask(
    terms: &Terms,
    wanted: &Wanted,
    desk: &mut Desk,
    left: &mut BTreeMap<u32, String>,
) -> Result<Distinct, Fault> {
    let marks = &wanted.marks;
    let marked = set_marks(terms, marks, desk);
    let seen = match &marked {
        Ok(marked) => look(terms, wanted, marked, desk),
        Err(_) => Ok(HashMap::new()),
    };
    let cleared = clear(terms, marks, desk, left);
    let (marked, sources) = (marked?, seen?);
    cleared?;
    let targets = (0u32..).zip(&wanted.targets);
    let targets = targets.filter(|(at, _)| marked.contains_key(at));
    Ok(Distinct {
        targets: targets.map(|(at, path)| (path.clone(), at)).collect(),
        sources,
    })
}

/// Marks the folders; those that show it. A refusal leaves a folder unknown.
fn set_marks(
    terms: &Terms,
    marks: &BTreeMap<u32, Vec<u8>>,
    desk: &mut Desk,
) -> Result<BTreeMap<u32, Vec<u8>>, Fault> {
    let mut marked = BTreeMap::new();
    let end = desk.end(Role::Target)?;
    end.confine(&terms.ends.route.root, Links::Refuse);
    for (at, path) in marks {
        match mark_folder(end, path) {
            Ok(true) => {
                marked.insert(*at, path.clone());
            }
            Err(cause) if !end.healthy() => {
                return Err(Fault::at(&terms.wishes.target_name, &cause, end));
            }
            Ok(false) | Err(_) => {}
        }
    }
    Ok(marked)
}

fn look(
    terms: &Terms,
    wanted: &Wanted,
    marked: &BTreeMap<u32, Vec<u8>>,
    desk: &mut Desk,
) -> Result<HashMap<Vec<u8>, BTreeSet<u32>>, Fault> {
    let mut seen = HashMap::new();
    let end = desk.end(Role::Source)?;
    end.confine(terms.set.root(), terms.wishes.links);
    for folder in &wanted.sources {
        let shown = marks_in(end, folder, marked)
            .map_err(|cause| Fault::at(&terms.wishes.source_name, &cause, end))?;
        if let Some(shown) = shown {
            seen.insert(folder.clone(), shown);
        }
    }
    Ok(seen)
}

/// Removes the marks; those that may stand all the same are told.
fn clear(
    terms: &Terms,
    marks: &BTreeMap<u32, Vec<u8>>,
    desk: &mut Desk,
    left: &mut BTreeMap<u32, String>,
) -> Result<(), Fault> {
    let end = desk.end(Role::Target)?;
    let mut broken = Ok(());
    for (at, path) in marks {
        if let Err(cause) = end.remove(path) {
            left.insert(*at, cause.to_string());
            if !end.healthy() && broken.is_ok() {
                broken = Err(Fault::at(&terms.wishes.target_name, &cause, end));
            }
        }
    }
    broken
}
