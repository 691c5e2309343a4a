//! The kinds that move nothing: `login`, `list`, `filter`.

use super::builder::{Builder, Need};
use super::codes;
use super::kinds::Action;
use super::model::{FilterStep, List, Login, StepId, Verdict};
use super::names::step_named;
use super::step::Compile;
use super::values;
use super::variables::Bound;
use crate::files::{Filter, KindTest, Pattern, Side, Sort, SortKey};
use crate::manifest::{Finding, OneOrMany, Path, Slot, model};

/// Commands that ftpflow sends itself: sent behind its back they would put session and program out of step.
const OWNED: [&str; 36] = [
    "USER", "PASS", "ACCT", "REIN", "QUIT", "ABOR", "AUTH", "PBSZ", "PROT", "CCC", "TYPE", "MODE",
    "STRU", "PASV", "EPSV", "PORT", "EPRT", "LPSV", "LPRT", "REST", "RETR", "STOR", "STOU", "APPE",
    "LIST", "NLST", "MLSD", "MLST", "RNFR", "RNTO", "DELE", "CWD", "CDUP", "XCWD", "XCUP", "HOST",
];

impl Compile for model::Login {
    fn compile(&self, builder: &mut Builder<'_, '_>, at: usize, path: &Path) -> Option<Action> {
        builder.login(at, self, path)
    }
}

impl Compile for model::List {
    fn compile(&self, builder: &mut Builder<'_, '_>, at: usize, path: &Path) -> Option<Action> {
        builder.list(at, self, path)
    }
}

impl Compile for model::Filter {
    fn compile(&self, builder: &mut Builder<'_, '_>, at: usize, path: &Path) -> Option<Action> {
        builder.filter(at, self, path)
    }
}

impl Builder<'_, '_> {
    /// `login:`
    fn login(&mut self, at: usize, map: &model::Login, path: &Path) -> Option<Action> {
        if map.server.is_absent() {
            self.context
                .required(path, "server", "write `server: NAME`");
        }
        let side = self.side(&map.server, path, "server");
        let directory = self.path_text(&map.directory, path, "directory", side);
        let commands = self.commands(&map.commands, path);
        let server = match side? {
            Side::Server(server) => server,
            Side::Local => {
                let message = "this machine needs no login";
                self.context.error(
                    codes::STEP_WRONG_SIDE,
                    &path.key("server"),
                    message,
                    "not a server",
                    "name a server",
                );
                return None;
            }
        };
        let number = server.at();
        let place = self.context.at(&path.key("server"));
        if let Some((_, first)) = self.logins[number] {
            let name = &self.servers[number].endpoint.name;
            let message = format!("`{name}` has a login step already");
            let finding = Finding::error(codes::LOGIN_TWICE, place, message, "a second login")
                .also(first, "the first")
                .help("join the two: `directory` and `commands` run on every session to a server");
            self.context.report(finding);
            return None;
        }
        self.logins[number] = Some((at, place));
        let endpoint = &mut self.servers[number].endpoint;
        endpoint.directory = directory;
        endpoint.commands = commands;
        Some(Action::Login(Login { server }))
    }

    fn commands(&mut self, slot: &Slot<Vec<Slot<String>>>, parent: &Path) -> Vec<String> {
        let list = parent.key("commands");
        let Some(items) = self
            .context
            .slot(slot, || list.clone(), "a list of commands")
        else {
            return Vec::new();
        };
        let mut commands = Vec::new();
        for (at, item) in items.iter().enumerate() {
            let path = list.index(at);
            let Some(text) = self.context.slot(item, || path.clone(), "a command") else {
                continue;
            };
            let bound = self.context.bind(text, || path.clone());
            if self.context.command_safe(&bound, || path.clone()) && self.allowed(&bound, &path) {
                commands.push(bound.text);
            }
        }
        commands
    }

    fn allowed(&mut self, bound: &Bound, path: &Path) -> bool {
        let word = bound.text.split_whitespace().next().unwrap_or_default();
        let word = word.to_ascii_uppercase();
        let (message, help) = if bound.unknown && word.starts_with("${") {
            return true;
        } else if word.is_empty() {
            (
                "the command is empty".to_owned(),
                "write one such as `SITE UMASK 022`",
            )
        } else if matches!(word.as_str(), "CWD" | "XCWD") {
            (
                format!("ftpflow sends {word} itself"),
                "write `directory: …` in place of it",
            )
        } else if OWNED.contains(&word.as_str()) {
            (
                format!("ftpflow sends {word} itself"),
                "take it out: sessions would no longer be in the state that ftpflow knows",
            )
        } else {
            return true;
        };
        self.context
            .error(codes::LOGIN_COMMAND, path, message, "not here", help);
        false
    }

