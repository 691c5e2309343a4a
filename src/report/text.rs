//! Text for people: names made harmless, cut and padded by display width; sizes, times and counts.

use std::borrow::Cow;
use std::fmt::Write;
use std::time::Duration;

use bytesize::ByteSize;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns a terminal takes for a text; CJK characters take two.
pub fn width(text: &str) -> usize {
    text.width()
}

/// A text from outside as it can be shown: what a terminal obeys, what turns the direction of text round and what nobody
/// sees stands as `\u{…}`, so that a name commands nothing and looks like no other.
///
/// Nor can it command GitHub Actions, which obeys a line that begins with `::`, spaces before it or not, and one with
/// `##[` anywhere (`ActionCommand.cs` of actions/runner).
pub fn escape(text: &str) -> Cow<'_, str> {
    let begins = text.trim_start().starts_with(':');
    if !begins && !text.contains("##") && !text.chars().any(harmful) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    let (mut begun, mut before) = (false, ' ');
    for character in text.chars() {
        match character {
            '\t' => escaped.push_str("\\t"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            ':' if !begun => escaped.extend(character.escape_unicode()),
            '#' if before == '#' => escaped.extend(character.escape_unicode()),
            _ if harmful(character) => escaped.extend(character.escape_unicode()),
            _ => escaped.push(character),
        }
        begun |= !character.is_whitespace();
        before = character;
    }
    Cow::Owned(escaped)
}

/// Lines of ours into which texts from outside were broken anew: none of them begins as a command of GitHub Actions does.
pub fn uncommand(lines: &str) -> String {
    let each = lines.split_inclusive('\n').map(|line| {
        let words = line.trim_start();
        match words.strip_prefix("::") {
            Some(rest) => format!("{}\\u{{3a}}:{rest}", &line[..line.len() - words.len()]),
            None => line.to_owned(),
        }
    });
    each.collect()
}

/// Whether a character may not be shown as it is: controls (C0, C1), bidirectional marks and overrides, separators of
/// lines, what has no width, tags, and what is no character at all.
pub fn harmful(character: char) -> bool {
    let code = u32::from(character);
    character.is_control()
        || code & 0xfffe == 0xfffe
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fdd0}'..='\u{fdef}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Text for an element or an attribute of HTML or XML. What may not be shown stands as `\u{…}`, so that all of it is what
/// XML 1.0 (§2.2) allows; the breaks of lines stay.
pub fn markup(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, character| {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\t' | '\n' => escaped.push(character),
            _ if harmful(character) => escaped.extend(character.escape_unicode()),
            _ => escaped.push(character),
        }
        escaped
    })
}

/// Text of one line for an element or an attribute: breaks of lines are escaped, too.
pub fn attribute(text: &str) -> String {
    markup(&escape(text))
}

/// Text for a line or a table's cell of Markdown, where HTML stands for itself, too.
pub fn markdown(text: &str) -> String {
    escape(text)
        .chars()
        .fold(String::new(), |mut escaped, character| {
            match character {
                '&' => escaped.push_str("&amp;"),
                '<' => escaped.push_str("&lt;"),
                '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '>' => {
                    escaped.push('\\');
                    escaped.push(character);
                }
                _ => escaped.push(character),
            }
            escaped
        })
}

/// At most `columns` wide; what is cut from the end is replaced by `…`.
pub fn cut_end(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let mut kept: String = taken(text.chars(), columns.saturating_sub(1)).collect();
    kept.push('…');
    Cow::Owned(kept)
}

/// At most `columns` wide; the end stays, because a path's last part says most.
pub fn cut_start(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let mut kept: Vec<char> = taken(text.chars().rev(), columns.saturating_sub(1)).collect();
    kept.push('…');
    Cow::Owned(kept.into_iter().rev().collect())
}

/// With spaces behind it up to a display width.
pub fn pad(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(missing))
}

/// With spaces before it up to a display width.
pub fn pad_left(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(width(text));
    format!("{}{text}", " ".repeat(missing))
}

/// `1.2 GiB`
pub fn bytes(count: u64) -> String {
    ByteSize::b(count).display().iec().to_string()
}

/// `0.4s`, `12s`, `2m 05s`, `1h 02m`
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{:.1}s", time.as_secs_f64()),
        10..60 => format!("{seconds}s"),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

/// `12,345`
pub fn number(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::with_capacity(digits.len() + 6);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 file`, `12,345 files`
pub fn counted(count: u64, noun: &str) -> String {
    let mut text = number(count);
    let _ = write!(text, " {noun}{}", if count == 1 { "" } else { "s" });
    text
}

fn taken(characters: impl Iterator<Item = char>, columns: usize) -> impl Iterator<Item = char> {
    let mut used = 0;
    characters.take_while(move |character| {
        used += character.width().unwrap_or(0);
        used <= columns
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cutting_and_padding_count_columns_not_characters() {
        assert_eq!(width("版本.zip"), 8);
        assert_eq!(cut_end("版本.zip", 8), "版本.zip");
        assert_eq!(cut_end("版本.zip", 6), "版本.…");
        assert_eq!(cut_end("版本.zip", 4), "版…");
        assert_eq!(cut_start("目录/版本", 5), "…版本");
        assert_eq!(pad("版", 4), "版  ");
        assert_eq!(pad_left("版", 4), "  版");
        assert_eq!(cut_start("目录/版本", 6), "…/版本");
    }

    #[test]
    fn names_cannot_command_the_terminal() {
        assert_eq!(
            escape("a\x1b[2Jb\n\u{202e}gpj"),
            "a\\u{1b}[2Jb\\n\\u{202e}gpj"
        );
        assert_eq!(
            escape("\u{9b}2J\u{2066}\u{e0041}\u{ffff}"),
            "\\u{9b}2J\\u{2066}\\u{e0041}\\u{ffff}"
        );
        assert!(matches!(escape("版本 a: b::c # d"), Cow::Borrowed(_)));
    }

    #[test]
    fn names_cannot_command_github_actions() {
        assert_eq!(escape("::add-mask::x"), "\\u{3a}:add-mask::x");
        assert_eq!(escape(" \u{3000}::x"), " \u{3000}\\u{3a}:x");
        assert_eq!(escape(":"), "\\u{3a}");
        assert_eq!(
            escape("a ##[group]###b"),
            "a #\\u{23}[group]#\\u{23}\\u{23}b"
        );
        assert_eq!(
            uncommand("a ::b\n  ::c::\n::d"),
            "a ::b\n  \\u{3a}:c::\n\\u{3a}:d"
        );
    }

    #[test]
    fn markup_cannot_be_left_and_holds_only_what_xml_allows() {
        assert_eq!(
            markup("<a b='\"'>&\u{1}\u{fffe}\u{85}\u{202e}\n"),
            "&lt;a b=&#39;&quot;&#39;&gt;&amp;\\u{1}\\u{fffe}\\u{85}\\u{202e}\n"
        );
        assert_eq!(
            markdown("a|b<script>`x`\n"),
            "a\\|b&lt;script\\>\\`x\\`\\\\n"
        );
    }

    #[test]
    fn numbers_read_like_numbers() {
        assert_eq!(number(0), "0");
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(counted(1, "file"), "1 file");
        assert_eq!(counted(200_000, "file"), "200,000 files");
        assert_eq!(duration(Duration::from_millis(412)), "0.4s");
        assert_eq!(duration(Duration::from_secs(125)), "2m 05s");
        assert_eq!(duration(Duration::from_secs(3_725)), "1h 02m");
        assert_eq!(bytes(1_288_490_189), "1.2 GiB");
    }
}
