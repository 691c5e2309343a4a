//! What happens when a rule applies, and the orders that one command carries out because of it.

use std::net::TcpStream;
use std::sync::Arc;

use super::fs::Tree;
use super::gate::{Gate, Meet};

/// What happens at a command. Several in one rule, or of several rules, add up: cut the data
/// connection, and lie that all is well.
#[derive(Clone)]
pub enum Do {
    // Before the command is carried out.
    /// Waits until the test opens the gate.
    Wait(Gate),
    /// Waits until all parties of the meeting are there, at this or at other servers.
    Meet(Meet),
    /// Changes the files; see [`Do::mutate`].
    Mutate(Mutation),

    // In its stead.
    /// Answers this; the command is not carried out. CRLF is added.
    Reply(String),
    /// Sends these bytes as they are: garbage, half a line, a line without end.
    Raw(Vec<u8>),
    /// Answers this and closes the control connection: `421 …`.
    Goodbye(String),
    /// Never answers; reads on until the client leaves or the server is dropped.
    Hang,
    /// Closes the control connection (FIN).
    Close,
    /// Resets the control connection (RST).
    Reset,

    // In place of the last reply, the command being carried out.
    /// Answers this.
    LieReply(String),
    /// Answers nothing.
    NoReply,
    /// Sends this reply beside the others: after a 150, else before the reply.
    Stray(String),
    /// Answers this in place of the 150: `125 …`, as IIS.
    Opening(String),
    /// Answers only once the client has sent more, without waiting for this answer.
    UntilMore,
    /// Closes the control connection after the reply.
    CloseAfter,

    // At EPSV and PASV.
    /// Names a port at which nobody listens.
    DeadPort,
    /// PASV reports this address, with the right port.
    PasvAddress([u8; 4]),

    // On a data connection, listings included. Counts are bytes on the wire.
    /// Ends the data connection after so many bytes. The reply is 426, unless another is ordered;
    /// an upload keeps what has arrived.
    CutAt(u64),
    /// As `CutAt`, doing this to the socket before it is closed. `std` cannot set `SO_LINGER`; a
    /// program that can makes this a reset.
    CutWith(u64, Ending),
    /// Stops after so many bytes (or at the end, if that is sooner) until the gate opens.
    StallAt(u64, Gate),
    /// Sends so many bytes too many.
    Extra(u64),
    /// Says the last reply and goes on, and never closes the data connection while the session lasts.
    LeaveOpen,
    /// Sends the last reply right after the 150, then the data.
    ReplyEarly,
    /// Closes the control connection after the 150; the data goes on to its end.
    CloseControlDuring,
    /// Fills the first part of an upload after REST with zeros, the size being right.
    ZeroFill,

    // Listings.
    /// Sends these bytes for the listing.
    ListRaw(Vec<u8>),
    /// Adds these bytes, whole lines with their CRLF, after the listing.
    ListAlso(Vec<u8>),
    /// Sends only the first so many lines.
    ListFirst(usize),
}

/// A change to the files, to be made at a moment.
pub type Mutation = Arc<dyn Fn(&mut Tree) + Send + Sync>;

/// What is done to a data connection right before it is closed.
pub type Ending = fn(&TcpStream);

impl Do {
    /// Changes the files before the command is carried out.
    pub fn mutate(change: impl Fn(&mut Tree) + Send + Sync + 'static) -> Self {
        Self::Mutate(Arc::new(change))
    }

    /// [`Do::Reply`] from any text.
    pub fn reply(text: impl Into<String>) -> Self {
        Self::Reply(text.into())
    }

    /// [`Do::LieReply`] from any text.
    pub fn lie(text: impl Into<String>) -> Self {
        Self::LieReply(text.into())
    }
}

impl From<Do> for Vec<Do> {
    fn from(one: Do) -> Self {
        vec![one]
    }
}