    /// `list:`
    fn list(&mut self, at: usize, map: &model::List, path: &Path) -> Option<Action> {
        if map.server.is_absent() {
            self.missing_side(path);
        }
        let side = self.side(&map.server, path, "server");
        let folder = self.path_text(&map.path, path, "path", side);
        let recursive = self
            .context
            .value(&map.recursive, path, "recursive", values::boolean);
        let max_depth = self
            .context
            .value(&map.max_depth, path, "max_depth", |text| {
                values::number32(text, 0, u32::MAX)
            });
        if max_depth.is_some() && (map.recursive.is_absent() || recursive == Some(false)) {
            let message = "`max_depth` is of no use without `recursive: true`";
            self.context.error(
                codes::OPTIONS_CONTRADICT,
                &path.key("max_depth"),
                message,
                "not recursive",
                "write `recursive: true`, or take it out",
            );
        }
        let missing = [("fail", Verdict::Fail), ("empty", Verdict::Fine)];
        let unreadable = [("fail", Verdict::Fail), ("warn", Verdict::Fine)];
        let wait = self.wait(at, map, path);
        Some(Action::List(List {
            path: folder.unwrap_or_else(|| ".".into()),
            recursive: recursive.unwrap_or(false),
            max_depth,
            descend: Vec::new(),
            hidden: self
                .context
                .value(&map.hidden, path, "hidden", values::boolean)
                .unwrap_or(false),
            follow_links: self
                .context
                .value(&map.follow_links, path, "follow_links", values::boolean)
                .unwrap_or(false),
            missing: self
                .context
                .value(&map.missing, path, "missing", |text| {
                    values::word(text, &missing)
                })
                .unwrap_or(Verdict::Fail),
            empty: self.empty(&map.empty, path).unwrap_or(Verdict::Fine),
            unreadable: self
                .context
                .value(&map.unreadable, path, "unreadable", |text| {
                    values::word(text, &unreadable)
                })
                .unwrap_or(Verdict::Fail),
            wait,
            side: side?,
        }))
    }

    /// "Which side?": the question where a step names none.
    pub(super) fn missing_side(&mut self, path: &Path) {
        let place = self.context.key(path);
        let finding = Finding::error(
            codes::STEP_MISSING_SIDE,
            place,
            "which side?",
            "needs `server`",
        );
        self.context
            .report(finding.help("write `server: NAME` or `server: local`"));
    }

    /// What `empty` says, where it is written.
    fn empty(&mut self, slot: &Slot<String>, path: &Path) -> Option<Verdict> {
        let words = [("ok", Verdict::Fine), ("fail", Verdict::Fail)];
        self.context
            .value(slot, path, "empty", |text| values::word(text, &words))
    }

    /// `filter:`
    fn filter(&mut self, at: usize, map: &model::Filter, path: &Path) -> Option<Action> {
        let from_path = path.key("from");
        if map.from.is_absent() {
            self.context.required(
                path,
                "from",
                "write `from: STEP`, the step whose files to choose from",
            );
        }
        let from = step_named(self.context, &self.steps, &map.from, &from_path);
        let rules = self.rules(map, path);
        let empty = self.empty(&map.empty, path);
        let from = from?;
        self.nodes[at].needs.push(Need {
            step: from,
            path: from_path,
        });
        Some(Action::Filter(FilterStep {
            from: step_id(from),
            rules,
            empty: empty.unwrap_or(Verdict::Fine),
            may_be_empty: empty == Some(Verdict::Fine),
        }))
    }

