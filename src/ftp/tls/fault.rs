//! What a failure of TLS means to people, and what they can set.

use std::io;

use chrono::DateTime;
use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, InvalidMessage, PeerIncompatible};

use super::stream::Injected;
use crate::ftp::error::{Error, ErrorKind};

/// Names of a certificate that are shown.
const NAMES: usize = 5;

/// Why a connection could not be encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsFault {
    /// AUTH is refused: the server does not encrypt, or not this way.
    Refused,
    /// PBSZ or PROT is refused: the control connection is encrypted, and the data would not be.
    DataInClear,
    /// What came was no TLS.
    NotTls,
    /// Clear text came where TLS had to begin: somebody in between may have put it there.
    Injected,
    /// The certificate is for another name.
    Name,
    /// The certificate's time is over.
    Expired,
    /// The certificate's time has not begun.
    NotYet,
    /// Nobody that is trusted has signed the certificate.
    Unknown,
    /// The certificate is wrong in another way.
    Certificate,
    /// No version of TLS, or no cipher, that both sides know.
    Version,
    /// The server wants a certificate of ours, and none is set.
    ClientCertificate,
    /// The server does not accept the certificate that is set.
    ClientRefused,
    /// A file or name of the settings cannot be used. Nothing was sent.
    File,
    /// It failed otherwise, in the handshake or later; that may pass.
    Broken,
}

impl TlsFault {
    /// Whether another try may end otherwise.
    pub(in crate::ftp) fn may_pass(self) -> bool {
        matches!(self, TlsFault::Broken)
    }

    /// What happened, as a fragment.
    pub(in crate::ftp) fn what(self) -> &'static str {
        match self {
            TlsFault::Refused => "the server refuses TLS; neither user nor password was sent",
            TlsFault::DataInClear => {
                "the server does not encrypt data connections; neither user nor password was sent"
            }
            TlsFault::NotTls => "the server does not speak TLS here",
            TlsFault::Injected => {
                "clear text came where TLS had to begin; somebody in between may have put it there"
            }
            TlsFault::Name => "the server's certificate is for another name",
            TlsFault::Expired => "the server's certificate has expired",
            TlsFault::NotYet => "the server's certificate is not valid yet",
            TlsFault::Unknown => "the server's certificate is signed by nobody who is trusted",
            TlsFault::Certificate => "the server's certificate cannot be accepted",
            TlsFault::Version => "the server offers no TLS 1.2 or 1.3, or not the versions set",
            TlsFault::ClientCertificate => "the server wants a certificate of the client",
            TlsFault::ClientRefused => "the server does not accept the client's certificate",
            TlsFault::File => "a TLS setting cannot be used",
            TlsFault::Broken => "TLS broke off",
        }
    }

    /// The next thing to do.
    pub(in crate::ftp) fn help(self) -> &'static str {
        match self {
            TlsFault::Refused => {
                "try `tls: implicit` (port 990), or write `tls: off` where the network is trusted"
            }
            TlsFault::DataInClear => {
                "have `PROT P` allowed on the server, or write `tls: off` where the network is trusted"
            }
            TlsFault::NotTls => {
                "write `tls: explicit` for a server that greets in clear text (port 21), and check `port`"
            }
            TlsFault::Injected => "do not log in from this network; try another one",
            TlsFault::Name => {
                "connect by the name in the certificate, or set `tls: {mode: …, server_name: NAME}` to it"
            }
            TlsFault::Expired => {
                "have the server's certificate renewed; `tls: {mode: …, verify: false}` trusts anybody meanwhile"
            }
            TlsFault::NotYet => "check this machine's clock",
            TlsFault::Unknown => {
                "set `tls: {mode: …, ca_file: FILE}` to the certificate of who signed it, or to its own if it signed itself"
            }
            TlsFault::Certificate => {
                "have the server's certificate replaced, or check `ca_file`; `verify: false` trusts anybody"
            }
            TlsFault::Version => {
                "check `min` and `max` of `tls`; a server that knows only older versions has to be updated"
            }
            TlsFault::ClientCertificate => {
                "set `cert_file` and `key_file` of `tls` to a certificate that the server accepts"
            }
            TlsFault::ClientRefused => {
                "check that the certificate in `cert_file` is valid, and that the server trusts who signed it"
            }
            TlsFault::File => "check the files and names under `tls` of this server",
            TlsFault::Broken => {
                "try again later; if it stays so, try `tls: {mode: …, max: 1.2}`, and the server's own log"
            }
        }
    }
}

/// What an error of a stream means, where it is one of TLS.
pub(in crate::ftp) fn explain(error: &io::Error) -> Option<Error> {
    let inner = error.get_ref()?;
    let Some(tls) = inner.downcast_ref::<rustls::Error>() else {
        let words = inner.downcast_ref::<Injected>()?.to_string();
        return Some(Error::new(ErrorKind::Tls(TlsFault::Injected)).detail(words));
    };
    let explained = Error::new(ErrorKind::Tls(fault(tls)));
    Some(match words(tls) {
        Some(words) => explained.detail(words),
        None => explained,
    })
}

/// What more there is to say than the fault does, in plain words: rustls' own are for its programmers.
fn words(error: &rustls::Error) -> Option<String> {
    use rustls::Error as Tls;
    match (fault(error), error) {
        (_, Tls::InvalidCertificate(certificate)) => words_of_certificate(certificate),
        (TlsFault::NotTls | TlsFault::Version, _) => None,
        (_, Tls::AlertReceived(alert)) => Some(format!(
            "the server's alert: {}",
            apart(&format!("{alert:?}"))
        )),
        _ => Some(error.to_string()),
    }
}

