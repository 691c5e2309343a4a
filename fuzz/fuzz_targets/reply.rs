//! Any bytes as one reply of a server, and as all that a reply can be asked for.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    ftpflow::ftp::fuzzing::reply(bytes);
});
