//! The harmless pairs of lines that show whether a server bears lines before it has answered others.

use std::time::Duration;

use crate::endpoint::DataMode;

use super::command::Line;
use super::error::{Error, ErrorKind};
use super::pace::Stage;
use super::reply::{self, Reply};
use super::session::Session;

/// How long the replies are waited for: a server that loses a line must not cost more.
const PAIR_TIME: Duration = Duration::from_secs(5);

impl Session {
    /// Tries a server of which nothing is known: two lines in one write, three times, none of which does anything.
    ///
    /// # Errors
    /// Where the session is lost by it; then the server has objected, and a new session is not tried again.
    pub(super) fn try_pairs(&mut self) -> Result<(), Error> {
        let pace = self.facts.pace.clone();
        if pace.stage() != Stage::Untried {
            return Ok(());
        }
        let (noop, pwd) = (|| Line::fixed("NOOP"), Line::fixed("PWD"));
        let same = self.bear([noop(), noop()])?;
        let other = self.bear([pwd, noop()])?;
        if let ([first, second], [folder, third]) = (&same[..], &other[..])
            && first.code == second.code
            && second.code == third.code
            && self.is_home(folder)
        {
            self.try_waiting_port()?;
            pace.rise(Stage::Paired);
            return Ok(());
        }
        pace.objects("it answered NOOP and PWD out of turn".into());
        self.control.condemn();
        Err(Error::new(ErrorKind::Lost).detail("replies to NOOP and PWD do not fit"))
    }

    /// Tries a line behind a passive port that nobody has connected to. The port serves the first listing or transfer.
    fn try_waiting_port(&mut self) -> Result<(), Error> {
        if !matches!(self.endpoint.data, DataMode::Passive) {
            return Ok(());
        }
        let replies = self.bear([self.passive_line(), Line::fixed("NOOP")])?;
        if let Some(reply) = replies.first() {
            self.keep_passive(reply);
        }
        Ok(())
    }

    fn bear(&mut self, lines: [Line; 2]) -> Result<Vec<Reply>, Error> {
        let time = PAIR_TIME.min(self.endpoint.timeouts.reply);
        self.control.burst_within(lines.to_vec(), time)
    }

    fn is_home(&self, reply: &Reply) -> bool {
        match (&self.facts.home, &self.endpoint.directory) {
            // It was asked for before the session went on into that folder.
            (Some(_), Some(_)) => reply::path_in(reply).is_some(),
            (home, _) => reply::path_in(reply) == *home,
        }
    }
}
