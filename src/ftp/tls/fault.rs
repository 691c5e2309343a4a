//! What a failure of TLS means to people, and what they can set.

use std::io;

use rustls::{AlertDescription, CertificateError, InvalidMessage, PeerIncompatible};

use super::stream::Injected;
use crate::ftp::error::{Error, ErrorKind};

/// Why a connection could not be encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsFault {
    /// AUTH, PBSZ or PROT is refused: the server does not encrypt, or not this way.
    Refused,
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
    /// The server wants a certificate of ours.
    ClientCertificate,
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
    let (fault, words) = match inner.downcast_ref::<rustls::Error>() {
        Some(tls) => (fault(tls), tls.to_string()),
        None => (
            TlsFault::Injected,
            inner.downcast_ref::<Injected>()?.to_string(),
        ),
    };
    Some(Error::new(ErrorKind::Tls(fault)).detail(words))
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
