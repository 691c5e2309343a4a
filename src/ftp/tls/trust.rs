//! Which certificates of servers are believed.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, RootCertStore, SignatureScheme};
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
    if !options.verify {
        return Ok(Arc::new(Anything(
            provider.signature_verification_algorithms,
        )));
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
            for certificate in identity::certificates(&pem, &setting)? {
                roots
                    .add(certificate)
                    .map_err(|error| setting.unusable(error.to_string()))?;
            }
            WebPkiServerVerifier::builder_with_provider(roots.into(), Arc::clone(provider))
                .build()
                .map(|verifier| verifier as Arc<dyn ServerCertVerifier>)
                .map_err(|error| setting.unusable(error.to_string()))
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

/// `verify: false`: any certificate, though whoever shows it must hold its key.
#[derive(Debug)]
struct Anything(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for Anything {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signature, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}
