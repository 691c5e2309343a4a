//! One test a rule: the code, the line, and where it matters the words.

use super::{codes, compiled, found, needs, seeing};

/// A manifest with two servers, `a` (local network) and `b`, and these steps.
fn steps(steps: &str) -> String {
    format!("version: 1\nservers: {{a: {{host: a}}, b: {{host: b}}}}\nsteps:\n{steps}")
}

#[test]
fn a_short_hand_becomes_a_list_and_a_filter() {
    let text = "version: 1\nservers: {a: {host: a}}\nsteps:\n  first:\n    list: {server: a, empty: fail}\n  keep:\n    needs: first\n    \
                download: {server: a, files: [/in/x/*.zip, /in/y.txt], into: out}\n";
    let compiled = compiled(text, &seeing(&[]));
    assert_eq!(compiled.findings, []);
    let plan = compiled.plan.unwrap();
    let names: Vec<&str> = plan.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(
        names,
        ["login a", "first", "keep: list", "keep: filter", "keep"]
    );
    assert_eq!(needs(&plan, "keep: list"), ["login a", "first"]);
    assert_eq!(needs(&plan, "keep"), ["login a", "first", "keep: filter"]);
}

#[test]
fn cycles_are_drawn_whole() {
    let found = found(&steps(
        "  x: {needs: z, list: {server: a, empty: fail}}\n  y: {filter: {from: x, empty: fail}}\n  z: {filter: {from: y, empty: fail}}\n",
    ));
    let cycle = found
        .iter()
        .find(|finding| finding.0 == "step::cycle")
        .unwrap();
    assert_eq!(
        cycle.3,
        "steps wait for each other in a circle: `x` → `z` → `y` → `x`"
    );
}
