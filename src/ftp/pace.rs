//! Whether a server bears lines that reach it before it has answered those that came before.
//!
//! RFC 959 §5.4 has the user wait for each reply. Most servers read one line after the other all the same, so that several
//! may go out in one write; others lose, refuse or answer out of turn what comes early (aioftp, Twisted, ftp-srv). So a
//! server gets one line at a time until it has shown that it bears more, and again from the first sign that it does not.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

/// Servers that were tested with all that is sent ahead, by what stands in their greetings as they come.
const TESTED: [(&str, &str); 4] = [
    ("(vsFTPd", "vsftpd"),
    ("ProFTPD", "ProFTPD"),
    ("Pure-FTPd", "Pure-FTPd"),
    ("pyftpdlib", "pyftpdlib"),
];

/// How often a session may be lost with lines under way on a server that has borne them before: networks break, too.
const LOSSES: u32 = 3;

/// What one server was seen to bear. All its sessions share it: a clone is the same one.
#[derive(Debug, Clone, Default)]
pub struct Pace(Arc<State>);

#[derive(Debug, Default)]
struct State {
    stage: AtomicU8,
    losses: AtomicU32,
    doubts: AtomicU32,
    told: AtomicBool,
    /// Why it is refused.
    why: OnceLock<String>,
}

/// How far a server is trusted with lines before its answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Stage {
    /// Nothing was tried.
    Untried,
    /// Harmless pairs were answered as owed: questions go out together, SIZE behind a transfer.
    Paired,
    /// A line behind a transfer was answered as owed, too.
    Proven,
    /// It is one of those that were tested.
    Known,
    /// It objected.
    Refused,
    /// The manifest says `ahead: off`.
    Off,
}

const STAGES: [Stage; 6] = [
    Stage::Untried,
    Stage::Paired,
    Stage::Proven,
    Stage::Known,
    Stage::Refused,
    Stage::Off,
];

impl Pace {
    /// One line at a time from now on, whatever the server bears.
    pub(super) fn switch_off(&self) {
        self.rise(Stage::Off);
    }

    /// How far the server is trusted.
    pub fn stage(&self) -> Stage {
        let stage = usize::from(self.0.stage.load(Ordering::Relaxed));
        STAGES.get(stage).copied().unwrap_or(Stage::Refused)
    }

    /// Whether lines may go out before an answer at all.
    pub fn bears(&self) -> bool {
        matches!(self.stage(), Stage::Paired | Stage::Proven | Stage::Known)
    }

    /// Whether lines that change something, too.
    pub(super) fn bears_changes(&self) -> bool {
        matches!(self.stage(), Stage::Proven | Stage::Known)
    }

    /// Whether it is one of the servers that were tested, so that its refusals need no second look.
    pub(super) fn is_known(&self) -> bool {
        self.stage() == Stage::Known
    }

    /// How often something was learned of how to talk to it: whoever failed meanwhile may owe it to that.
    pub fn doubts(&self) -> u32 {
        self.0.doubts.load(Ordering::Relaxed)
    }

    /// Something was learned from a failure by which the next try is made otherwise.
    pub(super) fn excuse(&self) {
        self.0.doubts.fetch_add(1, Ordering::Relaxed);
    }

    /// Why it gets one line at a time, once it has objected.
    pub fn objection(&self) -> Option<&str> {
        self.0.why.get().map(String::as_str)
    }

    /// The same, the first time that somebody asks.
    pub fn news(&self) -> Option<&str> {
        let why = self.objection()?;
        (!self.0.told.swap(true, Ordering::Relaxed)).then_some(why)
    }

