//! "Did you mean …?"

/// The candidate that was probably meant by `word`, if one is near enough: at most a third of its letters differ (a swap of
/// neighbours counts once), or only case and `-` for `_` do. Else the one that `word` is the beginning of, if it is the only one.
pub fn suggest<'a, I>(word: &str, candidates: I) -> Option<&'a str>
where
    I: IntoIterator<Item = &'a str>,
    I::IntoIter: Clone,
{
    // Comparing is quadratic in length, and no name is this long.
    if word.len() > 256 {
        return None;
    }
    let word = folded(word);
    let candidates = candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= 256);
    nearest(&word, candidates.clone()).or_else(|| begun(&word, candidates))
}

fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
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
        let distance = strsim::damerau_levenshtein(word, &folded(candidate));
        (distance <= most).then_some((distance, candidate))
    };
    candidates.filter_map(near).min().map(|(_, name)| name)
}

/// The shortest beginning that says anything, in letters.
const BEGINNING: usize = 3;

fn begun<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if word.chars().count() < BEGINNING {
        return None;
    }
    let mut begun = candidates.filter(|candidate| {
        let begins = candidate.get(..word.len());
        begins.is_some_and(|begins| folded(begins) == word)
    });
    begun.next().filter(|_| begun.next().is_none())
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

    #[test]
    fn a_beginning_of_one_name_alone_stands_for_it() {
        let keys = ["newer_than", "larger_than", "max", "max_depth"];
        assert_eq!(suggest("newer", keys), Some("newer_than"));
        assert_eq!(suggest("max_d", keys), Some("max_depth"));
        assert_eq!(suggest("la", keys), None);
        assert_eq!(suggest("lar", ["larger_than", "larger"]), None);
    }
}
