//! Where a document or a stream of lines goes: a regular file at once, all else by a thread of its own.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use super::outlet::{Ended, Hurry, Outlet};

/// Where a document or a stream of lines goes.
#[derive(Debug)]
pub enum Sink {
    /// Written at once: a regular file.
    Direct(File),
    /// Written by a thread of its own.
    Apart(Outlet),
}

impl Sink {
    /// A file by its name: emptied, or created for its owner alone. A FIFO is opened by its thread, because that waits for
    /// a reader.
    ///
    /// # Errors
    /// Those of opening it.
    pub fn open(path: &Path) -> io::Result<Sink> {
        if is_fifo(path) {
            let path = path.to_owned();
            return Outlet::start(move || open(&path)).map(Sink::Apart);
        }
        Sink::of(open(path)?)
    }

    /// An open file.
    ///
    /// # Errors
    /// The system has no thread for it.
    pub fn of(file: File) -> io::Result<Sink> {
        match file.metadata().is_ok_and(|data| data.is_file()) {
            true => Ok(Sink::Direct(file)),
            false => Outlet::start(move || Ok(file)).map(Sink::Apart),
        }
    }

    /// Waits until all is written, or until nobody reads it.
    pub(super) fn end(
        &mut self,
        since: Instant,
        patience: Option<Duration>,
        hurry: &Hurry,
    ) -> Ended {
        match self {
            // Some file systems (NFS, quotas) tell only now that there is no room.
            Sink::Direct(file) => file
                .sync_data()
                .map_or_else(Ended::Failed, |()| Ended::Written),
            Sink::Apart(outlet) => outlet.end(since, patience, hurry),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Sink::Direct(file) => file.write(bytes),
            Sink::Apart(outlet) => outlet.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Sink::Direct(file) => file.flush(),
            Sink::Apart(outlet) => outlet.flush(),
        }
    }
}

/// Opens a file for writing: emptied, or created for its owner alone.
fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(unix)]
fn is_fifo(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    std::fs::metadata(path).is_ok_and(|data| data.file_type().is_fifo())
}

#[cfg(not(unix))]
fn is_fifo(_: &Path) -> bool {
    false
}
