//! The zone of LIST times. It changes with the season, so that one comparison with MDTM does not tell it for every date.

use std::ops::Range;

use crate::files::Time;

/// Between two dates that are nearer to each other, and whose offset is the same, there is no other: the shortest
/// season, Morocco's in the month of fasting, is longer.
const SEASON: i64 = 28 * 86_400;
/// Dates whose offset is kept. What lies beyond takes that of the nearest.
const MOST: usize = 512;
/// Zones differ from UTC by multiples of this.
const QUARTER: i64 = 15 * 60;

/// What comparing LIST times with MDTM has shown: times as listed, with the seconds to subtract to get UTC.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Zones {
    known: Vec<(i64, i32)>,
}

impl Zones {
    /// One offset for every date.
    pub(in crate::ftp) fn fixed(offset: i32) -> Zones {
        Zones {
            known: vec![(0, offset)],
        }
    }

    /// The offset, where it is the same at every date that was looked at.
    pub fn only(&self) -> Option<i32> {
        let (_, first) = self.known.first()?;
        let same = self.known.iter().all(|(_, offset)| offset == first);
        same.then_some(*first)
    }

    /// Takes in what another session has found.
    pub(in crate::ftp) fn merge(&mut self, other: &Zones) {
        for (listed, offset) in &other.known {
            self.add(*listed, *offset);
        }
    }

    /// Takes in one date.
    pub(in crate::ftp) fn add(&mut self, listed: i64, offset: i32) {
        let place = self.known.binary_search_by_key(&listed, |(at, _)| *at);
        if let Err(place) = place
            && self.known.len() < MOST
        {
            self.known.insert(place, (listed, offset));
        }
    }

    /// The listed times that two hours may have shown, because the clocks went back about then: somewhere between two dates
    /// whose offset shrinks, and on either side of them by as much.
    pub(in crate::ftp) fn repeated(&self) -> Vec<Range<i64>> {
        let pairs = self.known.windows(2).filter_map(|pair| {
            let (before, after) = (pair[0], pair[1]);
            let back = i64::from(before.1) - i64::from(after.1);
            (back > 0).then(|| before.0.saturating_sub(back) + 1..after.0.saturating_add(back))
        });
        pairs.collect()
    }

    /// The time in UTC of one that was listed, by the nearest date that is known.
    pub(in crate::ftp) fn correct(&self, time: Time) -> Time {
        let offset = self.around(time.seconds).nearest(time.seconds);
        Time {
            seconds: time.seconds.saturating_sub(i64::from(offset.unwrap_or(0))),
            ..time
        }
    }

    /// Of times as listed, sorted: the places of those to ask about next; none when all are known.
    ///
    /// The ends of what is not known, and steps of half a season between them; where seasons meet, the middle.
    pub(in crate::ftp) fn to_ask(&self, listed: &[i64]) -> Vec<usize> {
        let mut asked = Vec::new();
        let mut at = 0;
        while at < listed.len() {
            let around = self.around(listed[at]);
            let end = match around.after {
                Some((next, _)) => {
                    let before = listed[at..].partition_point(|time| *time < next);
                    at + before.max(1)
                }
                None => listed.len(),
            };
            if !around.tells() {
                around.ask(listed, at..end, &mut asked);
            }
            at = end;
        }
        asked
    }

    fn around(&self, listed: i64) -> Around {
        let after = self.known.partition_point(|(at, _)| *at < listed);
        let exact = self.known.get(after).filter(|(at, _)| *at == listed);
        let before = after.checked_sub(1).and_then(|at| self.known.get(at));
        Around {
            before: exact.or(before).copied(),
            after: self.known.get(after).copied(),
        }
    }
}

/// The dates that are known at or before a time, and at or after it.
#[derive(Debug, Clone, Copy)]
struct Around {
    before: Option<(i64, i32)>,
    after: Option<(i64, i32)>,
}

impl Around {
    fn nearest(self, listed: i64) -> Option<i32> {
        let nearest = match (self.before, self.after) {
            (Some(before), Some(after)) if listed - before.0 > after.0 - listed => after,
            (before, after) => before.or(after)?,
        };
        Some(nearest.1)
    }

    /// Whether no other offset lies between the two.
    fn tells(self) -> bool {
        match (self.before, self.after) {
            (Some(before), Some(after)) => {
                before.0 == after.0 || (before.1 == after.1 && self.is_near())
            }
            _ => false,
        }
    }

    fn is_near(self) -> bool {
        let ends = self.before.zip(self.after);
        ends.is_some_and(|(before, after)| after.0 - before.0 <= SEASON)
    }

