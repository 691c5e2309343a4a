//! `TYPE A`.

/// Line ends of `TYPE A`: CRLF on the wire, LF on disk, also where a chunk ends between the two.
#[derive(Default)]
pub(super) struct LineEnds {
    /// The last byte was a CR; towards the disk it is still held back.
    after_cr: bool,
}

impl LineEnds {
    pub(super) fn towards_wire(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut wire = Vec::with_capacity(bytes.len() + bytes.len() / 16);
        for &byte in bytes {
            if byte == b'\n' && !self.after_cr {
                wire.push(b'\r');
            }
            wire.push(byte);
            self.after_cr = byte == b'\r';
        }
        wire
    }

    pub(super) fn towards_disk(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut disk = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            if self.after_cr && byte != b'\n' {
                disk.push(b'\r');
            }
            self.after_cr = byte == b'\r';
            if !self.after_cr {
                disk.push(byte);
            }
        }
        disk
    }

    /// A CR at the very end.
    pub(super) fn rest(&self) -> &'static [u8] {
        if self.after_cr { b"\r" } else { b"" }
    }
}
