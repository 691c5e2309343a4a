//! Real manifests, broken at random: reading, compiling, printing and drawing hold whatever comes.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::Index;

use crate::soundness;

/// What is put in: the words of the language, the signs of YAML, and what is rarely thought of.
const WORDS: &[&str] = &[
    "version",
    "vars",
    "defaults",
    "servers",
    "steps",
    "allow",
    "host",
    "password",
    "tls",
    "timeouts",
    "needs",
    "retry",
    "on_error",
    "login",
    "list",
    "filter",
    "download",
    "upload",
    "relay",
    "delete",
    "from",
    "into",
    "to",
    "server",
    "files",
    "sources_of",
    "include",
    "path",
    "regex",
    "max",
    "commands",
    "local",
    "build",
    "archives",
    "keep",
    "true",
    "false",
    "off",
    "null",
    "~",
    "0",
    "1",
    "-1",
    "65536",
    "99999999999999999999",
    "1.2",
    "7d",
    "1h 30m",
    "512KiB",
    "584542046091y",
    "2026-11-22",
    "9999-12-31",
    "+08:00",
    "gbk",
    "${vars.series}",
    "${env.X:-y}",
    "${file./etc/x}",
    "${run.date-1d:%Y%m%d}",
    "${run.date+999999999d}",
    "${run.date:%Q}",
    "${run.date:%+%s%Z}",
    "$${x}",
    "${",
    "${vars.${vars.x}}",
    "${step.x}",
    ": ",
    "- ",
    "? ",
    "{",
    "}",
    "[",
    "]",
    ",",
    "&a ",
    "*a",
    "<<: *a",
    "!tag ",
    "!!str ",
    "|\n",
    ">-\n",
    "'",
    "\"",
    "#",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "\n",
    "\r\n",
    "\t",
    "  ",
    "\u{feff}",
    "\0",
    "\u{1b}[2J",
    "：",
    "，",
    "版本",
    "👨‍👩‍👧",
    "e\u{301}",
    "\u{202e}",
    "\u{85}",
    "\u{2028}",
    "\\",
    "\\x",
    "**",
    "[!a]",
    "{a,b}",
    "{a",
    "(",
    "(?i)",
    "..",
    "/",
    "//",
    "-",
    "_",
];

/// One change: what, where, how far, and what with.
type Change = (u8, Index, Index, Index);

fn manifests() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let entries = fs::read_dir(folder.join("pipelines")).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "yaml"));
    paths.push(folder.join("src/cli/first.yaml"));
    paths.sort();
    assert!(paths.len() > 3);
    paths
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

fn changed(all: &[String], base: Index, changes: &[Change]) -> Vec<u8> {
    let mut text = base.get(all).clone();
    for (what, at, to, with) in changes {
        change(all, &mut text, *what, (at, to, with));
    }
    text.into_bytes()
}

fn change(all: &[String], text: &mut String, what: u8, (at, to, with): (&Index, &Index, &Index)) {
    let word = *with.get(WORDS);
    let start = text.floor_char_boundary(at.index(text.len() + 1));
    let near = text.floor_char_boundary((start + to.index(24)).min(text.len()));
    let tokens = tokens(text);
    match what % 10 {
        0 | 1 if !tokens.is_empty() => text.replace_range(at.get(&tokens).clone(), word),
        2 | 3 => text.insert_str(start, word),
        4 => text.replace_range(start..near, ""),
        5 => with_lines(text, |lines| {
            lines.remove(at.index(lines.len()));
        }),
        6 => with_lines(text, |lines| {
            let line = lines[at.index(lines.len())].clone();
            lines.insert(to.index(lines.len()), line);
        }),
        7 => with_lines(text, |lines| {
            let line = at.index(lines.len());
            let by = " ".repeat(to.index(5));
            lines[line] = format!("{by}{}", lines[line].trim_start());
        }),
        8 => {
            let other = with.get(all).clone();
            let rest = other.floor_char_boundary(to.index(other.len()));
            text.replace_range(start.., &other[rest..]);
        }
        9 if tokens.len() > 1 => {
            let (one, other) = (at.get(&tokens).clone(), to.get(&tokens).clone());
            let value = text[other].to_owned();
            text.replace_range(one, &value);
        }
        _ => text.truncate(start),
    }
}

fn with_lines(text: &mut String, change: impl FnOnce(&mut Vec<String>)) {
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    change(&mut lines);
    *text = lines.join("\n");
}

/// The words of a text.
fn tokens(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut tokens = Vec::new();
    let mut start = None;
    for (at, character) in text.char_indices().chain([(text.len(), ' ')]) {
        let part = !character.is_whitespace() && !"{}[],:\"'#".contains(character);
        match (part, start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                tokens.push(from..at);
                start = None;
            }
            _ => {}
        }
    }
    tokens
}

fn fuzz(cases: u32) {
    let all = manifests();
    for text in &all {
        assert!(soundness::hold(text.as_bytes()), "{text}");
    }
    let changes = prop::collection::vec(any::<Change>(), 1..5);
    let noise = prop::option::weighted(0.05, (any::<Index>(), any::<u8>()));
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let accepted = std::cell::Cell::new(0_u32);
    let outcome = runner.run(
        &(any::<Index>(), changes, noise),
        |(base, changes, noise)| {
            let mut bytes = changed(&all, base, &changes);
            if let Some((at, byte)) = noise {
                let at = at.index(bytes.len() + 1);
                bytes.insert(at, byte);
            }
            let shown = String::from_utf8_lossy(&bytes).into_owned();
            let held = std::panic::catch_unwind(|| soundness::hold(&bytes));
            match held {
                Ok(ok) => accepted.set(accepted.get() + u32::from(ok)),
                Err(_) => prop_assert!(false, "this breaks a promise:\n{shown}"),
            }
            Ok(())
        },
    );
    if let Err(error) = outcome {
        panic!("{error}");
    }
    // Changes that always broke a manifest would test no printer.
    assert!(
        accepted.get() > cases / 50,
        "{} of {cases} were accepted",
        accepted.get()
    );
}

#[test]
fn a_broken_manifest_breaks_no_stage() {
    fuzz(2_000);
}

#[test]
#[ignore = "takes minutes: FTPFLOW_LONG=1 tests/run"]
fn long_a_hundred_thousand_broken_manifests_break_no_stage() {
    fuzz(100_000);
}
