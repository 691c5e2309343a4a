//! The simulation: how it is known that no file is lost.
//!
//! The dispatcher, the steps, the sessions' pool, `decide`, `copy`, `publish`, `settle`, `delete` and the journal are the
//! real ones. They run against a model world (servers, disks, links, clocks, somebody else) on one thread, in an order
//! and with faults that follow from a seed. After every change an oracle asks for the promises of this project.
//!
//! `FTPFLOW_SIM_SEED=N` runs one seed and prints what happens; `FTPFLOW_SIM_SEEDS=N` runs so many, on all cores;
//! `FTPFLOW_SIM_FROM=N` is the first. `FTPFLOW_SIM_ON=` and a list of names of [`switches::Switches`] leaves only these
//! dangers on, and those of a plain world.

#![expect(
    clippy::print_stderr,
    reason = "what was found is for whoever runs it, and no test's result"
)]

mod case;
mod content;
mod disk;
mod executor;
mod faults;
mod found;
mod manifest;
mod oracle;
mod paths;
mod plans;
mod rng;
mod run;
mod session;
mod shrink;
mod switches;
mod traps;
mod tree;
mod world;
mod worlds;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use self::run::{Report, run};
use self::switches::Switches;

/// Seeds of the normal test run: a number, not a time, so that a slow machine sees the same.
const SEEDS: u64 = 2_000;

/// What many seeds came to.
#[derive(Debug, Default)]
struct Summary {
    /// Manifests refused, by the codes of their errors.
    refused: BTreeMap<String, u64>,
    calls: u64,
    changes: u64,
    outcomes: BTreeMap<String, u64>,
    /// The first seed of each kind of violation, and how many there were.
    kinds: BTreeMap<String, (u64, u64)>,
}

#[test]
fn no_file_is_lost_in_the_simulated_world() {
    if let Some(seed) = number("FTPFLOW_SIM_SEED") {
        return show(seed, &switches());
    }
    let seeds = number("FTPFLOW_SIM_SEEDS").unwrap_or(SEEDS);
    search(number("FTPFLOW_SIM_FROM").unwrap_or(1), seeds);
}

#[test]
#[ignore = "a million seeds take minutes"]
fn long_no_file_is_lost_in_a_million_simulated_worlds() {
    search(1, number("FTPFLOW_SIM_SEEDS").unwrap_or(1_000_000));
}

#[test]
fn the_same_seed_is_the_same_story() {
    for seed in 1..number("FTPFLOW_SIM_SAME").unwrap_or(150) {
        let case = worlds::case(seed, &Switches::ALL);
        let (one, other) = (run(&case, true), run(&case, true));
        assert_eq!(one.log, other.log, "seed {seed}");
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn switches() -> Switches {
    match std::env::var("FTPFLOW_SIM_ON") {
        Ok(names) => Switches::named(&names),
        Err(_) => Switches::ALL,
    }
}

/// Runs seeds on all cores, and fails with the smallest story of each kind of violation.
fn search(from: u64, seeds: u64) {
    let (next, summary) = (AtomicU64::new(from), Mutex::new(Summary::default()));
    let on = switches();
    let began = Instant::now();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= from + seeds {
                        break;
                    }
                    let report = run(&worlds::case(seed, &on), false);
                    summary.lock().unwrap().take(seed, report);
                }
            });
        }
    });
    let summary = summary.into_inner().unwrap();
    let seconds = began.elapsed().as_secs_f64();
    eprintln!("{seeds} seeds in {seconds:.1} s, {threads} threads: {summary:#?}");
    for (kind, (seed, _)) in &summary.kinds {
        tell(*seed, &on, kind);
    }
    let kinds: Vec<&String> = summary.kinds.keys().collect();
    assert!(
        kinds.is_empty(),
        "{} kinds of violations: {kinds:#?}",
        kinds.len()
    );
}

impl Summary {
    fn take(&mut self, seed: u64, report: Report) {
        if let Some(refused) = report.refused {
            *self.refused.entry(refused).or_default() += 1;
        }
        self.calls += u64::from(report.calls);
        self.changes += report.changes;
        for ended in report.ended {
            *self.outcomes.entry(format!("{ended:?}")).or_default() += 1;
        }
        for violation in &report.violations {
            let found = self
                .kinds
                .entry(shrink::kind(violation))
                .or_insert((seed, 0));
            found.0 = found.0.min(seed);
            found.1 += 1;
        }
    }
}

/// Prints one seed's story, whatever it comes to.
fn show(seed: u64, on: &Switches) {
    let case = worlds::case(seed, on);
    let report = run(&case, true);
    if let Some(refused) = &report.refused {
        eprintln!("the manifest is refused: {refused}");
    }
    eprintln!(
        "{}\n{:#?}\n{}",
        manifest::yaml(&case),
        case,
        report.log.join("\n")
    );
    for violation in &report.violations {
        tell(seed, on, &shrink::kind(violation));
    }
    assert!(report.violations.is_empty(), "{:#?}", report.violations);
}

/// Prints the smallest story of a violation.
fn tell(seed: u64, on: &Switches, kind: &str) {
    let case = shrink::shrink(&worlds::case(seed, on), kind);
    let report = run(&case, true);
    eprintln!("\n=== {kind}");
    eprintln!("reproduce: FTPFLOW_SIM_SEED={seed} tests/run sim");
    eprintln!("{}", manifest::yaml(&case));
    for view in &case.views {
        eprintln!("view: {view:?}");
    }
    eprintln!("stores: {:?}", case.stores);
    for file in &case.files {
        eprintln!("file: {file:?}");
    }
    for link in &case.links {
        eprintln!("link: {link:?}");
    }
    eprintln!("faults: {:?}, resumes: {}", case.faults, case.resumes);
    eprintln!("{}\n=== {:?}", report.log.join("\n"), report.violations);
}
