//! A source that is another version than what was begun with: how that is seen, and what is done then.

use super::copy::Copying;
use super::end::{Looks, Seen};
use super::error::{Cause, CopyError, SizeProblem};
use crate::files::{Time, racy, racy_in_some_zone};

/// How often a source may change under way before its file fails.
const MOST_CHANGES: u32 = 2;

impl Copying<'_> {
    /// Whether a file is begun again at once, in the same sessions: one that was continued, or whose source has changed.
    pub(super) fn may_begin_again(&mut self, continued: bool, error: &CopyError) -> bool {
        match (&*error.cause, error.end) {
            (Cause::Size(SizeProblem::Changed), _) if self.became.is_some() => return false,
            (Cause::Size(SizeProblem::Changed), _) if self.changes < MOST_CHANGES => {
                match self.look_again() {
                    Ok(now) if is_new(now, self.item.now) => {
                        self.became = Some(now);
                        return false;
                    }
                    Ok(now) => self.adopt(now),
                    Err(_) => return false,
                }
            }
            (Cause::Size(SizeProblem::Changed), _) => return false,
            (cause, _) if !continued || !cause.spoils_resume() => return false,
            (Cause::Size(SizeProblem::OtherPart), _) => {}
            (Cause::Size(SizeProblem::Stored { .. }), _) => self.target.never_write_on(),
            (Cause::Size(_), _) => self.source.never_read_on(),
            _ => {}
        }
        self.source.healthy() && self.target.healthy()
    }

    /// What the source has become. Where SIZE is not told, its listing was what told the size.
    pub(super) fn look_again(&mut self) -> Result<Looks, Cause> {
        let mut now = self.source.looks(&self.item.source)?;
        if now.size.is_none()
            && self.item.size.is_some()
            && let Seen::Bytes(size) = self.source.look(&self.item.source)?
        {
            now.size = Some(size);
        }
        Ok(now)
    }

    /// Takes the source for what it has become.
    pub(super) fn adopt(&mut self, now: Looks) {
        self.changes += 1;
        let item = self.item.to_mut();
        item.size = now.size;
        item.modified = now.modified;
        self.before = now.modified;
        self.is_other_than_listed = false;
    }

    /// Takes in the source's time, told more exactly than by its listing, or again. A server's listing is right about a
    /// time that both tell exactly: MDTM is in local time on some.
    pub(super) fn pin(&mut self, time: Time) {
        self.before = Some(time);
        let listed = self.item.modified;
        self.is_other_than_listed |= listed.is_some_and(|listed| listed.differs(time));
        let coarse = self.item.modified.is_none_or(|listed| !listed.is_exact());
        if coarse {
            self.exact = Some(time);
        }
        if coarse || (!self.source.is_remote() && self.item.modified != Some(time)) {
            self.item.to_mut().pin(time);
        }
    }

    /// Whether a file that a later step relies on was written after it was listed, and so lately that its time might not
    /// tell one write more.
    pub(super) fn is_too_new(&self, told: Time) -> bool {
        let other = self
            .item
            .modified
            .is_none_or(|listed| listed.differs(told) || !listed.is_exact());
        let is_new = racy_in_some_zone(told, self.item.now).is_some();
        self.item.relied && self.item.is_settled && other && is_new
    }
}

/// Whether a file was written so lately, or since a copy began, that its time might not tell one write more.
fn is_new(looks: Looks, began: i64) -> bool {
    looks
        .modified
        .is_some_and(|time| racy(time, began).is_some())
}
