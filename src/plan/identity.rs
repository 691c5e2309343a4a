//! Which plan this is: the name of its state folder, and what must be the same for a run to be resumed.

use sha2::{Digest, Sha256};

use super::model::{Plan, Step};

/// Hex digits of the variables in a state folder's name.
const KEY_DIGITS: usize = 10;

impl Plan {
    /// The name of the state folder of a manifest with these variables: `release.yaml-0123456789`.
    pub fn key(&self, file_name: &str) -> String {
        let digits = hash(&[&format!("{:?}", self.variables)]);
        let name = file_name.replace(|c: char| c.is_control() || c == '/', "_");
        format!("{name}-{}", &digits[..KEY_DIGITS])
    }

    /// What the plan does, in 64 hex digits. Secrets (which stand in it as keys), comments and descriptions are left
    /// out, and so are the run's id and start.
    pub fn fingerprint(&self) -> String {
        let servers = format!("{:?}", self.servers);
        let steps: Vec<Step> = self.steps.iter().cloned().map(undescribed).collect();
        let steps = format!("{steps:?}");
        hash(&[&self.name, &self.folder.to_string_lossy(), &servers, &steps])
    }
}

fn undescribed(mut step: Step) -> Step {
    step.description = None;
    // In whatever order they are written, they are among `needs`.
    step.waits.clear();
    step
}

fn hash(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
