//! A plan written down, to be kept or sent elsewhere: versioned, and without a secret.
//!
//! Every text that holds a secret, wherever it stands (a user, a path, a command of the login), is written as its key in
//! [`Secrets`]; who reads the plan needs the same secrets. Nothing else of a plan can be written.

use std::collections::BTreeMap;
use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use thiserror::Error;

use super::model::{Plan, PlanServer, RunStamp, SecretKey, Step};
use super::secrets::Secrets;
use crate::files::Limits;

/// The version of the form. A field that is added later is left out where it has its default: fingerprints are taken of this
/// form, and a new release must not refuse what the one before it has begun.
pub const WRITTEN_VERSION: u32 = 1;

/// The key that stands for a text that holds a secret.
const SECRET: &str = "secret";

/// A plan as it can be kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Written {
    version: u32,
    plan: Value,
}

/// Why a written plan cannot be read.
#[derive(Debug, Error)]
pub enum WrittenError {
    /// It is of another version.
    #[error("the plan is written in version {0}, and this ftpflow reads {WRITTEN_VERSION}")]
    Version(u32),
    /// It holds a key that the secrets do not have.
    #[error("the plan holds a secret that is not known here")]
    Secret,
    /// It is no plan.
    #[error("the plan cannot be read: {0}")]
    Form(#[from] serde_json::Error),
}

/// All of a plan. Not the plan itself: it is written through [`Plan::written`] alone.
#[derive(Serialize, Deserialize)]
struct Content {
    name: String,
    run: RunStamp,
    variables: BTreeMap<String, String>,
    #[serde(with = "crate::files::written")]
    folder: PathBuf,
    servers: Vec<PlanServer>,
    allowed: Vec<String>,
    #[serde(default = "usual_entries", skip_serializing_if = "is_usual")]
    entries: u64,
    steps: Vec<Step>,
}

fn usual_entries() -> u64 {
    Limits::default().entries
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_usual(entries: &u64) -> bool {
    *entries == usual_entries()
}

impl Plan {
    /// The plan to be kept; texts that hold a secret are taken into the secrets.
    ///
    /// # Errors
    /// [`WrittenError::Form`]
    pub fn written(&self, secrets: &mut Secrets) -> Result<Written, WrittenError> {
        let mut plan = self.open()?;
        seal(&mut plan, secrets);
        Ok(Written {
            version: WRITTEN_VERSION,
            plan,
        })
    }

    /// All of it, secrets included.
    pub(super) fn open(&self) -> Result<Value, serde_json::Error> {
        let Plan {
            name,
            run,
            variables,
            folder,
            servers,
            allowed,
            entries,
            steps,
        } = self.clone();
        serde_json::to_value(Content {
            name,
            run,
            variables,
            folder,
            servers,
            allowed,
            entries,
            steps,
        })
    }
}

impl Written {
    /// The plan, with the texts that stand in the secrets.
    ///
    /// # Errors
    /// See [`WrittenError`].
    pub fn plan(self, secrets: &Secrets) -> Result<Plan, WrittenError> {
        if self.version != WRITTEN_VERSION {
            return Err(WrittenError::Version(self.version));
        }
        let mut plan = self.plan;
        unseal(&mut plan, secrets)?;
        let Content {
            name,
            run,
            variables,
            folder,
            servers,
            allowed,
            entries,
            steps,
        } = serde_json::from_value(plan)?;
        Ok(Plan {
            name,
            run,
            variables,
            folder,
            servers,
            allowed,
            entries,
            steps,
        })
    }
}

/// Puts keys in the place of texts that hold a secret. Plans nest a few levels deep.
fn seal(value: &mut Value, secrets: &mut Secrets) {
    match value {
        Value::String(text) => {
            if secrets.masked().any(|secret| text.contains(secret)) {
                let key = secrets.seal(SecretString::from(std::mem::take(text)));
                *value = json!({ SECRET: key });
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| seal(item, secrets)),
        Value::Object(map) => map.values_mut().for_each(|item| seal(item, secrets)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn unseal(value: &mut Value, secrets: &Secrets) -> Result<(), WrittenError> {
    match value {
        Value::Array(items) => items.iter_mut().try_for_each(|item| unseal(item, secrets)),
        Value::Object(map) => {
            if let Some(key) = sealed(map) {
                let text = secrets.sealed(key).ok_or(WrittenError::Secret)?;
                *value = Value::String(text.expose_secret().to_owned());
                return Ok(());
            }
            map.values_mut().try_for_each(|item| unseal(item, secrets))
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

/// The key that stands for a text; no map of a plan has but a number of this name.
fn sealed(map: &Map<String, Value>) -> Option<SecretKey> {
    let key = map.get(SECRET).filter(|_| map.len() == 1)?.as_u64()?;
    u32::try_from(key).ok().map(SecretKey)
}
