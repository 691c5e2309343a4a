//! One run of the program: a folder of its own, a clean environment, and a bound on its time.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::process::{Outcome, Process};
use super::server::Running;

/// What a run can write about itself, as [`Case::with_reports`] has it: events, and a report of each form.
pub const REPORTS: [&str; 5] = ["events.jsonl", "r.json", "r.xml", "r.html", "r.md"];

/// A folder with a manifest, and how `ftpflow` is called there.
#[must_use = "nothing runs before `run`"]
pub struct Case {
    folder: TempDir,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
}

impl Case {
    /// An empty folder; no arguments yet.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("ftpflow-case-")
            .tempdir()
            .expect("a temporary folder");
        Self {
            folder,
            arguments: Vec::new(),
            environment: Vec::new(),
        }
    }

    /// Writes `pipeline.yaml`.
    pub fn manifest(self, yaml: &str) -> Self {
        self.file("pipeline.yaml", yaml)
    }

    /// Writes `pipeline.yaml` with a `servers` section of these names, before the text, which
    /// begins at `steps:` (or anything else that stands beside `servers`).
    pub fn pipeline(self, servers: &[(&str, &Running)], rest: &str) -> Self {
        let servers: String = servers
            .iter()
            .map(|(name, server)| format!("  {name}: {}\n", server.yaml()))
            .collect();
        self.manifest(&format!("version: 1\nservers:\n{servers}{rest}"))
    }

    /// As [`Case::pipeline`], with further fields for each server: `connections: 1`.
    pub fn servers(self, servers: &[(&str, &Running, &str)], rest: &str) -> Self {
        let servers: String = servers
            .iter()
            .map(|(name, server, fields)| {
                let entry = server.yaml();
                let entry = entry.trim_end_matches(['}', ' ']);
                match fields.is_empty() {
                    true => format!("  {name}: {entry} }}\n"),
                    false => format!("  {name}: {entry}, {fields} }}\n"),
                }
            })
            .collect();
        self.manifest(&format!("version: 1\nservers:\n{servers}{rest}"))
    }

    /// Writes a file, with the folders above it, an hour old: one that was written a moment ago is waited for.
    pub fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a file in the folder")).expect("a folder");
        fs::write(&path, content).expect("a file");
        an_hour_old(&path);
        self
    }

    /// Sets a variable. Of the outer environment only `PATH` is handed on.
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Adds arguments.
    pub fn args<T: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = T>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Other arguments than before: the same folder, another command.
    pub fn instead(mut self, arguments: &[&str]) -> Self {
        self.arguments.clear();
        self.args(arguments.iter().copied())
    }

    /// Runs with `-v`, and writes all that a run can write about itself: [`REPORTS`].
    pub fn with_reports(self) -> Self {
        let case = self.args(["run", "pipeline.yaml", "-v", "--events", REPORTS[0]]);
        let reports = REPORTS[1..].iter();
        case.args(reports.flat_map(|file| ["--report", file]))
    }

    /// A path in the folder.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(path)
    }

    /// The content of a file in the folder.
    pub fn read(&self, path: impl AsRef<Path>) -> Option<Vec<u8>> {
        fs::read(self.path(path)).ok()
    }

    /// All files below a folder, relative to it, sorted, but for the state in `.ftpflow`. Nothing when it does not
    /// exist.
    pub fn files(&self, folder: impl AsRef<Path>) -> Vec<String> {
        let root = self.path(folder);
        let mut found = Vec::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if entry.file_name() == ".ftpflow" {
                    continue;
                }
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    folders.push(path);
                } else {
                    let relative = path.strip_prefix(&root).expect("a path below its root");
                    found.push(relative.to_string_lossy().into_owned());
                }
            }
        }
        found.sort();
        found
    }

    /// Runs the program to its end; with no arguments given, `run pipeline.yaml`. May be called
    /// again: the folder stays as the run left it.
    #[track_caller]
    pub fn run(&self) -> Outcome {
        self.spawn().wait()
    }

    /// Starts the program, for tests that interrupt it.
    #[track_caller]
    pub fn spawn(&self) -> Process {
        Process::new(self.start(Path::new(env!("CARGO_BIN_EXE_ftpflow"))))
    }

    /// Starts any program as `ftpflow` would be.
    #[track_caller]
    pub fn start(&self, program: &Path) -> Child {
        let usual = ["run".into(), "pipeline.yaml".into()];
        let arguments = if self.arguments.is_empty() {
            &usual[..]
        } else {
            &self.arguments
        };
        let mut command = heeding(program);
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear();
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command
            .env("TZ", "UTC")
            .env("HOME", self.folder.path())
            .env("NO_COLOR", "1");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", program.display()))
    }
}

/// A command that heeds signals. What this process ignores (`nohup`, or the background of a shell's script) every program
/// ignores that it starts, and a test that sends a signal wants it seen: `env` of coreutils 8.31 undoes that.
fn heeding(program: &Path) -> Command {
    if !ignores_signals() {
        return Command::new(program);
    }
    let mut command = Command::new("env");
    command.arg("--default-signal=HUP,INT,TERM").arg(program);
    command
}

/// Whether this process ignores SIGHUP (1), SIGINT (2) or SIGTERM (15). Only Linux tells.
fn ignores_signals() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let bits = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let bits = bits.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok());
    bits.unwrap_or(0) & (1 | 1 << 1 | 1 << 14) != 0
}

impl Default for Case {
    fn default() -> Self {
        Self::new()
    }
}

/// Makes a file one that was written an hour ago.
pub fn an_hour_old(path: &Path) {
    let file = fs::File::options().write(true).open(path);
    let then = SystemTime::now() - Duration::from_secs(3600);
    file.and_then(|file| file.set_modified(then))
        .expect("a time");
}
