//! A compiled plan as text: what `run --dry-run` prints. It needs no secret, and a plan holds none.

use std::io::{self, Write};

use super::text;
use crate::endpoint::{DataMode, Endpoint, ListingMode, PasvAddress, Tls, TlsOptions};
use crate::files::{Filter, KindTest, SortKey};
use crate::options::{IfExists, Publish, TransferOptions, Verify};
use crate::plan::{
    Action, Delete, DeleteWhat, FilterStep, Hole, List, OnError, Plan, Printable, Retry, Step,
    StepId, Transfer, Verdict,
};

/// Writes the plan: its servers, then its steps in an order in which they can run, with what each waits for.
///
/// # Errors
/// Those of the writer.
pub fn write_plan(out: &mut dyn Write, printable: &Printable) -> io::Result<()> {
    let plan = &printable.plan;
    let written = plan.steps.iter().filter(|step| !step.implicit).count();
    let implicit = plan.steps.len() - written;
    let mut head = text::counted(written as u64, "step");
    if implicit > 0 {
        head.push_str(&format!(" (and {implicit} implicit)"));
    }
    let servers = text::counted(plan.servers.len() as u64, "server");
    line(out, &format!("{}: {head}, {servers}", plan.name))?;
    line(
        out,
        &format!("local paths start from {}", plan.folder.display()),
    )?;
    if !plan.servers.is_empty() {
        writeln!(out, "\nservers")?;
    }
    for server in &plan.servers {
        let endpoint = &server.endpoint;
        line(out, &format!("  {}  {}", endpoint.name, address(endpoint)))?;
        let holes = holes(printable, &format!("servers.{}", endpoint.name));
        for setting in settings(endpoint).into_iter().chain(holes) {
            line(out, &format!("      {setting}"))?;
        }
    }
    writeln!(out, "\nsteps, in an order in which they can run")?;
    for (at, step) in plan.steps.iter().enumerate() {
        write_step(out, printable, at + 1, step)?;
    }
    lanes(out, plan)
}

fn line(out: &mut dyn Write, text: &str) -> io::Result<()> {
    writeln!(out, "{}", text::escape(text))
}

fn write_step(
    out: &mut dyn Write,
    printable: &Printable,
    number: usize,
    step: &Step,
) -> io::Result<()> {
    let plan = &printable.plan;
    let implicit = if step.implicit { "  (implicit)" } else { "" };
    let title = format!("{number:>4}  {}  [{}]{implicit}", step.name, step.kind());
    line(out, &title)?;
    let mut facts = what(plan, step);
    if let Some(description) = &step.description {
        facts.insert(0, description.clone());
    }
    if !step.needs.is_empty() {
        facts.push(format!("after {}", names(plan, &step.needs)));
    }
    facts.extend(common(step));
    if !step.implicit {
        facts.extend(holes(printable, &step.origin.0));
    }
    for fact in facts {
        line(out, &format!("        {fact}"))?;
    }
    Ok(())
}

/// The fields below a path whose values only a run knows. Those that are texts stand in the plan as they are written, too.
fn holes(printable: &Printable, path: &str) -> Vec<String> {
    let below = |hole: &Hole| {
        let key = hole.path.strip_prefix(path)?.strip_prefix('.')?;
        // A password's text may hold a literal part of it.
        let written = if key == "password" {
            "from outside"
        } else {
            &hole.written
        };
        Some(format!("{key}: {written} (known when it runs)"))
    };
    printable.holes.iter().filter_map(below).collect()
}

fn what(plan: &Plan, step: &Step) -> Vec<String> {
    match &step.action {
        Action::Login(login) => {
            let endpoint = &plan.server(login.server).endpoint;
            vec![format!("to {} as {}", endpoint.name, endpoint.user)]
        }
        Action::List(list) => list_facts(plan, list),
        Action::Filter(filter) => filter_facts(plan, filter),
        Action::Transfer(transfer) => transfer_facts(plan, transfer),
        Action::Delete(delete) => delete_facts(plan, delete),
    }
}

fn list_facts(plan: &Plan, list: &List) -> Vec<String> {
    let depth = match (list.recursive, list.max_depth) {
        (false, _) => "",
        (true, None) => ", and all folders below",
        (true, Some(_)) => ", and folders below",
    };
    let mut facts = vec![format!(
        "{}:{}{depth}",
        plan.side_name(list.side),
        list.path
    )];
    if let (true, Some(depth)) = (list.recursive, list.max_depth) {
        facts.push(format!("max_depth: {depth}"));
    }
    if !list.descend.is_empty() {
        facts.push(format!("enters only {}", list.descend.join(", ")));
    }
    let flags = [
        (list.hidden, "hidden: true"),
        (list.follow_links, "follow_links: true"),
        (list.missing == Verdict::Fine, "missing: empty"),
        (list.empty == Verdict::Fail, "empty: fail"),
    ];
    facts.extend(set(&flags));
    facts
}

