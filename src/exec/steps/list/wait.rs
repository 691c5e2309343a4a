//! `wait` of a list: whether what a look has shown is enough, and when the next one is taken.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::event::Event;
use crate::journal::SeenMarkers;
use crate::plan::{Awaited, StepId, Verdict, Wait};

use super::sight::{Judge, Sight};

/// What a list waits for, and what it has seen.
pub(super) struct Waiting {
    rules: Wait,
    /// The markers that earlier runs have seen.
    seen: Arc<SeenMarkers>,
    /// When the step was released.
    began: Option<Instant>,
    /// When the look under way began.
    look: Option<Instant>,
    /// What the step would yield, hashed, and since when it is known to be so.
    same: Option<(u64, Instant)>,
    /// What was told last: how much was there, and its hash.
    told: Option<(usize, u64)>,
}

/// What a look leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Judged {
    /// What was waited for is there.
    Enough,
    /// The next look is taken then.
    Later(Instant),
    /// There is no more time.
    Over,
    /// A run would wait, and this is none.
    Preview,
}

impl Waiting {
    pub(super) fn new(rules: &Wait, seen: Arc<SeenMarkers>) -> Waiting {
        Waiting {
            rules: rules.clone(),
            seen,
            began: None,
            look: None,
            same: None,
            told: None,
        }
    }

    /// What judges a look, in its job.
    pub(super) fn judge(&self) -> Judge {
        Judge {
            rules: self.rules.clone(),
            seen: Arc::clone(&self.seen),
        }
    }

    /// The step begins, with its first look.
    pub(super) fn begin(&mut self, now: Instant) {
        self.began.get_or_insert(now);
        self.look.get_or_insert(now);
    }

    /// A further look begins.
    pub(super) fn look_begins(&mut self, now: Instant) {
        self.look = Some(now);
    }

    /// What a look that has ended leads to. What it shows is as old as its end, and what it shows again as its beginning:
    /// whatever was listed first in one and last in the other was the same in between.
    pub(super) fn judged(&mut self, sight: &Sight, now: Instant, preview: bool) -> Judged {
        let began = self.look.unwrap_or(now);
        let since = match self.same {
            Some((hash, since)) if hash == sight.hash => since,
            _ => now,
        };
        self.same = Some((sight.hash, since));
        let settled = since + self.rules.stable;
        let enough = sight.counted as u64 >= self.rules.count;
        let stable = self.rules.stable.is_zero() || settled <= began;
        if preview {
            return if enough {
                Judged::Enough
            } else {
                Judged::Preview
            };
        }
        if enough && stable {
            return Judged::Enough;
        }
        // The last look is one that begins at the end: one that took long may have shown what was long ago.
        let end = self.end(now);
        if began >= end {
            return Judged::Over;
        }
        let next = now + self.rules.every;
        let next = if enough {
            next.min(settled.max(now))
        } else {
            next
        };
        Judged::Later(next.min(end.max(now)))
    }

    fn end(&self, now: Instant) -> Instant {
        self.began.unwrap_or(now) + self.rules.timeout
    }

    /// Tells that it waits, where something has changed since that was told.
    pub(super) fn told(
        &mut self,
        sight: &Sight,
        judged: &Judged,
        now: Instant,
        step: StepId,
    ) -> Option<Event> {
        let Judged::Later(next) = judged else {
            return None;
        };
        let new = Some((sight.counted, sight.hash));
        if std::mem::replace(&mut self.told, new) == new {
            return None;
        }
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let found = sight.counted as u64;
        Some(Event::Waiting {
            step: step.0 as usize,
            what: self.rules.written(),
            found,
            count: self.rules.count,
            files: sight.files as u64,
            stable_ms: (found >= self.rules.count).then(|| ms(self.rules.stable)),
            wait_ms: ms(next.saturating_duration_since(now)),
            left_ms: ms(self.end(now).saturating_duration_since(now)),
        })
    }

    /// Whether the step yields nothing when its time is over, and does not fail.
    pub(super) fn yields_nothing(&self) -> bool {
        self.rules.on_timeout == Verdict::Fine
    }

    /// What `ftpflow plan` says of a wait.
    pub(super) fn would_wait(&self, sight: &Sight) -> String {
        format!(
            "a run would wait here: {}; this is what is there now",
            self.there(sight)
        )
    }

