//! The desk at which a manifest is judged: where findings are made, and fields are read out of slots.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::Range;

use secrecy::SecretString;

use super::codes;
use super::inputs::Inputs;
use super::printable::Hole;
use super::secrets::Secrets;
use super::values::BadValue;
use super::variables::{Bound, Problem, VarProblem, Variables};
use crate::files::check_command;
use crate::manifest::{
    Finding, Keys, Kind, Manifest, OneOrMany, Path, Place, Slot, Style, suggest,
};

/// Everything that judging a manifest needs and gathers.
pub(super) struct Context<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) inputs: &'a Inputs,
    pub(super) findings: Vec<Finding>,
    pub(super) holes: Vec<Hole>,
    pub(super) secrets: Secrets,
    /// The run's start, from which durations count back.
    pub(super) started: i64,
    variables: Variables<'a>,
}

impl<'a> Context<'a> {
    /// A desk with the variables resolved.
    ///
    /// `timeless` leaves what the run binds as it is written.
    pub(super) fn new(manifest: &'a Manifest, inputs: &'a Inputs, timeless: bool) -> Context<'a> {
        let (variables, problems) = Variables::new(manifest, inputs, timeless);
        let mut context = Context {
            manifest,
            inputs,
            findings: Vec::new(),
            holes: Vec::new(),
            secrets: Secrets::default(),
            started: if timeless { 0 } else { inputs.started },
            variables,
        };
        for problem in problems {
            match problem {
                VarProblem::Text(path, problem) => context.variable(&path, problem),
                VarProblem::Cycle(names) => context.variable_cycle(&names),
            }
        }
        context
    }

    /// The gatherings: findings, holes, and secrets, those of secret files included.
    pub(super) fn finish(mut self) -> (Vec<Finding>, Vec<Hole>, Secrets) {
        for value in self.variables.into_secrets() {
            self.secrets.mask(SecretString::from(value));
        }
        (self.findings, self.holes, self.secrets)
    }

    /// Seconds that local time is ahead of UTC, where a text shows the date.
    pub(super) fn zone(&self) -> Option<i32> {
        let inputs = self.inputs;
        let dated = self.variables.are_dated();
        dated.then(|| (inputs.zone)(inputs.started))
    }

    /// The value of every declared variable.
    pub(super) fn variable_values(&self) -> BTreeMap<String, String> {
        self.variables.values()
    }

    /// Names of declared variables that nothing used.
    pub(super) fn unused_variables(&self) -> Vec<&'a str> {
        self.variables.unused().collect()
    }

    /// Where the value at a path stands.
    pub(super) fn at(&self, path: &Path) -> Place {
        self.manifest.place(path)
    }

    /// Where the key of a path stands.
    pub(super) fn key(&self, path: &Path) -> Place {
        self.manifest.key_place(path)
    }

    /// Takes a finding in.
    pub(super) fn report(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// An error about the value at a path; says where an alias to it is used.
    pub(super) fn error(
        &mut self,
        code: &'static str,
        path: &Path,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) {
        let location = self.manifest.locate(path);
        let mut finding = Finding::error(code, location.value, message, label).help(help);
        if let Some(via) = location.via {
            finding = finding.also(via, "used here through an alias");
        }
        self.findings.push(finding);
    }

    /// A key without which its map makes no sense.
    pub(super) fn required(&mut self, parent: &Path, key: &str, help: impl Into<String>) {
        let place = self.key(parent);
        let message = format!("`{key}` is missing");
        let label = format!("needs `{key}`");
        self.findings
            .push(Finding::error(codes::VALUE_REQUIRED, place, message, label).help(help));
    }

    /// The value of a slot. What is there and of the wrong sort becomes a finding.
    pub(super) fn slot<'s, T>(
        &mut self,
        slot: &'s Slot<T>,
        path: impl FnOnce() -> Path,
        wanted: &str,
    ) -> Option<&'s T> {
        match slot {
            Slot::Absent => None,
            Slot::Is(value) => Some(value),
            Slot::Null => {
                let path = path();
                let place = self.key(&path);
                let wanted = if wanted == "text" { "a value" } else { wanted };
                self.findings.push(
                    Finding::error(
                        codes::VALUE_MISSING,
                        place,
                        format!("{} has no value", name_of(&path)),
                        "nothing follows",
                    )
                    .help(format!(
                        "write {wanted}, or leave the key out; a `#` begins a comment, and a text with one \
                         needs quotes"
                    )),
                );
                None
            }
            Slot::Bad => {
                self.wrong_sort(&path(), wanted);
                None
            }
        }
    }

    fn wrong_sort(&mut self, path: &Path, wanted: &str) {
        if self.manifest.is_reported(path) {
            return;
        }
        let node = self.manifest.tree().and_then(|tree| tree.find(path));
        let is = match node.map(|node| &node.kind) {
            Some(Kind::Map(_)) => "a map",
            Some(Kind::Seq(_)) => "a list",
            Some(Kind::Scalar { .. }) => "text",
            Some(Kind::Broken) => return,
            None => "something else",
        };
        let message = format!("{} is {is}, and must be {wanted}", name_of(path));
        let help = match node.map(|node| &node.kind) {
            Some(Kind::Seq(_)) if wanted == "text" => {
                "write one value, without `[…]` and without `- `".into()
            }
            Some(Kind::Map(_)) if wanted == "text" => {
                "write one value, without `{…}` and without keys below it".into()
            }
            _ => format!("write {wanted}"),
        };
        self.error(codes::VALUE_TYPE, path, message, is, help);
    }

    /// A text as written, for fields in which no variable may stand.
    pub(super) fn plain<'s>(&mut self, slot: &'s Slot<String>, path: &Path) -> Option<&'s str> {
        let text = self.slot(slot, || path.clone(), "text")?;
        if let Some(at) = text.find("${") {
            let place = self.part(path, at..text.len());
            let message = format!("variables cannot be used in {}", name_of(path));
            self.findings.push(
                Finding::error(codes::VARIABLE_NOT_HERE, place, message, "not here")
                    .help("write the text itself: names, and what waits for what, are known before any value is"),
            );
            return None;
        }
        Some(text)
    }

    /// A text with its variables put in. One that holds an unknown value is noted as a hole.
    pub(super) fn text(&mut self, slot: &Slot<String>, parent: &Path, key: &str) -> Option<Bound> {
        let text = self.slot(slot, || parent.key(key), "text")?;
        Some(self.bind(text, || parent.key(key)))
    }

    /// Puts the variables into a text.
    pub(super) fn bind(&mut self, text: &str, path: impl FnOnce() -> Path) -> Bound {
        if !text.contains("${") {
            return Bound::literal(text);
        }
        let path = path();
        let (bound, problems) = self.variables.bind(text);
        for problem in problems {
            self.variable(&path, problem);
        }
        if bound.unknown {
            self.holes.push(Hole {
                path: path.to_string(),
                written: text.to_owned(),
            });
        }
        bound
    }

    /// A typed value; absent where the key is, where it is wrong, and where it is not known yet.
    pub(super) fn value<T>(
        &mut self,
        slot: &Slot<String>,
        parent: &Path,
        key: &str,
        read: impl FnOnce(&str) -> Result<T, BadValue>,
    ) -> Option<T> {
        let bound = self.text(slot, parent, key)?;
        self.read(&bound, || parent.key(key), read)
    }

    /// Reads a bound text as a typed value.
    pub(super) fn read<T>(
        &mut self,
        bound: &Bound,
        path: impl FnOnce() -> Path,
        read: impl FnOnce(&str) -> Result<T, BadValue>,
    ) -> Option<T> {
        if bound.unknown {
            return None;
        }
        match read(&bound.text) {
            Ok(value) => Some(value),
            Err(bad) => {
                self.bad(bound, &path(), &bad);
                None
            }
        }
    }

    /// A value that its field does not take. One that came from outside is not repeated: it may be secret.
    pub(super) fn bad(&mut self, bound: &Bound, path: &Path, bad: &BadValue) {
        let message = if bound.outside || bound.text.len() > 80 || bound.text.contains('\n') {
            format!("the value of {} is not {}", name_of(path), bad.wanted)
        } else {
            format!("{}: `{}` is not {}", name_of(path), bound.text, bad.wanted)
        };
        self.error(
            codes::VALUE_BAD,
            path,
            message,
            format!("not {}", bad.wanted),
            &bad.help,
        );
    }

    /// Keys that a map does not know.
    pub(super) fn unknown_keys<K: Keys>(&mut self, unknown: &[String], parent: &Path) {
        for key in unknown {
            self.unknown_key(key, parent, &K::keys());
        }
    }

    /// A key that is none of these.
    pub(super) fn unknown_key(&mut self, key: &str, parent: &Path, known: &[&str]) {
        if self.foreign_key(key, parent, known) {
            return;
        }
        let place = self.key(&parent.key(key));
        let help = match suggest(key, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("the keys here are {}", known.join(", ")),
        };
        let message = format!("the key `{key}` is unknown here");
        self.findings
            .push(Finding::error(codes::KEY_UNKNOWN, place, message, "unknown key").help(help));
    }

    /// The items of a text-or-list, each with its path and variables put in.
    pub(super) fn texts(
        &mut self,
        slot: &Slot<OneOrMany>,
        parent: &Path,
        key: &str,
    ) -> Vec<(Bound, Path)> {
        let Some(many) = self.slot(slot, || parent.key(key), "text or a list of texts") else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for (item, path) in items(many, &parent.key(key)) {
            if let Some(text) = self.slot(item, || path.clone(), "text") {
                let bound = self.bind(text, || path.clone());
                found.push((bound, path));
            }
        }
        found
    }

    /// Whether a text may become part of an FTP command (RFC 959 §5.3: a line ends it).
    pub(super) fn command_safe(&mut self, bound: &Bound, path: impl FnOnce() -> Path) -> bool {
        let Err(problem) = check_command(bound.text.as_bytes()) else {
            return true;
        };
        let path = path();
        let message = format!(
            "in {}, {}",
            name_of(&path),
            problem.to_string().replace("the name", "the text")
        );
        self.error(
            codes::PATH_CONTROL_CHARACTER,
            &path,
            message,
            "cannot be sent",
            "take the line break out; a block text (`|`) ends with one, `|-` does not",
        );
        false
    }

    /// The place of a stretch of a scalar's text; the whole scalar where escapes or folding moved its characters.
    pub(super) fn part(&self, path: &Path, range: Range<usize>) -> Place {
        let whole = self.at(path);
        let node = self.manifest.tree().and_then(|tree| tree.find(path));
        let Some(Kind::Scalar { text, style }) = node.map(|node| &node.kind) else {
            return whole;
        };
        let quotes = match style {
            Style::Plain => 0,
            Style::Quoted => 1,
            Style::Block => return whole,
        };
        let start = whole.start as usize + quotes;
        if text.len() + 2 * quotes != (whole.end - whole.start) as usize || text.contains('\n') {
            return whole;
        }
        Place::new(start + range.start, start + range.end)
    }

    fn variable(&mut self, path: &Path, problem: Problem) {
        let place = self.part(path, problem.range);
        self.findings.push(
            Finding::error(problem.code, place, problem.message, problem.label).help(problem.help),
        );
    }

    fn variable_cycle(&mut self, names: &[String]) {
        let vars = Path::root().key("vars");
        let first = self.at(&vars.key(&names[0]));
        let message = format!("variables use each other in a circle: {}", circle(names));
        let mut finding = Finding::error(codes::VARIABLE_CYCLE, first, message, "begins here")
            .help("give one of them a value of its own");
        for name in &names[1..] {
            finding = finding.also(self.at(&vars.key(name)), "and goes on here");
        }
        self.findings.push(finding);
    }
}

/// The items of a text-or-list with their paths.
pub(super) fn items<'s>(
    many: &'s OneOrMany,
    path: &Path,
) -> impl Iterator<Item = (&'s Slot<String>, Path)> {
    let path = path.clone();
    many.items.iter().enumerate().map(move |(at, item)| {
        let path = if many.listed {
            path.index(at)
        } else {
            path.clone()
        };
        (item, path)
    })
}

/// `a` → `b` → `a`
pub(super) fn circle<T: Display>(names: &[T]) -> String {
    let closed = names.iter().chain(names.first());
    let quoted: Vec<String> = closed.map(|name| format!("`{name}`")).collect();
    quoted.join(" → ")
}

/// How a path's value is called in a message: its last key, in backquotes.
pub(super) fn name_of(path: &Path) -> String {
    use crate::manifest::Segment;
    let last = path
        .segments()
        .iter()
        .rev()
        .find_map(|segment| match segment {
            Segment::Key(key) => Some(key.as_str()),
            Segment::Index(_) => None,
        });
    format!("`{}`", last.unwrap_or("manifest"))
}
