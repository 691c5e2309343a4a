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
use crate::files::{Fingerprint, split};
use crate::options::Publish;
use crate::transfer::{Links, MOST_OTHERS, Role, mark_folder, mark_path, marks_in};

/// Fewer pairs are asked about by the files' own temporary names, so that nothing else reaches the destination.
const WORTH_MARKS: usize = 16;

/// The folders in question.
#[derive(Default)]
struct Wanted {
    targets: BTreeSet<Vec<u8>>,
    sources: BTreeSet<Vec<u8>>,
    pairs: usize,
}

/// Tells apart what files of this step may replace, where what stands at their destination may be another source.
pub(super) fn work(terms: Arc<Terms>) -> Work {
    Box::new(move |desk| {
        let wanted = wanted(&terms);
        let direct = terms.wishes.options.publish == Publish::Direct;
        let told = match direct || wanted.pairs >= WORTH_MARKS {
            true => ask(&terms, &wanted, desk),
            false => Ok(Distinct::default()),
        };
        let told = told.map(|distinct| terms.ends.tell_apart(distinct));
        Output::Apart(told).boxed()
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
        let folders: BTreeSet<Vec<u8>> = folders.map(|path| split(&path).0.to_vec()).collect();
        wanted.pairs += folders.len();
        wanted.sources.extend(folders);
        wanted.targets.insert(split(&path).0.to_vec());
    }
    wanted
}

fn ask(terms: &Terms, wanted: &Wanted, desk: &mut Desk) -> Result<Distinct, Fault> {
    let targets = (0u32..).zip(&wanted.targets);
    let marks: BTreeMap<u32, Vec<u8>> = targets.map(|(at, path)| (at, mark(terms, path))).collect();
    let marked = set_marks(terms, &marks, desk);
    let seen = match &marked {
        Ok(marked) => look(terms, wanted, marked, desk),
        Err(_) => Ok(HashMap::new()),
    };
    let cleared = clear(terms, &marks, desk);
    let (marked, sources) = (marked?, seen?);
    cleared?;
    let targets = (0u32..).zip(&wanted.targets);
    let targets = targets.filter(|(at, _)| marked.contains_key(at));
    Ok(Distinct {
        targets: targets.map(|(at, path)| (path.clone(), at)).collect(),
        sources,
    })
}

fn mark(terms: &Terms, folder: &[u8]) -> Vec<u8> {
    mark_path(&Fingerprint {
        manifest: &terms.wishes.manifest,
        step: &terms.wishes.step,
        source: &terms.wishes.source_id,
        path: folder,
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

fn clear(terms: &Terms, marks: &BTreeMap<u32, Vec<u8>>, desk: &mut Desk) -> Result<(), Fault> {
    let end = desk.end(Role::Target)?;
    for path in marks.values() {
        // What cannot be removed is an empty file that no list of ours shows.
        if let Err(cause) = end.remove(path)
            && !end.healthy()
        {
            return Err(Fault::at(&terms.wishes.target_name, &cause, end));
        }
    }
    Ok(())
}
