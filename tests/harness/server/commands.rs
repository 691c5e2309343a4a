//! What each command does (RFC 959, 2389, 2428, 3659, and the MFMT draft). Replies are bytes: they carry names.

use std::io;

use super::config::{AsciiSize, Cap, Checksum, OntoExisting};
use super::content::Content;
use super::control::{Command, Session};
use super::faults::Orders;
use super::fs::{Kind, absolute, name, parent};
use super::listing;
use super::ports;
use super::time::{now, parse_stamp, stamp};
use super::transfer;

/// The path that a command is about, as rules match it.
pub(super) fn subject(session: &Session, command: &Command) -> Option<Vec<u8>> {
    let argument = command.argument.as_slice();
    let path = match command.verb.as_str() {
        "CWD" | "MKD" | "RMD" | "DELE" | "RNFR" | "RNTO" | "SIZE" | "RETR" | "STOR" | "APPE"
        | "MLSD" | "MLST" => argument,
        "MFMT" => stamped(argument).map_or(argument, |(_, path)| path),
        "MDTM" => setting(session, argument).map_or(argument, |(_, path)| path),
        "LIST" | "NLST" => options(argument).1,
        "CDUP" => b"..",
        verb if session.shared.config.checksum(verb).is_some() => unquoted(argument),
        _ => return None,
    };
    Some(absolute(&session.folder, path))
}

/// The path as a server has it that changes names; those that are no text stay.
fn altered(session: &Session, path: Vec<u8>) -> Vec<u8> {
    match (session.shared.config.alters, std::str::from_utf8(&path)) {
        (Some(alters), Ok(text)) => {
            let names: Vec<String> = text.split('/').map(alters).collect();
            names.join("/").into_bytes()
        }
        _ => path,
    }
}

/// Carries out a command; the reply is empty when a transfer has answered already.
pub(super) fn execute(
    session: &mut Session,
    command: &Command,
    orders: &Orders,
) -> io::Result<Vec<u8>> {
    let argument = command.argument.as_slice();
    let verb = command.verb.as_str();
    if let Some(refusal) = refused(session, verb) {
        return Ok(say(refusal));
    }
    let path = subject(session, command).unwrap_or_default();
    let path = altered(session, path);
    // Links above the last part are always followed; the last one only where the file itself is meant.
    let place = absolute(&session.shared.tree().follow(parent(&path)), name(&path));
    let target = session.shared.tree().follow(&path);
    let (place, target) = match session.shared.config.folds_case {
        true => {
            let tree = session.shared.tree();
            (tree.spelled(&place), tree.spelled(&target))
        }
        false => (place, target),
    };
    let restart = if matches!(verb, "RETR" | "STOR" | "APPE") {
        std::mem::take(&mut session.restart)
    } else {
        0
    };
    Ok(match verb {
        "USER" => user(session, argument),
        "PASS" => pass(session, argument),
        "SYST" => say("215 UNIX Type: L8"),
        "FEAT" => features(session),
        "OPTS" => opts(session, argument),
        "TYPE" => set_type(session, argument),
        "MODE" | "STRU" | "ALLO" | "NOOP" | "SITE" => say("200 ok"),
        "PWD" => quoted(&session.folder, "is the current directory"),
        "CWD" | "CDUP" => change_folder(session, target, path),
        "MKD" => make_folder(session, &place),
        "RMD" => remove_folder(session, &place),
        "DELE" => delete(session, &place),
        "RNFR" => rename_from(session, place),
        "RNTO" => rename_to(session, &place),
        "SIZE" => size(session, &target),
        "MDTM" => modified(session, argument, &target),
        "MFMT" => set_modified(session, stamped(argument).map(|(time, _)| time), &target),
        "MLST" => facts(session, &target),
        "EPSV" => ports::extended_passive(session, argument, orders)?,
        "PASV" => ports::passive(session, orders)?,
        "EPRT" => ports::active(session, ports::eprt(argument)),
        "PORT" => ports::active(session, ports::port(argument)),
        "REST" => rest(session, argument),
        "RETR" => transfer::retrieve(session, &target, restart, orders)?,
        "STOR" => transfer::store(session, &target, transfer::Start::At(restart), orders)?,
        "APPE" => transfer::store(session, &target, transfer::Start::AtEnd, orders)?,
        "LIST" => {
            let all = options(argument).0;
            list(session, &target, orders, |session, path| {
                listing::list(
                    &session.shared.tree(),
                    path,
                    session.shared.config.list_style,
                    all,
                )
            })?
        }
        "NLST" => {
            let all = options(argument).0;
            list(session, &target, orders, |session, path| {
                listing::nlst(
                    &session.shared.tree(),
                    path,
                    session.shared.config.list_style,
                    all,
                )
            })?
        }
        "MLSD" if !session.shared.tree().is_folder(&target) => say("550 not a directory"),
        "MLSD" => list(session, &target, orders, |session, path| {
            listing::mlsd(
                &session.shared.tree(),
                path,
                session.shared.config.list_style,
            )
        })?,
        "ABOR" => say("226 nothing to abort"),
        "QUIT" => {
            session.leaving = true;
            say("221 goodbye")
        }
        verb => match session.shared.config.checksum(verb) {
            Some(answer) => checksum(session, &target, answer),
            None => say("500 unknown command"),
        },
    })
}

