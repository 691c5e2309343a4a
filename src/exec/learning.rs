//! What sessions have learned of their servers, and what is told of it.

use super::shared::Shared;
use crate::endpoint::PasvAddress;
use crate::files::ServerId;
use crate::transfer::Facts;

impl Shared {
    /// What is known of a server.
    pub(super) fn facts(&self, server: ServerId) -> &Facts {
        &self.facts[server.at()]
    }

    /// Takes in what a session has learned of its server.
    pub(super) fn learn(&mut self, server: ServerId, learned: &Facts) {
        let facts = &mut self.facts[server.at()];
        let news = learned.tls12_only && !facts.tls12_only;
        let endpoint = &self.plan.server(server).endpoint;
        let elsewhere = learned.pasv_elsewhere
            && !facts.pasv_elsewhere
            && endpoint.pasv_address == PasvAddress::Control;
        facts.merge(learned);
        let slow = facts.pace.news().map(str::to_owned);
        if elsewhere {
            let server = endpoint.name.clone();
            let text = "reports another address than its own for data connections (PASV), as behind NAT: they go to its own (`pasv_address: reported` trusts the report)";
            self.warn_server(&server, text.into());
        }
        if let Some(why) = slow {
            let server = self.plan.server(server).endpoint.name.clone();
            let text = format!(
                "is sent one command at a time from here on, since {why} (`ahead: off` begins with it)"
            );
            self.warn_server(&server, text);
        }
        if news {
            let server = self.plan.server(server).endpoint.name.clone();
            let text = "sends no further TLS 1.3 tickets for data connections to resume: TLS 1.2 from here on (`tls: {max: 1.2}` begins with it)";
            self.warn_server(&server, text.into());
        }
    }

    /// How often servers have spoken against lines that were sent ahead.
    pub(super) fn doubts(&self) -> u32 {
        self.facts.iter().map(|facts| facts.pace.doubts()).sum()
    }
}
