//! ftpflow: a declarative pipeline runner for FTP and FTPS.
pub mod manifest;
