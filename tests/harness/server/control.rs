//! A session's control connection: lines in, in order, and replies out.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;

use super::commands;
use super::config::Cap;
use super::data::{Data, DataPort};
use super::faults::{Do, Instead, Orders, line};
use super::fs::absolute;
use super::journal::Entry;
use super::objecting::{Early, Objection};
use super::rules::{CONNECT, Moment};
use super::shared::{Presence, Shared, Watch};

/// A longer command line ends the session.
const MAX_LINE: usize = 64 * 1024;

/// One client's session.
pub(super) struct Session {
    // Both are dropped before the socket that they are about.
    presence: Presence,
    watch: Watch,
    pub(super) shared: Arc<Shared>,
    pub(super) control: TcpStream,
    number: usize,
    /// The line end that `read_line` left unread.
    line_end_is_due: bool,
    pub(super) user: String,
    pub(super) logged_in: bool,
    pub(super) folder: Vec<u8>,
    pub(super) ascii: bool,
    pub(super) restart: u64,
    pub(super) rename_from: Option<Vec<u8>>,
    pub(super) data: Option<DataPort>,
    /// Data connections that are not closed.
    pub(super) left_open: Vec<Data>,
    pub(super) passive_only: bool,
    pub(super) leaving: bool,
    /// A transfer has sent its last reply itself.
    replied: bool,
    /// A reply that is to come behind the next one.
    late: Vec<u8>,
    early: Early,
}

/// A command line, taken apart.
pub(super) struct Command {
    pub(super) verb: String,
    pub(super) argument: Vec<u8>,
}

/// Whether the session goes on.
enum Flow {
    On,
    End,
}

/// Serves one client until it leaves.
pub(super) fn serve(
    control: TcpStream,
    shared: &Arc<Shared>,
    presence: Presence,
    number: usize,
) -> io::Result<()> {
    control.set_nodelay(true)?;
    let mut session = Session {
        presence,
        watch: shared.watch(&control)?,
        shared: Arc::clone(shared),
        control,
        number,
        line_end_is_due: false,
        user: String::new(),
        logged_in: false,
        folder: absolute(b"/", &shared.config.home),
        ascii: true,
        restart: 0,
        rename_from: None,
        data: None,
        passive_only: false,
        leaving: false,
        replied: false,
        left_open: Vec::new(),
        late: Vec::new(),
        early: Early::default(),
    };
    session.run()
}

