//! A compiled plan as text: what `run --dry-run` prints. It needs no secret, and a plan holds none.

use std::io::{self, Write};
use std::path::PathBuf;

use super::lanes::lanes;
use super::text;
use crate::endpoint::{
    ClockOffset, DataMode, Endpoint, ListingMode, PasvAddress, SendAhead, Timeouts, Tls,
    TlsOptions, TlsVersion,
};
use crate::files::Limits;
use crate::kind::StepKind;
use crate::plan::{Fact, Hole, OnError, Plan, Printable, Retry, Step, StepId, When};

/// Writes the plan: its servers, its lanes, then its steps in an order in which they can run, with what each waits for.
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
    let folder = plan.folder.display();
    line(out, &format!("local paths start from {folder}"))?;
    write_servers(out, printable)?;
    write_lanes(out, plan)?;
    let shared = shared(plan);
    writeln!(out, "\nsteps, in an order in which they can run")?;
    for fact in &shared {
        line(out, &format!("{INDENT}every step has {fact}"))?;
    }
    let names = plan.steps.iter().map(|step| text::width(&step.name));
    let column = names.max().unwrap_or(0).min(LONGEST_NAME);
    for (at, step) in plan.steps.iter().enumerate() {
        let facts = facts(printable, step, &shared);
        write_step(out, (at + 1, column), step, &facts)?;
    }
    Ok(())
}

/// Columns of a step's number and the space around it.
const INDENT: &str = "      ";

/// Columns of the longest word for a kind.
const KIND: usize = 8;

/// The ports of FTP and of FTP over implicit TLS.
const USUAL: [u16; 2] = [21, 990];

/// Most columns that names are padded to.
const LONGEST_NAME: usize = 28;

fn write_servers(out: &mut dyn Write, printable: &Printable) -> io::Result<()> {
    let servers = &printable.plan.servers;
    if servers.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nservers")?;
    let names = servers
        .iter()
        .map(|server| text::width(&server.endpoint.name));
    let column = names.max().unwrap_or(0).min(LONGEST_NAME);
    for server in servers {
        let endpoint = &server.endpoint;
        let name = text::pad(&endpoint.name, column);
        line(out, &format!("  {name}  {}", address(printable, endpoint)))?;
        let holes = holes(printable, &format!("servers.{}", endpoint.name));
        for setting in settings(endpoint).into_iter().chain(holes) {
            line(out, &format!("  {}  {setting}", " ".repeat(column)))?;
        }
    }
    Ok(())
}

fn line(out: &mut dyn Write, text: &str) -> io::Result<()> {
    writeln!(out, "{}", text::escape(text))
}

/// A step's first line says what it does, further lines, below it, how.
fn write_step(
    out: &mut dyn Write,
    (number, column): (usize, usize),
    step: &Step,
    facts: &[String],
) -> io::Result<()> {
    let (name, kind) = (
        text::pad(&step.name, column),
        text::pad(step.kind.word(), KIND),
    );
    let (what, rest) = facts
        .split_first()
        .map_or(("", facts), |(first, rest)| (first.as_str(), rest));
    let implicit = if step.implicit { "  (implicit)" } else { "" };
    line(
        out,
        &format!("{number:>4}  {name}  {kind}  {what}{implicit}"),
    )?;
    let indent = INDENT.len() + column + KIND + 4;
    for fact in rest {
        line(out, &format!("{}{fact}", " ".repeat(indent)))?;
    }
    Ok(())
}

/// What a step does, how, and what it waits for; without what all steps have in common.
fn facts(printable: &Printable, step: &Step, shared: &[String]) -> Vec<String> {
    let plan = &printable.plan;
    let mut facts = what(printable, step);
    if let Some(description) = &step.description {
        facts.insert(1.min(facts.len()), format!("\u{201c}{description}\u{201d}"));
    }
    if !step.needs.is_empty() {
        facts.push(format!("after {}", names(plan, &step.needs)));
    }
    if step.when != When::Success {
        let judged = names(plan, &plan.judged(step));
        facts.push(format!("when: {} (of {judged})", step.when.word()));
    }
    facts.extend(
        common(step)
            .into_iter()
            .filter(|fact| !shared.contains(fact)),
    );
    if !step.implicit {
        facts.extend(holes(printable, &step.origin.0.to_string()));
    }
    facts
}

