//! Bytes over data connections: files and listings out, files in.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use super::ascii::LineEnds;
use super::content::{Content, Reader};
use super::control::Session;
use super::data::{Data, Meter};
use super::digest::Digest;
use super::faults::{Orders, line};
use super::fs::{Kind, parent};
use super::shared::Shared;
use super::time::now;

const CHUNK: usize = 256 * 1024;

const DONE: &str = "226 transfer complete";
const ABORTED: &str = "426 connection closed; transfer aborted";

/// Where an upload begins.
pub(super) enum Start {
    At(u64),
    AtEnd,
}

/// RETR.
pub(super) fn retrieve(
    session: &mut Session,
    path: &[u8],
    offset: u64,
    orders: &Orders,
) -> io::Result<Vec<u8>> {
    let content = match session.shared.tree().file(path) {
        Some(Content::Discarded(_)) | None => return Ok(line("550 no such file")),
        Some(content) => content.clone(),
    };
    if offset > content.len() {
        return Ok(line("554 restart offset beyond the end"));
    }
    let _transfer = Transfer::begin(&session.shared);
    send(session, content, offset, orders)
}

/// LIST, NLST and MLSD.
pub(super) fn send_listing(
    session: &mut Session,
    bytes: Vec<u8>,
    orders: &Orders,
) -> io::Result<Vec<u8>> {
    // The lines have their CRLF already.
    let ascii = std::mem::replace(&mut session.ascii, false);
    let sent = send(session, bytes.into(), 0, orders);
    session.ascii = ascii;
    sent
}

/// STOR and APPE. An upload that ends early leaves what has arrived, as real servers do.
pub(super) fn store(
    session: &mut Session,
    path: &[u8],
    start: Start,
    orders: &Orders,
) -> io::Result<Vec<u8>> {
    let mut upload = {
        let tree = session.shared.tree();
        if !tree.is_folder(parent(path)) || tree.is_folder(path) {
            return Ok(line("553 cannot create that file"));
        }
        let discard = session.shared.config.discard_uploads;
        Upload::new(tree.file(path), &start, orders.zero_fill, discard)
    };
    let Some(mut data) = open(session)? else {
        return Ok(line("425 cannot open data connection"));
    };
    let _transfer = Transfer::begin(&session.shared);
    upload.save(&session.shared, path);
    session.begin_transfer(orders)?;
    let whole = receive(session, &mut data, &mut upload, path, orders);
    if !whole {
        let unread = data.unread();
        session
            .shared
            .journal
            .change(|facts| facts.received += unread);
    }
    upload.save(&session.shared, path);
    close(session, data, orders, whole);
    session.end_transfer(if whole { DONE } else { ABORTED }, orders)?;
    Ok(Vec::new())
}

fn send(
    session: &mut Session,
    content: Content,
    offset: u64,
    orders: &Orders,
) -> io::Result<Vec<u8>> {
    let Some(mut data) = open(session)? else {
        return Ok(line("425 cannot open data connection"));
    };
    session.begin_transfer(orders)?;
    let whole = send_all(session, &mut data.stream, content, offset, orders).unwrap_or(false);
    close(session, data, orders, whole);
    session.end_transfer(if whole { DONE } else { ABORTED }, orders)?;
    Ok(Vec::new())
}

fn open(session: &mut Session) -> io::Result<Option<Data>> {
    let Some(port) = session.data.take() else {
        return Ok(None);
    };
    Ok(port.open(&session.shared, &session.control).ok())
}

fn close(session: &mut Session, data: Data, orders: &Orders, whole: bool) {
    match &orders.cut {
        _ if orders.leave_open => session.left_open.push(data),
        Some((_, how)) if !whole => data.cut(*how),
        _ => data.close(),
    }
}

