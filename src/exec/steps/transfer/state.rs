//! Where a file of a transfer is on its way, and what may happen to it there. Pure.

use thiserror::Error;

use crate::exec::backlog::Tries;
use crate::journal::Mark;

/// Where a file is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum State {
    /// Nothing was told of it yet.
    #[default]
    Untold,
    /// It waits for a job. How often it was tried stands beside it in the queue.
    Waiting,
    /// A job moves it, after so many failed tries.
    Flying(Tries),
    /// It stands whole under its temporary name and waits for the rest of its set; so many bytes were moved for it.
    Arrived(u64),
    /// A job gives it its final name.
    Naming(u64),
    /// It stands whole at the destination.
    Stands,
    /// It is none that is transferred.
    LeftAlone,
    /// It failed for good.
    Failed,
    /// The step ended before it was its turn.
    Undone,
}

/// What can happen to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Happened {
    /// It is to be moved, or compared byte by byte.
    Queued,
    /// A job took it, after so many failed tries.
    Began(Tries),
    /// The job did not get to it, or its try failed and another follows.
    PutBack,
    /// It arrived under its temporary name, by so many bytes moved.
    Arrived(u64),
    /// A job is to give it its final name.
    NamingBegan,
    /// The job did not, and another is to.
    NotNamed,
    /// It was found or brought to stand whole under its final name.
    Stood,
    /// It is left alone.
    LeftAlone,
    /// It failed for good.
    Failed,
    /// The step ends without it.
    Dropped,
}

/// What cannot happen to a file where it is: an error of ours.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a file that was {state:?} cannot become {happened}")]
pub(super) struct Illegal {
    state: State,
    happened: String,
}

impl State {
    /// Where a file is after something happened to it.
    ///
    /// # Errors
    /// What cannot happen to it here.
    pub(super) fn after(self, happened: Happened) -> Result<State, Illegal> {
        match (self, happened) {
            (State::Untold, Happened::Queued) => Ok(State::Waiting),
            (State::Waiting, Happened::Began(tries)) => Ok(State::Flying(tries)),
            (State::Flying(_), Happened::PutBack) => Ok(State::Waiting),
            (State::Flying(_), Happened::Arrived(bytes)) => Ok(State::Arrived(bytes)),
            (State::Arrived(bytes), Happened::NamingBegan) => Ok(State::Naming(bytes)),
            (State::Naming(bytes), Happened::NotNamed) => Ok(State::Arrived(bytes)),
            (State::Untold | State::Flying(_) | State::Naming(_), Happened::Stood) => {
                Ok(State::Stands)
            }
            (State::Untold, Happened::LeftAlone) => Ok(State::LeftAlone),
            (
                State::Untold
                | State::Waiting
                | State::Flying(_)
                | State::Arrived(_)
                | State::Naming(_),
                Happened::Failed,
            ) => Ok(State::Failed),
            (State::Untold | State::Waiting, Happened::Dropped) => Ok(State::Undone),
            (state, happened) => Err(Illegal {
                state,
                happened: format!("{happened:?}"),
            }),
        }
    }

    /// Where an interrupted run left a file, by what it journaled: that a job was about to move it, and what became of it.
    ///
    /// # Errors
    /// Where the journal speaks of what cannot happen to it.
    pub(super) fn replay(begun: bool, mark: Option<&Mark>) -> Result<State, Illegal> {
        let mut state = State::Untold;
        if begun {
            let began = Happened::Began(Tries::default());
            state = state.after(Happened::Queued)?.after(began)?;
        }
        match mark {
            None => Ok(state),
            Some(Mark::Proven | Mark::Unverified(_) | Mark::Left(_)) => {
                state.after(Happened::Stood)
            }
            Some(Mark::Deleted | Mark::Moved(_)) => Err(Illegal {
                state,
                happened: "taken away, as the journal says".into(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [State; 9] = [
        State::Untold,
        State::Waiting,
        State::Flying(Tries {
            item: (),
            failed: 2,
            reset: false,
            excused: 0,
        }),
        State::Arrived(7),
        State::Naming(7),
        State::Stands,
        State::LeftAlone,
        State::Failed,
        State::Undone,
    ];

    const HAPPENINGS: [Happened; 10] = [
        Happened::Queued,
        Happened::Began(Tries {
            item: (),
            failed: 2,
            reset: false,
            excused: 0,
        }),
        Happened::PutBack,
        Happened::Arrived(7),
        Happened::NamingBegan,
        Happened::NotNamed,
        Happened::Stood,
        Happened::LeftAlone,
        Happened::Failed,
        Happened::Dropped,
    ];

    /// Rows are states, columns happenings, in the order above; a digit is the row of the state that follows.
    const TABLE: [&str; 9] = [
        "1.....5678",
        ".2......78",
        "..13..5.7.",
        "....4...7.",
        ".....35.7.",
        "..........",
        "..........",
        "..........",
        "..........",
    ];

    #[test]
    fn every_happening_in_every_state_is_allowed_or_an_error() {
        for (state, row) in STATES.into_iter().zip(TABLE) {
            for (happened, cell) in HAPPENINGS.into_iter().zip(row.chars()) {
                let expected = cell.to_digit(10).map(|at| STATES[at as usize]);
                assert_eq!(
                    state.after(happened).ok(),
                    expected,
                    "{state:?} {happened:?}"
                );
            }
        }
    }

    #[test]
    fn an_illegal_happening_names_itself() {
        let illegal = State::Stands.after(Happened::Failed).unwrap_err();
        let expected = "a file that was Stands cannot become Failed";
        assert_eq!(illegal.to_string(), expected);
    }

    #[test]
    fn a_journal_is_replayed_by_the_same_rules() {
        let proven = Mark::Proven;
        assert_eq!(State::replay(false, None), Ok(State::Untold));
        let began = State::Flying(Tries::default());
        assert_eq!(State::replay(true, None), Ok(began));
        assert_eq!(State::replay(true, Some(&proven)), Ok(State::Stands));
        assert_eq!(State::replay(false, Some(&proven)), Ok(State::Stands));
        assert!(State::replay(true, Some(&Mark::Deleted)).is_err());
    }

    #[test]
    fn a_state_takes_sixteen_bytes() {
        assert_eq!(size_of::<State>(), 16);
    }
}
