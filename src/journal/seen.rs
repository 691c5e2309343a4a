//! Markers that successful runs have seen where a list waited for them: they stand for files that are done with.
//!
//! No clocks are compared: a marker counts unless a run that ended well has seen it as it is now. Each run writes what it sees
//! to a file of its own folder, which takes the place of the last one's when the run has ended with everything done. A run
//! reads those of all folders beside its own that are of the same manifest, whatever its variables.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::record::{PathText, checked, checksum, sealed};
use super::state::private;
use crate::files::Time;

/// What the last successful run has seen.
pub(super) const SEEN: &str = "seen";
/// What the run under way sees.
const NEXT: &str = "seen.next";
/// A line longer than this is none of ours.
const LONGEST: u64 = 1024 * 1024;
/// So long is known what no run has seen again: as long as journals are kept.
const KEPT_SECONDS: i64 = 90 * 24 * 60 * 60;

/// Whose markers the lines behind it are of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Group {
    /// A digest of the manifest's name.
    manifest: String,
    /// A digest of the step's name.
    step: String,
    /// A digest of the server's name.
    server: String,
    /// A digest of the folder that is listed.
    root: String,
}

/// A marker as it was seen.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Marker {
    path: PathText,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    modified: Time,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// The markers of a group follow, as a run of this time (Unix seconds) saw them; what stood of them before is no more.
    Group(Group, i64),
    Marker(Marker),
}

/// The markers that successful runs of a manifest have seen.
pub struct Seen {
    manifest: String,
    /// By step and server.
    known: HashMap<(String, String), Arc<SeenMarkers>>,
    /// Where this run writes its own; none where it leaves nothing behind.
    folder: Option<PathBuf>,
    redact: Arc<dyn Fn(&str) -> String + Send + Sync>,
}

/// Those of one step on one server, by absolute path.
#[derive(Debug, Default)]
pub struct SeenMarkers(HashMap<Vec<u8>, Vec<(Option<u64>, Time)>>);

/// Writes down what a step sees.
pub struct SeenWriter {
    path: PathBuf,
    group: Group,
    redact: Arc<dyn Fn(&str) -> String + Send + Sync>,
}

impl SeenMarkers {
    /// Whether a successful run has seen a file as it is now. One of which no time is known was not.
    pub fn has(&self, path: &[u8], size: Option<u64>, modified: Option<Time>) -> bool {
        let (Some(seen), Some(time)) = (self.0.get(path), modified) else {
            return false;
        };
        seen.iter()
            .any(|(before, at)| *before == size && is_same(*at, time))
    }
}

/// A listing tells less of a time when that is half a year ago.
fn is_same(one: Time, other: Time) -> bool {
    match one.precision == other.precision {
        true => (one.seconds, one.nanos) == (other.seconds, other.nanos),
        false => !one.differs_in_every_zone(other),
    }
}

impl Seen {
    /// What is known of the manifest of this name in the folders below `base`. `own`: that in which this run writes; what an
    /// unfinished run has written there stays with `resumes`, and goes otherwise.
    pub(super) fn open(
        base: &Path,
        own: Option<&Path>,
        resumes: bool,
        name: &str,
        redact: Arc<dyn Fn(&str) -> String + Send + Sync>,
    ) -> io::Result<Seen> {
        let mut seen = Seen {
            manifest: checksum(name).into_owned(),
            known: HashMap::new(),
            folder: own.map(Path::to_owned),
            redact,
        };
        if let Some(own) = own.filter(|_| !resumes) {
            remove(&own.join(NEXT))?;
        }
        let mut known = HashMap::new();
        for folder in fs::read_dir(base).into_iter().flatten().flatten() {
            seen.read(&folder.path().join(SEEN), &mut known)?;
        }
        seen.known = known
            .into_iter()
            .map(|(key, markers)| (key, Arc::new(markers)))
            .collect();
        Ok(seen)
    }

    fn read(
        &self,
        path: &Path,
        known: &mut HashMap<(String, String), SeenMarkers>,
    ) -> io::Result<()> {
        let mut key = None;
        let lines = each_line(path, |line, _| {
            match line {
                Line::Group(group, _) => {
                    let ours = group.manifest == self.manifest;
                    key = ours.then_some((group.step, group.server));
                }
                Line::Marker(marker) => {
                    if let Some(key) = &key {
                        let markers = known.entry(key.clone()).or_default();
                        let seen = markers.0.entry(marker.path.bytes()).or_default();
                        seen.push((marker.size, marker.modified));
                    }
                }
            }
            Ok(())
        })?;
        // It took its place whole: a line less would make a marker new that is not.
        match lines {
            Some(lines) if lines.damaged || !lines.any_whole => Err(damaged(path)),
            _ => Ok(()),
        }
    }

