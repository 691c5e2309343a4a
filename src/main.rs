//! The `ftpflow` program.
fn main() {}
