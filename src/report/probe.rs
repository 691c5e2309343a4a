//! What `ftpflow probe` shows: a sheet for each server, for people or as JSON, and the `servers:` entry that suits it.

use std::io::{self, Write};

use serde::Serialize;

use super::json_text;
use super::masked::mask_failure;
use super::paint::{Paint, Tone};
use super::redact::Redactor;
use super::text;
use crate::event::Failure;

/// What was found about all servers asked for.
#[derive(Debug, Serialize)]
pub struct ProbeReport {
    /// The version of this format: 1.
    pub version: u32,
    /// One sheet a server.
    pub servers: Vec<ProbeSheet>,
}

/// What was found about one server.
#[derive(Debug, Default, Serialize)]
pub struct ProbeSheet {
    /// Its name in the manifest.
    pub name: String,
    /// `host:port`
    pub address: String,
    /// Why nothing, or no more, was found.
    pub failure: Option<Failure>,
    /// What was.
    #[serde(flatten)]
    pub found: Option<ProbeFound>,
}

/// What a server showed.
#[derive(Debug, Default, Serialize)]
pub struct ProbeFound {
    /// The greeting.
    pub greeting: String,
    /// The reply to SYST.
    pub system: Option<String>,
    /// The lines of the reply to FEAT.
    pub features: Vec<String>,
    /// The folder where a login begins.
    pub home: Option<String>,
    /// `1.2` or `1.3`; none in clear text.
    pub tls: Option<&'static str>,
    /// Whether the certificate is verified.
    pub tls_verified: Option<bool>,
    /// Whether data connections resume the TLS session; none where there was no data connection.
    pub tls_resumes: Option<bool>,
    /// Whether the tickets of TLS 1.3 ran out, so that TLS 1.2 was taken.
    pub tls_ran_dry: bool,
    /// Whether AUTH TLS is announced.
    pub auth_tls: bool,
    /// Whether a login in clear text could have been one under TLS; none where the server does not announce it.
    pub tls_offer: Option<bool>,
    /// Why TLS was announced in vain.
    pub tls_problem: Option<String>,
    /// Whether EPSV gives a port that can be reached.
    pub epsv: bool,
    /// The address in the reply to PASV.
    pub pasv: Option<String>,
    /// Whether that is not the server's own address.
    pub pasv_elsewhere: bool,
    /// Whether commands are sent ahead of answers, and why.
    pub ahead: String,
    /// Whether MLSD works.
    pub mlsd: bool,
    /// Entries in the folder where a login begins.
    pub entries: usize,
    /// Why that listing is not whole.
    pub incomplete: Option<String>,
    /// Why there is no listing at all.
    pub listing_problem: Option<String>,
    /// Whether REST works.
    pub rest: bool,
    /// Whether MDTM is offered.
    pub mdtm: bool,
    /// Whether MFMT is offered.
    pub mfmt: bool,
    /// Commands that compute checksums.
    pub checksums: Vec<String>,
    /// Seconds between LIST times and UTC, where found.
    pub clock_offset: Option<i32>,
    /// Whether UTF8 is announced.
    pub utf8: bool,
    /// Names that are no text: no UTF-8, or not in the encoding that the manifest declares.
    pub odd_names: usize,
    /// The encodings under which they can all be read.
    pub encodings: Vec<String>,
    /// The first of these names as it reads in each of them.
    pub readings: Vec<String>,
    /// How many sessions were open at once, and why no more.
    pub sessions: u32,
    /// How many were tried.
    pub sessions_tried: u32,
    /// What the server said to the first one too many.
    pub sessions_refusal: Option<String>,
    /// The lines of the `servers:` entry that suits it.
    pub entry: Vec<String>,
}

impl ProbeReport {
    /// Masks what servers, errors and the manifest brought; keys and words of ours stay.
    pub fn mask(&mut self, redactor: &Redactor) {
        for sheet in &mut self.servers {
            sheet.mask(redactor);
        }
    }

    /// As JSON, one document.
    ///
    /// # Errors
    /// The writer's.
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        json_text::pretty(out, self)?;
        writeln!(out)
    }

    /// For people.
    ///
    /// # Errors
    /// The writer's.
    pub fn write_human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        for (at, sheet) in self.servers.iter().enumerate() {
            if at > 0 {
                writeln!(out)?;
            }
            sheet.write(out, paint)?;
        }
        Ok(())
    }
}

impl ProbeSheet {
    fn mask(&mut self, redactor: &Redactor) {
        self.name = redactor.wording(&self.name).into_owned();
        self.address = redactor.wording(&self.address).into_owned();
        if let Some(failure) = &mut self.failure {
            mask_failure(failure, redactor);
        }
        let Some(found) = &mut self.found else {
            return;
        };
        for line in &mut found.entry {
            *line = redactor.wording(line).into_owned();
        }
        let single = [
            &mut found.system,
            &mut found.home,
            &mut found.tls_problem,
            &mut found.pasv,
            &mut found.incomplete,
            &mut found.listing_problem,
            &mut found.sessions_refusal,
        ];
        let several = [
            &mut found.features,
            &mut found.checksums,
            &mut found.readings,
        ];
        let always = [&mut found.greeting, &mut found.ahead];
        let all = single.into_iter().flatten().chain(always);
        for text in all.chain(several.into_iter().flatten()) {
            *text = redactor.text(text).into_owned();
        }
    }

