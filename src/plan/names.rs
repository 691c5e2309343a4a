//! The names of servers, steps and variables: what they may look like, and finding the one that is meant.

use std::collections::HashMap;

use super::codes;
use super::context::Context;
use super::values::either;
use crate::manifest::{Finding, Path, Slot, suggest};

/// The longest name, in characters.
const LONGEST: usize = 64;

/// Numbers of things by their names, in the order of the file.
pub(super) struct Names {
    what: &'static str,
    names: Vec<String>,
    numbers: HashMap<String, usize>,
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
        }
    }

    /// The number of a name, without a finding.
    pub(super) fn get(&self, name: &str) -> Option<usize> {
        self.numbers.get(name).copied()
    }

    /// The number of a name that stands at a path; an unknown one is a finding.
    pub(super) fn find(
        &self,
        context: &mut Context<'_>,
        code: &'static str,
        name: &str,
        path: &Path,
    ) -> Option<usize> {
        if let Some(number) = self.get(name) {
            return Some(number);
        }
        let what = self.what;
        let names = self.names.iter().map(String::as_str);
        let help = match suggest(name, names.clone()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if self.names.is_empty() => {
                format!("there is no {what} yet: add one under `{what}s:`")
            }
            None => {
                let first: Vec<&str> = names.take(8).collect();
                let more = if self.names.len() > first.len() {
                    ", …"
                } else {
                    ""
                };
                format!("there are {}{more}", either(&first))
            }
        };
        let message = format!("there is no {what} `{name}`");
        context.error(code, path, message, format!("unknown {what}"), help);
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
    steps.find(context, codes::STEP_UNKNOWN_STEP, name, path)
}
