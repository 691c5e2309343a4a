//! `ftpflow probe FILE [SERVER…]`

use std::path::PathBuf;
use std::sync::Arc;

use super::exit::Exit;
use super::inputs::{Reading, Variables};
use super::load::Loaded;
use super::output::{self, Voice};
use super::suit;
use crate::endpoint::{Endpoint, Tls, TlsOptions};
use crate::event::Failure;
use crate::ftp::{Breaker, Error, Facts, Probe, Redact, Session};
use crate::manifest::model::Server;
use crate::manifest::{Manifest, Severity, suggest};
use crate::plan::{PlanServer, Secrets};
use crate::report::{ProbeFound, ProbeReport, ProbeSheet, Redacted};

/// Log in, and show what a server can do and which settings suit it
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Nothing is changed on any server. The home folder is listed, and commands that only ask are sent.")]
pub(super) struct Args {
    /// The manifest
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Servers of the manifest; all of them where none is named
    #[arg(value_name = "SERVER")]
    servers: Vec<String>,

    /// Try how many sessions the server allows at once, up to N
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    sessions: u32,

    /// How to show it
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Human)]
    format: Format,

    #[command(flatten)]
    variables: Variables,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Human,
    Json,
}

pub(super) fn run(args: &Args) -> Exit {
    probe(args).unwrap_or_else(|exit| exit)
}

fn probe(args: &Args) -> Result<Exit, Exit> {
    let mut loaded = Loaded::load(&args.file, &args.variables, Reading::All)?;
    // The steps are not run: that one leaves a server or a set of files unused is none of a probe's business.
    loaded
        .findings
        .retain(|finding| finding.severity == Severity::Error);
    loaded.judge()?;
    let manifest = loaded.manifest.clone().unwrap_or_default();
    let redactor = Arc::clone(&loaded.redactor);
    let compiled = loaded.compiled.ok_or(Exit::Manifest)?;
    let chosen = choose(&compiled.servers, &args.servers, Voice(&redactor))?;
    let masks = Arc::clone(&redactor);
    let redact: Redact = Arc::new(move |line: &str| masks.text(line).into_owned());
    let servers: Vec<ProbeSheet> = chosen
        .into_iter()
        .map(|server| {
            let written = written(&manifest, &server.endpoint.name);
            sheet(server, &written, &compiled.secrets, args.sessions, &redact)
        })
        .collect();
    let failed = servers.iter().any(|sheet| sheet.failure.is_some());
    let mut report = ProbeReport {
        version: 1,
        servers,
    };
    report.mask(&redactor);
    let written = output::print(|out| match args.format {
        Format::Human => {
            let mut out = Redacted::new(&redactor, out);
            report.write_human(&mut out, output::stdout_paint())?;
            std::io::Write::flush(&mut out)
        }
        Format::Json => report.write_json(out),
    });
    Ok(if failed { Exit::Failed } else { written })
}

fn choose<'a>(
    all: &'a [PlanServer],
    names: &[String],
    voice: Voice<'_>,
) -> Result<Vec<&'a PlanServer>, Exit> {
    let known = || all.iter().map(|server| server.endpoint.name.as_str());
    let find = |name: &String| {
        let found = all.iter().find(|server| server.endpoint.name == *name);
        found.ok_or_else(|| {
            let help = match suggest(name, known()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it names {}", known().collect::<Vec<_>>().join(", ")),
            };
            let message = format!("the manifest names no server `{name}`");
            voice.complain(message, Some(&help));
            Exit::Usage
        })
    };
    match names {
        [] => Ok(all.iter().collect()),
        names => names.iter().map(find).collect(),
    }
}

/// What the manifest says of a server, with its variables.
fn written(manifest: &Manifest, name: &str) -> Server {
    let servers = manifest.servers.get().into_iter().flatten();
    let mut found = servers.filter(|(key, _)| key == name);
    let written = found.next().and_then(|(_, slot)| slot.get().cloned());
    written.unwrap_or_default()
}