    /// The end of the time, and what to do.
    pub(super) fn over(&self, sight: &Sight) -> (String, String) {
        let time = humantime::format_duration(self.rules.timeout);
        let changed = match sight.counted as u64 >= self.rules.count {
            true => format!(
                ", but what is there did not stay the same for `stable: {}`",
                humantime::format_duration(self.rules.stable)
            ),
            false => String::new(),
        };
        let message = format!(
            "the wait ended after `timeout: {time}`: {}{changed}",
            self.there(sight)
        );
        let mut help = match self.rules.what {
            _ if !changed.is_empty() => {
                "write a longer `timeout` or a shorter `stable`, if it is written to all the time"
            }
            Awaited::Matching(_) => "check the pattern and the folder, write a longer `timeout`",
            Awaited::Marked(_) => "check what the markers are called, write a longer `timeout`",
        }
        .to_owned();
        if self.rules.on_timeout == Verdict::Fail {
            help.push_str(", or `on_timeout: empty` where nothing is fine, too");
        }
        (message, help)
    }

    /// `0 of 2 files match `*.done`, and 1 is wanted; there are `a.csv`, `a.Done``
    fn there(&self, sight: &Sight) -> String {
        let (found, all, written) = (sight.counted, sight.files, self.rules.written());
        let verb = match &self.rules.what {
            Awaited::Matching(_) => format!("match `{written}`"),
            Awaited::Marked(_) => format!("have their marker `{written}`"),
        };
        let wanted = match self.rules.count {
            1 => "1 is wanted".to_owned(),
            count => format!("{count} are wanted"),
        };
        let near: Vec<String> = sight.near.iter().map(|name| format!("`{name}`")).collect();
        let near = match near.is_empty() {
            true => String::new(),
            false => format!("; there are {}", near.join(", ")),
        };
        let old = match sight.old {
            0 => String::new(),
            old => format!(" ({old} more were there in an earlier run)"),
        };
        match all {
            0 => format!("no file is there to {verb}, and {wanted}"),
            _ => format!("{found} of {all} files {verb}{old}, and {wanted}{near}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn waiting(stable: u32, every: u32) -> Waiting {
        let rules = Wait {
            what: Awaited::Matching("*.done".into()),
            count: 2,
            stable: SECOND * stable,
            every: SECOND * every,
            timeout: SECOND * 100,
            on_timeout: Verdict::Fail,
        };
        Waiting::new(&rules, Arc::default())
    }

    /// A look from one second to another, with so many files, and what they look like.
    fn look(
        waiting: &mut Waiting,
        start: Instant,
        (from, to): (u32, u32),
        counted: usize,
        hash: u64,
    ) -> Judged {
        waiting.begin(start);
        waiting.look_begins(start + SECOND * from);
        let sight = Sight {
            counted,
            hash,
            ..Sight::default()
        };
        waiting.judged(&sight, start + SECOND * to, false)
    }

    #[test]
    fn what_was_the_same_from_the_end_of_one_look_to_the_beginning_of_another_is_stable() {
        let (start, mut wait) = (Instant::now(), waiting(10, 30));
        let at = |seconds| Judged::Later(start + SECOND * seconds);
        // Too little: the next look is a whole interval away.
        assert_eq!(look(&mut wait, start, (0, 2), 1, 1), at(32));
        // Enough, and new: as soon as it may be stable.
        assert_eq!(look(&mut wait, start, (32, 34), 2, 2), at(44));
        assert_eq!(look(&mut wait, start, (44, 46), 2, 3), at(56));
        // A look that began too early proves nothing, and is taken again at once.
        assert_eq!(look(&mut wait, start, (55, 57), 2, 3), at(57));
        assert_eq!(look(&mut wait, start, (57, 59), 2, 3), Judged::Enough);
    }

    #[test]
    fn one_look_is_enough_where_nothing_has_to_be_stable() {
        let (start, mut wait) = (Instant::now(), waiting(0, 30));
        assert_eq!(look(&mut wait, start, (0, 2), 2, 1), Judged::Enough);
    }

    #[test]
    fn the_last_look_is_taken_when_the_time_is_over() {
        let (start, mut wait) = (Instant::now(), waiting(10, 30));
        let at = |seconds| Judged::Later(start + SECOND * seconds);
        assert_eq!(look(&mut wait, start, (80, 81), 0, 1), at(100));
        assert_eq!(look(&mut wait, start, (100, 101), 0, 1), Judged::Over);
        let mut wait = waiting(10, 30);
        assert_eq!(look(&mut wait, start, (80, 81), 2, 1), at(91));
        assert_eq!(look(&mut wait, start, (99, 101), 2, 1), Judged::Enough);
        // A look that lasts beyond the end is not the last.
        let mut wait = waiting(10, 30);
        assert_eq!(look(&mut wait, start, (80, 81), 2, 1), at(91));
        assert_eq!(look(&mut wait, start, (90, 130), 2, 1), at(130));
        assert_eq!(look(&mut wait, start, (130, 131), 2, 1), Judged::Enough);
    }
}
