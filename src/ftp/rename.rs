//! Renaming, and giving a finished file its final name.

use super::command::Line;
use super::error::{Error, ErrorKind};
use super::manage::split;
use super::reply::Reply;
use super::session::Session;

/// What came of RNTO.
enum Moved {
    Yes,
    /// Refused, or accepted without effect: 553, or 250 that did nothing.
    No(Error),
}

impl Session {
    /// Renames a file or folder.
    ///
    /// # Errors
    /// `Refused`; `UnknownOutcome` when the connection broke before the reply to RNTO.
    pub fn rename(&mut self, from: &[u8], to: &[u8]) -> Result<(), Error> {
        self.ready()?;
        let to = Line::with("RNTO", to)?;
        self.rename_from(from)?;
        // It may be the folder that the server is in.
        self.folder = None;
        self.renaming = false;
        let reply = self.control.ask(to).map_err(unknown_outcome)?;
        if reply.is_done() {
            return Ok(());
        }
        Err(self.control.refused(ErrorKind::Refused, reply))
    }

    /// Gives a file that was written under a temporary name its final name.
    ///
    /// `ready` says that RNFR was accepted just before ([`super::Stored::rename_ready`]). That the temporary name is
    /// gone afterwards is checked with SIZE in the same write. Where the server does not rename onto an existing
    /// file and `may_overwrite` is set, that file is deleted first.
    ///
    /// # Errors
    /// `Refused`: the file stands under its temporary name, and whatever had the final name still does. `Stranded`:
    /// the old file is gone and the new one has the temporary name only. `UnknownOutcome`: look before repeating.
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
        // Nothing is deleted before it is certain that the new content is there to take its place.
        self.rename_from(temporary)?;
        self.ready()?;
        self.expect_done(Line::with("DELE", to)?)
            .map_err(unknown_outcome)?;
        let second = self
            .rename_from(temporary)
            .and_then(|()| self.rename_to(temporary, to));
        let failed = match second {
            Ok(Moved::Yes) => return Ok(()),
            Ok(Moved::No(error)) => error,
            Err(error) if error.kind == ErrorKind::UnknownOutcome => return Err(error),
            Err(error) => error,
        };
        let name = self.control.shown().text(temporary);
        Err(failed
            .with_kind(ErrorKind::Stranded)
            .detail(format!("the content is in `{name}`")))
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
        let reply = self.control.ask(Line::with("RNFR", from)?)?;
        self.renaming = reply.is_intermediate();
        if self.renaming {
            return Ok(());
        }
        Err(self.control.refused(ErrorKind::Refused, reply))
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
    fn rename_to(&mut self, from: &[u8], to: &[u8]) -> Result<Moved, Error> {
        let mut lines = vec![Line::with("RNTO", to)?];
        let looks = !self.facts.no_size;
        if looks {
            lines.push(Line::with("SIZE", from)?);
        }
        if self.wants_passive() {
            lines.push(self.passive_line());
        }
        self.renaming = false;
        let mut replies = self
            .control
            .send(lines)
            .map_err(unknown_outcome)?
            .into_iter();
        let renamed = replies.next();
        let still_there = looks
            && replies
                .next()
                .is_some_and(|reply| self.size_in(&reply).is_some());
        if let Some(reply) = replies.next() {
            self.keep_passive(&reply);
        }
        Ok(match renamed {
            Some(reply) if reply.is_done() && !still_there => Moved::Yes,
            Some(reply) => Moved::No(self.not_moved(reply)),
            None => Moved::No(Error::new(ErrorKind::Protocol)),
        })
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

/// An error between a command that changes something and its reply.
pub(super) fn unknown_outcome(error: Error) -> Error {
    match error.kind {
        ErrorKind::Lost | ErrorKind::Timeout(_) | ErrorKind::Protocol => {
            error.with_kind(ErrorKind::UnknownOutcome)
        }
        _ => error,
    }
}
