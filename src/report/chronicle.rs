//! Who did what when, file by file: what the HTML page draws. Kept only where such a page is asked for, and up to a bound.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::graph::Picture;
use super::json_text;
use super::lines::reason;
use super::text::cut_end;
use crate::event::{Event, FileOutcome, Stamped};

/// Bytes of rows that are kept: about 400,000 files. A browser takes no page that is much longer.
const MAX_BYTES: usize = 48 << 20;

/// Sessions that are kept.
const MAX_SESSIONS: usize = 4096;

/// Jobs of which it is known what they hold; the oldest have ended.
const MAX_JOBS: usize = 4096;

/// Columns of what is said of one file.
const DETAIL: usize = 300;

/// What single files and sessions did.
#[derive(Debug, Default)]
pub(super) struct Chronicle {
    /// The plan, as it is drawn.
    pub(super) picture: Option<Picture>,
    /// One JSON array a file, with a comma before each but the first.
    rows: Vec<u8>,
    /// Files that `rows` had no room for.
    omitted: u64,
    sessions: Vec<SessionSpan>,
    jobs: BTreeMap<u64, Job>,
}

/// A session, from its login to its end.
#[derive(Debug, Serialize)]
struct SessionSpan {
    server: String,
    session: u64,
    opened_ms: u64,
    closed_ms: Option<u64>,
}

#[derive(Debug, Default)]
struct Job {
    sessions: Vec<u64>,
    /// When it began with its latest file.
    began_ms: Option<u64>,
}

/// Step, file, outcome, bytes, start and end in milliseconds, sessions, what is said of it.
#[derive(Serialize)]
struct Row<'a>(
    usize,
    &'a str,
    &'static str,
    u64,
    u64,
    u64,
    &'a [u64],
    &'a str,
);

impl Chronicle {
    /// Nothing yet, beside the plan.
    pub(super) fn new(picture: Option<Picture>) -> Chronicle {
        Chronicle {
            picture,
            ..Chronicle::default()
        }
    }

    /// Takes an event in, without secrets.
    pub(super) fn take(&mut self, stamped: &Stamped) {
        let at_ms = stamped.at_ms;
        match &stamped.event {
            Event::SessionOpened {
                server,
                session: Some(session),
                ..
            } if self.sessions.len() < MAX_SESSIONS => self.sessions.push(SessionSpan {
                server: server.clone(),
                session: *session,
                opened_ms: at_ms,
                closed_ms: None,
            }),
            Event::SessionClosed {
                session: Some(closed),
                ..
            } => {
                let own = self.sessions.iter_mut().rev();
                for span in own.filter(|span| span.session == *closed).take(1) {
                    span.closed_ms = Some(at_ms);
                }
            }
            Event::Working {
                job: Some(job),
                sessions,
                ..
            } => self.job(*job).sessions.clone_from(sessions),
            Event::FileStarted { job: Some(job), .. } => self.job(*job).began_ms = Some(at_ms),
            Event::FileFinished {
                step,
                job,
                file,
                outcome,
                bytes,
            } => self.file(at_ms, *step, *job, file, outcome, *bytes),
            _ => {}
        }
    }

    fn job(&mut self, job: u64) -> &mut Job {
        if self.jobs.len() >= MAX_JOBS && !self.jobs.contains_key(&job) {
            self.jobs.pop_first();
        }
        self.jobs.entry(job).or_default()
    }

    fn file(
        &mut self,
        at_ms: u64,
        step: usize,
        job: Option<u64>,
        file: &str,
        outcome: &FileOutcome,
        bytes: u64,
    ) {
        if self.rows.len() + file.len() > MAX_BYTES {
            self.omitted += 1;
            return;
        }
        let job = job.and_then(|job| self.jobs.get_mut(&job));
        let (began_ms, sessions) = job.map_or((None, &[][..]), |job| {
            (job.began_ms.take(), job.sessions.as_slice())
        });
        let (word, detail) = told(outcome);
        let detail = cut_end(&detail, DETAIL);
        let began_ms = began_ms.unwrap_or(at_ms);
        let row = Row(step, file, word, bytes, began_ms, at_ms, sessions, &detail);
        if !self.rows.is_empty() {
            self.rows.push(b',');
        }
        // Into memory, of which there is enough.
        let _ = json_text::line(&mut self.rows, &row);
    }

    /// Writes its rows as the inside of a JSON array.
    ///
    /// # Errors
    /// Those of the writer.
    pub(super) fn write_rows(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(&self.rows)
    }

    /// Writes its sessions as a JSON array.
    ///
    /// # Errors
    /// Those of the writer.
    pub(super) fn write_sessions(&self, out: &mut dyn Write) -> io::Result<()> {
        json_text::line(out, &self.sessions)
    }

    /// Files that there was no room for.
    pub(super) fn omitted(&self) -> u64 {
        self.omitted
    }
}

/// An outcome in a word, and why.
fn told(outcome: &FileOutcome) -> (&'static str, String) {
    match outcome {
        FileOutcome::Transferred => ("copied", String::new()),
        FileOutcome::Unverified { reason, .. } => ("unverified", reason.clone()),
        FileOutcome::Unchanged => ("unchanged", String::new()),
        FileOutcome::Skipped { reason } => ("skipped", reason.clone()),
        FileOutcome::Deleted => ("deleted", String::new()),
        FileOutcome::Moved { to } => ("moved", to.clone()),
        FileOutcome::WasNotThere => ("skipped", "was not there".to_owned()),
        FileOutcome::Failed { failure } => ("failed", reason(failure)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finished(file: String, job: Option<u64>) -> Event {
        let (step, bytes, outcome) = (0, 7, FileOutcome::Transferred);
        Event::FileFinished {
            step,
            job,
            file,
            outcome,
            bytes,
        }
    }

    fn rows(chronicle: &Chronicle) -> serde_json::Value {
        let mut text = b"[".to_vec();
        chronicle.write_rows(&mut text).unwrap();
        text.push(b']');
        serde_json::from_slice(&text).unwrap()
    }

    #[test]
    fn a_file_has_its_start_and_the_sessions_of_its_job() {
        let mut chronicle = Chronicle::default();
        let (step, job, file, size) = (0, Some(5), "a".to_owned(), None);
        let events = [
            Event::Working {
                step,
                job,
                sessions: vec![1, 2],
                meter: std::sync::Arc::default(),
            },
            Event::FileStarted {
                step,
                job,
                file,
                size,
            },
            finished("a".into(), job),
            finished("b".into(), None),
        ];
        for (at, event) in events.into_iter().enumerate() {
            chronicle.take(&Stamped::new(10 * at as u64, event));
        }
        let expected = serde_json::json!([
            [0, "a", "copied", 7, 10, 20, [1, 2], ""],
            [0, "b", "copied", 7, 30, 30, [], ""]
        ]);
        assert_eq!(rows(&chronicle), expected);
    }

    #[test]
    fn jobs_and_rows_stay_within_their_bounds() {
        let mut chronicle = Chronicle::default();
        for job in 0..2 * MAX_JOBS as u64 {
            chronicle.job(job);
        }
        assert_eq!(chronicle.jobs.len(), MAX_JOBS);
        let long = "x".repeat(MAX_BYTES / 3);
        for _ in 0..5 {
            chronicle.take(&Stamped::new(1, finished(long.clone(), None)));
        }
        assert!(chronicle.rows.len() <= MAX_BYTES && chronicle.omitted() == 3);
    }
}
