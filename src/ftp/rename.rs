//! Renaming, and giving a finished file its final name.

use super::command::Line;
use super::error::{Error, ErrorKind};
use super::failure::unknown_outcome;
use super::manage::split;
use super::reply::Reply;
use super::session::Session;

/// What came of RNTO.
pub(super) enum Moved {
    Yes,
    /// Refused, or accepted without effect: 553, or 250 that did nothing.
    No(Error),
}

impl Session {
    /// Renames a file or folder.
    ///
    /// # Errors
    /// `Refused`; `UnknownOutcome` when the reply to RNTO did not come, or others than were owed.
    pub fn rename(&mut self, from: &[u8], to: &[u8]) -> Result<(), Error> {
        self.ready()?;
        let mut lines = vec![Line::with("RNTO", to)?];
        self.rename_from(from)?;
        // It may be the folder that the server is in.
        self.folder = None;
        self.renaming = false;
        lines.extend(self.fence());
        let mut replies = self.control.change_all(lines)?.into_iter();
        let renamed = replies.next();
        if let Some(reply) = replies.next() {
            self.end_of_renaming(&reply)?;
        }
        match renamed {
            Some(reply) if reply.is_done() => Ok(()),
            Some(reply) => Err(self.control.refused(ErrorKind::Refused, reply)),
            None => Err(Error::new(ErrorKind::Protocol)),
        }
    }

    /// Gives a file that was written under a temporary name its final name.
    ///
    /// `ready` says that RNFR was accepted just before ([`super::Stored::rename_ready`]). That the temporary name is
    /// gone afterwards is checked in the same write. Where the server does not rename onto an existing
    /// file and `may_overwrite` is set, that file is put aside ([`crate::files::aside_path`]), and removed once the new one has its
    /// name.
    ///
    /// # Errors
    /// `Refused`: the file stands under its temporary name, and whatever had the final name still does. `Stranded`:
    /// the old file could not be put back either, and the error names where both are. `UnknownOutcome`: look before
    /// repeating; the old file may stand aside, and [`Session::settle_aside`] ends that.
    pub fn rename_onto(
        &mut self,
        temporary: &[u8],
        to: &[u8],
        ready: bool,
        may_overwrite: bool,
    ) -> Result<(), Error> {
        let certain = self.keeps_name(temporary);
        if !certain {
            self.prove_name(temporary)?;
        }
        // What stood ready stays so: nothing may come between.
        let ready = ready && certain && std::mem::take(&mut self.renaming);
        self.ready()?;
        if !ready {
            self.rename_from(temporary)?;
        }
        let refused = match self.rename_to(temporary, to)? {
            Moved::Yes => return Ok(()),
            Moved::No(error) => error,
        };
        if !may_overwrite || !self.stands(to)? {
            return Err(refused);
        }
        self.replace(temporary, to, refused)
    }

    /// Whether a name is beyond doubt: text for a server that says it wants such, or bytes for one that keeps them.
    fn keeps_name(&self, path: &[u8]) -> bool {
        self.facts.takes_any_bytes() || std::str::from_utf8(path).is_ok()
    }

    /// Looks whether a file just written stands under the very bytes of its name, once for all others.
    ///
    /// A server that announces UTF8 may store U+FFFD for what is not (pyftpdlib): under a wrong `encoding:` all names of
    /// one length are then the same file.
    fn prove_name(&mut self, path: &[u8]) -> Result<(), Error> {
        let (parent, name) = split(path);
        if name.starts_with(b".") && self.listing_may_hide() {
            return Ok(());
        }
        let page = self.list(parent)?;
        if page.entries().any(|entry| entry.name == name) {
            self.facts.keeps_bytes = Some(true);
            return Ok(());
        }
        let label = self.endpoint.encoding.label();
        Err(Error::new(ErrorKind::Name).detail(format!(
            "the server lists another name than it was given in {label}"
        )))
    }

    fn rename_from(&mut self, from: &[u8]) -> Result<(), Error> {
        let reply = self.control.prepare_change(Line::with("RNFR", from)?)?;
        self.renaming = reply.is_intermediate();
        if self.renaming {
            return Ok(());
        }
        Err(self.control.refused(ErrorKind::Refused, reply))
    }

