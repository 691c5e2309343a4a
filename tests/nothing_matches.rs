//! A filter that matches nothing says so in one line: what was asked, and how many there were.
#![cfg(test)]

use crate::harness::server::{Running, Server};
use crate::harness::{Case, Outcome};

fn builds() -> Running {
    let server = Server::new()
        .file("/out/a.zip", "x")
        .file("/out/b.zip", "x");
    server.folder("/out/old").start()
}

fn filtered(server: &Running, rules: &str) -> Outcome {
    let steps = format!(
        "steps:\n  found:\n    list: {{server: build, path: /out}}\n  some:\n    filter: {{from: found, {rules}}}\n  get:\n    download: {{from: some, into: here}}\n"
    );
    Case::new().pipeline(&[("build", server)], &steps).run()
}

#[test]
fn a_filter_that_matches_nothing_warns_with_its_patterns_and_how_many_there_were() {
    let server = builds();
    filtered(&server, "include: ['*.tar', '*.tgz'], exclude: '*-rc*', newer_than: 1d")
        .code(0)
        .stderr_has(
            "some: no file of `found` matches: 2 there, include `*.tar`, `*.tgz`, exclude `*-rc*`, `newer_than` (`empty: ok` expects that)",
        );
    filtered(&server, "type: link")
        .code(0)
        .stderr_has("some: no file of `found` matches: none there, 3 of another `type`, `type`");
}

#[test]
fn what_the_manifest_expects_is_not_warned_of() {
    let server = builds();
    filtered(&server, "include: '*.tar', empty: ok")
        .code(0)
        .never_says("matches:");
    filtered(&server, "include: '*.zip'")
        .code(0)
        .never_says("matches:");
    server.mutate(|tree| {
        tree.remove(b"/out/a.zip");
        tree.remove(b"/out/b.zip");
        tree.remove(b"/out/old");
    });
    filtered(&server, "include: '*.zip'")
        .code(0)
        .never_says("matches:");
}

#[test]
fn where_it_is_a_failure_it_says_the_same() {
    let server = builds();
    filtered(&server, "regex: '^c', empty: fail")
        .code(1)
        .stderr_has("no file of `found` matches: 2 there, regex `^c`");
    let steps = "steps:\n  get:\n    download: {server: build, files: '/out/*.tar', into: here}\n";
    let short = Case::new().pipeline(&[("build", &server)], steps).run();
    short
        .code(1)
        .stderr_has("no file matches `files`: 2 there, include `");
}
