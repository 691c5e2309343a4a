//! Drawings as they are, and what must hold of every one.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::picture::{Line, Picture};
use super::{write_dot, write_mermaid, write_svg};
use crate::plan::{Action, Plan};
use crate::report::{Redactor, plans};

fn picture(text: &str) -> Picture {
    Picture::new(&plans::printable(text).plan, &Redactor::new([]))
}

fn drawn(
    picture: &Picture,
    write: fn(&mut dyn std::io::Write, &Picture) -> std::io::Result<()>,
) -> String {
    let mut out = Vec::new();
    write(&mut out, picture).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn the_first_example_is_drawn() {
    let picture = picture(plans::EXAMPLE);
    insta::assert_snapshot!("example.svg", drawn(&picture, write_svg));
    insta::assert_snapshot!("example.mmd", drawn(&picture, write_mermaid));
    insta::assert_snapshot!("example.dot", drawn(&picture, write_dot));
}

#[test]
fn shorthands_and_odd_names_are_drawn() {
    let picture = picture(plans::MIRRORS);
    insta::assert_snapshot!("mirrors.svg", drawn(&picture, write_svg));
    insta::assert_snapshot!("mirrors.mmd", drawn(&picture, write_mermaid));
    insta::assert_snapshot!("mirrors.dot", drawn(&picture, write_dot));
}

#[test]
fn lines_say_after_what_end_a_step_runs() {
    let picture = picture(
        "version: 1
servers: {a: {host: a}, b: {host: b}}
steps:
  all: {list: {server: a, path: /in}}
  keep: {download: {from: all, into: out}}
  send: {upload: {from: keep, to: b, into: /in}}
  bad: {needs: [keep, send], when: failure, list: {server: b, path: /status, empty: fail}}
  tell: {needs: [send], when: always, upload: {files: x, to: b, into: /said}}
",
    );
    let number = |name: &str| {
        picture
            .nodes
            .iter()
            .position(|node| node.name == name)
            .unwrap()
    };
    let [keep, send, bad] = ["keep", "send", "bad"].map(number);
    let drawing = drawn(&picture, write_mermaid);
    for line in [
        format!("  n{keep} -.->|failure| n{bad}\n"),
        format!("  n{send} -.->|failure| n{bad}\n"),
        format!("  n{send} -.->|always| n"),
        format!("  n{keep} ==> n{send}\n"),
    ] {
        assert!(drawing.contains(&line), "{line}\n{drawing}");
    }
    let dot = drawn(&picture, write_dot);
    let edge = format!("n{send} -> n{bad} [style=dashed, label=failure,");
    assert!(dot.contains(&edge), "{dot}");
    let svg = drawn(&picture, write_svg);
    assert_eq!(svg.matches(">failure</text>").count(), 2, "{svg}");
    well_formed(&svg);
}

#[test]
fn a_secret_is_masked_before_it_is_cut_or_escaped() {
    let plan = plans::printable("version: 1\nservers: {a: {host: a}}\nsteps: {l: {list: {server: a, path: '/x/pa*ss<w/y'}}}\n").plan;
    let picture = Picture::new(&plan, &Redactor::new(["pa*ss<w"]));
    assert_eq!(
        picture.nodes[0].detail,
        format!("/x/{}/y", crate::report::MASK)
    );
}

/// A manifest of steps that filter, wait, download and delete, each after steps before it.
fn manifest(steps: &[(u8, prop::sample::Index, Vec<prop::sample::Index>)]) -> String {
    let mut text = "version: 1\nservers: {a: {host: a}, b: {host: b}, c: {host: c}}\nsteps:\n  s0: {list: {server: a}}\n".to_owned();
    for (at, (kind, from, needs)) in steps.iter().enumerate() {
        let (number, at) = (at + 1, at + 1);
        let needs: BTreeSet<String> = needs
            .iter()
            .map(|need| format!("s{}", need.index(number)))
            .collect();
        let needs = needs.into_iter().collect::<Vec<_>>().join(", ");
        let lists: Vec<usize> = (0..at)
            .filter(|at| *at == 0 || matches!(steps[at - 1].0 % 5, 0 | 1))
            .collect();
        let from = lists[from.index(lists.len())];
        let action = match kind % 5 {
            0 => format!(
                "list: {{server: {}}}",
                ["a", "b", "c"][usize::from(*kind) % 3]
            ),
            1 => format!("filter: {{from: s{from}, include: 'x{number}'}}"),
            2 => format!("download: {{server: b, files: '/i{number}/*', into: o{number}}}"),
            3 => format!(
                "upload: {{files: 'u{number}/*', to: c, into: /o{number}, if_exists: fail}}"
            ),
            _ => format!(
                "relay: {{server: a, files: '/i{number}/*', to: c, into: /o{number}, if_exists: fail}}"
            ),
        };
        text.push_str(&format!("  s{number}: {{needs: [{needs}], {action}}}\n"));
    }
    text
}

/// Whether a line of the plan is drawn, told from the plan alone: all pairs of shown steps that wait for each other.
fn closure(plan: &Plan) -> BTreeSet<(u32, u32)> {
    let mut all: Vec<BTreeSet<u32>> = Vec::new();
    for step in &plan.steps {
        let direct = step.needs.iter().map(|need| need.0);
        let far = step
            .needs
            .iter()
            .flat_map(|need| all[need.0 as usize].clone());
        all.push(direct.chain(far).collect());
    }
    let pairs = all
        .iter()
        .zip(0..)
        .flat_map(|(needs, step)| needs.iter().map(move |need| (*need, step)));
    pairs
        .filter(|(need, step)| [need, step].into_iter().all(|at| is_shown(plan, *at)))
        .collect()
}

fn is_shown(plan: &Plan, step: u32) -> bool {
    let step = &plan.steps[step as usize];
    !step.implicit || matches!(step.action, Action::List(_))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_format_shows_what_the_plan_has(steps in prop::collection::vec((any::<u8>(), any::<prop::sample::Index>(), prop::collection::vec(any::<prop::sample::Index>(), 0..4)), 0..24)) {
        let text = manifest(&steps);
        let read = crate::manifest::Manifest::read("test.yaml", text.as_bytes());
        prop_assert_eq!(&read.findings, &[]);
        let plan = plans::printable(&text).plan;
        let picture = Picture::new(&plan, &Redactor::new([]));
        let shown = (0..plan.steps.len() as u32).filter(|at| is_shown(&plan, *at)).count();
        prop_assert_eq!(picture.nodes.len(), shown);

        // What waits for what is the same as in the plan, and no line that only says "wait" could be left out.
        let step = |at: usize| picture.nodes[at].step.0;
        let closed = |left_out: Option<usize>| {
            let mut all: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); picture.nodes.len()];
            for (number, edge) in picture.edges.iter().enumerate() {
                if Some(number) != left_out {
                    let mut far = all[edge.from].clone();
                    far.insert(edge.from);
                    all[edge.to].extend(far);
                }
            }
            let pairs = all.iter().enumerate().flat_map(|(to, from)| from.iter().map(move |from| (step(*from), step(to))));
            pairs.collect::<BTreeSet<_>>()
        };
        prop_assert_eq!(closed(None), closure(&plan));
        for (number, edge) in picture.edges.iter().enumerate() {
            prop_assert!(edge.line != Line::Wait || closed(Some(number)) != closed(None), "{:?}", edge);
        }

        let counts = (picture.nodes.len(), picture.edges.len());
        let svg = drawn(&picture, write_svg);
        well_formed(&svg);
        prop_assert_eq!((svg.matches("<g class=\"step ").count(), svg.matches("<g class=\"line ").count()), counts);
        let mermaid = drawn(&picture, write_mermaid);
        let arrows = ["==>", "-->", "-.->"].iter().map(|arrow| mermaid.matches(arrow).count()).sum();
        prop_assert_eq!((mermaid.matches("):::").count(), arrows), counts);
        let dot = drawn(&picture, write_dot);
        let boxes = dot.lines().filter(|line| line.starts_with("    n")).count();
        prop_assert_eq!((boxes, dot.matches(" -> ").count()), counts);
    }

    #[test]
    fn any_text_can_be_drawn(name in any::<String>(), path in any::<String>()) {
        let mut plan = Plan::clone(&plans::printable(plans::EXAMPLE).plan);
        plan.name = name.clone();
        for step in &mut plan.steps {
            step.name = name.clone();
            if let Action::List(list) = &mut step.action {
                list.path = path.clone();
            }
        }
        let picture = Picture::new(&plan, &Redactor::new([]));
        well_formed(&drawn(&picture, write_svg));
        for line in drawn(&picture, write_mermaid).lines().filter(|line| line.contains(":::")) {
            prop_assert_eq!(line.matches('"').count(), 2);
        }
        for line in drawn(&picture, write_dot).lines() {
            let plain = line.replace("\\\\", "").replace("\\\"", "");
            prop_assert_eq!(plain.matches('"').count() % 2, 0, "{}", line);
        }
    }
}

/// Elements nest, attributes are quoted, and text holds only entities that XML knows.
#[track_caller]
fn well_formed(xml: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = xml;
    while let Some(at) = rest.find('<') {
        text_is_escaped(&rest[..at]);
        let end = rest.find('>').expect("a tag ends");
        let tag = &rest[at + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
            continue;
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        text_is_escaped(tag);
        if !tag.ends_with('/') {
            open.push(tag.split(' ').next().unwrap());
        }
    }
    assert_eq!((open.as_slice(), rest.trim()), (&[][..], ""));
}

#[track_caller]
fn text_is_escaped(text: &str) {
    assert!(!text.contains('<'), "{text}");
    for entity in text.split('&').skip(1) {
        let known = ["amp;", "lt;", "gt;", "quot;", "#39;"];
        assert!(
            known.iter().any(|known| entity.starts_with(known)),
            "{entity}"
        );
    }
    let allowed = |c: char| c >= ' ' && c != '\u{fffe}' && c != '\u{ffff}' || "\t\n\r".contains(c);
    assert!(text.chars().all(allowed), "{text}");
}
