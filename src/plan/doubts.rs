//! Texts that mean something else than whoever wrote them thinks: what a shell would expand, typographic quotes, and a file's
//! name where a folder's is wanted.

use super::codes;
use super::context::Context;
use crate::manifest::{Finding, Kind, Node, Path, Place, Style, Tree};

/// Keys of which the value is a path, here or there.
const PATHS: [&str; 8] = [
    "path",
    "into",
    "files",
    "from_file",
    "directory",
    "ca_file",
    "cert_file",
    "key_file",
];
/// Keys of which the value is for people.
const WORDS: [&str; 1] = ["description"];
/// Quotes as word processors set them.
const QUOTES: [(char, char); 6] = [
    ('“', '”'),
    ('„', '“'),
    ('„', '”'),
    ('‘', '’'),
    ('«', '»'),
    ('＂', '＂'),
];
/// Endings that folders hardly have.
const FILE_ENDINGS: [&str; 36] = [
    "csv", "tsv", "txt", "pdf", "json", "xml", "xls", "xlsx", "doc", "docx", "html", "htm", "log",
    "yaml", "yml", "md", "zip", "gz", "tgz", "tar", "bz2", "xz", "zst", "7z", "rar", "jar", "exe",
    "msi", "iso", "deb", "rpm", "jpg", "jpeg", "png", "sql", "bak",
];

/// Looks at every text of a manifest's variables, servers and steps as it is written.
pub(super) fn report(context: &mut Context<'_>) {
    let Some(tree) = context.manifest.tree() else {
        return;
    };
    let mut found = Vec::new();
    for key in ["vars", "servers", "steps"] {
        if let Some(node) = tree.find(&Path::root().key(key)) {
            look(tree, node, key, &mut found);
        }
    }
    found
        .into_iter()
        .for_each(|finding| context.report(finding));
}

fn look(tree: &Tree, node: &Node, key: &str, found: &mut Vec<Finding>) {
    match &node.kind {
        Kind::Map(map) => {
            for entry in map.entries() {
                look(tree, tree.node(entry.node), &entry.key, found);
            }
        }
        Kind::Seq(items) => {
            for item in items {
                look(tree, tree.node(item.node), key, found);
            }
        }
        Kind::Scalar { text, style } if !WORDS.contains(&key) => {
            let quoted = (*style == Style::Plain).then(|| quotes(text, node.place));
            found.extend(quoted.flatten());
            if PATHS.contains(&key) {
                found.extend(home(text, node.place).or_else(|| shell(text, node.place)));
            }
            if key == "into" {
                found.extend(file(text, node.place));
            }
        }
        Kind::Scalar { .. } | Kind::Broken => {}
    }
}

/// `“text”`
fn quotes(text: &str, place: Place) -> Option<Finding> {
    let quotes = |(open, close): &(char, char)| {
        text.len() > open.len_utf8() && text.starts_with(*open) && text.ends_with(*close)
    };
    let (open, close) = QUOTES.iter().find(|pair| quotes(pair))?;
    let message = format!("`{open}` and `{close}` are no quotes in YAML, but part of the value");
    let code = codes::VALUE_TYPOGRAPHIC_QUOTES;
    let finding = Finding::warning(code, place, message, "part of the value");
    Some(
        finding
            .help("write straight quotes, `\"…\"` or `'…'`; text of a word processor has others"),
    )
}

/// `~/x`
fn home(text: &str, place: Place) -> Option<Finding> {
    let rest = text.strip_prefix('~')?;
    if !(rest.is_empty() || rest.starts_with('/')) {
        return None;
    }
    let message = "`~` is no home folder here, but a folder of that name";
    let help = format!(
        "write `${{env.HOME}}{rest}` for this machine's; on a server a relative path begins where the login does; a folder that is named so is `./{text}`"
    );
    Some(Finding::error(codes::PATH_HOME, place, message, "a folder named `~`").help(help))
}

/// `$HOME/x`, `$(date)`
fn shell(text: &str, place: Place) -> Option<Finding> {
    let (message, help) = text
        .match_indices('$')
        .find_map(|(at, _)| expansion(&text[at + 1..]))?;
    let finding = Finding::warning(codes::VARIABLE_SHELL, place, message, "as it is written");
    Some(finding.help(help))
}

/// What a shell would put in for what follows a `$`, and what to write.
fn expansion(rest: &str) -> Option<(String, String)> {
    if rest.starts_with('(') {
        let message = "no shell runs `$(…)`: it is part of the name".to_owned();
        let help = "for dates write `${run.date:%Y%m%d}`; what another command prints goes in by `--var` or the environment";
        return Some((message, help.to_owned()));
    }
    let name: &str = &rest[..rest
        .find(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'))
        .unwrap_or(rest.len())];
    let is_name = name.len() > 1 && name.starts_with(|c: char| c.is_ascii_uppercase());
    is_name.then(|| {
        let message = format!("no shell expands `${name}`: it is part of the name");
        let help = format!(
            "write `${{env.{name}}}` for the environment variable, or `${{vars.…}}` for one of the manifest"
        );
        (message, help)
    })
}

/// `into: out/report.csv`
fn file(text: &str, place: Place) -> Option<Finding> {
    let name = text.rsplit('/').next()?;
    let (stem, ending) = name.rsplit_once('.')?;
    let ending = ending.to_ascii_lowercase();
    if stem.is_empty() || !FILE_ENDINGS.contains(&&*ending) {
        return None;
    }
    let folder = text.strip_suffix(name).unwrap_or_default();
    let folder = match folder.trim_end_matches('/') {
        "" if folder.is_empty() => ".",
        "" => "/",
        folder => folder,
    };
    let message = "`into` is always a folder, and this looks like a file's name";
    let finding = Finding::warning(
        codes::PATH_INTO_FILE,
        place,
        message,
        "a folder of this name",
    );
    Some(finding.help(format!(
        "write `into: {folder}`: files keep their names; a `/` at the end says that a folder is meant"
    )))
}
