//! The parts of a server that can be maps: `tls`, `data`, `timeouts`, `limits`.

use std::net::IpAddr;
use std::path::PathBuf;

use super::codes;
use super::context::Context;
use super::values::{self, bad};
use crate::endpoint::{DataMode, Timeouts, Tls, TlsOptions, TlsVersion};
use crate::files::Limits;
use crate::manifest::{Path, Slot, WordOr, model};

/// A listing's names have at most 4 GiB.
const MOST_ENTRIES: u64 = 50_000_000;

/// The word of `tls`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TlsMode {
    Off,
    Explicit,
    Implicit,
}

/// `tls:` a word or a map.
pub(super) fn tls(context: &mut Context<'_>, written: &model::Server, path: &Path) -> Tls {
    let at = path.key("tls");
    let wanted = "`off`, `explicit`, `implicit` or a map";
    match context.slot(&written.tls, || at.clone(), wanted) {
        None => Tls::Off,
        Some(WordOr::Word(word)) => {
            let bound = context.bind(word, || at.clone());
            let mode = context.read(&bound, || at, tls_mode);
            with_options(mode.unwrap_or(TlsMode::Off), TlsOptions::default())
        }
        Some(WordOr::Map(map)) => {
            context.unknown_keys::<model::Tls>(&map.unknown, &at);
            if map.mode.is_absent() {
                context.required(&at, "mode", "write `mode: explicit` or `mode: implicit`");
            }
            let mode = context.value(&map.mode, &at, "mode", tls_mode);
            let options = tls_options(context, map, &at);
            with_options(mode.unwrap_or(TlsMode::Explicit), options)
        }
    }
}

fn tls_mode(text: &str) -> Result<TlsMode, values::BadValue> {
    let words = [
        ("off", TlsMode::Off),
        ("explicit", TlsMode::Explicit),
        ("implicit", TlsMode::Implicit),
    ];
    match text {
        "false" => Ok(TlsMode::Off),
        "true" => Err(bad(
            "`off`, `explicit` or `implicit`",
            "write `explicit` (AUTH TLS on port 21), or `implicit` (TLS from the first byte, port 990)",
        )),
        _ => values::word(text, &words),
    }
}

fn with_options(mode: TlsMode, options: TlsOptions) -> Tls {
    match mode {
        TlsMode::Off => Tls::Off,
        TlsMode::Explicit => Tls::Explicit(options),
        TlsMode::Implicit => Tls::Implicit(options),
    }
}

fn tls_options(context: &mut Context<'_>, map: &model::Tls, at: &Path) -> TlsOptions {
    if map.cert_file.is_absent() != map.key_file.is_absent() {
        let (there, missing) = if map.key_file.is_absent() {
            ("cert_file", "key_file")
        } else {
            ("key_file", "cert_file")
        };
        let help = format!("`{there}` is of no use alone");
        context.required(at, missing, help);
    }
    let options = TlsOptions {
        verify: context
            .value(&map.verify, at, "verify", values::boolean)
            .unwrap_or(true),
        ca_file: file(context, &map.ca_file, at, "ca_file"),
        cert_file: file(context, &map.cert_file, at, "cert_file"),
        key_file: file(context, &map.key_file, at, "key_file"),
        server_name: context
            .text(&map.server_name, at, "server_name")
            .map(|name| name.text),
        min: context.value(&map.min, at, "min", tls_version),
        max: context.value(&map.max, at, "max", tls_version),
    };
    if let (Some(min), Some(max)) = (options.min, options.max)
        && min > max
    {
        let message = "`min` is a later version of TLS than `max`";
        let help = "exchange the two, or leave one out";
        context.error(
            codes::OPTIONS_CONTRADICT,
            &at.key("min"),
            message,
            "later than `max`",
            help,
        );
    }
    options
}

/// A file, absolute: relative ones start from the folder that all local paths start from.
fn file(context: &mut Context<'_>, slot: &Slot<String>, at: &Path, key: &str) -> Option<PathBuf> {
    let path = context.text(slot, at, key)?;
    Some(context.inputs.folder.join(path.text))
}

fn tls_version(text: &str) -> Result<TlsVersion, values::BadValue> {
    values::word(text, &[("1.2", TlsVersion::V12), ("1.3", TlsVersion::V13)])
}

