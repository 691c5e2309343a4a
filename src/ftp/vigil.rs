//! Waiting for a data connection while the server may end the transfer on the control connection.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::breaker::Breaker;
use super::desk::Desk;
use super::error::{Error, ErrorKind, Waiting};
use super::expect;

/// How long a data connection is waited for before the control connection is looked at.
pub(super) const LOOK: Duration = Duration::from_millis(250);

/// How long a data connection may be still once the server has said that the transfer is complete: longer than a lost packet
/// takes to come again, and never more than this part of the usual time.
const GRACE: Duration = Duration::from_secs(10);
const GRACE_PART: u32 = 6;

/// What a look at the control connection says of a data connection on which nothing moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// There is reason to wait on.
    Open,
    /// The server has said long enough ago that the transfer is complete. The end of the data is the close of its connection
    /// (RFC 959 §3.4), so whether all has come is unknown.
    LeftOpen,
}

/// How long data may still come once the transfer is said to be complete, where `progress` is the time without any otherwise.
pub(super) fn grace(progress: Duration) -> Duration {
    GRACE.min(progress / GRACE_PART)
}

/// Decides how long a data connection on which nothing moves is waited for.
#[derive(Debug)]
pub(super) struct Vigil {
    desk: Arc<Desk>,
    breaker: Breaker,
    progress: Duration,
    quiet_since: Option<Instant>,
    /// Whether lines were sent ahead, so that a refusal may be of one of them.
    sent_ahead: bool,
    /// Whether the last reply has come already, in place of the preliminary one.
    answered: bool,
    /// Since when the transfer is said to be complete and nothing moves.
    complete_since: Option<Instant>,
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
            answered: false,
            complete_since: None,
        }
    }

    pub(super) fn breaker(&self) -> &Breaker {
        &self.breaker
    }

    /// What was said when the transfer began: whether lines were sent ahead of its end, and whether that has come.
    pub(super) fn begin(&mut self, sent_ahead: bool, answered: bool) {
        self.sent_ahead = sent_ahead;
        self.answered = answered;
    }

    /// After how long without anything the socket is to give up, so that [`Vigil::looks`] can look.
    pub(super) fn rest(&self) -> Duration {
        LOOK.min(self.progress).max(Duration::from_millis(1))
    }

    /// Something moved.
    pub(super) fn moved(&mut self) {
        self.quiet_since = None;
        self.complete_since = None;
    }

    /// Nothing moved for one rest: looks whether there is reason to wait on.
    ///
    /// A final 226 may come before the data ends, so it is a reason to stop only when nothing comes for a while after it. A
    /// control connection that ends while data still comes is none.
    ///
    /// # Errors
    /// `Timeout`; `DataLost` where the server has refused what it was doing; its reply is still to be read.
    pub(super) fn looks(&mut self) -> io::Result<Sight> {
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
        if self
            .desk
            .has_line(|code| (400..600).contains(&code) && !excused(code))
        {
            return Err(Error::new(ErrorKind::DataLost)
                .detail("the server has ended the transfer")
                .into());
        }
        if since.elapsed() >= self.progress {
            return Err(Error::new(ErrorKind::Timeout(Waiting::Data)).into());
        }
        if !self.answered && !self.desk.has_line(|code| self.completes(code)) {
            return Ok(Sight::Open);
        }
        let complete = *self.complete_since.get_or_insert_with(Instant::now);
        Ok(match complete.elapsed() < grace(self.progress) {
            true => Sight::Open,
            false => Sight::LeftOpen,
        })
    }

    /// Whether a reply with this code is about the transfer, and says that it is complete. 250 may answer MFMT.
    fn completes(&self, code: u16) -> bool {
        code == 226 || (code == 250 && !self.sent_ahead)
    }
}
