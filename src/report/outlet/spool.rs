//! Bytes that wait on disk, in files without a name.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

/// The most that waits: a reader so far behind is none.
const MOST: u64 = 1 << 30;

/// Bytes after which the next file is begun, so that what was read gives its room back.
const FILE: u64 = 1 << 24;

/// A queue of bytes in files of the system's folder for temporary files, which go with the process.
#[derive(Debug, Default)]
pub(super) struct Spool(VecDeque<Part>);

#[derive(Debug)]
struct Part {
    file: File,
    path: PathBuf,
    read: u64,
    written: u64,
}

impl Spool {
    /// Bytes that wait.
    pub(super) fn len(&self) -> u64 {
        self.0.iter().map(|part| part.written - part.read).sum()
    }

    pub(super) fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.len() + bytes.len() as u64 > MOST {
            return Err(io::Error::other("it is not read, and 1 GiB waits for it"));
        }
        if self.0.back().is_none_or(|part| part.written >= FILE) {
            self.0.push_back(Part::new()?);
        }
        match self.0.back_mut() {
            Some(part) => part.push(bytes),
            None => Ok(()),
        }
    }

    /// The oldest bytes, at most so many.
    pub(super) fn take(&mut self, most: u64) -> io::Result<Vec<u8>> {
        let Some(part) = self.0.front_mut() else {
            return Ok(Vec::new());
        };
        let mut bytes = Vec::new();
        part.file.seek(SeekFrom::Start(part.read))?;
        Read::take(&mut part.file, most).read_to_end(&mut bytes)?;
        part.read += bytes.len() as u64;
        if part.read == part.written {
            self.0.pop_front();
        }
        Ok(bytes)
    }
}

impl Part {
    fn new() -> io::Result<Part> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("ftpflow-spool-{}-{number}", process::id());
        let path = std::env::temp_dir().join(name);
        let file = create(&path).map_err(|error| {
            let text = format!("it is not read, and what waits for it cannot be kept: {error}");
            io::Error::new(error.kind(), text)
        })?;
        // Where open files keep their names, it goes when this is dropped.
        let _ = fs::remove_file(&path);
        Ok(Part {
            file,
            path,
            read: 0,
            written: 0,
        })
    }

    fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.written))?;
        self.file.write_all(bytes)?;
        self.written += bytes.len() as u64;
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Mostly it is gone.
        let _ = fs::remove_file(&self.path);
    }
}

/// A new file for its owner alone.
fn create(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
