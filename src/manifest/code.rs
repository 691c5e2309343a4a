//! The codes of everything that reading finds. Stable: users silence and look them up by name.

pub(super) const BAD_MERGE: &str = "ftpflow::yaml::bad_merge";
pub(super) const CONTROL_CHARACTER: &str = "ftpflow::yaml::control_character";
pub(super) const DUPLICATE_KEY: &str = "ftpflow::yaml::duplicate_key";
pub(super) const EMPTY: &str = "ftpflow::yaml::empty";
pub(super) const EMPTY_ANCHOR: &str = "ftpflow::yaml::empty_anchor";
pub(super) const FULL_WIDTH: &str = "ftpflow::yaml::full_width";
pub(super) const KEY_NOT_TEXT: &str = "ftpflow::yaml::key_not_text";
pub(super) const MORE: &str = "ftpflow::yaml::more";
pub(super) const NOT_A_MAP: &str = "ftpflow::yaml::not_a_map";
pub(super) const NOT_UTF8: &str = "ftpflow::yaml::not_utf8";
pub(super) const RECURSIVE_ALIAS: &str = "ftpflow::yaml::recursive_alias";
pub(super) const RESERVED_CHARACTER: &str = "ftpflow::yaml::reserved_character";
pub(super) const SECOND_DOCUMENT: &str = "ftpflow::yaml::second_document";
pub(super) const SYNTAX: &str = "ftpflow::yaml::syntax";
pub(super) const TAB: &str = "ftpflow::yaml::tab";
pub(super) const TAG: &str = "ftpflow::yaml::tag";
pub(super) const TOO_DEEP: &str = "ftpflow::yaml::too_deep";
pub(super) const TOO_LARGE: &str = "ftpflow::yaml::too_large";
pub(super) const TOO_MANY_VALUES: &str = "ftpflow::yaml::too_many_values";
pub(super) const UNKNOWN_ALIAS: &str = "ftpflow::yaml::unknown_alias";
pub(super) const UNQUOTED_BRACKET: &str = "ftpflow::yaml::unquoted_bracket";
pub(super) const UNQUOTED_VARIABLE: &str = "ftpflow::yaml::unquoted_variable";

/// A code as users may write it, whole: `ftpflow::` may be left out.
pub fn whole_code(written: &str) -> String {
    let code = written.strip_prefix("ftpflow::").unwrap_or(written);
    format!("ftpflow::{code}")
}

/// Every code that [`super::Manifest::read`] can give, in alphabetical order.
pub const YAML_CODES: &[&str] = &[
    BAD_MERGE,
    CONTROL_CHARACTER,
    DUPLICATE_KEY,
    EMPTY,
    EMPTY_ANCHOR,
    FULL_WIDTH,
    KEY_NOT_TEXT,
    MORE,
    NOT_A_MAP,
    NOT_UTF8,
    RECURSIVE_ALIAS,
    RESERVED_CHARACTER,
    SECOND_DOCUMENT,
    SYNTAX,
    TAB,
    TAG,
    TOO_DEEP,
    TOO_LARGE,
    TOO_MANY_VALUES,
    UNKNOWN_ALIAS,
    UNQUOTED_BRACKET,
    UNQUOTED_VARIABLE,
];
