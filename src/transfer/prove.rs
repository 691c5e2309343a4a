//! From the last byte of a file to what is known of its arrival.

use super::checksum::Told;
use super::copy::{Copying, at_source, at_target, put};
use super::end::{Arrived, Looks, Seen};
use super::error::{Cause, CopyError, Doubt, Role, SizeProblem, Stage};
use super::publish::unless_known;
use super::verify::{Evidence, judge, judge_source};
use crate::ftp::ErrorKind;
use crate::options::Verify;

/// A file whose bytes have arrived.
pub(super) struct Moved {
    pub(super) doubt: Doubt,
    pub(super) arrived: Arrived,
}

impl Copying<'_> {
    /// Ends both data connections, and only then reads both final replies.
    pub(super) fn end(&mut self, at: u64, moved: u64) -> Result<Moved, CopyError> {
        let total = at + moved;
        let sent = self.target.close_write();
        self.source.close_read();
        let from = self.source.finish_read(&self.item.source);
        let put = put(&self.item, self.options, at);
        let to = sent.and_then(|()| self.target.finish_write(self.item.written(), put));
        let after = match from {
            Ok(after) => after,
            // The server went while the data ran to its end: it counts where the sizes agree.
            Err(Cause::Ftp(error))
                if error.kind == ErrorKind::NoFinalReply && self.item.size == Some(total) =>
            {
                Looks::default()
            }
            Err(cause) => return Err(at_source(cause)),
        };
        let after = self.sized(after)?;
        let doubt = Doubt {
            stage: Stage::Storing,
            expected: total,
            proven: self.judge_source(total, after)?,
        };
        match to {
            Ok(arrived) => self.prove(doubt, after, arrived),
            // Whether it arrived is settled by its size elsewhere, which proves no checksum: the next try finds the
            // partial file whole, and compares.
            Err(cause @ Cause::Ftp(_)) if self.sums.is_none() => {
                Err(at_target(unless_known(cause, doubt)))
            }
            Err(cause) => Err(at_target(cause)),
        }
    }

    /// What is proven of a partial file that lacked nothing.
    pub(super) fn prove_there(
        &mut self,
        total: u64,
        after: Looks,
        times_set: bool,
    ) -> Result<Moved, CopyError> {
        let doubt = Doubt {
            stage: Stage::Storing,
            expected: total,
            proven: self.judge_source(total, after)?,
        };
        let arrived = Arrived {
            size: Some(total),
            times_set,
            ..Arrived::default()
        };
        self.prove(doubt, after, arrived)
    }

    /// Whether the source is still what it was when its first byte was read, and whether all of it was.
    fn judge_source(&self, total: u64, after: Looks) -> Result<Result<(), String>, CopyError> {
        let touched = match (after.modified, self.before.or(self.item.modified)) {
            (Some(now), Some(before)) => now.differs(before),
            _ => false,
        };
        if self.options.verify != Verify::None && touched {
            return Err(CopyError::new(Role::Source, SizeProblem::Changed));
        }
        if let Some(reason) = self.unproven() {
            return Ok(Err(reason));
        }
        judge_source(self.evidence(total, after, None))
            .map_err(|problem| CopyError::new(Role::Source, problem))
    }

    /// What the source says after its last byte. Where it tells no size, the listing's is that of another version if the time
    /// is another: it is looked at once more.
    fn sized(&mut self, after: Looks) -> Result<Looks, CopyError> {
        let asks = self.is_other_than_listed && after.size.is_none();
        if !asks || self.unproven().is_some() || !self.source.healthy() {
            return Ok(after);
        }
        let size = self.look_again().map_err(at_source)?.size;
        Ok(Looks { size, ..after })
    }

    fn prove(
        &mut self,
        mut doubt: Doubt,
        after: Looks,
        mut arrived: Arrived,
    ) -> Result<Moved, CopyError> {
        let all_was_read = doubt.proven.clone();
        if self.unproven().is_none() {
            if arrived.size.is_none() && self.target.healthy() {
                let seen = self.target.look(self.item.written()).map_err(at_target)?;
                arrived.rename_ready = false;
                arrived.size = match seen {
                    Seen::Bytes(size) => Some(size),
                    Seen::Something | Seen::Nothing => None,
                };
            }
            let evidence = self.evidence(doubt.expected, after, arrived.size);
            doubt.proven =
                judge(evidence).map_err(|problem| CopyError::new(Role::Target, problem))?;
        }
        if let Some(sums) = &mut self.sums {
            doubt.proven = match sums.compare(self.source, self.target, &self.item)? {
                Told::Same => Ok(()),
                Told::Stored => all_was_read,
                Told::Nothing(reason) => Err(reason),
            };
        }
        Ok(Moved { doubt, arrived })
    }

    fn evidence(&self, total: u64, after: Looks, target: Option<u64>) -> Evidence {
        Evidence {
            total,
            listed: self.item.size,
            source: after.size,
            target,
        }
    }

    /// Why sizes are not compared at all, if so.
    fn unproven(&self) -> Option<String> {
        if self.options.ascii {
            return Some("line ends were converted, so that sizes prove nothing".into());
        }
        (self.options.verify == Verify::None).then(|| "`verify: none`".into())
    }
}
