//! Moving one file: the command, what is sent ahead of its end, and every reply that is owed for it.
//!
//! A transfer is three calls. [`Session::retrieve`] or [`Session::store`] begins it and gives the data connection,
//! which its holder reads or writes and finishes; [`Session::retrieved`] or [`Session::stored`] then reads what the
//! server owes. Between the first and the last the session is not healthy.

use std::time::Duration;

use crate::files::Time;

use super::ahead::{self, Ahead};
use super::command::Line;
use super::data::{Count, Data, Receiving, Sending};
use super::data_opening::Way;
use super::error::{Error, ErrorKind};
use super::listing::time::mdtm_reply;
use super::reply::Reply;
use super::session::Session;
use super::settle::Came;

/// How long the reason is waited for after a data connection broke.
const REASON_TIME: Duration = Duration::from_secs(2);

/// A file to fetch.
#[derive(Debug, Clone, Copy)]
pub struct Retrieve<'a> {
    /// Absolute path.
    pub path: &'a [u8],
    /// Where to begin (REST, RFC 3659 §5).
    pub offset: u64,
    /// Whether SIZE is asked after the transfer.
    pub size_after: bool,
    /// Whether MDTM is asked before the transfer, for [`Session::told_time`].
    pub time_before: bool,
    /// Whether MDTM is asked after the transfer.
    pub time_after: bool,
}

/// A file to write.
#[derive(Debug, Clone, Copy)]
pub struct Store<'a> {
    /// Absolute path.
    pub path: &'a [u8],
    /// Whether to add to what is there (APPE) in place of writing anew (STOR).
    pub append: bool,
    /// Whether SIZE is asked after the transfer.
    pub size_after: bool,
    /// Whether MDTM is asked after the transfer: the time that the server gave it.
    pub time_after: bool,
    /// The time to set after the transfer.
    pub modified: Option<Time>,
    /// A path of which SIZE is asked after all that: whether somebody else has taken a name meanwhile.
    pub look_at: Option<&'a [u8]>,
    /// Whether to say RNFR last, for [`Session::rename_onto`].
    pub rename_from: bool,
}

/// What the server said after a file was fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retrieved {
    /// The reply to SIZE; `None` where it was not asked or is refused.
    pub size: Option<u64>,
    /// The reply to MDTM, likewise.
    pub modified: Option<Time>,
}

/// What the server said after a file was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// The reply to SIZE; `None` where it was not asked or is refused.
    pub size: Option<u64>,
    /// The reply to MDTM, likewise.
    pub modified: Option<Time>,
    /// Whether the time was set.
    pub times_set: bool,
    /// Whether a file stands at [`Store::look_at`]; `None` where that was not asked or not answered.
    pub taken: Option<bool>,
    /// Whether RNFR was accepted, so that RNTO may follow at once.
    pub rename_ready: bool,
}

/// A transfer that was begun and whose replies are owed.
pub(super) struct InFlight {
    pub(super) command: String,
    pub(super) path: Vec<u8>,
    /// Where the data begins in the file.
    pub(super) offset: u64,
    /// Whether it writes a file.
    pub(super) changes: bool,
    pub(super) ahead: Vec<Ahead>,
    /// Whether anything was sent ahead of its end.
    pub(super) crowded: bool,
    pub(super) after: After,
    /// A server that skips the preliminary reply has already said the final one.
    pub(super) early_final: Option<Reply>,
}

/// A data connection, before or after what it takes to use it.
enum Arrival {
    Later(Way),
    Now(Result<Data, Error>),
}

/// What is said before the transfer command.
#[derive(Debug, Clone, Default)]
struct Before {
    time: Option<Line>,
    /// Where to begin; 0 needs no REST.
    offset: u64,
}

/// What is wanted once the data has passed.
#[derive(Debug, Clone, Default)]
pub(super) struct After {
    pub(super) size: bool,
    /// Whether its time is asked.
    pub(super) time: bool,
    /// The time that it is given.
    pub(super) modified: Option<Time>,
    pub(super) look_at: Option<Vec<u8>>,
    pub(super) rename_from: bool,
}