fn sheet(
    server: &PlanServer,
    written: &Server,
    secrets: &Secrets,
    sessions: u32,
    redact: &Redact,
) -> ProbeSheet {
    let endpoint = &server.endpoint;
    let open_as = |endpoint: &Arc<Endpoint>, facts: &Facts| {
        let password = secrets.get(server.password);
        Session::open(
            endpoint,
            &password,
            facts,
            Breaker::new(),
            Arc::clone(redact),
        )
    };
    let open = |facts: &Facts| open_as(endpoint, facts);
    let mut sheet = ProbeSheet {
        name: endpoint.name.clone(),
        address: format!("{}:{}", endpoint.host, endpoint.port),
        ..ProbeSheet::default()
    };
    let probed = open(&Facts::default()).and_then(|mut session| {
        let probe = session.probe()?;
        Ok((session, probe))
    });
    match probed {
        Err(error) => sheet.failure = Some(failure(endpoint, &error)),
        Ok((session, probe)) => {
            let (open, refusal) = count(session, sessions, &open);
            let problem = probe.listing_problem.as_ref();
            sheet.failure = problem.map(|error| failure(endpoint, error));
            let mut found = found(probe);
            found.tls_verified = verified(&endpoint.tls);
            if endpoint.tls == Tls::Off && found.auth_tls {
                try_tls(endpoint, &mut found, &open_as);
            }
            found.sessions = open;
            found.sessions_tried = sessions;
            found.sessions_refusal = refusal;
            found.entry = suit::entry(endpoint, written, &found);
            sheet.found = Some(found);
        }
    }
    sheet
}

fn verified(tls: &Tls) -> Option<bool> {
    match tls {
        Tls::Off => None,
        Tls::Explicit(options) | Tls::Implicit(options) => Some(options.verify),
    }
}

/// Logs in under TLS where the server announces it: Pure-FTPd does so even where it was built without.
fn try_tls(
    endpoint: &Endpoint,
    found: &mut ProbeFound,
    open: &impl Fn(&Arc<Endpoint>, &Facts) -> Result<Session, Error>,
) {
    let secured = Endpoint {
        tls: Tls::Explicit(TlsOptions::default()),
        ..endpoint.clone()
    };
    match open(&Arc::new(secured), &Facts::default()) {
        Ok(session) => {
            found.tls_offer = Some(true);
            session.quit();
        }
        Err(error) => {
            found.tls_offer = Some(false);
            found.tls_problem = Some(error.to_string());
        }
    }
}

/// Opens sessions beside the first until one is refused; how many then were open, and what was said to the next.
fn count(
    first: Session,
    most: u32,
    open: &impl Fn(&Facts) -> Result<Session, Error>,
) -> (u32, Option<String>) {
    let facts = first.facts().clone();
    let mut sessions = vec![first];
    let mut refusal = None;
    for _ in 1..most {
        match open(&facts) {
            Ok(session) => sessions.push(session),
            Err(error) => {
                refusal = Some(error.to_string());
                break;
            }
        }
    }
    let count = u32::try_from(sessions.len()).unwrap_or(u32::MAX);
    sessions.into_iter().for_each(Session::quit);
    (count, refusal)
}

fn failure(endpoint: &Endpoint, error: &Error) -> Failure {
    Failure {
        message: error.cause(),
        server: Some(endpoint.name.clone()),
        command: error.command.clone(),
        code: error.reply.as_ref().map(|reply| reply.code),
        reply: error.reply.as_ref().map(|reply| reply.text.clone()),
        help: error.help(),
        ..Failure::default()
    }
}

fn found(probe: Probe) -> ProbeFound {
    let names = probe.names.unwrap_or_default();
    ProbeFound {
        greeting: probe.greeting,
        system: probe.system,
        features: probe.features,
        home: probe.home,
        tls: probe.tls.map(|tls| tls.version),
        tls_resumes: probe.tls.and_then(|tls| tls.resumes),
        epsv: probe.epsv,
        pasv: probe.pasv.map(|address| address.to_string()),
        pasv_elsewhere: probe.pasv_elsewhere,
        ahead: probe.ahead,
        mlsd: probe.mlsd,
        entries: probe.entries,
        incomplete: probe.incomplete,
        listing_problem: probe.listing_problem.map(|error| error.to_string()),
        auth_tls: probe.auth_tls,
        rest: probe.restart,
        mdtm: probe.tells_times,
        mfmt: probe.sets_times,
        checksums: probe.checksums,
        clock_offset: probe.clock_offset,
        utf8: probe.utf8,
        odd_names: probe.odd_names,
        readings: names.readings,
        encodings: names.labels,
        tls_ran_dry: probe.tls.is_some_and(|tls| tls.ran_dry),
        ..ProbeFound::default()
    }
}
