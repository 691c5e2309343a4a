//! The walls of the house, as `src/lib.rs` describes them: which room may name which, and who may touch what.
//!
//! The sources are read as text, without comments and without their tests. That is crude, and enough: a wall that is
//! gone is seen in the pull request that takes it away.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

/// A source file: its path below `src`, and the code of it that goes into the program.
struct Source {
    path: String,
    code: String,
}

impl Source {
    /// The first part of the path: `exec`, or `event` of `event.rs`.
    fn room(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.trim_end_matches(".rs")
    }

    /// Its names from the room on: `exec/steps/mod.rs` is `["exec", "steps"]`.
    fn module(&self) -> Vec<String> {
        let path = self.path.trim_end_matches(".rs").trim_end_matches("/mod");
        path.split('/').map(str::to_owned).collect()
    }
}

static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let path_below = path.strip_prefix(&root).unwrap().to_str().unwrap();
            if !path_below.contains("tests") {
                found.push(Source {
                    path: path_below.to_owned(),
                    code: production(&fs::read_to_string(&path).unwrap()),
                });
            }
        }
    }
    assert!(found.len() > 100, "the sources were found");
    found
});

/// Without the tests, which stand last in every file, and without lines of comment.
fn production(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let next = lines.peek().copied().unwrap_or_default();
        let module = (next.starts_with("mod ") && next.ends_with('{')) || next.starts_with("#[");
        if line == "#[cfg(test)]" && module {
            break;
        }
        if !line.trim_start().starts_with("//") {
            code.push_str(line);
            code.push('\n');
        }
    }
    code
}

/// Fails with every line of these rooms that matches.
#[track_caller]
fn nothing_names(wall: &str, pattern: &str, inside: impl Fn(&Source) -> bool) {
    let pattern = Regex::new(pattern).unwrap();
    let mut broken = Vec::new();
    for source in SOURCES.iter().filter(|source| inside(source)) {
        let lines = source.code.lines().filter(|line| pattern.is_match(line));
        broken.extend(lines.map(|line| format!("src/{}: {}", source.path, line.trim())));
    }
    assert!(broken.is_empty(), "{wall}\n{}", broken.join("\n"));
}

/// Fails where a room names one that it may not use.
#[track_caller]
fn room_uses_only(room: &str, may: &[&str]) {
    let named = Regex::new(r"\bcrate::(?:\{([^}]*)\}|(\w+))").unwrap();
    for source in SOURCES.iter().filter(|source| source.room() == room) {
        for found in named.captures_iter(&source.code) {
            let list = found.get(1).or_else(|| found.get(2)).unwrap().as_str();
            for name in list.split(',') {
                let name = name.trim().split("::").next().unwrap_or_default();
                let allowed = name.is_empty() || name == room || may.contains(&name);
                assert!(allowed, "src/{} names `{name}`", source.path);
            }
        }
    }
}

#[test]
fn each_room_uses_only_those_below_it() {
    room_uses_only("files", &[]);
    room_uses_only("kind", &[]);
    room_uses_only("manifest", &["kind"]);
    room_uses_only("options", &["files"]);
    room_uses_only("endpoint", &["files"]);
    room_uses_only("event", &["files", "options", "kind"]);
    room_uses_only("local", &["files"]);
    room_uses_only("ftp", &["files", "endpoint"]);
    room_uses_only(
        "plan",
        &["manifest", "files", "endpoint", "options", "kind"],
    );
    room_uses_only(
        "transfer",
        &["ftp", "local", "files", "endpoint", "options", "event"],
    );
    room_uses_only("journal", &["event", "files", "options"]);
    room_uses_only("ledger", &["files"]);
    room_uses_only(
        "exec",
        &[
            "plan", "transfer", "journal", "ledger", "event", "files", "endpoint", "options",
            "kind",
        ],
    );
    room_uses_only(
        "report",
        &[
            "plan", "event", "files", "endpoint", "options", "manifest", "kind",
        ],
    );
}

#[test]
fn manifest_and_plan_do_no_io() {
    let pattern =
        r"\bstd::(fs|process|env)\b|\bFile::|TcpStream|UdpSocket|ToSocketAddrs|std::io\b|::now\(";
    nothing_names(
        "`manifest`, `plan` and `files` do no I/O",
        pattern,
        |source| ["manifest", "plan", "files"].contains(&source.room()),
    );
}

#[test]
fn a_dry_run_is_known_to_the_command_line_alone() {
    nothing_names("no `dry_run` below `cli`", r"\bdry_run\b", |source| {
        !["cli", "report"].contains(&source.room())
    });
}

#[test]
fn only_ftp_names_suppaftp_and_rustls() {
    let pattern = r"\b(suppaftp|rustls|rustls_platform_verifier)\b";
    nothing_names("only `ftp` names suppaftp and rustls", pattern, |source| {
        source.room() != "ftp"
    });
}