    fn rules(&mut self, map: &model::Filter, path: &Path) -> Filter {
        let kinds = [
            ("file", KindTest::File),
            ("directory", KindTest::Directory),
            ("link", KindTest::Link),
            ("any", KindTest::Any),
        ];
        let keys = [
            ("name", SortKey::Name),
            ("size", SortKey::Size),
            ("modified", SortKey::Modified),
        ];
        let now = self.context.started;
        let instant = |text: &str| values::instant(text, now);
        let ignore_case =
            self.context
                .value(&map.ignore_case, path, "ignore_case", values::boolean);
        let ignore_case = ignore_case.unwrap_or(false);
        let rules = Filter {
            include: self.patterns(&map.include, path, "include", ignore_case),
            exclude: self.patterns(&map.exclude, path, "exclude", ignore_case),
            regex: self.regex(&map.regex, path),
            ignore_case,
            kind: self
                .context
                .value(&map.r#type, path, "type", |text| values::word(text, &kinds))
                .unwrap_or_default(),
            larger_than: self
                .context
                .value(&map.larger_than, path, "larger_than", values::size),
            smaller_than: self
                .context
                .value(&map.smaller_than, path, "smaller_than", values::size),
            newer_than: self
                .context
                .value(&map.newer_than, path, "newer_than", instant),
            older_than: self
                .context
                .value(&map.older_than, path, "older_than", instant),
            sort: Sort {
                key: self
                    .context
                    .value(&map.sort, path, "sort", |text| values::word(text, &keys)),
                reverse: self
                    .context
                    .value(&map.reverse, path, "reverse", values::boolean)
                    .unwrap_or(false),
            },
            skip: self.count(&map.skip, path, "skip"),
            limit: self.count(&map.limit, path, "limit"),
        };
        self.possible(&rules, path);
        rules
    }

    fn count(&mut self, slot: &Slot<String>, path: &Path, key: &str) -> Option<usize> {
        let count = |text: &str| {
            values::number(text, 1, u64::MAX).map_err(|bad| match (key, text) {
                ("skip", "0") => values::bad(
                    bad.wanted,
                    "leave `skip` out where nothing is to be skipped",
                ),
                _ => bad,
            })
        };
        let read = self.context.value(slot, path, key, count)?;
        Some(usize::try_from(read).unwrap_or(usize::MAX))
    }

    /// Bounds between which nothing lies.
    fn possible(&mut self, rules: &Filter, path: &Path) {
        let sizes = rules
            .larger_than
            .zip(rules.smaller_than)
            .is_some_and(|(from, to)| from >= to);
        let times = rules
            .newer_than
            .zip(rules.older_than)
            .is_some_and(|(from, to)| from >= to);
        for (empty, from, to) in [
            (sizes, "larger_than", "smaller_than"),
            (times, "newer_than", "older_than"),
        ] {
            if empty {
                let message = format!("no file can pass both `{from}` and `{to}`");
                let place = self.context.at(&path.key(from));
                let finding =
                    Finding::error(codes::OPTIONS_CONTRADICT, place, message, "contradicts")
                        .also(self.context.at(&path.key(to)), "this")
                        .help("exchange the two values, or take one out");
                self.context.report(finding);
            }
        }
    }

    fn patterns(
        &mut self,
        slot: &Slot<OneOrMany>,
        parent: &Path,
        key: &str,
        ignore_case: bool,
    ) -> Vec<String> {
        let mut patterns = Vec::new();
        for (bound, path) in self.context.texts(slot, parent, key) {
            if !bound.unknown
                && let Err(why) = judge_pattern(&bound.text, ignore_case)
            {
                self.bad_pattern(&bound, &path, "a pattern", &why);
            }
            patterns.push(bound.text);
        }
        patterns
    }

    fn regex(&mut self, slot: &Slot<String>, parent: &Path) -> Option<String> {
        let bound = self.context.text(slot, parent, "regex")?;
        let rules = Filter {
            regex: Some(bound.text.clone()),
            ..Filter::default()
        };
        if !bound.unknown
            && let Err(error) = rules.check()
        {
            self.bad_pattern(
                &bound,
                &parent.key("regex"),
                "a regular expression",
                &last_line(&error.to_string()),
            );
        }
        Some(bound.text)
    }

    pub(super) fn bad_pattern(&mut self, bound: &Bound, path: &Path, what: &str, why: &str) {
        let message = if bound.outside {
            format!("this cannot be read as {what}")
        } else {
            format!("this cannot be read as {what}: {why}")
        };
        let help = if what != "a regular expression" {
            "`*`, `?`, `**`, `[a-z]`, `[!a]` and `{a,b}` have a meaning; put `\\` before one that is part of a name"
        } else {
            "put `\\` before `. + * ? ( ) [ ] { } | ^ $` where it is part of a name, and single quotes around the whole"
        };
        self.context
            .error(codes::VALUE_PATTERN, path, message, "cannot be read", help);
    }
}

/// A node's number in an action.
pub(super) fn step_id(node: usize) -> StepId {
    StepId(u32::try_from(node).unwrap_or(u32::MAX))
}

/// Whether a glob can be read. One without brackets always can: building a matcher of each would be most of a `check`.
pub(super) fn judge_pattern(text: &str, ignore_case: bool) -> Result<(), String> {
    if text.is_empty() {
        return Err("it is empty".into());
    }
    if !text.contains(['[', ']', '{', '}', '\\']) {
        return Ok(());
    }
    let read = Pattern::new(text, ignore_case);
    read.map(drop)
        .map_err(|error| last_line(&error.to_string()))
}

/// The regex crate draws its errors over several lines; the last one says what is wrong.
fn last_line(text: &str) -> String {
    let line = text.lines().last().unwrap_or_default().trim();
    let line = line.strip_prefix("error: ").unwrap_or(line);
    line.strip_prefix("the pattern cannot be read: ")
        .unwrap_or(line)
        .to_owned()
}
