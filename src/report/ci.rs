//! What CI systems want said in their own words: the progress of a run folds away in a log, so that its end is seen first.
//!
//! GitHub Actions: workflow commands (`::group::`). GitLab: sections (`section_start:TIME:NAME`), with times in Unix
//! seconds. Steps run beside each other, and neither system can have groups that overlap: all progress is one.

use super::github;
use super::record::Record;
use super::text;

/// The CI system in whose log a run is told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Ci {
    /// None that is known.
    #[default]
    None,
    /// GitHub Actions.
    GitHub {
        /// The manifest's path from the repository's root: what annotations are shown at.
        manifest: String,
    },
    /// GitLab CI.
    GitLab,
}

impl Ci {
    /// The line before the progress of a run that has just begun.
    pub(super) fn begin(&self, record: &Record) -> Option<String> {
        let title = format!("{}: progress", text::escape(&record.name));
        match self {
            Ci::None => None,
            Ci::GitHub { .. } => Some(github::group(&title)),
            Ci::GitLab => {
                let (time, section) = (record.started, section(record));
                Some(format!(
                    "\u{1b}[0Ksection_start:{time}:{section}\r\u{1b}[0K{title}"
                ))
            }
        }
    }

    /// The line behind it.
    pub(super) fn end(&self, record: &Record) -> Option<String> {
        match self {
            Ci::None => None,
            Ci::GitHub { .. } => Some(github::END_OF_GROUP.to_owned()),
            Ci::GitLab => {
                let elapsed = i64::try_from(record.elapsed().as_secs()).unwrap_or(i64::MAX);
                let (time, section) = (record.started.saturating_add(elapsed), section(record));
                Some(format!("\u{1b}[0Ksection_end:{time}:{section}\r\u{1b}[0K"))
            }
        }
    }
}

/// The name of GitLab's section: letters, digits, `_`, `.` and `-`, and no other run's of the same job.
fn section(record: &Record) -> String {
    let allowed = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
    let id: String = record.run_id.chars().filter(allowed).collect();
    format!("ftpflow-{id}")
}

#[cfg(test)]
mod tests {
    use super::super::scenario;
    use super::*;

    #[test]
    fn the_progress_folds_away_by_each_systems_own_marks() {
        let mut record = scenario::record();
        record.name = "nightly\n::error::100%".into();
        let told = |ci: Ci| [ci.begin(&record), ci.end(&record)];
        assert_eq!(told(Ci::None), [None, None]);
        let manifest = "a.yaml".to_owned();
        let [begin, end] = told(Ci::GitHub { manifest }).map(Option::unwrap);
        assert_eq!(begin, r"::group::nightly\n::error::100%25: progress");
        assert_eq!(end, "::endgroup::");
        let [begin, end] = told(Ci::GitLab).map(Option::unwrap);
        let section = "ftpflow-20261122-081500-a1b2\r\u{1b}[0K";
        let title = r"nightly\n::error::100%: progress";
        let expected = format!("\u{1b}[0Ksection_start:1795335300:{section}{title}");
        assert_eq!(begin, expected);
        let expected = format!("\u{1b}[0Ksection_end:1795335425:{section}");
        assert_eq!(end, expected);
    }
}
