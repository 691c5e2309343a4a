//! Binding: every `${…}` replaced by its value, once. What came out carries where it came from.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::Range;

use chrono::format::StrftimeItems;
use chrono::{FixedOffset, TimeDelta, TimeZone};

use super::codes;
use super::graph::Graph;
use super::inputs::{Inputs, Values};
use super::template::{Flaw, Piece, Reference, Template};
use crate::manifest::{Manifest, Path, Slot, suggest};

/// The longest text with its variables put in, in bytes: variables of variables multiply, and no path, pattern or password
/// is as long.
const LONGEST: usize = 8 << 10;

/// A text with its variables put in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Bound {
    /// The text; a reference whose value is unknown stands as it is written.
    pub(super) text: String,
    /// Whether a value was unknown (or wrong, which is a finding of its own).
    pub(super) unknown: bool,
    /// Whether it holds a value that does not stand in the manifest. Such a text is never quoted.
    pub(super) outside: bool,
    /// Whether a value came from the environment, a file or the run: it is not known when a manifest is checked.
    pub(super) late: bool,
    /// Every value that was put in, those inside other variables included.
    pub(super) parts: BTreeSet<String>,
}

/// Something wrong with a `${…}`, and where in the text it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) code: &'static str,
    pub(super) range: Range<usize>,
    pub(super) message: String,
    pub(super) label: String,
    pub(super) help: String,
}

/// A problem of a variable's own text, or a cycle, with the path where it belongs.
#[derive(Debug)]
pub(super) enum VarProblem {
    Text(Path, Problem),
    /// Names; each uses the next, and the last the first.
    Cycle(Vec<String>),
}

/// All values that a manifest's texts can use.
#[derive(Debug)]
pub(super) struct Variables<'a> {
    inputs: &'a Inputs,
    /// Whether what the run binds stays as it is written.
    timeless: bool,
    /// Whether a text shows the date.
    dated: bool,
    vars: BTreeMap<&'a str, Bound>,
    used: BTreeSet<&'a str>,
    files: BTreeSet<String>,
}

impl Bound {
    /// A text without variables.
    pub(super) fn literal(text: impl Into<String>) -> Bound {
        Bound {
            text: text.into(),
            ..Bound::default()
        }
    }

    fn hole(written: &str) -> Bound {
        Bound {
            unknown: true,
            outside: true,
            ..Bound::literal(written)
        }
    }

    fn value(text: String) -> Bound {
        Bound {
            outside: true,
            parts: BTreeSet::from([text.clone()]),
            ..Bound::literal(text)
        }
    }

    fn append(&mut self, part: Bound) {
        self.text.push_str(&part.text);
        self.unknown |= part.unknown;
        self.outside |= part.outside;
        self.late |= part.late;
        self.parts.extend(part.parts);
    }
}

impl<'a> Variables<'a> {
    /// Resolves `vars:`, in whatever order they use each other.
    pub(super) fn new(
        manifest: &'a Manifest,
        inputs: &'a Inputs,
        timeless: bool,
    ) -> (Variables<'a>, Vec<VarProblem>) {
        let mut variables = Variables {
            inputs,
            timeless,
            dated: false,
            vars: BTreeMap::new(),
            used: BTreeSet::new(),
            files: BTreeSet::new(),
        };
        let mut problems = Vec::new();
        let declared: &[(String, Slot<String>)] =
            manifest.vars.get().map(Vec::as_slice).unwrap_or_default();
        let order = match uses(declared, inputs).order() {
            Ok(order) => order,
            Err(cycle) => {
                let names = cycle.iter().map(|&at| declared[at].0.clone());
                problems.push(VarProblem::Cycle(names.collect()));
                (0..declared.len()).collect()
            }
        };
        // Everything is declared before anything is bound: a name in a cycle is not an unknown one.
        for (name, slot) in declared {
            let written = slot.get().map(String::as_str).unwrap_or_default();
            variables.vars.insert(name, Bound::hole(written));
        }
        for at in order {
            let (name, slot) = &declared[at];
            let bound = match (inputs.vars.get(name), slot) {
                (Some(value), _) => Bound::value(value.clone()),
                (None, Slot::Is(text)) => {
                    let (mut bound, found) = variables.bind(text);
                    let path = Path::root().key("vars").key(name);
                    let found = found.into_iter();
                    problems.extend(found.map(|problem| VarProblem::Text(path.clone(), problem)));
                    if !bound.unknown {
                        bound.parts.insert(bound.text.clone());
                    }
                    bound
                }
                (None, _) => continue,
            };
            variables.vars.insert(name, bound);
        }
        (variables, problems)
    }

