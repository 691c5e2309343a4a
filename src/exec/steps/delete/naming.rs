//! The names that a move gives its files.

use std::collections::HashMap;

use crate::exec::fault::Fault;
use crate::files::{FileSet, NameEncoding, NameProblem, Reach, Renaming, join, split, translate};

/// What names become, and what bytes their side takes.
#[derive(Clone)]
pub(super) struct Naming {
    pub(super) rename: Option<Renaming>,
    pub(super) reach: Reach,
}

impl Naming {
    /// The paths, relative to `into`, of all files of a set.
    ///
    /// # Errors
    /// Two files would have one, or one would have none that its side takes: then none is moved.
    pub(super) fn all(&self, set: &FileSet) -> Result<Vec<Vec<u8>>, Fault> {
        let mut taken: HashMap<Vec<u8>, u32> = HashMap::new();
        let mut all = Vec::with_capacity(set.len());
        for at in set.positions() {
            let new = self.path(set, at);
            let new = new.map_err(|problem| misnamed(&problem).about(set.text(at)))?;
            if let Some(other) = taken.insert(new.clone(), at) {
                return Err(one_name(set, at, other, &new));
            }
            all.push(new);
        }
        Ok(all)
    }

    fn path(&self, set: &FileSet, at: u32) -> Result<Vec<u8>, NameProblem> {
        let relative = set.relative(at);
        let (folder, name) = split(&relative);
        let new = match self.rename(set.encoding(), name)? {
            Some(new) => new,
            None => name.to_vec(),
        };
        Ok(join(folder, &new))
    }

    /// The other name of a name; none where the expression does not match.
    fn rename(&self, encoding: NameEncoding, name: &[u8]) -> Result<Option<Vec<u8>>, NameProblem> {
        let decoded = encoding.decode(name);
        let rename = self.rename.as_ref();
        match rename.and_then(|rename| rename.apply(&decoded.text)) {
            None => Ok(None),
            // What stands for its bytes would be written in their place.
            Some(_) if !decoded.exact => Err(NameProblem::NotText(decoded.text.into_owned())),
            Some(new) => translate(new.as_bytes(), NameEncoding::Auto, self.reach).map(Some),
        }
    }
}

fn misnamed(problem: &NameProblem) -> Fault {
    let fault = Fault::permanent(format!("nothing was moved: {problem}"));
    match problem.help() {
        Some(help) => fault.help(help),
        None => fault,
    }
}

fn one_name(set: &FileSet, at: u32, other: u32, new: &[u8]) -> Fault {
    let new = set.encoding().decode(new).text.into_owned();
    let (one, other) = (set.text(other), set.text(at));
    Fault::permanent(format!(
        "nothing was moved: `{one}` and `{other}` would both become `{new}`"
    ))
    .help("let `rename` keep what tells them apart")
}

/// `a (2).txt` of `a.txt`. A dot at the beginning begins no ending.
pub(super) fn numbered(name: &[u8], number: u32) -> Vec<u8> {
    let (base, ending) = name.split_at(base(name));
    [base, format!(" ({number})").as_bytes(), ending].concat()
}

/// `a.txt` of `a (2).txt`.
pub(super) fn without_number(name: &[u8]) -> Option<Vec<u8>> {
    let (base, ending) = name.split_at(base(name));
    let open = base.iter().rposition(|byte| *byte == b'(')?;
    let digits = base.strip_suffix(b")")?.get(open + 1..)?;
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let before = base[..open].strip_suffix(b" ")?;
    is_number.then(|| [before, ending].concat())
}

/// Where the ending of a name begins.
fn base(name: &[u8]) -> usize {
    let dot = name.iter().rposition(|byte| *byte == b'.');
    dot.filter(|dot| *dot > 0).unwrap_or(name.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stands_before_the_ending_and_is_known_again() {
        for (name, second) in [
            ("a.txt", "a (2).txt"),
            ("a", "a (2)"),
            (".profile", ".profile (2)"),
            ("a.tar.gz", "a.tar (2).gz"),
            ("a (1).txt", "a (1) (2).txt"),
            ("\u{7248}.zip", "\u{7248} (2).zip"),
        ] {
            assert_eq!(numbered(name.as_bytes(), 2), second.as_bytes());
            let back = without_number(second.as_bytes());
            assert_eq!(back.as_deref(), Some(name.as_bytes()), "{second}");
        }
        for name in ["a.txt", "a(2).txt", "a ().txt", "a (x).txt", "a (2)b.txt"] {
            assert_eq!(without_number(name.as_bytes()), None, "{name}");
        }
    }
}
