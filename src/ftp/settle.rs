//! The end of a transfer: the final reply, and those owed for what was sent ahead of it.

use std::time::Duration;

use super::ahead::Ahead;
use super::command::Line;
use super::data::Count;
use super::error::{Error, ErrorKind, Waiting};
use super::expect::{may_be_of_early_line, may_end_transfer};
use super::failure::unknown_outcome;
use super::listing::time::mdtm_reply;
use super::reply::{self, Reply};
use super::session::Session;
use super::transfer::InFlight;
use crate::files::Time;

/// Replies that may precede the final one: a stray second 150 (Pure-FTPd), and those that came early.
const EARLY_REPLIES: usize = 8;
/// Refusals of lines that reached the server during a transfer. Pure-FTPd gives one for every 99 bytes of them.
const EARLY_REFUSALS: usize = 256;
/// What ProFTPD says to a line that reaches it during a transfer ("data transfer in progress"), one reply a line. One that
/// comes in the same packet as the transfer command waits for its turn, but a firewall may pass lines on one by one.
const BUSY: u16 = 450;
/// How long a server that was never seen to keep lines during a transfer is waited for to answer them.
const PROBE_TIME: Duration = Duration::from_secs(10);

/// What came of [`super::transfer::After`].
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Came {
    pub(super) size: Option<Option<u64>>,
    pub(super) told: Option<Option<Time>>,
    pub(super) times: Option<bool>,
    pub(super) taken: Option<bool>,
    pub(super) rename: Option<bool>,
    /// The first refusal of a line that came early, which is asked again alone: what it was for, and its code.
    pub(super) doubted: Option<(Ahead, u16)>,
}

impl Session {
    /// Reads what is owed at the end of a transfer. What was learned from replies of which nobody knows what they belong to
    /// is forgotten.
    pub(super) fn end(&mut self, count: Count) -> Result<(Reply, Came), Error> {
        let known = self.facts.clone();
        let ended = self.read_end(count);
        if let Err(error) = &ended
            && error.is_out_of_step()
        {
            self.facts = known;
        }
        ended
    }

    fn read_end(&mut self, count: Count) -> Result<(Reply, Came), Error> {
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
        let last = self
            .final_reply(&mut flight, &mut came, time)
            .map_err(unknown_outcome)?;
        let whole = last.is_done();
        self.read_answers(&flight, &mut came, whole)?;
        if !whole {
            self.suspect(&flight, &last);
            let error = self.control.refused(ErrorKind::NotWhole, last);
            return Err(self.learn_of_tls(error));
        }
        let of_file = !flight.path.is_empty();
        flight.after.size |= of_file && !count.clean;
        if of_file {
            self.doubt_size(&flight, flight.offset + count.bytes, &mut came)?;
        }
        self.ask_the_rest(&flight, &mut came)?;
        if flight.changes && !self.control.usable() {
            return Err(unanswered(flight.command));
        }
        let size = came.size.flatten();
        if of_file && !count.clean && size != Some(flight.offset + count.bytes) {
            return Err(Error::new(ErrorKind::DataLost)
                .command(flight.command)
                .detail("the data has no end (a closed connection, and TLS's close_notify before it), and the size does not prove it whole"));
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
            let reply = self.next_of(flight, time)?;
            let sent_ahead = !flight.ahead.is_empty();
            if sent_ahead && may_be_of_early_line(reply.code) {
                return self.final_or_early(reply, flight, time);
            }
            if may_end_transfer(reply.code) {
                return Ok(reply);
            }
            if reply.is_preliminary() {
                continue;
            }
            if !sent_ahead || !self.control.may_be_owed(reply.code) {
                return Err(self.control.out_of_step(reply));
            }
            self.came_early(flight, &reply, came);
        }
        self.control.condemn();
        Err(Error::new(ErrorKind::Protocol).command(flight.command.clone()))
    }

