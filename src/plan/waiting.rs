//! `wait:` of a `list`: read, and judged as far as that needs no server.

use std::time::Duration;

use super::builder::Builder;
use super::codes;
use super::model::Verdict;
use super::step_sets::judge_pattern;
use super::values::{self, BadValue};
use super::wait::{Awaited, Wait};
use crate::files::{Marker, MarkerPart};
use crate::manifest::{Finding, Path, Slot, model};

/// So soon after a look the next one may be taken: what is asked more often is asked all the time.
const SOONEST: Duration = Duration::from_millis(100);

const STABLE: Duration = Duration::from_secs(30);
const EVERY: Duration = Duration::from_secs(30);
const TIMEOUT: Duration = Duration::from_secs(2 * 60 * 60);

/// What stands in `ready` for a part of the file's name, and what it is written as while variables are put in: as long, so
/// that places stay right, and in signs that no manifest can hold.
const PARTS: [(&str, &str, MarkerPart); 2] = [
    ("${name}", "\u{1}\u{2}name\u{3}", MarkerPart::Name),
    ("${stem}", "\u{1}\u{2}stem\u{3}", MarkerPart::Stem),
];

impl Builder<'_, '_> {
    /// Reads the `wait:` of the list at node `at`; none where something is wrong with it.
    pub(super) fn wait(&mut self, at: usize, list: &model::List, parent: &Path) -> Option<Wait> {
        let path = parent.key("wait");
        let map = self.context.slot(
            &list.wait,
            || path.clone(),
            "a map, such as `{ for: \"*.done\" }`",
        )?;
        self.context
            .unknown_keys::<model::Wait>(&map.unknown, &path);
        let what = self.awaited(map, &path);
        let time = |text: &str| values::some_duration(text);
        let count = |text: &str| values::number(text, 1, u64::MAX);
        let ends = [("fail", Verdict::Fail), ("empty", Verdict::Fine)];
        let context = &mut *self.context;
        let count = context.value(&map.count, &path, "count", count);
        let stable = context.value(&map.stable, &path, "stable", values::duration);
        let every = context.value(&map.every, &path, "every", interval);
        let timeout = context.value(&map.timeout, &path, "timeout", time);
        let end = |text: &str| values::word(text, &ends);
        let on_timeout = context.value(&map.on_timeout, &path, "on_timeout", end);
        let wait = Wait {
            what: what?,
            count: count.unwrap_or(1),
            stable: stable.unwrap_or(STABLE),
            every: every.unwrap_or(EVERY),
            timeout: timeout.unwrap_or(TIMEOUT),
            on_timeout: on_timeout.unwrap_or(Verdict::Fail),
        };
        // A time that is not known yet, or wrong, is none to compare.
        let times = [
            (&map.stable, stable.is_some()),
            (&map.every, every.is_some()),
            (&map.timeout, timeout.is_some()),
        ];
        if times.iter().all(|(slot, read)| *read || slot.is_absent()) {
            self.can_end(at, &wait, map, &path);
        }
        self.empty_twice(&wait, list, parent);
        self.is_listed(&wait, list, &path);
        Some(wait)
    }

