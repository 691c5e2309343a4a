//! Exit codes. They are part of the contract: scripts and CI systems rely on them.

use std::process::ExitCode;

use crate::event::RunOutcome;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// All done; warnings are allowed.
    Done,
    /// All else is done, and what was asked for is not whole: a report, `--events FILE`, or what goes to stdout. A reader that
    /// left is none of it.
    Unwritten,
    /// A step failed.
    Failed,
    /// The manifest was read and is wrong: empty, noise, an unset variable, any error that `check` finds.
    Manifest,
    /// Wrong usage: unknown arguments, `--var` or `--only` names, a FILE that is missing, a folder or unreadable.
    Usage,
    /// Refused before any step: a report that cannot be written.
    Refused,
    /// Ended by Ctrl-C, SIGTERM or SIGHUP.
    Interrupted,
}

impl Exit {
    /// The number that the system gets.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Manifest => 3,
            Exit::Refused => 4,
            Exit::Unwritten => 5,
            // 128 + SIGINT, as shells say it.
            Exit::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

impl From<Option<RunOutcome>> for Exit {
    /// A run without an outcome did not come to its end.
    fn from(outcome: Option<RunOutcome>) -> Exit {
        match outcome {
            Some(RunOutcome::Done) => Exit::Done,
            Some(RunOutcome::Failed) => Exit::Failed,
            Some(RunOutcome::Interrupted) | None => Exit::Interrupted,
        }
    }
}
