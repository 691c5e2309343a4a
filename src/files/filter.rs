//! The `filter` step's rules, over a whole set at once.

use std::cmp::Ordering;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use super::by_text;
use super::entry::{Kind, Time};
use super::pattern::{PatternError, Patterns};
use super::set::FileSet;

/// Which kinds of entries pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KindTest {
    /// Regular files.
    #[default]
    File,
    /// Folders.
    Directory,
    /// Links.
    Link,
    /// Everything.
    Any,
}

/// What a set is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SortKey {
    /// The relative path's text.
    Name,
    /// The size; unknown sizes come last.
    Size,
    /// The time; unknown times come last.
    Modified,
}

/// The order of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sort {
    /// The key; the set's own order where absent.
    pub key: Option<SortKey>,
    /// Whether the order is turned round (unknown values stay last).
    pub reverse: bool,
}

/// What passes. Plain data: the fields of a `filter` step, bound.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Filter {
    /// Globs of which one must match, where there are any.
    pub include: Vec<String>,
    /// Globs of which none may match.
    pub exclude: Vec<String>,
    /// A regex on the relative path, unanchored.
    pub regex: Option<String>,
    /// Whether globs and regex ignore case.
    pub ignore_case: bool,
    /// The kinds that pass.
    pub kind: KindTest,
    /// Only larger ones, in bytes.
    pub larger_than: Option<u64>,
    /// Only smaller ones, in bytes.
    pub smaller_than: Option<u64>,
    /// Only those modified after this instant (Unix seconds, UTC).
    pub newer_than: Option<i64>,
    /// Only those modified before this instant (Unix seconds, UTC).
    pub older_than: Option<i64>,
    /// The order.
    pub sort: Sort,
    /// So many of the first are left out, after sorting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip: Option<usize>,
    /// At most this many, after sorting and `skip`.
    pub limit: Option<usize>,
}

/// What a filter made of a set.
#[derive(Debug, Clone)]
pub struct Filtered {
    /// What passed, in order.
    pub set: FileSet,
    /// How many entries of the wanted kind there were to choose from.
    pub of: usize,
    /// How many entries of other kinds there were.
    pub others: usize,
    /// Entries left out only because their size is unknown.
    pub unknown_size: usize,
    /// Entries left out only because their time is unknown or not known exactly enough.
    pub unknown_time: usize,
}

struct Compiled<'a> {
    rules: &'a Filter,
    include: Patterns,
    exclude: Patterns,
    regex: Option<Regex>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Passes,
    Fails,
    Unknown,
}

impl Filter {
    /// Whether the globs and the regex can be read; the first that cannot is the error.
    pub fn check(&self) -> Result<(), PatternError> {
        self.compile().map(drop)
    }

    /// The positions of the entries whose kinds and names pass, whatever the other rules say.
    ///
    /// # Errors
    /// As [`Filter::check`].
    pub fn passing(&self, set: &FileSet) -> Result<Vec<u32>, PatternError> {
        let compiled = self.compile()?;
        let passes = |at: &u32| compiled.kind(set.kind(*at)) && compiled.named(set, *at);
        Ok(set.positions().filter(passes).collect())
    }

    /// Applies the rules to a set.
    pub fn apply(&self, set: &FileSet) -> Result<Filtered, PatternError> {
        let compiled = self.compile()?;
        let mut kept = Vec::new();
        let (mut of, mut unknown_size, mut unknown_time) = (0, 0, 0);
        for at in set.positions() {
            if !compiled.kind(set.kind(at)) {
                continue;
            }
            of += 1;
            if !compiled.named(set, at) {
                continue;
            }
            match (compiled.size(set.size(at)), compiled.time(set.modified(at))) {
                (Verdict::Fails, _) | (_, Verdict::Fails) => {}
                (Verdict::Unknown, _) => unknown_size += 1,
                (_, Verdict::Unknown) => unknown_time += 1,
                (Verdict::Passes, Verdict::Passes) => kept.push(at),
            }
        }
        self.sort.apply(set, &mut kept);
        let (sizes, times) = self.skip_first(set, &mut kept);
        unknown_size += sizes;
        unknown_time += times;
        kept.truncate(self.limit.unwrap_or(usize::MAX));
        Ok(Filtered {
            set: set.subset(kept).compact(),
            of,
            others: set.len() - of,
            unknown_size,
            unknown_time,
        })
    }

