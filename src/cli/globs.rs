//! Globs among the FILE arguments, for shells that do not expand them, and for CI systems that quote what they pass on.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::exit::Exit;
use super::output;
use crate::files::Pattern;

/// Folders deeper than this below a glob's own folder are not looked into.
const DEEPEST: usize = 32;

/// What makes a glob of a text.
const SIGNS: [char; 4] = ['*', '?', '[', '{'];

/// The files that arguments mean, each once, in the order of the arguments and, of one glob, by name.
///
/// A glob that matches no file, or cannot be read, is wrong usage, which has been said.
pub(super) fn expand(arguments: &[PathBuf]) -> (Vec<PathBuf>, Exit) {
    let mut files = Vec::new();
    let mut exit = Exit::Done;
    for argument in arguments {
        // A file whose name looks like a glob is still a file.
        let glob = argument.to_str().filter(|text| text.contains(SIGNS));
        let Some(glob) = glob.filter(|_| !argument.exists()) else {
            files.push(argument.clone());
            continue;
        };
        match matching(glob) {
            Ok(found) => files.extend(found),
            Err(message) => {
                output::complain(
                    message,
                    Some("globs take `*`, `?`, `**`, `[a-z]` and `{a,b}`"),
                );
                exit = Exit::Usage;
            }
        }
    }
    let mut seen = HashSet::new();
    files.retain(|file| seen.insert(file.clone()));
    (files, exit)
}

fn matching(argument: &str) -> Result<Vec<PathBuf>, String> {
    let glob = if cfg!(windows) {
        argument.replace('\\', "/")
    } else {
        argument.to_owned()
    };
    let glob = glob.strip_prefix("./").unwrap_or(&glob);
    // Folders before the first sign of a glob are walked to, not through.
    let sign = glob.find(SIGNS).unwrap_or(glob.len());
    let cut = glob[..sign].rfind('/').map_or(0, |slash| slash + 1);
    let (folder, rest) = glob.split_at(cut);
    let pattern = Pattern::new(&format!("/{rest}"), false)
        .map_err(|error| format!("`{argument}`: {error}"))?;
    let walk = Walk {
        pattern,
        hidden: rest.starts_with('.') || rest.contains("/."),
        levels: match rest.contains("**") {
            true => DEEPEST,
            false => rest.matches('/').count(),
        },
    };
    let mut found = Vec::new();
    walk.enter(Path::new(folder), "", 0, &mut found);
    found.sort();
    match found.is_empty() {
        true => Err(format!("no file matches `{argument}`")),
        false => Ok(found),
    }
}

struct Walk {
    pattern: Pattern,
    /// Whether the glob names names with a leading dot; otherwise they are left out, as shells do.
    hidden: bool,
    levels: usize,
}

impl Walk {
    /// Looks into a folder. Links to folders are not followed (they may lead in a circle), and what cannot be read holds no
    /// manifest that could be.
    fn enter(&self, folder: &Path, below: &str, level: usize, found: &mut Vec<PathBuf>) {
        let here = match folder.as_os_str().is_empty() {
            true => Path::new("."),
            false => folder,
        };
        for entry in fs::read_dir(here).into_iter().flatten().flatten() {
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            if name.starts_with('.') && !self.hidden {
                continue;
            }
            let relative = format!("{below}{name}");
            let path = folder.join(&name);
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if level < self.levels {
                    self.enter(&path, &format!("{relative}/"), level + 1, found);
                }
            } else if self.pattern.matches(&relative) && path.is_file() {
                found.push(path);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_are_expanded_in_order_each_file_once() {
        let folder = tempfile::tempdir().unwrap();
        for file in [
            "b.yaml",
            "a.yaml",
            ".c.yaml",
            "x/版本.yml",
            "x/.git/d.yaml",
            "x/[y].yaml",
        ] {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let root = folder.path().to_str().unwrap();
        let expanded = |globs: &[&str]| {
            let arguments: Vec<PathBuf> =
                globs.iter().map(|glob| folder.path().join(glob)).collect();
            let (files, exit) = expand(&arguments);
            let relative = |file: &PathBuf| {
                file.strip_prefix(root)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned()
            };
            (files.iter().map(relative).collect::<Vec<String>>(), exit)
        };
        assert_eq!(expanded(&["b.yaml", "*.yaml"]).0, ["b.yaml", "a.yaml"]);
        assert_eq!(
            expanded(&["**/*.{yaml,yml}"]).0,
            ["a.yaml", "b.yaml", "x/[y].yaml", "x/版本.yml"]
        );
        assert_eq!(expanded(&["*/??.yml"]).0, ["x/版本.yml"]);
        assert_eq!(expanded(&["x/[y].yaml"]).0, ["x/[y].yaml"]);
        assert_eq!(expanded(&[".*.yaml"]).0, [".c.yaml"]);
        assert_eq!(
            expanded(&["*.json", "[", "a.yaml"]),
            (vec!["a.yaml".to_owned()], Exit::Usage)
        );
    }
}
