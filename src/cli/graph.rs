//! `ftpflow graph FILE`

use std::path::PathBuf;

use super::exit::Exit;
use super::inputs::{Reading, Variables};
use super::load::Loaded;
use super::output;
use crate::report::{Picture, write_dot, write_mermaid, write_svg};

/// Draw the compiled plan
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Nothing is connected to, and no secret is needed. The picture goes to stdout.

Examples:
  ftpflow graph release.yaml > release.mmd
  ftpflow graph release.yaml --format svg > release.svg
  ftpflow graph release.yaml --format dot | dot -Tpdf > release.pdf")]
pub(super) struct Args {
    /// Manifest
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The language of the picture
    #[arg(long, value_enum, default_value = "mermaid")]
    format: Format,

    #[command(flatten)]
    variables: Variables,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For Markdown, as on GitHub and GitLab
    Mermaid,
    /// For Graphviz
    Dot,
    /// A picture
    Svg,
}

pub(super) fn run(args: &Args) -> Exit {
    let loaded = match Loaded::load(&args.file, &args.variables, Reading::Nothing) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    if let Err(exit) = loaded.judge() {
        return exit;
    }
    let compiled = loaded.compiled.as_ref();
    let Some(printable) = compiled.and_then(|compiled| compiled.printable.as_ref()) else {
        return Exit::Manifest;
    };
    let picture = Picture::new(&printable.plan, &loaded.redactor);
    output::print(|out| match args.format {
        Format::Mermaid => write_mermaid(out, &picture),
        Format::Dot => write_dot(out, &picture),
        Format::Svg => write_svg(out, &picture),
    })
}