    /// Leaves out the first, and what may be one of them: its size or time is not known, or not exactly enough. How many of
    /// either sort those were.
    fn skip_first(&self, set: &FileSet, kept: &mut Vec<u32>) -> (usize, usize) {
        let Some(skip) = self.skip else {
            return (0, 0);
        };
        let before = kept.len();
        match self.sort.key {
            Some(SortKey::Size) => kept.retain(|at| set.size(*at).is_some()),
            Some(SortKey::Modified) => kept.retain(|at| set.modified(*at).is_some()),
            Some(SortKey::Name) | None => {}
        }
        let rest = kept.split_off(skip.min(kept.len()));
        let first = std::mem::replace(kept, rest);
        if self.sort.key == Some(SortKey::Modified) {
            let times = first.iter().filter_map(|at| set.modified(*at));
            let border = self.sort.border(times);
            kept.retain(|at| {
                !border
                    .zip(set.modified(*at))
                    .is_some_and(|(b, time)| self.sort.may_be_before(time, b))
            });
        }
        let unsure = before - first.len() - kept.len();
        match self.sort.key {
            Some(SortKey::Size) => (unsure, 0),
            _ => (0, unsure),
        }
    }

    fn compile(&self) -> Result<Compiled<'_>, PatternError> {
        let regex = self.regex.as_deref().map(|text| {
            RegexBuilder::new(text)
                .case_insensitive(self.ignore_case)
                .build()
                .map_err(|error| PatternError::from(&error))
        });
        Ok(Compiled {
            rules: self,
            include: Patterns::new(&self.include, self.ignore_case)?,
            exclude: Patterns::new(&self.exclude, self.ignore_case)?,
            regex: regex.transpose()?,
        })
    }
}

impl Compiled<'_> {
    fn kind(&self, kind: Kind) -> bool {
        match self.rules.kind {
            KindTest::File => kind == Kind::File,
            KindTest::Directory => kind == Kind::Folder,
            KindTest::Link => kind == Kind::Link,
            KindTest::Any => true,
        }
    }

    fn named(&self, set: &FileSet, at: u32) -> bool {
        if self.include.is_empty() && self.exclude.is_empty() && self.regex.is_none() {
            return true;
        }
        let text = set.text(at);
        (self.include.is_empty() || self.include.any(&text))
            && !self.exclude.any(&text)
            && self
                .regex
                .as_ref()
                .is_none_or(|regex| regex.is_match(&text))
    }

    fn size(&self, size: Option<u64>) -> Verdict {
        if self.rules.larger_than.is_none() && self.rules.smaller_than.is_none() {
            return Verdict::Passes;
        }
        let Some(size) = size else {
            return Verdict::Unknown;
        };
        let large = self.rules.larger_than.is_none_or(|bound| size > bound);
        let small = self.rules.smaller_than.is_none_or(|bound| size < bound);
        Verdict::of(large && small)
    }

    fn time(&self, time: Option<Time>) -> Verdict {
        let newer = self.rules.newer_than.map(|bound| newer(time, bound));
        let older = self.rules.older_than.map(|bound| older(time, bound));
        let verdicts = [newer, older];
        for verdict in [Verdict::Fails, Verdict::Unknown] {
            if verdicts.contains(&Some(verdict)) {
                return verdict;
            }
        }
        Verdict::Passes
    }
}

impl Verdict {
    fn of(passes: bool) -> Verdict {
        if passes {
            Verdict::Passes
        } else {
            Verdict::Fails
        }
    }
}

