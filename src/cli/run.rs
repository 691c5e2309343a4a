//! `ftpflow run FILE`

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::ci;
use super::execute::{Common, Execution, execute};
use super::exit::Exit;
use super::inputs::Reading;
use super::load::Loaded;
use super::output;
use super::state::Wish;
use crate::report::{Format, Redacted, ReportFile, Sink, write_plan};

/// Run a manifest
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Independent steps run beside each other. Progress and summary go to stderr.

Examples:
  ftpflow run release.yaml --env-file .env
  ftpflow run release.yaml --var series=2.5 --only keep
  ftpflow run release.yaml --report report.html --report junit.xml")]
pub(super) struct Args {
    #[command(flatten)]
    common: Common,

    /// Check, print the compiled plan, and connect to nothing
    #[arg(long, conflicts_with_all = ["reports", "events", "fail_fast", "jobs", "resume", "state"])]
    dry_run: bool,

    /// Start nothing new after the first failed file; files in flight finish
    #[arg(long)]
    fail_fast: bool,

    #[command(flatten)]
    state: Wish,

    /// Write a report about the run: .json, .xml (JUnit), .html or .md (repeatable)
    #[arg(long = "report", value_name = "FILE", value_parser = report_path)]
    reports: Vec<PathBuf>,

    /// Write what happens as it happens, one JSON object a line; `-` is stdout
    #[arg(long, value_name = "FILE|-")]
    events: Option<PathBuf>,
}

pub(super) fn run(args: Args) -> Exit {
    let reading = if args.dry_run {
        Reading::Nothing
    } else {
        Reading::All
    };
    let loaded = Loaded::load(&args.common.file, &args.common.variables, reading);
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    if let Err(exit) = loaded.judge() {
        return exit;
    }
    let outcome = if args.dry_run {
        dry_run(&args, &loaded)
    } else {
        start(args, loaded)
    };
    outcome.unwrap_or_else(|exit| exit)
}

fn dry_run(args: &Args, loaded: &Loaded) -> Result<Exit, Exit> {
    let compiled = loaded.compiled.as_ref().ok_or(Exit::Manifest)?;
    let mut printable = compiled.printable.clone().ok_or(Exit::Manifest)?;
    printable.plan = args.common.chosen(&printable.plan, loaded.voice())?;
    Ok(output::print(|out| {
        let mut out = Redacted::new(&loaded.redactor, out);
        write_plan(&mut out, &printable)?;
        out.flush()
    }))
}

fn start(args: Args, loaded: Loaded) -> Result<Exit, Exit> {
    let events = match &args.events {
        Some(path) => Some(open_events(path).map_err(|error| {
            let message = format!("failed to open `--events {}`: {error}", path.display());
            loaded.voice().complain(message, None);
            Exit::Refused
        })?),
        None => None,
    };
    let mut files = Vec::new();
    for path in args.reports {
        files.push(ReportFile::create(path).map_err(|error| {
            loaded.voice().complain(error, None);
            Exit::Refused
        })?);
    }
    files.extend(ci::job_summary(loaded.voice()));
    execute(
        &args.common,
        loaded,
        Execution {
            fail_fast: args.fail_fast,
            events,
            files,
            folder: args.state.folder(),
            state: Some(args.state),
            remembers: None,
            preview: None,
        },
    )
}

fn open_events(path: &Path) -> io::Result<Sink> {
    match path.as_os_str() == "-" {
        true => output::stdout_sink(),
        false => Sink::open(path),
    }
}

/// A report's path, whose end must say its form.
pub(super) fn report_path(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match Format::of(&path) {
        Ok(_) => Ok(path),
        Err(_) => {
            Err("its form is not known: name it .json, .xml (JUnit), .html or .md".to_owned())
        }
    }
}
