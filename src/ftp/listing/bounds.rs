//! How much one listing may bring, and how long it may take: a server need not ever stop.

use std::time::{Duration, Instant};

use crate::files::{Allowance, Limit, Page};

/// A listing that goes on, however slowly, is given so many times the time without progress.
const PATIENCE: u32 = 60;

/// Counts what comes while one listing is read.
#[derive(Debug)]
pub(in crate::ftp) struct Bounds<'a> {
    allowance: &'a Allowance,
    bytes: u64,
    lines: u64,
    entries: u64,
    name_bytes: u64,
    patience: Duration,
    until: Option<Instant>,
}

impl<'a> Bounds<'a> {
    /// Begins now, with the time that a connection may be without progress.
    pub(in crate::ftp) fn new(
        allowance: &'a Allowance,
        progress: Duration,
        now: Instant,
    ) -> Bounds<'a> {
        let patience = progress.saturating_mul(PATIENCE);
        Bounds {
            allowance,
            bytes: 0,
            lines: 0,
            entries: 0,
            name_bytes: 0,
            patience,
            until: now.checked_add(patience),
        }
    }

    /// What it counts towards.
    pub(in crate::ftp) fn allowance(&self) -> &'a Allowance {
        self.allowance
    }

    /// Takes in that so many bytes and lines have come, and what they made of the page.
    pub(in crate::ftp) fn came(
        &mut self,
        bytes: usize,
        lines: u64,
        page: &Page,
        now: Instant,
    ) -> Result<(), Limit> {
        self.bytes = self.bytes.saturating_add(bytes as u64);
        self.lines = self.lines.saturating_add(lines);
        let limits = self.allowance.limits();
        if self.bytes > limits.listed_bytes() {
            return Err(Limit::ListedBytes(limits.listed_bytes()));
        }
        if self.lines > limits.lines() {
            return Err(Limit::Lines(limits.lines()));
        }
        if self.until.is_some_and(|until| now > until) {
            return Err(Limit::Seconds(self.patience.as_secs()));
        }
        self.take(page)
    }

    /// Whether the listing had not one byte.
    pub(in crate::ftp) fn nothing_came(&self) -> bool {
        self.bytes == 0
    }

    /// Gives back what the page took: it is not kept.
    pub(in crate::ftp) fn give_back(&self) {
        self.allowance.give_back(self.entries, self.name_bytes);
    }

    fn take(&mut self, page: &Page) -> Result<(), Limit> {
        let entries = page.len() as u64 - self.entries;
        let name_bytes = page.name_bytes() as u64 - self.name_bytes;
        self.entries += entries;
        self.name_bytes += name_bytes;
        self.allowance.take(entries, name_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::{Kind, Limits};

    const PROGRESS: Duration = Duration::from_secs(60);

    fn allowance(entries: u64) -> Allowance {
        Allowance::new(Limits {
            entries,
            folders: 1,
        })
    }

    #[test]
    fn lines_that_bring_nothing_end_too() {
        let (allowance, now) = (allowance(1), Instant::now());
        let mut bounds = Bounds::new(&allowance, PROGRESS, now);
        let page = Page::default();
        assert_eq!(bounds.came(1, 400_000, &page, now), Ok(()));
        let over = bounds.came(1, 1, &page, now);
        assert_eq!(over, Err(Limit::Lines(400_000)));
    }

    #[test]
    fn a_line_without_end_and_drops_without_end_end() {
        let (allowance, now) = (allowance(1), Instant::now());
        let page = Page::default();
        let mut bounds = Bounds::new(&allowance, PROGRESS, now);
        let over = bounds.came(51_200_001, 0, &page, now);
        assert_eq!(over, Err(Limit::ListedBytes(51_200_000)));
        let mut bounds = Bounds::new(&allowance, PROGRESS, now);
        assert_eq!(bounds.came(1, 0, &page, now + 59 * PROGRESS), Ok(()));
        let late = bounds.came(1, 0, &page, now + 61 * PROGRESS);
        assert_eq!(late, Err(Limit::Seconds(3600)));
    }

    #[test]
    fn entries_of_a_page_that_is_not_kept_are_given_back() {
        let (allowance, now) = (allowance(1), Instant::now());
        let mut page = Page::default();
        page.push(b"a", Kind::File, None, None);
        for _ in 0..2 {
            let mut bounds = Bounds::new(&allowance, PROGRESS, now);
            assert_eq!(bounds.came(9, 1, &page, now), Ok(()));
            bounds.give_back();
        }
        page.push(b"b", Kind::File, None, None);
        let mut bounds = Bounds::new(&allowance, PROGRESS, now);
        assert_eq!(bounds.came(9, 2, &page, now), Err(Limit::Entries(1)));
    }
}
