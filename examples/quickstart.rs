//! The main job on one machine, with nothing to set up: `cargo run --example quickstart`.
//!
//! Four FTP servers start on loopback, in this process. A manifest with seven kinds of steps is written to a
//! temporary folder, and `ftpflow run` is called on it: the very code of the program, with arguments in place of a shell.

#![expect(
    clippy::print_stdout,
    reason = "an example is there to be read in a terminal"
)]

#[path = "../tests/harness/server/mod.rs"]
mod server;

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use encoding_rs::{Encoding, GBK, UTF_8};
use ftpflow::cli;
use server::{Running, Server};

/// The manifest. Ports and passwords come from the file `.env` beside it.
const MANIFEST: &str = include_str!("quickstart.yaml");

const NOTES: &str = "2.4.1: faster and kinder.\n";

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let servers = Servers::start();
    let manifest = write_folder(folder.path(), &servers)?;

    heading("Four FTP servers on this machine, and a folder");
    let before = servers.files(folder.path())?;
    for (place, files) in &before {
        show(place, files, files);
    }

    heading("The manifest");
    for line in MANIFEST.lines() {
        let (code, comment) = match line.find('#') {
            Some(at) => line.split_at(at),
            None => (line, ""),
        };
        println!("  {}{code}{}", paint(DIM, "│ "), paint(DIM, comment));
    }

    heading("ftpflow run quickstart.yaml --env-file .env");
    let env_file = folder.path().join(".env");
    let exit = cli::run_from([
        "ftpflow".as_ref(),
        "run".as_ref(),
        manifest.as_os_str(),
        "--env-file".as_ref(),
        env_file.as_os_str(),
    ]);

    heading("What it did (+ new, - gone)");
    for ((place, after), (_, before)) in servers.files(folder.path())?.iter().zip(&before) {
        show(place, before, after);
    }
    println!(
        "\nExit code {}. Servers and folder are gone now.",
        exit.code()
    );
    println!(
        "Next: `ftpflow init` writes a manifest to start from; pipelines/ holds more of them."
    );
    Ok(exit.into())
}

/// Files of one place: path for people, length in bytes.
type Files = BTreeMap<String, u64>;

struct Servers {
    build: Running,
    mirror: Running,
    lab: Running,
    archive: Running,
}

impl Servers {
    fn start() -> Self {
        let builds = [
            ("一/server-2.4.0.zip", 1_400_000),
            ("一/server-2.4.0-debug.zip", 2_900_000),
            ("二/server-2.4.1.zip", 1_500_000),
            ("二/客户端-2.4.1.zip", 800_000),
            ("server-2.3.9.zip", 1_300_000),
        ];
        let mut build = Server::new().user("ci", "swordfish");
        for (seed, (name, length)) in builds.into_iter().enumerate() {
            let path = format!("/file/download/bbb/版本/{name}");
            build = build.pattern(GBK.encode(&path).0, length, seed as u64);
        }
        let lab = Server::new()
            .file("/runs/monday/voltage.csv", "t,volt\n0,4.99\n1,5.01\n")
            .file("/runs/tuesday/voltage.csv", "t,volt\n0,5.00\n1,5.00\n")
            .file("/runs/tuesday/operator.log", "coffee at ten\n");
        Self {
            build: build.start(),
            mirror: Server::new().user("publisher", "rosebud").start(),
            lab: lab.start(),
            archive: Server::new()
                .user("writer", "mellon")
                .folder("/records")
                .start(),
        }
    }

    /// What stands in each place now.
    fn files(&self, folder: &Path) -> io::Result<Vec<(String, Files)>> {
        let servers = [
            ("build", &self.build, GBK),
            ("mirror", &self.mirror, UTF_8),
            ("lab", &self.lab, UTF_8),
            ("archive", &self.archive, UTF_8),
        ];
        let mut places: Vec<_> = servers
            .into_iter()
            .map(|(name, server, names)| {
                let place = format!("{name}  ftp://{}", server.address());
                (place, remote_files(server, names))
            })
            .collect();
        let mut local = Files::new();
        for name in ["notes", "dist"] {
            local_files(folder, &folder.join(name), &mut local)?;
        }
        places.push(("this machine".to_owned(), local));
        Ok(places)
    }
}

fn remote_files(server: &Running, names: &'static Encoding) -> Files {
    let tree = server.tree().into_iter();
    tree.filter_map(|(path, stat)| {
        let content = stat.content?;
        Some((names.decode(&path).0.into_owned(), content.len()))
    })
    .collect()
}

fn local_files(root: &Path, folder: &Path, files: &mut Files) -> io::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            local_files(root, &path, files)?;
        } else {
            let name = path.strip_prefix(root).unwrap_or(&path);
            files.insert(name.display().to_string(), path.metadata()?.len());
        }
    }
    Ok(())
}

/// Writes what a user would have: the manifest, the secrets beside it, and a file to upload.
fn write_folder(folder: &Path, servers: &Servers) -> io::Result<PathBuf> {
    let secrets = format!(
        "BUILD_PORT={}\nBUILD_PASSWORD=swordfish\nMIRROR_PORT={}\nMIRROR_PASSWORD=rosebud\nLAB_PORT={}\n\
         ARCHIVE_PORT={}\nARCHIVE_PASSWORD=mellon\n",
        servers.build.port(),
        servers.mirror.port(),
        servers.lab.port(),
        servers.archive.port(),
    );
    fs::write(folder.join(".env"), secrets)?;
    fs::create_dir(folder.join("notes"))?;
    fs::write(folder.join("notes/2.4.1.txt"), NOTES)?;
    let manifest = folder.join("quickstart.yaml");
    fs::write(&manifest, MANIFEST)?;
    Ok(manifest)
}

const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "31";
const GREEN: &str = "32";

fn heading(text: &str) {
    println!("\n{}\n", paint(BOLD, &format!("── {text} ──")));
}

/// One place's files, those that came and went marked.
fn show(place: &str, before: &Files, after: &Files) {
    println!("  {}", paint(BOLD, place));
    let mut all = before.clone();
    all.extend(after.iter().map(|(name, length)| (name.clone(), *length)));
    if all.is_empty() {
        println!("      {}", paint(DIM, "(empty)"));
    }
    for (name, length) in &all {
        let line = format!("{name}  {}", paint(DIM, &format!("{length} bytes")));
        match (before.contains_key(name), after.contains_key(name)) {
            (false, true) => println!("    {} {line}", paint(GREEN, "+")),
            (true, false) => println!("    {} {line}", paint(RED, "-")),
            _ => println!("      {line}"),
        }
    }
}

fn paint(code: &str, text: &str) -> String {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if text.is_empty() || plain || !io::stdout().is_terminal() {
        return text.to_owned();
    }
    format!("\x1b[{code}m{text}\x1b[0m")
}