/// Why a command is not even tried.
fn refused(session: &Session, verb: &str) -> Option<&'static str> {
    let feature = match verb {
        "MLST" => "MLSD",
        verb => verb,
    };
    let optional = ["SIZE", "MDTM", "MFMT", "REST", "EPSV", "EPRT", "MLSD"].contains(&feature);
    if optional && !session.shared.config.features.has(feature) {
        return Some("500 unknown command");
    }
    let free = [
        "USER", "PASS", "QUIT", "FEAT", "SYST", "NOOP", "OPTS", "AUTH",
    ]
    .contains(&verb);
    (!free && !session.logged_in).then_some("530 please login with USER and PASS")
}

fn user(session: &mut Session, argument: &[u8]) -> Vec<u8> {
    if session.is_one_too_many(Cap::AtUser530) {
        return say("530 too many users");
    }
    session.logged_in = false;
    session.user = String::from_utf8_lossy(argument).into_owned();
    say("331 password please")
}

fn pass(session: &mut Session, argument: &[u8]) -> Vec<u8> {
    let users = &session.shared.config.users;
    let known = users
        .iter()
        .any(|(user, password)| *user == session.user && password.as_bytes() == argument);
    if session.user.is_empty() {
        return say("503 USER first");
    }
    session.logged_in = users.is_empty() || known;
    say(if session.logged_in {
        "230 logged in"
    } else {
        "530 login incorrect"
    })
}

fn features(session: &Session) -> Vec<u8> {
    let config = &session.shared.config;
    let sums: String = config
        .checksums
        .iter()
        .map(|(line, _)| format!(" {line}\r\n"))
        .collect();
    format!(
        "211-Features:\r\n{}{sums}211 End\r\n",
        config.features.lines()
    )
    .into()
}

fn checksum(session: &Session, path: &[u8], answer: Checksum) -> Vec<u8> {
    let bytes = session.shared.tree().file(path).and_then(Content::to_vec);
    match bytes {
        Some(bytes) => say(&answer(&bytes)),
        None => say("550 no such file"),
    }
}

fn opts(session: &Session, argument: &[u8]) -> Vec<u8> {
    if argument.to_ascii_uppercase().starts_with(b"HASH ") {
        let hash = session.shared.config.checksum("HASH").is_some();
        return say(if hash { "200 chosen" } else { "501 no" });
    }
    let utf8 = argument.to_ascii_uppercase().starts_with(b"UTF8")
        && session.shared.config.features.has("UTF8");
    say(if utf8 {
        "200 UTF8 is on"
    } else {
        "501 option not understood"
    })
}

fn set_type(session: &mut Session, argument: &[u8]) -> Vec<u8> {
    session.ascii = match argument.first().map(u8::to_ascii_uppercase) {
        Some(b'A') => true,
        Some(b'I' | b'L') => false,
        _ => return say("504 type not supported"),
    };
    say("200 type set")
}

/// The folder keeps the name it was asked by, as a shell does.
fn change_folder(session: &mut Session, target: Vec<u8>, path: Vec<u8>) -> Vec<u8> {
    if !session.shared.tree().is_folder(target) {
        return say("550 no such directory");
    }
    session.folder = path;
    say("250 directory changed")
}

fn make_folder(session: &Session, path: &[u8]) -> Vec<u8> {
    let mut tree = session.shared.tree();
    if tree.get(path).is_some() {
        return say(&session.shared.config.folder_exists);
    }
    if !tree.is_folder(parent(path)) {
        return say("550 no such directory");
    }
    tree.put(path, Kind::Folder, now());
    quoted(path, "created")
}

fn remove_folder(session: &Session, path: &[u8]) -> Vec<u8> {
    let mut tree = session.shared.tree();
    if !tree.is_folder(path) || path == b"/" {
        return say("550 no such directory");
    }
    if tree.children(path).next().is_some() {
        return say("550 directory not empty");
    }
    tree.remove(path);
    say("250 removed")
}

fn delete(session: &Session, path: &[u8]) -> Vec<u8> {
    let mut tree = session.shared.tree();
    if tree.get(path).is_none() || tree.is_folder(path) {
        return say("550 no such file");
    }
    tree.remove(path);
    say("250 deleted")
}

fn rename_from(session: &mut Session, path: Vec<u8>) -> Vec<u8> {
    if session.shared.tree().get(&path).is_none() {
        return say("550 no such file");
    }
    session.rename_from = Some(path);
    say("350 and now RNTO")
}

