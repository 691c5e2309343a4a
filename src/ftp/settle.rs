//! The end of a transfer: the final reply, and those owed for what was sent ahead of it.

use std::time::Duration;

use super::command::Line;
use super::data::Count;
use super::error::{Error, ErrorKind, Waiting};
use super::reply::{self, Reply};
use super::session::Session;
use super::transfer::{Ahead, InFlight};

/// Replies that may precede the final one: a stray second 150 (Pure-FTPd), and those that came early.
const EARLY_REPLIES: usize = 8;
/// What ProFTPD says to a line that reaches it during a transfer ("data transfer in progress"). One that comes in the same
/// packet as the transfer command waits for its turn, but a firewall may pass lines on one by one.
const BUSY: u16 = 450;
/// How long a server that was never seen to keep lines during a transfer is waited for to answer them.
const PROBE_TIME: Duration = Duration::from_secs(10);

/// What came of [`After`].
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Came {
    pub(super) size: Option<Option<u64>>,
    pub(super) times: Option<bool>,
    pub(super) rename: Option<bool>,
}

impl Session {
    pub(super) fn end(&mut self, count: Count) -> Result<(Reply, Came), Error> {
        let Some(mut flight) = self.in_flight.take() else {
            return Err(Error::new(ErrorKind::Protocol).detail("no transfer is under way"));
        };
        if !count.ended {
            self.control.condemn();
            return Err(Error::new(ErrorKind::DataLost)
                .command(flight.command)
                .detail("given up before its end"));
        }
        let mut came = Came::default();
        let time = self.endpoint.timeouts.final_reply;
        let last = self.final_reply(&mut flight, &mut came, time)?;
        let whole = last.is_done();
        let asked = flight.ahead.clone();
        for ahead in asked {
            if !self.control.usable() || !self.answered(ahead, &mut came) {
                break;
            }
            if whole && ahead == Ahead::Size {
                self.facts.waits_for_transfer.get_or_insert(true);
            }
        }
        if !whole {
            let error = self.control.refused(ErrorKind::NotWhole, last);
            return Err(self.learn_of_tls(error));
        }
        let of_file = !flight.path.is_empty();
        flight.after.size |= of_file && !count.clean;
        let came = self.ask_the_rest(&flight, came)?;
        let size = came.size.flatten();
        if of_file && !count.clean && size != Some(flight.offset + count.bytes) {
            return Err(Error::new(ErrorKind::DataLost)
                .command(flight.command)
                .detail("the data ended without TLS's close_notify, and the size does not prove it whole"));
        }
        Ok((last, came))
    }

    /// Reads up to the final reply, past a stray preliminary one and past answers that came too early.
    pub(super) fn final_reply(
        &mut self,
        flight: &mut InFlight,
        came: &mut Came,
        time: Duration,
    ) -> Result<Reply, Error> {
        if let Some(reply) = flight.early_final.take() {
            return Ok(reply);
        }
        for _ in 0..EARLY_REPLIES {
            let reply = self
                .control
                .another(flight.command.clone(), time, Waiting::FinalReply)
                .map_err(no_final)?;
            let early = match flight.ahead.first() {
                Some(Ahead::Size) => reply.code == 213,
                Some(Ahead::Passive) => matches!(reply.code, 227 | 229),
                _ => false,
            };
            if early {
                self.came_early(flight, &reply, came);
            } else if reply.code == 421 {
                return Err(no_final(self.control.refused(ErrorKind::Lost, reply)));
            } else if reply.code == BUSY && !flight.ahead.is_empty() {
                return self.final_or_busy(reply, flight, time);
            } else if !reply.is_preliminary() {
                return Ok(reply);
            }
        }
        self.control.condemn();
        Err(Error::new(ErrorKind::Protocol).command(flight.command.clone()))
    }

