//! `ftpflow report EVENTS --out FILE`

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::exit::Exit;
use super::output::{Voice, complain};
use super::run::report_path;
use crate::manifest::Manifest;
use crate::report::{Origins, Redactor, ReplayError, ReportFile, text, write_reports};

/// Write reports of a run that has been, from its events
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  ftpflow report events.jsonl --out report.html
  ftpflow report events.jsonl --out report.html --out junit.xml --manifest release.yaml")]
pub(super) struct Args {
    /// What `ftpflow run --events FILE` has written; `-` is stdin
    #[arg(value_name = "EVENTS")]
    events: PathBuf,

    /// The report: .json, .xml (JUnit), .html or .md (repeatable)
    #[arg(long = "out", value_name = "FILE", required = true, value_parser = report_path)]
    out: Vec<PathBuf>,

    /// The manifest of that run, so that the report says in which line steps stand
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
}

pub(super) fn run(args: Args) -> Exit {
    write(args).unwrap_or_else(|(exit, message)| {
        complain(message, None);
        exit
    })
}

fn write(args: Args) -> Result<Exit, (Exit, String)> {
    let refused = |error: String| (Exit::Refused, error);
    let mut events = open(&args.events).map_err(|error| {
        let path = args.events.display();
        (Exit::Usage, format!("failed to read `{path}`: {error}"))
    })?;
    let origins = match &args.manifest {
        None => Origins::symbolic(),
        Some(path) => origins(path)?,
    };
    let files = args.out.into_iter().map(ReportFile::create);
    let files: Result<Vec<ReportFile>, _> = files.collect();
    let files = files.map_err(|error| refused(error.to_string()))?;
    let strange = write_reports(&mut events, files, &origins).map_err(|error| {
        let exit = match &error {
            ReplayError::Read(_) | ReplayError::Foreign => Exit::Usage,
            ReplayError::Write { .. } => Exit::Unwritten,
        };
        (exit, error.to_string())
    })?;
    if strange > 0 {
        let lines = text::counted(strange, "line");
        Voice(&Redactor::new([])).warn(format!(
            "{lines} of the events left out: torn, or of a later version of ftpflow"
        ));
    }
    Ok(Exit::Done)
}

fn open(path: &Path) -> io::Result<Box<dyn BufRead>> {
    Ok(match path.as_os_str() == "-" {
        true => Box::new(io::stdin().lock()),
        false => Box::new(BufReader::new(File::open(path)?)),
    })
}

fn origins(path: &Path) -> Result<Origins, (Exit, String)> {
    let name = path.display().to_string();
    let bytes = fs::read(path);
    let bytes =
        bytes.map_err(|error| (Exit::Usage, format!("failed to read `{name}`: {error}")))?;
    let read = Manifest::read(&name, &bytes);
    let manifest = read.manifest.ok_or_else(|| {
        let message = format!("`{name}` is no manifest: `ftpflow check` says why");
        (Exit::Manifest, message)
    })?;
    Ok(Origins::new(read.source, manifest.into()))
}
