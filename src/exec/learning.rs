//! What sessions have learned of their servers, and what is told of it.

use super::shared::Shared;
use crate::endpoint::PasvAddress;
use crate::files::ServerId;
use crate::transfer::Facts;

/// Said of a server, once.
const PASV_ELSEWHERE: &str = "reports another address than its own for data connections (PASV), as behind NAT: they go to its own (`pasv_address: reported` trusts the report)";
/// The same.
const TLS12_ONLY: &str = "sends no further TLS 1.3 tickets for data connections to resume: TLS 1.2 from here on (`tls: {max: 1.2}` begins with it)";
/// The same.
const NO_LIST_ALL: &str =
    "has neither MLSD nor `LIST -a`: names with a leading dot may be missing from its lists";

impl Shared {
    /// What is known of a server.
    pub(super) fn facts(&self, server: ServerId) -> &Facts {
        &self.facts[server.at()]
    }

    /// Takes in what a session has learned of its server.
    pub(super) fn learn(&mut self, server: ServerId, learned: &Facts) {
        let endpoint = &self.plan.server(server).endpoint;
        let name = endpoint.name.clone();
        let trusts = endpoint.pasv_address == PasvAddress::Reported;
        let facts = &mut self.facts[server.at()];
        let mut news: Vec<String> = Vec::new();
        if learned.pasv_elsewhere && !facts.pasv_elsewhere && !trusts {
            news.push(PASV_ELSEWHERE.into());
        }
        if learned.tls12_only && !facts.tls12_only {
            news.push(TLS12_ONLY.into());
        }
        if learned.list_all_unusable && !facts.list_all_unusable {
            news.push(NO_LIST_ALL.into());
        }
        if facts.misread.is_none() {
            news.extend(learned.misread.clone());
        }
        facts.merge(learned);
        news.extend(facts.pace.news().map(|why| {
            format!("is sent one command at a time from here on, since {why} (`ahead: off` begins with it)")
        }));
        for text in news {
            self.warn_server(&name, text);
        }
    }

    /// How often servers have spoken against lines that were sent ahead.
    pub(super) fn doubts(&self) -> u32 {
        self.facts.iter().map(|facts| facts.pace.doubts()).sum()
    }
}