    /// The markers that a step has seen on a server (or `local`).
    pub fn of(&self, step: &str, server: &str) -> Arc<SeenMarkers> {
        let key = (checksum(step).into_owned(), checksum(server).into_owned());
        self.known.get(&key).cloned().unwrap_or_default()
    }

    /// What writes down those that a step sees below a folder; none where the run leaves nothing behind.
    pub fn writer(&self, step: &str, server: &str, root: &[u8]) -> Option<SeenWriter> {
        Some(SeenWriter {
            path: self.folder.as_ref()?.join(NEXT),
            group: Group {
                manifest: self.manifest.clone(),
                step: checksum(step).into_owned(),
                server: checksum(server).into_owned(),
                root: checksum(PathText::new(root).as_str()).into_owned(),
            },
            redact: Arc::clone(&self.redact),
        })
    }

    /// The run has ended with everything done: what it has seen takes the place of what was seen before. `now` in Unix
    /// seconds.
    ///
    /// # Errors
    /// Those of the disk: the next run takes the markers for new ones.
    pub fn keep(&self, now: i64) -> io::Result<()> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        let (next, seen) = (folder.join(NEXT), folder.join(SEEN));
        // Of a group that was written twice, by a run that was resumed, the later one counts.
        let mut last = HashMap::new();
        each_line(&next, |line, at| {
            if let Line::Group(group, _) = line {
                last.insert(group, at);
            }
            Ok(())
        })?;
        if last.is_empty() {
            return Ok(());
        }
        let new = folder.join("seen.new");
        let file = private()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&new)?;
        let mut out = BufWriter::new(file);
        copy(&next, &mut out, |group, _, at| last.get(group) == Some(&at))?;
        copy(&seen, &mut out, |group, time, _| {
            !last.contains_key(group) && now.saturating_sub(time) <= KEPT_SECONDS
        })?;
        out.flush()?;
        out.get_ref().sync_data()?;
        fs::rename(&new, &seen)?;
        remove(&next)
    }
}

impl SeenWriter {
    /// Writes down the markers of a look: absolute path, size, and time, without which one is none to know again. How many
    /// were left out because a secret would stand in their path.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn write(
        self,
        now: i64,
        markers: impl Iterator<Item = (Vec<u8>, Option<u64>, Option<Time>)>,
    ) -> io::Result<usize> {
        let file = private().append(true).create(true).open(&self.path)?;
        let mut out = BufWriter::new(file);
        // Behind what a kill has torn.
        out.write_all(b"\n")?;
        out.write_all(line(&Line::Group(self.group, now))?.as_bytes())?;
        let mut left_out = 0;
        for (path, size, modified) in markers {
            let path = PathText::new(&path);
            let Some(modified) = modified else {
                continue;
            };
            if (self.redact)(path.as_str()) != path.as_str() {
                left_out += 1;
                continue;
            }
            let marker = Marker {
                path,
                size,
                modified,
            };
            out.write_all(line(&Line::Marker(marker))?.as_bytes())?;
        }
        out.flush()?;
        out.get_ref().sync_data()?;
        Ok(left_out)
    }
}