    fn write(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let name = text::escape(&self.name);
        let address = text::escape(&self.address);
        writeln!(out, "{} {address}", paint.tone(Tone::Strong, name))?;
        if let Some(found) = &self.found {
            for (label, value) in found.rows() {
                let value = text::escape(&value);
                writeln!(
                    out,
                    "  {} {value}",
                    paint.tone(Tone::Faint, format!("{label:<10}"))
                )?;
            }
            writeln!(out, "\n  the entry that suits it:\n\nservers:")?;
            for line in &found.entry {
                writeln!(out, "  {}", text::escape(line))?;
            }
        }
        if let Some(failure) = &self.failure {
            let reply = match (failure.code, &failure.reply) {
                (Some(code), Some(reply)) => format!(": {code} {reply}"),
                _ => String::new(),
            };
            let message = format!("{}{reply}", failure.message);
            let message = text::escape(&message);
            writeln!(out, "  {} {message}", paint.tone(Tone::Bad, "error:"))?;
            if let Some(help) = &failure.help {
                writeln!(
                    out,
                    "  {} {}",
                    paint.tone(Tone::Cool, " help:"),
                    text::escape(help)
                )?;
            }
        }
        Ok(())
    }
}

impl ProbeFound {
    fn rows(&self) -> Vec<(&'static str, String)> {
        let mut rows = vec![("greeting", self.greeting.clone())];
        rows.extend(self.system.clone().map(|system| ("system", system)));
        rows.extend(self.home.clone().map(|home| ("home", home)));
        rows.push(("TLS", self.tls_row()));
        rows.push(("passive", self.passive_row()));
        rows.push(("commands", self.ahead.clone()));
        rows.push(("listings", self.listing_row()));
        rows.push((
            "restart",
            yes(self.rest, "REST", "no REST: downloads begin again").into(),
        ));
        rows.push(("times", self.times_row()));
        let checksums = match self.checksums.as_slice() {
            [] => "no command".to_owned(),
            commands => commands.join(", "),
        };
        rows.push(("checksums", checksums));
        rows.push(("names", self.names_row()));
        rows.push(("sessions", self.sessions_row()));
        if !self.features.is_empty() {
            rows.push(("features", self.features.join(" · ")));
        }
        rows
    }

    fn tls_row(&self) -> String {
        let Some(version) = self.tls else {
            return self.clear_row();
        };
        let verified = match self.tls_verified {
            Some(false) => ", the certificate is not verified",
            _ => "",
        };
        let resumes = match self.tls_resumes {
            Some(true) => ", data connections resume the session",
            Some(false) => ", data connections begin sessions of their own",
            None => "",
        };
        format!("{version}{verified}{resumes}")
    }

    fn clear_row(&self) -> String {
        match (self.tls_offer, &self.tls_problem) {
            (Some(true), _) => "not used, though the server offers it".into(),
            (_, Some(problem)) => format!("not used; announced, but {problem}"),
            _ => "not offered: all goes in clear text".into(),
        }
    }

    fn passive_row(&self) -> String {
        let epsv = yes(self.epsv, "EPSV", "no EPSV");
        match &self.pasv {
            None => format!("{epsv}, no PASV"),
            Some(address) if self.pasv_elsewhere => {
                format!("{epsv}, PASV reports {address}, which is not the server's own address")
            }
            Some(address) => format!("{epsv}, PASV reports {address}"),
        }
    }

    fn listing_row(&self) -> String {
        if let Some(problem) = &self.listing_problem {
            return format!("failed: {problem}");
        }
        let command = yes(self.mlsd, "MLSD", "LIST");
        let zone = match (self.mlsd, self.clock_offset) {
            (true, _) => String::new(),
            (false, Some(offset)) => format!(", times at {}", zone(offset)),
            (false, None) => ", zone not found".into(),
        };
        let reason = self.incomplete.as_deref();
        let incomplete = reason.map_or(String::new(), |reason| format!(", incomplete: {reason}"));
        let entries = text::counted(self.entries as u64, "name");
        format!("{command}{zone}, {entries} at home{incomplete}")
    }

    fn times_row(&self) -> String {
        let told = yes(self.mdtm, "MDTM", "no MDTM");
        let set = yes(
            self.mfmt,
            "MFMT",
            "no MFMT: files get the time of their arrival",
        );
        format!("{told}, {set}")
    }

    fn names_row(&self) -> String {
        let announced = yes(self.utf8, "UTF-8 announced", "UTF-8 not announced");
        match (self.odd_names, self.encodings.as_slice()) {
            (0, _) => announced.into(),
            (odd, []) => {
                let names = text::counted(odd as u64, "name");
                format!("{announced}, {names} in no encoding that is known")
            }
            (odd, labels) => {
                let names = text::counted(odd as u64, "name");
                let read = labels.iter().zip(&self.readings);
                let read: Vec<String> = read
                    .map(|(label, name)| format!("{label} (`{name}`)"))
                    .collect();
                format!("{announced}, {names} that could be {}", read.join(" or "))
            }
        }
    }

    fn sessions_row(&self) -> String {
        match &self.sessions_refusal {
            Some(reason) => format!("{} at once, then {reason}", self.sessions),
            None if self.sessions_tried > 1 => {
                format!("{} at once, all that were tried", self.sessions)
            }
            None => "1 tried; `--sessions N` tries more".into(),
        }
    }
}

/// A zone as `clock_offset` is written: `+05:30`.
fn zone(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

fn yes(known: bool, then: &'static str, otherwise: &'static str) -> &'static str {
    if known { then } else { otherwise }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_read_as_the_manifest_writes_them() {
        assert_eq!(zone(19_800), "+05:30");
        assert_eq!(zone(-34_200), "-09:30");
        assert_eq!(zone(0), "+00:00");
    }
}
