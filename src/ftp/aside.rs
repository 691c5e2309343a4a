//! An old file whose server does not rename onto it: put aside for its successor, and put back where that fails.
//!
//! Nothing is destroyed before its successor stands: at every moment the old content or the new one has a name of which a
//! later run knows what it means.

use crate::files::aside_path;

use super::error::{Error, ErrorKind};
use super::rename::Moved;
use super::session::Session;

/// What was done about a file that an earlier attempt had put aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aside {
    /// None stood there.
    Nothing,
    /// It has its name again: its successor never got it.
    Restored,
    /// It was removed: its successor stands.
    Removed,
}

impl Session {
    /// Ends what an attempt that broke off has left of a file that was put aside for its successor: it gets its name
    /// again where nothing has that name, and is removed where something has.
    ///
    /// # Errors
    /// When looking or renaming fails; nothing is removed then.
    pub fn settle_aside(&mut self, path: &[u8]) -> Result<Aside, Error> {
        let aside = aside_path(path);
        if self.look(&aside)?.is_none() {
            return Ok(Aside::Nothing);
        }
        if self.look(path)?.is_some() {
            self.delete(&aside)?;
            return Ok(Aside::Removed);
        }
        match self.try_rename(&aside, path)? {
            Moved::Yes => Ok(Aside::Restored),
            Moved::No(error) => Err(error),
        }
    }

    /// Puts the old file aside, gives the new one its name, and removes the old one. `refused` is what the server said
    /// to the plain way.
    pub(super) fn replace(
        &mut self,
        temporary: &[u8],
        to: &[u8],
        refused: Error,
    ) -> Result<(), Error> {
        let aside = aside_path(to);
        if !self.put_aside(to, &aside)? {
            return Err(refused);
        }
        match self.try_rename(temporary, to) {
            Ok(Moved::Yes) => {
                // What cannot be removed is seen by a later run.
                let _ = self.delete(&aside);
                Ok(())
            }
            Ok(Moved::No(error)) => Err(self.put_back(&aside, temporary, to, error)),
            Err(error) => Err(open_ended(error)),
        }
    }

    /// Whether the old file stands aside now.
    fn put_aside(&mut self, path: &[u8], aside: &[u8]) -> Result<bool, Error> {
        if let Moved::Yes = self.try_rename(path, aside)? {
            return Ok(true);
        }
        // That of an earlier attempt is in the way, though its successor stands.
        if self.look(aside)?.is_none() || self.look(path)?.is_none() {
            return Ok(false);
        }
        self.delete(aside)?;
        Ok(matches!(self.try_rename(path, aside)?, Moved::Yes))
    }

    fn put_back(&mut self, aside: &[u8], temporary: &[u8], to: &[u8], failed: Error) -> Error {
        match self.try_rename(aside, to) {
            Ok(Moved::Yes) => failed,
            Ok(Moved::No(_)) => {
                let shown = self.control.shown();
                let (new, old) = (shown.text(temporary), shown.text(aside));
                let detail = format!("the new content is in `{new}`, the old one in `{old}`");
                failed.with_kind(ErrorKind::Stranded).detail(detail)
            }
            Err(error) => open_ended(error),
        }
    }
}

/// An error in the midst of an exchange: what stands where has to be looked at.
fn open_ended(error: Error) -> Error {
    match error.kind {
        ErrorKind::Interrupted(_) => error,
        _ => error.with_kind(ErrorKind::UnknownOutcome),
    }
}
