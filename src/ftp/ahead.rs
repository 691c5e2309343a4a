//! What is sent in one write with a transfer command, ahead of its end.

use crate::files::Time;

use super::command::Line;
use super::error::Error;
use super::listing::time::command_time;
use super::session::Session;
use super::transfer::After;

/// The most that goes out in one write with a transfer command: what fits in one packet (Ethernet's, with room for IPv6,
/// TLS and options) reaches the server in one read. Pure-FTPd reads 4 KiB at once, and answers what comes behind them during an upload with 500.
pub(super) const ONE_PACKET: usize = 1300;

/// What a line that was sent ahead is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ahead {
    Size,
    /// MDTM of a file that was fetched.
    Told,
    Times,
    /// SIZE of another path: whether it is taken.
    Taken,
    RenameFrom,
    Passive,
}

impl Session {
    /// Posts what may go out in the same write as the transfer command, and says what it was.
    ///
    /// Until a server was seen to answer after the transfer only, SIZE is all that is risked: it harms nothing.
    pub(super) fn send_ahead(
        &mut self,
        path: &[u8],
        after: &After,
        mut room: usize,
    ) -> Result<Vec<Ahead>, Error> {
        let mut sent = Vec::new();
        for (ahead, line) in self.ahead(path, after)? {
            // What is left out here is asked afterwards, in the same order.
            let Some(left) = room.checked_sub(line.length()) else {
                break;
            };
            room = left;
            self.control.post(line);
            sent.push(ahead);
        }
        Ok(sent)
    }

    fn ahead(&self, path: &[u8], after: &After) -> Result<Vec<(Ahead, Line)>, Error> {
        let mut ahead = Vec::new();
        let waits = self.facts.waits_for_transfer;
        if !self.facts.pace.bears() || waits == Some(false) {
            return Ok(ahead);
        }
        if after.size && !self.facts.no_size {
            ahead.push((Ahead::Size, Line::with("SIZE", path)?));
        }
        if waits.is_none() {
            return Ok(ahead);
        }
        if after.time {
            ahead.push((Ahead::Told, Line::with("MDTM", path)?));
        }
        if let Some(time) = after.modified
            && let Some(line) = self.times_line(path, time)?
        {
            ahead.push((Ahead::Times, line));
        }
        if after.look_at.is_some() && !self.facts.pace.is_known() {
            // Two replies to SIZE could change places.
            return Ok(ahead);
        }
        if let Some(other) = after.look_at.as_deref().filter(|_| !self.facts.no_size) {
            ahead.push((Ahead::Taken, Line::with("SIZE", other)?));
        }
        // Not behind RNFR: RNTO must be the next line there (RFC 959 §4.1.3). Before it, the port is known when RNTO goes out,
        // and is connected to while its answer is under way; what else would end that write has to have a line in its place.
        let before_renaming = self.may_reach_ahead() && self.fence().is_some();
        if self.wants_passive() && (!after.rename_from || before_renaming) {
            ahead.push((Ahead::Passive, self.passive_line()));
        }
        if after.rename_from {
            ahead.push((Ahead::RenameFrom, Line::with("RNFR", path)?));
        }
        Ok(ahead)
    }

    /// The line that sets a file's time, in the form that the server knows.
    pub(super) fn times_line(&self, path: &[u8], time: Time) -> Result<Option<Line>, Error> {
        let verb = if self.facts.has(|features| features.mfmt) {
            "MFMT"
        } else if self.facts.has(|features| features.mdtm) {
            // vsftpd's own form (mdtm_write).
            "MDTM"
        } else {
            return Ok(None);
        };
        let Some(stamp) = command_time(time.seconds).filter(|_| !self.facts.no_times) else {
            return Ok(None);
        };
        let argument = [stamp.as_bytes(), b" ", path].concat();
        Line::with(verb, &argument).map(Some)
    }
}
