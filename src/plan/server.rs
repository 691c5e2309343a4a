//! `servers:` judged: one [`Endpoint`] a server, whole even where parts of it are wrong.

use std::sync::Arc;

use secrecy::SecretString;

use super::codes;
use super::context::Context;
use super::model::{PlanServer, SecretKey};
use super::names::check_name;
use super::server_parts::{data, limits, timeouts, tls};
use super::values;
use super::variables::Bound;
use crate::endpoint::{ClockOffset, Endpoint, ListingMode, PasvAddress, SendAhead, Tls};
use crate::files::NameEncoding;
use crate::manifest::{ENCODINGS, Finding, Path, model, suggest};

const ANONYMOUS: &str = "anonymous";

/// A server of the manifest. It is there even when parts of it are wrong, so that its name is known.
pub(super) struct ServerEntry {
    pub(super) path: Path,
    pub(super) endpoint: Endpoint,
    pub(super) password: SecretKey,
}

impl ServerEntry {
    /// The server as a plan knows it.
    pub(super) fn planned(&self) -> PlanServer {
        PlanServer {
            endpoint: Arc::new(self.endpoint.clone()),
            password: self.password,
        }
    }
}

/// All servers, in the order of the file.
pub(super) fn servers(context: &mut Context<'_>) -> Vec<ServerEntry> {
    let root = Path::root().key("servers");
    let manifest = context.manifest;
    let named = context.slot(&manifest.servers, || root.clone(), "a map of servers");
    let named = named.map(Vec::as_slice).unwrap_or_default();
    let mut entries = Vec::with_capacity(named.len());
    for (name, slot) in named {
        let path = root.key(name);
        check_server_name(context, name, &path);
        let nothing = model::Server::default();
        let is = context.slot(slot, || path.clone(), "a map that begins with `host: …`");
        let wrong = is.is_none();
        let written = is.unwrap_or(&nothing);
        if !wrong {
            context.unknown_keys::<model::Server>(&written.unknown, &path);
        }
        entries.push(server(context, name, written, path, wrong));
    }
    entries
}

fn check_server_name(context: &mut Context<'_>, name: &str, path: &Path) {
    if name != "local" {
        return check_name(context, name, path);
    }
    let place = context.key(path);
    context.report(
        Finding::error(
            codes::NAME_RESERVED,
            place,
            "`local` is this machine, and cannot be the name of a server",
            "reserved",
        )
        .help("give the server another name"),
    );
}

fn server(
    context: &mut Context<'_>,
    name: &str,
    written: &model::Server,
    path: Path,
    wrong: bool,
) -> ServerEntry {
    let host = host(context, written, &path, wrong);
    let tls = tls(context, written, &path);
    let usual = if matches!(tls, Tls::Implicit(_)) {
        990
    } else {
        21
    };
    let port = context.value(&written.port, &path, "port", values::port);
    let user = context.text(&written.user, &path, "user");
    if let Some(user) = &user {
        context.command_safe(user, || path.key("user"));
    }
    let user = user.unwrap_or_else(|| Bound::literal(ANONYMOUS));
    let password = password(context, written, &path, &user);
    clear_text(context, written, &path, host.as_ref());
    let endpoint = Endpoint {
        name: name.to_owned(),
        host: host.map(|host| host.text).unwrap_or_default(),
        port: port.unwrap_or(usual),
        user: user.text,
        tls,
        data: data(context, written, &path),
        pasv_address: pasv_address(context, written, &path),
        ahead: ahead(context, written, &path),
        encoding: encoding(context, written, &path),
        listing: listing(context, written, &path),
        connections: context
            .value(&written.connections, &path, "connections", |text| {
                values::number32(text, 1, 1000)
            })
            .unwrap_or(4),
        timeouts: timeouts(context, written, &path),
        clock_offset: clock_offset(context, written, &path),
        limits: limits(context, written, &path),
        hidden: false,
        directory: None,
        commands: Vec::new(),
    };
    ServerEntry {
        path,
        endpoint,
        password,
    }
}

