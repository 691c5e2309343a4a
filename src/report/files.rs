//! `--report FILE`: a document about a whole run, written at its end.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::chronicle::Chronicle;
use super::origins::Origins;
use super::record::Record;
use super::redact::Redactor;
use super::sink::Sink;
use super::{html, json, junit, markdown};

/// Bytes that the summary of one step may have: of a longer one GitHub shows nothing.
const JOB_SUMMARY: u64 = 1024 * 1024;

/// What stands at the end of a summary that was too long.
const CUT: &str = "\n… more than a job summary has room for; `--report FILE.md` has all of it\n";

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `.json`
    Json,
    /// `.xml`: JUnit's, as CI systems read it.
    Junit,
    /// `.html`: one page, without anything from elsewhere.
    Html,
    /// `.md`: GitHub's dialect, for job summaries.
    Markdown,
}

/// A report file, opened before anything runs, so that a bad path is found in time.
#[derive(Debug)]
pub struct ReportFile {
    path: PathBuf,
    format: Format,
    sink: Sink,
    /// Bytes that it may have.
    room: Option<usize>,
}

/// Why there will be no report.
#[derive(Debug, Error)]
pub enum ReportError {
    /// The end of the name says nothing.
    #[error("the report `{0}` has no known form: name it .json, .xml (JUnit), .html or .md")]
    Format(PathBuf),
    /// It cannot be opened for writing.
    #[error("failed to open the report `{path}`: {error}")]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

impl Format {
    /// The form that the end of a file's name asks for.
    ///
    /// # Errors
    /// It is none of the four.
    pub fn of(path: &Path) -> Result<Format, ReportError> {
        let extension = path.extension().map(|end| end.to_ascii_lowercase());
        match extension.as_deref().and_then(|end| end.to_str()) {
            Some("json") => Ok(Format::Json),
            Some("xml") => Ok(Format::Junit),
            Some("html" | "htm") => Ok(Format::Html),
            Some("md" | "markdown") => Ok(Format::Markdown),
            _ => Err(ReportError::Format(path.to_owned())),
        }
    }
}

impl ReportFile {
    /// Creates the file, or empties it: a run that is killed leaves no report of another one behind.
    ///
    /// # Errors
    /// The name's end is unknown, or the file cannot be written.
    pub fn create(path: PathBuf) -> Result<ReportFile, ReportError> {
        let format = Format::of(&path)?;
        match Sink::open(&path) {
            Ok(sink) => Ok(ReportFile {
                path,
                format,
                sink,
                room: None,
            }),
            Err(error) => Err(ReportError::Open { path, error }),
        }
    }

    /// A file to which the Markdown report is appended, as far as there is room: what GitHub Actions shows of a step.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn job_summary(path: PathBuf) -> Result<ReportFile, ReportError> {
        let open = || {
            let file = File::options().append(true).create(true).open(&path)?;
            let length = file.metadata()?.len();
            Ok((Sink::of(file)?, length))
        };
        match open() {
            Ok((sink, length)) => Ok(ReportFile {
                path,
                format: Format::Markdown,
                sink,
                room: Some(usize::try_from(JOB_SUMMARY.saturating_sub(length)).unwrap_or(0)),
            }),
            Err(error) => Err(ReportError::Open { path, error }),
        }
    }

