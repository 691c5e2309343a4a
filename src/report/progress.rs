//! How far a run is: what is in flight, and the counts that bars and signs of life show.

use std::sync::Arc;

use super::record::Record;
use super::text;
use crate::event::{Current, Meter, StepTally};

/// Meters that are held before those of ended jobs are looked for.
const FEW: usize = 64;

/// The meters of the jobs that have begun and not ended.
#[derive(Debug, Default)]
pub(super) struct Flights {
    meters: Vec<Arc<Meter>>,
    /// So many were kept the last time.
    kept: usize,
}

/// A file in flight, and how many of its bytes have passed.
pub(super) type Flight = (Arc<Meter>, Current, u64);

/// The counts of a run under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Progress {
    /// Files of all steps that change something, as far as they are known.
    pub(super) files: u64,
    /// How many of them are dealt with.
    pub(super) settled: u64,
    /// Bytes to move, as far as they are known.
    pub(super) planned: u64,
    /// Bytes moved, those in flight with them.
    pub(super) moved: u64,
}

impl Flights {
    /// Takes in the meter of a job that began.
    pub(super) fn watch(&mut self, meter: &Arc<Meter>) {
        if self.meters.len() > FEW.max(2 * self.kept) {
            self.forget(|_| false);
        }
        self.meters.push(Arc::clone(meter));
    }

    /// A job that ended has dropped its meter, and so has the event that brought it: only we still hold it, and who `shows`
    /// it.
    pub(super) fn forget(&mut self, shows: impl Fn(&Arc<Meter>) -> bool) {
        self.meters
            .retain(|meter| Arc::strong_count(meter) > 1 + usize::from(shows(meter)));
        self.kept = self.meters.len();
    }

    /// The files in flight, in the order in which their jobs began.
    pub(super) fn now(&self) -> Vec<Flight> {
        let each = self.meters.iter().filter_map(|meter| {
            let (current, moved) = meter.read()?;
            Some((Arc::clone(meter), current, moved))
        });
        each.collect()
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.meters.is_empty()
    }

    #[cfg(test)]
    pub(super) fn end_all(&self) {
        self.meters.iter().for_each(|meter| meter.end());
    }
}

impl Progress {
    /// Of a run with these files in flight.
    pub(super) fn of(record: &Record, flights: &[Flight]) -> Progress {
        let sum = |part: fn(&StepTally) -> u64| -> u64 {
            let steps = record.steps().filter(|step| step.moves());
            let parts = steps.map(|step| part(step.tally));
            parts.fold(0, u64::saturating_add)
        };
        let in_flight = flights.iter().map(|(_, _, moved)| *moved);
        let in_flight = in_flight.fold(0, u64::saturating_add);
        Progress {
            files: sum(|step| step.all_files().unwrap_or(0)),
            settled: sum(StepTally::settled),
            planned: sum(|step| step.planned_bytes.unwrap_or(0)),
            moved: sum(|step| step.bytes).saturating_add(in_flight),
        }
    }

    /// `120/300 files`, and `1.2 GiB/3.4 GiB` where there are bytes to move.
    pub(super) fn parts(&self) -> Vec<String> {
        let (settled, files) = (text::number(self.settled), text::number(self.files));
        let mut parts = vec![format!("{settled}/{files} files")];
        if self.planned > 0 {
            let all = text::bytes(self.planned.max(self.moved));
            parts.push(format!("{}/{all}", text::bytes(self.moved)));
        }
        parts
    }
}

/// The steps that have begun and not ended, and what they wait for: `builds`, `inbox: *.done (0 of 1, among 3 files)`.
pub(super) fn running(record: &Record) -> Vec<String> {
    let steps = record.steps();
    let begun = steps.filter(|step| step.tally.started_ms.is_some());
    begun
        .filter(|step| step.tally.outcome.is_none())
        .map(|step| match record.waiting_for(step.at) {
            Some(waiting) => format!("{}: {waiting}", step.head.name),
            None => step.head.name.clone(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meters_of_ended_jobs_are_not_held_for_long() {
        let mut flights = Flights::default();
        let open = Arc::new(Meter::default());
        flights.watch(&open);
        for _ in 0..10_000 {
            flights.watch(&Arc::new(Meter::default()));
            assert!(flights.meters.len() <= FEW + 2);
        }
        assert!(flights.meters.iter().any(|held| Arc::ptr_eq(held, &open)));
    }
}
