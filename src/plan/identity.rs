//! Which plan this is: the name of its state folder, and what must be the same for a run to be resumed.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::model::Plan;
use super::secrets::Secrets;

/// Hex digits of the variables in a state folder's name.
const KEY_DIGITS: usize = 10;

/// A secret of fewer characters stands in texts by chance, and to leave those out would make different plans equal.
const SHORTEST: usize = 4;

/// Fields of a step that change nothing of what is done. What `needs:` names is, in whatever order, among `needs`.
const SAID_ONLY: [&str; 2] = ["description", "waits"];

/// A plan in which `${run.date…}` and `${run.id}` stand as they are written, and times count from the run's start: the same
/// in every run.
#[derive(Debug)]
pub struct Timeless {
    pub(super) plan: Plan,
    pub(super) secrets: Secrets,
    /// Seconds that local time was ahead of UTC, where a text shows the date: elsewhere it would be another day.
    pub(super) zone: Option<i32>,
}

impl Timeless {
    /// The part that these steps need.
    ///
    /// # Errors
    /// The names that no step has.
    pub fn only(mut self, names: &[String]) -> Result<Timeless, Vec<String>> {
        self.plan = self.plan.only(names)?;
        Ok(self)
    }

    /// The name of the state folder of a manifest with these variables: `release.yaml-0123456789`.
    pub fn key(&self, file_name: &str) -> String {
        let mut hash = Sha256::new();
        for (name, value) in &self.plan.variables {
            feed_text(&mut hash, name);
            feed_text(&mut hash, value);
        }
        let name = file_name.replace(|c: char| c.is_control() || c == '/', "_");
        format!("{name}-{}", &digits(hash)[..KEY_DIGITS])
    }

    /// What the plan does, in 64 hex digits, taken of the form in which it is written down. Secrets, comments, descriptions
    /// and what the run binds are left out.
    ///
    /// # Errors
    /// A plan that cannot be written down.
    pub fn fingerprint(&self) -> Result<String, serde_json::Error> {
        let mut plan = self.plan.open()?;
        for step in plan["steps"].as_array_mut().into_iter().flatten() {
            let fields = step.as_object_mut().into_iter();
            fields.for_each(|fields| fields.retain(|key, _| !SAID_ONLY.contains(&key.as_str())));
        }
        for server in plan["servers"].as_array_mut().into_iter().flatten() {
            // How commands are sent changes nothing of what they do.
            let fields = server["endpoint"].as_object_mut().into_iter();
            fields.for_each(|fields| fields.retain(|key, _| key != "ahead"));
        }
        let mut hash = Sha256::new();
        for part in ["name", "folder", "servers", "steps"] {
            self.feed(&mut hash, &plan[part]);
        }
        feed_text(&mut hash, &format!("{:?}", self.zone));
        Ok(digits(hash))
    }

    /// Hashes a value, maps in the order of their keys. Plans nest a few levels deep.
    fn feed(&self, hash: &mut Sha256, value: &Value) {
        match value {
            Value::String(text) if self.holds_secret(text) => feed_text(hash, "***"),
            Value::String(text) => feed_text(hash, text),
            Value::Array(items) => {
                feed_text(hash, &format!("[{}", items.len()));
                items.iter().for_each(|item| self.feed(hash, item));
            }
            Value::Object(map) => {
                let mut fields: Vec<(&String, &Value)> = map.iter().collect();
                fields.sort_unstable_by_key(|(key, _)| *key);
                feed_text(hash, &format!("{{{}", fields.len()));
                for (key, item) in fields {
                    feed_text(hash, key);
                    self.feed(hash, item);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {
                feed_text(hash, &value.to_string());
            }
        }
    }

    fn holds_secret(&self, text: &str) -> bool {
        let mut secrets = self.secrets.masked();
        secrets.any(|secret| secret.chars().count() >= SHORTEST && text.contains(secret))
    }
}

fn feed_text(hash: &mut Sha256, text: &str) {
    hash.update((text.len() as u64).to_be_bytes());
    hash.update(text);
}

fn digits(hash: Sha256) -> String {
    let digest = hash.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
