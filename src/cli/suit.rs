//! The `servers:` entry that suits a server: what the manifest says, and what a probe taught.
//!
//! What the manifest declares is kept in its own words. What the probe only guesses stands in a comment: a wrong
//! encoding or clear text would do harm without a word.

use crate::endpoint::{
    DataMode, Endpoint, ListingMode, PasvAddress, SendAhead, Tls, TlsOptions, TlsVersion,
};
use crate::files::NameEncoding;
use crate::manifest::model::{Server, Tls as WrittenTls};
use crate::manifest::{Slot, WordOr};
use crate::report::ProbeFound;

/// The lines of the entry, from its name on. A password is written only as a reference to where it is.
pub(super) fn entry(endpoint: &Endpoint, written: &Server, found: &ProbeFound) -> Vec<String> {
    let mut lines = vec![
        format!("{}:", scalar(&endpoint.name)),
        format!("  host: {}", kept(&written.host, &endpoint.host)),
    ];
    let usual = match endpoint.tls {
        Tls::Implicit(_) => 990,
        _ => 21,
    };
    if endpoint.port != usual {
        lines.push(format!("  port: {}", endpoint.port));
    }
    if endpoint.user != "anonymous" {
        lines.push(format!("  user: {}", kept(&written.user, &endpoint.user)));
        lines.push(format!("  password: {}", password(endpoint, written)));
    }
    lines.extend(tls(endpoint, written, found));
    if let DataMode::Active { ports, address } = &endpoint.data {
        let ports = ports.map(|(first, last)| format!(", ports: {first}-{last}"));
        let address = address.map(|address| format!(", address: \"{address}\""));
        lines.push(format!(
            "  data: {{mode: active{}{}}}",
            ports.unwrap_or_default(),
            address.unwrap_or_default()
        ));
    }
    if endpoint.pasv_address == PasvAddress::Reported {
        lines.push("  pasv_address: reported".into());
    }
    if endpoint.ahead == SendAhead::Off {
        lines.push("  ahead: off".into());
    }
    lines.extend(encoding(endpoint.encoding, found));
    let listing = match endpoint.listing {
        ListingMode::Auto => None,
        ListingMode::Mlsd => Some("mlsd"),
        ListingMode::List => Some("list"),
        ListingMode::ListAll => Some("list-a"),
        ListingMode::Nlst => Some("nlst"),
    };
    lines.extend(listing.map(|listing| format!("  listing: {listing}")));
    lines.push(format!("  connections: {}", connections(endpoint, found)));
    lines.extend(timeouts(written));
    let offset = written.clock_offset.get();
    lines.extend(offset.map(|offset| format!("  clock_offset: {}", as_written(offset))));
    lines.extend(limits(written));
    lines
}

/// Where the manifest takes the password from; one that stands in it is not repeated.
fn password(endpoint: &Endpoint, written: &Server) -> String {
    let text = written.password.get().filter(|text| is_reference(text));
    match text {
        Some(text) => text.clone(),
        None => format!("${{env.{}_PASSWORD}}", variable(&endpoint.name)),
    }
}

/// Whether a text is one `${…}` and nothing else.
fn is_reference(text: &str) -> bool {
    let name = text
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'));
    name.is_some_and(|name| {
        name.chars()
            .all(|c| c.is_alphanumeric() || "._-/".contains(c))
    })
}

fn timeouts(written: &Server) -> Option<String> {
    let map = written.timeouts.get()?;
    let times = [
        ("connect", &map.connect),
        ("reply", &map.reply),
        ("data", &map.data),
        ("final_reply", &map.final_reply),
    ];
    map_line("timeouts", &times)
}

fn limits(written: &Server) -> Option<String> {
    let map = written.limits.get()?;
    map_line(
        "limits",
        &[("entries", &map.entries), ("folders", &map.folders)],
    )
}

/// What is set of a map, in one line.
fn map_line(key: &str, fields: &[(&str, &Slot<String>)]) -> Option<String> {
    let set: Vec<String> = fields
        .iter()
        .filter_map(|(key, text)| Some(format!("{key}: {}", as_written(text.get()?))))
        .collect();
    (!set.is_empty()).then(|| format!("  {key}: {{{}}}", set.join(", ")))
}

