//! The loop that moves bytes from one end to the other, and what broke it.

use std::io;

use super::ascii::Convert;
use super::checksum::Sums;
use super::end::End;
use crate::event::Meter;

/// Which side of the loop broke.
pub(super) enum Broken {
    Reading(io::Error),
    /// With how many bytes of the last buffer went out before.
    Writing(io::Error, u64),
    /// More came than a file of this size can have grown by.
    TooMuch,
}

/// What happens to bytes as they pass.
pub(super) struct Passing<'p> {
    pub(super) convert: Option<Convert>,
    pub(super) sums: Option<&'p mut Sums>,
    pub(super) meter: &'p Meter,
    /// Bytes after which a source is taken for one that never ends.
    pub(super) most: u64,
}

/// Moves bytes until there are no more; gives how many were read, and what broke.
pub(super) fn flow(
    source: &mut dyn End,
    target: &mut dyn End,
    passing: Passing<'_>,
    buffer: &mut [u8],
) -> (u64, Option<Broken>) {
    let Passing {
        mut convert,
        mut sums,
        meter,
        most,
    } = passing;
    let mut moved = 0;
    let mut converted = Vec::new();
    loop {
        let length = match read(source, buffer) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) => return (moved, Some(Broken::Reading(error))),
        };
        if let Some(sums) = &mut sums {
            sums.update(&buffer[..length]);
        }
        let bytes = match &mut convert {
            None => &buffer[..length],
            Some(convert) => {
                convert.pass(&buffer[..length], &mut converted);
                &converted[..]
            }
        };
        if let Err(broken) = write(target, bytes) {
            return (moved, Some(broken));
        }
        moved += length as u64;
        meter.add(length as u64);
        if moved > most {
            return (moved, Some(Broken::TooMuch));
        }
    }
    let rest = convert.map_or(&b""[..], Convert::rest);
    (moved, write(target, rest).err())
}

/// Reads some bytes; 0 are the end.
pub(super) fn read(source: &mut dyn End, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match source.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

/// Reads up to so many bytes; fewer are all that there are.
pub(super) fn read_up_to(source: &mut dyn End, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match read(source, &mut buffer[filled..])? {
            0 => break,
            length => filled += length,
        }
    }
    Ok(filled)
}

/// Writes all bytes, and knows how far it came.
fn write(target: &mut dyn End, bytes: &[u8]) -> Result<(), Broken> {
    let mut written = 0;
    while written < bytes.len() {
        match target.write(&bytes[written..]) {
            Ok(0) => {
                return Err(Broken::Writing(
                    io::ErrorKind::WriteZero.into(),
                    written as u64,
                ));
            }
            Ok(length) => written += length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Broken::Writing(error, written as u64)),
        }
    }
    Ok(())
}
