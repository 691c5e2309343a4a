//! How a step that takes files away ends, and what is told of those that it did not come to.

use super::Delete;
use crate::event::FileOutcome;
use crate::exec::backlog::Backlog;
use crate::exec::shared::Shared;
use crate::exec::steps::{Ending, Stop, left_undone};

impl Delete {
    pub(super) fn ending(&mut self, shared: &mut Shared) -> Ending {
        shared.leave_delete(self.id);
        let mut left: Vec<u32> = std::mem::take(&mut self.sure).into_iter().collect();
        if shared.preview {
            // What would be done is told as done.
            for at in left.drain(..) {
                shared.file(self.id, self.text(at), FileOutcome::Deleted, 0);
            }
        }
        if let Some(stop) = &self.stopped {
            let aways = self.aways.values_mut().flat_map(Backlog::drain);
            let unseen = self.folders.drain();
            let unseen: usize = unseen.map(|folder| folder.item.positions.len()).sum();
            let left = left.len() + unseen + self.files.drain().count() + aways.count();
            if left > 0 {
                let text = left_undone(left, self.kind().done(), &stop.reason());
                shared.warn_step(self.id, text);
            }
        }
        let fault = self.fault.take().map(|fault| fault.failure);
        let failure = fault.or_else(|| self.stopped.as_ref().and_then(Stop::failure));
        let set = self.gathered.take();
        if failure.is_some() || self.failures > 0 {
            return Ending::failed(failure, set);
        }
        Ending::done(set)
    }
}
