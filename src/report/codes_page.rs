//! The page that documents every code, `docs/codes.md`, which is built in: `check --explain` prints its entries.

use crate::manifest::whole_code;

/// The page: one `##` heading a code, and below it what the code means, an example that gives it, and its cure.
pub const CODES_PAGE: &str = include_str!("../../docs/codes.md");

/// What the page says of one code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeEntry {
    /// The code.
    pub code: &'static str,
    body: &'static str,
}

/// The entry of a code, which may be given without its `ftpflow::`.
pub fn entry(code: &str) -> Option<CodeEntry> {
    let code = whole_code(code);
    entries().find(|entry| entry.code == code)
}

/// All entries, in the order of the page.
pub fn entries() -> impl Iterator<Item = CodeEntry> + Clone {
    CODES_PAGE.split("\n## ").skip(1).filter_map(|section| {
        let (heading, body) = section.split_once('\n')?;
        let code = heading.trim().trim_matches('`');
        Some(CodeEntry {
            code,
            body: body.trim(),
        })
    })
}

impl CodeEntry {
    /// The entry as Markdown, without its heading.
    pub fn markdown(&self) -> &'static str {
        self.body
    }

    /// The first sentence: what is wrong.
    pub fn summary(&self) -> String {
        let first = self.body.split("\n\n").next().unwrap_or_default();
        let first = first.replace('\n', " ");
        let first = first.split_once("**: ").map_or(&*first, |(_, what)| what);
        let end = first.find(". ").map_or(first.len(), |at| at + 1);
        first[..end].to_owned()
    }

    /// The entry for a terminal: examples are indented, and their fences left out.
    pub fn text(&self) -> String {
        let mut text = String::with_capacity(self.body.len());
        let mut fenced = false;
        for line in self.body.lines() {
            if line.starts_with("```") {
                fenced = !fenced;
                continue;
            }
            match (fenced, line.is_empty()) {
                (_, true) => {}
                (true, _) => {
                    text.push_str("    ");
                    text.push_str(line);
                }
                (false, _) => text.push_str(&plain(line)),
            }
            text.push('\n');
        }
        text
    }
}

/// Without the marks of emphasis.
fn plain(line: &str) -> String {
    line.replace("**", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_found_with_and_without_its_prefix() {
        let long = entry("ftpflow::step::unknown_server").unwrap();
        assert_eq!(entry("step::unknown_server"), Some(long));
        assert_eq!(entry("step::unknown"), None);
        assert!(!long.text().contains("```"));
        assert!(long.text().contains("\n    version: 1\n"));
        assert!(!long.summary().contains('\n'));
    }
}
