//! What is to be done with each file of a set. Pure: `run` does what `plan` prints.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::decision::{DecideError, Decision, Decisions, Exactness, MOST_OTHERS, Refusal, Skip};
use super::end::Looks;
use super::inventory::{Inventory, Standing, add_ancestors, ancestors};
use super::request::{Choice, Request};
use crate::files::{FileSet, Kind, Route, Time, fold, folded};
use crate::options::{IfExists, Verify};

struct Deciding<'a> {
    set: &'a FileSet,
    inventory: &'a Inventory,
    request: &'a Request<'a>,
    route: &'a Route,
    out: Decisions,
    standing: Vec<u32>,
    /// Folders that files to be transferred need, but for the root.
    needed: BTreeSet<Vec<u8>>,
    /// Paths of all files of the set, where they lie on the destination's side.
    sources: HashSet<Vec<u8>>,
    /// Files of the set of which others have the same last name, by it, in the order of their sizes; once that is asked.
    by_name: Option<HashMap<String, Vec<u32>>>,
    /// The folder of the last file, and what stands in its way.
    last_folder: (Vec<u8>, Option<Refusal>),
}

/// Compares a set with what stands at its destination.
///
/// # Errors
/// What concerns the whole step, before anything moves: two files on one name, `if_exists: fail` with something
/// there.
pub fn decide(
    set: &FileSet,
    route: &Route,
    inventory: &Inventory,
    request: &Request<'_>,
) -> Result<Decisions, DecideError> {
    let mut deciding = Deciding {
        set,
        inventory,
        request,
        route,
        out: Decisions::default(),
        standing: Vec::new(),
        needed: BTreeSet::new(),
        sources: HashSet::new(),
        by_name: None,
        last_folder: (Vec::new(), None),
    };
    deciding.collisions()?;
    if request.own_source {
        let files = set.positions().filter(|&at| set.kind(at) == Kind::File);
        deciding.sources = files.map(|at| set.absolute(at)).collect();
    }
    deciding.out.each.reserve_exact(set.len());
    for at in set.positions() {
        let decision = deciding.entry(at);
        deciding.out.each.push(decision);
    }
    deciding.finish()
}

