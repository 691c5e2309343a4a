//! The control connection: lines out, replies in, every reply owed read in order.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use suppaftp::{FtpError, ImplFtpStream};

use super::breaker::{Breaker, Registration};
use super::command::Line;
use super::desk::{Desk, Glance};
use super::error::{Error, ErrorKind, Waiting};
use super::expect;
use super::failure::{failure, greeting_error};
use super::pace::Pace;
use super::reply::Reply;
use super::shown::Shown;
use super::socket::Socket;
use super::tls::Upgrade;
use super::wire::{self, Wire};

const TRANSCRIPT_LINES: usize = 12;
/// Never seen by a server: the wire writes its outbox in its place.
const PLACEHOLDER: &str = "NOOP";

/// One control connection.
pub(super) struct Control {
    stream: ImplFtpStream<Wire>,
    desk: Arc<Desk>,
    /// Lines that an answer is owed for, and whether each went out before others were answered.
    owed: VecDeque<(Line, bool)>,
    /// Replies that were read to understand one before them.
    held: VecDeque<Reply>,
    broken: bool,
    pace: Pace,
    /// Whether a line went out before the answers to others, not all of which have come since.
    crowded: bool,
    /// Whether a passive port was asked for that nobody has connected to: some servers answer nothing then (Twisted).
    awaits_data: bool,
    /// Whether a line ever was so early in this session.
    was_crowded: bool,
    transcript: VecDeque<(char, Vec<u8>)>,
    breaker: Breaker,
    shown: Shown,
    reply_time: Duration,
    /// Behind `stream`: the breaker's share of the socket must not outlive it.
    _known: Registration,
}

impl Control {
    /// Takes a connected socket and reads the greeting until the deadline; `implicit` lets TLS begin before it.
    pub(super) fn open(
        socket: Socket,
        known: Registration,
        implicit: Option<Upgrade>,
        deadline: Instant,
        reply_time: Duration,
        breaker: Breaker,
        shown: Shown,
    ) -> Result<Control, Error> {
        let (stream, desk) = wire::open(socket, implicit, deadline)
            .map_err(|error| greeting_error(error, &breaker, &shown))?;
        let mut control = Control {
            stream,
            desk,
            owed: VecDeque::new(),
            held: VecDeque::new(),
            broken: false,
            pace: Pace::default(),
            crowded: false,
            awaits_data: false,
            was_crowded: false,
            transcript: VecDeque::new(),
            breaker,
            shown,
            reply_time,
            _known: known,
        };
        let welcome = control
            .stream
            .get_welcome_msg()
            .unwrap_or_default()
            .to_owned();
        if let Some(last) = welcome.lines().last() {
            control.keep('<', last.as_bytes().to_vec());
        }
        Ok(control)
    }

    /// From now on lines are sent ahead as far as this allows; a greeting may show that the server was tested.
    pub(super) fn follow(&mut self, pace: &Pace) {
        self.pace = pace.clone();
        self.pace.greeted(self.greeting());
    }

    /// The text of the greeting.
    pub(super) fn greeting(&self) -> &str {
        self.stream.get_welcome_msg().unwrap_or_default()
    }

    /// Lets TLS be put over the connection before the next line goes out; that line's reply carries the failure.
    pub(super) fn secure(&mut self, upgrade: Upgrade) {
        self.desk.upgrade(upgrade);
    }

    /// Whether the connection is encrypted.
    pub(super) fn is_secure(&self) -> bool {
        self.desk.is_secure()
    }

    /// Whether the connection speaks TLS 1.3, whose tickets serve once.
    pub(super) fn is_tls13(&self) -> bool {
        self.desk.is_tls13()
    }

    /// How long a reply is waited for.
    pub(super) fn reply_time(&self) -> Duration {
        self.reply_time
    }

    /// What the server was seen to bear.
    pub(super) fn pace(&self) -> &Pace {
        &self.pace
    }

    /// Whether a passive port waits for a connection while other lines are sent.
    pub(super) fn await_data(&mut self, awaits: bool) {
        self.awaits_data = awaits;
    }

