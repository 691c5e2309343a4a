//! What names tell of their encoding where a path was not found: by what its folder shows, and nothing else is sent.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::files::{Allowance, Guess, NameEncoding, OddNames, Page, stands_in};

use super::error::{Error, ErrorKind, Hint, NOT_ASCII};
use super::session::Session;

/// Names above ASCII that are kept to tell by.
const KEPT: usize = 1000;

impl Session {
    /// Lists a folder for one of its names, and for those that tell in what encoding it may stand there.
    pub(super) fn list_near(&mut self, folder: &[u8], name: &[u8]) -> Result<Page, Error> {
        if name.is_ascii() {
            return self.list_one(folder, name);
        }
        let (name, kept) = (name.to_vec(), AtomicUsize::new(0));
        let near = move |other: &[u8]| {
            other == name || (!other.is_ascii() && kept.fetch_add(1, Ordering::Relaxed) < KEPT)
        };
        let allowance = Allowance::new(self.endpoint.limits).only(near);
        self.list_within(folder, &allowance)
    }

    /// What to set where a name is not in its folder, and the encoding is why, as far as the folder's listing tells.
    pub(super) fn why_missing(&self, folder: &[u8], name: &[u8], page: &Page) -> Option<String> {
        let (encoding, server) = (self.endpoint.encoding, &self.endpoint.name);
        let read = encoding.decode(name);
        if name.is_ascii() || !read.exact {
            return None;
        }
        let names: Vec<&[u8]> = page.entries().map(|entry| entry.name).collect();
        if let Some(how) = stands_in(&read.text, &names, server) {
            let name = self.control.shown().text(name);
            return Some(format!("`{name}` {how}"));
        }
        if encoding != NameEncoding::Auto {
            return None;
        }
        let mut odd = OddNames::default();
        names.iter().for_each(|name| odd.see(name));
        let guess = self.redacted(odd.alarm()?);
        let folder = self.control.shown().text(folder);
        Some(format!("the names in `{folder}` {}", guess.advice(server)))
    }

    /// An error for a path that is not there, with what may be why.
    pub(super) fn missing(&self, refused: Error, path: &[u8], hint: Option<Box<Hint>>) -> Error {
        let unsaid = self.endpoint.encoding == NameEncoding::Auto && !self.facts.announces_utf8();
        let missing = refused.with_kind(ErrorKind::Missing);
        match hint {
            None if unsaid && !path.is_ascii() => missing.words(&NOT_ASCII),
            hint => missing.hint(hint),
        }
    }

    /// A guess as it may be shown.
    pub(super) fn redacted(&self, guess: Guess) -> Guess {
        let redact = self.control.shown().redact();
        guess.shown(|reading| redact(reading))
    }
}
