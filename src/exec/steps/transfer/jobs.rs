//! The jobs of a transfer step that decide, make folders, move files and publish them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::event::{Current, Failure, Meter};
use crate::files::{FileSet, Route, Side, join};
use crate::ftp::{Class, Session};
use crate::journal::Resumed;
use crate::local::{Links, Root};
use crate::options::{Publish, TransferOptions};
use crate::plan::{self, Action, Plan, StepId};
use crate::transfer::{
    self, Cause, Compared, Copied, CopyError, Decision, Decisions, Doubt, End, Inventory, Item,
    Request, Settled, Source, Target, decide,
};

use super::Output;
use super::survey::Rooted;
use crate::exec::fault::Fault;
use crate::exec::job::{Desk, Work};
use crate::exec::shared::Shared;
use crate::exec::steps;

/// A batch ends after this long, so that the dispatcher can share the sessions out anew.
const SHORT: Duration = Duration::from_millis(100);

/// What a transfer step wants, as its jobs need it.
pub(in crate::exec) struct Wishes {
    pub(super) manifest: String,
    pub(super) step: String,
    pub(super) options: TransferOptions,
    pub(super) chmod: Option<u32>,
    pub(super) from: Side,
    pub(super) to: Side,
    pub(super) source_name: String,
    pub(super) target_name: String,
    pub(super) source_id: String,
    pub(super) own_source: bool,
    pub(super) into: String,
    pub(super) local_into: PathBuf,
    pub(super) links: Links,
    resumed: Option<Arc<Resumed>>,
}

/// The two ends, once `into` is known.
pub(in crate::exec) struct Ends {
    pub(super) route: Route,
    pub(super) sets_times: bool,
    source: Option<Arc<Root>>,
    target: Option<Arc<Root>>,
}

/// What a job that moves files looks at.
pub(super) struct Batch {
    pub(super) wishes: Arc<Wishes>,
    pub(super) ends: Arc<Ends>,
    pub(super) set: Option<FileSet>,
    pub(super) inventory: Arc<Inventory>,
    pub(super) decisions: Arc<Decisions>,
}

/// What became of one file.
pub(in crate::exec) type Moved = Result<Arrival, Failed>;

/// A file that stands at its destination.
pub(in crate::exec) enum Arrival {
    Copied(Copied),
    /// It stood there unchanged; whether its checksum proved that, or why not.
    Same(Result<(), String>),
}

/// A file that did not arrive.
pub(in crate::exec) struct Failed {
    pub(super) fault: Fault,
    /// Bytes that moved all the same.
    pub(super) bytes: u64,
    /// Whether the next try can continue them.
    pub(super) resumable: bool,
    /// Whether a session was found closed by its first command, after it had lain idle.
    pub(super) lost_at_rest: bool,
    /// What is to be looked at before the next try.
    pub(super) doubt: Option<Doubt>,
    /// Whether part of a file that nobody wants was left at the destination.
    pub(super) left_behind: bool,
}

/// A file of a batch.
pub(super) struct Piece {
    pub(super) at: u32,
    /// Whether it was tried before.
    pub(super) again: bool,
    /// What the last try left open.
    pub(super) doubt: Option<Doubt>,
}

impl Wishes {
    pub(super) fn new(step: &plan::Step, transfer: &plan::Transfer, shared: &Shared) -> Wishes {
        let plan = &shared.plan;
        Wishes {
            manifest: plan.name.clone(),
            step: step.name.clone(),
            options: transfer.options.clone(),
            chmod: transfer.chmod,
            from: transfer.source,
            to: transfer.to,
            source_name: plan.side_name(transfer.source).to_owned(),
            target_name: plan.side_name(transfer.to).to_owned(),
            source_id: shared.identity_text(transfer.source),
            own_source: shared.identity(transfer.source) == shared.identity(transfer.to),
            into: transfer.into.clone(),
            local_into: plan.folder.join(&transfer.into),
            links: links_of(transfer.from, plan),
            resumed: shared.resumed.clone(),
        }
    }

    pub(super) fn request(&self, sets_times: bool) -> Request<'_> {
        Request {
            options: &self.options,
            manifest: &self.manifest,
            step: &self.step,
            source_id: &self.source_id,
            own_source: self.own_source,
            sets_times,
            chmod: self.chmod,
            begun: self
                .resumed
                .as_ref()
                .and_then(|resumed| Some(&resumed.step(&self.step)?.begun)),
        }
    }
}

/// Whether the list behind a local set followed links: its files are then opened through them.
fn links_of(step: StepId, plan: &Plan) -> Links {
    match &plan.step(step).action {
        Action::List(list) if list.follow_links => Links::Follow,
        Action::Filter(filter) => links_of(filter.from, plan),
        _ => Links::Refuse,
    }
}