    /// Adds the places to ask about, of those that lie between the two.
    fn ask(self, listed: &[i64], gap: Range<usize>, asked: &mut Vec<usize>) {
        let (first, last) = (gap.start, gap.end - 1);
        let middle = first + (last - first) / 2;
        if self.is_near() {
            return asked.push(middle);
        }
        let mut latest = self.before.map_or(i64::MIN, |before| before.0);
        for at in gap {
            let step = listed[at].saturating_sub(latest) >= SEASON / 2;
            let open_start = at == first && self.before.is_none();
            let open_end = at == last && self.after.is_none();
            if step || open_start || open_end {
                asked.push(at);
                latest = listed[at];
            }
        }
        if asked.last().is_none_or(|asked| *asked < first) {
            asked.push(middle);
        }
    }
}

/// The offset, where a listed time and an exact one differ by a zone. A file that changed in between tells nothing.
pub(in crate::ftp) fn offset(listed: i64, exact: i64) -> Option<i32> {
    let difference = listed.checked_sub(exact - exact.rem_euclid(60))?;
    let fits = difference % QUARTER == 0 && difference.abs() <= 15 * 3600;
    fits.then(|| i32::try_from(difference).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DAY: i64 = 86_400;

    /// Central Europe, more or less: an hour more in the middle of each year of 360 days.
    fn local(utc: i64) -> i64 {
        let summer = (90..300).contains(&utc.div_euclid(DAY).rem_euclid(360));
        utc + if summer { 7200 } else { 3600 }
    }

    /// Asks until all is known; gives how often.
    fn learn(zones: &mut Zones, utc: &[i64]) -> usize {
        let mut files: Vec<(i64, i64)> = utc.iter().map(|utc| (local(*utc), *utc)).collect();
        files.sort_unstable();
        files.dedup_by_key(|(listed, _)| *listed);
        let listed: Vec<i64> = files.iter().map(|(listed, _)| *listed).collect();
        let mut count = 0;
        loop {
            let ask = zones.to_ask(&listed);
            if ask.is_empty() {
                return count;
            }
            for at in ask {
                count += 1;
                zones.add(listed[at], offset(listed[at], files[at].1).unwrap());
            }
        }
    }

    #[test]
    fn a_zone_is_a_multiple_of_a_quarter_of_an_hour() {
        assert_eq!(offset(1_795_363_680, 1_795_334_889), Some(28_800));
        assert_eq!(offset(1_795_334_880, 1_795_334_889), Some(0));
        assert_eq!(offset(1_795_334_940, 1_795_334_889), None);
        assert_eq!(offset(1_795_334_880 + 86_400, 1_795_334_889), None);
    }

    #[test]
    fn one_date_is_asked_once_and_many_cost_little() {
        let mut zones = Zones::default();
        assert_eq!(learn(&mut zones, &[60]), 1);
        assert_eq!(learn(&mut zones, &[60]), 0);
        assert_eq!(zones.only(), Some(3600));
        let year: Vec<i64> = (0..20_000).map(|at| at * 1560).collect();
        let asked = learn(&mut zones, &year);
        assert!(asked < 60, "{asked}");
        assert_eq!(zones.only(), None);
    }

    #[test]
    fn a_file_between_two_seasons_is_asked_about() {
        let mut zones = Zones::default();
        learn(&mut zones, &[88 * DAY, 92 * DAY]);
        for day in [88, 89, 90, 91, 92] {
            learn(&mut zones, &[day * DAY]);
            let time = Time::at(local(day * DAY));
            assert_eq!(zones.correct(time).seconds, day * DAY, "{day}");
        }
    }

    proptest! {
        #[test]
        fn a_time_is_right_or_of_an_hour_that_came_twice(
            minutes in proptest::collection::vec(-300..300_i64, 1..60),
        ) {
            let back = 300 * DAY;
            let mut utc: Vec<i64> = minutes.iter().map(|minute| back + minute * 60).collect();
            // Where there is nothing of one season, nothing tells that there are two.
            utc.extend([back - 20 * DAY, back + 20 * DAY]);
            let mut zones = Zones::default();
            learn(&mut zones, &utc);
            let repeated = zones.repeated();
            for utc in utc {
                let listed = local(utc);
                let corrected = zones.correct(Time::at(listed)).seconds;
                let is_doubtful = repeated.iter().any(|hour| hour.contains(&listed));
                prop_assert!(is_doubtful || corrected == utc, "{}", utc - back);
            }
        }

        #[test]
        fn every_time_is_right(minutes in proptest::collection::vec(0..3_000_000_i64, 1..200)) {
            let utc: Vec<i64> = minutes.iter().map(|minute| minute * 60).collect();
            // In the hour that comes twice, a listed time stands for two.
            let once = |utc: &i64| local(utc - 3600) != local(*utc) && local(utc + 3600) != local(*utc);
            let utc: Vec<i64> = utc.into_iter().filter(once).collect();
            let mut zones = Zones::default();
            learn(&mut zones, &utc);
            for utc in utc {
                prop_assert_eq!(zones.correct(Time::at(local(utc))).seconds, utc);
            }
        }
    }
}
