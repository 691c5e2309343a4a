//! Files that transfers before a `delete` have handled, found again under another path or through another entry.

use super::index::Index;
use super::needed::{Apart, Why};
use super::relied::{Candidate, Facts, Given, Relied};
use crate::files::Place;

/// All source files of the transfers that a `delete` comes after, by what their names may be known by.
pub(super) struct Sources(Index);

impl Sources {
    pub(super) fn new(relied: &[Relied]) -> Sources {
        let rows = (0u32..).zip(relied).flat_map(|(number, relied)| {
            let positions = relied.ledger.positions();
            positions.flat_map(move |at| {
                let keys = relied.ledger.source_keys(at).into_iter();
                keys.map(move |key| (key, number, at))
            })
        });
        Sources(Index::new(rows))
    }

    /// What transfers prove of a file that none of them names, but that one of them may have handled under another path
    /// or through another entry. `goes`: whether the step is to delete what has this path, too. `aparts`: folders that must
    /// not be one, because the file would then be another version, or its copy would go with it.
    ///
    /// # Errors
    /// The reason why it stays: it may be one that was not proven.
    pub(super) fn prove(
        &self,
        relied: &[Relied],
        found: Candidate<'_>,
        facts: Facts<'_>,
        goes: impl Fn(&Place, &[u8]) -> bool,
        aparts: &mut Vec<Apart>,
    ) -> Result<Vec<Given>, String> {
        let keys = found.keys();
        let mut givens = Vec::new();
        for (number, at) in self.0.find_any(&keys) {
            let relied = &relied[number as usize];
            let own = relied.ledger.source_keys(at);
            if !own.iter().any(|key| keys.contains(key)) {
                continue;
            }
            if relied.may_have_handled(at, found, facts) {
                let given = relied.prove(at, facts);
                let given =
                    given.map_err(|why| format!("{why}; it was found under another path"))?;
                let copy = given.as_ref().and_then(|given| given.copy.as_ref());
                match copy.is_some_and(|copy| goes(&copy.place, &copy.name)) {
                    true => aparts.extend(relied.apart(at, found, Why::CopyGoes)),
                    false => givens.extend(given),
                }
            } else if !facts.preview {
                aparts.extend(relied.apart(at, found, Why::Changed));
            }
        }
        Ok(givens)
    }
}