impl Ends {
    pub(super) fn new(
        wishes: &Wishes,
        rooted: &Rooted,
        set: Option<&FileSet>,
        shared: &Shared,
    ) -> Result<Ends, Fault> {
        let sets_times = match wishes.to {
            Side::Local => true,
            Side::Server(server) => shared.facts(server).sets_times(),
        };
        let source = match (wishes.from, set) {
            // A preview has downloaded nothing that could be opened.
            (Side::Local, Some(set)) if !set.is_empty() && !shared.preview => {
                let root = Root::open_bytes(set.root(), wishes.links);
                Some(Arc::new(root.map_err(|error| Fault::local(&error))?))
            }
            _ => None,
        };
        Ok(Ends {
            route: Route {
                side: wishes.to,
                root: rooted.root.clone(),
                reach: shared.reach(wishes.to),
                encoding: shared.encoding(wishes.to),
                flatten: wishes.options.flatten,
                keeps_size: !wishes.options.ascii,
                keeps_times: wishes.options.keep_times && sets_times,
            },
            sets_times,
            source,
            target: None,
        })
    }

    /// The same with the destination's folder opened.
    pub(super) fn with_target(&self, target: Arc<Root>) -> Ends {
        Ends {
            route: self.route.clone(),
            sets_times: self.sets_times,
            source: self.source.clone(),
            target: Some(target),
        }
    }
}

pub(super) fn output(output: Output) -> steps::Output {
    steps::Output::Transfer(Box::new(output))
}

/// For a state that cannot be: nothing is done, and the step ends by itself.
pub(super) fn nothing() -> Work {
    Box::new(|_| {
        output(Output::Decided(Err(Fault::permanent(
            "an earlier step gave no files",
        ))))
    })
}

/// Compares the set with what stands at the destination.
pub(super) fn compare(
    wishes: Arc<Wishes>,
    ends: Arc<Ends>,
    set: FileSet,
    inventory: Arc<Inventory>,
) -> Work {
    Box::new(move |_| {
        let request = wishes.request(ends.sets_times);
        let decided = decide(&set, &ends.route, &inventory, &request);
        let decided = decided.map_err(|error| {
            Fault::permanent(format!("nothing was transferred: {error}")).help(error.help())
        });
        // Given back before the end is told, so that the dispatcher can add answers to it.
        drop(inventory);
        output(Output::Decided(decided))
    })
}

/// Makes the folders that are missing; on this machine also asks for room.
pub(super) fn folders(wishes: Arc<Wishes>, ends: Arc<Ends>, decisions: Arc<Decisions>) -> Work {
    Box::new(move |desk| {
        let made = match desk.sessions.first_mut() {
            Some(session) => folders_there(session, &wishes, &ends, &decisions).map(|()| None),
            None => folders_here(&ends, &decisions).map(|root| Some(Arc::new(root))),
        };
        output(Output::Foldered(made))
    })
}

fn folders_there(
    session: &mut Session,
    wishes: &Wishes,
    ends: &Ends,
    decisions: &Decisions,
) -> Result<(), Fault> {
    for folder in &decisions.folders {
        let path = join(&ends.route.root, folder);
        let made = if folder.is_empty() {
            make_with_parents(session, &path)
        } else {
            session.make_folder(&path)
        };
        made.map_err(|error| {
            let shown = session.decode(&path);
            Fault::ftp(&wishes.target_name, &error, Some(session)).about(shown)
        })?;
    }
    Ok(())
}

/// Makes a folder, and those above it where they are missing. The usual case, that only it is missing, costs one
/// command.
fn make_with_parents(session: &mut Session, path: &[u8]) -> Result<(), crate::ftp::Error> {
    let first = match session.make_folder(path) {
        Err(error) if session.healthy() => error,
        done => return done,
    };
    let parent = path.iter().rposition(|&byte| byte == b'/').unwrap_or(0);
    if parent == 0 || make_with_parents(session, &path[..parent]).is_err() {
        return Err(first);
    }
    session.make_folder(path)
}

fn folders_here(ends: &Ends, decisions: &Decisions) -> Result<Root, Fault> {
    let root = Root::create_bytes(&ends.route.root).map_err(|error| Fault::local(&error))?;
    let free = root.free_space().map_err(|error| Fault::local(&error))?;
    if free < decisions.bytes {
        let fault = format!(
            "{} are needed below `{}`, and {} are free",
            bytesize::ByteSize(decisions.bytes),
            root.path().display(),
            bytesize::ByteSize(free)
        );
        return Err(Fault::permanent(fault).help("free some space, or choose another `into`"));
    }
    for folder in decisions.folders.iter().filter(|folder| !folder.is_empty()) {
        root.make_folders(folder)
            .map_err(|error| Fault::local(&error))?;
    }
    Ok(root)
}

