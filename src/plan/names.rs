//! The names of servers, steps and variables: what they may look like, and finding the one that is meant.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};

use super::codes;
use super::context::Context;
use crate::manifest::{Finding, Path, Slot, suggest};

/// The longest name, in characters.
const LONGEST: usize = 64;

/// So many names are compared with misspelt ones, about 0.1 s; a manifest in which more are wrong has another mistake.
const MOST_COMPARED: usize = 300_000;

/// Numbers of things by their names, in the order of the file.
pub(super) struct Names {
    what: &'static str,
    names: Vec<String>,
    numbers: HashMap<String, usize>,
    /// What misspelt names probably meant: to call that unused as well would be noise.
    meant: RefCell<BTreeSet<usize>>,
    compared: Cell<usize>,
}

impl Names {
    /// Names of `what` ("step", "server").
    pub(super) fn new(what: &'static str, names: impl Iterator<Item = String>) -> Names {
        let names: Vec<String> = names.collect();
        let numbered = names.iter().cloned().enumerate();
        let numbers = numbered.map(|(at, name)| (name, at)).collect();
        Names {
            what,
            names,
            numbers,
            meant: RefCell::default(),
            compared: Cell::new(0),
        }
    }

    /// The number of a name, without a finding.
    pub(super) fn get(&self, name: &str) -> Option<usize> {
        self.numbers.get(name).copied()
    }

    /// Whether a misspelt name probably meant this one.
    pub(super) fn is_meant(&self, number: usize) -> bool {
        self.meant.borrow().contains(&number)
    }

    fn near(&self, name: &str) -> Option<&str> {
        let compared = self.compared.get() + self.names.len();
        self.compared.set(compared);
        let names = self.names.iter().map(String::as_str);
        // The first misspelt name is always compared.
        (compared <= MOST_COMPARED.max(self.names.len())).then(|| suggest(name, names))?
    }

    /// The number of a name that stands at a path; an unknown one is a finding.
    pub(super) fn find(
        &self,
        context: &mut Context<'_>,
        code: &'static str,
        name: &str,
        path: impl FnOnce() -> Path,
    ) -> Option<usize> {
        if let Some(number) = self.get(name) {
            return Some(number);
        }
        let what = self.what;
        let names = self.names.iter().map(String::as_str);
        let help = match self.near(name) {
            Some(meant) => {
                self.meant.borrow_mut().extend(self.get(meant));
                format!("did you mean `{meant}`?")
            }
            None if self.names.is_empty() => {
                format!("there is no {what} yet: add one under `{what}s:`")
            }
            None => {
                let first: Vec<String> = names.take(8).map(|name| format!("`{name}`")).collect();
                let more = if self.names.len() > first.len() {
                    ", …"
                } else {
                    ""
                };
                format!("the {what}s are {}{more}", first.join(", "))
            }
        };
        let message = format!("there is no {what} `{name}`");
        context.error(code, &path(), message, format!("unknown {what}"), help);
        None
    }
}

/// Judges a name that is a key under `path`.
pub(super) fn check_name(context: &mut Context<'_>, name: &str, path: &Path) {
    let mut characters = name.chars();
    let first = characters.next();
    let first_fits = first.is_some_and(|c| c.is_alphabetic() || c == '_');
    let rest_fits = characters.all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    if first_fits && rest_fits && name.chars().count() <= LONGEST {
        return;
    }
    let place = context.key(path);
    let message = if name.contains("${") {
        "variables cannot be used in names".to_owned()
    } else if name.chars().count() > LONGEST {
        format!("a name has at most {LONGEST} characters")
    } else {
        format!("`{name}` cannot be a name")
    };
    context.report(
        Finding::error(codes::NAME_INVALID, place, message, "not a name").help(
            "a name is letters of any script, digits, `_` and `-`, and begins with a letter or `_`",
        ),
    );
}

/// The items of a `needs` or `sources_of`: numbers of steps, each with the path where it is named.
pub(super) fn steps_named(
    context: &mut Context<'_>,
    steps: &Names,
    slot: &Slot<crate::manifest::OneOrMany>,
    parent: &Path,
    key: &str,
) -> Vec<(usize, Path)> {
    let Some(many) = context.slot(slot, || parent.key(key), "a step's name, or a list of them")
    else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (item, path) in super::context::items(many, &parent.key(key)) {
        found.extend(step_named(context, steps, item, &path).map(|step| (step, path)));
    }
    found
}

/// The step that a text names.
pub(super) fn step_named(
    context: &mut Context<'_>,
    steps: &Names,
    slot: &Slot<String>,
    path: &Path,
) -> Option<usize> {
    let name = context.plain(slot, path)?;
    steps.find(context, codes::STEP_UNKNOWN_STEP, name, || path.clone())
}
