//! A case's plan as the manifest that a user would write, and compiled.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;

use ftpflow::manifest::{Manifest, Severity};
use ftpflow::plan::{Compiled, Inputs, Plan, Secrets, Values, compile};

use super::case::{Case, LOCAL, Step, What};

/// The instant at which every case begins, Unix seconds.
pub(super) const BEGINNING: i64 = 1_790_000_000;

/// The manifest of a case.
pub(super) fn yaml(case: &Case) -> String {
    let mut text = String::from("version: 1\nname: sim\nservers:\n");
    for (at, view) in case.views.iter().enumerate().skip(1) {
        let _ = writeln!(
            text,
            "  v{at}: {{ host: {}, user: u, password: p, connections: {} }}",
            view.host, view.connections
        );
    }
    text.push_str("steps:\n");
    for step in &case.steps {
        write_step(&mut text, step);
    }
    text
}

fn write_step(text: &mut String, step: &Step) {
    let _ = writeln!(text, "  {}:", step.name);
    if !step.needs.is_empty() {
        let _ = writeln!(text, "    needs: [{}]", step.needs.join(", "));
    }
    if step.attempts != 4 {
        let _ = writeln!(text, "    retry: {{ attempts: {} }}", step.attempts);
    }
    if step.goes_on {
        text.push_str("    on_error: continue\n");
    }
    if let Some(when) = step.when {
        let _ = writeln!(text, "    when: {when}");
    }
    if let Some(seconds) = step.timeout {
        let _ = writeln!(text, "    timeout: {seconds}s");
    }
    let _ = match &step.what {
        What::List {
            side,
            path,
            recursive,
            follow,
            hidden,
        } => {
            let _ = write!(
                text,
                "    list: {{ server: {}, path: \"{path}\", missing: empty",
                name(*side)
            );
            let flags = [
                ("recursive", *recursive),
                ("follow_links", *follow),
                ("hidden", *hidden),
            ];
            for (flag, _) in flags.into_iter().filter(|(_, on)| *on) {
                let _ = write!(text, ", {flag}: true");
            }
            // Not drawn, so that each seed has the story that it had.
            if *recursive && *hidden {
                let wait = "for: \"*\", stable: 3s, every: 1s, timeout: 20s";
                let _ = write!(text, ", wait: {{ {wait} }}");
            }
            writeln!(text, " }}")
        }
        What::Filter { from, include } => {
            writeln!(
                text,
                "    filter: {{ from: {from}, include: \"{include}\" }}"
            )
        }
        What::Transfer {
            from,
            source,
            to,
            into,
            options,
        } => {
            let _ = match (*source, *to) {
                (LOCAL, to) => write!(text, "    upload: {{ from: {from}, to: {}", name(to)),
                (_, LOCAL) => write!(text, "    download: {{ from: {from}"),
                (_, to) => write!(text, "    relay: {{ from: {from}, to: {}", name(to)),
            };
            let _ = write!(text, ", into: \"{into}\"");
            for (key, value) in options {
                let _ = write!(text, ", {key}: {value}");
            }
            writeln!(text, " }}")
        }
        What::SourcesOf {
            steps,
            remove_empty,
            max,
        } => writeln!(
            text,
            "    delete: {{ sources_of: [{}], max: {max}{} }}",
            steps.join(", "),
            folders(*remove_empty)
        ),
        What::DeleteFrom {
            from,
            copies,
            remove_empty,
            max,
        } => writeln!(
            text,
            "    delete: {{ from: {from}, max: {max}{}{} }}",
            if *copies { ", copies: true" } else { "" },
            folders(*remove_empty)
        ),
    };
}

fn folders(remove_empty: bool) -> &'static str {
    match remove_empty {
        true => ", directories: remove_empty",
        false => "",
    }
}

fn name(side: usize) -> String {
    match side {
        LOCAL => "local".into(),
        at => format!("v{at}"),
    }
}

/// The plan of a case; the codes of its errors where it is refused.
pub(super) fn plan(case: &Case) -> Result<(Arc<Plan>, Secrets), String> {
    let read = Manifest::read("sim.yaml", yaml(case).as_bytes());
    let Some(manifest) = read.manifest else {
        return Err("it is no manifest".into());
    };
    let Compiled {
        findings,
        plan,
        secrets,
        ..
    } = compile(&manifest, &inputs());
    plan.map(|plan| (plan, secrets)).ok_or_else(|| {
        let errors = findings.iter().filter(|f| f.severity == Severity::Error);
        let codes: BTreeSet<&str> = errors.map(|f| f.code).collect();
        codes.into_iter().collect::<Vec<_>>().join(" ")
    })
}

fn inputs() -> Inputs {
    Inputs {
        vars: BTreeMap::new(),
        env: Values::Known(BTreeMap::new()),
        files: Values::Known(BTreeMap::new()),
        started: BEGINNING,
        zone: |_| 0,
        run_id: Some("run".into()),
        file_stem: "sim".into(),
        folder: "/w".into(),
    }
}
