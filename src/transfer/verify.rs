//! What sizes prove about a file that was copied. Pure.

use super::error::SizeProblem;

/// All that is known of a file's size after it was copied.
#[derive(Debug, Clone, Copy)]
pub(super) struct Evidence {
    /// Bytes that stood there before, and bytes moved.
    pub(super) total: u64,
    /// What the listing said of the source.
    pub(super) listed: Option<u64>,
    /// What the source says now.
    pub(super) source: Option<u64>,
    /// What the destination says now.
    pub(super) target: Option<u64>,
}

/// Judges the source's side: bytes moved against its size now, else against the listing.
///
/// The inner error is the reason why nothing is proven.
pub(super) fn judge_source(evidence: Evidence) -> Result<Result<(), String>, SizeProblem> {
    let total = evidence.total;
    match (evidence.source, evidence.listed) {
        (Some(now), Some(listed)) if now != listed => Err(SizeProblem::Changed),
        (Some(size), _) | (None, Some(size)) if size != total => Err(SizeProblem::Truncated {
            expected: size,
            got: total,
        }),
        (None, None) => Ok(Err("the source does not tell its size".into())),
        _ => Ok(Ok(())),
    }
}

/// Judges both sides.
pub(super) fn judge(evidence: Evidence) -> Result<Result<(), String>, SizeProblem> {
    let source = judge_source(evidence)?;
    match evidence.target {
        Some(found) if found != evidence.total => Err(SizeProblem::Stored {
            sent: evidence.total,
            found,
        }),
        Some(_) => Ok(source),
        None => Ok(Err("the destination does not tell its size".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_prove_what_they_can() {
        let changed = Err(SizeProblem::Changed);
        let cut = Err(SizeProblem::Truncated {
            expected: 9,
            got: 5,
        });
        let stored = Err(SizeProblem::Stored { sent: 5, found: 4 });
        for (listed, source, target, expected) in [
            (Some(5), Some(5), Some(5), Ok(true)),
            (Some(5), None, Some(5), Ok(true)),
            (None, Some(5), Some(5), Ok(true)),
            (None, None, Some(5), Ok(false)),
            (Some(5), Some(5), None, Ok(false)),
            (Some(5), Some(9), Some(5), changed),
            (Some(9), Some(5), Some(5), changed),
            (Some(9), Some(9), Some(5), cut),
            (Some(9), None, Some(5), cut),
            (None, Some(9), None, cut),
            (Some(5), Some(5), Some(4), stored),
            (None, None, Some(4), stored),
        ] {
            let evidence = Evidence {
                total: 5,
                listed,
                source,
                target,
            };
            assert_eq!(
                judge(evidence).map(|proof| proof.is_ok()),
                expected,
                "{evidence:?}"
            );
        }
    }
}
