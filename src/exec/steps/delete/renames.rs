//! Giving a file its new name: never over what was not looked at, and settled by looking where a reply was lost.

use super::place::{Deletion, Place};
use super::placing::Placing;
use crate::exec::fault::Fault;
use crate::files::{Kind, away_name, folder_of, join, split};
use crate::transfer::{Cause, End, Links, Looks, Seen};

/// The new name of a file.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// The number of its folder.
    pub(super) folder: u32,
    pub(super) name: Vec<u8>,
    /// What stood there when it was looked at, where that may be replaced.
    pub(super) over: Option<Looks>,
    /// Whether it may have that name already.
    pub(super) begun: bool,
}

impl Place {
    /// Gives a file that stands under some path the name that it is to have.
    pub(super) fn rename(
        &self,
        end: &mut dyn End,
        placing: &Placing,
        at: u32,
        from: &[u8],
        target: &Target,
    ) -> Result<Deletion, Fault> {
        let renamed = self.try_rename(end, placing, from, target);
        let fault = |cause: &Cause, end: &dyn End| {
            Fault::at(&self.name, cause, end).about(self.set.text(at))
        };
        match renamed {
            Ok(true) => Ok(Deletion::Moved),
            Ok(false) => Ok(Deletion::Kept(
                other_now(end, target).about(self.set.text(at)),
            )),
            Err(Cause::Taken) => Ok(Deletion::Taken),
            Err(cause) if cause.is_unknown() => Ok(Deletion::Unknown(fault(&cause, end))),
            Err(cause) => Err(fault(&cause, end)),
        }
    }

    /// Whether what stood under the new name was still what was looked at: nothing is renamed otherwise.
    fn try_rename(
        &self,
        end: &mut dyn End,
        placing: &Placing,
        from: &[u8],
        target: &Target,
    ) -> Result<bool, Cause> {
        let folder = placing.stand(end, target.folder)?;
        let to = join(&folder, &target.name);
        // Neither path leads over a link: both were found.
        end.confine(common(self.set.root(), &folder), Links::Refuse);
        end.set_type(false)?;
        if let Some(seen) = target.over {
            let now = end.looks(&to)?;
            let told = now.size.is_some() || now.modified.is_some();
            if told && !seen.may_be_one(now) {
                return Ok(false);
            }
        }
        let renamed = end.rename(from, &to, false, target.over.is_some());
        renamed.map(|()| true)
    }

    /// Whether a renaming of which the reply was lost has happened: nothing stands under the old names, and under the new one
    /// the file.
    pub(super) fn has_moved(
        &self,
        end: &mut dyn End,
        placing: &Placing,
        at: u32,
        target: &Target,
    ) -> Result<bool, Fault> {
        let moved = self.looks_moved(end, placing, at, target);
        moved.map_err(|cause| Fault::at(&self.name, &cause, end).about(self.set.text(at)))
    }

    fn looks_moved(
        &self,
        end: &mut dyn End,
        placing: &Placing,
        at: u32,
        target: &Target,
    ) -> Result<bool, Cause> {
        let path = self.set.absolute(at);
        let (folder, name) = split(&path);
        let away = away_name(name).map(|name| join(folder, &name));
        end.set_type(false)?;
        end.confine(self.set.root(), Links::Refuse);
        for old in std::iter::once(&path).chain(&away) {
            if end.look(old)? != Seen::Nothing {
                return Ok(false);
            }
        }
        let to = join(&placing.stand(end, target.folder)?, &target.name);
        end.confine(folder_of(&to), Links::Refuse);
        if target.over.is_some() {
            end.settle_aside(&to)?;
        }
        if end.look(&to)? == Seen::Nothing {
            return Ok(false);
        }
        let now = end.looks(&to)?;
        Ok(Looks::listed(&self.set, at).may_be_one(now))
    }
}

/// The last folder that two absolute paths have in common.
fn common<'p>(one: &'p [u8], other: &[u8]) -> &'p [u8] {
    let ends = (0..=one.len()).rev().filter(|end| {
        let is_end = *end == one.len() || one[*end] == b'/';
        is_end && crate::files::below(other, &one[..*end]).is_some()
    });
    match ends.map(|end| &one[..end]).next() {
        None | Some(b"") => b"/",
        Some(common) => common,
    }
}

fn other_now(end: &dyn End, target: &Target) -> Fault {
    let name = end.decode(&target.name);
    Fault::permanent(format!(
        "it was not moved: what stands as `{name}` in its new folder is no longer what was looked at"
    ))
    .help("look at it, then run the manifest again")
}

/// A file whose new name something has.
pub(super) fn taken(name: &str, place: &str, kind: Kind) -> Fault {
    let help = match kind {
        Kind::Folder => {
            "name another folder in `into`, or give the file another name with `rename`"
        }
        _ => "move the other one away, or write `if_exists: number` or `if_exists: overwrite`",
    };
    Fault::permanent(format!(
        "it was not moved: something stands as `{name}` in `{place}` already"
    ))
    .help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_paths_have_their_last_common_folder() {
        for (one, other, folder) in [
            ("/a/in", "/a/done", "/a"),
            ("/a/in", "/a/in/done", "/a/in"),
            ("/a/in/x", "/a/in", "/a/in"),
            ("/in", "/done", "/"),
            ("/a/b", "/a/bc", "/a"),
            ("/", "/x", "/"),
        ] {
            assert_eq!(common(one.as_bytes(), other.as_bytes()), folder.as_bytes());
        }
    }
}
