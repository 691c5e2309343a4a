//! `ftpflow init [DIR]`

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::exit::Exit;
use super::output;

/// What is written.
const FIRST: &str = include_str!("first.yaml");

/// Its name.
const NAME: &str = "ftpflow.yaml";

/// Write a commented first manifest
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The file is named ftpflow.yaml. One that is there already is never overwritten."
)]
pub(super) struct Args {
    /// The folder; it is created where it is missing
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
}

pub(super) fn run(args: &Args) -> Exit {
    // As people would type it: `ftpflow.yaml`, not `./ftpflow.yaml`.
    let path = match args.folder.as_path() {
        here if here == Path::new(".") => PathBuf::from(NAME),
        folder => folder.join(NAME),
    };
    match write(&args.folder, &path) {
        Ok(()) => output::print(|out| {
            let path = path.display();
            writeln!(
                out,
                "wrote {path}\nnext: edit it, then `ftpflow check {path}`"
            )
        }),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let help = "name another folder, or move the file away: init never overwrites";
            output::complain(format!("`{}` is there already", path.display()), Some(help));
            Exit::Refused
        }
        Err(error) => {
            output::complain(
                format!("failed to write `{}`: {error}", path.display()),
                None,
            );
            Exit::Refused
        }
    }
}

fn write(folder: &Path, path: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(FIRST.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_that_is_there_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let args = Args {
            folder: folder.path().join("new"),
        };
        assert_eq!(run(&args), Exit::Done);
        let path = args.folder.join(NAME);
        assert_eq!(fs::read_to_string(&path).unwrap(), FIRST);
        fs::write(&path, "mine").unwrap();
        assert_eq!(run(&args), Exit::Refused);
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    }

    #[test]
    fn what_is_written_is_right_as_it_stands() {
        use super::super::inputs::{Reading, Variables};
        use super::super::load::Loaded;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        fs::write(&path, FIRST).unwrap();
        let loaded = Loaded::load(&path, &Variables::default(), Reading::Nothing).unwrap();
        assert!(loaded.findings.is_empty(), "{:?}", loaded.findings);
        assert!(!loaded.is_wrong());
    }
}
