//! Whether the folder that a file comes from and the one that it goes to are one folder.
//!
//! Names never tell: a link, another name or address of a host, a second account, shared storage, or a server whose root
//! is a folder of this machine make one folder of two paths. So it is asked: a file's temporary name stands in the
//! destination while the file is written, and no other file ends as it does. Where the destination shows it and the source,
//! listed afterwards, does not, the two are different.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;

use super::decision::Refusal;
use super::end::{End, Put, Seen};
use super::error::{Cause, CopyError, Role};
use super::item::Item;
use crate::files::{
    Allowance, Fingerprint, Page, Partials, TEMPORARY_TAIL, folder_of, join, split,
};

/// What was found out about a pair of folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// They are two.
    Different,
    /// It cannot be told, and why.
    Unknown(Unsure),
}

/// Why it cannot be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unsure {
    /// The destination does not show what was written there.
    Hidden,
    /// The destination's listing is not whole, or was refused.
    Destination(String),
    /// The source's listing is not whole, or was refused.
    Source(String),
}

/// Asks whether the folder of a file at its source is that of its destination, where it stands under its temporary name
/// now. Nothing of the source was changed yet, and nothing has its final name.
///
/// # Errors
/// [`Cause::OneFolder`]; and where an end broke: a refusal is an answer.
pub fn ask_places(
    source: &mut dyn End,
    target: &mut dyn End,
    item: &Item,
) -> Result<Verdict, CopyError> {
    ask_both(source, target, &item.source, &item.temporary)
}

fn ask_both(
    source: &mut dyn End,
    target: &mut dyn End,
    file: &[u8],
    mark: &[u8],
) -> Result<Verdict, CopyError> {
    let at_target = |cause| CopyError::new(Role::Target, cause);
    match shows(target, mark, tail(split(mark).1)).map_err(at_target)? {
        Shows::Yes => {}
        Shows::No => return Ok(Verdict::Unknown(Unsure::Hidden)),
        Shows::CannotTell(reason) => return Ok(Verdict::Unknown(Unsure::Destination(reason))),
    }
    ask_folder(source, target, folder_of(file), mark)
}

/// Whether what stands under a file's final name may be another source, in one of these folders: the file's temporary name
/// tells, as for its own.
///
/// # Errors
/// [`Cause::Refused`] where it may be; and where an end broke.
pub fn ask_others(
    source: &mut dyn End,
    target: &mut dyn End,
    item: &Item,
) -> Result<(), CopyError> {
    for folder in &item.others {
        let asked = ask_folder(source, target, folder, &item.temporary);
        let is_one = |error: &CopyError| matches!(*error.cause, Cause::OneFolder { .. });
        match asked {
            Ok(Verdict::Different) => {}
            Err(error) if !is_one(&error) => return Err(error),
            _ => {
                let cause = Cause::Refused(Refusal::AnotherSource);
                return Err(CopyError::new(Role::Target, cause));
            }
        }
    }
    Ok(())
}

fn ask_folder(
    source: &mut dyn End,
    target: &mut dyn End,
    source_folder: &[u8],
    mark: &[u8],
) -> Result<Verdict, CopyError> {
    let (folder, name) = (folder_of(mark), split(mark).1);
    let at_target = |cause| CopyError::new(Role::Target, cause);
    let there = shows(source, &join(source_folder, name), tail(name));
    match there.map_err(|cause| CopyError::new(Role::Source, cause))? {
        Shows::No => Ok(Verdict::Different),
        Shows::CannotTell(reason) => Ok(Verdict::Unknown(Unsure::Source(reason))),
        Shows::Yes => Err(at_target(Cause::OneFolder {
            source_folder: source.decode(source_folder),
            target_folder: target.decode(folder),
        })),
    }
}

/// The same before a file is written under its final name at once, where it is to be asked: an empty file is the mark,
/// which goes again. `left`: why it could not be removed, so that it may stand.
///
/// # Errors
/// As [`ask_places`]; [`Cause::NotTold`] where something would be overwritten that may be the source itself.
pub(super) fn make_sure(
    source: &mut dyn End,
    target: &mut dyn End,
    item: &Item,
    left: &mut Option<Box<str>>,
) -> Result<Option<Verdict>, CopyError> {
    let verdict = match item.asks_places {
        true => {
            let asked = ask_by_mark(source, target, item);
            // One that was refused after its name was made stands there, too.
            *left = target
                .remove(&item.mark)
                .err()
                .map(|cause| cause.to_string().into());
            Some(asked?)
        }
        false => None,
    };
    // A set may know sizes that are no longer so: whatever stands there may be the source.
    match &verdict {
        Some(Verdict::Unknown(reason)) if item.replaces => {
            let cause = Cause::NotTold(reason.to_string());
            Err(CopyError::new(Role::Target, cause))
        }
        _ => Ok(verdict),
    }
}

/// The path of the mark that tells a folder apart. `number`: one that no other run has, so that what an earlier one has left
/// is never taken for this one's.
pub fn mark_path(folder: &[u8], owner: &Fingerprint<'_>, number: u64) -> Vec<u8> {
    Partials::of(&join(folder, b"mark"), owner).of_version(Some(number), None)
}

