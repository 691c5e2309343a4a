//! When something happens: rules are data, matched against each command in the order of their writing.

use std::sync::Mutex;

use super::faults::Do;

/// The verb of the moment before the greeting.
pub(super) const CONNECT: &str = "(connect)";

/// When a rule applies. All that is said must hold.
#[derive(Clone, Debug)]
#[must_use]
pub struct On {
    verb: String,
    path: Option<Path>,
    occurrence: Option<Occurrence>,
    session: Option<usize>,
}

#[derive(Clone, Debug)]
enum Path {
    Is(Vec<u8>),
    Has(Vec<u8>),
}

#[derive(Clone, Copy, Debug)]
enum Occurrence {
    Nth(usize),
    From(usize),
}

impl On {
    /// At this command, in any letter case.
    pub fn command(verb: &str) -> Self {
        Self {
            verb: verb.to_ascii_uppercase(),
            path: None,
            occurrence: None,
            session: None,
        }
    }

    /// When a client connects: a reply takes the place of the greeting.
    pub fn connect() -> Self {
        Self::command(CONNECT)
    }

    /// Only when the command is about this very path (absolute; for a listing without an argument,
    /// the current folder).
    pub fn path(mut self, path: impl AsRef<[u8]>) -> Self {
        self.path = Some(Path::Is(path.as_ref().to_vec()));
        self
    }

    /// Only when these bytes stand anywhere in the path: for temporary names.
    pub fn path_has(mut self, part: impl AsRef<[u8]>) -> Self {
        self.path = Some(Path::Has(part.as_ref().to_vec()));
        self
    }

    /// Only the nth time, counted from 1 over all sessions, that the rest matches.
    pub fn nth(mut self, nth: usize) -> Self {
        self.occurrence = Some(Occurrence::Nth(nth));
        self
    }

    /// From the nth time on.
    pub fn since_nth(mut self, nth: usize) -> Self {
        self.occurrence = Some(Occurrence::From(nth));
        self
    }

    /// Only in this session, counted from 1 in the order of connecting.
    pub fn session(mut self, number: usize) -> Self {
        self.session = Some(number);
        self
    }

    fn matches(&self, moment: &Moment<'_>) -> bool {
        let path = match (&self.path, moment.path) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(Path::Is(wanted)), Some(path)) => wanted == path,
            (Some(Path::Has(part)), Some(path)) => {
                path.windows(part.len().max(1)).any(|window| window == part)
            }
        };
        path && self.verb.eq_ignore_ascii_case(moment.verb)
            && self.session.is_none_or(|session| session == moment.session)
    }
}

/// A command, as rules see it.
pub(super) struct Moment<'a> {
    pub(super) session: usize,
    pub(super) verb: &'a str,
    pub(super) path: Option<&'a [u8]>,
}

/// All rules of a server, with how often each has matched.
pub(super) struct Rules(Mutex<Vec<(On, Vec<Do>, usize)>>);

impl Rules {
    pub(super) fn new(rules: Vec<(On, Vec<Do>)>) -> Self {
        Self(Mutex::new(
            rules.into_iter().map(|(on, does)| (on, does, 0)).collect(),
        ))
    }

    pub(super) fn add(&self, on: On, does: Vec<Do>) {
        self.0.lock().unwrap().push((on, does, 0));
    }

    /// What is to happen now.
    pub(super) fn at(&self, moment: &Moment<'_>) -> Vec<Do> {
        let mut rules = self.0.lock().unwrap();
        let matching = rules.iter_mut().filter(|(on, ..)| on.matches(moment));
        let firing = matching.filter_map(|(on, does, seen)| {
            *seen += 1;
            let fires = match on.occurrence {
                None => true,
                Some(Occurrence::Nth(nth)) => *seen == nth,
                Some(Occurrence::From(nth)) => *seen >= nth,
            };
            fires.then(|| does.clone())
        });
        firing.flatten().collect()
    }
}
