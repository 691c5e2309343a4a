//! Which zone the times of LIST are in: they are compared with MDTM, which is UTC.

use crate::endpoint::ClockOffset;
use crate::files::{Kind, Page, Precision, Time};

use super::command::Line;
use super::error::Error;
use super::list::join;
use super::listing::time::mdtm_reply;
use super::listing::zone::{self, Zones};
use super::session::Session;

/// Files of one listing that are asked about.
const MOST_ASKED: usize = 256;
/// Answers in a row that tell nothing, after which no more is asked.
const PATIENCE: usize = 3;
/// Files asked about in one write.
const FILES_A_WRITE: usize = 32;

impl Session {
    /// Corrects times that were read without the zone. Those known to the second (EPLF, a date with its zone) are UTC.
    pub(super) fn correct_times(&mut self, page: &mut Page, folder: &[u8]) -> Result<(), Error> {
        let is_told = self.facts.has(|features| features.mdtm);
        let fixed = match self.endpoint.clock_offset {
            ClockOffset::Fixed(seconds) => Some(Zones::fixed(seconds)),
            ClockOffset::Auto => None,
        };
        let mut told = Vec::new();
        if is_told {
            told = self.ask_unknown(page, folder)?;
        }
        if is_told && fixed.is_none() {
            self.learn_zones(page, folder)?;
            told.extend(self.ask_repeated(page, folder)?);
        }
        shift(page, fixed.as_ref().unwrap_or(&self.facts.zones));
        for (at, time) in told {
            page.set_time(at, time);
        }
        Ok(())
    }

    /// The times of files, by their places, of which the listing tells none: among them those without a year that no half year
    /// explains.
    fn ask_unknown(&mut self, page: &Page, folder: &[u8]) -> Result<Vec<(usize, Time)>, Error> {
        let files = page.entries().enumerate();
        let unknown =
            files.filter(|(_, entry)| entry.kind == Kind::File && entry.modified.is_none());
        let unknown: Vec<(usize, &[u8])> = unknown
            .map(|(at, entry)| (at, entry.name))
            .take(MOST_ASKED)
            .collect();
        let mut told = Vec::new();
        for some in unknown.chunks(FILES_A_WRITE) {
            let before = told.len();
            let times = self.ask_mdtm(some.iter().map(|(_, name)| *name), folder)?;
            let known = some.iter().zip(times);
            told.extend(known.filter_map(|((at, _), time)| Some((*at, time?))));
            if told.len() == before {
                break;
            }
        }
        Ok(told)
    }

    /// The times of files, by their places, that the listing shows in an hour which came twice: no zone tells which is
    /// meant.
    fn ask_repeated(&mut self, page: &Page, folder: &[u8]) -> Result<Vec<(usize, Time)>, Error> {
        let hours = self.facts.zones.repeated();
        let files = page.entries().enumerate();
        let doubtful = files.filter_map(|(at, entry)| {
            let listed = entry.modified.filter(is_of_a_minute)?.seconds;
            let is_doubtful = hours.iter().any(|hour| hour.contains(&listed));
            (is_doubtful && entry.kind == Kind::File).then_some((at, listed, entry.name))
        });
        let doubtful: Vec<(usize, i64, &[u8])> = doubtful.take(MOST_ASKED).collect();
        let mut told = Vec::new();
        for some in doubtful.chunks(FILES_A_WRITE) {
            let times = self.ask_mdtm(some.iter().map(|(_, _, name)| *name), folder)?;
            let known = some.iter().zip(times);
            told.extend(known.filter_map(|((at, listed, _), time)| {
                zone::offset(*listed, time?.seconds)?;
                Some((*at, time?))
            }));
        }
        Ok(told)
    }

    /// Asks about files until the zone of every date in the page is known, as far as the server tells.
    fn learn_zones(&mut self, page: &Page, folder: &[u8]) -> Result<(), Error> {
        let mut dates = Dates::of(page);
        let (mut asked, mut vain) = (0, 0);
        loop {
            let mut ask = self.facts.zones.to_ask(&dates.listed);
            ask.truncate(FILES_A_WRITE.min(MOST_ASKED - asked));
            if ask.is_empty() || vain >= PATIENCE {
                return Ok(());
            }
            asked += ask.len();
            let names = ask.iter().filter_map(|at| dates.name(page, *at));
            let times = self.ask_mdtm(names, folder)?;
            // Those that tell nothing go, the last first, so that the places of the others stay.
            for (at, time) in ask.into_iter().zip(times).rev() {
                let listed = dates.listed[at];
                match time.and_then(|exact| zone::offset(listed, exact.seconds)) {
                    Some(offset) => {
                        vain = 0;
                        self.facts.zones.add(listed, offset);
                    }
                    None => {
                        vain += 1;
                        dates.forget(at);
                    }
                }
            }
        }
    }

    /// What MDTM tells of these files of a folder, in one write.
    fn ask_mdtm<'a>(
        &mut self,
        names: impl Iterator<Item = &'a [u8]>,
        folder: &[u8],
    ) -> Result<Vec<Option<Time>>, Error> {
        let lines = names.map(|name| Line::with("MDTM", &join(folder, name)));
        let replies = self.control.send(lines.collect::<Result<_, _>>()?)?;
        Ok(replies.iter().map(mdtm_reply).collect())
    }
}

/// One file for each minute that a page shows, in the order of these: a million take 12 MB.
struct Dates {
    /// The minutes, as they were listed.
    listed: Vec<i64>,
    /// The place in the page of the first file of each.
    places: Vec<u32>,
}

impl Dates {
    fn of(page: &Page) -> Dates {
        let minute = |at: u32| {
            let file = page.entry(at as usize);
            let file = file.filter(|entry| entry.kind == Kind::File)?;
            Some(file.modified.filter(is_of_a_minute)?.seconds)
        };
        let all = 0..u32::try_from(page.len()).unwrap_or(u32::MAX);
        let mut places: Vec<u32> = all.filter(|at| minute(*at).is_some()).collect();
        places.sort_by_key(|at| minute(*at));
        places.dedup_by_key(|at| minute(*at));
        let listed = places.iter().filter_map(|at| minute(*at)).collect();
        Dates { listed, places }
    }

    fn name<'p>(&self, page: &'p Page, at: usize) -> Option<&'p [u8]> {
        Some(page.entry(self.places[at] as usize)?.name)
    }

    fn forget(&mut self, at: usize) {
        self.listed.remove(at);
        self.places.remove(at);
    }
}

fn is_of_a_minute(time: &Time) -> bool {
    time.precision == Precision::Minute
}

pub(super) fn shift(page: &mut Page, zones: &Zones) {
    page.correct_times(|time| match time.precision {
        Precision::Nanosecond | Precision::Second => time,
        Precision::Minute | Precision::Day => zones.correct(time),
    });
}
