//! `ftpflow check FILE…`

use std::io::{self, Write};
use std::path::PathBuf;

use super::exit::Exit;
use super::inputs::{Reading, Variables};
use super::load::Loaded;
use super::{globs, output};
use crate::manifest::{Finding, Severity, suggest, whole_code};
use crate::report::{Checked, Redacted, Tone, code_entries, code_entry, text};

/// Find every mistake that can be found without a network
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Nothing is connected to, and neither environment nor secret files are read: a value that is only known when the manifest \
runs passes.

Exit codes: 0 no error (warnings allowed), 2 a FILE cannot be read, 3 an error in a manifest,
5 the output could not be written.")]
pub(super) struct Args {
    /// Manifests, or globs of them in quotes (`'pipelines/**/*.yaml'`)
    #[arg(value_name = "FILE", required_unless_present = "explain")]
    files: Vec<PathBuf>,

    /// How findings are written: for people, as JSON, as SARIF 2.1.0, or as annotations of GitHub Actions
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Human)]
    format: Format,

    /// Silence warnings of a code (repeatable)
    #[arg(long, value_name = "CODE")]
    allow: Vec<String>,

    /// Make warnings errors
    #[arg(long, value_name = "WHAT", value_enum)]
    deny: Option<Deny>,

    /// Say what a code means, with an example and its cure
    #[arg(long, value_name = "CODE", conflicts_with_all = ["files", "allow", "deny", "format"])]
    explain: Option<String>,

    #[command(flatten)]
    variables: Variables,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Human,
    Json,
    Sarif,
    Github,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Deny {
    Warnings,
}

pub(super) fn run(args: &Args) -> Exit {
    if let Some(code) = &args.explain {
        return explain(code);
    }
    if let Err(exit) = args.known_codes() {
        return exit;
    }
    let mut checked = Checked::default();
    let (files, mut worst) = globs::expand(&args.files);
    for file in &files {
        let exit = match Loaded::load(file, &args.variables, Reading::Nothing) {
            Ok(loaded) => args.take(loaded, &mut checked),
            Err(exit) => exit,
        };
        worst = worst.max(exit);
    }
    // A FILE that could not be read has been named on stderr.
    let complete = worst < Exit::Usage;
    let written = output::print(|out| match args.format {
        Format::Human => Ok(()),
        Format::Json => checked.write_json(out),
        Format::Sarif => checked.write_sarif(out, complete),
        Format::Github => checked.write_github(out),
    });
    worst.max(written)
}

impl Args {
    /// Judges one manifest: people read of it at once, a document is written at the end.
    fn take(&self, mut loaded: Loaded, checked: &mut Checked) -> Exit {
        self.apply(&mut loaded.findings);
        let written = match self.format {
            Format::Human => output::print(|out| {
                let mut out = Redacted::new(&loaded.redactor, out);
                show(&mut out, &loaded)?;
                out.flush()
            }),
            _ => {
                checked.add(&loaded.source, &loaded.findings, &loaded.redactor);
                Exit::Done
            }
        };
        match loaded.is_wrong() {
            true => Exit::Manifest,
            false => written,
        }
    }

    /// `--allow` takes warnings out, `--deny warnings` makes errors of the others.
    fn apply(&self, findings: &mut Vec<Finding>) {
        findings.retain(|finding| {
            let mut allowed = self.allow.iter().map(|code| whole_code(code));
            let allowed = allowed.any(|code| code == finding.code);
            finding.severity == Severity::Error || !allowed
        });
        if self.deny == Some(Deny::Warnings) {
            for finding in findings {
                finding.severity = Severity::Error;
            }
        }
    }

    /// Whether `--allow` names codes that there are.
    fn known_codes(&self) -> Result<(), Exit> {
        let mut unknown = self.allow.iter().filter(|code| code_entry(code).is_none());
        unknown.next().map_or(Ok(()), |code| {
            Err(no_such_code(&format!("`--allow {code}`"), code))
        })
    }
}

fn explain(code: &str) -> Exit {
    let Some(entry) = code_entry(code) else {
        return no_such_code(&format!("`--explain {code}`"), code);
    };
    output::print(|out| {
        let paint = output::stdout_paint();
        writeln!(out, "{}\n", paint.tone(Tone::Strong, entry.code))?;
        write!(out, "{}", entry.text())
    })
}

/// Says that there is no code as `option` names it.
fn no_such_code(option: &str, code: &str) -> Exit {
    let help = match near(code) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "every finding shows its code, such as `ftpflow::step::unknown_server`".to_owned(),
    };
    output::complain(format!("{option} names no code"), Some(&help));
    Exit::Usage
}

/// The code that was probably meant: by its whole name, or by its last part alone.
fn near(code: &str) -> Option<&'static str> {
    let long = whole_code(code);
    let last = |code: &'static str| code.rsplit("::").next().unwrap_or(code);
    let codes = || code_entries().map(|entry| entry.code);
    let by_last = || {
        let part = suggest(code, codes().map(last))?;
        codes().find(|code| last(code) == part)
    };
    match code.contains("::") {
        true => suggest(&long, codes()),
        false => by_last().or_else(|| suggest(&long, codes())),
    }
}

fn show(out: &mut dyn Write, loaded: &Loaded) -> io::Result<()> {
    let paint = output::stdout_paint();
    loaded.write_findings(out, paint)?;
    if loaded.is_wrong() {
        let mut findings = loaded.findings.iter();
        let error = findings.find(|finding| finding.severity == Severity::Error);
        let code = error.map(|finding| finding.code);
        let code = code.and_then(|code| code.strip_prefix("ftpflow::"));
        return code.map_or(Ok(()), |code| {
            let help = paint.tone(Tone::Cool, " help:");
            writeln!(
                out,
                "{help} `ftpflow check --explain {code}` says more about a code"
            )
        });
    }
    let compiled = loaded.compiled.as_ref();
    let Some(printable) = compiled.and_then(|compiled| compiled.printable.as_ref()) else {
        return Ok(());
    };
    let plan = &printable.plan;
    let steps = plan.steps.iter().filter(|step| !step.implicit).count();
    writeln!(
        out,
        "{} {}: {}, {}",
        paint.tone(Tone::Good, "ok:"),
        text::escape(loaded.source.name()),
        text::counted(steps as u64, "step"),
        text::counted(plan.servers.len() as u64, "server"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_suggested_by_its_whole_name_or_its_last_part() {
        let meant = Some("ftpflow::step::unknown_server");
        assert_eq!(near("ftpflow::step::unknown_sever"), meant);
        assert_eq!(near("step::unknown_sever"), meant);
        assert_eq!(near("unknown-server"), meant);
        assert_eq!(near("unknown_server"), meant);
        assert_eq!(near("x"), None);
    }
}