    /// Puts the values into a text. Of a `${…}` that is wrong the text stays.
    pub(super) fn bind(&mut self, text: &str) -> (Bound, Vec<Problem>) {
        let mut bound = Bound::default();
        let mut problems = Vec::new();
        for piece in Template::parse(text).pieces {
            match piece {
                Piece::Literal(text) => bound.text.push_str(text),
                Piece::Reference(_, range) if bound.text.len() > LONGEST => {
                    problems.push(too_long(range));
                    return (Bound::hole(text), problems);
                }
                Piece::Reference(reference, range) => {
                    let written = &text[range.clone()];
                    let value = self.value(&reference, written).unwrap_or_else(|problem| {
                        problems.push(Problem { range, ..problem });
                        Bound::hole(written)
                    });
                    bound.append(value);
                }
                Piece::Flaw(fault, range) => {
                    bound.append(Bound::hole(&text[range.clone()]));
                    problems.push(syntax(fault, range));
                }
            }
        }
        if bound.text.len() > LONGEST.max(text.len()) {
            problems.push(too_long(0..text.len()));
            return (Bound::hole(text), problems);
        }
        (bound, problems)
    }

    /// The value of every declared variable.
    pub(super) fn values(&self) -> BTreeMap<String, String> {
        let values = self.vars.iter();
        values
            .map(|(name, bound)| ((*name).to_owned(), bound.text.clone()))
            .collect()
    }

    /// The declared variables that no text used.
    pub(super) fn unused(&self) -> impl Iterator<Item = &'a str> {
        let names = self.vars.keys().copied();
        names.filter(|name| !self.used.contains(name))
    }

    /// Whether a text shows the date of the run.
    pub(super) fn are_dated(&self) -> bool {
        self.dated
    }

    /// The content of all secret files that were used.
    pub(super) fn into_secrets(self) -> impl Iterator<Item = String> {
        self.files.into_iter()
    }

    fn value(&mut self, reference: &Reference<'_>, written: &str) -> Result<Bound, Problem> {
        let known =
            |text: Option<String>| text.map_or_else(|| Bound::hole(written), Bound::literal);
        let bound = match reference {
            Reference::Var { name } => return self.var(name),
            Reference::Env { name, default } => self.env(name, *default, written)?,
            Reference::File { path } => self.file(path, written)?,
            Reference::Date { shift, format } => {
                self.dated = true;
                known(self.date(*shift, format).filter(|_| !self.timeless))
            }
            Reference::RunId => known(self.inputs.run_id.clone().filter(|_| !self.timeless)),
        };
        Ok(Bound {
            late: true,
            ..bound
        })
    }

    fn var(&mut self, name: &str) -> Result<Bound, Problem> {
        if let Some((&name, bound)) = self.vars.get_key_value(name) {
            self.used.insert(name);
            return Ok(bound.clone());
        }
        let help = match suggest(name, self.vars.keys().copied()) {
            Some(meant) => {
                // To call that unused as well would be noise.
                if let Some((&meant, _)) = self.vars.get_key_value(meant) {
                    self.used.insert(meant);
                }
                format!("did you mean `${{vars.{meant}}}`?")
            }
            None => format!("declare it: `vars:` with a line `{name}: …`"),
        };
        Err(Problem {
            code: codes::VARIABLE_UNKNOWN,
            range: 0..0,
            message: format!("there is no variable `{name}`"),
            label: "not declared under `vars:`".into(),
            help,
        })
    }

    fn env(&self, name: &str, default: Option<&str>, written: &str) -> Result<Bound, Problem> {
        let Values::Known(env) = &self.inputs.env else {
            return Ok(Bound::hole(written));
        };
        match (env.get(name), default) {
            (Some(value), None) => Ok(Bound::value(value.clone())),
            (Some(value), Some(_)) if !value.is_empty() => Ok(Bound::value(value.clone())),
            (_, Some(default)) => Ok(Bound::value(default.to_owned())),
            (None, None) => Err(Problem {
                code: codes::VARIABLE_UNSET,
                range: 0..0,
                message: format!("the environment variable `{name}` is not set"),
                label: "not set".into(),
                help: format!(
                    "set it, put it into a file for `--env-file`, or give a default: `${{env.{name}:-…}}`"
                ),
            }),
        }
    }

    fn file(&mut self, path: &str, written: &str) -> Result<Bound, Problem> {
        let Values::Known(files) = &self.inputs.files else {
            return Ok(Bound::hole(written));
        };
        match files.get(path) {
            Some(Ok(content)) => {
                let line = content.split(['\n', '\r']).next().unwrap_or_default();
                self.files.insert(line.to_owned());
                Ok(Bound::value(line.to_owned()))
            }
            other => {
                let reason = match other {
                    Some(Err(reason)) => reason,
                    _ => "it was not read",
                };
                Err(Problem {
                    code: codes::VARIABLE_FILE,
                    range: 0..0,
                    message: format!("the file `{path}` cannot be read: {reason}"),
                    label: "this file".into(),
                    help: "relative paths start from the manifest's folder; the first line is used"
                        .into(),
                })
            }
        }
    }

    fn date(&self, shift: i64, format: &str) -> Option<String> {
        let time = shifted(self.inputs, shift)?;
        let mut text = String::new();
        // Formats were looked through when they were parsed; one that fails all the same is a hole, not a panic.
        let items = StrftimeItems::new(format);
        write!(text, "{}", time.format_with_items(items)).ok()?;
        Some(text)
    }
}

