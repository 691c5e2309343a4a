//! What a reporter is to do.

use std::sync::Arc;
use std::time::Duration;

use super::ci::Ci;
use super::files::ReportFile;
use super::graph::Picture;
use super::lines::Verbosity;
use super::origins::Origins;
use super::outlet::{Hurry, Outlet};
use super::paint::Paint;
use super::redact::Redactor;
use super::sink::Sink;

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Display {
    /// Bars, with lines above them.
    Bars,
    /// Lines alone.
    Lines,
    /// Nothing but the summary.
    None,
}

/// What a reporter is to do.
pub struct Settings {
    /// Masks all that leaves.
    pub redactor: Arc<Redactor>,
    /// Where steps stand in the manifest.
    pub origins: Origins,
    /// How progress is shown.
    pub display: Display,
    /// How often lines, where they alone are shown, say how far the run is; never without.
    pub heartbeat: Option<Duration>,
    /// In whose log `out` ends.
    pub ci: Ci,
    /// How much is said.
    pub verbosity: Verbosity,
    /// Colours of `out`.
    pub paint: Paint,
    /// Columns of `out`.
    pub columns: usize,
    /// Progress, summary and what goes wrong with reports: stderr.
    pub out: Outlet,
    /// `--events`
    pub events: Option<Sink>,
    /// `--report`
    pub files: Vec<ReportFile>,
    /// The plan, for reports that draw it.
    pub picture: Option<Picture>,
    /// The answer of `ftpflow plan`: what a run would do. Then the summary has no table.
    pub preview: Option<Sink>,
    /// When the run was told to end.
    pub hurry: Hurry,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("display", &self.display)
            .field("verbosity", &self.verbosity)
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}