fn tls(endpoint: &Endpoint, written: &Server, found: &ProbeFound) -> Option<String> {
    let (mode, options) = match &endpoint.tls {
        Tls::Off if found.tls_offer == Some(true) => return Some("  tls: explicit".into()),
        Tls::Off => return clear(written, found),
        Tls::Explicit(options) => ("explicit", options),
        Tls::Implicit(options) => ("implicit", options),
    };
    let nothing = WrittenTls::default();
    let map = match written.tls.get() {
        Some(WordOr::Map(map)) => map,
        _ => &nothing,
    };
    let mut parts = vec![format!("mode: {mode}")];
    let TlsOptions {
        verify, min, max, ..
    } = options;
    if !verify {
        parts.push("verify: false".into());
    }
    let texts = [
        ("ca_file", &map.ca_file),
        ("cert_file", &map.cert_file),
        ("key_file", &map.key_file),
        ("server_name", &map.server_name),
    ];
    for (key, text) in texts {
        parts.extend(
            text.get()
                .map(|text| format!("{key}: {}", as_written(text))),
        );
    }
    parts.extend(min.map(|min| format!("min: {}", version(min))));
    // Begun with TLS 1.2, a session need not be begun anew when the tickets of 1.3 run out.
    let max = if found.tls_ran_dry {
        Some(TlsVersion::V12)
    } else {
        *max
    };
    parts.extend(max.map(|max| format!("max: {}", version(max))));
    Some(match parts.as_slice() {
        [_] => format!("  tls: {mode}"),
        parts => format!("  tls: {{{}}}", parts.join(", ")),
    })
}

/// Clear text is written only where the manifest says so, or the server offers nothing else.
fn clear(written: &Server, found: &ProbeFound) -> Option<String> {
    match &found.tls_problem {
        Some(problem) if written.tls.is_absent() => Some(format!(
            "  # tls: explicit  # the server offers it, but {problem}"
        )),
        _ => Some("  tls: off".into()),
    }
}

/// A guess is never set: any bytes of a single-byte encoding read as text in several others.
fn encoding(declared: NameEncoding, found: &ProbeFound) -> Option<String> {
    match (declared, found.encodings.as_slice()) {
        (NameEncoding::Declared(_), _) => Some(format!("  encoding: {}", declared.label())),
        (NameEncoding::Auto, []) => None,
        (NameEncoding::Auto, [first, others @ ..]) => {
            let others = match others {
                [] => String::new(),
                others => format!("or {}: ", others.join(", ")),
            };
            Some(format!(
                "  # encoding: {first}  # {others}look at the names above"
            ))
        }
    }
}

fn connections(endpoint: &Endpoint, found: &ProbeFound) -> u32 {
    match &found.sessions_refusal {
        Some(_) => found.sessions,
        None => endpoint.connections.max(found.sessions),
    }
}

fn version(version: TlsVersion) -> &'static str {
    match version {
        TlsVersion::V12 => "1.2",
        TlsVersion::V13 => "1.3",
    }
}

/// A name of an environment variable.
fn variable(name: &str) -> String {
    name.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_uppercase()
            } else {
                '_'
            }
        })
        .collect()
}

/// What the manifest writes where that names a variable, else the value.
fn kept(written: &Slot<String>, value: &str) -> String {
    match written.get() {
        Some(text) if text.contains("${") => as_written(text),
        _ => scalar(value),
    }
}

/// The manifest's own text, with its variables and its `$$`.
fn as_written(text: &str) -> String {
    match text.contains('$') {
        true => serde_json::Value::from(text).to_string(),
        false => scalar(text),
    }
}

/// A text as YAML takes it: as it is where it can be nothing else, otherwise in quotes.
fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "._-/".contains(c);
    let begins = text.chars().next().is_some_and(char::is_alphanumeric);
    if begins && text.chars().all(plain) {
        text.to_owned()
    } else {
        quoted(text)
    }
}

/// Text in double quotes: JSON's are YAML's. `${` would begin a variable.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text.replace("${", "$${")).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_yaml_would_take_for_something_else_are_quoted() {
        assert_eq!(scalar("ftp.example.org"), "ftp.example.org");
        assert_eq!(scalar("::1"), "\"::1\"");
        assert_eq!(scalar("a: b"), "\"a: b\"");
        assert_eq!(scalar("${x}"), "\"$${x}\"");
        assert_eq!(variable("版本-a"), "___A");
        assert_eq!(as_written("${env.A}/ca.pem"), "\"${env.A}/ca.pem\"");
        assert_eq!(as_written("+05:30"), "\"+05:30\"");
    }

    #[test]
    fn only_a_reference_to_a_password_is_repeated() {
        assert!(is_reference("${env.FTP_PASS}") && is_reference("${file.secrets/pass}"));
        assert!(
            !is_reference("hush")
                && !is_reference("${env.A}hush")
                && !is_reference("${env.A}${env.B}")
        );
    }
}
