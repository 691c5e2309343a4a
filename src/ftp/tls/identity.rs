//! The client's own certificate, and the PEM files that settings name.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::fault::TlsFault;
use crate::endpoint::TlsOptions;
use crate::ftp::error::{Error, ErrorKind};

/// The largest PEM file: a whole system's trust store is a tenth of it.
const LARGEST: u64 = 8 * 1024 * 1024;

/// A setting of `tls:` that names a file.
pub(super) struct Setting<'a> {
    pub(super) key: &'static str,
    pub(super) file: &'a Path,
}

impl Setting<'_> {
    /// The file's content.
    pub(super) fn read(&self) -> Result<Vec<u8>, Error> {
        let mut pem = Vec::new();
        File::open(self.file)
            .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut pem))
            .map_err(|error| self.unusable(error.to_string()))?;
        if pem.len() as u64 > LARGEST {
            return Err(self.unusable("larger than 8 MiB".into()));
        }
        Ok(pem)
    }

    /// An error that names the setting and its file. `why` must not quote the file.
    pub(super) fn unusable(&self, why: String) -> Error {
        Error::new(ErrorKind::Tls(TlsFault::File)).detail(format!(
            "`{}: {}`: {why}",
            self.key,
            self.file.display()
        ))
    }
}

/// All certificates in a PEM text; none is an error.
pub(super) fn certificates(
    pem: &[u8],
    setting: &Setting<'_>,
) -> Result<Vec<CertificateDer<'static>>, Error> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| setting.unusable(error.to_string()))?;
    if found.is_empty() {
        return Err(setting.unusable("holds no certificate in PEM form".into()));
    }
    Ok(found)
}

/// What is shown to servers that ask for a certificate; it remembers that one did.
#[derive(Debug)]
pub(super) struct Identity {
    key: Option<Arc<CertifiedKey>>,
    asked: AtomicBool,
}

impl Identity {
    /// Reads `cert_file` and `key_file`, where they are set.
    pub(super) fn read(options: &TlsOptions, provider: &CryptoProvider) -> Result<Identity, Error> {
        let (Some(cert_file), Some(key_file)) = (&options.cert_file, &options.key_file) else {
            return Ok(Identity {
                key: None,
                asked: AtomicBool::new(false),
            });
        };
        let chain = Setting {
            key: "cert_file",
            file: cert_file,
        };
        let key = Setting {
            key: "key_file",
            file: key_file,
        };
        let certificates = certificates(&chain.read()?, &chain)?;
        let secret = PrivateKeyDer::from_pem_slice(&key.read()?).map_err(|_| {
            key.unusable("holds no private key in PEM form without a password".into())
        })?;
        let certified = CertifiedKey::from_der(certificates, secret, provider)
            .map_err(|error| key.unusable(error.to_string()))?;
        Ok(Identity {
            key: Some(Arc::new(certified)),
            asked: AtomicBool::new(false),
        })
    }

    /// Whether a server asked for a certificate and we had one.
    pub(super) fn was_shown(&self) -> bool {
        self.key.is_some() && self.asked.load(Ordering::Relaxed)
    }

    /// Whether a server asked for a certificate and we had none.
    pub(super) fn was_missed(&self) -> bool {
        self.key.is_none() && self.asked.load(Ordering::Relaxed)
    }
}

impl ResolvesClientCert for Identity {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        self.key.clone()
    }

    fn has_certs(&self) -> bool {
        self.key.is_some()
    }
}