impl Session {
    fn run(&mut self) -> io::Result<()> {
        if let Flow::End = self.greet()? {
            return Ok(());
        }
        while let Some(bytes) = self.read_line()? {
            let command = Command::parse(&bytes);
            let entry = Entry {
                session: self.number,
                verb: command.verb.clone(),
                argument: command.argument.clone(),
            };
            self.shared
                .journal
                .change(|facts| facts.entries.push(entry));
            if let Flow::End = self.meet(&command)? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Carries a command out, unless it came early and is objected to.
    fn meet(&mut self, command: &Command) -> io::Result<Flow> {
        let objecting = self.shared.config.objecting.clone();
        self.early.now = std::mem::take(&mut self.early.next);
        let Some(objecting) = objecting.filter(|_| self.early.now) else {
            return self.obey(command);
        };
        objecting.note();
        match objecting.how {
            Objection::Closes => Ok(Flow::End),
            Objection::Loses => self.read_line_end().map(|()| Flow::On),
            Objection::AnswersEarly(_) if std::mem::take(&mut self.early.answered) => {
                self.read_line_end().map(|()| Flow::On)
            }
            Objection::Refuses(text) => {
                self.read_line_end()?;
                self.write(&line(text)).map(|()| Flow::On)
            }
            _ => self.obey(command),
        }
    }

    fn greet(&mut self) -> io::Result<Flow> {
        let orders = self.orders(CONNECT, None);
        self.prepare(&orders);
        if let Some(flow) = self.replaced(&orders)? {
            return Ok(flow);
        }
        if self.is_one_too_many(Cap::AtGreeting421) {
            self.presence.leave();
            self.write(b"421 too many connections\r\n")?;
            return Ok(Flow::End);
        }
        let greeting = self.shared.config.greeting.clone();
        self.answer(line(&greeting), &orders)
    }

    /// Carries out one command, or what rules make of it.
    fn obey(&mut self, command: &Command) -> io::Result<Flow> {
        let path = commands::subject(self, command);
        let orders = self.orders(&command.verb, path.as_deref());
        self.prepare(&orders);
        if self.shared.stopped() {
            // Freed from a gate by the server's end, not by its opening: nothing is carried out.
            return Ok(Flow::End);
        }
        if let Some(Instead::Reset) = orders.instead {
            // Closing with the line end unread makes the kernel send RST: std has no SO_LINGER.
            return Ok(Flow::End);
        }
        self.read_line_end()?;
        if let Some(flow) = self.replaced(&orders)? {
            return Ok(flow);
        }
        let reply = commands::execute(self, command, &orders)?;
        if orders.until_more {
            // Ends, too, when the client leaves.
            self.control.peek(&mut [0])?;
        }
        self.answer(reply, &orders)
    }

    fn orders(&self, verb: &str, path: Option<&[u8]>) -> Orders {
        let moment = Moment {
            session: self.number,
            verb,
            path,
        };
        Orders::new(self.shared.rules.at(&moment))
    }

    fn prepare(&self, orders: &Orders) {
        for one in &orders.before {
            match one {
                Do::Wait(gate) => gate.pass(|| self.shared.stopped()),
                Do::Meet(meet) => meet.attend(|| self.shared.stopped()),
                Do::Mutate(change) => change(&mut self.shared.tree()),
                _ => {}
            }
        }
    }

    /// What is ordered in the command's stead, if anything.
    fn replaced(&mut self, orders: &Orders) -> io::Result<Option<Flow>> {
        match &orders.instead {
            None => Ok(None),
            Some(Instead::Send { bytes, close }) => {
                let flow = self.flow(*close || orders.close_after);
                self.write(bytes)?;
                Ok(Some(flow))
            }
            Some(Instead::Hang) => {
                while self.control.read(&mut [0; 1024])? > 0 {}
                Ok(Some(Flow::End))
            }
            Some(Instead::Close | Instead::Reset) => Ok(Some(Flow::End)),
        }
    }

    fn answer(&mut self, honest: Vec<u8>, orders: &Orders) -> io::Result<Flow> {
        let flow = self.flow(self.leaving || orders.close_after || orders.close_control_during);
        if !std::mem::take(&mut self.replied) {
            for stray in &orders.stray {
                self.write(&line(stray))?;
            }
            self.reply(&honest, orders)?;
        }
        Ok(flow)
    }

    fn flow(&mut self, ends: bool) -> Flow {
        if ends {
            self.presence.leave();
            return Flow::End;
        }
        Flow::On
    }

    /// The 150, what strays behind it, and what is ordered to come too early.
    pub(super) fn begin_transfer(&mut self, orders: &Orders) -> io::Result<()> {
        let opening = orders.opening.as_deref().unwrap_or("150 here it comes");
        self.write(&line(opening))?;
        for stray in &orders.stray {
            self.write(&line(stray))?;
        }
        if orders.reply_early {
            self.replied = true;
            self.reply(b"226 transfer complete\r\n", orders)?;
        }
        if orders.close_control_during {
            self.control.shutdown(Shutdown::Both)?;
        }
        Ok(())
    }

    /// The reply after the 150 of a transfer, unless it went out already.
    pub(super) fn end_transfer(&mut self, honest: &str, orders: &Orders) -> io::Result<()> {
        if !std::mem::replace(&mut self.replied, true) && !orders.close_control_during {
            self.reply(&line(honest), orders)?;
        }
        Ok(())
    }

    fn reply(&mut self, honest: &[u8], orders: &Orders) -> io::Result<()> {
        match (&orders.reply, orders.silent) {
            (_, true) => Ok(()),
            (Some(lie), false) => self.write(&line(lie)),
            (None, false) => self.write(honest),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self.shared.config.objecting.clone() {
            None => self.send(bytes),
            Some(objecting) => {
                let bytes = match (objecting.how, self.early.now) {
                    (Objection::AnswersTwice, true) => bytes.repeat(2),
                    _ => bytes.to_vec(),
                };
                let last = !bytes.starts_with(b"1");
                self.early.next = objecting.waits(&self.control);
                match objecting.how {
                    Objection::Reorders if last && self.early.next => {
                        self.early.held.extend(bytes);
                        return Ok(());
                    }
                    Objection::AnswersEarly(text) if last && self.early.next => {
                        self.early.answered = true;
                        self.send(&line(text))?;
                    }
                    _ => {}
                }
                let held = std::mem::take(&mut self.early.held);
                self.send(&[bytes, held].concat())
            }
        }
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(disorder) = self.shared.config.disorder.clone() {
            let instead = disorder.instead(bytes, &mut self.late);
            return self.control.write_all(&instead);
        }
        let chatter = &self.shared.config.chatter;
        // Only what is one whole reply can be made a longer one.
        match bytes.strip_suffix(b"\r\n") {
            Some(reply) if !chatter.is_empty() && is_one_line(reply) => {
                self.control.write_all(&chattering(reply, chatter))
            }
            _ => self.control.write_all(bytes),
        }
    }

    /// Whether this session is above the cap, where the cap is judged here.
    pub(super) fn is_one_too_many(&self, place: Cap) -> bool {
        let Some((most, cap)) = self.shared.config.cap else {
            return false;
        };
        cap == place && self.shared.journal.facts().sessions.now > most
    }

    /// The next line, without its line end, of which the `\n` is left unread (see [`Instead::Reset`]).
    /// The kernel's buffer is the only one: what was sent ahead stays there until it is its turn.
    fn read_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        self.read_line_end()?;
        let mut collected = Vec::new();
        let mut seen = [0; 4096];
        while collected.len() <= MAX_LINE {
            let peeked = self.control.peek(&mut seen)?;
            let end = seen[..peeked].iter().position(|&byte| byte == b'\n');
            let taken = end.unwrap_or(peeked);
            self.control.read_exact(&mut seen[..taken])?;
            collected.extend_from_slice(&seen[..taken]);
            if end.is_some() {
                self.line_end_is_due = true;
                return Ok(Some(collected));
            }
            if peeked == 0 {
                break;
            }
        }
        Ok(None)
    }

    fn read_line_end(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.line_end_is_due) {
            self.control.read_exact(&mut [0])?;
        }
        Ok(())
    }
}

fn is_one_line(reply: &[u8]) -> bool {
    let coded = reply.len() > 3 && reply[..3].iter().all(u8::is_ascii_digit) && reply[3] == b' ';
    coded && !reply.contains(&b'\n')
}

fn chattering(reply: &[u8], chatter: &[Vec<u8>]) -> Vec<u8> {
    let code = &reply[..3];
    let before = chatter
        .iter()
        .map(|line| [code, b"-", line, b"\r\n"].concat());
    let mut bytes = [before.collect::<Vec<_>>().concat(), reply.to_vec()].concat();
    if matches!(code[0], b'4' | b'5') {
        bytes.extend(b" ");
        bytes.extend(chatter.join(&b" "[..]));
    }
    bytes.extend(b"\r\n");
    bytes
}

impl Command {
    /// The verb ends at the first space; every byte after that space is the argument, spaces included.
    fn parse(bytes: &[u8]) -> Self {
        // ABOR may come as Telnet IP and Synch (RFC 959 §4.1.3).
        let start = bytes.iter().position(|byte| byte.is_ascii()).unwrap_or(0);
        let bytes = bytes[start..]
            .strip_suffix(b"\r")
            .unwrap_or(&bytes[start..]);
        let mut parts = bytes.splitn(2, |&byte| byte == b' ');
        let verb = String::from_utf8_lossy(parts.next().unwrap_or_default()).to_ascii_uppercase();
        Self {
            verb,
            argument: parts.next().unwrap_or_default().to_vec(),
        }
    }
}
