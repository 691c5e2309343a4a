//! A session with a simulated server.
//!
//! What a real session does beyond the contract of [`End`] (sending ahead, listing dialects, encodings) has tests of its
//! own against real and scripted servers; this one keeps the contract, and fails as the real one does.

mod end;

use ftpflow::files::{Allowance, FileSet, Kind, Limits, Page, Precision, Time, aside_path};
use ftpflow::ftp::{Algorithm, Checksum, Deleted, Error, ErrorKind, Facts, Features, Pace};
use ftpflow::local::Links;
use ftpflow::transfer::{Arrived, Breaker, Cause, End, Fetch, Looks, Manners, Put, Refused, Seen};

use crate::sim::case::{Habits, Times};
use crate::sim::faults::{ftp, refused};
use crate::sim::manifest::BEGINNING;
use crate::sim::paths;
use crate::sim::tree::{Ino, Node, Spot};
use crate::sim::world::{State, Verdict, World, tree_split};

/// Bytes that pass in one call, so that files are cut in their middle.
const CHUNK: usize = 40;
/// From so many seconds on, LIST tells the day alone.
const OLD: i64 = 180 * 86_400;

pub(super) struct ModelSession {
    world: World,
    view: usize,
    breaker: Breaker,
    facts: Facts,
    habits: Habits,
    healthy: bool,
    flow: Flow,
    told: Option<Time>,
}

enum Flow {
    None,
    /// `after`: what is asked after the last byte.
    Reading {
        ino: Ino,
        at: usize,
        after: After,
    },
    /// `whole`: nothing of what was sent was dropped.
    Writing {
        ino: Ino,
        whole: bool,
    },
    /// All was read, and the reply is to be taken.
    Read {
        after: After,
    },
    /// All was written, and the reply is to be taken.
    Written {
        ino: Ino,
        whole: bool,
    },
}

/// What is asked after the last byte of a file.
#[derive(Clone, Copy)]
struct After {
    size: bool,
    time: bool,
}

impl ModelSession {
    /// Opens a session, as far as the server takes one.
    pub(super) fn open(
        world: &World,
        view: usize,
        breaker: Breaker,
    ) -> Result<ModelSession, Box<Refused>> {
        let refuse = |error: Error| {
            Box::new(Refused {
                cause: error.into(),
                learned: Facts::default(),
            })
        };
        match world.enter(view, "connect", b"") {
            Verdict::Go | Verdict::Cut | Verdict::Full => {}
            Verdict::Refuse(code) => {
                return Err(refuse(crate::sim::faults::refused(
                    ErrorKind::Greeting,
                    "",
                    code,
                )));
            }
            _ => return Err(refuse(ftp(ErrorKind::Connect, ""))),
        }
        let mut state = world.lock();
        if state.open[view] >= state.views[view].cap {
            return Err(refuse(refused(ErrorKind::TooMany, "USER u", 421)));
        }
        state.open[view] += 1;
        if state.open[view] > state.views[view].connections {
            let many = state.open[view];
            let text = format!("sessions: {many} open at once on v{view}");
            state.oracle.violations.push(text);
        }
        let habits = state.views[view].habits;
        let home = state.views[view].home.as_bytes().to_vec();
        drop(state);
        Ok(ModelSession {
            world: world.clone(),
            view,
            breaker,
            facts: facts(habits, home),
            habits,
            healthy: true,
            flow: Flow::None,
            told: None,
        })
    }

    /// A call that only asks.
    fn ask(&mut self, call: &str, path: &[u8]) -> Result<(), Cause> {
        match self.enter(call, path)? {
            Verdict::Go | Verdict::Full => Ok(()),
            Verdict::Refuse(code) => Err(refused(ErrorKind::Refused, call, code).into()),
            _ => self.lose(ErrorKind::Lost, call),
        }
    }

    fn enter(&mut self, call: &str, path: &[u8]) -> Result<Verdict, Cause> {
        if !self.healthy {
            return Err(ftp(ErrorKind::Lost, call).into());
        }
        let verdict = self.world.enter(self.view, call, path);
        if let Some(why) = self.breaker.tripped() {
            self.healthy = false;
            return Err(ftp(ErrorKind::Interrupted(why), call).into());
        }
        Ok(verdict)
    }

    fn lose<T>(&mut self, kind: ErrorKind, call: &str) -> Result<T, Cause> {
        self.healthy = false;
        Err(ftp(kind, call).into())
    }

    fn missing<T>(&self, call: &str) -> Result<T, Cause> {
        Err(refused(ErrorKind::Missing, call, 550).into())
    }

    fn remember(&mut self, change: impl FnOnce(&mut Facts)) {
        change(&mut self.facts);
    }

