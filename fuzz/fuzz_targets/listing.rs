//! Any bytes as a listing in LIST, MLSD and NLST.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    ftpflow::ftp::fuzzing::listing(bytes);
});
