//! Deleting files whose copies this run did not write: each is put away under another name first, and its copies are looked
//! at while it is gone. A link that leads from a destination back to the source shows itself so; no listing tells it.

use std::time::{Duration, Instant};

use crate::files::{Side, away_name, folder_of, join, split};
use crate::transfer::{Cause, End, Links, Role, Seen};

use super::copies::{Looking, Names};
use super::jobs::SHORT;
use super::needed::Copy;
use super::place::{Deletion, Place};
use super::renames::Target;
use super::sight::Sight;
use super::unproven::Unproven;
use super::{BATCH, Delete, Flying, Output, nothing, output};
use crate::exec::backlog::Try;
use crate::exec::fault::Fault;
use crate::exec::shared::Shared;
use crate::exec::steps::job::{Desk, Work};

/// Files that are put away at once, at most: so many a run may leave so that is killed.
const MOST: usize = 512;
/// Nor are more put away after this long: what is away is dealt with before an interrupted run is over.
const LONG: Duration = Duration::from_millis(500);

/// How many files are put away at once. Each batch costs a listing of each folder of copies, so that it grows while all goes
/// well.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share(usize);

/// Files of one folder, and where their copies lie.
pub(super) struct Batch {
    pub(super) place: Place,
    pub(super) files: Vec<Piece>,
    /// The folders of the copies, and which end of the target's role leads there; none: the source's.
    pub(super) folders: Vec<(Looking, Option<usize>)>,
    /// How long files may be put away.
    pub(super) time: Duration,
}

impl Default for Share {
    fn default() -> Share {
        Share(BATCH)
    }
}

impl Share {
    /// The next one, after a batch in which all went well as far as it got in its time, or not.
    pub(super) fn after(self, went_well: bool) -> Share {
        match went_well {
            true => Share((self.0 * 2).min(MOST)),
            false => Share::default(),
        }
    }

    /// Of so many files, so that every session gets some.
    fn of(self, files: usize, sessions: usize) -> usize {
        self.0.min(files.div_ceil(sessions.max(1)).max(BATCH))
    }

    fn time(self) -> Duration {
        let times = u32::try_from(self.0 / BATCH).unwrap_or(u32::MAX);
        SHORT.saturating_mul(times).min(LONG)
    }
}

/// A file that is to be deleted.
pub(super) struct Piece {
    pub(super) at: u32,
    /// Whether it was tried before, and may have its other name already.
    pub(super) again: bool,
    /// Its copies, each with the number of its folder among those of the batch.
    pub(super) copies: Vec<(usize, Copy)>,
    /// Its new name, in a step that moves it.
    pub(super) target: Option<Target>,
}

/// A file that has its other name now.
struct Away<'b> {
    at: u32,
    copies: &'b [(usize, Copy)],
    target: Option<&'b Target>,
    path: Vec<u8>,
    away: Vec<u8>,
}

impl Batch {
    /// Puts files away until the time of a batch is over, looks at their copies, and deletes them or puts them back.
    pub(super) fn work(self) -> Work {
        Box::new(move |desk| {
            let mut done = Vec::with_capacity(self.files.len());
            let away = self.put_away(desk, &mut done);
            match self.sights(desk, &away) {
                Ok(sights) => {
                    for file in away {
                        let result = self.settle(desk, &file, &sights);
                        done.push((file.at, result));
                    }
                }
                Err(fault) => {
                    for file in away {
                        let result = self.put_back(desk, &file, fault.clone());
                        done.push((file.at, result));
                    }
                }
            }
            output(Output::Deleted(done))
        })
    }

