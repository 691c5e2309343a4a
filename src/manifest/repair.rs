//! A syntax error ends a parser's reading. So that it hides no mistake elsewhere, the step or server around it is blanked, byte
//! for byte (places stay right), and the text is read again. This only finds more to say: the error stands whatever comes of it.

use std::ops::Range;

/// The text without the entry around a fault.
pub(super) struct Repaired {
    pub(super) text: String,
    /// Where the keys of the entry and of its section begin: if they have no value now, that is no mistake of the user's.
    pub(super) keys: [u32; 2],
    /// Whether the key went, too, so that its name is not known any more.
    pub(super) nameless: bool,
}

/// Blanks the entry of a top-level section (a step, a server, a variable) that holds byte `culprit`, at least up to byte
/// `seen`, where the parser gave up: its value, or all of it where the value is not at fault. None where no such entry can be
/// made out.
pub(super) fn without_entry(text: &str, culprit: usize, seen: usize) -> Option<Repaired> {
    let lines = Lines::new(text);
    let at = lines.of(culprit);
    let section = (0..=at).rev().find(|&line| lines.indent(line) == Some(0))?;
    let entry = lines.entry(section, at);
    let indent = lines.indent(entry)?;
    let last = lines.of(seen);
    let mut end = lines.end_of(entry, indent);
    if lines
        .indent(last)
        .is_some_and(|other| other != 0 && other < indent)
    {
        end = end.max(last + 1);
    }
    let first = lines.range(entry);
    let until = lines.starts.get(end).copied().unwrap_or(text.len());
    let value =
        key_end(&text[first.clone()]).and_then(|colon| blanked(text, first.start + colon..until));
    let nameless = value.is_none();
    let key = |line: usize| {
        u32::try_from(lines.range(line).start + lines.indent(line).unwrap_or_default()).ok()
    };
    Some(Repaired {
        text: value.or_else(|| blanked(text, first.start..until))?,
        keys: [key(entry)?, key(section)?],
        nameless,
    })
}

struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        let breaks = text
            .bytes()
            .enumerate()
            .filter(|&(_, byte)| byte == b'\n')
            .map(|(at, _)| at + 1);
        Self {
            text,
            starts: std::iter::once(0).chain(breaks).collect(),
        }
    }

    /// The line of the entry of a section that holds a line: the nearest above it that is indented as the section's first.
    fn entry(&self, section: usize, line: usize) -> usize {
        let first = (section + 1..self.starts.len()).find_map(|line| self.indent(line));
        let entry = first.filter(|indent| *indent > 0).and_then(|indent| {
            (section + 1..=line)
                .rev()
                .find(|&line| self.indent(line) == Some(indent))
        });
        entry.unwrap_or(section)
    }

    /// The line behind an entry: the next that is indented no further.
    fn end_of(&self, entry: usize, indent: usize) -> usize {
        let next = |line: &usize| self.indent(*line).is_some_and(|other| other <= indent);
        (entry + 1..self.starts.len())
            .find(next)
            .unwrap_or(self.starts.len())
    }

    fn of(&self, byte: usize) -> usize {
        self.starts
            .partition_point(|&start| start <= byte)
            .saturating_sub(1)
    }

    fn range(&self, line: usize) -> Range<usize> {
        let end = self
            .starts
            .get(line + 1)
            .copied()
            .unwrap_or(self.text.len());
        self.starts[line]..end
    }

    /// How far a line is indented; none for a blank line and for a comment.
    fn indent(&self, line: usize) -> Option<usize> {
        let line = &self.text[self.range(line)];
        let rest = line.trim_start_matches([' ', '\t']);
        (!rest.trim().is_empty() && !rest.starts_with('#')).then(|| line.len() - rest.len())
    }
}

/// Behind the first `: ` of a line; it must have a key.
fn key_end(line: &str) -> Option<usize> {
    let colon = line.match_indices(':').find(|&(at, _)| {
        line[at + 1..]
            .chars()
            .next()
            .is_none_or(char::is_whitespace)
    })?;
    (!line[..colon.0].trim().is_empty()).then_some(colon.0 + 1)
}

/// Spaces for everything but line breaks; none if there was nothing to blank.
fn blanked(text: &str, range: Range<usize>) -> Option<String> {
    let (before, rest) = text.split_at_checked(range.start)?;
    let (middle, after) = rest.split_at_checked(range.end.checked_sub(range.start)?)?;
    if middle.trim().is_empty() {
        return None;
    }
    let mut blanked = String::with_capacity(text.len());
    blanked.push_str(before);
    for c in middle.chars() {
        if c == '\n' || c == '\r' {
            blanked.push(c);
        } else {
            blanked.extend(std::iter::repeat_n(' ', c.len_utf8()));
        }
    }
    blanked.push_str(after);
    Some(blanked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_value_of_the_entry_is_blanked() {
        let text = "steps:\n  a:\n    list: [版\n  b: {x: y}\n\nz: 1\n";
        let repaired =
            without_entry(text, text.find('[').unwrap(), text.find("b:").unwrap()).unwrap();
        assert_eq!(
            repaired.text,
            text.replace("    list: [版", &" ".repeat("    list: [版".len()))
        );
        assert_eq!(
            repaired.keys.map(|key| key as usize),
            [text.find("a:").unwrap(), 0]
        );
        assert!(!repaired.nameless);
    }

    #[test]
    fn a_section_on_one_line_is_its_own_entry_and_goes_bit_by_bit() {
        let text = "steps: [a\nz: 1\n";
        let once = without_entry(text, 8, 10).unwrap();
        assert_eq!(once.text, "steps:   \nz: 1\n");
        let twice = without_entry(&once.text, 8, 10).unwrap();
        assert_eq!(twice.text, "         \nz: 1\n");
        assert!(twice.nameless);
        assert!(without_entry(&twice.text, 8, 9).is_none());
    }

    #[test]
    fn text_without_sections_is_left_alone() {
        assert!(without_entry("", 0, 0).is_none());
        assert!(without_entry("  版本", 5, 9).is_none());
        assert!(without_entry("\n\t \n", 3, 900).is_none());
    }
}