    /// Sends what was posted, without waiting for an answer.
    pub(super) fn flush(&mut self) -> Result<(), Error> {
        self.desk.set_deadline(Instant::now() + self.reply_time);
        self.desk.send().map_err(|error| {
            self.broken = true;
            failure(
                FtpError::ConnectionError(error),
                Waiting::Reply,
                &self.breaker,
            )
        })
    }

    /// Puts a line behind what the next read of a reply sends first.
    pub(super) fn post(&mut self, line: Line) {
        self.keep('>', line.shown().to_vec());
        self.crowded |= !self.owed.is_empty();
        self.was_crowded |= self.crowded;
        self.desk.put(|outbox| line.append_to(outbox));
        let early = !self.owed.is_empty() && !self.pace.is_known();
        self.owed.push_back((line, early));
    }

    /// Sends one line and reads its reply.
    pub(super) fn ask(&mut self, line: Line) -> Result<Reply, Error> {
        self.post(line);
        let reply = self.reply()?;
        self.nothing_behind()?;
        Ok(reply)
    }

    /// Refuses to begin anything while the server has said something that nobody asked for.
    pub(super) fn nothing_waits(&mut self) -> Result<(), Error> {
        if self.broken {
            return Err(Error::new(ErrorKind::Lost).detail("the session broke earlier"));
        }
        match self.desk.glance() {
            Glance::Quiet => Ok(()),
            // 421, as a rule; the reason that it gives is shown with the next command, which is none that changes anything.
            Glance::Closed => Err(self.gone("closed by the server")),
            Glance::Spoken if self.says_goodbye() => Err(self.gone("the server ends the session")),
            Glance::Spoken => Err(self.unasked()),
        }
    }

    /// Asks the system, too, whether anything came behind the last reply.
    pub(super) fn nothing_came(&mut self) -> Result<(), Error> {
        match self.desk.glance() {
            Glance::Spoken if !self.says_goodbye() => Err(self.unasked()),
            _ => Ok(()),
        }
    }

    /// Whether more replies came than were owed, as far as they are here.
    pub(super) fn nothing_behind(&mut self) -> Result<(), Error> {
        let more = self.owed.is_empty() && self.held.is_empty() && self.desk.has_unread();
        match more && !self.says_goodbye() {
            true => Err(self.unasked()),
            false => Ok(()),
        }
    }

    fn says_goodbye(&self) -> bool {
        self.desk.begins_with(b"421")
    }

    fn gone(&mut self, detail: &str) -> Error {
        self.broken = true;
        Error::new(ErrorKind::Lost).detail(detail)
    }

    fn unasked(&mut self) -> Error {
        self.broken = true;
        self.disorder("something that nobody asked for");
        Error::new(ErrorKind::Protocol).detail("the server said something that nobody asked for")
    }

    /// Reads the next reply that is owed.
    pub(super) fn reply(&mut self) -> Result<Reply, Error> {
        self.reply_within(self.reply_time, Waiting::Reply)
    }

    /// Reads the next reply that is owed, with a deadline of its own.
    pub(super) fn reply_within(
        &mut self,
        time: Duration,
        waiting: Waiting,
    ) -> Result<Reply, Error> {
        let Some((line, early)) = self.owed.pop_front() else {
            return self.read(String::new(), time, waiting);
        };
        let command = self.shown.text(line.shown());
        let reply = self.read(command, time, waiting)?;
        if !expect::may_answer(&line, reply.code) {
            return Err(self.out_of_step(reply));
        }
        self.crowded &= !self.owed.is_empty();
        Ok(Reply { early, ..reply })
    }

    /// Whether a reply can be the one to the oldest line that an answer is owed for.
    pub(super) fn may_be_owed(&self, code: u16) -> bool {
        self.owed
            .front()
            .is_some_and(|(line, _)| expect::may_answer(line, code))
    }

    /// A reply that cannot be the one that is owed: nobody knows what the others belong to, so the session ends.
    pub(super) fn out_of_step(&mut self, reply: Reply) -> Error {
        self.broken = true;
        self.disorder(&format!("{} to `{}`", reply.code, reply.command));
        let error = Error::new(ErrorKind::Protocol).command(reply.command.clone());
        error.with_reply(self.shown.answer(&reply))
    }

    /// Reads the reply that follows a preliminary one to the same command.
    pub(super) fn another(
        &mut self,
        command: String,
        time: Duration,
        waiting: Waiting,
    ) -> Result<Reply, Error> {
        self.read(command, time, waiting)
    }

