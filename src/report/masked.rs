//! Events without secrets: the one place where the texts of a run are masked, before any sink sees them.
//!
//! Texts that a server, a command or an error may have brought are masked whatever they hold. Names that the manifest gives
//! are its own words ([`Redactor::wording`]). Keys, numbers, kinds and the run's id are ours, and stay.

use super::redact::Redactor;
use crate::event::{Event, Failure, FileOutcome, Stamped, StepHead, StepOutcome};

/// An event as every sink may have it. Only the symbolic paths of steps are as they were: places are looked up by them.
pub(super) fn event(mut stamped: Stamped, redactor: &Redactor) -> Stamped {
    let own = |text: &mut String| replace(text, redactor, Redactor::wording);
    let foreign = |text: &mut String| replace(text, redactor, Redactor::text);
    match &mut stamped.event {
        Event::RunStarted { name, steps, .. } => {
            own(name);
            steps.iter_mut().for_each(|head| {
                own(&mut head.name);
                own(&mut head.subject);
            });
        }
        Event::SessionOpened { server, .. } | Event::SessionClosed { server, .. } => own(server),
        Event::Warning { server, text, .. } => {
            server.iter_mut().for_each(own);
            foreign(text);
        }
        Event::Waiting { what, .. } => foreign(what),
        Event::Retrying { failure, .. } => mask_failure(failure, redactor),
        Event::FileStarted { file, .. } => foreign(file),
        Event::FileFinished { file, outcome, .. } => {
            foreign(file);
            match outcome {
                FileOutcome::Failed { failure } => mask_failure(failure, redactor),
                FileOutcome::Unverified { reason, .. } | FileOutcome::Skipped { reason } => {
                    foreign(reason);
                }
                FileOutcome::Moved { to } => foreign(to),
                FileOutcome::Transferred
                | FileOutcome::Unchanged
                | FileOutcome::Deleted
                | FileOutcome::WasNotThere => {}
            }
        }
        Event::StepFinished { outcome, .. } => match outcome {
            StepOutcome::Failed { failure } => {
                failure
                    .iter_mut()
                    .for_each(|failure| mask_failure(failure, redactor));
            }
            StepOutcome::Skipped {
                because, reason, ..
            } => {
                because.iter_mut().for_each(own);
                own(reason);
            }
            StepOutcome::Done => {}
        },
        Event::StepStarted { .. }
        | Event::StepSized { .. }
        | Event::Working { .. }
        | Event::RunFinished { .. } => {}
    }
    stamped
}

/// The steps of a run as they are written: without secrets in their symbolic paths, too.
pub(super) fn heads(steps: &mut [StepHead], redactor: &Redactor) {
    for head in steps {
        replace(&mut head.origin, redactor, Redactor::wording);
    }
}

/// A failure without secrets.
pub(super) fn mask_failure(failure: &mut Failure, redactor: &Redactor) {
    let Failure {
        message,
        server,
        file,
        command,
        code: _,
        reply,
        transcript,
        help,
        hazard: _,
    } = failure;
    server
        .iter_mut()
        .for_each(|server| replace(server, redactor, Redactor::wording));
    let texts = [file, command, reply, help].into_iter().flatten();
    for text in texts.chain([message]).chain(transcript) {
        replace(text, redactor, Redactor::text);
    }
}

fn replace(
    text: &mut String,
    redactor: &Redactor,
    masked: impl for<'a> Fn(&Redactor, &'a str) -> std::borrow::Cow<'a, str>,
) {
    if let std::borrow::Cow::Owned(masked) = masked(redactor, text) {
        *text = masked;
    }
}
