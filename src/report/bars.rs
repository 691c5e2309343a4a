//! Bars on a terminal: one for the whole run, one for each file in flight.

use std::sync::Arc;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::progress::{Flight, Flights, Progress, running};
use super::record::Record;
use super::redact::Redactor;
use super::screen::{self, Screen, SharedWriter};
use super::text;
use crate::event::Meter;

/// How often bars are drawn in a second.
pub(super) const RATE: u8 = 10;

/// Files shown at once, where the terminal has room for them.
const MAX_FILES: usize = 8;

/// Columns of a bar.
const BAR: usize = 24;

/// Columns left free at the end of a line: the terminal echoes `^C` there, and a line that breaks is not cleared whole.
const SPARE: usize = 4;

/// The bars of a run.
#[derive(Debug)]
pub(super) struct Bars {
    multi: MultiProgress,
    total: ProgressBar,
    /// One a line; a line whose file ended is taken by the next file, so that lines do not jump.
    slots: Vec<Slot>,
    flights: Flights,
    redactor: Arc<Redactor>,
    columns: usize,
}

#[derive(Debug)]
struct Slot {
    bar: ProgressBar,
    meter: Option<Arc<Meter>>,
}

impl Bars {
    pub(super) fn new(
        out: SharedWriter,
        columns: usize,
        colour: bool,
        redactor: Arc<Redactor>,
    ) -> Bars {
        let screen = Screen::new(out, columns);
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(screen), RATE);
        let multi = MultiProgress::with_draw_target(target);
        let total = multi.add(ProgressBar::new(0).with_style(style(colour)));
        Bars {
            multi,
            total,
            slots: Vec::new(),
            flights: Flights::default(),
            redactor,
            columns,
        }
    }

    /// Writes a line above the bars.
    pub(super) fn line(&self, line: &str) {
        // A terminal that is gone shows nothing; the run goes on.
        let _ = self.multi.println(self.redactor.line(line));
    }

    /// Takes in the meter of a job that began.
    pub(super) fn watch(&mut self, meter: &Arc<Meter>) {
        self.flights.watch(meter);
    }

    /// Draws the state of things.
    pub(super) fn draw(&mut self, record: &Record) {
        self.forget();
        let columns = screen::columns().unwrap_or(self.columns);
        let flights = self.flights.now();
        self.draw_total(record, &flights, columns);
        self.draw_files(&flights, columns);
    }

    /// Takes the bars from the terminal.
    pub(super) fn clear(&self) {
        for slot in &self.slots {
            slot.bar.finish_and_clear();
        }
        self.total.finish_and_clear();
        let _ = self.multi.clear();
    }

    /// Lets go of what has ended.
    fn forget(&mut self) {
        for slot in &mut self.slots {
            slot.meter = slot.meter.take().filter(|meter| meter.read().is_some());
        }
        let slots = &self.slots;
        self.flights
            .forget(|meter| slots.iter().any(|slot| holds(slot, meter)));
    }

    fn draw_total(&self, record: &Record, flights: &[Flight], columns: usize) {
        let progress = Progress::of(record, flights);
        // Deletions and empty files move no bytes: then files are what is counted.
        let (at, of) = match progress.planned {
            0 => (progress.settled, progress.files),
            planned => (progress.moved, planned),
        };
        self.total.set_length(of.max(at));
        self.total.set_position(at);
        let mut parts = progress.parts();
        if progress.planned > 0 {
            parts.push(format!("{}/s", text::bytes(rate(&self.total))));
            if progress.moved < progress.planned && self.total.per_sec() >= 1.0 {
                parts.push(format!("ETA {}", eta(&self.total)));
            }
        }
        // Before anything is there to be counted, the steps that have begun stand there.
        let line = match progress.files {
            0 => text::escape(&running(record).join(", ")).into_owned(),
            _ => parts.join("  "),
        };
        self.show(&self.total, &line, columns, false);
    }

    fn draw_files(&mut self, flights: &[Flight], columns: usize) {
        let room = screen::rows().map_or(MAX_FILES, |rows| rows.saturating_sub(4));
        let limit = MAX_FILES.min(room);
        for (meter, _, _) in flights {
            if self.slots.iter().any(|slot| holds(slot, meter)) {
                continue;
            }
            let open = self.slots.len();
            match self.slots.iter_mut().find(|slot| slot.meter.is_none()) {
                Some(slot) => slot.meter = Some(Arc::clone(meter)),
                None if open < limit => {
                    let style = self.total.style();
                    let bar = self.multi.add(ProgressBar::new(0).with_style(style));
                    let meter = Some(Arc::clone(meter));
                    self.slots.push(Slot { bar, meter });
                }
                None => {}
            }
        }
        for slot in &self.slots {
            let flight = flights.iter().find(|(meter, _, _)| holds(slot, meter));
            let Some((_, current, moved)) = flight else {
                continue;
            };
            let size = current.size.unwrap_or(0).max(*moved);
            slot.bar.set_length(size.max(1));
            slot.bar.set_position(*moved);
            let name = self.redactor.text(&current.file);
            let name = text::escape(&name);
            let bytes = text::pad_left(&text::bytes(*moved), 10);
            self.show(&slot.bar, &format!("{bytes}  {name}"), columns, true);
        }
        // No file took these over: a bar that stays full would look like a file that hangs.
        for slot in self.slots.extract_if(.., |slot| slot.meter.is_none()) {
            slot.bar.finish_and_clear();
            self.multi.remove(&slot.bar);
        }
    }

    /// Text beside a bar, cut to what the terminal has left; of a name the end stays.
    fn show(&self, bar: &ProgressBar, line: &str, columns: usize, name: bool) {
        let room = columns.saturating_sub(BAR + 4 + SPARE);
        let line = self.redactor.line(line);
        let cut = match (name, line.char_indices().nth(12)) {
            (true, Some((at, _))) => {
                let (bytes, name) = line.split_at(at);
                format!("{bytes}{}", text::cut_start(name, room.saturating_sub(12)))
            }
            _ => text::cut_end(&line, room).into_owned(),
        };
        bar.set_message(cut);
    }
}