/// What is ordered for one command, sorted by when it matters.
#[derive(Default)]
pub(super) struct Orders {
    pub(super) before: Vec<Do>,
    pub(super) instead: Option<Instead>,
    pub(super) reply: Option<String>,
    pub(super) silent: bool,
    pub(super) stray: Vec<String>,
    pub(super) opening: Option<String>,
    pub(super) until_more: bool,
    pub(super) close_after: bool,
    pub(super) dead_port: bool,
    pub(super) pasv_address: Option<[u8; 4]>,
    pub(super) cut: Option<(u64, Option<Ending>)>,
    pub(super) stall: Option<(u64, Gate)>,
    pub(super) extra: u64,
    pub(super) leave_open: bool,
    pub(super) reply_early: bool,
    pub(super) close_control_during: bool,
    pub(super) zero_fill: bool,
    pub(super) list_raw: Option<Vec<u8>>,
    pub(super) list_also: Vec<u8>,
    pub(super) list_first: Option<usize>,
}

/// What happens in the command's stead.
pub(super) enum Instead {
    Send { bytes: Vec<u8>, close: bool },
    Hang,
    Close,
    Reset,
}

impl Orders {
    pub(super) fn new(does: Vec<Do>) -> Self {
        let mut orders = Self::default();
        for one in does {
            orders.add(one);
        }
        orders
    }

    fn add(&mut self, one: Do) {
        match one {
            Do::Wait(_) | Do::Meet(_) | Do::Mutate(_) => self.before.push(one),
            Do::Reply(text) => {
                self.instead = Some(Instead::Send {
                    bytes: line(&text),
                    close: false,
                })
            }
            Do::Goodbye(text) => {
                self.instead = Some(Instead::Send {
                    bytes: line(&text),
                    close: true,
                })
            }
            Do::Raw(bytes) => {
                self.instead = Some(Instead::Send {
                    bytes,
                    close: false,
                })
            }
            Do::Hang => self.instead = Some(Instead::Hang),
            Do::Close => self.instead = Some(Instead::Close),
            Do::Reset => self.instead = Some(Instead::Reset),
            Do::LieReply(text) => self.reply = Some(text),
            Do::NoReply => self.silent = true,
            Do::Stray(text) => self.stray.push(text),
            Do::Opening(text) => self.opening = Some(text),
            Do::UntilMore => self.until_more = true,
            Do::CloseAfter => self.close_after = true,
            Do::DeadPort => self.dead_port = true,
            Do::PasvAddress(address) => self.pasv_address = Some(address),
            Do::CutAt(at) => self.cut = Some((at, None)),
            Do::CutWith(at, how) => self.cut = Some((at, Some(how))),
            Do::StallAt(at, gate) => self.stall = Some((at, gate)),
            Do::Extra(bytes) => self.extra = bytes,
            Do::LeaveOpen => self.leave_open = true,
            Do::ReplyEarly => self.reply_early = true,
            Do::CloseControlDuring => self.close_control_during = true,
            Do::ZeroFill => self.zero_fill = true,
            Do::ListRaw(bytes) => self.list_raw = Some(bytes),
            Do::ListAlso(bytes) => self.list_also.extend(bytes),
            Do::ListFirst(lines) => self.list_first = Some(lines),
        }
    }

    /// A listing as ordered.
    pub(super) fn listing(&self, honest: Vec<u8>) -> Vec<u8> {
        let mut listing = self.list_raw.clone().unwrap_or(honest);
        if let Some(lines) = self.list_first {
            let ends = listing
                .iter()
                .enumerate()
                .filter(|(_, byte)| **byte == b'\n')
                .map(|(at, _)| at + 1);
            let end = std::iter::once(0)
                .chain(ends)
                .nth(lines)
                .unwrap_or(listing.len());
            listing.truncate(end);
        }
        listing.extend_from_slice(&self.list_also);
        listing
    }
}

/// A reply with its line end.
pub(super) fn line(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    if !bytes.ends_with(b"\n") {
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}
