//! Which characters of a line of YAML stand inside quotes, and which in a comment.

/// The characters of a line that stand outside quotes and comments.
pub(super) fn bare(line: &str) -> impl Iterator<Item = (usize, char)> {
    let mut quotes = Quotes::default();
    line.char_indices()
        .map(move |(at, c)| (at, c, quotes.step(at, c)))
        .take_while(|(.., sort)| *sort != Sort::Comment)
        .filter_map(|(at, c, sort)| (sort == Sort::Bare).then_some((at, c)))
}

/// Where the quote begins that is open at the end of a line.
pub(super) fn open_quote(line: &str) -> Option<usize> {
    let mut quotes = Quotes::default();
    for (at, c) in line.char_indices() {
        if quotes.step(at, c) == Sort::Comment {
            return None;
        }
    }
    quotes.open.map(|(at, _)| at)
}

/// Follows the quotes of a line.
#[derive(Default)]
struct Quotes {
    open: Option<(usize, char)>,
    last: Option<char>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Bare,
    Quoted,
    Comment,
}

impl Quotes {
    fn step(&mut self, at: usize, c: char) -> Sort {
        let before = self.last.replace(c);
        match self.open {
            Some((_, quote)) => {
                // A doubled quote closes and opens again; behind a backslash it does neither.
                if c == quote && (quote == '\'' || before != Some('\\')) {
                    self.open = None;
                }
                Sort::Quoted
            }
            None => match c {
                '"' | '\'' if before.is_none_or(|c| c.is_whitespace() || "[{,:'".contains(c)) => {
                    self.open = Some((at, c));
                    Sort::Quoted
                }
                '#' if before.is_none_or(char::is_whitespace) => Sort::Comment,
                _ => Sort::Bare,
            },
        }
    }
}
