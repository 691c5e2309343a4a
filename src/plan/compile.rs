//! The way from a manifest to a plan, from beginning to end.

use std::sync::Arc;

use super::assemble::Assembled;
use super::builder::Builder;
use super::codes;
use super::context::Context;
use super::identity::Timeless;
use super::inputs::Inputs;
use super::model::{Plan, PlanServer};
use super::names::{Names, check_name};
use super::options::defaults;
use super::printable::Printable;
use super::secrets::Secrets;
use super::server::{ServerEntry, servers};
use super::server_parts::entries_at_once;
use super::sides::yields;
use super::{
    allow, doubts, hazards, markers_taken, moves, never, nothing_left, once, places, unused, whens,
};
use crate::manifest::{Finding, Manifest, Path, Place, Severity};

/// What came of compiling a manifest.
#[derive(Debug)]
pub struct Compiled {
    /// All errors and warnings, in the order of the file.
    pub findings: Vec<Finding>,
    /// The plan for people, there for every manifest without errors.
    pub printable: Option<Printable>,
    /// The plan to run, there when moreover every value is known.
    pub plan: Option<Arc<Plan>>,
    /// Every server of the manifest, whether or not a step uses it; whole where there is no error.
    pub servers: Vec<PlanServer>,
    /// What the plan's [`super::SecretKey`]s stand for, and all values that must never be shown.
    pub secrets: Secrets,
}

/// Compiles a manifest: names resolved, variables bound, everything judged that can be judged without a network.
///
/// Every error is collected; none stops the others. Nothing is read and nothing is connected to: see [`Inputs`].
pub fn compile(manifest: &Manifest, inputs: &Inputs) -> Compiled {
    let mut context = Context::new(manifest, inputs, false);
    let (plan, servers) = assembled(&mut context, true);
    finish(context, plan, servers)
}

/// The plan of a manifest as it is in every run, to know it again; there where [`compile`] finds no error.
pub fn timeless(manifest: &Manifest, inputs: &Inputs) -> Option<Timeless> {
    let mut context = Context::new(manifest, inputs, true);
    let (plan, _) = assembled(&mut context, false);
    let zone = context.zone();
    let (_, _, secrets) = context.finish();
    let mut plan = plan?;
    forget_secrets(&mut plan, &secrets);
    Some(Timeless {
        plan,
        secrets,
        zone,
    })
}

/// Builds the plan; with everything judged, hazards are looked for, too.
fn assembled(context: &mut Context<'_>, judged: bool) -> (Option<Plan>, Vec<PlanServer>) {
    let manifest = context.manifest;
    let name = top(context);
    let servers = servers(context);
    let limits = servers.iter().map(|entry| entry.endpoint.limits);
    let entries = entries_at_once(context, limits);
    let defaults = defaults(context);
    let root = Path::root().key("steps");
    let written = context.slot(&manifest.steps, || root, "a map of steps");
    let written = written.map(Vec::as_slice).unwrap_or_default();
    let names = servers.iter().map(|entry| entry.endpoint.name.clone());
    let server_names = Names::new("server", names);
    let steps = Names::new("step", written.iter().map(|(name, _)| name.clone()));
    let count = servers.len();
    let mut builder = Builder {
        context,
        servers,
        server_names,
        steps,
        defaults,
        nodes: Vec::new(),
        logins: vec![None; count],
        used: vec![false; count],
    };
    builder.build(written);
    builder.settle_extras();
    let sets = yields(&builder.nodes);
    builder.settle_sides(&sets);
    builder.add_logins(&sets);
    unused::warn(&mut builder);
    doubts::report(builder.context);
    let Assembled { plan, whole } = builder.assemble(name, entries, &sets);
    let servers = builder.servers.iter().map(ServerEntry::planned).collect();
    if judged {
        let hazards = hazards::findings(manifest, &plan).into_iter();
        let places = places::findings(manifest, &plan);
        let nothing_left = nothing_left::findings(manifest, &plan);
        let whens = whens::findings(manifest, &plan);
        let told = whens.iter().map(|(step, _)| *step).collect();
        let never = never::findings(manifest, &plan, &told);
        let whens = whens.into_iter().map(|(_, finding)| finding);
        let markers = markers_taken::findings(manifest, &plan);
        let once = once::findings(manifest, &plan);
        let moves = moves::findings(manifest, &plan);
        let more = nothing_left.into_iter().chain(whens).chain(never);
        let more = more.chain(markers).chain(once).chain(moves);
        for finding in hazards.chain(places).chain(more) {
            builder.context.report(finding);
        }
    }
    (Some(plan).filter(|_| whole), servers)
}

