//! Ctrl-C, SIGTERM and SIGHUP: the first ends the run cleanly, the second ends the process.

use std::fs;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;

use super::exit::Exit;
use super::output::Voice;
use crate::event::{Event, Stamped};
use crate::exec::Interrupt;
use crate::report::Hurry;

/// Listens from now on. `events` is where people are told that the signal has been seen.
pub(super) fn listen(
    interrupt: Interrupt,
    hurry: Hurry,
    events: SyncSender<Stamped>,
    voice: Voice<'_>,
) {
    if let Err(error) = begin(interrupt, hurry, events) {
        voice.complain(format!("failed to listen for signals: {error}"), None);
    }
}

fn begin(interrupt: Interrupt, hurry: Hurry, events: SyncSender<Stamped>) -> io::Result<()> {
    // A file that grows beyond `ulimit -f` is then an error of the write, as a full disk is, and not the end of the process.
    signal_hook::flag::register(SIGXFSZ, Arc::default())?;
    let ignored = ignored();
    let heeded = [SIGINT, SIGTERM, SIGHUP].into_iter();
    let mut signals = Signals::new(heeded.filter(|signal| !is_in(ignored, *signal)))?;
    let waiting = move || {
        let mut seen = signals.forever();
        if seen.next().is_some() {
            hurry.begin();
            first(&interrupt, &events);
        }
        if seen.next().is_some() {
            std::process::exit(i32::from(Exit::Interrupted.code()));
        }
    };
    let thread = thread::Builder::new().name("signals".into());
    thread.spawn(waiting).map(drop)
}

fn first(interrupt: &Interrupt, events: &SyncSender<Stamped>) {
    interrupt.first();
    let text = "interrupted: ending what is in flight (a second signal stops at once)";
    // Where the queue is full, the reporter has enough to say.
    let warning = Event::Warning {
        step: None,
        server: None,
        text: text.to_owned(),
    };
    let _ = events.try_send(Stamped::new(0, warning));
}

/// The signals that whoever started the program wants ignored, as bits: `nohup` does so with SIGHUP, and a shell with SIGINT
/// for what runs in the background of a script. Only Linux tells; elsewhere all are heeded.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok())
        .unwrap_or(0)
}

fn is_in(bits: u64, signal: i32) -> bool {
    bits >> (signal - 1) & 1 == 1
}
