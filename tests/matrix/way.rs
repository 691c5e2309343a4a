//! The ways to reach a server: encrypted or not, who opens data connections, and by which version of IP.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ftpflow::endpoint::TlsVersion;

use crate::harness::real::{Kind, Server};

pub(super) const HOSTS: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::LOCALHOST),
    IpAddr::V6(Ipv6Addr::LOCALHOST),
];

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Protection {
    Plain,
    Tls12,
    Tls13,
}

impl Protection {
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Tls12 => "TLS 1.2",
            Self::Tls13 => "TLS 1.3",
        }
    }
}

#[derive(Clone, Copy)]
pub(super) struct Way {
    pub(super) kind: Kind,
    pub(super) protection: Protection,
    pub(super) active: bool,
}

impl Way {
    pub(super) fn label(&self, host: IpAddr) -> String {
        let family = if host.is_ipv6() { "IPv6" } else { "IPv4" };
        format!("{} {family}", self.data())
    }

    /// A folder that no other way writes to.
    pub(super) fn folder(&self) -> String {
        format!("{} {}", self.protection.label(), self.data())
    }

    fn data(&self) -> &'static str {
        if self.active { "active" } else { "passive" }
    }

    /// The lowest and the highest version of TLS.
    ///
    /// ProFTPD sends no tickets on the data connections of uploads, and TLS 1.3 uses one but once. What is shown of it
    /// is what users get who ask for nothing: TLS 1.3 as long as it goes.
    pub(super) fn versions(&self) -> (Option<TlsVersion>, Option<TlsVersion>) {
        match self.protection {
            Protection::Plain => (None, None),
            Protection::Tls12 => (Some(TlsVersion::V12), Some(TlsVersion::V12)),
            Protection::Tls13 if self.kind == Kind::ProftpdTls => (None, None),
            Protection::Tls13 => (Some(TlsVersion::V13), Some(TlsVersion::V13)),
        }
    }

    /// The lines of a server under `servers:`.
    pub(super) fn entry(&self, server: &Server, name: &str) -> String {
        let mut lines = server.servers_entry(name);
        let (min, max) = self.versions();
        for (key, version) in [("min", min), ("max", max)] {
            if let Some(version) = version {
                lines.push_str(&format!("      {key}: \"{}\"\n", number(version)));
            }
        }
        let (data, connections) = (self.data(), self.connections());
        lines + &format!("    data: {data}\n    connections: {connections}\n")
    }

    /// pyftpdlib 2.2 loses replies of one session when an active data connection of another ends.
    fn connections(&self) -> u32 {
        let loses_replies = self.active && matches!(self.kind, Kind::Pyftpd | Kind::PyftpdGbk);
        if loses_replies { 1 } else { 4 }
    }
}

fn number(version: TlsVersion) -> &'static str {
    match version {
        TlsVersion::V12 => "1.2",
        TlsVersion::V13 => "1.3",
    }
}