/// What `defaults` gave to all steps: said once.
fn shared(plan: &Plan) -> Vec<String> {
    let mut steps = plan
        .steps
        .iter()
        .filter(|step| step.kind != StepKind::Login);
    let Some(first) = steps.next() else {
        return Vec::new();
    };
    let rest: Vec<Vec<String>> = steps.map(common).collect();
    let mut shared = common(first);
    shared.retain(|fact| !rest.is_empty() && rest.iter().all(|facts| facts.contains(fact)));
    shared
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

fn what(printable: &Printable, step: &Step) -> Vec<String> {
    let facts = printable.plan.facts(step).into_iter();
    let text = |fact| match fact {
        Fact::Text(text) => text,
        Fact::Number(key, number) => {
            let path = format!("{}.{}.{key}", step.origin.0, step.kind);
            let written = printable.written(&path).map(str::to_owned);
            format!("{key}: {}", written.unwrap_or_else(|| number.to_string()))
        }
        Fact::Files(relation, count) => format!("{relation} {}", text::counted(count, "file")),
        Fact::Size(relation, bytes) => format!("{relation} {}", text::bytes(bytes)),
        Fact::Time(relation, seconds) => format!("{relation} {}", instant(seconds)),
    };
    facts.map(text).collect()
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

fn address(printable: &Printable, endpoint: &Endpoint) -> String {
    let Endpoint {
        name, user, host, ..
    } = endpoint;
    let written = |key: &str| printable.written(&format!("servers.{name}.{key}"));
    let (scheme, tls) = match &endpoint.tls {
        Tls::Off => ("ftp", String::new()),
        Tls::Explicit(_) => ("ftp", ", TLS (explicit)".to_owned()),
        Tls::Implicit(_) => ("ftps", ", TLS (implicit)".to_owned()),
    };
    let unknown_tls = written("tls").or_else(|| written("tls.mode"));
    let tls = unknown_tls.map_or(tls, |written| format!(", TLS ({written})"));
    let connections = match written("connections") {
        Some(written) => format!("{written} connections"),
        None => text::counted(u64::from(endpoint.connections), "connection"),
    };
    // The usual port follows from the encryption.
    let port = match (written("port"), unknown_tls) {
        (Some(written), _) => format!(":{written}"),
        (None, Some(_)) if USUAL.contains(&endpoint.port) => String::new(),
        (None, _) => format!(":{}", endpoint.port),
    };
    let host = match host.contains(':') {
        true => format!("[{host}]"),
        false => host.clone(),
    };
    format!("{scheme}://{user}@{host}{port}{tls}, up to {connections}")
}

/// Settings of a server that are not at their defaults.
fn settings(endpoint: &Endpoint) -> Vec<String> {
    let mut facts = Vec::new();
    if endpoint.encoding != crate::files::NameEncoding::Auto {
        facts.push(format!("encoding: {}", endpoint.encoding.label()));
    }
    facts.extend(tls_settings(&endpoint.tls));
    let listing = match endpoint.listing {
        ListingMode::Auto => "listing: auto",
        ListingMode::Mlsd => "listing: mlsd",
        ListingMode::List => "listing: list",
        ListingMode::ListAll => "listing: list-a",
        ListingMode::Nlst => "listing: nlst",
    };
    let flags = [
        (
            endpoint.pasv_address != PasvAddress::Control,
            "pasv_address: reported",
        ),
        (endpoint.listing != ListingMode::Auto, listing),
        (endpoint.ahead != SendAhead::Auto, "ahead: off"),
    ];
    facts.extend(active(&endpoint.data));
    facts.extend(set(&flags));
    facts.extend(timeouts(&endpoint.timeouts));
    facts.extend(limits(&endpoint.limits));
    if let ClockOffset::Fixed(seconds) = endpoint.clock_offset {
        facts.push(format!("clock_offset: {}", offset(seconds)));
    }
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

fn tls_settings(tls: &Tls) -> Vec<String> {
    let (Tls::Explicit(options) | Tls::Implicit(options)) = tls else {
        return Vec::new();
    };
    let TlsOptions {
        verify,
        ca_file,
        cert_file,
        key_file,
        server_name,
        min,
        max,
    } = options;
    let version = |version: TlsVersion| match version {
        TlsVersion::V12 => "1.2".to_owned(),
        TlsVersion::V13 => "1.3".to_owned(),
    };
    let file = |file: &Option<PathBuf>| file.as_ref().map(|file| file.display().to_string());
    let texts = [
        ("ca_file", file(ca_file)),
        ("cert_file", file(cert_file)),
        ("key_file", file(key_file)),
        ("server_name", server_name.clone()),
        ("min", min.map(version)),
        ("max", max.map(version)),
    ];
    let texts = texts
        .into_iter()
        .filter_map(|(key, text)| Some(format!("tls.{key}: {}", text?)));
    set(&[(!verify, "tls.verify: false")])
        .chain(texts)
        .collect()
}

fn active(data: &DataMode) -> Vec<String> {
    let DataMode::Active { ports, address } = data else {
        return Vec::new();
    };
    let ports = ports.map(|(first, last)| format!("data.ports: {first}-{last}"));
    let address = address.map(|address| format!("data.address: {address}"));
    let mode = Some("data: active".to_owned());
    [mode, ports, address].into_iter().flatten().collect()
}

fn timeouts(timeouts: &Timeouts) -> Vec<String> {
    let usual = Timeouts::default();
    let all = [
        ("connect", timeouts.connect, usual.connect),
        ("reply", timeouts.reply, usual.reply),
        ("data", timeouts.data, usual.data),
        ("final_reply", timeouts.final_reply, usual.final_reply),
    ];
    let changed = all.into_iter().filter(|(_, own, usual)| own != usual);
    let texts =
        changed.map(|(key, own, _)| format!("timeouts.{key}: {}", humantime::format_duration(own)));
    texts.collect()
}

fn limits(limits: &Limits) -> Vec<String> {
    let usual = Limits::default();
    let all = [
        ("entries", limits.entries, usual.entries),
        ("folders", limits.folders, usual.folders),
    ];
    let changed = all.into_iter().filter(|(_, own, usual)| own != usual);
    changed
        .map(|(key, own, _)| format!("limits.{key}: {own}"))
        .collect()
}

/// `+08:00`
fn offset(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

fn write_lanes(out: &mut dyn Write, plan: &Plan) -> io::Result<()> {
    let lanes = lanes(plan);
    if lanes.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\nlanes, which run beside each other (a → b: b waits for all of a)"
    )?;
    for (number, lane) in lanes.iter().enumerate() {
        line(out, &format!("{:>4}  {lane}", number + 1))?;
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
        .map(|time| time.format("%Y-%m-%d %H:%M:%S UTC").to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::plans;

    fn printed(text: &str) -> String {
        let mut out = Vec::new();
        write_plan(&mut out, &plans::printable(text)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_plan_of_the_first_example_reads_well() {
        insta::assert_snapshot!(printed(plans::EXAMPLE));
    }

    #[test]
    fn shorthands_lanes_and_shared_defaults_read_well() {
        insta::assert_snapshot!(printed(plans::MIRRORS));
    }

    #[test]
    fn a_step_says_after_what_end_it_runs() {
        let text = "version: 1\nservers: {a: {host: a}}\nsteps:\n  k: {download: {server: a, files: x, into: o}}\n  \
                    m: {upload: {files: y, to: a, into: i}, needs: [k], when: failure}\n";
        let plan = printed(text);
        assert!(plan.contains("when: failure (of k)\n"), "{plan}");
    }

    #[test]
    fn limits_that_are_not_the_usual_ones_are_shown() {
        let text = "version: 1\nservers: {a: {host: h, limits: {entries: 5, folders: 100000}}}\nsteps: {l: {list: {server: a}}}\n";
        let plan = printed(text);
        assert!(
            plan.contains("limits.entries: 5") && !plan.contains("limits.folders"),
            "{plan}"
        );
    }

    #[test]
    fn no_default_stands_for_an_unknown_number() {
        let text = "version: 1\nservers:\n  a: {host: a.internal, port: '${env.PORT}', connections: '${env.MANY}'}\n  \
                    b: {host: b.internal, tls: '${env.TLS}'}\nsteps:\n  l: {list: {server: a, path: /in}}\n  \
                    m: {list: {server: b, empty: fail}}\n  d: {delete: {from: l, max: '${env.MAX}'}}\n";
        let printed = printed(text);
        let lines = [
            "ftp://anonymous@a.internal:${env.PORT}, up to ${env.MANY} connections",
            "ftp://anonymous@b.internal, TLS (${env.TLS}), up to 4 connections",
        ];
        for line in lines {
            assert!(printed.contains(line), "{printed}");
        }
        assert!(printed.contains(" max: ${env.MAX}\n"), "{printed}");
        assert!(!printed.contains("max: 100"), "{printed}");
    }

    #[test]
    fn an_unknown_value_stands_as_it_is_written_and_no_password_is_shown() {
        let text = "version: 1\nvars: {n: '${env.N}'}\nservers: {a: {host: a, user: u, password: 'pre-${env.P}'}}\nsteps:\n  \
                    k: {download: {server: a, files: '/in/${env.WHAT}', into: out, parallel: '${vars.n}'}}\n";
        let printed = printed(text);
        assert!(
            printed.contains("parallel: ${vars.n} (known when it runs)"),
            "{printed}"
        );
        assert!(printed.contains("${env.WHAT}"), "{printed}");
        assert!(!printed.contains("pre-"), "{printed}");
    }

    #[test]
    fn every_setting_of_a_server_that_is_not_usual_is_shown() {
        let text = "version: 1\nservers:\n  a: {host: a.internal, clock_offset: '-05:30', data: {mode: active, ports: 4000-4010, \
                    address: 10.0.0.1}, timeouts: {connect: 3s, final_reply: 20m}, tls: {mode: explicit, cert_file: c.pem, \
                    key_file: k.pem, server_name: ftp.example.org, min: 1.2, max: 1.3}}\nsteps:\n  l: {list: {server: a, empty: fail}}\n";
        let printed = printed(text);
        let settings = [
            "tls.cert_file: /work/c.pem",
            "tls.key_file: /work/k.pem",
            "tls.server_name: ftp.example.org",
            "tls.min: 1.2",
            "tls.max: 1.3",
            "data: active",
            "data.ports: 4000-4010",
            "data.address: 10.0.0.1",
            "timeouts.connect: 3s",
            "timeouts.final_reply: 20m",
            "clock_offset: -05:30",
        ];
        for setting in settings {
            assert!(printed.contains(setting), "{setting}\n{printed}");
        }
        assert!(!printed.contains("timeouts.reply"), "{printed}");
    }
}
