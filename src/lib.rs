//! ftpflow: a declarative pipeline runner for FTP and FTPS.