    fn next_of(&mut self, flight: &InFlight, time: Duration) -> Result<Reply, Error> {
        let reply = self
            .control
            .another(flight.command.clone(), time, Waiting::FinalReply)
            .map_err(no_final)?;
        match reply.code {
            421 => Err(no_final(self.control.refused(ErrorKind::Lost, reply))),
            _ => Ok(reply),
        }
    }

    /// Tells a refusal of the transfer from those of lines that reached the server in the midst of it: behind these comes
    /// the end of the transfer, which is the answer to none of them.
    fn final_or_early(
        &mut self,
        first: Reply,
        flight: &mut InFlight,
        time: Duration,
    ) -> Result<Reply, Error> {
        let mut refused = vec![first];
        loop {
            let busy = refused.iter().all(|reply| reply.code == BUSY);
            if busy && refused.len() > flight.ahead.len() || refused.len() > EARLY_REFUSALS {
                break;
            }
            let next = self.next_of(flight, time)?;
            if next.is_done() && may_end_transfer(next.code) {
                self.refused_early(refused.len(), busy, flight);
                return Ok(next);
            }
            let goes_on = match busy {
                true => next.code == BUSY,
                false => may_be_of_early_line(next.code),
            };
            refused.push(next);
            if !goes_on {
                break;
            }
        }
        let mut refused = refused.into_iter();
        let last = refused.next();
        self.control.hold(refused);
        last.ok_or_else(|| Error::new(ErrorKind::Protocol).command(flight.command.clone()))
    }

    /// Takes note of a server that refuses lines during a transfer. Where it does so a line at a time, the session goes on;
    /// where a refusal is for what one read gave it (Pure-FTPd), nobody knows which lines are still owed an answer.
    fn refused_early(&mut self, count: usize, busy: bool, flight: &mut InFlight) {
        self.facts.waits_for_transfer = Some(false);
        if !busy {
            let command = &flight.command;
            self.facts
                .pace
                .objects(format!("it refused lines that came during `{command}`"));
            flight.ahead.clear();
            self.control.condemn();
            return;
        }
        for _ in 0..count.min(flight.ahead.len()) {
            self.control.not_owed();
            flight.ahead.remove(0);
        }
    }

    /// The server answers while it transfers (pyftpdlib, ProFTPD), so nothing is sent ahead to it again. What is told of
    /// a file before its last byte says nothing of what is so after it, and is asked anew.
    fn came_early(&mut self, flight: &mut InFlight, reply: &Reply, came: &mut Came) {
        self.facts.waits_for_transfer = Some(false);
        self.control.not_owed();
        match flight.ahead.remove(0) {
            Ahead::Size | Ahead::Told | Ahead::Taken => {}
            Ahead::RenameFrom => self.renaming = reply.is_intermediate(),
            other => self.note(other, reply, came),
        }
    }

    /// Reads what was sent ahead of a transfer's end. A reply that does not fit, or one too many, speaks against the final
    /// one, too.
    fn read_answers(
        &mut self,
        flight: &InFlight,
        came: &mut Came,
        whole: bool,
    ) -> Result<(), Error> {
        for ahead in &flight.ahead {
            if !self.control.usable() || !self.answered(*ahead, came)? {
                return Ok(());
            }
            if whole && *ahead == Ahead::Size {
                self.facts.waits_for_transfer.get_or_insert(true);
                self.facts.pace.prove();
            }
        }
        match self.control.usable() {
            true => self.control.nothing_came().map_err(unknown_outcome),
            false => Ok(()),
        }
    }

    /// Reads the reply to a line that was sent ahead. `false` when none came: the server lost the line.
    ///
    /// # Errors
    /// `UnknownOutcome` where the reply answers something else.
    pub(super) fn answered(&mut self, ahead: Ahead, came: &mut Came) -> Result<bool, Error> {
        let limit = self.endpoint.timeouts.reply;
        let time = match self.facts.waits_for_transfer {
            None => limit.min(PROBE_TIME),
            Some(_) => limit,
        };
        match self.control.reply_within(time, Waiting::Reply) {
            Ok(reply) if reply.is_refusal() && !self.facts.pace.is_known() => {
                self.doubt(ahead, &reply, came);
                Ok(true)
            }
            Ok(reply) => {
                self.note(ahead, &reply, came);
                Ok(true)
            }
            Err(error) if error.kind == ErrorKind::Protocol => Err(unknown_outcome(error)),
            Err(_) => {
                self.facts.waits_for_transfer = Some(false);
                Ok(false)
            }
        }
    }