impl Session {
    /// Begins to fetch a file. Read the [`Receiving`] to its end, finish it, then call [`Session::retrieved`].
    ///
    /// # Errors
    /// `Refused` leaves the session healthy. `NoRestart`: the server does not begin at an offset.
    pub fn retrieve(&mut self, what: Retrieve<'_>) -> Result<Receiving, Error> {
        self.ready()?;
        self.stay_resumable()?;
        let after = After {
            size: what.size_after,
            time: what.time_after && self.facts.has(|features| features.mdtm),
            ..After::default()
        };
        let command = Line::with("RETR", what.path)?;
        let asks = what.time_before && self.facts.has(|features| features.mdtm);
        let before = Before {
            time: match asks {
                true => Some(Line::with("MDTM", what.path)?),
                false => None,
            },
            offset: what.offset,
        };
        self.begin(before, command, what.path, after)
            .map(Receiving::new)
    }

    /// When the file that is being fetched was modified, if MDTM was asked for and answered.
    pub fn told_time(&self) -> Option<Time> {
        self.told_time
    }

    /// Begins to write a file. Write to the [`Sending`], finish it, then call [`Session::stored`].
    ///
    /// # Errors
    /// `Refused` leaves the session healthy. `NoRestart`: the server does not add to files.
    pub fn store(&mut self, what: Store<'_>) -> Result<Sending, Error> {
        self.ready()?;
        self.stay_resumable()?;
        let after = After {
            size: what.size_after,
            time: what.time_after && self.facts.has(|features| features.mdtm),
            modified: what.modified,
            look_at: what.look_at.map(<[u8]>::to_vec),
            rename_from: what.rename_from,
        };
        let verb = if what.append { "APPE" } else { "STOR" };
        let command = Line::with(verb, what.path)?;
        let begun = self.begin(Before::default(), command, what.path, after);
        begun.map(Sending::new).map_err(|error| {
            let full = matches!(
                error.reply.as_ref().map(|reply| reply.code),
                Some(452 | 552)
            );
            if what.append && error.kind == ErrorKind::Refused && !full {
                // ProFTPD refuses APPE at its default (451, AllowStoreRestart).
                self.facts.no_restart_upload = true;
                return error.with_kind(ErrorKind::NoRestart);
            }
            error
        })
    }

    /// Reads what is owed after a file was fetched.
    ///
    /// # Errors
    /// `NotWhole` for an error reply after the transfer began; `NoFinalReply` when none came, where SIZE on a new
    /// session tells whether the file is whole.
    pub fn retrieved(&mut self, count: Count) -> Result<Retrieved, Error> {
        let (_, came) = self.end(count)?;
        Ok(Retrieved {
            size: came.size.flatten(),
            modified: came.told.flatten(),
        })
    }

    /// Reads what is owed after a file was written.
    ///
    /// # Errors
    /// As [`Session::retrieved`].
    pub fn stored(&mut self, count: Count) -> Result<Stored, Error> {
        let (_, came) = self.end(count)?;
        Ok(Stored {
            size: came.size.flatten(),
            modified: came.told.flatten(),
            times_set: came.times == Some(true),
            taken: came.taken,
            rename_ready: came.rename == Some(true),
        })
    }

    /// Begins a listing of the folder that the server is in.
    pub(super) fn begin_listing(&mut self, command: Line) -> Result<Receiving, Error> {
        self.begin(Before::default(), command, b"", After::default())
            .map(Receiving::new)
    }

    /// Whether the server has answered a listing at once with its final reply: some do that in place of opening a data
    /// connection for nothing.
    pub(super) fn was_answered_at_once(&self) -> bool {
        let listing = |flight: &&InFlight| flight.path.is_empty() && flight.early_final.is_some();
        self.in_flight.as_ref().filter(listing).is_some()
    }

