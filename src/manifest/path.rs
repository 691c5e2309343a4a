//! Symbolic places, `steps.tidy.delete.files[2]`: made into bytes of the file only when shown.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// One part of a [`Path`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Segment {
    /// The value of a key.
    Key(String),
    /// An item of a list, from 0.
    Index(usize),
}

/// The way from the top of a manifest to one of its values.
///
/// Written with dots; a name with a dot in it cannot be written so, but can be appended with [`Path::key`]. Paths share what
/// they have in common: one below another costs its last part.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Segment>", into = "Vec<Segment>")]
pub struct Path(Option<Arc<Link>>);

#[derive(Debug, PartialEq, Eq)]
struct Link {
    parent: Path,
    segment: Segment,
}

impl Path {
    /// The manifest itself.
    #[must_use]
    pub fn root() -> Self {
        Self::default()
    }

    /// The path of a key below this one.
    #[must_use]
    pub fn key(&self, key: impl Into<String>) -> Self {
        self.with(Segment::Key(key.into()))
    }

    /// The path of an item below this one, from 0.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.with(Segment::Index(index))
    }

    /// The parts, outermost first.
    pub fn segments(&self) -> Vec<&Segment> {
        let mut segments = Vec::new();
        let mut at = self;
        while let Path(Some(link)) = at {
            segments.push(&link.segment);
            at = &link.parent;
        }
        segments.reverse();
        segments
    }

    fn with(&self, segment: Segment) -> Self {
        let parent = self.clone();
        Self(Some(Arc::new(Link { parent, segment })))
    }
}

impl From<Vec<Segment>> for Path {
    fn from(segments: Vec<Segment>) -> Path {
        let root = Path::root();
        segments
            .into_iter()
            .fold(root, |path, segment| path.with(segment))
    }
}

impl From<Path> for Vec<Segment> {
    fn from(path: Path) -> Vec<Segment> {
        path.segments().into_iter().cloned().collect()
    }
}

impl From<&str> for Path {
    /// Reads `steps.tidy.delete.files[2]`. What is not of this form is taken as a key.
    fn from(text: &str) -> Self {
        let parts = text.split('.').filter(|part| !part.is_empty());
        let segments = parts.flat_map(part_segments);
        segments.fold(Path::root(), |path, segment| path.with(segment))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, segment) in self.segments().into_iter().enumerate() {
            match segment {
                Segment::Key(key) if at == 0 => f.write_str(key)?,
                Segment::Key(key) => write!(f, ".{key}")?,
                Segment::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

fn part_segments(part: &str) -> Vec<Segment> {
    let (key, indices) = match part.split_once('[') {
        Some((key, rest)) => (
            key,
            rest.trim_end_matches(']')
                .split("][")
                .map(str::parse::<usize>)
                .collect(),
        ),
        None => (part, Ok(Vec::new())),
    };
    match indices {
        Ok(indices) => std::iter::once(Segment::Key(key.to_owned()))
            .chain(indices.into_iter().map(Segment::Index))
            .collect(),
        Err(_) => vec![Segment::Key(part.to_owned())],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_written_as_they_are_read() {
        let path = Path::root().key("steps").key("a").key("files").index(2);
        assert_eq!(path.to_string(), "steps.a.files[2]");
        assert_eq!(Path::from("steps.a.files[2]"), path);
        assert_eq!(Path::from("a[x]"), Path::root().key("a[x]"));
        assert_eq!(Path::from(""), Path::root());
    }
}