fn rename_to(session: &mut Session, path: &[u8]) -> Vec<u8> {
    let Some(from) = session.rename_from.take() else {
        return say("503 RNFR first");
    };
    let mut tree = session.shared.tree();
    if !tree.is_folder(parent(path)) || path.starts_with(&[&from, b"/".as_slice()].concat()) {
        return say("553 cannot rename to that");
    }
    match (
        tree.get(path).is_some() && from != path,
        session.shared.config.onto_existing,
    ) {
        (true, OntoExisting::Refuse) => return say("553 file exists"),
        (true, OntoExisting::Pretend) => {}
        (true, OntoExisting::Replace) if tree.is_folder(path) => return say("553 is a directory"),
        _ => tree.rename(&from, path),
    }
    say("250 renamed")
}

fn size(session: &Session, path: &[u8]) -> Vec<u8> {
    if session.ascii && session.shared.config.ascii_size == AsciiSize::Refuse {
        return say("550 SIZE not allowed in ASCII mode");
    }
    match session.shared.tree().file(path) {
        Some(content) => say(&format!("213 {}", content.len())),
        None => say("550 no such file"),
    }
}

fn modified(session: &Session, argument: &[u8], target: &[u8]) -> Vec<u8> {
    if let Some((time, _)) = setting(session, argument) {
        return set_modified(session, Some(time), target);
    }
    match session.shared.tree().get(target) {
        Some(node) => say(&format!("213 {}", stamp(node.modified))),
        None => say("550 no such file"),
    }
}

fn set_modified(session: &Session, time: Option<i64>, target: &[u8]) -> Vec<u8> {
    let Some(time) = time else {
        return say("501 a time and a path, please");
    };
    if session.shared.tree().touch(target, time) {
        [
            format!("213 Modify={}; ", stamp(time)).as_bytes(),
            target,
            b"\r\n",
        ]
        .concat()
    } else {
        say("550 could not set the time")
    }
}

fn facts(session: &Session, target: &[u8]) -> Vec<u8> {
    match session.shared.tree().get(target) {
        Some(node) => {
            let facts = listing::facts(node);
            [
                b"250-Listing\r\n ",
                facts.as_slice(),
                b" ",
                target,
                b"\r\n250 End\r\n",
            ]
            .concat()
        }
        None => say("550 no such file"),
    }
}

fn rest(session: &mut Session, argument: &[u8]) -> Vec<u8> {
    let offset = std::str::from_utf8(argument)
        .ok()
        .and_then(|text| text.trim().parse().ok());
    let Some(offset) = offset else {
        return say("501 not a number");
    };
    session.restart = offset;
    say("350 restarting there")
}

fn list(
    session: &mut Session,
    path: &[u8],
    orders: &Orders,
    honest: impl FnOnce(&Session, &[u8]) -> Vec<u8>,
) -> io::Result<Vec<u8>> {
    if session.shared.tree().get(path).is_none() {
        return Ok(say("550 no such file or directory"));
    }
    let bytes = orders.listing(honest(session, path));
    transfer::send_listing(session, bytes, orders)
}

/// Whether a listing's options ask for dot names, and the rest of its argument.
fn options(argument: &[u8]) -> (bool, &[u8]) {
    match argument.strip_prefix(b"-") {
        None => (false, argument),
        Some(rest) => {
            let end = rest
                .iter()
                .position(|&byte| byte == b' ')
                .unwrap_or(rest.len());
            (
                rest[..end].contains(&b'a'),
                rest.get(end + 1..).unwrap_or_default(),
            )
        }
    }
}

/// `20200102030405 path`.
fn stamped(argument: &[u8]) -> Option<(i64, &[u8])> {
    let (time, path) =
        argument.split_at_checked(argument.iter().position(|&byte| byte == b' ')?)?;
    Some((parse_stamp(time)?, &path[1..]))
}

/// The time that MDTM sets: only where the server can, and no file is called like the whole argument.
fn setting<'a>(session: &Session, argument: &'a [u8]) -> Option<(i64, &'a [u8])> {
    let tree = session.shared.tree();
    let is_name = tree.get(absolute(&session.folder, argument)).is_some();
    let can = session.shared.config.features.has("MDTM-SET");
    stamped(argument).filter(|_| can && !is_name)
}

/// A path that stands in quotes because a range may follow it.
fn unquoted(argument: &[u8]) -> &[u8] {
    let inner = argument.strip_prefix(b"\"");
    let inner = inner.and_then(|rest| rest.strip_suffix(b"\""));
    inner.unwrap_or(argument)
}

fn say(text: &str) -> Vec<u8> {
    super::faults::line(text)
}

/// A path in quotes, those in it doubled (RFC 959, appendix II).
fn quoted(path: &[u8], what: &str) -> Vec<u8> {
    let doubled = path
        .split(|&byte| byte == b'"')
        .collect::<Vec<_>>()
        .join(b"\"\"".as_slice());
    [
        b"257 \"",
        doubled.as_slice(),
        b"\" ",
        what.as_bytes(),
        b"\r\n",
    ]
    .concat()
}
