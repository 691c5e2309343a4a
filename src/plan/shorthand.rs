//! `files:` in place of `from:`: paths and globs become one root, and patterns below it.

use std::collections::BTreeSet;

/// What to list, and what to choose of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chosen {
    /// The longest leading folder without `* ? [ { \` that all entries have in common; `.` and `/` stand for themselves.
    pub(super) root: String,
    /// Patterns anchored at the root.
    pub(super) include: Vec<String>,
    /// Whether folders below the root must be listed.
    pub(super) recursive: bool,
    /// How many levels below the root's own entries; absent: all.
    pub(super) max_depth: Option<u32>,
    /// Patterns of the folders that must be entered; empty: all.
    pub(super) descend: Vec<String>,
    /// Whether an entry asks for a name with a leading dot.
    pub(super) hidden: bool,
}

/// Why an entry cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// There is no text.
    Empty,
    /// It ends with `/`.
    Folder,
    /// It is absolute where the first entry is relative, or the other way round.
    Mixed,
}

struct Parts<'a> {
    absolute: bool,
    segments: Vec<&'a str>,
    /// How many leading segments are folders without a wildcard.
    leading: usize,
}

/// Puts the entries together; the error names each entry (from 0) that cannot be used, and what is wrong with it.
pub(super) fn choose(entries: &[&str]) -> Result<Chosen, Vec<(usize, Trouble)>> {
    let mut parts = Vec::with_capacity(entries.len());
    let mut troubles = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        match take_apart(entry) {
            Ok(part) => parts.push(part),
            Err(trouble) => troubles.push((at, trouble)),
        }
    }
    if !troubles.is_empty() {
        return Err(troubles);
    }
    let absolute = parts.first().is_some_and(|first| first.absolute);
    if let Some(at) = parts.iter().position(|part| part.absolute != absolute) {
        return Err(vec![(at, Trouble::Mixed)]);
    }
    let common = common_folders(&parts);
    let folder = parts
        .first()
        .map(|first| first.segments[..common].join("/"));
    let rests: Vec<&[&str]> = parts.iter().map(|part| &part.segments[common..]).collect();
    let deep = rests
        .iter()
        .any(|rest| rest.iter().any(|segment| is_deep(segment)));
    let levels = rests.iter().map(|rest| rest.len() - 1).max().unwrap_or(0);
    let include = parts.iter().map(|part| pattern(&part.segments[common..]));
    Ok(Chosen {
        root: root(absolute, &folder.unwrap_or_default()),
        include: include.collect(),
        recursive: deep || levels > 0,
        max_depth: (!deep).then(|| u32::try_from(levels).unwrap_or(u32::MAX)),
        descend: descend(&rests),
        hidden: rests
            .iter()
            .any(|rest| rest.iter().any(|segment| segment.starts_with('.'))),
    })
}

fn take_apart(entry: &str) -> Result<Parts<'_>, Trouble> {
    if entry.is_empty() {
        return Err(Trouble::Empty);
    }
    let segments: Vec<&str> = entry
        .split('/')
        .filter(|segment| !matches!(*segment, "" | "."))
        .collect();
    if entry.ends_with('/') || segments.is_empty() || segments.last() == Some(&"..") {
        return Err(Trouble::Folder);
    }
    let literal = segments
        .iter()
        .take_while(|segment| !is_wild(segment))
        .count();
    Ok(Parts {
        absolute: entry.starts_with('/'),
        leading: literal.min(segments.len() - 1),
        segments,
    })
}

fn is_wild(segment: &str) -> bool {
    segment.contains(['*', '?', '[', '{', '\\'])
}

/// `**`, or an alternation that reaches over a `/`: no telling how deep.
fn is_deep(segment: &str) -> bool {
    segment.contains("**") || segment.matches('{').count() != segment.matches('}').count()
}

