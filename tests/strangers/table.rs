//! The table of the README that is checked here.

use crate::harness::table::Table;

pub(super) const YES: &str = "yes";
pub(super) const NO: &str = "no";
pub(super) const NINETEEN: &str = "19 of 20";
pub(super) const EIGHTEEN: &str = "18 of 20";

pub(super) const TABLE: Table = Table {
    mark: "<!-- table: what each stranger was seen to do -->\n",
    head: "\
| server | | upload | download | relay to it | relay from it | second run | delete |
| --- | --- | --- | --- | --- | --- | --- | --- |
",
    rows: &[
        ("aioftp", "plain, passive"),
        ("aioftp", "implicit TLS, passive"),
        ("Twisted", "plain, passive"),
        ("Twisted", "plain, active"),
        ("ftp-srv", "plain, passive"),
        ("ftp-srv", "plain, active"),
        ("ftp-srv", "explicit TLS, passive"),
        ("ftp-srv", "explicit TLS, active"),
    ],
    words: &[
        (YES, "*Yes*"),
        (NINETEEN, "*19 of 20*"),
        (EIGHTEEN, "*18 of 20*"),
    ],
    file: "strangers.md",
};
