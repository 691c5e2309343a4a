//! Ctrl-C, SIGTERM and SIGHUP: the first ends the run cleanly, the second ends the process.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;

use super::exit::Exit;
use super::output;
use crate::event::{Event, Stamped};
use crate::exec::Interrupt;

/// Listens from now on. `events` is where people are told that the signal has been seen.
pub(super) fn listen(interrupt: Interrupt, events: SyncSender<Stamped>) {
    let again = AtomicBool::new(false);
    let handler = move || {
        if again.swap(true, Ordering::SeqCst) {
            std::process::exit(i32::from(Exit::Interrupted.code()));
        }
        interrupt.first();
        let text = "interrupted: ending what is in flight (a second signal stops at once)";
        // Where the queue is full, the reporter has enough to say.
        let _ = events.try_send(Stamped {
            version: 1,
            at_ms: 0,
            event: Event::Warning {
                step: None,
                server: None,
                text: text.to_owned(),
            },
        });
    };
    if let Err(error) = ctrlc::set_handler(handler) {
        output::complain(format!("failed to listen for signals: {error}"), None);
    }
}