/// A time stands for every instant within its precision: all of them must agree.
fn newer(time: Option<Time>, bound: i64) -> Verdict {
    match time {
        Some(time) if time.seconds > bound => Verdict::Passes,
        Some(time) if latest(time) <= bound => Verdict::Fails,
        _ => Verdict::Unknown,
    }
}

fn older(time: Option<Time>, bound: i64) -> Verdict {
    match time {
        Some(time) if latest(time) < bound => Verdict::Passes,
        Some(time) if time.seconds >= bound => Verdict::Fails,
        _ => Verdict::Unknown,
    }
}

fn latest(time: Time) -> i64 {
    time.seconds.saturating_add(time.precision.seconds() - 1)
}

impl Sort {
    fn apply(self, set: &FileSet, rows: &mut [u32]) {
        match self.key {
            None if self.reverse => rows.reverse(),
            None => {}
            Some(SortKey::Name) => {
                by_text::sort(set, rows);
                if self.reverse {
                    rows.reverse();
                }
            }
            Some(SortKey::Size) => rows.sort_by(|&a, &b| self.known(set.size(a), set.size(b))),
            Some(SortKey::Modified) => rows.sort_by(|&a, &b| {
                let seconds = |at| set.modified(at).map(|time| time.seconds);
                self.known(seconds(a), seconds(b))
            }),
        }
    }

    /// The instant up to which the first ones reach: of the newest the earliest, of the oldest the latest that one may be of.
    fn border(self, times: impl Iterator<Item = Time>) -> Option<i64> {
        match self.reverse {
            true => times.map(|time| time.seconds).min(),
            false => times.map(latest).max(),
        }
    }

    /// Whether a time that was sorted behind that instant may lie before it. Of equal ones that are exact to the second, the
    /// order is as good as any.
    fn may_be_before(self, time: Time, border: i64) -> bool {
        match self.reverse {
            true => latest(time) > border || (latest(time) == border && time.seconds < border),
            false => time.seconds < border,
        }
    }

