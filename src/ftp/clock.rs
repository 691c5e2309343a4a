//! Which zone the times of LIST are in: they are compared with MDTM, which is UTC.

use std::collections::BTreeMap;

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
        if let ClockOffset::Fixed(seconds) = self.endpoint.clock_offset {
            shift(page, &Zones::fixed(seconds));
            return Ok(());
        }
        if !self.facts.has(|features| features.mdtm) {
            shift(page, &self.facts.zones);
            return Ok(());
        }
        self.learn_zones(page, folder)?;
        let told = self.ask_repeated(page, folder)?;
        shift(page, &self.facts.zones);
        for (at, time) in told {
            page.set_time(at, time);
        }
        Ok(())
    }

    /// The times of files, by their places, that the listing shows in an hour which came twice: no zone tells which is
    /// meant.
    fn ask_repeated(&mut self, page: &Page, folder: &[u8]) -> Result<Vec<(usize, Time)>, Error> {
        let hours = self.facts.zones.repeated();
        let files = page.entries().enumerate();
        let doubtful = files.filter_map(|(at, entry)| {
            let listed = entry.modified.filter(is_of_a_minute)?.seconds;
            let is_doubtful = hours.iter().any(|hour| hour.contains(&listed));
            (is_doubtful && entry.kind == Kind::File).then(|| (at, listed, entry.name.to_vec()))
        });
        let doubtful: Vec<(usize, i64, Vec<u8>)> = doubtful.take(MOST_ASKED).collect();
        let mut told = Vec::new();
        for some in doubtful.chunks(FILES_A_WRITE) {
            let times = self.ask_mdtm(some.iter().map(|(_, _, name)| name), folder)?;
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
        let mut files = dated(page);
        let (mut asked, mut vain) = (0, 0);
        loop {
            let listed: Vec<i64> = files.keys().copied().collect();
            let mut ask = self.facts.zones.to_ask(&listed);
            ask.truncate(FILES_A_WRITE.min(MOST_ASKED - asked));
            if ask.is_empty() || vain >= PATIENCE {
                return Ok(());
            }
            asked += ask.len();
            let ask: Vec<i64> = ask.into_iter().map(|at| listed[at]).collect();
            for (listed, exact) in self.ask_times(&ask, &files, folder)? {
                match exact.and_then(|exact| zone::offset(listed, exact)) {
                    Some(offset) => {
                        vain = 0;
                        self.facts.zones.add(listed, offset);
                    }
                    None => {
                        vain += 1;
                        files.remove(&listed);
                    }
                }
            }
        }
    }

    /// The times that MDTM gives of files, each known by its listed time.
    fn ask_times(
        &mut self,
        listed: &[i64],
        files: &BTreeMap<i64, Vec<u8>>,
        folder: &[u8],
    ) -> Result<Vec<(i64, Option<i64>)>, Error> {
        let names = listed.iter().filter_map(|listed| files.get(listed));
        let times = self.ask_mdtm(names, folder)?.into_iter();
        let seconds = times.map(|time| time.map(|time| time.seconds));
        Ok(listed.iter().copied().zip(seconds).collect())
    }

    /// What MDTM tells of these files of a folder, in one write.
    fn ask_mdtm<'a>(
        &mut self,
        names: impl Iterator<Item = &'a Vec<u8>>,
        folder: &[u8],
    ) -> Result<Vec<Option<Time>>, Error> {
        let lines = names.map(|name| Line::with("MDTM", &join(folder, name)));
        let replies = self.control.send(lines.collect::<Result<_, _>>()?)?;
        Ok(replies.iter().map(mdtm_reply).collect())
    }
}

/// One file for each minute that the page shows.
fn dated(page: &Page) -> BTreeMap<i64, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in page.entries().filter(|entry| entry.kind == Kind::File) {
        if let Some(time) = entry.modified.filter(is_of_a_minute) {
            let name = || entry.name.to_vec();
            files.entry(time.seconds).or_insert_with(name);
        }
    }
    files
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