/// Whether everything went out.
fn send_all(
    session: &Session,
    stream: &mut TcpStream,
    content: Content,
    offset: u64,
    orders: &Orders,
) -> io::Result<bool> {
    let mut meter = Meter::new(orders);
    let mut reader = Reader::new(content, offset);
    let mut lines = LineEnds::default();
    let mut buffer = vec![0; CHUNK];
    loop {
        let read = reader.read(&mut buffer);
        if read == 0 {
            break;
        }
        let translated = session.ascii.then(|| lines.towards_wire(&buffer[..read]));
        let bytes = translated.as_deref().unwrap_or(&buffer[..read]);
        if !send_some(&session.shared, stream, bytes, &mut meter)? {
            return Ok(false);
        }
    }
    let extra = vec![b'x'; usize::try_from(orders.extra).unwrap_or(0)];
    let sent = send_some(&session.shared, stream, &extra, &mut meter)?;
    meter.stall(true, &session.shared);
    Ok(sent && !meter.is_cut())
}

/// Whether all of these bytes went out.
fn send_some(
    shared: &Shared,
    stream: &mut TcpStream,
    mut bytes: &[u8],
    meter: &mut Meter,
) -> io::Result<bool> {
    while !bytes.is_empty() {
        meter.stall(false, shared);
        if meter.is_cut() {
            return Ok(false);
        }
        let admitted = meter.admits(bytes.len());
        stream.write_all(&bytes[..admitted])?;
        meter.pass(admitted);
        bytes = &bytes[admitted..];
    }
    Ok(true)
}

/// Whether the client ended the data, not a rule, an error or the server's end.
fn receive(
    session: &Session,
    data: &mut Data,
    upload: &mut Upload,
    path: &[u8],
    orders: &Orders,
) -> bool {
    let mut meter = Meter::new(orders);
    let mut lines = LineEnds::default();
    let mut buffer = vec![0; CHUNK];
    loop {
        let admitted = meter.admits(buffer.len());
        if admitted == 0 {
            // Whoever looks during the stall sees what has arrived.
            upload.save(&session.shared, path);
            meter.stall(false, &session.shared);
            if meter.is_cut() {
                return false;
            }
            continue;
        }
        match data.stream.read(&mut buffer[..admitted]) {
            Err(_) => return false,
            Ok(0) => break,
            Ok(read) => {
                meter.pass(read);
                session
                    .shared
                    .journal
                    .change(|facts| facts.received += read as u64);
                let translated = session.ascii.then(|| lines.towards_disk(&buffer[..read]));
                upload.add(translated.as_deref().unwrap_or(&buffer[..read]));
            }
        }
    }
    upload.add(lines.rest());
    upload.save(&session.shared, path);
    meter.stall(true, &session.shared);
    !session.shared.stopped()
}

/// What has been uploaded so far.
enum Upload {
    Kept(Vec<u8>),
    Counted(Digest),
}

impl Upload {
    fn new(old: Option<&Content>, start: &Start, zero_fill: bool, discard: bool) -> Self {
        if let (Some(old), true) = (old, discard) {
            let continues = match start {
                Start::AtEnd => true,
                Start::At(offset) => *offset > 0 && *offset == old.len() && !zero_fill,
            };
            if continues {
                return Self::Counted(old.digest());
            }
        }
        let old = || old.and_then(Content::to_vec).unwrap_or_default();
        let kept = match start {
            Start::AtEnd => old(),
            Start::At(0) => Vec::new(),
            Start::At(offset) => {
                let mut kept = if zero_fill { Vec::new() } else { old() };
                kept.resize(usize::try_from(*offset).unwrap_or(0), 0);
                kept
            }
        };
        if discard {
            Self::Counted(Digest::of(&kept))
        } else {
            Self::Kept(kept)
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        match self {
            Self::Kept(kept) => kept.extend_from_slice(bytes),
            Self::Counted(digest) => digest.update(bytes),
        }
    }

    fn save(&self, shared: &Shared, path: &[u8]) {
        let content = match self {
            Self::Kept(kept) => kept.clone().into(),
            Self::Counted(digest) => digest.content(),
        };
        shared.tree().put(path, Kind::File(content), now());
    }
}

/// Counts a transfer as long as it lives.
struct Transfer(Arc<Shared>);

impl Transfer {
    fn begin(shared: &Arc<Shared>) -> Self {
        shared.journal.change(|facts| facts.transfers.up());
        Self(Arc::clone(shared))
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        self.0.journal.change(|facts| facts.transfers.down());
    }
}
