//! "Did you mean …?"

/// The candidate that was probably meant by `word`, if one is near enough: at most a third of its letters differ (a swap of
/// neighbours counts once), or only case and `-` for `_` do.
pub fn suggest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Comparing is quadratic in length, and no name is this long.
    if word.len() > 256 {
        return None;
    }
    let word = folded(word);
    let letters = word.chars().count();
    let near = |candidate: &'a str| {
        let others = candidate.chars().count();
        let length = letters.max(others);
        // A character of a CJK name says as much as several letters: of two, one may differ.
        let most = if word.is_ascii() { length } else { length + 1 } / 3;
        // Each letter that one has more differs.
        if length - letters.min(others) > most {
            return None;
        }
        let distance = strsim::damerau_levenshtein(&word, &folded(candidate));
        (distance <= most).then_some((distance, candidate))
    };
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= 256)
        .filter_map(near)
        .min()
        .map(|(_, name)| name)
}

fn folded(word: &str) -> String {
    word.to_lowercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_suggested_and_far_ones_are_not() {
        let names = ["recursive", "path", "max_depth", "server"];
        assert_eq!(suggest("recusrive", names), Some("recursive"));
        assert_eq!(suggest("Max-Depth", names), Some("max_depth"));
        assert_eq!(suggest("sever", names), Some("server"));
        assert_eq!(suggest("from", names), None);
        assert_eq!(suggest("服务", ["服务器"]), Some("服务器"));
        assert_eq!(suggest("够建", ["镜像", "构建"]), Some("构建"));
        assert_eq!(suggest("够", ["构"]), None);
        assert_eq!(suggest("ab", ["ac"]), None);
    }
}
