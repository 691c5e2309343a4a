//! Other names on the way: what an expression matches in the last part of a path, replaced.

use std::borrow::Cow;

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::pattern::PatternError;

/// `rename:` of a transfer. Plain data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rename {
    /// What is replaced: the first place that this expression matches.
    pub pattern: String,
    /// What comes in its place; `${1}` and `${name}` are groups, `$$` is `$`.
    pub to: String,
}

/// The same, ready to be used.
#[derive(Debug, Clone)]
pub struct Renaming {
    pattern: Regex,
    to: String,
}

impl Rename {
    /// Makes it ready.
    ///
    /// # Errors
    /// An expression that cannot be read.
    pub fn ready(&self) -> Result<Renaming, PatternError> {
        let pattern = Regex::new(&self.pattern);
        Ok(Renaming {
            pattern: pattern.map_err(|error| PatternError::from(&error))?,
            to: self.to.clone(),
        })
    }
}

impl Renaming {
    /// The name that a name becomes; none where the expression does not match.
    pub fn apply(&self, name: &str) -> Option<String> {
        match self.pattern.replace(name, self.to.as_str()) {
            Cow::Owned(renamed) => Some(renamed),
            Cow::Borrowed(_) => None,
        }
    }

    /// The groups that can be named: numbers up to this, and names.
    pub fn groups(&self) -> (usize, Vec<&str>) {
        let names = self.pattern.capture_names().flatten().collect();
        (self.pattern.captures_len() - 1, names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_match_is_replaced_and_other_names_stay() {
        let rename = |pattern: &str, to: &str| Rename {
            pattern: pattern.into(),
            to: to.into(),
        };
        let ready = rename(r"^(?<base>.+)-(\d+)\.zip$", "${2}-${base}.zip")
            .ready()
            .unwrap();
        assert_eq!(ready.apply("构建-24.zip").unwrap(), "24-构建.zip");
        assert_eq!(ready.apply("notes.txt"), None);
        assert_eq!(ready.groups(), (2, vec!["base"]));
        let first = rename("a", "$$").ready().unwrap();
        assert_eq!(first.apply("banana").unwrap(), "b$nana");
        assert!(rename("(", "").ready().is_err());
    }
}