    /// Whether it draws what single files did.
    pub fn draws(&self) -> bool {
        self.format == Format::Html
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the report of a record without secrets; where it was written, to be waited for.
    ///
    /// # Errors
    /// Those of the file.
    pub(super) fn write(
        self,
        record: &Record,
        origins: &Origins,
        redactor: &Redactor,
        chronicle: &Chronicle,
    ) -> io::Result<Sink> {
        let write = |out: &mut dyn Write| {
            match self.format {
                Format::Json => json::write(out, record, origins, redactor)?,
                Format::Junit => junit::write(out, record, origins, redactor)?,
                Format::Html => html::write(out, record, origins, redactor, chronicle)?,
                Format::Markdown => markdown::write(out, record, origins, redactor)?,
            }
            out.write_all(b"\n")
        };
        let mut out = BufWriter::new(self.sink);
        match self.room {
            None => write(&mut out)?,
            Some(room) => {
                let mut text = Vec::new();
                write(&mut text)?;
                out.write_all(&fitted(text, room))?;
            }
        }
        out.flush()?;
        out.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

/// A Markdown text of at most so many bytes: whole lines, and a word that there were more.
fn fitted(mut text: Vec<u8>, room: usize) -> Vec<u8> {
    if text.len() <= room {
        return text;
    }
    let Some(room) = room.checked_sub(CUT.len()) else {
        return Vec::new();
    };
    let end = text[..room].iter().rposition(|&byte| byte == b'\n');
    text.truncate(end.map_or(0, |end| end + 1));
    text.extend_from_slice(CUT.as_bytes());
    text
}

#[cfg(test)]
mod tests {
    use super::super::scenario;
    use super::*;

    fn report(name: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = ReportFile::create(folder.path().join(name)).unwrap();
        let (record, origins) = (scenario::record(), scenario::origins());
        let path = file.path().to_owned();
        file.write(
            &record,
            &origins,
            &scenario::redactor(),
            &Chronicle::default(),
        )
        .unwrap();
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn no_report_holds_a_secret() {
        for name in ["a.json", "a.xml", "a.html", "a.md"] {
            let text = report(name);
            assert!(
                text.contains("***") && !text.contains("hunter2"),
                "{name}: {text}"
            );
        }
    }

    #[test]
    fn the_json_report_can_be_read_and_counts_all() {
        let json: serde_json::Value = serde_json::from_str(&report("a.json")).unwrap();
        assert_eq!(json["version"], 1);
        assert_eq!(json["outcome"], "failed");
        assert_eq!(json["steps"][3]["files"]["failed"], 2);
        assert_eq!(json["steps"][3]["origin"], "pipelines/release.yaml:9:3");
        assert_eq!(json["steps"][4]["reason"], "because of login mirror");
        assert_eq!(json["failures"][0]["failure"]["code"], 550);
    }

    #[test]
    fn markup_is_never_left_by_names() {
        let xml = report("a.xml");
        assert!(xml.contains("name=\"版本/a|b &lt;1&gt;.zip\""), "{xml}");
        assert!(xml.contains("bad\\u{1b}[2J\\u{1}name"), "{xml}");
        assert!(!xml.chars().any(|c| c.is_control() && c != '\n'), "{xml}");
        let html = report("a.html");
        assert!(
            html.contains("版本/a|b &lt;1&gt;.zip") && !html.contains("<1>"),
            "{html}"
        );
        assert!(report("a.md").contains("| 构建 | list | done | 300 |"));
    }

    #[test]
    fn junit_counts_each_failure_once() {
        let xml = report("a.xml");
        // A step that is done, one that failed itself, two files of a third one, and two steps that were skipped.
        assert!(
            xml.contains("tests=\"6\" failures=\"3\" errors=\"0\" skipped=\"2\""),
            "{xml}"
        );
        assert_eq!(xml.matches("<testcase ").count(), 6);
        assert_eq!(xml.matches("<failure ").count(), 3);
        assert!(!xml.contains("name=\"keep\""), "{xml}");
        assert_eq!(xml.matches("<skipped ").count(), 2);
    }

    #[test]
    fn junit_keeps_the_step_of_files_that_have_no_case_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let file = ReportFile::create(folder.path().join("a.xml")).unwrap();
        let path = file.path().to_owned();
        let mut record = scenario::record();
        record.failures.truncate(1);
        let (origins, redactor) = (scenario::origins(), scenario::redactor());
        file.write(&record, &origins, &redactor, &Chronicle::default())
            .unwrap();
        let xml = std::fs::read_to_string(path).unwrap();
        assert!(xml.contains("tests=\"6\" failures=\"3\""), "{xml}");
        assert!(xml.contains("message=\"1 further file failed\""), "{xml}");
    }

    #[test]
    fn a_job_summary_is_appended_and_cut_before_github_would_refuse_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("summary");
        let (record, origins) = (scenario::record(), scenario::origins());
        let after = |before: usize| {
            std::fs::write(&path, "x".repeat(before)).unwrap();
            let file = ReportFile::job_summary(path.clone()).unwrap();
            file.write(
                &record,
                &origins,
                &scenario::redactor(),
                &Chronicle::default(),
            )
            .unwrap();
            std::fs::read_to_string(&path).unwrap()[before..].to_owned()
        };
        let whole = after(3);
        assert_eq!(whole, report("a.md"));
        let limit = usize::try_from(JOB_SUMMARY).unwrap();
        let room = whole.len() - 1;
        let cut = after(limit - room);
        assert!(cut.len() <= room && cut.ends_with(CUT), "{cut}");
        assert!(whole.starts_with(cut.strip_suffix(CUT).unwrap()));
        assert_eq!(after(limit - 5), "");
        assert_eq!(after(limit + 5), "");
    }

    #[test]
    fn a_report_of_no_known_form_is_refused() {
        let error = ReportFile::create("a.txt".into()).unwrap_err();
        assert!(matches!(error, ReportError::Format(_)));
    }
}