fn filter_facts(plan: &Plan, step: &FilterStep) -> Vec<String> {
    let Filter {
        include,
        exclude,
        regex,
        ignore_case,
        kind,
        larger_than,
        smaller_than,
        newer_than,
        older_than,
        sort,
        limit,
    } = &step.rules;
    let mut facts = vec![format!("of {}", plan.step(step.from).name)];
    if !include.is_empty() {
        facts.push(format!("include: {}", include.join(", ")));
    }
    if !exclude.is_empty() {
        facts.push(format!("exclude: {}", exclude.join(", ")));
    }
    facts.extend(regex.iter().map(|regex| format!("regex: {regex}")));
    match kind {
        KindTest::File => {}
        KindTest::Directory => facts.push("type: directory".to_owned()),
        KindTest::Link => facts.push("type: link".to_owned()),
        KindTest::Any => facts.push("type: any".to_owned()),
    }
    facts.extend(larger_than.map(|size| format!("larger than {}", text::bytes(size))));
    facts.extend(smaller_than.map(|size| format!("smaller than {}", text::bytes(size))));
    facts.extend(newer_than.map(|time| format!("newer than {}", instant(time))));
    facts.extend(older_than.map(|time| format!("older than {}", instant(time))));
    if let Some(key) = sort.key {
        let key = match key {
            SortKey::Name => "name",
            SortKey::Size => "size",
            SortKey::Modified => "modified",
        };
        facts.push(format!("sort: {key}"));
    }
    let flags = [
        (*ignore_case, "ignore_case: true"),
        (sort.reverse, "reverse: true"),
        (step.empty == Verdict::Fail, "empty: fail"),
    ];
    facts.extend(limit.map(|limit| format!("limit: {limit}")));
    facts.extend(set(&flags));
    facts
}

fn transfer_facts(plan: &Plan, transfer: &Transfer) -> Vec<String> {
    let from = &plan.step(transfer.from).name;
    let (source, to) = (plan.side_name(transfer.source), plan.side_name(transfer.to));
    let mut facts = vec![format!("{from} ({source}) → {to}:{}", transfer.into)];
    facts.extend(options(&transfer.options));
    facts.extend(transfer.chmod.map(|mode| format!("chmod: {mode:o}")));
    facts
}

/// The options that are not at their defaults.
fn options(options: &TransferOptions) -> Vec<String> {
    let default = TransferOptions::default();
    let if_exists = match options.if_exists {
        IfExists::Update => "if_exists: update",
        IfExists::Overwrite => "if_exists: overwrite",
        IfExists::Skip => "if_exists: skip",
        IfExists::Fail => "if_exists: fail",
    };
    let publish = match options.publish {
        Publish::File => "publish: file",
        Publish::Set => "publish: set",
        Publish::Direct => "publish: direct",
    };
    let verify = match options.verify {
        Verify::Size => "verify: size",
        Verify::Checksum => "verify: checksum",
        Verify::None => "verify: none",
    };
    let flags = [
        (options.if_exists != default.if_exists, if_exists),
        (options.publish != default.publish, publish),
        (options.verify != default.verify, verify),
        (options.resume != default.resume, "resume: false"),
        (options.keep_times != default.keep_times, "times: now"),
        (options.ascii != default.ascii, "type: ascii"),
        (options.flatten != default.flatten, "flatten: true"),
    ];
    let parallel = options.parallel.map(|count| format!("parallel: {count}"));
    set(&flags).chain(parallel).collect()
}

fn delete_facts(plan: &Plan, delete: &Delete) -> Vec<String> {
    let mut facts = match &delete.what {
        DeleteWhat::SourcesOf(steps) => {
            vec![format!(
                "source files that arrived by {}",
                names(plan, steps)
            )]
        }
        DeleteWhat::Set { from, after } => {
            let left = match after.as_slice() {
                [] => String::new(),
                after => format!(", except what {} did not prove", names(plan, after)),
            };
            vec![format!("all of {}{left}", plan.step(*from).name)]
        }
    };
    facts.push(format!("max: {}", delete.max));
    facts.extend(set(&[(delete.remove_empty, "directories: remove_empty")]));
    facts
}

