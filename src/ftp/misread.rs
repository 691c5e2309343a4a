//! What names tell of their encoding where a path was not found: by what its folder shows, and nothing else is sent.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::files::{Allowance, Guess, Kind, NameEncoding, OddNames, Page, stands_in};

use super::error::{Error, ErrorKind, Hint, NOT_ASCII};
use super::session::Session;

/// Names above ASCII that are kept to tell by.
const KEPT: usize = 1000;

/// Names that are longer are compared with nothing: that is quadratic.
const LONGEST: usize = 128;

/// Two letters of three are the same.
const LIKE: f64 = 0.66;

impl Session {
    /// Lists a folder for one of its names, and for those that tell in what encoding it may stand there, or that are like it.
    pub(super) fn list_near(&mut self, folder: &[u8], name: &[u8]) -> Result<Page, Error> {
        let (name, kept) = (name.to_vec(), AtomicUsize::new(0));
        let tells = move |other: &[u8]| {
            let tells = match name.is_ascii() {
                true => likeness(&name, other) > 0.0,
                false => !other.is_ascii(),
            };
            other == name || (tells && kept.fetch_add(1, Ordering::Relaxed) < KEPT)
        };
        let allowance = Allowance::new(self.endpoint.limits).only(tells);
        self.list_within(folder, &allowance)
    }

    /// What to do where a name is not in its folder, as far as the folder's listing tells.
    pub(super) fn why_missing(&self, folder: &[u8], name: &[u8], page: &Page) -> Option<Hint> {
        let hint = |misread| move |text| Hint { text, misread };
        let encoding = self.why_misread(folder, name, page).map(hint(true));
        encoding.or_else(|| self.near(name, page).map(hint(false)))
    }

    /// The folder there that is most like one that is not.
    fn near(&self, name: &[u8], page: &Page) -> Option<String> {
        let folders = page.entries().filter(|entry| entry.kind != Kind::File);
        let like = folders.map(|entry| (likeness(name, entry.name), entry.name));
        let (_, nearest) = like
            .filter(|(like, _)| *like > 0.0)
            .max_by(|(one, _), (other, _)| one.total_cmp(other))?;
        let nearest = self.control.shown().text(nearest);
        Some(format!("check the path; `{nearest}` is there"))
    }

    /// What to set where the encoding is why.
    fn why_misread(&self, folder: &[u8], name: &[u8], page: &Page) -> Option<String> {
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

/// How alike two names are that a slip of the hand may tell apart, up to 1; 0 where it would not.
fn likeness(name: &[u8], other: &[u8]) -> f64 {
    let text = |name: &[u8]| match name.len() {
        1..=LONGEST => Some(String::from_utf8_lossy(name).to_lowercase()),
        _ => None,
    };
    let (Some(name), Some(other)) = (text(name), text(other)) else {
        return 0.0;
    };
    let like = strsim::normalized_damerau_levenshtein(&name, &other);
    if like >= LIKE { like } else { 0.0 }
}
