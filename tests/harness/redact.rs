//! Output with what differs between two runs replaced, for snapshots.

use std::sync::LazyLock;

use regex::Regex;

use super::case::Case;
use super::server::Running;

/// What is replaced, in this order: dates with times, times of day, dates, durations, rates.
static PATTERNS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let patterns = [
        (
            r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})?",
            "[DATETIME]",
        ),
        (r"\b\d{2}:\d{2}:\d{2}(\.\d+)?\b", "[TIME]"),
        (r"\b\d{4}-\d{2}-\d{2}\b", "[DATE]"),
        (r"\b\d+(\.\d+)?\s?[KMGT]?i?B/s", "[RATE]"),
        (r"\b\d+(\.\d+)?\s?(ns|us|µs|ms|s)\b", "[TOOK]"),
        (r"\.ftpflow-[0-9a-f]{16}\b", ".ftpflow-[HASH]"),
    ];
    let compiled =
        patterns.map(|(pattern, name)| (Regex::new(pattern).expect("a valid pattern"), name));
    compiled.into_iter().collect()
});

/// The text with the ports of these servers (`[PORT1]`, …), the folder of the case (`[DIR]`), times
/// and durations replaced, and trailing spaces gone.
pub fn redact(text: &str, case: &Case, servers: &[&Running]) -> String {
    let mut text = text.replace(
        &case
            .path("")
            .to_string_lossy()
            .trim_end_matches('/')
            .to_owned(),
        "[DIR]",
    );
    for (number, server) in servers.iter().enumerate() {
        let port = Regex::new(&format!(r"\b{}\b", server.port())).expect("a valid pattern");
        text = port
            .replace_all(&text, format!("[PORT{}]", number + 1))
            .into_owned();
    }
    for (pattern, name) in PATTERNS.iter() {
        text = pattern.replace_all(&text, *name).into_owned();
    }
    text.lines()
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect()
}
