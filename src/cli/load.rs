//! From a FILE on the command line to a compiled manifest: reading, compiling, and saying what is wrong.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;

use super::exit::Exit;
use super::inputs::{Reading, Variables};
use super::output::{self, Voice};
use crate::files::NameEncoding;
use crate::journal::PathText;
use crate::manifest::{Finding, MAX_BYTES, Manifest, Severity, Source};
use crate::plan::{Compiled, Inputs, Timeless, compile, timeless};
use crate::report::{Drawing, Origins, Paint, Redacted, Redactor, write_findings};

/// A manifest that was read and compiled, errors or not.
pub(super) struct Loaded {
    pub(super) source: Arc<Source>,
    /// Absent where the file is no YAML map.
    pub(super) manifest: Option<Arc<Manifest>>,
    /// Everything that reading and compiling found, in the order of the file.
    pub(super) findings: Vec<Finding>,
    pub(super) compiled: Option<Compiled>,
    /// The plan to know the manifest by, where a run may begin.
    pub(super) timeless: Option<Timeless>,
    pub(super) redactor: Arc<Redactor>,
}

impl Loaded {
    /// Reads and compiles. `Err` is wrong usage, which has been said.
    pub(super) fn load(
        path: &Path,
        variables: &Variables,
        reading: Reading,
    ) -> Result<Loaded, Exit> {
        let bytes = read(path).map_err(|(message, help)| {
            output::complain(message, help);
            Exit::Usage
        })?;
        let read = Manifest::read(&path.to_string_lossy(), &bytes);
        let Some(manifest) = read.manifest else {
            return Ok(Loaded {
                source: read.source,
                manifest: None,
                findings: read.findings,
                compiled: None,
                timeless: None,
                redactor: Arc::new(Redactor::new([])),
            });
        };
        let runs = reading != Reading::Nothing;
        let inputs = variables
            .inputs(path, &manifest, reading)
            .map_err(|message| {
                output::complain(message, None);
                Exit::Usage
            })?;
        let timeless = runs.then(|| timeless(&manifest, &inputs)).flatten();
        let loaded = Loaded::compiled(manifest, read.findings, read.source, &inputs);
        Ok(Loaded { timeless, ..loaded })
    }

    fn compiled(
        manifest: Manifest,
        mut findings: Vec<Finding>,
        source: Arc<Source>,
        inputs: &Inputs,
    ) -> Loaded {
        let mut compiled = compile(&manifest, inputs);
        findings.append(&mut compiled.findings);
        findings.sort_by_key(|finding| finding.place);
        let others = otherwise_written(&compiled);
        let others = others.iter().map(String::as_str);
        let redactor = Redactor::new(compiled.secrets.masked().chain(others));
        Loaded {
            source,
            manifest: Some(Arc::new(manifest)),
            findings,
            compiled: Some(compiled),
            timeless: None,
            redactor: Arc::new(redactor),
        }
    }

    /// Whether anything is wrong, not only worth a second look.
    pub(super) fn is_wrong(&self) -> bool {
        let mut findings = self.findings.iter();
        self.compiled.is_none() || findings.any(|finding| finding.severity == Severity::Error)
    }

    /// What says something on stderr about it.
    pub(super) fn voice(&self) -> Voice<'_> {
        Voice(&self.redactor)
    }

    /// The way from steps to their places.
    pub(super) fn origins(&self) -> Origins {
        let manifest = self.manifest.clone().unwrap_or_default();
        Origins::new(Arc::clone(&self.source), manifest)
    }

    /// Writes what was found, to stdout or stderr.
    pub(super) fn write_findings(&self, out: &mut dyn Write, paint: Paint) -> std::io::Result<()> {
        let drawing = Drawing {
            paint,
            width: output::columns(),
            redactor: &self.redactor,
        };
        write_findings(out, &self.source, &self.findings, drawing)
    }

    /// Says on stderr what was found; `Err` where the manifest is wrong.
    pub(super) fn judge(&self) -> Result<(), Exit> {
        let mut out = Redacted::new(&self.redactor, std::io::stderr().lock());
        // Nobody reads a stderr that is closed.
        let _ = self.write_findings(&mut out, output::stderr_paint());
        drop(out);
        if self.is_wrong() {
            return Err(Exit::Manifest);
        }
        Ok(())
    }
}

/// The secrets as they read in the bytes of a server's encoding, taken for another, and in the paths of a journal: a name
/// or a line in a listing may be one.
fn otherwise_written(compiled: &Compiled) -> Vec<String> {
    let declared = compiled
        .servers
        .iter()
        .map(|server| server.endpoint.encoding);
    let mut encodings = vec![NameEncoding::Auto];
    for encoding in declared {
        if !encodings.contains(&encoding) {
            encodings.push(encoding);
        }
    }
    let secrets: Vec<&str> = compiled.secrets.masked().collect();
    let written = secrets.iter().flat_map(|secret| {
        let encoded = encodings
            .iter()
            .filter_map(|encoding| encoding.encode(secret).ok());
        encoded.flat_map(|bytes| {
            let read = encodings
                .iter()
                .map(|encoding| encoding.decode(&bytes).text.into_owned());
            let path = PathText::new(&bytes).as_str().to_owned();
            read.chain([path]).collect::<Vec<_>>()
        })
    });
    written.collect()
}

/// The bytes of a manifest, or what is wrong with its path; at most one more than a manifest may have.
fn read(path: &Path) -> Result<Vec<u8>, (String, Option<&'static str>)> {
    let name = path.display();
    if path.as_os_str() == "-" {
        let help = "paths in a manifest start from its folder, so it must be a file: name one";
        return Err((
            "a manifest is not read from standard input".to_owned(),
            Some(help),
        ));
    }
    if path.is_dir() {
        let help = "name a manifest in it; `ftpflow init` writes a first one";
        return Err((format!("`{name}` is a folder"), Some(help)));
    }
    let mut bytes = Vec::new();
    let read =
        File::open(path).and_then(|file| file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes));
    match read {
        Ok(_) => Ok(bytes),
        Err(error) => {
            let missing = error.kind() == std::io::ErrorKind::NotFound;
            let help = missing.then_some("`ftpflow init` writes a first manifest");
            Err((format!("failed to read `{name}`: {error}"), help))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_a_missing_file_and_standard_input_are_wrong_usage() {
        let folder = tempfile::tempdir().unwrap();
        let message = |path: &Path| read(path).unwrap_err().0;
        assert!(message(folder.path()).ends_with("is a folder"));
        assert!(message(&folder.path().join("x")).contains("failed to read"));
        assert!(message(Path::new("-")).contains("standard input"));
    }

    #[cfg(unix)]
    #[test]
    fn reading_stops_where_a_manifest_must_end() {
        assert_eq!(read(Path::new("/dev/zero")).unwrap().len(), MAX_BYTES + 1);
    }
}
