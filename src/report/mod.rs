//! Everything that people and machines read: progress, summary, event log, report files, diagnostics and plans as text.
//!
//! Events come in, text goes out through a [`Redactor`]; writers are passed in. Nothing here changes what a run does.

mod bars;
mod causes;
mod check_json;
mod chronicle;
mod ci;
mod codes_page;
mod diagnostics;
mod dry_run;
mod events;
mod failure;
mod files;
mod github;
mod graph;
mod html;
mod json;
mod json_text;
mod junit;
mod lanes;
mod letters;
mod lines;
mod markdown;
mod masked;
mod origins;
mod outlet;
mod paint;
mod passwords;
#[cfg(test)]
mod plans;
mod preview;
mod probe;
mod progress;
mod pulse;
mod record;
mod redact;
mod redacted;
mod replay;
mod reporter;
mod sarif;
#[cfg(test)]
mod scenario;
mod schemas;
mod screen;
mod settings;
mod shape;
mod sink;
mod snippet;
mod summary;
mod table;
pub mod text;

pub use causes::Cause;
pub use check_json::Checked;
pub use ci::Ci;
pub use codes_page::{CODES_PAGE, CodeEntry, entries as code_entries, entry as code_entry};
pub use diagnostics::{Drawing, write_findings};
pub use dry_run::write_plan;
pub use files::{Format, ReportError, ReportFile};
pub use graph::{Edge, Lane, Line, Node, Picture, write_dot, write_mermaid, write_svg};
pub use lines::Verbosity;
pub use origins::Origins;
pub use outlet::{Hurry, Outlet};
pub use paint::{Paint, Tone};
pub use probe::{ProbeFound, ProbeReport, ProbeSheet};
pub use record::{
    FileFailure, MAX_FAILURES, MAX_WARNINGS, Note, Record, StepRecord, Totals, Warning,
};
pub use redact::{MASK, Redactor};
pub use redacted::Redacted;
pub use replay::{ReplayError, write_reports};
pub use reporter::{Reporter, Told};
pub use schemas::{events_schema, report_schema};
pub use screen::columns;
pub use settings::{Display, Settings};
pub use sink::Sink;
pub use summary::Summary;