impl Deciding<'_> {
    fn files(&self) -> impl Iterator<Item = u32> + use<'_> {
        let (set, request) = (self.set, self.request);
        let is_left = |at| matches!(request.choice(at), Choice::Known | Choice::Later);
        set.positions()
            .filter(move |&at| set.kind(at) == Kind::File && !is_left(at))
    }

    /// Finds two files on one name by the hashes of the names, 16 bytes a file; equal hashes are looked at.
    fn collisions(&mut self) -> Result<(), DecideError> {
        let key = |at| {
            let relative = self.route.relative(self.set, at).ok()?;
            Some(self.inventory.key(&relative))
        };
        let mut hashes: Vec<(u64, u32)> = self
            .files()
            .filter_map(|at| Some((folded(&key(at)?), at)))
            .collect();
        hashes.sort_unstable();
        for group in hashes
            .chunk_by(|a, b| a.0 == b.0)
            .filter(|group| group.len() > 1)
        {
            let mut keys: Vec<_> = group.iter().map(|&(_, at)| (key(at), at)).collect();
            keys.sort();
            if let Some(pair) = keys.windows(2).find(|pair| pair[0].0 == pair[1].0) {
                return Err(DecideError::Collision {
                    first: self.set.text(pair[0].1),
                    second: self.set.text(pair[1].1),
                    target: self.shown(pair[0].0.as_deref().unwrap_or_default()),
                });
            }
            let alike = group.iter().map(|(_, at)| *at);
            self.out.namesakes.extend(alike);
        }
        Ok(())
    }

    fn entry(&mut self, at: u32) -> Decision {
        match self.set.kind(at) {
            Kind::File => {}
            Kind::Folder => return Decision::Skip(Skip::Folder),
            Kind::Link => return Decision::Skip(Skip::Link),
            Kind::Other => return Decision::Skip(Skip::Special),
        }
        match self.request.choice(at) {
            Choice::Known => return Decision::Skip(Skip::Known),
            Choice::Later => return Decision::Skip(Skip::Later),
            Choice::New | Choice::Begun | Choice::Own => {}
        }
        let relative = match self.route.relative(self.set, at) {
            Ok(relative) => relative,
            Err(problem) => return self.refuse(Refusal::Name(problem)),
        };
        if self.request.own_source
            && self.set.absolute(at) == crate::files::join(&self.route.root, &relative)
        {
            return self.refuse(Refusal::OwnSource);
        }
        if self.is_another_source(&relative) {
            return self.refuse(Refusal::AnotherSource);
        }
        if let Some(refusal) = self.blocked(&relative) {
            return self.refuse(refusal);
        }
        let known = self.inventory.look(&relative);
        if known.by_another_name() && self.out.has_namesake(at) {
            return self.refuse(Refusal::Namesake);
        }
        if known.unsure {
            self.out.unsure.push(relative.clone());
        }
        if self.request.choice(at) == Choice::Own {
            return self.own(at, known.standing);
        }
        match known.standing {
            Some(Standing {
                kind: Kind::Folder, ..
            }) => self.refuse(Refusal::InTheWay("folder")),
            Some(Standing {
                kind: Kind::Other, ..
            }) => self.refuse(Refusal::InTheWay("special file")),
            Some(standing) => self.existing(at, relative, standing),
            None => self.transfer(at, relative, false),
        }
    }

    /// A file that this run has transferred before it was resumed.
    fn own(&mut self, at: u32, standing: Option<Standing>) -> Decision {
        match standing.and_then(|standing| self.same(at, standing)) {
            Some(exactness) => Decision::Same(exactness),
            None => Decision::Skip(Skip::Known),
        }
    }

    /// Whether another file of the set lies where this one goes.
    fn is_another_source(&self, relative: &[u8]) -> bool {
        let target = crate::files::join(&self.route.root, relative);
        !self.sources.is_empty() && self.sources.contains(&target)
    }

    /// Notes which other files of the set may be what stands there, found under another path: they have its name, size and
    /// time.
    fn note_others(&mut self, at: u32, relative: &[u8], standing: Standing) {
        let set = self.set;
        let by_name = self.by_name.get_or_insert_with(|| by_name(set));
        if by_name.is_empty() {
            return;
        }
        let there = standing.looks();
        let name = last_name(&self.route.encoding.decode(relative).text);
        let alike = by_name.get(&name).map_or(&[][..], Vec::as_slice);
        let of_size = |size| {
            let first = alike.partition_point(|at| set.size(*at) < size);
            let count = alike[first..].partition_point(|at| set.size(*at) == size);
            &alike[first..first + count]
        };
        let alike = match there.size {
            None => [&[], alike],
            Some(_) => [of_size(None), of_size(there.size)],
        };
        let others = alike.into_iter().flatten().copied();
        let others =
            others.filter(|&other| other != at && Looks::listed(set, other).may_be_one(there));
        // One more than are told apart says that there are too many.
        let others: Vec<u32> = others.take(MOST_OTHERS + 1).collect();
        if !others.is_empty() {
            self.out.others.insert(at, others);
        }
    }

    /// Whether something stands in the way of a folder above a file. Files of one folder mostly follow one another.
    fn blocked(&mut self, relative: &[u8]) -> Option<Refusal> {
        let slash = relative.iter().rposition(|&byte| byte == b'/')?;
        let folder = &relative[..slash];
        if self.last_folder.0 != folder {
            self.last_folder = (folder.to_vec(), self.in_the_way_of(folder));
        }
        self.last_folder.1.clone()
    }

    fn in_the_way_of(&self, folder: &[u8]) -> Option<Refusal> {
        if self.inventory.has_folder(folder) {
            return None;
        }
        let above = ancestors(std::iter::once([folder, b"/"].concat()));
        above.into_iter().skip(1).find_map(|folder| {
            let standing = self.inventory.look(&folder).standing?;
            let kind = match standing.kind {
                Kind::File => "file",
                // One that leads to a folder was listed as that folder, where it may be followed.
                Kind::Link if !self.inventory.has_folder(&folder) => "symbolic link",
                Kind::Other if !self.inventory.has_folder(&folder) => "special file",
                Kind::Folder | Kind::Link | Kind::Other => return None,
            };
            let folder = self.shown(&folder);
            Some(Refusal::NoFolder { kind, folder })
        })
    }

    fn existing(&mut self, at: u32, relative: Vec<u8>, standing: Standing) -> Decision {
        match self.request.if_exists(self.set, at) {
            IfExists::Skip => Decision::Skip(Skip::Exists),
            IfExists::Fail => {
                self.standing.push(at);
                self.transfer(at, relative, true)
            }
            IfExists::Overwrite => self.replace(at, relative, standing),
            IfExists::Update => match self.same(at, standing) {
                // Whether it is its copy cannot be told.
                Some(exactness) if self.is_left_open(at, exactness) => {
                    self.replace(at, relative, standing)
                }
                Some(exactness) => {
                    // Looked at more closely it may be found another.
                    if exactness != Exactness::Exact {
                        self.note_others(at, &relative, standing);
                    }
                    Decision::Same(exactness)
                }
                None => self.replace(at, relative, standing),
            },
        }
    }

    /// Whether a run that was cut off may have written what stands there, and it does not prove that.
    fn is_left_open(&self, at: u32, exactness: Exactness) -> bool {
        let begun = self.request.choice(at) == Choice::Begun;
        begun && self.request.same_is_proof(exactness).is_err()
    }

    fn replace(&mut self, at: u32, relative: Vec<u8>, standing: Standing) -> Decision {
        if self.request.spares(self.route, &relative, standing) {
            return self.refuse(Refusal::OnlyCopy);
        }
        // An earlier run may have deleted the source of that one.
        let relied = self.request.relied_since.is_some();
        let other = self.inventory.listed_otherwise(&relative);
        if let Some(name) = other.filter(|_| relied) {
            let name = self.shown(&name);
            return self.refuse(Refusal::OtherName(name));
        }
        self.note_others(at, &relative, standing);
        self.transfer(at, relative, true)
    }

    /// The rules of `if_exists: update`; none where the file is another one.
    fn same(&mut self, at: u32, standing: Standing) -> Option<Exactness> {
        // What a link leads to is not known, and a rename replaces the link only.
        if standing.kind != Kind::File {
            return None;
        }
        let times = self.set.modified(at).zip(standing.modified);
        let by_time = || times.and_then(|(ours, theirs)| self.same_time(ours, theirs));
        // Converted line ends change sizes, so that times alone tell.
        if !self.request.options.ascii {
            match (self.set.size(at), standing.size) {
                (Some(ours), Some(theirs)) if ours == theirs => {}
                (Some(_), Some(_)) => return None,
                _ if by_time() == Some(Exactness::Exact) => return Some(Exactness::NoSize),
                _ => {
                    self.out.unknown_sizes += 1;
                    return None;
                }
            }
        }
        if times.is_none() {
            self.out.unknown_times += 1;
            return (!self.request.options.ascii).then_some(Exactness::Unknown);
        }
        by_time()
    }

    /// What the times of a file and its source tell.
    fn same_time(&self, ours: Time, theirs: Time) -> Option<Exactness> {
        // Where a time was not kept, it is not the source's by chance.
        let is_exact = ours.is_exact() && theirs.is_exact();
        match (ours.differs_in_every_zone(theirs), is_exact) {
            (false, true) if self.was_young(ours) => None,
            (false, true) if self.request.times_arrive() => Some(Exactness::Exact),
            (false, true) => Some(Exactness::ByChance),
            (false, false) => Some(Exactness::Coarse),
            (true, _) if self.request.times_arrive() || ours.newer(theirs) => None,
            (true, _) => Some(Exactness::NotOlder),
        }
    }

    /// Whether a file is copied once more because its time is no proof. A checksum is one.
    fn was_young(&self, time: Time) -> bool {
        self.request.options.verify == Verify::Size && self.request.was_young(time)
    }

    fn transfer(&mut self, at: u32, relative: Vec<u8>, over: bool) -> Decision {
        let size = self.set.size(at);
        self.out.files += 1;
        self.out.bytes = self.out.bytes.saturating_add(size.unwrap_or(0));
        let partial = self.partial(at, &relative);
        add_ancestors(&mut self.needed, &relative);
        match (partial, size) {
            (Some(done), Some(size)) if done > 0 && done <= size => {
                self.out.bytes = self.out.bytes.saturating_sub(done);
                Decision::Resume { at: done, over }
            }
            _ => Decision::Transfer { over },
        }
    }

    /// How many bytes of a partial file of this very source are there. Where its time is not known exactly, one of
    /// any version may be it: the copy asks, and looks again.
    fn partial(&mut self, at: u32, relative: &[u8]) -> Option<u64> {
        if !self.request.resumable(self.set, at) {
            return None;
        }
        let partials = self.request.partials(self.set, at, relative);
        let (size, modified) = (self.set.size(at), self.set.modified(at));
        if modified.is_some_and(|time| !time.is_exact()) {
            let sizes = self.inventory.partials(&partials);
            return sizes.filter_map(|(_, size)| size).max();
        }
        let temporary = partials.of_version(size, modified);
        let known = self.inventory.look(&temporary);
        if known.unsure {
            self.out.unsure.push(temporary);
        }
        match known.standing? {
            Standing {
                kind: Kind::File,
                size,
                ..
            } => size,
            _ => None,
        }
    }

    fn refuse(&mut self, refusal: Refusal) -> Decision {
        let number = u32::try_from(self.out.refusals.len()).unwrap_or(u32::MAX);
        self.out.refusals.push(refusal);
        Decision::Refuse(number)
    }

    fn finish(mut self) -> Result<Decisions, DecideError> {
        if let Some(&first) = self.standing.first() {
            let relative = self.route.relative(self.set, first).unwrap_or_default();
            return Err(DecideError::Exist {
                first: self.shown(&relative),
                count: self.standing.len(),
            });
        }
        if self.out.files > 0 {
            let needed = std::mem::take(&mut self.needed);
            let inventory = self.inventory;
            self.out.folders = std::iter::once(Vec::new())
                .chain(needed)
                .filter(|folder| !inventory.has_folder(folder))
                .collect();
        }
        Ok(self.out)
    }

    fn shown(&self, path: &[u8]) -> String {
        self.route.encoding.decode(path).text.into_owned()
    }
}

fn by_name(set: &FileSet) -> HashMap<String, Vec<u32>> {
    let mut all: HashMap<String, Vec<u32>> = HashMap::new();
    for at in set.positions().filter(|&at| set.kind(at) == Kind::File) {
        all.entry(last_name(&set.text(at))).or_default().push(at);
    }
    all.retain(|_, files| files.len() > 1);
    for files in all.values_mut() {
        files.sort_by_key(|at| set.size(*at));
    }
    all
}

fn last_name(path: &str) -> String {
    fold(path.rsplit('/').next().unwrap_or_default())
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