/// Moves files until the time of a batch is over; at least one.
pub(super) fn files(batch: Batch, files: Vec<Piece>) -> Work {
    Box::new(move |desk| {
        let end = Instant::now() + SHORT;
        let mut moved = Vec::with_capacity(files.len());
        for piece in files {
            let result = batch.one(desk, &piece, moved.is_empty());
            let goes_on = match &result {
                Ok(_) => true,
                Err(failed) => !matches!(failed.fault.class, Class::StopStep | Class::Interrupted),
            };
            moved.push((piece.at, result));
            if !goes_on || Instant::now() >= end || !desk.sessions.iter().all(Session::healthy) {
                break;
            }
        }
        output(Output::Moved(moved))
    })
}

/// Gives files that have arrived their final names, in the order given, until one fails. `again`: the reply to the
/// first one's rename may have been lost, so it is looked at first.
pub(super) fn publish(batch: Batch, files: Vec<u32>, again: bool) -> Work {
    Box::new(move |desk| {
        let mut published = Vec::with_capacity(files.len());
        for at in files {
            let look = again && published.is_empty();
            let result = batch.on_target(desk, at, |target, item| {
                if look && renamed(target, item)? {
                    return Ok(None);
                }
                transfer::publish(target, item).map(|published| published.warning)
            });
            let failed = result.is_err();
            published.push((at, result));
            if failed {
                break;
            }
        }
        output(Output::Published(published))
    })
}

/// Removes what failed files left at the destination.
pub(super) fn clear(batch: Batch, files: Vec<u32>) -> Work {
    Box::new(move |desk| {
        let left = files.into_iter().filter_map(|at| {
            let cleared = batch.on_target(desk, at, transfer::discard);
            cleared.err().map(|fault| (at, fault))
        });
        output(Output::Cleared(left.collect()))
    })
}

impl Batch {
    fn item(&self, at: u32) -> Result<Item, Fault> {
        let set = self.set.as_ref();
        let set = set.ok_or_else(|| Fault::permanent("an earlier step gave no files"))?;
        let request = self.wishes.request(self.ends.sets_times);
        let decision = self.decisions.of(at);
        Item::new(
            set,
            at,
            &self.ends.route,
            &self.inventory,
            &request,
            decision,
        )
        .map_err(|problem| Fault::permanent(problem.to_string()))
    }

    fn one(&self, desk: &mut Desk, piece: &Piece, first: bool) -> Moved {
        let mut item = self.item(piece.at).map_err(Failed::at_once)?;
        item.partial |= piece.again && item.resumable;
        let rested = desk.rested && first;
        let (sessions, meter, buffer) = desk.parts();
        let current = Current {
            file: Arc::clone(&item.text),
            size: item.size,
        };
        meter.begin(current, 0);
        let (mut source, mut target) = self.split(sessions).map_err(Failed::at_once)?;
        let settled = match &piece.doubt {
            Some(doubt) => settle(&mut target, &item, doubt, self.wishes.options.publish),
            None => Ok(None),
        };
        let looked = settled.is_ok();
        let result = settled.and_then(|settled| match settled {
            Some(copied) => Ok(Arrival::Copied(copied)),
            None => self.arrive(&mut source, &mut target, &item, piece, meter, buffer),
        });
        let result = result.map_err(|error| {
            let mut failed = self.failed(error, &source, &target, &item, rested);
            if !looked && failed.doubt.is_none() {
                failed.doubt.clone_from(&piece.doubt);
            }
            failed
        });
        meter.end();
        result
    }

    fn arrive(
        &self,
        source: &mut Source<'_>,
        target: &mut Target<'_>,
        item: &Item,
        piece: &Piece,
        meter: &Meter,
        buffer: &mut Vec<u8>,
    ) -> Result<Arrival, CopyError> {
        if self.decisions.of(piece.at) == Decision::Same && piece.doubt.is_none() {
            match transfer::compare(source, target, item, buffer)? {
                Compared::Same => return Ok(Arrival::Same(Ok(()))),
                Compared::Unknown(reason) => return Ok(Arrival::Same(Err(reason))),
                // Size and time agree, and the bytes do not: it is as good as missing.
                Compared::Different => {}
            }
        }
        let copied = transfer::copy(source, target, item, &self.wishes.options, meter, buffer)?;
        Ok(Arrival::Copied(copied))
    }

