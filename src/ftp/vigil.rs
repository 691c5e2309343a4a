//! Waiting for a data connection while the server may end the transfer on the control connection.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::breaker::Breaker;
use super::desk::Desk;
use super::error::{Error, ErrorKind, Waiting};
use super::expect;

/// How long a data connection is waited for before the control connection is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// Decides how long a data connection on which nothing moves is waited for.
#[derive(Debug)]
pub(super) struct Vigil {
    desk: Arc<Desk>,
    breaker: Breaker,
    progress: Duration,
    quiet_since: Option<Instant>,
    /// Whether lines were sent ahead, so that a refusal may be of one of them.
    sent_ahead: bool,
}

impl Vigil {
    /// `progress`: how long nothing may move.
    pub(super) fn new(desk: Arc<Desk>, breaker: Breaker, progress: Duration) -> Vigil {
        Vigil {
            desk,
            breaker,
            progress,
            quiet_since: None,
            sent_ahead: false,
        }
    }

    pub(super) fn breaker(&self) -> &Breaker {
        &self.breaker
    }

    pub(super) fn sent_ahead(&mut self, sent_ahead: bool) {
        self.sent_ahead = sent_ahead;
    }

    /// After how long without anything the socket is to give up, so that [`Vigil::looks`] can look.
    pub(super) fn rest(&self) -> Duration {
        LOOK.min(self.progress).max(Duration::from_millis(1))
    }

    /// Something moved.
    pub(super) fn moved(&mut self) {
        self.quiet_since = None;
    }

    /// Nothing moved for one rest: looks whether there is reason to wait on.
    ///
    /// A final 226 is no reason to stop, because it may come before the data ends, and neither is a control connection
    /// that ends while data still comes.
    ///
    /// # Errors
    /// `Timeout`; `DataLost` where the server has refused what it was doing; its reply is still to be read.
    pub(super) fn looks(&mut self) -> io::Result<()> {
        if let Some(why) = self.breaker.tripped() {
            return Err(Error::new(ErrorKind::Interrupted(why)).into());
        }
        let since = self.quiet_since.unwrap_or_else(|| {
            let now = Instant::now();
            now.checked_sub(self.rest()).unwrap_or(now)
        });
        self.quiet_since = Some(since);
        let sent_ahead = self.sent_ahead;
        let excused = |code| code == 421 || (sent_ahead && expect::may_be_of_early_line(code));
        if self.desk.has_refusal(excused) {
            return Err(Error::new(ErrorKind::DataLost)
                .detail("the server has ended the transfer")
                .into());
        }
        match since.elapsed() < self.progress {
            true => Ok(()),
            false => Err(Error::new(ErrorKind::Timeout(Waiting::Data)).into()),
        }
    }
}