#[test]
fn only_cli_and_report_write_to_the_terminal() {
    let pattern = r"\be?print(ln)?!|\bdbg!|\bstd(out|err)\(\)|\bindicatif\b|\bmiette\b";
    nothing_names(
        "only `cli` and `report` write to the terminal",
        pattern,
        |source| !["cli", "report"].contains(&source.room()),
    );
}

#[test]
fn only_local_touches_files_below_the_command_line() {
    let pattern = r"\b(std::fs|fs::|File::(open|create)|OpenOptions|rustix::(\{|fs|process))";
    nothing_names("only `local` touches the user's disk", pattern, |source| {
        // Reports go where their options say; journal and ledger have a folder of their own; TLS reads its certificates.
        !["cli", "report", "local", "journal", "ledger"].contains(&source.room())
            && !source.path.starts_with("ftp/tls")
    });
}

#[test]
fn the_database_is_named_in_the_ledger_room_alone() {
    nothing_names("one room has a database", r"\brusqlite\b", |source| {
        source.room() != "ledger"
    });
}

#[test]
fn the_parser_of_yaml_is_named_in_the_manifest_room_alone() {
    nothing_names(
        "one room reads YAML",
        r"\b(granit_parser|serde_yaml)\b",
        |source| source.room() != "manifest",
    );
}

#[test]
fn no_job_uses_what_of_rayon_waits() {
    let pattern = r"\brayon::(join|scope|prelude)|\.par_|\bin_place_scope\b";
    nothing_names("jobs use no rayon primitive", pattern, |_| true);
    nothing_names("only `exec` has threads of rayon", r"\brayon\b", |source| {
        source.room() != "exec"
    });
}

#[test]
fn unsafe_code_stands_nowhere() {
    nothing_names("no unsafe", r"\bunsafe\s", |_| true);
}

/// The table of kinds is the one place that knows their words. A word in a text for people, between other words, is none of
/// its business.
#[test]
fn the_words_of_kinds_stand_in_their_table_alone() {
    let words: Vec<&str> = ftpflow::kind::StepKind::words().collect();
    let pattern = format!("\"({})\"", words.join("|"));
    // `list` is a word of `listing:`, too, and what could not be done with a folder of this machine; `delete` one of `if_empty`.
    let others = [
        "kind.rs",
        "manifest/model/server.rs",
        "manifest/model/step.rs",
        "plan/server.rs",
        "cli/suit.rs",
        "local/error.rs",
    ];
    nothing_names("a kind is named by `StepKind`", &pattern, |source| {
        !others.contains(&source.path.as_str())
    });
}

/// What a step does is looked up in the step, not in its action: sides, sets and changes. Those who may open an action make
/// something of all that stands in it.
#[test]
fn actions_are_opened_by_those_alone_who_carry_them_out() {
    let may = ["plan/", "exec/steps/", "report/graph/picture.rs"];
    nothing_names("ask the step", r"\bAction::", |source| {
        !may.iter().any(|path| source.path.starts_with(path))
    });
}

#[test]
fn no_step_is_known_by_the_beginning_of_its_name() {
    let pattern = r#"split_once\(": "\)|starts_with\("login "#;
    nothing_names("a step says whose it is", pattern, |_| true);
}

#[test]
fn every_kind_is_documented() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/manifest.md");
    let text = fs::read_to_string(path).unwrap();
    for word in ftpflow::kind::StepKind::words() {
        assert!(text.contains(&format!("\n| `{word}` | ")), "{word}");
    }
}

/// The files of a room and what each of them uses there, by their `use` lines; `["exec", "steps", "list"]` is a file, and so
/// is `["exec"]`, the room's `mod.rs`.
fn uses_in(room: &str) -> BTreeMap<Vec<String>, BTreeSet<Vec<String>>> {
    let sources: Vec<&Source> = SOURCES
        .iter()
        .filter(|source| source.room() == room)
        .collect();
    let modules: BTreeSet<Vec<String>> = sources.iter().map(|source| source.module()).collect();
    let uses = Regex::new(r"(?m)^\s*(?:pub(?:\([^)]*\))? )?use ([^;]+);").unwrap();
    let uses_of = |source: &Source| {
        let own = source.module();
        let lists = uses.captures_iter(&source.code);
        let paths = lists.flat_map(|list| spread(&list[1]));
        let used = paths.filter_map(|path| resolve(&own, &path, &modules));
        let used = used.filter(|used| *used != own).collect();
        (own.clone(), used)
    };
    sources.into_iter().map(uses_of).collect()
}

/// `a::{b, c::{d, e}}` as `a::b`, `a::c::d`, `a::c::e`.
fn spread(list: &str) -> Vec<String> {
    let Some((before, inner)) = list.split_once('{') else {
        let path = list.split(" as ").next().unwrap_or_default();
        return vec![path.split_whitespace().collect()];
    };
    let inner = inner.trim_end().trim_end_matches('}');
    let (mut depth, mut part, mut parts) = (0, String::new(), Vec::new());
    for letter in inner.chars().chain([',']) {
        match letter {
            ',' if depth == 0 => parts.push(std::mem::take(&mut part)),
            letter => {
                depth += i32::from(letter == '{') - i32::from(letter == '}');
                part.push(letter);
            }
        }
    }
    let parts = parts.iter().filter(|part| !part.trim().is_empty());
    parts
        .flat_map(|part| spread(&format!("{before}{part}")))
        .collect()
}