    /// Whether a listing may be over, though its data connection failed so.
    pub(super) fn may_end_without_data(&self, error: &Error) -> bool {
        self.was_answered_at_once() && !matches!(error.kind, ErrorKind::Interrupted(_))
    }

    /// Reads what is owed after a listing, and gives the final reply.
    pub(super) fn end_listing(&mut self, count: Count) -> Result<Reply, Error> {
        self.end(count).map(|(last, _)| last)
    }

    /// Ends a transfer whose data connection failed, and adds to the error what the server says about it, if it
    /// says so soon: that then decides how it is met (452 while data was sent). The session is not healthy afterwards.
    pub fn give_up(&mut self, mut error: Error) -> Error {
        let Some(mut flight) = self.in_flight.take() else {
            self.control.condemn();
            return error;
        };
        if error.command.is_none() {
            error.command = Some(flight.command.clone());
        }
        if !matches!(error.kind, ErrorKind::Interrupted(_)) {
            let said = self.final_reply(&mut flight, &mut Came::default(), REASON_TIME);
            if let Ok(reply) = said
                && reply.is_refusal()
            {
                self.suspect(&flight, &reply);
                error.reply = self.control.refused(ErrorKind::NotWhole, reply).reply;
                if matches!(error.kind, ErrorKind::DataLost | ErrorKind::Timeout(_)) {
                    error.kind = ErrorKind::NotWhole;
                }
            }
        }
        self.control.condemn();
        self.learn_of_tls(error)
    }

    /// Begins a transfer. Where a server that was not tested refuses a command that came behind another line, it gets it
    /// once more, alone.
    fn begin(
        &mut self,
        before: Before,
        command: Line,
        path: &[u8],
        after: After,
    ) -> Result<Data, Error> {
        let pace = self.facts.pace.clone();
        let behind = (before.time.is_some() && before.offset == 0) || self.prepared.is_some();
        if !behind || !pace.bears() || pace.is_known() {
            return self.begin_once(before, command, path, after, !pace.bears());
        }
        let early = self.begin_once(before.clone(), command.clone(), path, after.clone(), false);
        let Err(early) = early else {
            return early;
        };
        if early.kind != ErrorKind::Refused || !self.healthy() {
            return Err(early);
        }
        let alone = self.begin_once(before, command, path, after, true);
        let code = |error: &Error| error.reply.as_ref().map(|reply| reply.code);
        // 425 speaks of the data connection.
        let same = alone
            .as_ref()
            .err()
            .is_some_and(|alone| code(alone) == code(&early));
        if !same && code(&early) != Some(425) {
            pace.objects(format!("it refused what it took alone: {early}"));
        }
        alone
    }

    /// Opens the data connection, sends the command and what may follow it in one write, and reads the replies up to the
    /// preliminary one. `alone`: one line at a time.
    fn begin_once(
        &mut self,
        before: Before,
        command: Line,
        path: &[u8],
        after: After,
        alone: bool,
    ) -> Result<Data, Error> {
        self.ready()?;
        self.unresumed = false;
        let way = self.open_way()?;
        self.control.nothing_waits()?;
        self.told_time = None;
        let time_alone = before.offset > 0 || alone;
        let time_length = before.time.as_ref().map_or(0, Line::length);
        let time_owed = match before.time {
            Some(line) => self.post_time(line, time_alone)?,
            None => false,
        };
        let restart_owed = match before.offset {
            0 => false,
            offset => self.restart(Line::with("REST", offset.to_string().as_bytes())?)?,
        };
        let shown = self.control.shown().text(command.shown());
        let changes = matches!(command.parts().0, b"STOR" | b"APPE");
        let room = ahead::ONE_PACKET.saturating_sub(command.length() + time_length);
        self.control.post(command);
        let ahead = match alone {
            true => Vec::new(),
            false => self.send_ahead(path, &after, room)?,
        };
        let arrival = self.shake_hands_first(way)?;
        if time_owed {
            self.told_time = mdtm_reply(&self.control.reply()?);
        }
        if restart_owed {
            let reply = self.control.reply()?;
            // Refused, the transfer would run from the wrong place: this session ends with it.
            self.accept_restart(reply)
                .inspect_err(|_| self.control.condemn())?;
        }
        self.in_flight = Some(InFlight {
            command: shown.clone(),
            path: path.to_vec(),
            offset: before.offset,
            changes,
            crowded: !ahead.is_empty(),
            ahead,
            after,
            early_final: None,
        });
        let reply = self.control.reply()?;
        self.start(arrival, reply, shown)
    }