    fn note(&mut self, ahead: Ahead, reply: &Reply, came: &mut Came) {
        match ahead {
            Ahead::Size => came.size = Some(self.size_in(reply)),
            Ahead::Told => came.told = Some(mdtm_reply(reply)),
            Ahead::Times => came.times = Some(self.times_in(reply)),
            Ahead::Taken => came.taken = Some(self.size_in(reply).is_some()),
            Ahead::RenameFrom => {
                self.renaming = reply.is_intermediate();
                came.rename = Some(self.renaming);
            }
            Ahead::Passive => self.keep_passive(reply),
        }
    }

    /// Asks, in one write, for what was wanted and could not be sent ahead.
    ///
    /// # Errors
    /// `UnknownOutcome` where replies do not fit. The file has arrived otherwise; a session that breaks here takes only
    /// these answers with it.
    fn ask_the_rest(&mut self, flight: &InFlight, came: &mut Came) -> Result<(), Error> {
        if !self.control.usable() {
            return Ok(());
        }
        let mut wanted = Vec::new();
        let mut lines = Vec::new();
        if flight.after.size && came.size.is_none() && !self.facts.no_size {
            wanted.push(Ahead::Size);
            lines.push(Line::with("SIZE", &flight.path)?);
        }
        if flight.after.time && came.told.is_none() {
            wanted.push(Ahead::Told);
            lines.push(Line::with("MDTM", &flight.path)?);
        }
        if let Some(time) = flight.after.modified
            && came.times.is_none()
            && let Some(line) = self.times_line(&flight.path, time)?
        {
            wanted.push(Ahead::Times);
            lines.push(line);
        }
        if let Some(other) = flight.after.look_at.as_deref()
            && came.taken.is_none()
            && !self.facts.no_size
        {
            wanted.push(Ahead::Taken);
            lines.push(Line::with("SIZE", other)?);
        }
        if flight.after.rename_from && came.rename.is_none() {
            wanted.push(Ahead::RenameFrom);
            lines.push(Line::with("RNFR", &flight.path)?);
        }
        if lines.is_empty() {
            return Ok(());
        }
        match self.control.send(lines) {
            Ok(replies) => {
                for (ahead, reply) in wanted.into_iter().zip(replies) {
                    self.compare(ahead, &reply, came);
                    self.note(ahead, &reply, came);
                }
                Ok(())
            }
            Err(error) if error.kind == ErrorKind::Protocol => Err(unknown_outcome(error)),
            Err(_) => Ok(()),
        }
    }

    /// The size in a reply to SIZE. A server that does not know the command is not asked again.
    pub(super) fn size_in(&mut self, reply: &Reply) -> Option<u64> {
        self.facts.no_size |= !reply.early && matches!(reply.code, 500 | 502);
        reply::size(reply)
    }

    /// Whether a reply says that the time was set. vsftpd without `mdtm_write` refuses its form every time.
    pub(super) fn times_in(&mut self, reply: &Reply) -> bool {
        let unknown = matches!(reply.code, 500..=504);
        let form = !self.facts.has(|features| features.mfmt);
        self.facts.no_times |= !reply.early && (unknown || (form && reply.is_refusal()));
        self.facts.mdtm_sets |= form && reply.is_done();
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

/// A file was written, and what was asked about it is not answered: what stands there has to be looked at.
fn unanswered(command: String) -> Error {
    Error::new(ErrorKind::UnknownOutcome)
        .command(command)
        .detail("the server ended the transfer, and then did not answer")
}
