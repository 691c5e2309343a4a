//! The table of secret values that a plan holds only keys of.

use secrecy::{ExposeSecret, SecretString};

use super::model::SecretKey;

/// Passwords and other secret values of a run.
#[derive(Debug, Default)]
pub struct Secrets {
    passwords: Vec<SecretString>,
    masked: Vec<SecretString>,
    /// Texts of the plan that hold a secret.
    sealed: Vec<SecretString>,
}

impl Secrets {
    /// Takes a password in; its key goes into the plan.
    ///
    /// The public password of anonymous logins is not masked: it is no secret, and a common word.
    pub fn password(&mut self, value: SecretString, secret: bool) -> SecretKey {
        if secret {
            self.mask(value.clone());
        }
        let key = u32::try_from(self.passwords.len()).unwrap_or(u32::MAX);
        self.passwords.push(value);
        SecretKey(key)
    }

    /// Takes in a value that must never be shown: part of a password, or the content of a `${file…}`.
    pub fn mask(&mut self, value: SecretString) {
        if !value.expose_secret().is_empty() {
            self.masked.push(value);
        }
    }

    /// The password of a key; empty for a key of another table.
    pub fn get(&self, key: SecretKey) -> SecretString {
        self.passwords
            .get(key.0 as usize)
            .cloned()
            .unwrap_or_default()
    }

    /// Takes in a text that holds a secret; its key is written in its place. Equal texts have one key.
    pub(super) fn seal(&mut self, text: SecretString) -> SecretKey {
        let known = self
            .sealed
            .iter()
            .position(|known| known.expose_secret() == text.expose_secret());
        let at = known.unwrap_or(self.sealed.len());
        if known.is_none() {
            self.sealed.push(text);
        }
        SecretKey(u32::try_from(at).unwrap_or(u32::MAX))
    }

    /// The text that [`Secrets::seal`] gave this key.
    pub(super) fn sealed(&self, key: SecretKey) -> Option<&SecretString> {
        self.sealed.get(key.0 as usize)
    }

    /// All values that must never be shown.
    pub fn masked(&self) -> impl Iterator<Item = &str> {
        self.masked.iter().map(|value| value.expose_secret())
    }
}