/// The common keys that are not at their defaults.
fn common(step: &Step) -> Vec<String> {
    let mut facts = Vec::new();
    if step.retry != Retry::default() {
        let Retry {
            attempts,
            backoff,
            max_backoff,
        } = step.retry;
        facts.push(format!(
            "retry: attempts: {attempts}, backoff: {}, max_backoff: {}",
            humantime::format_duration(backoff),
            humantime::format_duration(max_backoff)
        ));
    }
    let timeout = step.timeout.map(humantime::format_duration);
    facts.extend(timeout.map(|timeout| format!("timeout: {timeout}")));
    facts.extend(set(&[(
        step.on_error == OnError::Continue,
        "on_error: continue",
    )]));
    facts
}

fn address(endpoint: &Endpoint) -> String {
    let (scheme, tls) = match &endpoint.tls {
        Tls::Off => ("ftp", ""),
        Tls::Explicit(_) => ("ftp", ", TLS (explicit)"),
        Tls::Implicit(_) => ("ftps", ", TLS (implicit)"),
    };
    let connections = text::counted(u64::from(endpoint.connections), "connection");
    let Endpoint {
        user, host, port, ..
    } = endpoint;
    let host = match host.contains(':') {
        true => format!("[{host}]"),
        false => host.clone(),
    };
    format!("{scheme}://{user}@{host}:{port}{tls}, up to {connections}")
}

/// Settings of a server that are not at their defaults.
fn settings(endpoint: &Endpoint) -> Vec<String> {
    let mut facts = Vec::new();
    if endpoint.encoding != crate::files::NameEncoding::Auto {
        facts.push(format!("encoding: {}", endpoint.encoding.label()));
    }
    if let Tls::Explicit(tls) | Tls::Implicit(tls) = &endpoint.tls {
        let TlsOptions {
            verify, ca_file, ..
        } = tls;
        facts.extend(set(&[(!verify, "tls.verify: false")]));
        facts.extend(
            ca_file
                .iter()
                .map(|file| format!("tls.ca_file: {}", file.display())),
        );
    }
    let listing = match endpoint.listing {
        ListingMode::Auto => "listing: auto",
        ListingMode::Mlsd => "listing: mlsd",
        ListingMode::List => "listing: list",
        ListingMode::ListAll => "listing: list-a",
        ListingMode::Nlst => "listing: nlst",
    };
    let flags = [
        (endpoint.data != DataMode::Passive, "data: active"),
        (
            endpoint.pasv_address != PasvAddress::Control,
            "pasv_address: reported",
        ),
        (endpoint.listing != ListingMode::Auto, listing),
    ];
    facts.extend(set(&flags));
    facts.extend(
        endpoint
            .directory
            .iter()
            .map(|path| format!("login.directory: {path}")),
    );
    if !endpoint.commands.is_empty() {
        facts.push(format!("login.commands: {}", endpoint.commands.join("; ")));
    }
    facts
}

/// Which servers are at work beside each other: steps that share none, directly or over others, never wait for each other.
fn lanes(out: &mut dyn Write, plan: &Plan) -> io::Result<()> {
    let mut lane: Vec<usize> = (0..plan.steps.len()).collect();
    for (at, step) in plan.steps.iter().enumerate() {
        for need in &step.needs {
            let (mine, other) = (lane[at], lane.get(need.0 as usize).copied().unwrap_or(at));
            let joined = mine.min(other);
            for lane in &mut lane {
                if *lane == mine || *lane == other {
                    *lane = joined;
                }
            }
        }
    }
    let mut roots = lane.clone();
    roots.sort_unstable();
    roots.dedup();
    if roots.len() < 2 {
        return Ok(());
    }
    writeln!(
        out,
        "\nlanes: steps of different lanes run beside each other"
    )?;
    for (number, root) in roots.iter().enumerate() {
        let steps = plan.steps.iter().zip(&lane);
        let names: Vec<&str> = steps
            .filter(|(step, lane)| *lane == root && !step.implicit)
            .map(|(step, _)| step.name.as_str())
            .collect();
        line(out, &format!("{:>4}  {}", number + 1, names.join(", ")))?;
    }
    Ok(())
}

fn names(plan: &Plan, steps: &[StepId]) -> String {
    let names: Vec<&str> = steps
        .iter()
        .map(|id| plan.step(*id).name.as_str())
        .collect();
    names.join(", ")
}

fn set(flags: &[(bool, &str)]) -> impl Iterator<Item = String> {
    let set = flags.iter().filter(|(set, _)| *set);
    set.map(|(_, text)| (*text).to_owned())
        .collect::<Vec<_>>()
        .into_iter()
}

fn instant(seconds: i64) -> String {
    chrono::DateTime::from_timestamp(seconds, 0)
        .map(|time| time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
        .unwrap_or_default()
}
