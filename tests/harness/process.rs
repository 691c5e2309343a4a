//! A program while it runs, and what came of it.

use std::fs;
use std::io::Read;
use std::process::{Child, ExitStatus};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// A program that runs longer is killed, and its test fails.
const BOUND: Duration = Duration::from_secs(60);

/// How often a running program is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// A running program. Dropped before its end, it is killed.
#[must_use = "the program is killed when this is dropped"]
pub struct Process {
    child: Child,
    stdout: Option<JoinHandle<Vec<u8>>>,
    stderr: Option<JoinHandle<Vec<u8>>>,
    bound: Duration,
}

impl Process {
    /// Watches over a child whose outputs are pipes.
    pub fn new(mut child: Child) -> Self {
        let stdout = child.stdout.take().map(collect);
        let stderr = child.stderr.take().map(collect);
        Self {
            child,
            stdout,
            stderr,
            bound: BOUND,
        }
    }

    /// Another bound in place of a minute, counted from [`Process::wait`].
    pub fn within(mut self, bound: Duration) -> Self {
        self.bound = bound;
        self
    }

    /// Ctrl-C.
    #[track_caller]
    pub fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    /// `kill`.
    #[track_caller]
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// `kill -9`: the end without any farewell.
    #[track_caller]
    pub fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// The same for a program that may have ended.
    pub fn kill_if_running(&self) {
        // Nothing to kill is what was wanted.
        let _ = kill_process(Pid::from_child(&self.child), Signal::KILL);
    }

    /// Sends any signal.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("a process that still runs");
    }

    /// Waits for its end.
    #[track_caller]
    pub fn wait(mut self) -> Outcome {
        let begin = Instant::now();
        let mut peak_rss_kib = 0;
        let status = loop {
            peak_rss_kib = peak(self.child.id()).unwrap_or(peak_rss_kib);
            if let Some(status) = self.child.try_wait().expect("a child of ours") {
                break Some(status);
            }
            if begin.elapsed() > self.bound {
                let _ = self.child.kill();
                let _ = self.child.wait();
                break None;
            }
            thread::sleep(LOOK);
        };
        let (stdout, stderr) = (finish(self.stdout.take()), finish(self.stderr.take()));
        match status {
            Some(status) => Outcome {
                status,
                stdout,
                stderr,
                peak_rss_kib,
                took: begin.elapsed(),
            },
            None => panic!("killed after {:?}\n{}", self.bound, shown(&stdout, &stderr)),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How a program ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The exit status; see [`Outcome::code`].
    pub status: ExitStatus,
    /// What it printed.
    pub stdout: String,
    /// What it said.
    pub stderr: String,
    /// The most memory it held, in KiB. The kernel's own high-water mark (`VmHWM`), read every two
    /// milliseconds: only what was first touched after the last look before the end is missed. `wait4`
    /// would know exactly, but can be reached neither from `std` nor from `rustix`. 0 without `/proc`.
    pub peak_rss_kib: u64,
    /// How long it was waited for.
    pub took: Duration,
}

impl Outcome {
    /// It ended with this exit code.
    #[track_caller]
    pub fn code(&self, expected: i32) -> &Self {
        assert_eq!(
            self.status.code(),
            Some(expected),
            "the exit code\n{}",
            self.shown()
        );
        self
    }

    /// It printed this.
    #[track_caller]
    pub fn stdout_has(&self, part: &str) -> &Self {
        assert!(
            self.stdout.contains(part),
            "stdout lacks {part:?}\n{}",
            self.shown()
        );
        self
    }

    /// It said this.
    #[track_caller]
    pub fn stderr_has(&self, part: &str) -> &Self {
        assert!(
            self.stderr.contains(part),
            "stderr lacks {part:?}\n{}",
            self.shown()
        );
        self
    }

    /// This stands in neither of its outputs: for secrets.
    #[track_caller]
    pub fn never_says(&self, part: &str) -> &Self {
        let said = self.stdout.contains(part) || self.stderr.contains(part);
        assert!(!said, "{part:?} is in the output\n{}", self.shown());
        self
    }

    /// It never held more memory. Fails where the memory could not be seen.
    #[track_caller]
    pub fn peak_below_kib(&self, most: u64) -> &Self {
        let seen = 1..most;
        assert!(
            seen.contains(&self.peak_rss_kib),
            "peak memory is {} KiB, not below {most}",
            self.peak_rss_kib
        );
        self
    }

    fn shown(&self) -> String {
        shown(&self.stdout, &self.stderr)
    }
}

fn shown(stdout: &str, stderr: &str) -> String {
    format!("--- stdout\n{stdout}\n--- stderr\n{stderr}\n---")
}

/// Reads a pipe on a thread of its own: a full one would block the program.
fn collect(mut pipe: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        bytes
    })
}

fn finish(reader: Option<JoinHandle<Vec<u8>>>) -> String {
    let bytes = reader.map(|reader| reader.join().expect("a reader does not panic"));
    String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
}

/// The high-water mark of a process's memory in KiB; nothing once it has ended.
fn peak(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}