fn line(line: &Line) -> io::Result<String> {
    let json = serde_json::to_string(line).map_err(io::Error::other)?;
    Ok(sealed(&json))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// What the lines of a file are.
#[derive(Default)]
struct Lines {
    any_whole: bool,
    damaged: bool,
}

/// Each whole line of a file, with its number; none where there is no file. A line that is torn or damaged is left out: what it
/// says is not known.
fn each_line(
    path: &Path,
    mut each: impl FnMut(Line, usize) -> io::Result<()>,
) -> io::Result<Option<Lines>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if missing(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut input = BufReader::new(file);
    let mut lines = Lines::default();
    for at in 0.. {
        let mut bytes = Vec::new();
        let length = io::Read::take(&mut input, LONGEST).read_until(b'\n', &mut bytes)?;
        if length == 0 {
            break;
        }
        bytes.pop_if(|last| *last == b'\n');
        let read = checked(&bytes).and_then(|json| serde_json::from_str(json).ok());
        lines.any_whole |= read.is_some();
        lines.damaged |= read.is_none();
        if let Some(line) = read {
            each(line, at)?;
        }
    }
    Ok(Some(lines))
}

fn damaged(path: &Path) -> io::Error {
    let message = format!("`{}` is damaged", path.display());
    io::Error::new(io::ErrorKind::InvalidData, message)
}

/// A folder beside the states may be any file.
fn missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// Copies the groups that are wanted, with their markers.
fn copy(
    from: &Path,
    out: &mut impl Write,
    wanted: impl Fn(&Group, i64, usize) -> bool,
) -> io::Result<()> {
    let mut copies = false;
    each_line(from, |read, at| {
        if let Line::Group(group, time) = &read {
            copies = wanted(group, *time, at);
        }
        match copies {
            true => out.write_all(line(&read)?.as_bytes()),
            false => Ok(()),
        }
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Precision;

    const NOW: i64 = 1_800_000_000;

    fn open(base: &Path, own: &str, resumes: bool) -> Seen {
        let own = base.join(own);
        fs::create_dir_all(&own).unwrap();
        let redact = Arc::new(|text: &str| text.replace("geheim", "***"));
        Seen::open(base, Some(&own), resumes, "orders", redact).unwrap()
    }

    fn write(seen: &Seen, root: &[u8], paths: &[&[u8]], at: i64) -> usize {
        let writer = seen.writer("inbox", "shop", root).unwrap();
        let markers = paths.iter();
        let markers = markers.map(|path| (path.to_vec(), Some(0), Some(Time::at(at))));
        writer.write(NOW, markers).unwrap()
    }

    fn has(seen: &Seen, path: &[u8], at: i64) -> bool {
        let known = seen.of("inbox", "shop");
        known.has(path, Some(0), Some(Time::at(at)))
    }

    #[test]
    fn only_a_run_that_ended_well_has_seen_anything() {
        let folder = tempfile::tempdir().unwrap();
        let seen = open(folder.path(), "k", false);
        write(&seen, b"/in", &[b"/in/a.done", b"/in/\xff.done"], 5);
        let seen = open(folder.path(), "k", true);
        assert!(!has(&seen, b"/in/a.done", 5));
        seen.keep(NOW).unwrap();
        let seen = open(folder.path(), "k", false);
        assert!(has(&seen, b"/in/a.done", 5) && has(&seen, b"/in/\xff.done", 5));
        assert!(!has(&seen, b"/in/a.done", 6) && !has(&seen, b"/in/b.done", 5));
        let known = seen.of("inbox", "shop");
        assert!(!known.has(b"/in/a.done", Some(1), Some(Time::at(5))));
        assert!(!known.has(b"/in/a.done", Some(0), None));
        let day = Time::known(0, Precision::Day);
        assert!(known.has(b"/in/a.done", Some(0), Some(day)));
        assert!(
            !seen
                .of("other", "shop")
                .has(b"/in/a.done", Some(0), Some(Time::at(5)))
        );
        assert!(
            !seen
                .of("inbox", "mill")
                .has(b"/in/a.done", Some(0), Some(Time::at(5)))
        );
    }

    #[test]
    fn what_a_run_left_that_was_not_continued_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        write(&open(folder.path(), "k", false), b"/in", &[b"/in/a"], 5);
        open(folder.path(), "k", false).keep(NOW).unwrap();
        assert!(!has(&open(folder.path(), "k", false), b"/in/a", 5));
    }

    #[test]
    fn a_later_look_at_a_folder_takes_the_place_of_an_earlier_one_and_others_stay_for_a_while() {
        let folder = tempfile::tempdir().unwrap();
        let seen = open(folder.path(), "k", false);
        write(&seen, b"/in", &[b"/in/a"], 5);
        write(&seen, b"/in", &[b"/in/b"], 5);
        write(&seen, b"/two", &[b"/two/c"], 5);
        seen.keep(NOW).unwrap();
        let seen = open(folder.path(), "k", false);
        assert!(!has(&seen, b"/in/a", 5) && has(&seen, b"/in/b", 5) && has(&seen, b"/two/c", 5));
        write(&seen, b"/in", &[b"/in/d"], 5);
        seen.keep(NOW + KEPT_SECONDS + 1).unwrap();
        let seen = open(folder.path(), "k", false);
        assert!(has(&seen, b"/in/d", 5) && !has(&seen, b"/two/c", 5));
    }

    #[test]
    fn variables_make_no_difference_and_other_manifests_do() {
        let folder = tempfile::tempdir().unwrap();
        let seen = open(folder.path(), "k", false);
        write(&seen, b"/in", &[b"/in/a"], 5);
        seen.keep(NOW).unwrap();
        assert!(has(&open(folder.path(), "other", false), b"/in/a", 5));
        let redact = Arc::new(str::to_owned);
        let other = Seen::open(folder.path(), None, false, "invoices", redact).unwrap();
        assert!(!has(&other, b"/in/a", 5));
        assert!(other.writer("inbox", "shop", b"/in").is_none());
    }

    #[test]
    fn a_damaged_line_is_an_error_and_no_secret_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let seen = open(folder.path(), "k", false);
        assert_eq!(
            write(&seen, b"/geheim", &[b"/in/geheim", b"/in/a", b"/in/b"], 5),
            1
        );
        seen.keep(NOW).unwrap();
        let path = folder.path().join("k/seen");
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains("geheim"), "{text}");
        fs::write(&path, text.replace("/in/a", "/in/c")).unwrap();
        let redact = Arc::new(str::to_owned);
        let read = Seen::open(folder.path(), None, false, "orders", redact);
        let error = read.err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
