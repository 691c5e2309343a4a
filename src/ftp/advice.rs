//! The next thing to do where a server says no, or nothing: by what was asked of it, and by the code of its reply.
//!
//! Words are never judged, in whatever language: codes and commands are.

use super::breaker::Why;
use super::error::{Error, ErrorKind};

/// Commands that change something on a server.
const WRITES: [&str; 7] = ["STOR", "APPE", "MKD", "RNFR", "RNTO", "MFMT", "SITE"];

/// Commands that read files or folders.
const READS: [&str; 9] = [
    "RETR", "LIST", "MLSD", "NLST", "MLST", "CWD", "SIZE", "MDTM", "PWD",
];

/// The next thing to do about an error that its kind alone does not tell.
pub(super) fn of(error: &Error) -> &'static str {
    let command = error.command.as_deref().unwrap_or_default();
    let verb = command.split(' ').next().unwrap_or_default();
    match error.kind {
        ErrorKind::Interrupted(Why::StepTimeout) => {
            "give the step a longer `timeout`, or fewer files"
        }
        ErrorKind::Interrupted(Why::Interrupted) => "run again",
        ErrorKind::Greeting => {
            "check `host` and `port`; the server's owner knows why it takes nobody from here"
        }
        ErrorKind::Protocol if verb.is_empty() => {
            "check `host` and `port`: something else than FTP may listen there; with `tls: implicit`, a port that speaks in clear"
        }
        ErrorKind::Lost if verb.is_empty() => {
            "check `host` and `port`; where the port wants TLS from the first byte (990), set `tls: implicit`"
        }
        ErrorKind::Lost | ErrorKind::DataLost => {
            "run again; if it lasts, lower `connections`, and ask who runs the server or the firewall before it"
        }
        ErrorKind::UnknownOutcome => "run again: what stands there is looked at first",
        ErrorKind::NoRestart => "write `resume: false` in the transfer",
        ErrorKind::Protocol => {
            "run again; if it lasts, look with `ftpflow probe` at what the server answers, or set `ahead: off` for it"
        }
        _ => of_reply(verb, error.reply.as_ref().map(|reply| reply.code)),
    }
}

/// The next thing to do after a reply to a command.
fn of_reply(verb: &str, code: Option<u16>) -> &'static str {
    match (verb, code.unwrap_or_default()) {
        (_, 426) => "run again; if it lasts, look for what ends long connections on the way",
        (_, 400..=499) => "run again; if it lasts, the server's own log says what is amiss there",
        (_, 500..=504) => {
            "the server does not know this, or not in this form: `ftpflow probe` shows what it can do"
        }
        ("STOR" | "APPE" | "RNTO", 553) => {
            "the server does not take this name, or replaces no file: choose other names with `rename`, or ask who runs it"
        }
        ("DELE" | "RMD", _) => "ask who runs the server to let this `user` delete there",
        (verb, _) if WRITES.contains(&verb) => {
            "ask who runs the server to let this `user` write there, or choose another folder"
        }
        (verb, _) if READS.contains(&verb) => {
            "ask who runs the server to let this `user` read it, or leave it out"
        }
        _ => "ask who runs the server why it refuses this",
    }
}

#[cfg(test)]
mod tests {
    use super::super::error::Answer;
    use super::*;

    #[test]
    fn each_kind_of_error_and_reply_has_something_to_do() {
        for verb in ["", "STOR /a", "RETR /a", "SITE UMASK 022", "X"] {
            for code in 0..=600 {
                let mut error = Error::new(ErrorKind::Refused).command(verb.into());
                let text = String::new();
                error.reply = Some(Answer { code, text });
                assert!(
                    error.help().is_some_and(|help| help.len() > 20),
                    "{verb} {code}"
                );
            }
        }
    }

    #[test]
    fn what_may_not_be_written_and_what_may_not_be_read_differ() {
        let write = of_reply("STOR", Some(550));
        assert!(write.contains("write") && of_reply("RETR", Some(550)).contains("read"));
        assert_ne!(of_reply("STOR", Some(553)), write);
    }
}