    fn put_away<'b>(
        &'b self,
        desk: &mut Desk,
        done: &mut Vec<(u32, Result<Deletion, Fault>)>,
    ) -> Vec<Away<'b>> {
        let end = desk.now() + self.time;
        let mut away = Vec::new();
        for piece in &self.files {
            match self.put_one_away(desk, piece) {
                Ok(file) => away.push(file),
                Err(result) => done.push((piece.at, *result)),
            }
            if !desk.healthy() || desk.now() >= end {
                break;
            }
        }
        away
    }

    fn put_one_away<'b>(
        &self,
        desk: &mut Desk,
        piece: &'b Piece,
    ) -> Result<Away<'b>, Box<Result<Deletion, Fault>>> {
        let (set, at) = (&self.place.set, piece.at);
        let path = set.absolute(at);
        let (folder, name) = split(&path);
        let Some(name) = away_name(name) else {
            let why = "its name is too long to be put away while its copy is looked at";
            let kept = Unproven::from(why).kept().about(set.text(at));
            return Err(Box::new(Ok(Deletion::Kept(kept))));
        };
        let file = Away {
            at,
            copies: &piece.copies,
            target: piece.target.as_ref(),
            away: join(folder, &name),
            path,
        };
        let end = self.place.end(desk).map_err(failed)?;
        if self.place.was_moved(end, at, file.target).map_err(failed)? {
            return Err(Box::new(Ok(Deletion::Moved)));
        }
        end.confine(self.place.set.root(), Links::Refuse);
        if piece.again && self.is_away(end, &file).map_err(failed)? {
            return Ok(file);
        }
        if let Some(fault) = self.place.stays(end, at).map_err(failed)? {
            return Err(Box::new(Ok(Deletion::Kept(fault))));
        }
        match end.rename(&file.path, &file.away, false, false) {
            Ok(()) => Ok(file),
            Err(cause) => Err(Box::new(Ok(self.not_renamed(&*end, &cause, at)))),
        }
    }

    fn not_renamed(&self, end: &dyn End, cause: &Cause, at: u32) -> Deletion {
        let mut fault = Fault::at(&self.place.name, cause, end).about(self.place.set.text(at));
        if !end.healthy() || cause.is_unknown() {
            return Deletion::Unknown(fault);
        }
        let message = &fault.failure.message;
        fault.failure.message = format!(
            "it was kept: it stood unchanged at its destination, which is proven by renaming it here, and {message}"
        );
        Deletion::Kept(fault)
    }

    /// Whether an earlier try has put a file away, whose reply was lost.
    fn is_away(&self, end: &mut dyn End, file: &Away<'_>) -> Result<bool, Fault> {
        let seen = end.look(&file.away);
        let seen = seen.map_err(|cause| Fault::at(&self.place.name, &cause, end))?;
        Ok(seen != Seen::Nothing)
    }

    /// What every folder of a copy shows now.
    fn sights(&self, desk: &mut Desk, away: &[Away<'_>]) -> Result<Vec<Sight>, Fault> {
        let sights = (0..).zip(&self.folders).map(|(number, (looking, seat))| {
            let copies = away.iter().flat_map(|file| file.copies);
            let copies = copies.filter(|(folder, _)| *folder == number);
            let mut names = Names::of(&looking.copies, copies.map(|(_, copy)| copy));
            // One that shows here is a source's, and no copy.
            away.iter().for_each(|file| names.add(split(&file.away).1));
            let end = end_of(desk, *seat)?;
            end.confine(&looking.root, Links::Refuse);
            looking.sight(end, names)
        });
        sights.collect()
    }

    /// Deletes a file whose copies all stand without it, and puts any other back.
    fn settle(
        &self,
        desk: &mut Desk,
        file: &Away<'_>,
        sights: &[Sight],
    ) -> Result<Deletion, Fault> {
        for (number, copy) in file.copies {
            let (looking, seat) = &self.folders[*number];
            let sight = &sights[*number];
            let away = split(&file.away).1;
            let is_one = sight.entry(away).is_some();
            let stands = match is_one {
                true => end_of(desk, *seat).map(|end| Err(one_folder(end, looking, file).into())),
                false => end_of(desk, *seat).and_then(|end| {
                    end.confine(&looking.root, Links::Refuse);
                    looking.compare(end, sight, copy)
                }),
            };
            match stands {
                Ok(Ok(())) => {}
                Ok(Err(why)) => return self.put_back(desk, file, why.kept()),
                Err(fault) => return self.put_back(desk, file, fault),
            }
        }
        let end = self.place.end(desk)?;
        match self.place.dispose(end, file.at, &file.away, file.target)? {
            Deletion::Taken => self.put_back_taken(desk, file),
            done => Ok(done),
        }
    }

    /// Its new name was taken: it gets its old one again, before another is tried.
    fn put_back_taken(&self, desk: &mut Desk, file: &Away<'_>) -> Result<Deletion, Fault> {
        let why = "its new name was taken while its copy was looked at";
        match self.put_back(desk, file, Unproven::from(why).kept())? {
            Deletion::Kept(_) => Ok(Deletion::Taken),
            stranded => Ok(stranded),
        }
    }

    fn put_back(&self, desk: &mut Desk, file: &Away<'_>, fault: Fault) -> Result<Deletion, Fault> {
        let fault = fault.about(self.place.set.text(file.at));
        let end = self.place.end(desk)?;
        match end.rename(&file.away, &file.path, false, false) {
            Ok(()) => Ok(Deletion::Kept(fault)),
            Err(cause) => {
                let mut failed = Fault::at(&self.place.name, &cause, end);
                let message = &failed.failure.message;
                failed.failure.message = format!(
                    "it stands as `{}` now, and could not get its name back: {message}",
                    end.decode(split(&file.away).1)
                );
                let failed = failed.help("the next run gives it its name again");
                Ok(Deletion::Unknown(
                    failed.about(self.place.set.text(file.at)),
                ))
            }
        }
    }
}

