//! The way from a step to its place in the manifest.

use std::sync::Arc;

use super::record::Record;
use super::redact::Redactor;
use crate::event::Failure;
use crate::manifest::{Manifest, Path, Place, Position, Source};

/// Leads from a step's origin to its place in the manifest.
#[derive(Debug, Clone)]
pub struct Origins {
    /// The name of the file, as it may be shown.
    name: String,
    source: Arc<Source>,
    manifest: Arc<Manifest>,
    /// Whether the manifest is not at hand: then steps stand at their symbolic paths.
    is_symbolic: bool,
}

impl Origins {
    /// The steps of this manifest.
    pub fn new(source: Arc<Source>, manifest: Arc<Manifest>) -> Origins {
        let name = source.name().to_owned();
        Origins {
            name,
            source,
            manifest,
            is_symbolic: false,
        }
    }

    /// The steps of a manifest that is not at hand.
    pub fn symbolic() -> Origins {
        Origins {
            name: String::new(),
            source: Arc::new(Source::new("", "")),
            manifest: Arc::default(),
            is_symbolic: true,
        }
    }

    /// The same with a name that holds no secret.
    pub(super) fn masked(self, redactor: &Redactor) -> Origins {
        let name = redactor.wording(&self.name).into_owned();
        Origins { name, ..self }
    }

    /// The manifest's text.
    pub(super) fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// The key at a symbolic path, or of the innermost value on the way to it that there is.
    pub fn place(&self, origin: &str) -> Place {
        self.manifest.locate(&Path::from(origin)).key
    }

    /// Its line and column.
    pub(super) fn at(&self, origin: &str) -> Position {
        self.source.position(self.place(origin).start)
    }

    /// `release.yaml:12:3`, or the symbolic path where the manifest is not at hand.
    pub fn position(&self, origin: &str) -> String {
        if self.is_symbolic {
            return origin.to_owned();
        }
        let at = self.at(origin);
        format!("{}:{}:{}", self.name, at.line, at.column)
    }

    /// The other step of a hazard, and its place.
    pub(super) fn beside(&self, record: &Record, failure: &Failure) -> Option<String> {
        let other = record.heads.get(failure.hazard.as_ref()?.step)?;
        Some(format!(
            "`{}`, {}",
            other.name,
            self.position(&other.origin)
        ))
    }
}