    /// Does something at the destination alone.
    fn on_target<T>(
        &self,
        desk: &mut Desk,
        at: u32,
        act: impl Fn(&mut Target<'_>, &Item) -> Result<T, CopyError>,
    ) -> Result<T, Fault> {
        let item = self.item(at)?;
        let mut target = match desk.sessions.first_mut() {
            Some(session) => Target::Remote(session),
            None => Target::Local(self.ends.target()?),
        };
        act(&mut target, &item).map_err(|error| {
            let transcript = match &target {
                Target::Remote(session) => session.transcript(),
                Target::Local(_) => Vec::new(),
            };
            self.fault(&error, transcript, &item)
        })
    }

    /// The ends of a copy: sessions come in the order source, target.
    fn split<'a>(&'a self, sessions: &'a mut [Session]) -> Result<(Source<'a>, Target<'a>), Fault> {
        let mut sessions = sessions.iter_mut();
        let source = match self.wishes.from {
            Side::Local => Source::Local(self.ends.source()?),
            Side::Server(_) => Source::Remote(sessions.next().ok_or_else(no_session)?),
        };
        let target = match self.wishes.to {
            Side::Local => Target::Local(self.ends.target()?),
            Side::Server(_) => Target::Remote(sessions.next().ok_or_else(no_session)?),
        };
        Ok((source, target))
    }

    fn failed(
        &self,
        error: CopyError,
        source: &Source<'_>,
        target: &Target<'_>,
        item: &Item,
        rested: bool,
    ) -> Failed {
        let transcript = match (error.end, source, target) {
            (End::Source, Source::Remote(session), _)
            | (End::Target, _, Target::Remote(session)) => session.transcript(),
            _ => Vec::new(),
        };
        let fault = self.fault(&error, transcript, item);
        let lost = matches!(&*error.cause, Cause::Ftp(error) if Fault::lost(error));
        Failed {
            fault,
            bytes: error.bytes_moved,
            resumable: item.resumable,
            lost_at_rest: rested && lost && error.bytes_moved == 0,
            left_behind: error.left_behind,
            doubt: match *error.cause {
                Cause::Unknown { doubt, .. } => Some(*doubt),
                _ => None,
            },
        }
    }

    fn fault(&self, error: &CopyError, transcript: Vec<String>, item: &Item) -> Fault {
        let (side, name) = match error.end {
            End::Source => ("source", &self.wishes.source_name),
            End::Target => ("destination", &self.wishes.target_name),
        };
        let mut fault = match &*error.cause {
            Cause::Ftp(error) => Fault::ftp(name, error, None),
            Cause::Unknown { error, .. } => Fault::ftp(name, error, None),
            Cause::Local(error) => Fault::local(error),
            cause @ (Cause::Size(_) | Cause::Sum(_)) => Fault {
                class: error.class(),
                failure: Box::new(Failure {
                    message: cause.to_string(),
                    server: Some(name.clone()),
                    ..Failure::default()
                }),
            },
        };
        fault.class = error.class();
        fault.failure.message = format!("at the {side}: {}", fault.failure.message);
        fault.failure.transcript = transcript;
        fault.failure.help = error.help().or(fault.failure.help.take());
        fault.about(item.text.as_ref())
    }
}

impl Failed {
    fn at_once(fault: Fault) -> Failed {
        Failed {
            fault,
            bytes: 0,
            resumable: false,
            lost_at_rest: false,
            doubt: None,
            left_behind: false,
        }
    }
}

impl Ends {
    fn source(&self) -> Result<&Root, Fault> {
        self.source.as_deref().ok_or_else(no_session)
    }

    fn target(&self) -> Result<&Root, Fault> {
        self.target.as_deref().ok_or_else(no_session)
    }
}

/// Looks what became of a file whose reply was lost; what has arrived is not copied again. One of a set that has
/// arrived waits for the others, as any.
fn settle(
    target: &mut Target<'_>,
    item: &Item,
    doubt: &Doubt,
    publish: Publish,
) -> Result<Option<Copied>, CopyError> {
    let mut copied = Copied {
        bytes_moved: 0,
        proven: doubt.proven.clone(),
        times_kept: false,
        visible: true,
        warning: None,
    };
    match transfer::settle(target, item, doubt)? {
        Settled::NotArrived => return Ok(None),
        Settled::Published => {}
        Settled::Arrived if publish == Publish::Set => copied.visible = false,
        Settled::Arrived => copied.warning = transfer::publish(target, item)?.warning,
    }
    Ok(Some(copied))
}

/// Whether a file has its final name already.
fn renamed(target: &mut Target<'_>, item: &Item) -> Result<bool, CopyError> {
    let Some(expected) = item.size else {
        return Ok(false);
    };
    let doubt = Doubt {
        stage: transfer::Stage::Renaming,
        expected,
        proven: Ok(()),
    };
    Ok(transfer::settle(target, item, &doubt)? == Settled::Published)
}

/// The dispatcher starts no job without what it needs; this is the answer if it did.
fn no_session() -> Fault {
    Fault::permanent("a job began without its two ends; please report it")
}