/// Whole days are days of the calendar, so that `-1d` is yesterday when clocks change; hours are hours.
fn shifted(inputs: &Inputs, shift: i64) -> Option<chrono::DateTime<FixedOffset>> {
    let now = inputs.now()?;
    if shift % 86_400 != 0 {
        return inputs.local(inputs.started.checked_add(shift)?);
    }
    let delta = TimeDelta::try_seconds(shift)?;
    let naive = now.naive_local().checked_add_signed(delta)?;
    let near = now.timestamp().checked_add(shift)?;
    let offset = FixedOffset::east_opt((inputs.zone)(near))?;
    offset.from_local_datetime(&naive).single()
}

/// Which variables use which. One that `--var` sets uses none.
fn uses(declared: &[(String, Slot<String>)], inputs: &Inputs) -> Graph {
    let positions: BTreeMap<&str, usize> = declared
        .iter()
        .enumerate()
        .map(|(at, (name, _))| (name.as_str(), at))
        .collect();
    let needs = declared.iter().map(|(name, slot)| {
        let text = slot.get().map(String::as_str).unwrap_or_default();
        if inputs.vars.contains_key(name) {
            return Vec::new();
        }
        let template = Template::parse(text);
        let names = template
            .references()
            .filter_map(|reference| match reference {
                Reference::Var { name } => positions.get(name).copied(),
                _ => None,
            });
        names.collect()
    });
    Graph::new(needs.collect())
}

fn too_long(range: Range<usize>) -> Problem {
    Problem {
        code: codes::VARIABLE_TOO_LONG,
        range,
        message: format!("with its variables put in, the text has more than {LONGEST} bytes"),
        label: "too long".into(),
        help: "variables of variables multiply; write the text that is meant".into(),
    }
}

fn syntax(fault: Flaw, range: Range<usize>) -> Problem {
    Problem {
        code: if fault.reserved {
            codes::VARIABLE_RESERVED
        } else {
            codes::VARIABLE_SYNTAX
        },
        range,
        message: fault.message,
        label: "cannot be read".into(),
        help: fault.help,
    }
}
