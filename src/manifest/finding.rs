//! What a compile stage has to say about a manifest, as data. Rendering is `report`'s.

/// The longest text of a finding, in bytes.
const LONGEST: usize = 800;

/// How bad a [`Finding`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The manifest is wrong: nothing runs.
    Error,
    /// Allowed, but probably not meant. `allow: [CODE]` silences it, `--deny warnings` makes it an error.
    Warning,
}

/// A stretch of a manifest: bytes `start..end` of the file, both inside it and on character boundaries. May be empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Place {
    /// The first byte.
    pub start: u32,
    /// The byte after the last one.
    pub end: u32,
}

impl Place {
    /// The place of bytes `start..end`; an end before the start makes an empty place at the start.
    pub fn new(start: usize, end: usize) -> Self {
        let start = u32::try_from(start).unwrap_or(u32::MAX);
        let end = u32::try_from(end).unwrap_or(u32::MAX);
        Self {
            start,
            end: end.max(start),
        }
    }

    /// The place as indices into the file's text.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The place moved onto character boundaries of `text`, and into it.
    #[must_use]
    pub fn aligned(self, text: &str) -> Self {
        Self::new(
            text.floor_char_boundary(self.start as usize),
            text.ceil_char_boundary(self.end as usize),
        )
    }

    /// Whether the two share a byte, or one is empty and touches the other.
    pub fn touches(self, other: Self) -> bool {
        self.start <= other.end && other.start <= self.end
    }
}

/// One mistake, or one thing worth a second look, at its place in the file.
///
/// Messages are lower-case fragments without a final stop. They may name keys, never values: a value may be a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The stable, documented code, such as `ftpflow::yaml::duplicate_key`.
    pub code: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// What is wrong, in one line.
    pub message: String,
    /// What to write under the marked text.
    pub label: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Where it is.
    pub place: Place,
    /// Other places that belong to it, each with what to write under it.
    pub related: Vec<(Place, String)>,
}

impl Finding {
    /// An error without help and without related places; add them with [`Finding::help`] and [`Finding::also`].
    #[must_use]
    pub fn error(
        code: &'static str,
        place: Place,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: shortened(message.into()),
            label: shortened(label.into()),
            help: None,
            place,
            related: Vec::new(),
        }
    }

    /// A warning; otherwise as [`Finding::error`].
    #[must_use]
    pub fn warning(
        code: &'static str,
        place: Place,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, place, message, label)
        }
    }

    /// Adds the line that says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(shortened(help.into()));
        self
    }

    /// Adds a related place.
    #[must_use]
    pub fn also(mut self, place: Place, label: impl Into<String>) -> Self {
        self.related.push((place, shortened(label.into())));
        self
    }
}

/// A text that quotes a name of 300 KB is cut in its middle.
fn shortened(text: String) -> String {
    if text.len() <= LONGEST {
        return text;
    }
    let head = text.floor_char_boundary(LONGEST / 2);
    let tail = text.ceil_char_boundary(text.len() - LONGEST / 4);
    format!("{}…{}", &text[..head], &text[tail..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_quotes_a_long_name_is_cut() {
        let message = format!("there is no server `{}`!", "版".repeat(100_000));
        let finding = Finding::error("x", Place::default(), message, "").help("short");
        assert!(finding.message.len() <= LONGEST);
        assert!(finding.message.starts_with("there is no server `版"));
        assert!(finding.message.ends_with("版`!"));
        assert_eq!(finding.help.as_deref(), Some("short"));
    }
}
