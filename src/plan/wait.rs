//! `wait` of a `list`, as plain data.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::kinds::Action;
use super::model::{Plan, Verdict};
use crate::files::Marker;

/// What has to be there before a list ends, and how long it is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// Which files.
    pub what: Awaited,
    /// So many of them at least.
    pub count: u64,
    /// How long nothing that the step would yield may have changed, come or gone.
    pub stable: Duration,
    /// How long after a look the next one is taken.
    pub every: Duration,
    /// How long to wait at most.
    pub timeout: Duration,
    /// What the end of that means: the step fails, or yields nothing.
    pub on_timeout: Verdict,
}

/// Files that are waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Awaited {
    /// Those that a pattern matches (as in [`crate::files::Pattern`]); the step yields whatever is there.
    Matching(String),
    /// Those that have a marker of their own; the step yields them alone.
    Marked(Marker),
}

impl Plan {
    /// Whether a list waits for files.
    pub fn waits(&self) -> bool {
        let mut steps = self.steps.iter();
        steps.any(|step| matches!(&step.action, Action::List(list) if list.wait.is_some()))
    }
}

impl Wait {
    /// What is waited for, as it is written: `*.done`.
    pub fn written(&self) -> String {
        match &self.what {
            Awaited::Matching(pattern) => pattern.clone(),
            Awaited::Marked(marker) => marker.to_string(),
        }
    }

    /// The same with how long, for people.
    pub(super) fn outline(&self) -> String {
        let written = self.written();
        let what = match (&self.what, self.count) {
            (Awaited::Matching(_), 1) => format!("waits for {written}"),
            (Awaited::Matching(_), count) => format!("waits for {count} of {written}"),
            (Awaited::Marked(_), 1) => format!("waits for files with {written}"),
            (Awaited::Marked(_), count) => format!("waits for {count} files with {written}"),
        };
        let stable = match self.stable.is_zero() {
            true => String::new(),
            false => format!(", unchanged for {}", words(self.stable)),
        };
        let end = match self.on_timeout {
            Verdict::Fail => "",
            Verdict::Fine => ", then goes on without files",
        };
        let (every, timeout) = (words(self.every), words(self.timeout));
        format!("{what}{stable}; looks every {every}, for {timeout} at most{end}")
    }
}

fn words(time: Duration) -> String {
    humantime::format_duration(time).to_string()
}
