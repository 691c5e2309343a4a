//! Warnings about what is declared and never used.

use super::builder::Builder;
use super::codes;
use super::kinds::{Action, SetOf};
use crate::manifest::{Finding, Path};

/// Servers, steps and variables that nothing uses.
///
/// Where a part of the manifest could not be read, it may be that which uses them.
pub(super) fn warn(builder: &mut Builder<'_, '_>) {
    if builder.context.manifest.is_damaged() {
        return;
    }
    servers(builder);
    steps(builder);
    for name in builder.context.unused_variables() {
        let path = Path::root().key("vars").key(name);
        let place = builder.context.key(&path);
        let message = format!("the variable `{name}` is never used");
        let help = format!("use it as `${{vars.{name}}}`, or take it out");
        let finding = Finding::warning(codes::VARIABLE_UNUSED, place, message, "never used");
        builder.context.report(finding.help(help));
    }
}

fn servers(builder: &mut Builder<'_, '_>) {
    let used = builder.used.iter().enumerate();
    let unused = used.filter(|(at, used)| !**used && !builder.server_names.is_meant(*at));
    let unused: Vec<(Path, String)> = unused
        .map(|(at, _)| &builder.servers[at])
        .map(|entry| (entry.path.clone(), entry.endpoint.name.clone()))
        .collect();
    for (path, name) in unused {
        let place = builder.context.key(&path);
        let message = format!("no step uses the server `{name}`");
        let finding = Finding::warning(codes::SERVER_UNUSED, place, message, "never used");
        builder
            .context
            .report(finding.help("name it in a step's `server:` or `to:`, or take it out"));
    }
}

/// A list or filter whose files nobody takes does nothing, unless it is there to fail when it finds nothing.
fn steps(builder: &mut Builder<'_, '_>) {
    let mut needed = vec![false; builder.nodes.len()];
    for (at, needed) in needed.iter_mut().enumerate() {
        *needed = builder.steps.is_meant(at);
    }
    for need in builder.nodes.iter().flat_map(|node| &node.needs) {
        needed[need.step] = true;
    }
    let idle = builder.nodes.iter().zip(needed).filter(|(node, needed)| {
        let set = node.action.as_ref().map(Action::set);
        !needed && set.is_some_and(SetOf::is_only_for_others)
    });
    let idle: Vec<(Path, String)> = idle
        .map(|(node, _)| (node.path.clone(), node.name.clone()))
        .collect();
    for (path, name) in idle {
        let place = builder.context.key(&path);
        let message = format!("nothing is done with the files of `{name}`");
        let finding = Finding::warning(codes::STEP_UNUSED, place, message, "never used");
        let help = format!("name it in another step's `from: {name}`, or take it out");
        builder.context.report(finding.help(help));
    }
}
