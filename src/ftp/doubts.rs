//! Second looks at what a server that was not tested says of lines that came before it had answered others.

use super::ahead::Ahead;
use super::command::Line;
use super::error::Error;
use super::failure::unknown_outcome;
use super::reply::{self, Reply};
use super::session::{Session, TransferType};
use super::settle::Came;
use super::transfer::InFlight;

impl Session {
    /// Nothing is learned from the refusal of a line that came early: it is asked again, alone.
    pub(super) fn doubt(&mut self, ahead: Ahead, reply: &Reply, came: &mut Came) {
        match ahead {
            Ahead::Passive => self.doubted_passive = Some(reply.code),
            _ => {
                came.doubted.get_or_insert((ahead, reply.code));
            }
        }
    }

    /// The answer to a passive command that was sent alone, where an early one was refused before.
    pub(super) fn compare_passive(&mut self, reply: &Reply) {
        if let Some(code) = self.doubted_passive.take() {
            self.compare_codes(code, reply);
        }
    }

    /// A server that was not tested, and told another size than has passed, may have answered out of turn: it is asked once
    /// more, alone, and for all else, too, where it then says otherwise.
    pub(super) fn doubt_size(
        &mut self,
        flight: &InFlight,
        passed: u64,
        came: &mut Came,
    ) -> Result<(), Error> {
        let binary = self.transfer_type == Some(TransferType::Binary);
        let Some(told) = came.size.flatten().filter(|told| *told != passed && binary) else {
            return Ok(());
        };
        if self.facts.pace.is_known() || !flight.crowded || !self.control.usable() {
            return Ok(());
        }
        let line = Line::with("SIZE", &flight.path)?;
        let reply = self.control.ask(line).map_err(unknown_outcome)?;
        if reply::size(&reply) != Some(told) {
            let command = &reply.command;
            self.facts.pace.objects(format!(
                "it told {told} bytes when `{command}` came early, and otherwise when it did not"
            ));
            *came = Came::default();
        }
        Ok(())
    }

    /// Whether a line that was refused when it came early is refused alone, too; else the server objects.
    pub(super) fn compare(&self, ahead: Ahead, reply: &Reply, came: &Came) {
        if let Some((_, code)) = came.doubted.filter(|(doubted, _)| *doubted == ahead) {
            self.compare_codes(code, reply);
        }
    }

    fn compare_codes(&self, early: u16, reply: &Reply) {
        if early != reply.code {
            self.facts
                .pace
                .contradicts(&reply.command, early, reply.code);
        }
    }

    /// A transfer that was broken off while lines waited behind it: a server that was not tested may have done so because of them.
    pub(super) fn suspect(&self, flight: &InFlight, reply: &Reply) {
        if flight.crowded && !self.facts.pace.is_known() {
            let (command, code) = (&flight.command, reply.code);
            self.facts.pace.objects(format!(
                "it broke `{command}` off with {code} while other lines waited"
            ));
        }
    }
}
