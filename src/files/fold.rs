//! Names that a server or a disk may take for one.

use icu_normalizer::ComposingNormalizerBorrowed;

/// A name without what some systems do not tell apart: composed and decomposed characters (HFS+), upper and lower case
/// (Windows, macOS), dots and spaces at the end (Win32).
///
/// Two names that are equal here may be one file; two that differ are two.
pub fn fold(name: &str) -> String {
    let upper = name.to_uppercase().to_lowercase();
    let composed = ComposingNormalizerBorrowed::new_nfc().normalize(&upper);
    composed.trim_end_matches(['.', ' ']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_some_systems_take_for_one_name_is_one_here() {
        assert_eq!(fold("README"), fold("readme"));
        assert_eq!(fold("e\u{301}"), fold("\u{c9}"));
        assert_eq!(fold("stra\u{df}e"), fold("STRASSE"));
        assert_eq!(fold("a. ."), fold("A"));
        assert_ne!(fold("a"), fold("b"));
        assert_ne!(fold(".a"), fold("a"));
    }
}
