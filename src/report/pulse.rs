//! A sign of life where nothing is drawn: now and then a line in a log says how far the run is, and what it waits for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::progress::{Flight, Flights, Progress, running};
use super::record::Record;
use super::redact::Redactor;
use super::text;
use crate::event::Meter;

/// Names of what is waited for that are told.
const NAMES: usize = 3;

/// The beat of a run.
#[derive(Debug)]
pub(super) struct Pulse {
    every: Duration,
    last: Instant,
    /// Bytes moved until then.
    moved: u64,
    flights: Flights,
    redactor: Arc<Redactor>,
}

impl Pulse {
    pub(super) fn new(every: Duration, now: Instant, redactor: &Arc<Redactor>) -> Pulse {
        Pulse {
            every,
            last: now,
            moved: 0,
            flights: Flights::default(),
            redactor: Arc::clone(redactor),
        }
    }

    /// Takes in the meter of a job that began.
    pub(super) fn watch(&mut self, meter: &Arc<Meter>) {
        self.flights.watch(meter);
    }

    /// How long it is until the next beat.
    pub(super) fn wait(&self, now: Instant) -> Duration {
        self.every.saturating_sub(now - self.last)
    }

    /// `[2m 30s] 120/300 files, 1.2 GiB/3.4 GiB, 8.0 MiB/s; in flight: a.zip 40%, b.zip 7%`, of a run that has begun and
    /// when the time has come.
    pub(super) fn beat(
        &mut self,
        record: &Record,
        elapsed: Duration,
        now: Instant,
    ) -> Option<String> {
        if !self.wait(now).is_zero() {
            return None;
        }
        let since = now - self.last;
        self.last = now;
        self.flights.forget(|_| false);
        let flights = self.flights.now();
        let progress = Progress::of(record, &flights);
        let moved = progress.moved.saturating_sub(self.moved);
        self.moved = progress.moved;
        let told = [
            counts(&progress, rate(moved, since)),
            self.waits(record, &flights),
        ];
        let told: Vec<String> = told.into_iter().filter(|part| !part.is_empty()).collect();
        let elapsed = text::duration(elapsed);
        (!record.heads.is_empty()).then(|| format!("[{elapsed}] {}", told.join("; ")))
    }

    /// The files in flight, or else the steps that are not through.
    fn waits(&self, record: &Record, flights: &[Flight]) -> String {
        let (what, mut names): (_, Vec<String>) = match flights {
            [] => ("waits for", running(record)),
            some => {
                let files = some.iter().map(|flight| self.in_flight(flight));
                ("in flight", files.collect())
            }
        };
        let more = names.len().saturating_sub(NAMES);
        names.truncate(NAMES);
        if more > 0 {
            names.push(format!("{} more", text::number(more as u64)));
        }
        match names.as_slice() {
            [] => String::new(),
            names => format!("{what}: {}", names.join(", ")),
        }
    }

    /// `a.zip 40%`, or with the bytes that have passed where the size is not known.
    fn in_flight(&self, (_, current, moved): &Flight) -> String {
        let name = self.redactor.text(&current.file);
        match current.size {
            Some(size) if size > 0 => {
                let percent = u128::from(*moved).saturating_mul(100) / u128::from(size);
                format!("{name} {}%", percent.min(100))
            }
            _ => format!("{name} ({})", text::bytes(*moved)),
        }
    }
}

/// What is counted, as soon as there is something to count.
fn counts(progress: &Progress, rate: u64) -> String {
    let mut parts = match progress.files {
        0 => Vec::new(),
        _ => progress.parts(),
    };
    if progress.planned > 0 {
        parts.push(format!("{}/s", text::bytes(rate)));
    }
    parts.join(", ")
}

/// Bytes a second.
fn rate(bytes: u64, time: Duration) -> u64 {
    let a_second = u128::from(bytes) * 1000 / time.as_millis().max(1);
    u64::try_from(a_second).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::scenario;
    use super::*;
    use crate::event::{Current, Event, Stamped};

    const EVERY: Duration = Duration::from_secs(30);

    /// What is told half a minute into a run of so many events, with these files in flight.
    fn told(events: usize, files: &[(&str, Option<u64>)]) -> Option<String> {
        let mut record = Record::default();
        scenario::masked()
            .take(events)
            .for_each(|one| record.take(&one));
        let start = Instant::now();
        let mut pulse = Pulse::new(EVERY, start, &scenario::redactor());
        assert!(pulse.beat(&record, EVERY / 2, start + EVERY / 2).is_none());
        let meters: Vec<Arc<Meter>> = files
            .iter()
            .map(|(file, size)| begun(file, *size))
            .collect();
        meters.iter().for_each(|meter| pulse.watch(meter));
        pulse.beat(&record, EVERY, start + EVERY)
    }

    fn begun(file: &str, size: Option<u64>) -> Arc<Meter> {
        let meter = Arc::new(Meter::default());
        let file = file.into();
        meter.begin(Current { file, size }, 0);
        meter.add(300 << 20);
        meter
    }

    /// How many events there are before the files of the run are known, and with the first of these.
    fn sized() -> usize {
        let mut events = scenario::masked();
        let is_size = |one: Stamped| matches!(one.event, Event::StepSized { step: 3, .. });
        events.position(is_size).unwrap()
    }

    #[test]
    fn a_beat_says_how_far_the_run_is_and_what_it_waits_for() {
        let files = [
            ("版本/hunter2.zip", Some(1 << 30)),
            ("b.zip", None),
            ("c", Some(300 << 20)),
            ("d", Some(1)),
            ("e", None),
        ];
        insta::assert_snapshot!(told(sized() + 1, &files).unwrap(), @"[30s] 0/5 files, 1.5 GiB/1.5 GiB, 50.0 MiB/s; in flight: 版本/***.zip 29%, b.zip (300.0 MiB), c 100%, 2 more");
        insta::assert_snapshot!(told(sized(), &[]).unwrap(), @"[30s] waits for: keep");
        assert_eq!(told(0, &[]), None);
    }
}
