//! The table of the README that is checked here.

use crate::harness::table::Table;

pub(super) const YES: &str = "yes";
pub(super) const NO: &str = "no";
pub(super) const AGAIN: &str = "starts again";
pub(super) const THEN_TLS12: &str = "then TLS 1.2";

pub(super) const TABLE: Table = Table {
    mark: "<!-- table: what each server was seen to do -->\n",
    head: "\
| server | | list | download | upload | relay | delete | continue a download | continue an upload | 50 rounds |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
",
    rows: &[
        ("vsftpd", "plain"),
        ("vsftpd", "TLS 1.2"),
        ("vsftpd", "TLS 1.3"),
        ("ProFTPD", "plain"),
        ("ProFTPD", "TLS 1.2"),
        ("ProFTPD", "TLS 1.3"),
        ("Pure-FTPd", "plain"),
        ("Pure-FTPd", "TLS 1.2"),
        ("Pure-FTPd", "TLS 1.3"),
        ("pyftpdlib, UTF-8", "plain"),
        ("pyftpdlib, GBK", "plain"),
    ],
    words: &[
        (YES, "*Yes*"),
        (AGAIN, "*Starts again*"),
        (THEN_TLS12, "*Then TLS 1.2*"),
    ],
    file: "matrix.md",
};
