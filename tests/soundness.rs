//! What must hold of every manifest, whatever bytes it is made of. The property tests and the fuzz target share it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use ftpflow::manifest::{Finding, Manifest, Severity, Source};
use ftpflow::plan::{Compiled, Inputs, Values, compile};
use ftpflow::report::{
    Drawing, Paint, Picture, Redactor, write_dot, write_findings, write_mermaid, write_plan,
    write_svg,
};

/// Reads, compiles, and prints and draws what was accepted; says whether it was.
///
/// # Panics
/// When a promise is broken: a place outside the file or inside a character, or an accepted manifest that cannot be shown.
pub(crate) fn hold(bytes: &[u8]) -> bool {
    let read = Manifest::read("fuzz.yaml", bytes);
    places_lie_in_the_file(&read.findings, &read.source);
    let Some(manifest) = read.manifest else {
        assert!(
            !read.findings.is_empty(),
            "nothing was read, and nothing said"
        );
        return false;
    };
    let Compiled {
        findings,
        printable,
        secrets,
        ..
    } = compile(&manifest, &blind());
    places_lie_in_the_file(&findings, &read.source);
    let findings: Vec<Finding> = read.findings.into_iter().chain(findings).collect();
    let redactor = Redactor::new(secrets.masked());
    let drawing = Drawing {
        paint: Paint::PLAIN,
        width: 100,
        redactor: &redactor,
    };
    let mut out = Vec::new();
    write_findings(&mut out, &read.source, &findings, drawing).expect("findings are written");
    if findings
        .iter()
        .any(|finding| finding.severity == Severity::Error)
    {
        return false;
    }
    let printable = printable.expect("a manifest without errors can be printed");
    write_plan(&mut out, &printable).expect("the plan is printed");
    let picture = Picture::new(&printable.plan, &redactor);
    for draw in [write_svg, write_mermaid, write_dot] {
        draw(&mut out, &picture).expect("the plan is drawn");
    }
    String::from_utf8(out).expect("text is UTF-8");
    true
}

/// Inputs of a `check`: nothing from outside is known.
pub(crate) fn blind() -> Inputs {
    Inputs {
        vars: BTreeMap::new(),
        env: Values::Unknown,
        files: Values::Unknown,
        started: 1_795_341_600,
        zone: |_| 0,
        run_id: None,
        file_stem: "fuzz".into(),
        folder: PathBuf::from("/work"),
    }
}

fn places_lie_in_the_file(findings: &[Finding], source: &Arc<Source>) {
    let text = source.text();
    for finding in findings {
        let related = finding.related.iter().map(|(place, _)| *place);
        for place in std::iter::once(finding.place).chain(related) {
            assert!(
                text.get(place.range()).is_some(),
                "{finding:?} in {} bytes",
                text.len()
            );
            let (start, end) = source.positions(place);
            assert!(
                start.line >= 1 && start.column >= 1 && end.line <= source.line_count(),
                "{finding:?}"
            );
        }
    }
}