fn end_of(desk: &mut Desk, seat: Option<usize>) -> Result<&mut dyn End, Fault> {
    match seat {
        None => desk.end(Role::Source),
        Some(number) => desk.target(number),
    }
}

fn one_folder(end: &dyn End, looking: &Looking, file: &Away<'_>) -> String {
    format!(
        "its folder `{}` and its copy's folder `{}:{}` are one and the same",
        end.decode(folder_of(&file.path)),
        looking.name,
        end.decode(&looking.path)
    )
}

fn failed(fault: Fault) -> Box<Result<Deletion, Fault>> {
    Box::new(Err(fault))
}

impl Delete {
    pub(super) fn make_away(
        &mut self,
        place: Place,
        now: Instant,
        shared: &mut Shared,
    ) -> (Flying, Work) {
        let share = self.away_share;
        let sessions = shared.sessions_of(self.side);
        let mut aways = self.aways.iter_mut();
        let next = aways.find_map(|(sides, files)| match files.ready(now) {
            0 => None,
            ready => Some((sides.clone(), files, share.of(ready, sessions))),
        });
        let Some((sides, files, most)) = next else {
            return (Flying::Empty, nothing());
        };
        let batch: Vec<Try<u32>> = std::iter::from_fn(|| files.take(now)).take(most).collect();
        self.intend(&batch, shared);
        let work = self.away_batch(place, &sides, &batch, shared).work();
        (Flying::Aways(sides, batch), work)
    }

    fn away_batch(
        &self,
        place: Place,
        sides: &[Side],
        batch: &[Try<u32>],
        shared: &Shared,
    ) -> Batch {
        let mut numbers: Vec<u32> = Vec::new();
        let mut files = Vec::with_capacity(batch.len());
        for attempt in batch {
            let own = self.copies.of_file(attempt.item).iter();
            let copies = own.map(|copy| {
                let known = numbers.iter().position(|number| *number == copy.folder);
                let number = known.unwrap_or_else(|| {
                    numbers.push(copy.folder);
                    numbers.len() - 1
                });
                (number, *copy)
            });
            files.push(Piece {
                at: attempt.item,
                again: attempt.was_tried(),
                copies: copies.collect(),
                target: self.target_of(attempt.item),
            });
        }
        let folders = numbers.into_iter().map(|number| {
            let looking = self.looking(number, shared);
            let side = self.copies.folders[number as usize].side;
            (looking, sides.iter().position(|other| *other == side))
        });
        Batch {
            place,
            files,
            folders: folders.collect(),
            time: self.away_share.time(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_grow_while_all_goes_well_up_to_what_a_kill_may_leave() {
        let mut share = Share::default();
        let mut batches = Vec::new();
        while batches.iter().sum::<usize>() < 3_200 {
            batches.push(share.of(3_200, 4));
            share = share.after(true);
        }
        assert_eq!(batches[..6], [32, 64, 128, 256, 512, 512]);
        assert_eq!(batches.len(), 10);
        assert_eq!((share.time(), Share::default().time()), (LONG, SHORT));
        assert_eq!(share.after(false).of(3_200, 4), BATCH);
        // Each of four sessions gets some.
        assert_eq!((share.of(400, 4), share.of(20, 4)), (100, BATCH));
    }
}