    /// Tells a refusal of the transfer from those of lines that reached the server in the midst of it: behind these comes
    /// the end of the transfer, which is the answer to none of them.
    fn final_or_busy(
        &mut self,
        first: Reply,
        flight: &mut InFlight,
        time: Duration,
    ) -> Result<Reply, Error> {
        let mut refused = vec![first];
        while refused.len() <= flight.ahead.len() && refused.iter().all(|reply| reply.code == BUSY)
        {
            let next = self
                .control
                .another(flight.command.clone(), time, Waiting::FinalReply)
                .map_err(no_final)?;
            if matches!(next.code, 226 | 250) {
                self.facts.waits_for_transfer = Some(false);
                for _ in refused {
                    self.control.not_owed();
                    flight.ahead.remove(0);
                }
                return Ok(next);
            }
            refused.push(next);
        }
        let mut refused = refused.into_iter();
        let last = refused.next();
        self.control.hold(refused);
        last.ok_or_else(|| Error::new(ErrorKind::Protocol).command(flight.command.clone()))
    }

    /// The server answers while it transfers (pyftpdlib, ProFTPD), so nothing is sent ahead to it again. The size of a file
    /// that is still being written says nothing, and is asked anew.
    fn came_early(&mut self, flight: &mut InFlight, reply: &Reply, came: &mut Came) {
        self.facts.waits_for_transfer = Some(false);
        self.control.not_owed();
        match flight.ahead.remove(0) {
            Ahead::Size if flight.command.starts_with("RETR") => {
                came.size = Some(reply::size(reply));
            }
            Ahead::Passive => self.keep_passive(reply),
            _ => {}
        }
    }

    /// Reads the reply to a line that was sent ahead. `false` when none came: the server lost the line.
    pub(super) fn answered(&mut self, ahead: Ahead, came: &mut Came) -> bool {
        let limit = self.endpoint.timeouts.reply;
        let time = match self.facts.waits_for_transfer {
            None => limit.min(PROBE_TIME),
            Some(_) => limit,
        };
        let Ok(reply) = self.control.reply_within(time, Waiting::Reply) else {
            self.facts.waits_for_transfer = Some(false);
            return false;
        };
        self.note(ahead, &reply, came);
        true
    }

    fn note(&mut self, ahead: Ahead, reply: &Reply, came: &mut Came) {
        match ahead {
            Ahead::Size => came.size = Some(self.size_in(reply)),
            Ahead::Times => came.times = Some(self.times_in(reply)),
            Ahead::RenameFrom => {
                self.renaming = reply.is_intermediate();
                came.rename = Some(self.renaming);
            }
            Ahead::Passive => self.keep_passive(reply),
        }
    }

    /// Asks, in one write, for what was wanted and could not be sent ahead.
    fn ask_the_rest(&mut self, flight: &InFlight, mut came: Came) -> Result<Came, Error> {
        if !self.control.usable() {
            return Ok(came);
        }
        let mut wanted = Vec::new();
        let mut lines = Vec::new();
        if flight.after.size && came.size.is_none() && !self.facts.no_size {
            wanted.push(Ahead::Size);
            lines.push(Line::with("SIZE", &flight.path)?);
        }
        if let Some(time) = flight.after.modified
            && came.times.is_none()
            && let Some(line) = self.times_line(&flight.path, time)?
        {
            wanted.push(Ahead::Times);
            lines.push(line);
        }
        if flight.after.rename_from && came.rename.is_none() {
            wanted.push(Ahead::RenameFrom);
            lines.push(Line::with("RNFR", &flight.path)?);
        }
        // The file has arrived; a session that breaks here takes only these answers with it.
        let Ok(replies) = self.control.send(lines) else {
            return Ok(came);
        };
        for (ahead, reply) in wanted.into_iter().zip(replies) {
            self.note(ahead, &reply, &mut came);
        }
        Ok(came)
    }

    /// The size in a reply to SIZE. A server that does not know the command is not asked again.
    pub(super) fn size_in(&mut self, reply: &Reply) -> Option<u64> {
        self.facts.no_size |= matches!(reply.code, 500 | 502);
        reply::size(reply)
    }

    /// Whether a reply says that the time was set. vsftpd without `mdtm_write` refuses its form every time.
    pub(super) fn times_in(&mut self, reply: &Reply) -> bool {
        let unknown = matches!(reply.code, 500..=504);
        let form = !self.facts.has(|features| features.mfmt);
        self.facts.no_times |= unknown || (form && reply.is_refusal());
        reply.is_done()
    }
}

/// An error while waiting for the final reply: the data may be whole all the same.
fn no_final(error: Error) -> Error {
    match error.kind {
        ErrorKind::Lost | ErrorKind::Timeout(_) => error.with_kind(ErrorKind::NoFinalReply),
        _ => error,
    }
}