/// Writes an empty file that tells its folder apart; whether the folder shows it.
///
/// # Errors
/// Where it could not be written.
pub fn mark_folder(end: &mut dyn End, temporary: &[u8]) -> Result<bool, Cause> {
    mark(end, temporary)?;
    let shown = shows(end, temporary, tail(split(temporary).1))?;
    Ok(matches!(shown, Shows::Yes))
}

/// Of these marks, the keys of those that a folder shows; none where it was not seen whole.
///
/// # Errors
/// Where the end broke: a refusal is no proof.
pub fn marks_in(
    end: &mut dyn End,
    folder: &[u8],
    marks: &BTreeMap<u32, Vec<u8>>,
) -> Result<Option<BTreeSet<u32>>, Cause> {
    let tails = marks.values().map(|path| tail(split(path).1));
    let tails: HashSet<Vec<u8>> = tails.map(<[u8]>::to_ascii_lowercase).collect();
    let is_mark = move |name: &[u8]| tails.contains(&tail(name).to_ascii_lowercase());
    let page = match list(end, folder, is_mark)? {
        Ok(page) if page.incomplete_reason().is_none() => page,
        _ => return Ok(None),
    };
    let shown: HashSet<Vec<u8>> = page
        .entries()
        .map(|entry| tail(entry.name).to_ascii_lowercase())
        .collect();
    let stands = |(key, path): (&u32, &Vec<u8>)| {
        let mark = tail(split(path).1).to_ascii_lowercase();
        shown.contains(&mark).then_some(*key)
    };
    Ok(Some(marks.iter().filter_map(stands).collect()))
}

fn ask_by_mark(
    source: &mut dyn End,
    target: &mut dyn End,
    item: &Item,
) -> Result<Verdict, CopyError> {
    match mark(target, &item.mark) {
        Ok(()) => ask_both(source, target, &item.source, &item.mark),
        Err(cause) if target.healthy() => {
            Ok(Verdict::Unknown(Unsure::Destination(cause.to_string())))
        }
        Err(cause) => Err(CopyError::new(Role::Target, cause)),
    }
}

fn mark(target: &mut dyn End, temporary: &[u8]) -> Result<(), Cause> {
    let put = Put {
        at: 0,
        size_after: false,
        time_after: false,
        safely: false,
        modified: None,
        look_at: None,
        rename_from: false,
    };
    target.create(temporary, put)?;
    target.close_write()?;
    target.finish_write(temporary, put)?;
    Ok(())
}

enum Shows {
    Yes,
    No,
    CannotTell(String),
}

/// What a folder shows; the reason of a refusal, which is an answer. One that breaks off is worth another try: the server may
/// say something else then.
fn list(
    end: &mut dyn End,
    folder: &[u8],
    wanted: impl Fn(&[u8]) -> bool + Send + Sync + 'static,
) -> Result<Result<Page, String>, Cause> {
    match end.list(folder, &Allowance::new(end.limits()).only(wanted)) {
        Ok(page) if page.is_broken() => {
            let reason = page.incomplete_reason().unwrap_or_default();
            Err(Cause::Broken(reason.to_owned()))
        }
        Ok(page) => Ok(Ok(page)),
        Err(cause) if end.healthy() => Ok(Err(cause.to_string())),
        Err(cause) => Err(cause),
    }
}

/// Whether a folder shows a name that ends in a mark. Names with a leading dot, which a listing may hide, are asked for.
fn shows(end: &mut dyn End, path: &[u8], mark: &[u8]) -> Result<Shows, Cause> {
    let (folder, name) = (folder_of(path), split(path).1);
    let own = mark.to_vec();
    let is_mark = move |name: &[u8]| tail(name).eq_ignore_ascii_case(&own);
    let page = match list(end, folder, is_mark)? {
        Ok(page) => page,
        Err(reason) => return Ok(Shows::CannotTell(reason)),
    };
    if holds(&page, mark) {
        return Ok(Shows::Yes);
    }
    if end.may_hide(name) && end.look(path)? != Seen::Nothing {
        return Ok(Shows::Yes);
    }
    Ok(match page.incomplete_reason() {
        Some(reason) => Shows::CannotTell(reason.to_owned()),
        None => Shows::No,
    })
}

/// Servers may change the case of names, and the bytes of what is not ASCII.
fn holds(page: &Page, mark: &[u8]) -> bool {
    page.entries()
        .any(|entry| tail(entry.name).eq_ignore_ascii_case(mark))
}

fn tail(name: &[u8]) -> &[u8] {
    &name[name.len().saturating_sub(TEMPORARY_TAIL)..]
}

impl fmt::Display for Unsure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unsure::Hidden => f.write_str("the destination does not show what is written there"),
            Unsure::Destination(reason) => {
                write!(f, "the destination's folder cannot be listed: {reason}")
            }
            Unsure::Source(reason) => write!(f, "the source's folder cannot be listed: {reason}"),
        }
    }
}
