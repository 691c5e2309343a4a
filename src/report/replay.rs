//! Reports of a run that has been: made from the lines that `--events` has written.

use std::io::{self, BufRead, Read};
use std::time::Instant;

use thiserror::Error;

use super::chronicle::Chronicle;
use super::files::ReportFile;
use super::origins::Origins;
use super::outlet::{Ended, Hurry, Outlet};
use super::record::Record;
use super::redact::Redactor;
use crate::event::{Event, Stamped};

/// Bytes of a line, beyond which it is none of ours.
const LONGEST: u64 = 16 << 20;

/// Why there is no report.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// The events cannot be read.
    #[error("failed to read the events: {0}")]
    Read(io::Error),
    /// Another kind of file.
    #[error("these are no events: the first line is no `run_started` of ftpflow")]
    Foreign,
    /// A report cannot be written.
    #[error("failed to write the report `{path}`: {error}")]
    Write {
        /// The file.
        path: String,
        /// What the system says.
        error: io::Error,
    },
}

/// Writes reports of the run that these events tell of; how many lines were not understood, as those of a later version, or
/// the last one of a run that was killed.
///
/// # Errors
/// The events cannot be read or are none, or a report cannot be written.
pub fn write_reports(
    events: &mut dyn BufRead,
    files: Vec<ReportFile>,
    origins: &Origins,
) -> Result<u64, ReplayError> {
    let (mut record, mut chronicle) = (Record::default(), Chronicle::default());
    let strange = read(events, |stamped| {
        record.take(stamped);
        chronicle.take(stamped);
    })?;
    // Events were masked when they were written.
    let redactor = Redactor::new([]);
    for file in files {
        let path = file.path().display().to_string();
        let written = file.write(&record, origins, &redactor, &chronicle);
        written
            .and_then(|mut sink| {
                let patience = Outlet::usual_patience();
                match sink.end(Instant::now(), patience, &Hurry::default()) {
                    Ended::Written => Ok(()),
                    Ended::Failed(error) => Err(error),
                    Ended::GivenUp(_) => Err(io::ErrorKind::BrokenPipe.into()),
                }
            })
            .map_err(|error| ReplayError::Write { path, error })?;
    }
    Ok(strange)
}

/// Hands on each event; how many lines were none.
fn read(events: &mut dyn BufRead, mut take: impl FnMut(&Stamped)) -> Result<u64, ReplayError> {
    let (mut line, mut strange, mut begun) = (Vec::new(), 0, false);
    loop {
        line.clear();
        let mut bounded = (&mut *events).take(LONGEST);
        if bounded
            .read_until(b'\n', &mut line)
            .map_err(ReplayError::Read)?
            == 0
        {
            break;
        }
        match serde_json::from_slice::<Stamped>(&line) {
            Ok(stamped) => {
                begun |= matches!(stamped.event, Event::RunStarted { .. });
                if !begun {
                    return Err(ReplayError::Foreign);
                }
                take(&stamped);
            }
            Err(_) if begun => strange += 1,
            Err(_) => return Err(ReplayError::Foreign),
        }
    }
    match begun {
        true => Ok(strange),
        false => Err(ReplayError::Foreign),
    }
}

#[cfg(test)]
mod tests {
    use super::super::scenario;
    use super::*;

    fn lines() -> Vec<u8> {
        let mut text = Vec::new();
        for stamped in scenario::masked() {
            super::super::events::write(&mut text, &stamped, &scenario::redactor()).unwrap();
        }
        text
    }

    fn report(lines: &[u8]) -> (Result<u64, ReplayError>, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        let file = ReportFile::create(path.clone()).unwrap();
        let told = write_reports(&mut &lines[..], vec![file], &scenario::origins());
        (told, std::fs::read_to_string(path).unwrap())
    }

    #[test]
    fn a_report_of_events_is_that_of_the_run() {
        let (told, text) = report(&lines());
        assert_eq!(told.unwrap(), 0);
        let path = tempfile::tempdir().unwrap();
        let path = path.path().join("b.json");
        let file = ReportFile::create(path.clone()).unwrap();
        let chronicle = Chronicle::default();
        let (record, redactor) = (scenario::record(), scenario::redactor());
        file.write(&record, &scenario::origins(), &redactor, &chronicle)
            .unwrap();
        assert_eq!(text, std::fs::read_to_string(path).unwrap());
    }

    #[test]
    fn lines_of_another_version_and_a_torn_last_one_are_counted() {
        let mut events = lines();
        events.extend(b"{\"version\":9,\"at_ms\":1,\"event\":\"dreamt\"}\n{\"version\":2,\"at");
        assert_eq!(report(&events).0.unwrap(), 2);
        for foreign in [&b""[..], b"{}\n", b"\xff\xfe", &events[events.len() - 5..]] {
            assert!(matches!(report(foreign).0, Err(ReplayError::Foreign)));
        }
    }
}
