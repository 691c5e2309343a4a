//! The `servers:` entry that suits a server: what the manifest says, and what a probe taught.

use crate::endpoint::{DataMode, Endpoint, ListingMode, PasvAddress, Tls, TlsOptions, TlsVersion};
use crate::files::NameEncoding;
use crate::report::ProbeFound;

/// The lines of the entry, from its name on. The password is never written.
pub(super) fn entry(endpoint: &Endpoint, found: &ProbeFound) -> Vec<String> {
    let mut lines = vec![
        format!("{}:", scalar(&endpoint.name)),
        format!("  host: {}", scalar(&endpoint.host)),
    ];
    let usual = match endpoint.tls {
        Tls::Implicit(_) => 990,
        _ => 21,
    };
    if endpoint.port != usual {
        lines.push(format!("  port: {}", endpoint.port));
    }
    if endpoint.user != "anonymous" {
        lines.push(format!("  user: {}", scalar(&endpoint.user)));
        lines.push(format!(
            "  password: ${{env.{}_PASSWORD}}",
            variable(&endpoint.name)
        ));
    }
    lines.extend(tls(&endpoint.tls, found));
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
    lines
}

fn tls(tls: &Tls, found: &ProbeFound) -> Option<String> {
    let (mode, options) = match tls {
        Tls::Off if offers_tls(found) => return Some("  tls: explicit".into()),
        Tls::Off => return Some("  tls: off".into()),
        Tls::Explicit(options) => ("explicit", options),
        Tls::Implicit(options) => ("implicit", options),
    };
    let mut parts = vec![format!("mode: {mode}")];
    let TlsOptions {
        verify,
        ca_file,
        cert_file,
        key_file,
        server_name,
        min,
        max,
    } = options;
    if !verify {
        parts.push("verify: false".into());
    }
    let files = [
        ("ca_file", ca_file),
        ("cert_file", cert_file),
        ("key_file", key_file),
    ];
    for (key, file) in files {
        let file = file.as_ref().map(|file| file.to_string_lossy());
        parts.extend(file.map(|file| format!("{key}: {}", quoted(&file))));
    }
    let name = server_name.as_ref();
    parts.extend(name.map(|name| format!("server_name: {}", quoted(name))));
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

fn offers_tls(found: &ProbeFound) -> bool {
    found
        .features
        .iter()
        .any(|line| line.starts_with("AUTH") && line.contains("TLS"))
}

fn encoding(declared: NameEncoding, found: &ProbeFound) -> Option<String> {
    match (declared, found.encodings.as_slice()) {
        (NameEncoding::Declared(_), _) => Some(format!("  encoding: {}", declared.label())),
        (NameEncoding::Auto, []) => None,
        (NameEncoding::Auto, [only]) => Some(format!("  encoding: {only}")),
        (NameEncoding::Auto, [first, others @ ..]) => {
            Some(format!("  encoding: {first}  # or {}", others.join(", ")))
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
    }
}