/// `data:` a word or a map.
pub(super) fn data(context: &mut Context<'_>, written: &model::Server, path: &Path) -> DataMode {
    let at = path.key("data");
    match context.slot(&written.data, || at.clone(), "`passive`, `active` or a map") {
        None => DataMode::Passive,
        Some(WordOr::Word(word)) => {
            let bound = context.bind(word, || at.clone());
            let active = context.read(&bound, || at, is_active);
            data_mode(active.unwrap_or(false), None, None)
        }
        Some(WordOr::Map(map)) => data_map(context, map, &at),
    }
}

fn data_map(context: &mut Context<'_>, map: &model::Data, at: &Path) -> DataMode {
    context.unknown_keys::<model::Data>(&map.unknown, at);
    if map.mode.is_absent() {
        context.required(at, "mode", "write `mode: active` or `mode: passive`");
    }
    let active = context.value(&map.mode, at, "mode", is_active);
    let ports = context.value(&map.ports, at, "ports", values::ports);
    let address = context.value(&map.address, at, "address", |text| {
        text.parse::<IpAddr>()
            .map_err(|_| bad("an IP address", "write it like `203.0.113.7`"))
    });
    for (key, slot) in [("ports", &map.ports), ("address", &map.address)] {
        if active == Some(false) && !slot.is_absent() {
            let message = format!("`{key}` is for active mode only");
            let help = "write `mode: active`, or take it out";
            context.error(
                codes::OPTIONS_CONTRADICT,
                &at.key(key),
                message,
                "not with `passive`",
                help,
            );
        }
    }
    data_mode(active.unwrap_or(false), ports, address)
}

fn is_active(text: &str) -> Result<bool, values::BadValue> {
    values::word(text, &[("passive", false), ("active", true)])
}

fn data_mode(active: bool, ports: Option<(u16, u16)>, address: Option<IpAddr>) -> DataMode {
    if active {
        DataMode::Active { ports, address }
    } else {
        DataMode::Passive
    }
}

/// `timeouts:`
pub(super) fn timeouts(
    context: &mut Context<'_>,
    written: &model::Server,
    path: &Path,
) -> Timeouts {
    let at = path.key("timeouts");
    let usual = Timeouts::default();
    let Some(map) = context.slot(&written.timeouts, || at.clone(), "a map of timeouts") else {
        return usual;
    };
    context.unknown_keys::<model::Timeouts>(&map.unknown, &at);
    let mut one = |slot, key, usual| {
        let read = context.value(slot, &at, key, values::some_duration);
        read.unwrap_or(usual)
    };
    Timeouts {
        connect: one(&map.connect, "connect", usual.connect),
        reply: one(&map.reply, "reply", usual.reply),
        data: one(&map.data, "data", usual.data),
        final_reply: one(&map.final_reply, "final_reply", usual.final_reply),
    }
}

/// `limits:` of a server.
pub(super) fn limits(context: &mut Context<'_>, written: &model::Server, path: &Path) -> Limits {
    let at = path.key("limits");
    let usual = Limits::default();
    let Some(map) = context.slot(&written.limits, || at.clone(), "a map of limits") else {
        return usual;
    };
    context.unknown_keys::<model::Limits>(&map.unknown, &at);
    let mut one = |slot, key, usual| {
        let read = context.value(slot, &at, key, |text| values::number(text, 1, MOST_ENTRIES));
        read.unwrap_or(usual)
    };
    Limits {
        entries: one(&map.entries, "entries", usual.entries),
        folders: one(&map.folders, "folders", usual.folders),
    }
}

/// `limits:` at the top: the most entries that all lists hold at once. By default that is what one list may have of the server
/// that may give the most.
pub(super) fn entries_at_once(
    context: &mut Context<'_>,
    servers: impl Iterator<Item = Limits>,
) -> u64 {
    let at = Path::root().key("limits");
    let usual = servers.map(|limits| limits.entries);
    let usual = usual.chain([Limits::default().entries]).max();
    let usual = usual.unwrap_or_default();
    let manifest = context.manifest;
    let Some(map) = context.slot(&manifest.limits, || at.clone(), "a map of limits") else {
        return usual;
    };
    context.unknown_keys::<model::RunLimits>(&map.unknown, &at);
    let read = |text: &str| values::number(text, 1, MOST_ENTRIES);
    context
        .value(&map.entries, &at, "entries", read)
        .unwrap_or(usual)
}
