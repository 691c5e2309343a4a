//! `ftpflow history FILE [PATTERN]`

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat};
use serde_json::json;

use super::exit::Exit;
use super::inputs::{Reading, Variables};
use super::load::Loaded;
use super::state::base;
use super::{ledger, output};
use crate::files::Pattern;
use crate::journal::PathText;
use crate::ledger::{Access, Past};
use crate::plan::Plan;
use crate::report::{Redacted, text};

/// Print what steps with `once` have transferred, from the ledger
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Nothing is connected to.

Examples:
  ftpflow history ftpflow.yaml '*.csv'
  ftpflow history ftpflow.yaml '/outgoing/2026/**' --format json")]
pub(super) struct Args {
    /// Manifest
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Only files whose path at the source matches; without a `/`, whose last name does
    #[arg(value_name = "PATTERN", value_parser = pattern)]
    pattern: Option<Pattern>,

    /// For people or for programs
    #[arg(long, value_enum, default_value = "text")]
    format: Format,

    /// The folder for state, in place of `.ftpflow` beside the manifest
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
}

pub(super) fn run(args: &Args) -> Exit {
    tell(args).unwrap_or_else(|exit| exit)
}

/// A glob over paths at a source.
pub(super) fn pattern(text: &str) -> Result<Pattern, String> {
    Pattern::new(text, false).map_err(|error| error.to_string())
}

/// Whether a path at a source is meant: with the `/` that it begins with, or without.
pub(super) fn is_meant(pattern: &Pattern, path: &[u8]) -> bool {
    let text = shown(path);
    pattern.matches(text.trim_start_matches('/'))
}

/// A manifest whose ledger is asked for; what is wrong with it was said.
pub(super) fn load(file: &Path) -> Result<Loaded, Exit> {
    let loaded = Loaded::load(file, &Variables::default(), Reading::Nothing)?;
    loaded.judge()?;
    Ok(loaded)
}

/// Its plan.
pub(super) fn plan(loaded: &Loaded) -> Result<&Plan, Exit> {
    let compiled = loaded.compiled.as_ref();
    let printable = compiled.and_then(|compiled| compiled.printable.as_ref());
    printable
        .map(|printable| &*printable.plan)
        .ok_or(Exit::Manifest)
}

fn tell(args: &Args) -> Result<Exit, Exit> {
    let loaded = load(&args.file)?;
    let name = &plan(&loaded)?.name;
    let folder = base(args.state.as_deref(), &args.file);
    let store = ledger::open(&folder, Access::Read, &loaded.redactor)?;
    let mut failed = None;
    let exit = output::print(|out| {
        let mut lines = Lines {
            out: Redacted::new(&loaded.redactor, out),
            format: args.format,
            count: 0,
        };
        lines.begin(name)?;
        let mut written = Ok(());
        if let Some(store) = &store {
            let told = store.history(name, |past| {
                let wanted = args.pattern.as_ref();
                if wanted.is_none_or(|pattern| is_meant(pattern, &past.path)) {
                    written = lines.line(&past);
                }
                written.is_ok()
            });
            failed = told.err();
        }
        written?;
        lines.end()
    });
    match failed {
        Some(error) => Err(ledger::refused(&error, loaded.voice())),
        None => Ok(exit),
    }
}

/// The answer, written a line at a time: a ledger may have millions.
struct Lines<W> {
    out: W,
    format: Format,
    count: u64,
}

impl<W: Write> Lines<W> {
    fn begin(&mut self, manifest: &str) -> io::Result<()> {
        match self.format {
            Format::Text => Ok(()),
            Format::Json => write!(
                self.out,
                "{{\"version\":1,\"manifest\":{},\"files\":[",
                json!(manifest)
            ),
        }
    }

    fn line(&mut self, past: &Past) -> io::Result<()> {
        self.count += 1;
        match self.format {
            Format::Text => writeln!(self.out, "{}", text::escape(&line(past))),
            Format::Json => {
                let comma = if self.count > 1 { "," } else { "" };
                write!(self.out, "{comma}\n{}", document(past))
            }
        }
    }

    fn end(&mut self) -> io::Result<()> {
        match self.format {
            Format::Text if self.count == 0 => writeln!(self.out, "no such file is known"),
            Format::Text => Ok(()),
            Format::Json => writeln!(self.out, "\n]}}"),
        }?;
        self.out.flush()
    }
}

fn line(past: &Past) -> String {
    let source = format!("{}:{}", past.server, shown(&past.path));
    let size = past
        .version
        .size
        .map(|size| format!(", {}", text::bytes(size)));
    let size = size.unwrap_or_default();
    let when = match past.entered {
        0 => "cut off".to_owned(),
        entered => instant(entered),
    };
    let target = match past.target.as_str() {
        "" => String::new(),
        target => format!(" → {target}"),
    };
    format!(
        "{when}  {}: {} {source}{target} (run {}{size})",
        past.step, past.how, past.run
    )
}

fn document(past: &Past) -> serde_json::Value {
    let time = past.version.modified.map(|time| instant(time.seconds));
    let entered = Some(past.entered).filter(|entered| *entered != 0);
    json!({
        "step": past.step,
        "server": past.server,
        "path": shown(&past.path),
        "size": past.version.size,
        "modified": time,
        "how": past.how,
        "run": past.run,
        "entered": entered.map(instant),
        "target": Some(&past.target).filter(|target| !target.is_empty()),
    })
}

/// A path as text, in which a byte that is no text is `%XX`.
fn shown(path: &[u8]) -> String {
    match std::str::from_utf8(path) {
        Ok(text) => text.to_owned(),
        Err(_) => PathText::new(path).as_str().to_owned(),
    }
}

fn instant(seconds: i64) -> String {
    let time = DateTime::from_timestamp(seconds, 0);
    time.map_or_else(
        || seconds.to_string(),
        |time| time.to_rfc3339_opts(SecondsFormat::Secs, true),
    )
}
