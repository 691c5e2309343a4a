//! `ftpflow schema`

use super::exit::Exit;
use super::output;
use crate::manifest::json_schema;

/// Print the JSON Schema of manifests, for editors
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Begin a manifest with this line, and an editor with a YAML language server completes and checks it:
  # yaml-language-server: $schema=ftpflow.schema.json")]
pub(super) struct Args {}

pub(super) fn run(_: &Args) -> Exit {
    output::print(|out| {
        serde_json::to_writer_pretty(&mut *out, &json_schema())?;
        out.write_all(b"\n")
    })
}