fn host(
    context: &mut Context<'_>,
    written: &model::Server,
    path: &Path,
    wrong: bool,
) -> Option<Bound> {
    if written.host.is_absent() && !wrong {
        context.required(path, "host", "write `host: ftp.example.org`");
    }
    let mut host = context.text(&written.host, path, "host")?;
    if host.unknown {
        return Some(host);
    }
    // `[::1]` is how addresses of IPv6 are written in URLs, and means the address.
    let bare = host
        .text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    if let Some(bare) = bare {
        host.text = bare.to_owned();
    }
    let address = host.text.parse::<std::net::IpAddr>().is_ok();
    let help = if host.text.contains("://") {
        "write the name alone: the port is `port:`, encryption is `tls:`, the folder is a step's `path:`"
    } else if host.text.contains(':') && !address {
        "write the name alone, and the port as `port:`"
    } else if host.text.is_empty()
        || host
            .text
            .contains(|c: char| c.is_whitespace() || c.is_control() || "/@".contains(c))
    {
        "write a host name or an address, such as `ftp.example.org`"
    } else {
        return Some(host);
    };
    let message = "`host` is not the name or address of a machine";
    context.error(
        codes::SERVER_HOST,
        &path.key("host"),
        message,
        "not a host",
        help,
    );
    None
}

fn password(
    context: &mut Context<'_>,
    written: &model::Server,
    path: &Path,
    user: &Bound,
) -> SecretKey {
    let named = !written.user.is_absent();
    let anonymous = matches!(user.text.as_str(), ANONYMOUS | "ftp");
    let key = path.key("password");
    if written.password.is_absent() {
        if named && !anonymous && !user.unknown {
            no_password(context, path);
        }
        let public = SecretString::from(format!("{ANONYMOUS}@"));
        return context.secrets.password(public, false);
    }
    let Some(password) = context.text(&written.password, path, "password") else {
        return context.secrets.password(SecretString::default(), false);
    };
    context.command_safe(&password, || key.clone());
    if !named {
        let message = "a password without a user is sent as that of `anonymous`";
        let help = "add `user: …` beside it";
        context.error(
            codes::SERVER_ANONYMOUS_PASSWORD,
            &key,
            message,
            "whose password?",
            help,
        );
    }
    if !password.outside && !anonymous {
        literal_password(context, path);
    }
    for part in &password.parts {
        context.secrets.mask(SecretString::from(part.clone()));
    }
    let secret = !password.unknown && !anonymous;
    context
        .secrets
        .password(SecretString::from(password.text), secret)
}

fn no_password(context: &mut Context<'_>, path: &Path) {
    let place = context.key(&path.key("user"));
    let server = path.segments().last().map(|segment| match segment {
        crate::manifest::Segment::Key(name) => name.to_uppercase().replace('-', "_"),
        crate::manifest::Segment::Index(_) => String::new(),
    });
    // Shells take ASCII names only.
    let server = server.filter(|name| name.is_ascii());
    let variable = server.map_or("PASSWORD".to_owned(), |name| format!("{name}_PASSWORD"));
    context.report(
        Finding::error(
            codes::SERVER_NO_PASSWORD,
            place,
            "a user without a password",
            "needs `password`",
        )
        .help(format!("add `password: \"${{env.{variable}}}\"`")),
    );
}

fn literal_password(context: &mut Context<'_>, path: &Path) {
    // The place is the key's: the line is shown, and its value should not be what the eye is led to.
    let place = context.key(&path.key("password"));
    context.report(
        Finding::warning(
            codes::SERVER_LITERAL_PASSWORD,
            place,
            "the password stands in the manifest for all to read",
            "its value is written here",
        )
        .help("write `${env.NAME}`, or `${file.PATH}` for a mounted secret"),
    );
}