    /// The exchange of two files where the server renames onto none: the old one is put aside, and put back where its
    /// successor is refused.
    fn exchange(&mut self, from: &[u8], to: &[u8]) -> Result<(), Cause> {
        let aside = aside_path(to);
        self.one_rename(to, &aside)?;
        if let Err(cause) = self.one_rename(from, to) {
            if self.healthy {
                self.one_rename(&aside, to)?;
            }
            return Err(cause);
        }
        // The new file stands: that the old one is still there is no failure of it.
        let _ = self.remove(&aside);
        Ok(())
    }

    fn one_rename(&mut self, from: &[u8], to: &[u8]) -> Result<(), Cause> {
        match self.enter("RNTO", to)? {
            Verdict::Go | Verdict::Full => self.move_now(from, to),
            Verdict::Refuse(code) => Err(refused(ErrorKind::Refused, "RNTO", code).into()),
            verdict => {
                if verdict != Verdict::LostBefore {
                    self.move_now(from, to)?;
                }
                self.lose(ErrorKind::UnknownOutcome, "RNTO")
            }
        }
    }

    fn move_now(&mut self, from: &[u8], to: &[u8]) -> Result<(), Cause> {
        let mut state = self.world.lock();
        let (Some((old, Some(_))), Some((new, None))) =
            (self.spot(&state, from), self.spot(&state, to))
        else {
            return Err(refused(ErrorKind::Refused, "RNTO", 553).into());
        };
        state.rename(self.view, &old, to, &new);
        Ok(())
    }

    fn tell_renaming(&self, to: &[u8]) {
        let mut state = self.world.lock();
        if let Some((spot, _)) = self.spot(&state, to) {
            state.oracle.renaming(&spot);
        }
    }

    fn spot(&self, state: &State, path: &[u8]) -> Option<(Spot, Option<Ino>)> {
        let found = state.find(self.view, path, false)?;
        Some((found.spot?, found.ino))
    }
}

fn facts(habits: Habits, home: Vec<u8>) -> Facts {
    let features = Features {
        mlsd: habits.times == Times::Second,
        mfmt: habits.mfmt,
        mdtm: habits.mdtm,
        size: habits.size,
        rest_stream: habits.restart,
        utf8: true,
        epsv: true,
        ..Features::default()
    };
    // One line at a time is asked less before a file.
    let pace = Pace::default();
    if habits.restart {
        pace.greeted("220 (vsFTPd 3.0.5)");
    }
    Facts {
        features: Some(features),
        pace,
        no_restart_upload: !habits.restart,
        no_restart_download: !habits.restart,
        no_size: !habits.size,
        exact_names: true,
        home: Some(home),
        ..Facts::default()
    }
}

/// A time as a listing of this server tells it.
fn listed(times: Times, modified: i64) -> Option<Time> {
    let seconds = modified.div_euclid(1000);
    let old = BEGINNING - seconds > OLD;
    let floor = |precision: Precision| {
        let width = precision.seconds();
        Time::known(seconds - seconds.rem_euclid(width), precision)
    };
    match times {
        Times::Second => Some(Time::at(seconds)),
        Times::Minute if old => Some(floor(Precision::Day)),
        Times::Minute => Some(floor(Precision::Minute)),
        Times::None => None,
    }
}

impl Drop for ModelSession {
    fn drop(&mut self) {
        self.world.lock().open[self.view] -= 1;
    }
}

/// Makes a folder and those above it; whether it stands.
pub(super) fn make_with_parents(state: &mut State, view: usize, path: &[u8]) -> bool {
    if state.dead.is_some() {
        return false;
    }
    let stands = |state: &State| {
        let found = state.find(view, path, true);
        let ino = found.and_then(|found| found.ino);
        ino.map(|ino| state.tree.folder(ino).is_some())
    };
    if let Some(stands) = stands(state) {
        return stands;
    }
    let (parent, name) = tree_split(path);
    if !parent.is_empty() && !make_with_parents(state, view, parent) {
        return false;
    }
    if name == b".." || name == b"." {
        return stands(state) == Some(true);
    }
    let above = if parent.is_empty() { b"/" } else { parent };
    let above = state.find(view, above, true).and_then(|found| found.ino);
    let Some(above) = above.filter(|ino| state.tree.folder(*ino).is_some()) else {
        return false;
    };
    state.tree.make_folder(above, name);
    true
}

/// Removes an empty folder; nothing where it is not empty or none.
pub(super) fn remove_folder(state: &mut State, view: usize, path: &[u8]) -> Option<Deleted> {
    let Some(found) = state.find(view, path, false) else {
        return Some(Deleted::WasNotThere);
    };
    let Some(ino) = found.ino else {
        return Some(Deleted::WasNotThere);
    };
    let folder = state.tree.folder(ino)?;
    if folder.entries().next().is_some() || state.roots.contains(&ino) {
        return None;
    }
    state.tree.take(&found.spot?);
    Some(Deleted::Gone)
}
