//! Several lines in one write, where the server bears it, and second looks at what it answers to them.

use std::time::Duration;

use super::command::Line;
use super::control::Control;
use super::error::{Error, ErrorKind, Waiting};
use super::failure::unknown_outcome;
use super::listing::time::mdtm_reply;
use super::reply::{self, Reply};

impl Control {
    /// As [`Control::ask`], for a line that changes something; see [`Control::change_all`].
    pub(super) fn change(&mut self, line: Line) -> Result<Reply, Error> {
        self.nothing_waits()?;
        let reply = self.ask(line).map_err(unknown_outcome)?;
        self.nothing_came().map_err(unknown_outcome)?;
        Ok(reply)
    }

    /// As [`Control::ask`], for a line that the next one changes something by. No error leaves the outcome unknown.
    pub(super) fn prepare_change(&mut self, line: Line) -> Result<Reply, Error> {
        self.nothing_waits()?;
        let reply = self.ask(line)?;
        self.nothing_came()?;
        Ok(reply)
    }

    /// As [`Control::send`], for lines that change something, none of which is sent twice. What the server has said unasked
    /// would be taken for the first reply, so nothing is sent then; and where something comes behind the last, nobody
    /// knows what the replies belong to.
    ///
    /// # Errors
    /// `UnknownOutcome` once the lines were sent; any other kind means that they were not.
    pub(super) fn change_all(&mut self, lines: Vec<Line>) -> Result<Vec<Reply>, Error> {
        self.nothing_waits()?;
        let replies = match self.pace().bears_changes() {
            true => self.burst(lines),
            false => self.one_by_one(lines),
        };
        let replies = replies.map_err(unknown_outcome)?;
        self.nothing_came().map_err(unknown_outcome)?;
        Ok(replies)
    }

    /// The first half of [`Control::change_all`], to a server that bears it: what is sent, and how many replies are owed.
    pub(super) fn begin_changes(&mut self, lines: Vec<Line>) -> Result<usize, Error> {
        self.nothing_waits()?;
        let count = lines.len();
        let first = lines.first().map(|line| self.shown().text(line.shown()));
        lines.into_iter().for_each(|line| self.post(line));
        self.flush()
            .map_err(|error| unknown_outcome(error.command(first.unwrap_or_default())))?;
        Ok(count)
    }

    /// The second half.
    pub(super) fn end_changes(&mut self, count: usize) -> Result<Vec<Reply>, Error> {
        let replies = self.replies(count, self.reply_time());
        let replies = replies.map_err(unknown_outcome)?;
        self.nothing_came().map_err(unknown_outcome)?;
        Ok(replies)
    }

    /// Asks, in one write where the server bears it, and reads all the replies. Only for questions: a server that was not
    /// tested is asked again where lines that came early may be why it answers as it does.
    pub(super) fn send(&mut self, lines: Vec<Line>) -> Result<Vec<Reply>, Error> {
        if self.pace().is_known() {
            return self.burst(lines);
        }
        // Replies to lines of one verb could change places, and nobody would see it.
        let alike = |(at, line): (usize, &Line)| {
            let verb = line.parts().0;
            lines[..at].iter().any(|other| other.parts().0 == verb)
        };
        if !self.pace().bears() || lines.iter().enumerate().any(alike) {
            return self.one_by_one(lines);
        }
        let replies = self.burst(lines.clone())?;
        self.look_again(lines, replies)
    }

    /// Sends lines of the login: in one write to a server that is known to take them so.
    pub(super) fn send_login(&mut self, lines: Vec<Line>) -> Result<Vec<Reply>, Error> {
        match self.pace().is_known() {
            true => self.burst(lines),
            false => self.one_by_one(lines),
        }
    }

    fn one_by_one(&mut self, lines: Vec<Line>) -> Result<Vec<Reply>, Error> {
        lines.into_iter().map(|line| self.ask(line)).collect()
    }

    /// Sends lines in one write and reads all their replies.
    pub(super) fn burst(&mut self, lines: Vec<Line>) -> Result<Vec<Reply>, Error> {
        let time = self.reply_time();
        self.burst_within(lines, time)
    }

    /// The same, with a deadline of its own for each reply.
    pub(super) fn burst_within(
        &mut self,
        lines: Vec<Line>,
        time: Duration,
    ) -> Result<Vec<Reply>, Error> {
        let count = lines.len();
        for line in lines {
            self.post(line);
        }
        self.replies(count, time)
    }

    /// Reads so many replies, with a deadline of its own for each.
    fn replies(&mut self, count: usize, time: Duration) -> Result<Vec<Reply>, Error> {
        let mut replies = Vec::with_capacity(count);
        for _ in 0..count {
            let reply = self.reply_within(time, Waiting::Reply)?;
            if reply.code == 421 {
                return Err(self.refused(ErrorKind::Lost, reply));
            }
            replies.push(reply);
        }
        self.nothing_behind()?;
        Ok(replies)
    }

    /// Asks again, alone, what was answered doubtfully. Where the answer is another one then, all are asked again.
    fn look_again(
        &mut self,
        lines: Vec<Line>,
        mut replies: Vec<Reply>,
    ) -> Result<Vec<Reply>, Error> {
        for (at, line) in lines.iter().enumerate() {
            if !is_doubtful(at, &replies) {
                continue;
            }
            let alone = self.ask(line.clone())?;
            let early = std::mem::replace(&mut replies[at], alone);
            let alone = &replies[at];
            // Of a size or a time, the words, too.
            if early.code != alone.code || (early.code == 213 && early.lines != alone.lines) {
                self.pace()
                    .contradicts(&early.command, early.code, alone.code);
                return self.one_by_one(lines);
            }
        }
        Ok(replies)
    }
}

/// Whether a reply may be as it is because its line came before others were answered: a refusal, unless the first line got
/// the same; or a size that is a time, or the reverse, as where two replies have changed places.
fn is_doubtful(at: usize, replies: &[Reply]) -> bool {
    let reply = &replies[at];
    if reply.is_refusal() {
        return at > 0 && replies[0].code != reply.code;
    }
    let stamp = mdtm_reply(reply).is_some();
    reply.code == 213
        && match reply.command.split(' ').next() {
            Some("SIZE") => stamp && reply::size(reply).is_some(),
            Some("MDTM") => !stamp,
            _ => false,
        }
}
