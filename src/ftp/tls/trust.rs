//! Which certificates of servers are believed.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme};
use rustls_platform_verifier::Verifier;

use super::fault::TlsFault;
use super::identity::{self, Setting};
use crate::endpoint::TlsOptions;
use crate::ftp::error::{Error, ErrorKind};

/// The system's trust store, read once: it holds more than a hundred certificates.
static SYSTEM: Mutex<Option<Arc<dyn ServerCertVerifier>>> = Mutex::new(None);

/// What judges a server's certificate.
pub(super) fn verifier(
    options: &TlsOptions,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    let judge = |trust| {
        Arc::new(Judge {
            trust,
            algorithms: provider.signature_verification_algorithms,
        })
    };
    if !options.verify {
        return Ok(judge(Trust::Anything));
    }
    match &options.ca_file {
        None => system(provider),
        Some(file) => {
            let setting = Setting {
                key: "ca_file",
                file,
            };
            let pem = setting.read()?;
            let mut roots = RootCertStore::empty();
            let certificates = identity::certificates(&pem, &setting)?;
            for certificate in certificates.clone() {
                roots
                    .add(certificate)
                    .map_err(|error| setting.unusable(error.to_string()))?;
            }
            let signed =
                WebPkiServerVerifier::builder_with_provider(roots.into(), Arc::clone(provider))
                    .build()
                    .map_err(|error| setting.unusable(error.to_string()))?;
            Ok(judge(Trust::Named {
                certificates,
                signed,
            }))
        }
    }
}

fn system(provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    let mut held = SYSTEM.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(verifier) = &*held {
        return Ok(Arc::clone(verifier));
    }
    let made = Verifier::new(Arc::clone(provider)).map_err(|error| {
        Error::new(ErrorKind::Tls(TlsFault::File))
            .detail(format!("the system's trust store: {error}"))
    })?;
    let verifier: Arc<dyn ServerCertVerifier> = Arc::new(made);
    *held = Some(Arc::clone(&verifier));
    Ok(verifier)
}

/// Judges a certificate as the settings say. Whoever shows it must hold its key in any case.
#[derive(Debug)]
struct Judge {
    trust: Trust,
    algorithms: WebPkiSupportedAlgorithms,
}

#[derive(Debug)]
enum Trust {
    /// `verify: false`
    Anything,
    /// `ca_file`: what one of its certificates has signed, or one of these themselves.
    Named {
        certificates: Vec<CertificateDer<'static>>,
        signed: Arc<WebPkiServerVerifier>,
    },
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        stapled: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Trust::Named {
            certificates,
            signed,
        } = &self.trust
        else {
            return Ok(ServerCertVerified::assertion());
        };
        let judged = signed.verify_server_cert(certificate, between, name, stapled, now);
        match &judged {
            // `openssl req -x509` marks what it signs itself as an authority, which no server's certificate may be. Its
            // dates were judged before that, its name was not.
            Err(rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(other))))
                if is_an_authority(&**other) && certificates.contains(certificate) =>
            {
                verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            _ => judged,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Whether the certificate is refused for being an authority's. rustls hands on what its checker says; its type is that of a
/// crate that may stand in the tree twice, so it is known by its name.
fn is_an_authority(error: &dyn std::error::Error) -> bool {
    format!("{error:?}") == "CaUsedAsEndEntity"
}