/// The variables that hold a secret are nobody's to see.
fn forget_secrets(plan: &mut Plan, secrets: &Secrets) {
    let secret = |value: &str| secrets.masked().any(|masked| value.contains(masked));
    plan.variables.retain(|_, value| !secret(value));
}

fn finish(context: Context<'_>, plan: Option<Plan>, servers: Vec<PlanServer>) -> Compiled {
    let manifest = context.manifest;
    let (findings, holes, secrets) = context.finish();
    let mut findings = allow::silence(manifest, findings);
    findings.sort_by_key(|finding| (finding.place, finding.code));
    findings.dedup();
    let wrong = findings
        .iter()
        .any(|finding| finding.severity == Severity::Error);
    let printable = plan.filter(|_| !wrong).map(|mut plan| {
        forget_secrets(&mut plan, &secrets);
        let plan = Arc::new(plan);
        Printable { plan, holes }
    });
    let plan = printable
        .as_ref()
        .filter(|printable| printable.holes.is_empty());
    Compiled {
        plan: plan.map(|printable| Arc::clone(&printable.plan)),
        findings,
        printable,
        servers,
        secrets,
    }
}

/// The keys at the top; yields the manifest's name.
fn top(context: &mut Context<'_>) -> String {
    let manifest = context.manifest;
    let root = Path::root();
    for key in &manifest.unknown {
        context.unknown_key(key, &root, Manifest::KEYS);
    }
    version(context);
    if let Some(vars) = context.slot(&manifest.vars, || root.key("vars"), "a map of texts") {
        for (name, slot) in vars {
            let path = root.key("vars").key(name);
            check_name(context, name, &path);
            context.slot(slot, || path, "text");
        }
    }
    context.text(&manifest.description, &root, "description");
    let steps = manifest.steps.get();
    if manifest.steps.is_absent() || steps.is_some_and(Vec::is_empty) {
        let place = if manifest.steps.is_absent() {
            beginning(context)
        } else {
            context.key(&root.key("steps"))
        };
        let finding = Finding::error(
            codes::MANIFEST_NO_STEPS,
            place,
            "the manifest has no steps",
            "needs `steps`",
        );
        context.report(
            finding.help(
                "add `steps:` with at least one step; `ftpflow init` writes a first manifest",
            ),
        );
    }
    let name = context.plain(&manifest.name, &root.key("name"));
    name.unwrap_or(&context.inputs.file_stem).to_owned()
}

fn version(context: &mut Context<'_>) {
    let manifest = context.manifest;
    let path = Path::root().key("version");
    if manifest.version.is_absent() {
        let place = beginning(context);
        let finding = Finding::error(
            codes::MANIFEST_VERSION,
            place,
            "`version` is missing",
            "needs `version: 1`",
        );
        context.report(finding.help("begin the manifest with `version: 1`"));
    }
    let Some(version) = context.plain(&manifest.version, &path) else {
        return;
    };
    if version != "1" {
        let message = "this ftpflow reads version 1";
        context.error(
            codes::MANIFEST_VERSION,
            &path,
            message,
            "another version",
            "write `version: 1`, or use a newer ftpflow",
        );
    }
}

/// The first characters of the manifest: the whole of it, which misses a key, is too much to underline.
fn beginning(context: &Context<'_>) -> Place {
    let root = context.at(&Path::root());
    Place {
        end: root.start,
        ..root
    }
}