    fn known<T: Ord>(self, a: Option<T>, b: Option<T>) -> Ordering {
        match (a, b) {
            (Some(a), Some(b)) if self.reverse => b.cmp(&a),
            (Some(a), Some(b)) => a.cmp(&b),
            (a, b) => b.is_some().cmp(&a.is_some()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::{Folder, Listing, NameEncoding, Page, Precision, Side};
    use super::*;

    fn set() -> FileSet {
        let mut page = Page::default();
        page.push(b"a.zip", Kind::File, Some(10), Some(Time::at(100)));
        page.push(b"b.zip", Kind::File, None, Some(Time::at(300)));
        let day = Time::known(0, Precision::Day);
        page.push("版.txt".as_bytes(), Kind::File, Some(30), Some(day));
        page.push(b"folder", Kind::Folder, None, None);
        let folders = vec![Folder {
            relative: Vec::new(),
            page,
        }];
        let listing = Listing::assemble(
            Side::Local,
            b"/".to_vec(),
            NameEncoding::Auto,
            false,
            folders,
        );
        FileSet::all(Arc::new(listing))
    }

    fn names(filter: &Filter) -> (Vec<String>, usize, usize) {
        let filtered = filter.apply(&set()).unwrap();
        let names = filtered.set.positions().map(|at| filtered.set.text(at));
        (
            names.collect(),
            filtered.unknown_size,
            filtered.unknown_time,
        )
    }

    #[test]
    fn exclude_wins_over_include() {
        let filter = Filter {
            include: vec!["*.zip".into(), "?.txt".into()],
            exclude: vec!["a*".into()],
            ..Filter::default()
        };
        assert_eq!(names(&filter).0, ["b.zip", "版.txt"]);
    }

    #[test]
    fn an_unknown_size_matches_no_size_test_and_is_counted() {
        let filter = Filter {
            larger_than: Some(5),
            ..Filter::default()
        };
        assert_eq!(
            names(&filter),
            (vec!["a.zip".into(), "版.txt".into()], 1, 0)
        );
    }

    #[test]
    fn a_time_whose_precision_leaves_it_open_matches_no_time_test() {
        let filter = Filter {
            newer_than: Some(200),
            ..Filter::default()
        };
        assert_eq!(names(&filter), (vec!["b.zip".into()], 0, 1));
    }

    #[test]
    fn limit_counts_after_sorting_and_unknown_values_come_last() {
        let mut filter = Filter {
            sort: Sort {
                key: Some(SortKey::Size),
                reverse: true,
            },
            ..Filter::default()
        };
        assert_eq!(names(&filter).0, ["版.txt", "a.zip", "b.zip"]);
        filter.limit = Some(1);
        assert_eq!(names(&filter).0, ["版.txt"]);
    }

    fn timed(times: &[(&str, Option<Time>)]) -> FileSet {
        let mut page = Page::default();
        for (name, time) in times {
            page.push(name.as_bytes(), Kind::File, None, *time);
        }
        let relative = Vec::new();
        let (root, encoding) = (b"/".to_vec(), NameEncoding::Auto);
        let folders = vec![Folder { relative, page }];
        let listing = Listing::assemble(Side::Local, root, encoding, false, folders);
        FileSet::all(Arc::new(listing))
    }

    fn skipped(set: &FileSet, reverse: bool, skip: usize) -> (Vec<String>, usize) {
        let filter = Filter {
            sort: Sort {
                key: Some(SortKey::Modified),
                reverse,
            },
            skip: Some(skip),
            ..Filter::default()
        };
        let filtered = filter.apply(set).unwrap();
        let names = filtered.set.positions().map(|at| filtered.set.text(at));
        (names.collect(), filtered.unknown_time)
    }

    #[test]
    fn skip_leaves_out_the_first_after_sorting_and_before_the_limit() {
        let set = timed(&[
            ("a", Some(Time::at(100))),
            ("b", Some(Time::at(400))),
            ("c", Some(Time::at(300))),
            ("d", Some(Time::at(300))),
            ("e", Some(Time::at(200))),
        ]);
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(skipped(&set, true, 2), (names(&["d", "e", "a"]), 0));
        assert_eq!(skipped(&set, false, 2), (names(&["c", "d", "b"]), 0));
        assert_eq!(skipped(&set, true, 9), (names(&[]), 0));
        let filter = Filter {
            skip: Some(1),
            limit: Some(2),
            ..Filter::default()
        };
        let filtered = filter.apply(&set).unwrap().set;
        let kept: Vec<String> = filtered.positions().map(|at| filtered.text(at)).collect();
        assert_eq!(kept, ["b", "c"]);
    }

    /// "All but the newest" must never choose one that may be among the newest.
    #[test]
    fn what_may_be_one_of_the_first_is_skipped_with_them() {
        let day = |days: i64| Some(Time::known(days * 86_400, Precision::Day));
        let set = timed(&[
            ("new", Some(Time::at(20 * 86_400 + 500))),
            ("same-day", day(20)),
            ("day-before", day(19)),
            ("unknown", None),
        ]);
        assert_eq!(skipped(&set, true, 1), (vec!["day-before".into()], 2));
        // The two of that day may be in either order.
        let ties = timed(&[("a", day(5)), ("b", day(5)), ("c", day(4))]);
        assert_eq!(skipped(&ties, true, 1), (vec!["c".into()], 1));
        assert_eq!(skipped(&ties, false, 1), (vec!["a".into(), "b".into()], 0));
        assert_eq!(skipped(&ties, false, 2), (vec![], 1));
    }

    #[test]
    fn a_regex_is_unanchored_and_may_ignore_case() {
        let filter = Filter {
            regex: Some("^A".into()),
            ignore_case: true,
            ..Filter::default()
        };
        assert_eq!(names(&filter).0, ["a.zip"]);
    }

    #[test]
    fn folders_pass_only_when_asked_for() {
        let filter = Filter {
            kind: KindTest::Directory,
            ..Filter::default()
        };
        assert_eq!(names(&filter).0, ["folder"]);
    }
}
