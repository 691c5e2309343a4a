//! `docs/servers.md` is complete: every entry names tests, and every test it names is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

/// How many sorts of behaviour are known. Whoever meets another one adds it here and there.
const ENTRIES: usize = 53;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("src"), root().join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                found.push(path);
            }
        }
    }
    found
}

/// The names of all functions under a `#[test]`.
fn tests() -> BTreeSet<String> {
    let test = Regex::new(r"#\[test\]\s*(?:#\[[^\n]*\]\s*)*fn (\w+)").unwrap();
    let texts = sources()
        .into_iter()
        .map(|path| fs::read_to_string(path).unwrap());
    let names = texts.flat_map(|text| {
        let found = test.captures_iter(&text).map(|found| found[1].to_owned());
        found.collect::<Vec<_>>()
    });
    names.collect()
}

/// The entries: the number and title of each, and its lines.
fn entries(text: &str) -> Vec<(&str, &str)> {
    text.split("\n### ")
        .skip(1)
        .map(|entry| {
            let entry = entry.split("\n## ").next().unwrap();
            entry.split_once('\n').unwrap()
        })
        .collect()
}

fn line<'a>(body: &'a str, label: &str) -> Option<&'a str> {
    body.lines().find_map(|line| line.strip_prefix(label))
}

#[test]
fn every_known_behaviour_is_shown_by_tests_that_exist() {
    let text = fs::read_to_string(root().join("docs/servers.md")).unwrap();
    let tests = tests();
    assert!(tests.len() > 500, "the tests were found: {}", tests.len());
    let quoted = Regex::new("`([a-z0-9_]+)`").unwrap();
    let entries = entries(&text);
    for (at, (title, body)) in entries.iter().enumerate() {
        assert!(title.starts_with(&format!("{}. ", at + 1)), "{title}");
        for label in ["Server: ", "ftpflow: "] {
            assert!(
                line(body, label).is_some_and(|text| !text.is_empty()),
                "{title}: {label}"
            );
        }
        let named = line(body, "Tests: ").unwrap_or_else(|| panic!("{title}: no tests"));
        let named: Vec<_> = quoted
            .captures_iter(named)
            .map(|name| name[1].to_owned())
            .collect();
        assert!(!named.is_empty(), "{title}: no tests");
        for name in named {
            assert!(tests.contains(&name), "{title}: no test is called `{name}`");
        }
    }
    assert_eq!(entries.len(), ENTRIES);
}

#[test]
fn every_other_test_that_the_page_names_exists() {
    let text = fs::read_to_string(root().join("docs/servers.md")).unwrap();
    let tests = tests();
    let long = Regex::new("`([a-z0-9]+(?:_[a-z0-9]+){3,})`").unwrap();
    let named: Vec<_> = long
        .captures_iter(&text)
        .map(|name| name[1].to_owned())
        .collect();
    assert!(named.len() > ENTRIES);
    for name in named {
        assert!(tests.contains(&name), "no test is called `{name}`");
    }
}