    /// `for`, or `ready`.
    fn awaited(&mut self, map: &model::Wait, path: &Path) -> Option<Awaited> {
        match (map.r#for.is_absent(), map.ready.is_absent()) {
            (true, true) => {
                let help = "write `for: PATTERN`, or `ready: \"${name}.done\"` for files that have markers of their own";
                self.context.required(path, "for", help);
                None
            }
            (false, false) => {
                let place = self.context.key(&path.key("ready"));
                let message = "`for` and `ready` are two ways to wait";
                let finding =
                    Finding::error(codes::OPTIONS_CONTRADICT, place, message, "one of them")
                        .also(self.context.key(&path.key("for")), "the other")
                        .help("keep `for` where one marker is for all files, `ready` where each file has its own");
                self.context.report(finding);
                None
            }
            (false, true) => self.pattern(&map.r#for, path).map(Awaited::Matching),
            (true, false) => self.marker(&map.ready, path).map(Awaited::Marked),
        }
    }

    fn pattern(&mut self, slot: &Slot<String>, parent: &Path) -> Option<String> {
        let bound = self.context.text(slot, parent, "for")?;
        if !bound.unknown
            && let Err(why) = judge_pattern(&bound.text, false)
        {
            self.bad_pattern(&bound, &parent.key("for"), "a pattern", &why);
        }
        Some(bound.text)
    }

    fn marker(&mut self, slot: &Slot<String>, parent: &Path) -> Option<Marker> {
        let path = parent.key("ready");
        let written = self.context.slot(slot, || path.clone(), "text")?;
        let bound = self.context.bind(&masked(written), || path.clone());
        let marker = Marker::new(parts(&bound.text));
        if bound.unknown {
            return Some(marker);
        }
        let own = |part: &MarkerPart| !matches!(part, MarkerPart::Text(_));
        let (message, help) = if bound.text.contains('/') {
            (
                "`ready` is a name, and this holds a `/`",
                "a marker lies beside its file: write its name alone",
            )
        } else if !marker.parts().iter().any(own) {
            (
                "`ready` is one name for all files",
                "write `${name}` (the file's name) or `${stem}` (without its ending) into it; where one marker is for all files, write `for:` in its place",
            )
        } else if marker.parts().iter().all(own) && marker.parts().len() == 1 {
            (
                "this marker is called as the file itself",
                "write what its name has beside the file's: `${name}.done`",
            )
        } else {
            return Some(marker);
        };
        self.context
            .error(codes::LIST_MARKER, &path, message, "no marker", help);
        None
    }

    /// Times within which nothing can be waited for.
    fn can_end(&mut self, at: usize, wait: &Wait, map: &model::Wait, path: &Path) {
        let words = |time: Duration| humantime::format_duration(time).to_string();
        let timeout = words(wait.timeout);
        for (key, time, written) in [
            ("stable", wait.stable, &map.stable),
            ("every", wait.every, &map.every),
        ] {
            // Of usual times nobody has to know more than that the wait is short.
            if time < wait.timeout || (key == "every" && time == wait.timeout) {
                continue;
            }
            let place = match (written.is_absent(), map.timeout.is_absent()) {
                (false, _) => path.key(key),
                _ => path.key("timeout"),
            };
            let time = words(time);
            let message =
                format!("the wait ends after `timeout: {timeout}`, before `{key}: {time}` is over");
            let help = format!("write a shorter `{key}`, or a longer `timeout`");
            self.context
                .error(codes::LIST_WAIT, &place, message, "cannot be", help);
        }
        if let Some(step) = self.nodes[at].common.timeout.filter(|t| *t <= wait.timeout) {
            let step = words(step);
            let message = format!(
                "the step ends after `timeout: {step}`, before its wait (`timeout: {timeout}`) does"
            );
            let help = format!(
                "write a `timeout` shorter than {step} into `wait`, or give the step a longer one"
            );
            self.context
                .error(codes::LIST_WAIT, path, message, "cannot be", help);
        }
    }

    /// Whether the list shows what is waited for: names with a leading dot, and files in folders.
    fn is_listed(&mut self, wait: &Wait, list: &model::List, path: &Path) {
        let unset =
            |slot: &Slot<String>| slot.is_absent() || slot.get().is_some_and(|is| is == "false");
        let (key, written) = match &wait.what {
            Awaited::Matching(_) => ("for", wait.written()),
            Awaited::Marked(_) => ("ready", wait.written()),
        };
        let relative = written.strip_prefix('/').unwrap_or(&written);
        let name = relative.rsplit('/').next().unwrap_or_default();
        let (message, help) = if unset(&list.hidden) && name.starts_with('.') {
            (
                "the list shows no names with a leading dot, so that this never comes",
                "write `hidden: true` into the `list`",
            )
        } else if unset(&list.recursive) && relative.contains('/') && !relative.contains("**") {
            (
                "the list shows no files in folders, so that this never comes",
                "write `recursive: true` into the `list`, or the name alone",
            )
        } else {
            return;
        };
        self.context.error(
            codes::LIST_WAIT,
            &path.key(key),
            message,
            "not listed",
            help,
        );
    }

    /// A wait that ends with nothing, in a list that fails for that.
    fn empty_twice(&mut self, wait: &Wait, list: &model::List, parent: &Path) {
        let fails = list.empty.get().is_some_and(|empty| empty == "fail");
        if wait.on_timeout == Verdict::Fine && fails {
            let path = parent.key("wait").key("on_timeout");
            let place = self.context.at(&path);
            let message = "`on_timeout: empty` yields nothing, and `empty: fail` fails for that";
            let finding = Finding::error(codes::OPTIONS_CONTRADICT, place, message, "contradicts")
                .also(self.context.at(&parent.key("empty")), "this")
                .help("take one of the two out");
            self.context.report(finding);
        }
    }
}

fn interval(text: &str) -> Result<Duration, BadValue> {
    let read = values::duration(text)?;
    if read < SOONEST {
        let wanted = "a duration of 100ms or more";
        return Err(values::bad(wanted, "write it like `30s` or `5m`"));
    }
    Ok(read)
}

/// Takes parts of the file's name out of the way of variables. `$${name}` is a text.
fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let part = PARTS.iter().find(|(written, ..)| rest.starts_with(written));
        let (put, taken) = match part {
            Some((written, mask, _)) => (*mask, written.len()),
            None if rest.starts_with("$${") => ("$${", 3),
            None => ("$", 1),
        };
        out.push_str(put);
        rest = &rest[taken..];
    }
    out.push_str(rest);
    out
}

fn parts(masked: &str) -> Vec<MarkerPart> {
    let mut parts = Vec::new();
    let mut rest = masked;
    let next = |rest: &str| {
        let found = PARTS.iter().filter_map(|(_, mask, part)| {
            let at = rest.find(mask)?;
            Some((at, mask.len(), part.clone()))
        });
        found.min_by_key(|(at, ..)| *at)
    };
    while let Some((at, length, part)) = next(rest) {
        if at > 0 {
            parts.push(MarkerPart::Text(rest[..at].to_owned()));
        }
        parts.push(part);
        rest = &rest[at + length..];
    }
    if !rest.is_empty() {
        parts.push(MarkerPart::Text(rest.to_owned()));
    }
    parts
}
