//! The walls of the house, as `src/lib.rs` describes them: which room may name which, and who may touch what.
//!
//! The sources are read as text, without comments and without their tests. That is crude, and enough: a wall that is
//! gone is seen in the pull request that takes it away.

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
    room_uses_only(
        "exec",
        &[
            "plan", "transfer", "journal", "event", "files", "endpoint", "options", "kind",
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
    let pattern = r"\b(std::fs|fs::|File::(open|create)|OpenOptions|rustix)\b";
    nothing_names("only `local` touches the user's disk", pattern, |source| {
        // Reports go where their options say; the journal has a folder of its own; TLS reads its certificates.
        !["cli", "report", "local", "journal"].contains(&source.room())
            && !source.path.starts_with("ftp/tls")
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
    nothing_names("no unsafe", r"\bunsafe\b", |_| true);
}

/// The table of kinds is the one place that knows their words. A word in a text for people, between other words, is none of
/// its business.
#[test]
fn the_words_of_kinds_stand_in_their_table_alone() {
    let words: Vec<&str> = ftpflow::kind::StepKind::words().collect();
    let pattern = format!("\"({})\"", words.join("|"));
    // `list` is a word of `listing:`, too, and what could not be done with a folder of this machine.
    let others = [
        "kind.rs",
        "manifest/model/server.rs",
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
