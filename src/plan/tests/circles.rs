//! Steps that wait for each other, as a user meets them, and the order in which they say so.

use super::{blind, found};
use crate::manifest::Manifest;
use crate::plan::compile;

#[test]
fn cycles_of_shorthands_are_drawn_as_they_are_written() {
    let text = "version: 1\nservers: {a: {host: a}, b: {host: b}}\nsteps:\n  \
                x: {needs: y, download: {server: a, files: '/x/*', into: o}}\n  \
                y: {needs: x, relay: {server: a, files: '/y/*', to: b, into: /z}}\n";
    let read = Manifest::read("test.yaml", text.as_bytes());
    let findings = compile(&read.manifest.unwrap(), &blind()).findings;
    assert_eq!(findings.len(), 1);
    let message = "steps wait for each other in a circle: `x` → `y` → `x`";
    assert_eq!(findings[0].message, message);
    assert_eq!(findings[0].label, "`x` waits for `y`");
    assert_eq!(read.source.slice(findings[0].place), "y");
    let related = &findings[0].related;
    assert_eq!(related.len(), 1);
    assert_eq!(read.source.slice(related[0].0), "x");
    assert_eq!(related[0].1, "`y` waits for `x`");
}

#[test]
fn every_circle_of_a_file_is_said_at_once() {
    let step = |name: &str, needs: &str| {
        format!(
            "  {name}: {{needs: {needs}, upload: {{files: '{name}/*', to: a, into: /{name}}}}}\n"
        )
    };
    let steps = [
        ("x", "y"),
        ("y", "x"),
        ("p", "q"),
        ("q", "r"),
        ("r", "p"),
        ("z", "z"),
        ("w", "z"),
    ];
    let steps = steps.map(|(name, needs)| step(name, needs)).concat();
    let found = found(&format!(
        "version: 1\nservers: {{a: {{host: a.internal}}}}\nsteps:\n{steps}"
    ));
    let found: Vec<_> = found
        .into_iter()
        .map(|(code, line, _, message, _)| (code, line, message))
        .collect();
    let expected = [
        (4, "steps wait for each other in a circle: `x` → `y` → `x`"),
        (
            6,
            "steps wait for each other in a circle: `p` → `q` → `r` → `p`",
        ),
        (9, "`z` waits for itself"),
    ];
    assert_eq!(
        found,
        expected.map(|(line, message)| ("step::cycle", line, message.to_owned()))
    );
}
