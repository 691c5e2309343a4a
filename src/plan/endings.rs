//! What the texts of patterns tell of the paths that match: the folder in which they begin, and how they end.

use std::collections::HashSet;

/// The leading folders of an anchored pattern that hold no wildcard, and whether it matches below them, too.
///
/// An alternation that reaches over a `/` is cut in two like any other text: its first half is no literal folder.
pub(super) fn leading(pattern: &str) -> (&str, bool) {
    let folders = pattern.rfind('/').map_or("", |at| &pattern[..at]);
    let wild = pattern.find(['*', '?', '[', '{', '\\']);
    let end = match wild {
        Some(wild) if wild < folders.len() => folders[..wild].rfind('/').unwrap_or(0),
        _ => folders.len(),
    };
    let deep = end < folders.len() || pattern[end..].contains("**");
    (&pattern[..end], deep)
}

/// Whether no path can match a pattern of each. Where files lose their folders, `names` compares their names alone.
pub(super) fn disjoint(a: &[&str], b: &[&str], names: bool) -> bool {
    let endings = |patterns: &[&str]| -> Vec<String> {
        let endings = patterns.iter().map(|pattern| ending(pattern, names));
        endings.collect()
    };
    let (a, b) = (endings(a), endings(b));
    if a.len() * b.len() > MOST_COMPARED {
        return !ends_with_any(&a, &b) && !ends_with_any(&b, &a);
    }
    a.iter()
        .all(|a| b.iter().all(|b| !a.ends_with(b) && !b.ends_with(a)))
}

/// So many pairs of endings are compared one by one; for more it is cheaper to look them up.
const MOST_COMPARED: usize = 64;

/// Whether one of `texts` ends with one of `endings`.
fn ends_with_any(texts: &[String], endings: &[String]) -> bool {
    let endings: HashSet<&str> = endings.iter().map(String::as_str).collect();
    texts.iter().any(|text| {
        let begins = text.char_indices().map(|(at, _)| at);
        let mut ends = begins.chain([text.len()]).map(|at| &text[at..]);
        ends.any(|end| endings.contains(end))
    })
}

/// The literal text with which everything that matches ends, in lower case: some sides fold it.
fn ending(pattern: &str, name: bool) -> String {
    let from = pattern
        .rfind(['*', '?', '[', ']', '{', '}', '\\', ','])
        .map_or(0, |at| at + 1);
    let literal = &pattern[from..];
    // What `\` escapes is literal, but cutting behind it is always right, and simpler.
    let literal = if pattern[..from].ends_with('\\') {
        literal
            .get(literal.chars().next().map_or(0, char::len_utf8)..)
            .unwrap_or_default()
    } else {
        literal
    };
    let literal = match literal.rsplit_once('/') {
        Some((_, last)) if name => last,
        _ => literal.strip_prefix('/').unwrap_or(literal),
    };
    literal.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_tell_patterns_apart() {
        let disjoint = |a: &str, b: &str| super::disjoint(&[a], &[b], false);
        assert!(disjoint("*.zip", "/a/*.txt"));
        assert!(disjoint("/x.zip", "/y.zip"));
        assert!(!disjoint("*.gz", "*.tar.gz"));
        assert!(!disjoint("*", "*.gz"));
        assert!(!disjoint("*.{gz,xz}", "*.xz"));
        assert!(!disjoint("*.ZIP", "*.zip"));
    }

    #[test]
    fn long_lists_are_told_apart_like_short_ones() {
        let many = |ending: &str| -> Vec<String> {
            (0..40).map(|at| format!("/x{at}.{ending}")).collect()
        };
        let disjoint = |a: &[String], b: &[String]| {
            let a: Vec<&str> = a.iter().map(String::as_str).collect();
            let b: Vec<&str> = b.iter().map(String::as_str).collect();
            let (one, other) = (
                super::disjoint(&a, &b, false),
                super::disjoint(&b, &a, false),
            );
            assert_eq!(one, other);
            one
        };
        let (zips, texts) = (many("版本.zip"), many("txt"));
        assert!(disjoint(&zips, &texts));
        for ending in ["/x7.版本.zip", "/a/x7.版本.zip", "*.zip", "*"] {
            let mut other = texts.clone();
            other.push(ending.to_owned());
            assert!(!disjoint(&zips, &other), "{ending}");
        }
    }

    #[test]
    fn folders_tell_apart_only_what_keeps_them() {
        assert!(disjoint(&["/a/x.zip"], &["/b/x.zip"], false));
        assert!(!disjoint(&["/a/x.zip"], &["/b/x.zip"], true));
        assert!(disjoint(&["/a/x.zip"], &["/b/y.zip"], true));
    }

    #[test]
    fn patterns_begin_in_their_literal_folders() {
        assert_eq!(leading("/x.zip"), ("", false));
        assert_eq!(leading("/a/b/*.zip"), ("/a/b", false));
        assert_eq!(leading("/a/*/x.zip"), ("/a", true));
        assert_eq!(leading("/a*/x.zip"), ("", true));
        assert_eq!(leading("/a/**"), ("/a", true));
        assert_eq!(leading("/a/**/*.zip"), ("/a", true));
        assert_eq!(leading("/a/{b/c,d}.zip"), ("/a", true));
        assert_eq!(leading("/a/{b,c}.zip"), ("/a", false));
        assert_eq!(leading("/版本/?.zip"), ("/版本", false));
    }
}