    /// The tested server that a greeting names.
    pub fn named(greeting: &str) -> Option<&'static str> {
        let named = TESTED.iter().find(|(mark, _)| greeting.contains(mark));
        named.map(|(_, name)| *name)
    }

    /// How lines are sent, and why: for `probe`.
    pub fn words(&self, greeting: &str) -> String {
        match self.stage() {
            Stage::Off => "one at a time, as the manifest says".into(),
            Stage::Refused => {
                let why = self.objection().unwrap_or_default();
                format!("one at a time, since {why}")
            }
            Stage::Known => {
                let name = Pace::named(greeting).unwrap_or_default();
                format!("ahead of answers: its greeting names {name}, which was tested")
            }
            Stage::Untried => "one at a time: nothing was tried".into(),
            Stage::Paired | Stage::Proven => {
                "ahead of answers, as far as it shows that it bears it: pairs were answered as owed"
                    .into()
            }
        }
    }

    /// Takes note of the server that a greeting names, if it was tested.
    pub fn greeted(&self, greeting: &str) {
        if Pace::named(greeting).is_some() {
            self.rise(Stage::Known);
        }
    }

    /// Takes in what another session of the same server has learned, where it was not opened with this.
    pub(super) fn merge(&self, other: &Pace) {
        if Arc::ptr_eq(&self.0, &other.0) {
            return;
        }
        match other.stage() {
            Stage::Refused => self.objects(other.objection().unwrap_or_default().to_owned()),
            stage @ (Stage::Paired | Stage::Proven | Stage::Known) => self.rise(stage),
            Stage::Untried | Stage::Off => {}
        }
    }

    /// The server has shown more than it had.
    pub(super) fn rise(&self, to: Stage) {
        // An objection and the manifest's word stand above all of these.
        self.0.stage.fetch_max(to as u8, Ordering::Relaxed);
    }

    /// The server has answered a line behind a transfer as owed.
    pub(super) fn prove(&self) {
        if self.stage() == Stage::Paired {
            self.rise(Stage::Proven);
        }
    }

    /// The server does not bear it. The first reason is the one that is told.
    pub(super) fn objects(&self, why: String) {
        if self.stage() >= Stage::Refused {
            return;
        }
        let _ = self.0.why.set(why);
        self.excuse();
        self.rise(Stage::Refused);
    }

    /// It has answered a line otherwise when that came early than when it came alone.
    pub(super) fn contradicts(&self, command: &str, early: u16, alone: u16) {
        self.objects(format!(
            "it answered `{command}` with {early} when it came early, and with {alone} when it did not"
        ));
    }

    /// A session was lost, or fell silent, while lines were under way that had been sent ahead.
    pub(super) fn lost(&self, why: String) {
        let allowed = match self.stage() {
            Stage::Proven => LOSSES,
            Stage::Paired | Stage::Untried => 1,
            // Those were seen to bear it: what breaks there is the network.
            Stage::Known | Stage::Refused | Stage::Off => return,
        };
        if self.0.losses.fetch_add(1, Ordering::Relaxed) + 1 >= allowed {
            return self.objects(why);
        }
        self.excuse();
    }
}

impl PartialEq for Pace {
    fn eq(&self, other: &Pace) -> bool {
        self.stage() == other.stage()
    }
}

impl Eq for Pace {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outlasts_an_objection() {
        let pace = Pace::default();
        assert!(!pace.bears());
        pace.rise(Stage::Paired);
        assert!(pace.bears() && !pace.bears_changes());
        pace.prove();
        assert!(pace.bears_changes());
        pace.objects("first".into());
        pace.objects("second".into());
        pace.rise(Stage::Known);
        assert_eq!((pace.stage(), pace.doubts()), (Stage::Refused, 1));
        assert_eq!((pace.news(), pace.news()), (Some("first"), None));
    }

    #[test]
    fn sessions_of_one_server_share_it() {
        let pace = Pace::default();
        pace.clone().objects("lost".into());
        assert_eq!(pace.stage(), Stage::Refused);
    }

    #[test]
    fn a_server_that_has_borne_lines_may_be_lost_a_few_times() {
        let pace = Pace::default();
        pace.rise(Stage::Proven);
        for doubts in 1..=3 {
            assert!(pace.bears(), "{doubts}");
            pace.lost("lost".into());
            assert_eq!(pace.doubts(), doubts);
        }
        assert_eq!(pace.stage(), Stage::Refused);
        let known = Pace::default();
        known.rise(Stage::Known);
        (0..9).for_each(|_| known.lost("lost".into()));
        assert_eq!((known.stage(), known.doubts()), (Stage::Known, 0));
    }

    #[test]
    fn the_manifest_has_the_last_word() {
        let pace = Pace::default();
        pace.switch_off();
        pace.rise(Stage::Known);
        pace.objects("lost".into());
        assert_eq!((pace.stage(), pace.objection()), (Stage::Off, None));
    }

    #[test]
    fn tested_servers_are_known_by_their_greetings() {
        assert_eq!(Pace::named("220 (vsFTPd 3.0.5)"), Some("vsftpd"));
        assert_eq!(
            Pace::named("220-FileZilla Server 1.8\n220 Please visit"),
            None
        );
    }
}