    /// Puts TLS over the data connection before the reply to the command is read, where the server wants it so.
    fn shake_hands_first(&mut self, way: Way) -> Result<Arrival, Error> {
        let opened = matches!(way, Way::Open(_)) && self.tls.is_some();
        if !opened || !self.facts.handshake_first {
            return Ok(Arrival::Later(way));
        }
        self.control.flush()?;
        Ok(Arrival::Now(self.arrive(way)))
    }

    /// Posts MDTM. `true`: in one write with what follows, its reply still owed.
    fn post_time(&mut self, line: Line, alone: bool) -> Result<bool, Error> {
        self.control.post(line);
        if alone {
            self.told_time = mdtm_reply(&self.control.reply()?);
        }
        Ok(!alone)
    }

    /// Posts REST. `true`: in one write with what follows, its reply still owed. Only a server that announces it is
    /// trusted so far, if it was tested: one that refuses REST and gets the transfer command all the same begins at the start.
    fn restart(&mut self, line: Line) -> Result<bool, Error> {
        self.control.post(line);
        let announced = self.facts.has(|features| features.rest_stream);
        if announced && self.facts.pace.is_known() && !self.facts.no_restart_download {
            return Ok(true);
        }
        let reply = self.control.reply()?;
        self.accept_restart(reply).map(|()| false)
    }

    fn accept_restart(&mut self, reply: Reply) -> Result<(), Error> {
        if reply.is_intermediate() {
            return Ok(());
        }
        if reply.is_refusal() {
            self.facts.no_restart_download = true;
        }
        Err(self.control.refused(ErrorKind::NoRestart, reply))
    }

    /// Goes on from the reply to a transfer command: data, or a refusal with the replies that are still owed.
    fn start(&mut self, arrival: Arrival, reply: Reply, command: String) -> Result<Data, Error> {
        if reply.is_done() {
            if let Some(flight) = &mut self.in_flight {
                flight.early_final = Some(reply);
            }
        } else if !reply.is_preliminary() {
            if reply.code == 425
                && self.tls.is_some()
                && matches!(arrival, Arrival::Later(Way::Open(_)))
            {
                self.facts.handshake_first = true;
                self.facts.pace.excuse();
            }
            drop(arrival);
            let flight = self.in_flight.take();
            let error = self.control.refused(ErrorKind::Refused, reply);
            let mut came = Came::default();
            for ahead in flight.map(|flight| flight.ahead).unwrap_or_default() {
                if self.control.usable() && !self.answered(ahead, &mut came)? {
                    break;
                }
            }
            if self.control.usable() {
                self.control.nothing_came()?;
            }
            return Err(self.learn_of_tls(error));
        }
        let arrived = match arrival {
            Arrival::Later(way) => self.arrive(way),
            Arrival::Now(arrived) => arrived,
        };
        match arrived {
            Ok(data) => {
                let flight = self.in_flight.as_ref();
                let ahead = flight.is_some_and(|flight| !flight.ahead.is_empty());
                let answered = flight.is_some_and(|flight| flight.early_final.is_some());
                Ok(data.serves(command, ahead, answered))
            }
            Err(error) if self.may_end_without_data(&error) => Err(error),
            Err(error) => Err(self.give_up(error)),
        }
    }
}
