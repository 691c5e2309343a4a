//! ftpflow: a declarative pipeline runner for FTP and FTPS.

pub mod cli;
pub mod endpoint;
pub mod event;
pub mod exec;
pub mod files;
pub mod ftp;
pub mod journal;
pub mod local;
pub mod manifest;
pub mod options;
pub mod plan;
pub mod report;
pub mod transfer;