    /// Replies that do not fit, where lines were sent ahead: a server that was not tested does not bear them, also where it is
    /// seen only later that one came twice.
    fn disorder(&self, what: &str) {
        if self.crowded || (self.was_crowded && !self.pace.is_known()) {
            self.pace.objects(format!("it answered {what} out of turn"));
        }
    }

    /// The session was lost, or fell silent. Where lines were under way that had been sent ahead, they may be why.
    fn fell_silent(&self, command: &str, error: &Error) {
        let early = self.crowded || self.awaits_data;
        if early && matches!(error.kind, ErrorKind::Lost | ErrorKind::Timeout(_)) {
            self.pace.lost(format!(
                "it did not answer `{command}` when that came early"
            ));
        }
    }

    fn read(&mut self, command: String, time: Duration, waiting: Waiting) -> Result<Reply, Error> {
        if self.broken {
            return Err(Error::new(ErrorKind::Lost).command(command));
        }
        if let Some(reply) = self.held.pop_front() {
            return Ok(Reply { command, ..reply });
        }
        self.desk.set_deadline(Instant::now() + time);
        let bytes = match self.stream.custom_command(PLACEHOLDER, &[]) {
            Ok(response) | Err(FtpError::UnexpectedResponse(response)) => response.body,
            Err(error) => {
                self.broken = true;
                let error = failure(error, waiting, &self.breaker);
                self.fell_silent(&command, &error);
                return Err(error.command(command));
            }
        };
        let Some(reply) = Reply::parse(&bytes, command.clone()) else {
            let noise = self.shown.noise(&bytes);
            self.keep('<', noise);
            self.broken = true;
            self.disorder("with what is no reply");
            return Err(Error::new(ErrorKind::Protocol).command(command));
        };
        for line in self.shown.kept(&reply) {
            self.keep('<', line);
        }
        if reply.code == 421 {
            self.broken = true;
            self.fell_silent(&reply.command, &Error::new(ErrorKind::Lost));
        }
        Ok(reply)
    }

    /// Takes back the oldest line that an answer is owed for: it was answered out of turn.
    pub(super) fn not_owed(&mut self) {
        self.owed.pop_front();
    }

    /// Puts replies back that the next reads are to give.
    pub(super) fn hold(&mut self, replies: impl Iterator<Item = Reply>) {
        self.held.extend(replies);
    }

    /// Throws the connection away: nothing more is sent or read.
    pub(super) fn condemn(&mut self) {
        self.broken = true;
    }

    /// Whether no reply is owed and none was lost.
    pub(super) fn healthy(&self) -> bool {
        !self.broken && self.owed.is_empty()
    }

    /// Whether the connection is still of use.
    pub(super) fn usable(&self) -> bool {
        !self.broken
    }

    /// Whether the server has closed the connection or said something unasked (421 for being idle).
    pub(super) fn is_stale(&self) -> bool {
        self.broken || self.desk.glance() != Glance::Quiet
    }

    /// The way to look at the connection while something else is waited for.
    pub(super) fn desk(&self) -> Arc<Desk> {
        Arc::clone(&self.desk)
    }

    /// An error that carries a reply. A reply that is no refusal fits nowhere, and ends the session.
    pub(super) fn refused(&mut self, kind: ErrorKind, reply: Reply) -> Error {
        let kind = if reply.code == 421 {
            ErrorKind::Lost
        } else if reply.is_refusal() {
            kind
        } else {
            self.broken = true;
            ErrorKind::Protocol
        };
        let answer = self.shown.answer(&reply);
        Error::new(kind).with_reply(answer).command(reply.command)
    }

    /// The last lines of the conversation, as they may be shown.
    pub(super) fn transcript(&self) -> Vec<String> {
        self.transcript
            .iter()
            .map(|(mark, line)| format!("{mark} {}", self.shown.line(line)))
            .collect()
    }

    pub(super) fn shown(&self) -> &Shown {
        &self.shown
    }

    fn keep(&mut self, mark: char, line: Vec<u8>) {
        if self.transcript.len() == TRANSCRIPT_LINES {
            self.transcript.pop_front();
        }
        self.transcript.push_back((mark, line));
    }
}