    /// RNFR and RNTO. A refusal of either is no error.
    pub(super) fn try_rename(&mut self, from: &[u8], to: &[u8]) -> Result<Moved, Error> {
        self.ready()?;
        match self.rename_from(from) {
            Err(error) if error.kind == ErrorKind::Refused => Ok(Moved::No(error)),
            Err(error) => Err(error),
            Ok(()) => self.rename_to(from, to),
        }
    }

    /// Gives up a renaming of which only RNFR was said, so that other commands are taken again.
    ///
    /// ProFTPD refuses all of them (501) until RNTO comes. No RNTO is without effect on every server, so that there the
    /// session is begun anew.
    pub(super) fn leave_renaming(&mut self) -> Result<(), Error> {
        if !std::mem::take(&mut self.renaming) {
            return Ok(());
        }
        let reply = self.control.ask(Line::fixed("PWD"))?;
        if matches!(reply.code, 501 | 503) {
            return self.renew();
        }
        self.tolerate(reply)
    }

    /// RNTO, the look whether the old name is gone, and a passive port for the next file: one write.
    ///
    /// The last line is one that only its own reply can answer. A 2xx that nobody asked for is otherwise taken for RNTO's,
    /// and RNTO's refusal for the proof that the old name is gone.
    fn rename_to(&mut self, from: &[u8], to: &[u8]) -> Result<Moved, Error> {
        let looks = match self.facts.no_size {
            false => "SIZE",
            // It is refused where the name is gone, too.
            true => "RNFR",
        };
        let mut lines = vec![Line::with("RNTO", to)?, Line::with(looks, from)?];
        let last = match self.wants_passive() {
            true => Some(self.passive_line()),
            false => self.fence(),
        };
        lines.extend(last);
        self.renaming = false;
        let mut replies = self.change_and_reach(lines)?.into_iter();
        let (Some(renamed), Some(look)) = (replies.next(), replies.next()) else {
            return Err(unknown_outcome(Error::new(ErrorKind::Protocol)));
        };
        self.renaming = look.is_intermediate();
        if let Some(reply) = replies.next() {
            self.end_of_renaming(&reply)?;
        }
        let still_there = self.renaming || self.size_in(&look).is_some();
        match renamed.is_done() && !still_there {
            true => Ok(Moved::Yes),
            false => Ok(Moved::No(self.not_moved(renamed))),
        }
    }

    /// As [`super::control::Control::change_all`]; the next data connection is opened meanwhile, where its port is known.
    fn change_and_reach(&mut self, lines: Vec<Line>) -> Result<Vec<Reply>, Error> {
        if self.prepared.is_none() || !self.may_reach_ahead() {
            return self.control.change_all(lines);
        }
        let count = self.control.begin_changes(lines)?;
        self.reach_ahead();
        self.control.end_changes(count)
    }

    /// A line that only a 257 answers, where the server has answered one so.
    pub(super) fn fence(&self) -> Option<Line> {
        self.facts.home.is_some().then(|| Line::fixed("PWD"))
    }

    /// Takes the reply to the last line of a renaming. One that refuses may be that of a line before it.
    fn end_of_renaming(&mut self, reply: &Reply) -> Result<(), Error> {
        if reply.command != "PWD" {
            self.keep_passive(reply);
        }
        if matches!(reply.code, 227 | 229 | 257) {
            return Ok(());
        }
        let Some(fence) = self.fence().filter(|_| reply.command != "PWD") else {
            return match reply.command.as_str() {
                "PWD" => Err(unknown_outcome(self.control.out_of_step(reply.clone()))),
                _ => Ok(()),
            };
        };
        let fenced = self.control.change(fence)?;
        match fenced.code {
            257 => Ok(()),
            _ => Err(unknown_outcome(self.control.out_of_step(fenced))),
        }
    }

    fn not_moved(&mut self, reply: Reply) -> Error {
        if !reply.is_done() {
            return self.control.refused(ErrorKind::Refused, reply);
        }
        let code = reply.code;
        Error::new(ErrorKind::Refused)
            .command(reply.command)
            .detail(format!(
                "the server said {code}, but the old name is still there"
            ))
    }

    /// Whether a file has this name.
    fn stands(&mut self, path: &[u8]) -> Result<bool, Error> {
        if self.facts.no_size {
            // Without SIZE, only RNTO's refusal speaks for it.
            return Ok(true);
        }
        Ok(self.size(path)?.is_some())
    }
}
