//! Keys that other programs have: what they are called here, or that there is no such thing.

use super::codes;
use super::context::Context;
use crate::manifest::{Finding, Path};

/// What is said of a key.
enum Answer {
    /// Another key does it; said where that is one of the keys at this place.
    Key(&'static [&'static str]),
    /// What to write, or to do without.
    Says(&'static str),
}

use Answer::{Key, Says};

/// Keys, in lower case and with `_`, and the answer to them.
static FOREIGN: &[(&[&str], Answer)] = &[
    (
        &[
            "matrix",
            "for_each",
            "foreach",
            "with_items",
            "loop",
            "strategy",
        ],
        Says(
            "there is no such key yet: write a step for each, and share what is the same by `&anchor` and `<<: *anchor`",
        ),
    ),
    (
        &[
            "rate_limit",
            "limit_rate",
            "bandwidth",
            "bandwidth_limit",
            "bwlimit",
            "throttle",
            "max_speed",
            "speed_limit",
        ],
        Says("rates are not limited yet: fewer `connections` of the server take less of the line"),
    ),
    (
        &["if", "condition", "only_if", "run_if", "unless"],
        Says(
            "there are no conditions but `when: success | failure | always` beside a step's kind, about the steps that it needs",
        ),
    ),
    (
        &[
            "delete_extra",
            "delete_extras",
            "delete_extraneous",
            "delete_missing",
            "mirror",
            "sync",
            "purge",
            "prune",
        ],
        Says(
            "a transfer copies what is new or changed; a step of its own, `delete: {extras_of: TRANSFER}`, deletes what its source no longer has",
        ),
    ),
    (
        &[
            "command",
            "commands",
            "script",
            "shell",
            "exec",
            "run",
            "hook",
            "before",
            "before_script",
            "after_script",
        ],
        Says(
            "no programs are run: put them before and after `ftpflow run`, in CI or a script; raw commands of FTP are `commands` of a `login` step",
        ),
    ),
    (
        &["schedule", "cron", "every", "interval", "on"],
        Says(
            "nothing runs by the clock: let cron, a systemd timer or CI start `ftpflow run`; a `list` waits for files with `wait: {for: …, every: …}`",
        ),
    ),
    (
        &[
            "poll",
            "polling",
            "until",
            "wait_until",
            "watch",
            "trigger_file",
            "done_file",
            "marker",
            "semaphore",
        ],
        Says(
            "a `list` waits for files: `wait: {for: \"*.done\"}`, or `wait: {ready: \"${name}.done\"}` where each has a marker of its own",
        ),
    ),
    (
        &["notify", "notifications", "webhook", "email", "slack"],
        Says("nobody is notified yet: the exit code and `--report` tell how a run ended"),
    ),
    (
        &["on_failure", "on_success", "finally", "ensure", "rescue"],
        Says(
            "write a step of its own with `when: failure` or `when: always` beside its kind, and what it is about in `needs`",
        ),
    ),
    (
        &["env", "environment", "env_file", "secrets"],
        Says(
            "write `${env.NAME}` or `${file.PATH}` where the value goes, and give a file of variables with `--env-file`",
        ),
    ),
    (
        &[
            "include_files",
            "import",
            "imports",
            "extends",
            "uses",
            "template",
        ],
        Says("a manifest is one file: share what is the same by `&anchor` and `<<: *anchor`"),
    ),
    (
        &["proxy", "socks", "http_proxy"],
        Says("there are no proxies yet: the server has to be reached directly"),
    ),
    (
        &["dryrun", "check", "simulate"],
        Says("it is an argument, no key: `ftpflow run --dry-run`, or `ftpflow plan` for each file"),
    ),
    (
        &[
            "threads",
            "concurrency",
            "workers",
            "jobs",
            "transfers",
            "max_connections",
            "max_parallel",
            "pool",
        ],
        Key(&["connections", "parallel"]),
    ),
    (
        &[
            "depends_on",
            "depends",
            "dependencies",
            "after",
            "requires",
            "wait_for",
        ],
        Key(&["needs"]),
    ),
    (
        &["continue_on_error", "allow_failure", "ignore_errors"],
        Says("write `on_error: continue` beside the step's kind"),
    ),
    (
        &[
            "retries",
            "max_retries",
            "tries",
            "attempts",
            "max_attempts",
        ],
        Says("write `retry: {attempts: N}` beside the step's kind, or in `defaults`"),
    ),
    (&["username", "user_name", "account"], Key(&["user"])),
    (&["pass", "secret", "token"], Key(&["password"])),
    (
        &["hostname", "address", "ip", "url", "endpoint"],
        Key(&["host"]),
    ),
    (
        &["ssl", "ftps", "secure", "encryption", "auth_tls"],
        Key(&["tls"]),
    ),
    (
        &[
            "passive",
            "pasv",
            "passive_mode",
            "active",
            "active_mode",
            "transfer_mode",
        ],
        Key(&["data"]),
    ),
    (
        &["charset", "codepage", "locale", "utf8"],
        Key(&["encoding"]),
    ),
    (
        &[
            "destination",
            "dest",
            "dst",
            "target",
            "output",
            "out",
            "local_path",
            "to_path",
            "remote_path",
            "remote_dir",
            "local_dir",
        ],
        Key(&["into", "path"]),
    ),
    (
        &[
            "source",
            "src",
            "sources",
            "source_path",
            "input",
            "pattern",
            "patterns",
            "glob",
            "globs",
        ],
        Key(&["files", "include", "from"]),
    ),
    (&["match", "matches", "only", "filters"], Key(&["include"])),
    (
        &["ignore", "skip_files", "except", "not"],
        Key(&["exclude"]),
    ),
    (&["min_size", "bigger_than"], Key(&["larger_than"])),
    (&["max_size"], Key(&["smaller_than"])),
    (&["min_age", "age"], Key(&["older_than"])),
    (
        &["max_age", "since", "modified_since"],
        Key(&["newer_than"]),
    ),
    (
        &[
            "overwrite",
            "force",
            "skip_existing",
            "no_clobber",
            "update_only",
            "conflict",
        ],
        Key(&["if_exists"]),
    ),
    (
        &["checksum", "checksums", "hash", "md5", "sha256", "validate"],
        Key(&["verify"]),
    ),
    (
        &[
            "preserve",
            "preserve_times",
            "keep_times",
            "mtime",
            "timestamps",
        ],
        Key(&["times"]),
    ),
    (
        &["atomic", "temp_suffix", "temporary", "tmp_suffix", "stage"],
        Key(&["publish"]),
    ),
    (&["permissions", "mode", "umask", "perms"], Key(&["chmod"])),
    (&["ascii", "binary", "text_mode"], Key(&["type"])),
    (&["depth", "maxdepth"], Key(&["max_depth"])),
    (
        &[
            "move_to",
            "archive_to",
            "processed_dir",
            "error_dir",
            "archive_dir",
        ],
        Says(
            "write a step of its own: `move: {sources_of: STEP, into: FOLDER}` for what arrived, `move: {failed_of: STEP, into: FOLDER}` for what failed",
        ),
    ),
    (
        &[
            "remove_source",
            "delete_source",
            "delete_after",
            "remove_source_files",
        ],
        Says(
            "write a step of its own: `delete: {sources_of: STEP}` deletes what the transfer has proven, and `move: {sources_of: STEP, into: FOLDER}` moves it",
        ),
    ),
];

