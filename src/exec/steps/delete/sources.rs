//! Files that transfers before a `delete` have handled, found again under another path or through another entry.

use std::collections::{BTreeSet, HashMap};

use super::needed::Apart;
use super::relied::{Facts, Found, Given, Relied};

/// All source files of the transfers that a `delete` comes after, by what their names may be known by.
pub(super) struct Sources(HashMap<String, Vec<(u32, u32)>>);

impl Sources {
    pub(super) fn new(relied: &[Relied]) -> Sources {
        let mut sources: HashMap<String, Vec<(u32, u32)>> = HashMap::new();
        for (number, relied) in (0u32..).zip(relied) {
            for at in relied.ledger.positions() {
                for key in relied.ledger.source_keys(at) {
                    sources.entry(key).or_default().push((number, at));
                }
            }
        }
        Sources(sources)
    }

    /// What transfers prove of a file that none of them names, but that one of them may have handled under another path
    /// or through another entry. `aparts`: folders that must not be one, because the file would then be another version.
    ///
    /// # Errors
    /// The reason why it stays: it may be one that was not proven.
    pub(super) fn prove(
        &self,
        relied: &[Relied],
        found: Found<'_>,
        facts: Facts<'_>,
        aparts: &mut Vec<Apart>,
    ) -> Result<Vec<Given>, String> {
        let keys = found.keys();
        let alike = keys.iter().filter_map(|key| self.0.get(key)).flatten();
        let alike: BTreeSet<&(u32, u32)> = alike.collect();
        let mut givens = Vec::new();
        for (number, at) in alike {
            let relied = &relied[*number as usize];
            if relied.may_have_handled(*at, found, facts) {
                let given = relied.prove(*at, facts);
                let given =
                    given.map_err(|why| format!("{why}; it was found under another path"))?;
                givens.extend(given);
            } else if !facts.preview {
                aparts.extend(relied.other_version(*at, found));
            }
        }
        Ok(givens)
    }
}