/// The file of a room that a path leads to; none where it leads elsewhere.
fn resolve(own: &[String], path: &str, modules: &BTreeSet<Vec<String>>) -> Option<Vec<String>> {
    let mut names: Vec<&str> = path.split("::").collect();
    let mut whole: Vec<String> = match names[0] {
        "crate" => Vec::new(),
        "self" => own.to_vec(),
        "super" => own[..own.len() - 1].to_vec(),
        name if modules.contains(&[own, &[name.to_owned()]].concat()) => {
            names.insert(0, "self");
            own.to_vec()
        }
        _ => return None,
    };
    for name in names.split_off(1) {
        match name {
            "super" => drop(whole.pop()),
            name => whole.push(name.to_owned()),
        }
    }
    while !whole.is_empty() && !modules.contains(&whole) {
        whole.pop();
    }
    (!whole.is_empty()).then_some(whole)
}

/// Takes away, again and again, the files that use none of those left: what stays lies on circles, or uses what does.
fn circle(mut uses: BTreeMap<Vec<String>, BTreeSet<Vec<String>>>) -> Vec<String> {
    loop {
        let left: BTreeSet<Vec<String>> = uses.keys().cloned().collect();
        let before = left.len();
        uses.retain(|_, used| used.iter().any(|used| left.contains(used)));
        if uses.len() == before {
            let shown = uses.iter().map(|(file, used)| {
                let used = used.iter().filter(|used| left.contains(*used));
                let used: Vec<String> = used.map(|used| used.join("/")).collect();
                format!("{} uses {}", file.join("/"), used.join(", "))
            });
            return shown.collect();
        }
    }
}

#[test]
fn files_of_exec_use_one_another_in_no_circle_but_parent_and_child() {
    let mut uses = uses_in("exec");
    assert!(uses.len() > 30 && uses.values().map(BTreeSet::len).sum::<usize>() > 100);
    for (file, used) in &mut uses {
        used.retain(|used| !used.starts_with(file) && !file.starts_with(used));
    }
    let circle = circle(uses);
    assert!(circle.is_empty(), "{}", circle.join("\n"));
}

#[test]
fn a_circle_is_seen() {
    let name = |name: &str| vec!["exec".to_owned(), name.to_owned()];
    let one = |from: &str, to: &str| (name(from), BTreeSet::from([name(to)]));
    let line = BTreeMap::from([one("a", "b"), one("b", "c"), (name("c"), BTreeSet::new())]);
    assert!(circle(line).is_empty());
    assert_eq!(
        circle(BTreeMap::from([one("a", "b"), one("b", "a")])).len(),
        2
    );
    let paths = spread("super::{a::{b, c as d}, e}");
    assert_eq!(paths, ["super::a::b", "super::a::c", "super::e"]);
}

/// Files with more than 400 lines of code, and why.
const LONG: [(&str, &str); 1] = [(
    "manifest/build.rs",
    "one walk over the parser's events, whose cases belong together",
)];

#[test]
fn no_file_is_long_without_a_reason() {
    for source in SOURCES.iter() {
        let lines = source.code.lines().count();
        let reason = LONG.iter().find(|(path, _)| *path == source.path);
        assert!(
            lines <= 400 || reason.is_some(),
            "src/{}: {lines} lines",
            source.path
        );
        assert!(
            lines > 400 || reason.is_none(),
            "src/{} is short now",
            source.path
        );
    }
}

/// From a line with `fn` to the brace that closes it, which stands in the same column.
#[test]
fn nine_functions_in_ten_have_at_most_26_lines() {
    let begins = Regex::new(r"^( *)(pub(\([^)]*\))? )?((const|async) )*fn \w+").unwrap();
    let mut lengths = Vec::new();
    for source in SOURCES.iter() {
        let lines: Vec<&str> = source.code.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let Some(found) = begins.captures(line) else {
                continue;
            };
            let close = format!("{}}}", &found[1]);
            let body = lines[at..].iter();
            let end = match line.ends_with('}') {
                true => Some(0),
                false => body.clone().position(|line| *line == close),
            };
            let declared = lines[at..].iter().position(|line| line.ends_with(';'));
            let opened = lines[at..].iter().position(|line| line.ends_with('{'));
            if let (Some(end), true) = (end, opened <= declared || declared.is_none()) {
                lengths.push(end + 1);
            }
        }
    }
    lengths.sort_unstable();
    assert!(lengths.len() > 2000, "the functions were found");
    let nine_in_ten = lengths[lengths.len() * 9 / 10];
    assert!(nine_in_ten <= 26, "{nine_in_ten}");
}
