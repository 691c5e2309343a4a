//! What must be known of a server before anyone connects to it: plain data, shared by plan and session.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::files::{Limits, NameEncoding};

/// One entry of `servers:`, bound and judged. The password stands in the plan's table of secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// The server's name in the manifest.
    pub name: String,
    /// Host name or address.
    pub host: String,
    /// Port of the control connection.
    pub port: u16,
    /// Argument of USER.
    pub user: String,
    /// Whether and how the connection is encrypted.
    pub tls: Tls,
    /// Who opens data connections.
    pub data: DataMode,
    /// Which address of a PASV reply is trusted.
    pub pasv_address: PasvAddress,
    /// Whether lines may be sent before the server has answered others.
    pub ahead: SendAhead,
    /// The encoding of names.
    pub encoding: NameEncoding,
    /// How folders are listed.
    pub listing: ListingMode,
    /// Whether a step wants names with a leading dot: `auto` lists with `LIST -a`, then, where there is no MLSD.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
    /// The most sessions open at once; at least 1.
    pub connections: u32,
    /// Deadlines.
    pub timeouts: Timeouts,
    /// The zone of the times in LIST lines.
    pub clock_offset: ClockOffset,
    /// The most that a step takes from its listings.
    #[serde(default, skip_serializing_if = "are_usual")]
    pub limits: Limits,
    /// Folder entered right after PASS (`login.directory`).
    pub directory: Option<String>,
    /// Raw commands sent right after PASS (`login.commands`).
    pub commands: Vec<String>,
}

fn are_usual(limits: &Limits) -> bool {
    *limits == Limits::default()
}

/// Which account of which server an entry names, as far as its text tells: entries of one key share files and names.
///
/// Two keys may still be one server (an alias, a second address), and only asking tells.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServerKey {
    host: String,
    port: u16,
    user: String,
}

impl Endpoint {
    /// Its key: hosts are the same in any case.
    pub fn key(&self) -> ServerKey {
        ServerKey {
            host: self.host.to_ascii_lowercase(),
            port: self.port,
            user: self.user.clone(),
        }
    }
}

impl fmt::Display for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.host, self.port, self.user)
    }
}

/// Encryption of the control and data connections (RFC 4217).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tls {
    /// Clear text.
    #[default]
    Off,
    /// `AUTH TLS` on the ordinary port.
    Explicit(TlsOptions),
    /// TLS from the first byte, usually port 990.
    Implicit(TlsOptions),
}

/// The map form of `tls:`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsOptions {
    /// Whether the certificate is verified.
    pub verify: bool,
    /// Certificates trusted in place of the system's.
    #[serde(with = "crate::files::written::optional")]
    pub ca_file: Option<PathBuf>,
    /// The client's certificate.
    #[serde(with = "crate::files::written::optional")]
    pub cert_file: Option<PathBuf>,
    /// The client's key.
    #[serde(with = "crate::files::written::optional")]
    pub key_file: Option<PathBuf>,
    /// The name the certificate must carry, where it is not the host.
    pub server_name: Option<String>,
    /// The lowest version accepted.
    pub min: Option<TlsVersion>,
    /// The highest version offered.
    pub max: Option<TlsVersion>,
}

impl Default for TlsOptions {
    fn default() -> TlsOptions {
        TlsOptions {
            verify: true,
            ca_file: None,
            cert_file: None,
            key_file: None,
            server_name: None,
            min: None,
            max: None,
        }
    }
}

/// A version of TLS that ftpflow speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TlsVersion {
    /// 1.2
    V12,
    /// 1.3
    V13,
}

/// Who opens data connections.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataMode {
    /// We do: EPSV, else PASV.
    #[default]
    Passive,
    /// The server does: EPRT, else PORT.
    Active {
        /// Local ports to listen on, first and last; any where absent.
        ports: Option<(u16, u16)>,
        /// The address announced, where it is not the control connection's.
        address: Option<IpAddr>,
    },
}

/// Which address of a PASV reply is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PasvAddress {
    /// Data goes to the control connection's peer (following the report is the FTP bounce, CVE-2020-8284).
    #[default]
    Control,
    /// The reply is trusted, for servers behind a balancer.
    Reported,
}

/// Whether lines are sent before the server has answered others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SendAhead {
    /// As far as the server has shown that it bears it.
    #[default]
    Auto,
    /// One line at a time.
    Off,
}

/// How folders are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListingMode {
    /// MLSD where it is offered, else LIST.
    #[default]
    Auto,
    /// MLSD (RFC 3659 §7).
    Mlsd,
    /// LIST.
    List,
    /// `LIST -a`.
    ListAll,
    /// NLST, with SIZE and MDTM asked for each name.
    Nlst,
}

/// Deadlines of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeouts {
    /// From the first packet to the greeting.
    pub connect: Duration,
    /// From a command to its reply.
    pub reply: Duration,
    /// Without progress on a data connection.
    pub data: Duration,
    /// From the end of the data to the final reply.
    pub final_reply: Duration,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            connect: Duration::from_secs(15),
            reply: Duration::from_secs(60),
            data: Duration::from_secs(60),
            final_reply: Duration::from_secs(600),
        }
    }
}

/// The zone of the times in LIST lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockOffset {
    /// Found by comparing a LIST time with MDTM.
    #[default]
    Auto,
    /// Seconds to subtract from a LIST time to get UTC.
    Fixed(i32),
}
