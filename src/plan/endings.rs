//! What the texts of patterns tell of the paths that match: the folder in which they begin, and how they end.

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
    a.iter().all(|a| {
        let a = ending(a, names);
        b.iter().all(|b| {
            let b = ending(b, names);
            !a.ends_with(&b) && !b.ends_with(&a)
        })
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
