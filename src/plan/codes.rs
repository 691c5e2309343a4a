//! The codes of everything that compiling finds. Stable: users silence and look them up by name.

/// Declares the codes and the list of all of them, in one place.
macro_rules! codes {
    ($($name:ident = $code:literal;)*) => {
        $(pub(super) const $name: &str = concat!("ftpflow::", $code);)*

        /// Every code that [`super::compile`] can give, in alphabetical order.
        pub const PLAN_CODES: &[&str] = &[$($name,)*];
    };
}

/// What only a run can find and `allow` accepts all the same, in alphabetical order.
pub const RUN_CODES: &[&str] = &[LIST_UNREADABLE];

/// Entries of a listing were refused or could not be read.
pub const LIST_UNREADABLE: &str = "ftpflow::list::unreadable";

codes! {
    ALLOW_UNUSED = "allow::unused";
    FILES_EMPTY = "files::empty";
    FILES_FOLDER = "files::folder";
    FILES_MIXED = "files::mixed";
    HAZARD_DELETE = "hazard::delete";
    HAZARD_DELETE_FILES = "hazard::delete_files";
    HAZARD_NOT_COMPARED = "hazard::not_compared";
    HAZARD_READ_WRITE = "hazard::read_write";
    HAZARD_WRITERS = "hazard::writers";
    KEY_FOREIGN = "key::foreign";
    KEY_MISPLACED = "key::misplaced";
    KEY_UNKNOWN = "key::unknown";
    LIST_MARKER = "list::marker";
    LIST_MARKERS_TAKEN = "list::markers_taken";
    LIST_WAIT = "list::wait";
    LOGIN_COMMAND = "login::command";
    LOGIN_TWICE = "login::twice";
    MANIFEST_NO_STEPS = "manifest::no_steps";
    MANIFEST_VERSION = "manifest::version";
    NAME_INVALID = "name::invalid";
    NAME_RESERVED = "name::reserved";
    OPTIONS_CONTRADICT = "options::contradict";
    OPTIONS_DIRECT = "options::direct";
    OPTIONS_IDLE = "options::idle";
    PATH_CONTROL_CHARACTER = "path::control_character";
    PATH_EMPTY = "path::empty";
    PATH_HOME = "path::home";
    PATH_INTO_FILE = "path::into_file";
    PATH_UNMAPPABLE = "path::unmappable";
    SERVER_ANONYMOUS_PASSWORD = "server::anonymous_password";
    SERVER_CLEAR_TEXT = "server::clear_text";
    SERVER_HOST = "server::host";
    SERVER_LITERAL_PASSWORD = "server::literal_password";
    SERVER_NO_PASSWORD = "server::no_password";
    SERVER_UNUSED = "server::unused";
    STEP_APART = "step::apart";
    STEP_CYCLE = "step::cycle";
    STEP_EXTRAS = "step::extras";
    STEP_INTO_SOURCE = "step::into_source";
    STEP_MIRROR = "step::mirror";
    STEP_MISSING_SIDE = "step::missing_side";
    STEP_NEVER_RUNS = "step::never_runs";
    STEP_NO_FILES = "step::no_files";
    STEP_NO_KIND = "step::no_kind";
    STEP_NO_LEDGER = "step::no_ledger";
    STEP_NOTHING_LEFT = "step::nothing_left";
    STEP_ONCE_LIMITED = "step::once_limited";
    STEP_ONCE_TWICE = "step::once_twice";
    STEP_ONTO_ITSELF = "step::onto_itself";
    STEP_RELAY_CONNECTIONS = "step::relay_connections";
    STEP_SEVERAL_KINDS = "step::several_kinds";
    STEP_SEVERAL_SIDES = "step::several_sides";
    STEP_SEVERAL_SOURCES = "step::several_sources";
    STEP_UNKNOWN_KIND = "step::unknown_kind";
    STEP_UNKNOWN_SERVER = "step::unknown_server";
    STEP_UNKNOWN_STEP = "step::unknown_step";
    STEP_UNPROVEN = "step::unproven";
    STEP_UNUSED = "step::unused";
    STEP_WHEN_ALONE = "step::when_alone";
    STEP_WHEN_CANNOT_FAIL = "step::when_cannot_fail";
    STEP_WHEN_NO_SET = "step::when_no_set";
    STEP_WRONG_SIDE = "step::wrong_side";
    STEP_WRONG_SORT = "step::wrong_sort";
    VALUE_BAD = "value::bad";
    VALUE_MISSING = "value::missing";
    VALUE_PATTERN = "value::pattern";
    VALUE_REQUIRED = "value::required";
    VALUE_TYPE = "value::type";
    VALUE_TYPOGRAPHIC_QUOTES = "value::typographic_quotes";
    VARIABLE_CYCLE = "variable::cycle";
    VARIABLE_FILE = "variable::file";
    VARIABLE_NOT_HERE = "variable::not_here";
    VARIABLE_RESERVED = "variable::reserved";
    VARIABLE_SHELL = "variable::shell";
    VARIABLE_SYNTAX = "variable::syntax";
    VARIABLE_TOO_LONG = "variable::too_long";
    VARIABLE_UNKNOWN = "variable::unknown";
    VARIABLE_UNSET = "variable::unset";
    VARIABLE_UNUSED = "variable::unused";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_each_is_there_once() {
        assert!(PLAN_CODES.is_sorted_by(|a, b| a < b));
    }
}
