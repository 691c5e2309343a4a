//! Everything that a compilation depends on beside the manifest: arguments, environment, secret files, now.

use std::collections::BTreeMap;
use std::collections::hash_map::RandomState;
use std::fs::File;
use std::hash::{BuildHasher, Hasher};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::manifest::{Manifest, suggest};
use crate::plan::{Inputs, Values, local_zone, undeclared_vars, wanted_files};

use super::env_file;

/// The longest secret that is read from a `${file.PATH}`, in bytes.
const LONGEST_SECRET: u64 = 64 * 1024;

/// The largest `--env-file`, in bytes.
const LARGEST_ENV_FILE: u64 = 1024 * 1024;

/// Values from outside.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Variables {
    /// Give a variable of the manifest another value (repeatable)
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = name_and_value)]
    vars: Vec<(String, String)>,

    /// Read further environment variables from a file of KEY=VALUE lines; the environment itself wins (repeatable)
    #[arg(long = "env-file", value_name = "FILE")]
    env_files: Vec<PathBuf>,

    /// The folder that relative local paths start from, in place of the manifest's
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
}

/// Whether values from outside are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reading {
    /// `check` and `run --dry-run`: only what the arguments say.
    Nothing,
    /// Environment and secret files.
    All,
    /// The same, for a run that began earlier.
    Again {
        /// When it began.
        started: i64,
        /// Its id.
        run_id: String,
    },
}

impl Variables {
    /// The folder that relative local paths start from, absolute.
    fn folder(&self, manifest: &Path) -> io::Result<PathBuf> {
        if let Some(directory) = &self.directory {
            return std::path::absolute(directory);
        }
        let file = std::path::absolute(manifest)?;
        Ok(file.parent().map(Path::to_path_buf).unwrap_or(file))
    }

    /// Reads what a compilation needs. An error is wrong usage, in one line.
    pub(super) fn inputs(
        &self,
        path: &Path,
        manifest: &Manifest,
        reading: Reading,
    ) -> Result<Inputs, String> {
        let names = self.vars.iter().map(|(name, _)| name.as_str());
        if let [name, ..] = undeclared_vars(manifest, names).as_slice() {
            let declared = manifest.vars.get().into_iter().flatten();
            let near = suggest(name, declared.map(|(name, _)| name.as_str()));
            let hint = near.map(|near| format!("; did you mean `{near}`?"));
            return Err(format!(
                "`--var {name}=…` names no variable that the manifest declares under `vars:`{}",
                hint.unwrap_or_default()
            ));
        }
        let folder = self
            .folder(path)
            .map_err(|error| format!("failed to find the current folder: {error}"))?;
        if self.directory.is_some() && !folder.is_dir() {
            return Err(format!("`--directory {}` is no folder", folder.display()));
        }
        let env_files = self.env_files()?;
        let (env, files) = match reading {
            Reading::Nothing => (Values::Unknown, Values::Unknown),
            Reading::All | Reading::Again { .. } => (
                Values::Known(environment(env_files)),
                Values::Known(secret_files(manifest, &folder)),
            ),
        };
        let (started, run_id) = match reading {
            Reading::Nothing => (now(), None),
            Reading::All => (now(), Some(new_run_id(now()))),
            Reading::Again { started, run_id } => (started, Some(run_id)),
        };
        Ok(Inputs {
            vars: self.vars.iter().cloned().collect(),
            env,
            files,
            started,
            zone: local_zone,
            run_id,
            file_stem: path
                .file_stem()
                .map(|stem| stem.to_string_lossy().into_owned())
                .unwrap_or_default(),
            folder,
        })
    }

    /// The values of all `--env-file`; the last wins.
    fn env_files(&self) -> Result<BTreeMap<String, String>, String> {
        let mut values = BTreeMap::new();
        for path in &self.env_files {
            let failed = |error: &dyn std::fmt::Display| {
                format!("failed to read `--env-file {}`: {error}", path.display())
            };
            let mut text = String::new();
            File::open(path)
                .and_then(|file| file.take(LARGEST_ENV_FILE + 1).read_to_string(&mut text))
                .map_err(|error| failed(&error))?;
            if text.len() as u64 > LARGEST_ENV_FILE {
                return Err(failed(&"it is larger than 1 MiB"));
            }
            values.extend(env_file::parse(&text).map_err(|error| failed(&error))?);
        }
        Ok(values)
    }
}

/// The environment over the files. Variables that are not UTF-8 cannot be used.
fn environment(mut values: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let text = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    values.extend(text);
    values
}

fn secret_files(manifest: &Manifest, folder: &Path) -> BTreeMap<String, Result<String, String>> {
    let wanted = wanted_files(manifest).into_iter();
    wanted
        .map(|path| {
            let content = first_line(&folder.join(&path));
            (path, content.map_err(|error| error.to_string()))
        })
        .collect()
}

fn first_line(path: &Path) -> io::Result<String> {
    let too_long = || io::Error::other("its first line is longer than 64 KiB");
    let mut line = Vec::new();
    let mut file = BufReader::new(File::open(path)?).take(LONGEST_SECRET + 2);
    file.read_until(b'\n', &mut line)?;
    for end in [b'\n', b'\r'] {
        if line.last() == Some(&end) {
            line.pop();
        }
    }
    if line.len() as u64 > LONGEST_SECRET {
        return Err(too_long());
    }
    String::from_utf8(line).map_err(|_| io::Error::other("its first line is not UTF-8"))
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}

/// The keys of a hasher are the standard library's only random numbers.
pub(super) fn random() -> u64 {
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    hasher.finish()
}

/// `20261122-081500-a1b2c3`: sorts by time, and two runs of one second differ.
fn new_run_id(started: i64) -> String {
    let time = chrono::DateTime::from_timestamp(started, 0).unwrap_or_default();
    let random = random() & 0x00ff_ffff;
    format!("{}-{random:06x}", time.format("%Y%m%d-%H%M%S"))
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some(("", _)) => Err("the name before `=` is empty".to_owned()),
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => Err("write it as NAME=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_file_gives_its_first_line_within_bounds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let line = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            first_line(&path).map_err(|error| error.to_string())
        };
        assert_eq!(line(b"hunter2\r\nmore\xff").unwrap(), "hunter2");
        assert_eq!(line(b"").unwrap(), "");
        assert_eq!(line(b"\xff").unwrap_err(), "its first line is not UTF-8");
        assert_eq!(line(&[b'x'; 65_536]).unwrap().len(), 65_536);
        assert_eq!(
            line(&[b'x'; 1 << 20]).unwrap_err(),
            "its first line is longer than 64 KiB"
        );
        assert!(first_line(folder.path()).is_err());
    }

    #[test]
    fn run_ids_sort_by_time_and_differ() {
        let ids: Vec<String> = (0..50).map(|_| new_run_id(1_795_335_300)).collect();
        assert!(ids.iter().all(|id| id.starts_with("20261122-")));
        assert!(ids.iter().any(|id| *id != ids[0]));
    }
}