impl Context<'_> {
    /// Answers a key of another program; whether it is one.
    pub(super) fn foreign_key(&mut self, key: &str, parent: &Path, known: &[&str]) -> bool {
        let Some(help) = answer(key, known) else {
            return false;
        };
        let place = self.key(&parent.key(key));
        let message = format!("`{key}` is a key of other programs, and none of ftpflow's");
        let finding = Finding::error(codes::KEY_FOREIGN, place, message, "not a key here");
        self.report(finding.help(help));
        true
    }
}

fn answer(key: &str, known: &[&str]) -> Option<String> {
    let key = key.to_lowercase().replace('-', "_");
    let (_, answer) = FOREIGN.iter().find(|(keys, _)| keys.contains(&&*key))?;
    match answer {
        Says(text) => Some((*text).to_owned()),
        Key(keys) => {
            let here = keys.iter().find(|key| known.contains(key))?;
            Some(format!("it is `{here}` here"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_told_where_it_is_one_and_in_any_spelling() {
        let known = ["connections", "user"];
        assert_eq!(
            answer("Max-Connections", &known).unwrap(),
            "it is `connections` here"
        );
        assert_eq!(answer("dest", &known), None);
        assert!(
            answer("rate-limit", &known)
                .unwrap()
                .contains("connections")
        );
        assert_eq!(answer("hosts", &known), None);
    }

    #[test]
    fn no_key_has_two_answers_and_none_is_one_of_ours_that_it_names() {
        let mut seen = std::collections::HashSet::new();
        for (keys, answer) in FOREIGN {
            for key in *keys {
                assert!(seen.insert(*key), "{key}");
                if let Key(ours) = answer {
                    assert!(!ours.contains(key), "{key}");
                }
            }
        }
    }
}