fn common_folders(parts: &[Parts<'_>]) -> usize {
    let Some((first, others)) = parts.split_first() else {
        return 0;
    };
    others.iter().fold(first.leading, |common, other| {
        let longest = common.min(other.leading);
        let same = first.segments.iter().zip(&other.segments).take(longest);
        same.take_while(|(a, b)| a == b).count()
    })
}

fn root(absolute: bool, folder: &str) -> String {
    match (absolute, folder) {
        (true, folder) => format!("/{folder}"),
        (false, "") => ".".to_owned(),
        (false, folder) => folder.to_owned(),
    }
}

/// A `}` where nothing was opened is a letter of a name, and globs want it escaped.
fn pattern(rest: &[&str]) -> String {
    let opened = rest.iter().any(|segment| segment.contains('{'));
    let escape = |segment: &&str| {
        if opened {
            (*segment).to_owned()
        } else {
            segment.replace('}', "\\}")
        }
    };
    let segments: Vec<String> = rest.iter().map(escape).collect();
    format!("/{}", segments.join("/"))
}

fn descend(rests: &[&[&str]]) -> Vec<String> {
    let mut folders = BTreeSet::new();
    for rest in rests {
        let folder_segments = &rest[..rest.len() - 1];
        let deep = rest.iter().position(|segment| is_deep(segment));
        let plain = deep
            .unwrap_or(folder_segments.len())
            .min(folder_segments.len());
        for end in 1..=plain {
            folders.insert(pattern(&rest[..end]));
        }
        match deep {
            Some(0) => return Vec::new(),
            Some(at) => {
                folders.insert(format!("{}/**", pattern(&rest[..at])));
            }
            None => {}
        }
    }
    folders.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(entries: &[&str]) -> Chosen {
        choose(entries).unwrap()
    }

    #[test]
    fn a_plain_path_is_listed_in_its_parent() {
        let chosen = chosen(&["/a/b/版本.zip"]);
        assert_eq!(chosen.root, "/a/b");
        assert_eq!(chosen.include, ["/版本.zip"]);
        assert!(!chosen.recursive && !chosen.hidden);
        assert_eq!(super::tests::chosen(&["x.zip"]).root, ".");
        assert_eq!(super::tests::chosen(&["/x.zip"]).root, "/");
    }

    #[test]
    fn the_root_is_common_to_all_entries() {
        let chosen = chosen(&["/a/b/c/*.zip", "/a/b/d.txt"]);
        assert_eq!(chosen.root, "/a/b");
        assert_eq!(chosen.include, ["/c/*.zip", "/d.txt"]);
        assert_eq!(chosen.max_depth, Some(1));
        assert_eq!(chosen.descend, ["/c"]);
    }

    #[test]
    fn only_the_folders_that_can_match_are_entered() {
        let chosen = chosen(&["/a/20??/x/**/*.log"]);
        assert_eq!(chosen.root, "/a");
        assert_eq!(chosen.descend, ["/20??", "/20??/x", "/20??/x/**"]);
        assert_eq!(chosen.max_depth, None);
        assert_eq!(
            super::tests::chosen(&["a/**"]).descend,
            Vec::<String>::new()
        );
        assert!(super::tests::chosen(&["a/**"]).recursive);
    }

    #[test]
    fn an_alternation_over_a_slash_has_no_known_depth() {
        let chosen = chosen(&["/a/{b/c,d}/*.zip"]);
        assert_eq!(chosen.include, ["/{b/c,d}/*.zip"]);
        assert_eq!(chosen.max_depth, None);
    }

    #[test]
    fn entries_that_cannot_be_used_are_named() {
        let both = vec![(1, Trouble::Empty), (2, Trouble::Folder)];
        assert_eq!(choose(&["a", "", "a/"]), Err(both));
        assert_eq!(choose(&["/a", "b"]), Err(vec![(1, Trouble::Mixed)]));
    }

    #[test]
    fn names_with_a_leading_dot_can_be_asked_for() {
        assert!(chosen(&["/a/.env"]).hidden);
        assert!(!chosen(&["/.a/env"]).hidden);
    }
}