fn words_of_certificate(error: &CertificateError) -> Option<String> {
    use CertificateError as Wrong;
    Some(match error {
        Wrong::ExpiredContext { not_after, .. } => format!("on {}", day(*not_after)),
        Wrong::NotValidYetContext { not_before, .. } => {
            format!("it begins on {}", day(*not_before))
        }
        Wrong::NotValidForNameContext {
            expected,
            presented,
        } => format!("for {}, not for {}", names(presented), expected.to_str()),
        Wrong::Expired | Wrong::NotValidYet | Wrong::NotValidForName | Wrong::UnknownIssuer => {
            return None;
        }
        Wrong::Revoked => "it was revoked".into(),
        Wrong::BadSignature => "its signature is wrong".into(),
        Wrong::BadEncoding => "it cannot be read".into(),
        Wrong::InvalidPurpose | Wrong::InvalidPurposeContext { .. } => {
            "it was not made for servers".into()
        }
        Wrong::Other(other) => other_words(&other.to_string()),
        other => apart(&format!("{other:?}")),
    })
}

/// An error of the library that checks certificates: the name of a variant.
fn other_words(name: &str) -> String {
    match name.contains("CaUsedAsEndEntity") {
        true => "it is the certificate of an authority, not of a server".into(),
        false => apart(name),
    }
}

/// The names that a certificate carries, which rustls gives as `DnsName("…")` and the like.
fn names(presented: &[String]) -> String {
    let inner = |name: &String| {
        let name = name.split_once('(').map_or(name.as_str(), |(_, name)| name);
        name.trim_end_matches(')').trim_matches('"').to_owned()
    };
    let mut names: Vec<String> = presented.iter().take(NAMES).map(inner).collect();
    match presented.len() {
        0 => return "no name".into(),
        all if all > NAMES => names.push(format!("{} more", all - NAMES)),
        _ => {}
    }
    names.join(", ")
}

/// The words of a variant's name: `BadCertificate` → `bad certificate`.
fn apart(name: &str) -> String {
    let mut words = String::new();
    let mut before = ' ';
    for c in name.chars() {
        if c.is_ascii_uppercase() && before.is_ascii_lowercase() {
            words.push(' ');
        }
        words.push(if c == '_' {
            ' '
        } else {
            c.to_ascii_lowercase()
        });
        before = c;
    }
    words
}

/// A day in UTC.
fn day(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    let date = DateTime::from_timestamp(seconds, 0);
    date.map_or("a day that no calendar has".into(), |date| {
        date.format("%Y-%m-%d").to_string()
    })
}

fn fault(error: &rustls::Error) -> TlsFault {
    use rustls::Error as Tls;
    match error {
        Tls::InvalidCertificate(certificate) => of_certificate(certificate),
        Tls::InvalidMessage(InvalidMessage::InvalidContentType)
        | Tls::InvalidMessage(InvalidMessage::UnknownProtocolVersion) => TlsFault::NotTls,
        Tls::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
            | PeerIncompatible::NoCipherSuitesInCommon
            | PeerIncompatible::NoKxGroupsInCommon,
        )
        | Tls::AlertReceived(
            AlertDescription::ProtocolVersion | AlertDescription::InsufficientSecurity,
        ) => TlsFault::Version,
        Tls::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateRevoked
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied,
        ) => TlsFault::ClientCertificate,
        _ => TlsFault::Broken,
    }
}

fn of_certificate(error: &CertificateError) -> TlsFault {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsFault::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            TlsFault::NotYet
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            TlsFault::Name
        }
        CertificateError::UnknownIssuer => TlsFault::Unknown,
        _ => TlsFault::Certificate,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::OtherError;
    use rustls::pki_types::ServerName;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("CaUsedAsEndEntity")]
    struct Checked;

    fn said(error: CertificateError) -> Option<String> {
        words(&rustls::Error::InvalidCertificate(error))
    }

    #[test]
    fn a_certificate_is_spoken_of_in_plain_words() {
        let other = CertificateError::Other(OtherError(Arc::new(Checked)));
        let authority = "it is the certificate of an authority, not of a server";
        assert_eq!(said(other).unwrap(), authority);
        let not_after = UnixTime::since_unix_epoch(std::time::Duration::from_secs(1_609_459_200));
        let expired = CertificateError::ExpiredContext {
            time: UnixTime::now(),
            not_after,
        };
        assert_eq!(said(expired).unwrap(), "on 2021-01-01");
        let presented = ["DnsName(\"a.example\")", "IpAddress(192.0.2.1)"];
        let name = CertificateError::NotValidForNameContext {
            expected: ServerName::try_from("ftp.example").unwrap(),
            presented: presented.map(str::to_owned).to_vec(),
        };
        assert_eq!(
            said(name).unwrap(),
            "for a.example, 192.0.2.1, not for ftp.example"
        );
        assert_eq!(said(CertificateError::UnknownIssuer), None);
        let unknown = said(CertificateError::UnhandledCriticalExtension).unwrap();
        assert_eq!(unknown, "unhandled critical extension");
    }

    #[test]
    fn an_alert_is_spoken_of_in_plain_words() {
        let alert = rustls::Error::AlertReceived(AlertDescription::HandshakeFailure);
        assert_eq!(
            words(&alert).unwrap(),
            "the server's alert: handshake failure"
        );
    }

    #[test]
    fn a_certificate_of_many_names_is_not_shown_whole() {
        let presented: Vec<String> = (0..9).map(|at| format!("DnsName(\"{at}\")")).collect();
        assert_eq!(names(&presented), "0, 1, 2, 3, 4, 4 more");
        assert_eq!(names(&[]), "no name");
    }
}