fn holds(slot: &Slot, meter: &Arc<Meter>) -> bool {
    slot.meter
        .as_ref()
        .is_some_and(|held| Arc::ptr_eq(held, meter))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate is not negative, and one beyond u64 saturates"
)]
fn rate(bar: &ProgressBar) -> u64 {
    bar.per_sec() as u64
}

fn eta(bar: &ProgressBar) -> String {
    text::duration(Duration::from_secs(bar.eta().as_secs()))
}

fn style(colour: bool) -> ProgressStyle {
    let template = match colour {
        true => format!("  {{bar:{BAR}.cyan/dim}}  {{msg}}"),
        false => format!("  {{bar:{BAR}}}  {{msg}}"),
    };
    ProgressStyle::with_template(&template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━╸─")
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::Mutex;

    use super::super::scenario;
    use super::*;
    use crate::event::Current;

    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn flying(file: &str) -> Arc<Meter> {
        let meter = Arc::new(Meter::default());
        let current = Current {
            file: file.into(),
            size: Some(100),
        };
        meter.begin(current, 40);
        meter
    }

    #[test]
    fn files_in_flight_have_a_bar_with_a_harmless_name_that_fits() {
        let memory = Memory::default();
        let out = SharedWriter::new(Box::new(memory.clone()));
        let mut bars = Bars::new(out, 60, false, scenario::redactor());
        let long = flying(&format!(
            "{}\u{1b}[2J/hunter2/版本.zip",
            "folder/".repeat(40)
        ));
        bars.watch(&long);
        bars.draw(&scenario::record());
        let shown = String::from_utf8(memory.0.lock().unwrap().clone()).unwrap();
        assert!(
            shown.contains("…") && shown.contains("/***/版本.zip"),
            "{shown:?}"
        );
        assert!(
            !shown.contains("hunter2") && !shown.contains("\u{1b}[2J"),
            "{shown:?}"
        );
    }

    #[test]
    fn the_bar_of_a_file_that_ended_goes_although_one_below_it_stays() {
        let out = SharedWriter::new(Box::new(std::io::sink()));
        let mut bars = Bars::new(out, 80, false, scenario::redactor());
        let (first, second) = (flying("first"), flying("second"));
        bars.watch(&first);
        bars.watch(&second);
        bars.draw(&scenario::record());
        first.end();
        bars.draw(&scenario::record());
        assert_eq!(bars.slots.len(), 1);
        assert!(holds(&bars.slots[0], &second));
    }

    #[test]
    fn a_line_is_given_to_the_next_file_when_its_job_has_ended() {
        let mut bars = Bars::new(
            SharedWriter::new(Box::new(std::io::sink())),
            80,
            false,
            scenario::redactor(),
        );
        let meters: Vec<Arc<Meter>> = (0..20).map(|at| flying(&at.to_string())).collect();
        meters.iter().for_each(|meter| bars.watch(meter));
        bars.draw(&scenario::record());
        assert!((1..=MAX_FILES).contains(&bars.slots.len()));
        assert!(bars.slots.iter().all(|slot| slot.meter.is_some()));
        drop(meters);
        bars.flights.end_all();
        bars.draw(&scenario::record());
        assert!(bars.slots.is_empty() && bars.flights.is_empty());
    }
}
