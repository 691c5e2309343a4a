//! What the documents say is so: their commands parse, their manifests are right, their output is the program's.

use std::fs;
use std::path::Path;

use clap::Parser;
use ftpflow::cli::Cli;

use crate::harness::Case;

const DOCUMENTS: [&str; 9] = [
    "README.md",
    "docs/ledger.md",
    "docs/manifest.md",
    "docs/recipes.md",
    "docs/state.md",
    "docs/ci.md",
    "docs/reports.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
];

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The blocks of a document: the line before each, its language, its text.
fn blocks(document: &str) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    let mut before = "";
    let text = read(document);
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let body = lines.by_ref().take_while(|line| *line != "```");
            let body: String = body.map(|line| line.to_owned() + "\n").collect();
            found.push((before.to_owned(), language.to_owned(), body));
        }
        before = line;
    }
    found
}

fn blocks_of(language: &str) -> Vec<(&'static str, String)> {
    let all = DOCUMENTS.into_iter().flat_map(|document| {
        let blocks = blocks(document).into_iter();
        blocks.map(move |(_, language, body)| (document, language, body))
    });
    all.filter(|(_, found, _)| found == language)
        .map(|(document, _, body)| (document, body))
        .collect()
}

/// The part of a line that a shell would run.
fn command(line: &str) -> &str {
    line.split(" #").next().unwrap_or_default().trim()
}

#[test]
fn every_ftpflow_command_parses() {
    let mut tried = 0;
    let pipelines = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines")).unwrap();
    let comments = pipelines.flat_map(|entry| {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let lines = text.lines().filter_map(|line| line.strip_prefix("#   "));
        // Beside a command stands what it does, after several spaces.
        let commands = lines.map(|line| line.split("   ").next().unwrap_or_default().to_owned());
        commands.collect::<Vec<_>>()
    });
    let shells = blocks_of("sh").into_iter().flat_map(|(_, body)| {
        let lines = body.lines().map(|line| command(line).to_owned());
        lines.collect::<Vec<_>>()
    });
    for line in comments
        .chain(shells)
        .filter(|line| line.starts_with("ftpflow "))
    {
        if let Err(error) = Cli::try_parse_from(line.split_whitespace()) {
            panic!("{line}: {error}");
        }
        tried += 1;
    }
    assert!(tried > 15, "{tried} commands were found");
}

#[test]
fn every_other_command_is_there() {
    for (document, body) in blocks_of("sh") {
        for line in body.lines().map(command).filter(|line| !line.is_empty()) {
            let known = match line.split_whitespace().next().unwrap_or_default() {
                "ftpflow" => true,
                "cargo" => [
                    "cargo test",
                    "cargo install --path .",
                    "cargo run --example quickstart",
                ]
                .contains(&line),
                script => Path::new(env!("CARGO_MANIFEST_DIR")).join(script).is_file(),
            };
            assert!(known, "{document}: {line}");
        }
    }
}

#[test]
fn every_manifest_is_without_warnings() {
    let manifests = blocks_of("yaml");
    assert!(manifests.len() >= 3);
    for (document, body) in manifests {
        let case = Case::new().manifest(&body);
        let outcome = case
            .args(["check", "--deny", "warnings", "pipeline.yaml"])
            .run();
        assert_eq!(
            outcome.status.code(),
            Some(0),
            "{document}: {}",
            outcome.stdout
        );
    }
}

#[test]
fn the_first_steps_of_the_readme_work() {
    let first = Case::new().args(["init"]);
    first.run().code(0).stdout_has("wrote ftpflow.yaml");
    first.run().code(4).stderr_has("init never overwrites");
    for arguments in [
        &["check", "ftpflow.yaml"][..],
        &["run", "ftpflow.yaml", "--dry-run"],
    ] {
        let next = Case::new().file("ftpflow.yaml", first.read("ftpflow.yaml").unwrap());
        next.args(arguments.iter().copied()).run().code(0);
    }
}

#[test]
fn the_mistakes_of_the_readme_look_as_shown() {
    let blocks = blocks("README.md");
    let after = |mark: &str| {
        let block = blocks.iter().find(|(before, ..)| before == mark);
        block.map(|(_, _, body)| body.clone()).expect("the block")
    };
    let case = Case::new()
        .file("wrong.yaml", after("<!-- file: wrong.yaml -->"))
        .args(["check", "wrong.yaml"]);
    let outcome = case.run();
    outcome.code(3);
    let shown: String = outcome
        .stdout
        .lines()
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect();
    assert_eq!(shown, after("<!-- output: check wrong.yaml -->"));
}

#[test]
fn the_exit_codes_of_the_readme_are_all_of_them() {
    use ftpflow::cli::Exit;

    let text = read("README.md");
    let (_, table) = text.split_once("| exit code |").expect("the table");
    let table = table.split("\n\n").next().unwrap_or_default();
    let all = [
        Exit::Done,
        Exit::Failed,
        Exit::Usage,
        Exit::Manifest,
        Exit::Refused,
        Exit::Unwritten,
        Exit::Interrupted,
    ];
    for exit in all {
        assert!(
            table.contains(&format!("\n| {} |", exit.code())),
            "{exit:?}"
        );
    }
    assert_eq!(table.lines().count(), all.len() + 2);
}

#[test]
fn every_link_to_a_file_leads_somewhere() {
    let link = regex::Regex::new(r"\]\(([^)#:]+)\)").unwrap();
    for document in DOCUMENTS {
        let text = read(document);
        for found in link.captures_iter(&text) {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
            let path = folder.parent().unwrap().join(&found[1]);
            assert!(path.exists(), "{document}: {}", path.display());
        }
    }
}
