//! The TLS side of one session: one configuration, one store of sessions, for all its connections.

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, SupportedProtocolVersion, version};

use super::fault::TlsFault;
use super::identity::Identity;
use super::tickets::Tickets;
use super::trust;
use crate::endpoint::{TlsOptions, TlsVersion};
use crate::ftp::error::{Error, ErrorKind};

/// What a session needs to put TLS over its connections.
#[derive(Debug)]
pub(in crate::ftp) struct Client {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    tickets: Arc<Tickets>,
    identity: Arc<Identity>,
}

impl Client {
    /// Reads the files that the settings name. `highest` bounds the version further.
    ///
    /// # Errors
    /// [`TlsFault::File`] for what cannot be read or used, and for a name that no certificate can carry.
    pub(in crate::ftp) fn new(
        options: &TlsOptions,
        host: &str,
        highest: Option<TlsVersion>,
    ) -> Result<Client, Error> {
        let provider = Arc::new(ring::default_provider());
        let name = options.server_name.as_deref().unwrap_or(host);
        let name = ServerName::try_from(name.to_owned()).map_err(|_| {
            Error::new(ErrorKind::Tls(TlsFault::File))
                .detail(format!("`{name}` is no name that a certificate can carry"))
        })?;
        let identity = Arc::new(Identity::read(options, &provider)?);
        let tickets = Arc::new(Tickets::default());
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&versions(options, highest))
            .map_err(unusable)?
            .dangerous()
            .with_custom_certificate_verifier(trust::verifier(options, &provider)?)
            .with_client_cert_resolver(Arc::clone(&identity) as _);
        config.resumption = Resumption::store(Arc::clone(&tickets) as _);
        Ok(Client {
            config: Arc::new(config),
            name,
            tickets,
            identity,
        })
    }

    /// The beginning of a connection: control first, data afterwards, which resume it.
    pub(in crate::ftp) fn begin(&self) -> Result<ClientConnection, Error> {
        ClientConnection::new(Arc::clone(&self.config), self.name.clone()).map_err(unusable)
    }

    /// Whether tickets of TLS 1.3 were given, and none is left for the next data connection.
    pub(in crate::ftp) fn is_dry(&self) -> bool {
        self.tickets.is_dry()
    }

    /// Whether the server asked for a certificate of ours and got one.
    pub(in crate::ftp) fn shows_certificate(&self) -> bool {
        self.identity.was_shown()
    }

    /// Whether the server asked for a certificate of ours in vain.
    pub(in crate::ftp) fn lacks_certificate(&self) -> bool {
        self.identity.was_missed()
    }
}

fn versions(
    options: &TlsOptions,
    highest: Option<TlsVersion>,
) -> Vec<&'static SupportedProtocolVersion> {
    let all: [(TlsVersion, &'static SupportedProtocolVersion); 2] = [
        (TlsVersion::V13, &version::TLS13),
        (TlsVersion::V12, &version::TLS12),
    ];
    let fits = |found: TlsVersion| {
        options.min.is_none_or(|min| found >= min)
            && options.max.is_none_or(|max| found <= max)
            && highest.is_none_or(|max| found <= max)
    };
    all.into_iter()
        .filter(|(found, _)| fits(*found))
        .map(|(_, version)| version)
        .collect()
}

fn unusable(error: rustls::Error) -> Error {
    Error::new(ErrorKind::Tls(TlsFault::File)).detail(error.to_string())
}