/// A password without TLS towards a host that is not local. Writing `tls: off` acknowledges it.
fn clear_text(
    context: &mut Context<'_>,
    written: &model::Server,
    path: &Path,
    host: Option<&Bound>,
) {
    let Some(host) = host.filter(|host| !host.unknown) else {
        return;
    };
    let secret = !written.password.is_absent() && !written.user.is_absent();
    if !secret || !written.tls.is_absent() || is_local(&host.text) {
        return;
    }
    let place = context.key(&path.key("password"));
    context.report(
        Finding::warning(
            codes::SERVER_CLEAR_TEXT,
            place,
            "the password travels in clear text to a host that is not local",
            "readable on the way",
        )
        .help("write `tls: explicit` if the server offers it, or `tls: off` if you mean it"),
    );
}

/// Loopback, private and link-local addresses, `localhost`, `*.local`, `*.internal`, names without a dot.
fn is_local(host: &str) -> bool {
    if let Ok(address) = host.parse::<std::net::IpAddr>() {
        return match address {
            std::net::IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
            std::net::IpAddr::V6(v6) => {
                v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local()
            }
        };
    }
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    !host.contains('.')
        || host.ends_with(".local")
        || host.ends_with(".internal")
        || host.ends_with(".localhost")
}

fn pasv_address(context: &mut Context<'_>, written: &model::Server, path: &Path) -> PasvAddress {
    let words = [
        ("control", PasvAddress::Control),
        ("reported", PasvAddress::Reported),
    ];
    context
        .value(&written.pasv_address, path, "pasv_address", |text| {
            values::word(text, &words)
        })
        .unwrap_or_default()
}

fn ahead(context: &mut Context<'_>, written: &model::Server, path: &Path) -> SendAhead {
    let words = [("auto", SendAhead::Auto), ("off", SendAhead::Off)];
    context
        .value(&written.ahead, path, "ahead", |text| {
            values::word(text, &words)
        })
        .unwrap_or_default()
}

fn listing(context: &mut Context<'_>, written: &model::Server, path: &Path) -> ListingMode {
    let words = [
        ("auto", ListingMode::Auto),
        ("mlsd", ListingMode::Mlsd),
        ("list", ListingMode::List),
        ("list-a", ListingMode::ListAll),
        ("nlst", ListingMode::Nlst),
    ];
    context
        .value(&written.listing, path, "listing", |text| {
            values::word(text, &words)
        })
        .unwrap_or_default()
}

fn encoding(context: &mut Context<'_>, written: &model::Server, path: &Path) -> NameEncoding {
    let read = |text: &str| {
        NameEncoding::for_label(text).ok_or_else(|| {
            let help = match suggest(text, ENCODINGS) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => {
                    "write `auto`, or a WHATWG label such as `gbk`, `shift_jis` or `windows-1252`"
                        .into()
                }
            };
            values::bad("an encoding of file names", help)
        })
    };
    context
        .value(&written.encoding, path, "encoding", read)
        .unwrap_or_default()
}

fn clock_offset(context: &mut Context<'_>, written: &model::Server, path: &Path) -> ClockOffset {
    let read = |text: &str| match text {
        "auto" => Ok(ClockOffset::Auto),
        zone => values::zone(zone).map(ClockOffset::Fixed),
    };
    context
        .value(&written.clock_offset, path, "clock_offset", read)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_hosts_are_told_from_others() {
        for host in [
            "localhost",
            "127.0.0.1",
            "10.1.2.3",
            "172.16.2.76",
            "192.168.0.1",
            "169.254.1.1",
            "::1",
            "fe80::1",
            "fd00::1",
            "nas",
            "nas.local",
            "ftp.corp.internal",
        ] {
            assert!(is_local(host), "{host}");
        }
        for host in [
            "example.org",
            "8.8.8.8",
            "172.32.0.1",
            "2001:db8::1",
            "local.example",
        ] {
            assert!(!is_local(host), "{host}");
        }
    }
}
