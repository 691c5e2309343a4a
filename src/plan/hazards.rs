//! Hazards (placeholder until extents land).
use super::model::Plan;
use crate::manifest::{Finding, Manifest};
pub(super) fn findings(_manifest: &Manifest, _plan: &Plan) -> Vec<Finding> {
    Vec::new()
}
