//! The servers that a test can choose from.

/// A server of a test's choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Anonymous, without MLSD and `SITE CHMOD`; sets times with `MDTM YYYYMMDDHHMMSS path`.
    Vsftpd,
    /// At its defaults: refuses REST + STOR and APPE to an existing file.
    Proftpd,
    /// At its defaults: globs in arguments of listings.
    Pureftpd,
    /// UTF-8 on the wire and on disk.
    Pyftpd,
    /// GBK on the wire, UTF-8 on disk: a test writes `版本` into the root as it would anywhere.
    PyftpdGbk,
    /// Explicit TLS only; data connections have to resume the control connection's session.
    VsftpdTls,
    /// Explicit TLS only; data connections have to resume the control connection's session.
    ProftpdTls,
    /// Explicit TLS only.
    PureftpdTls,
    /// A stranger: MLSD that no FEAT announces, neither SIZE nor MDTM, passive only.
    Aioftp,
    /// The same under implicit TLS.
    AioftpTls,
    /// A stranger: one line at a time, LIST only, names as Latin-1 in commands and as UTF-8 in listings.
    Twisted,
    /// A stranger: one line at a time, LIST only, names without their quotes.
    FtpSrv,
    /// The same under explicit TLS, whose data connections shake hands before the 150.
    FtpSrvTls,
}

impl Kind {
    /// Those whose ways are known and that take all that is sent ahead, for tests that hold for all of them.
    pub(crate) const ALL: [Self; 8] = [
        Self::Vsftpd,
        Self::Proftpd,
        Self::Pureftpd,
        Self::Pyftpd,
        Self::PyftpdGbk,
        Self::VsftpdTls,
        Self::ProftpdTls,
        Self::PureftpdTls,
    ];

    /// The `mode` of its TLS in a manifest; nothing where it speaks in clear.
    pub(super) fn tls(self) -> Option<&'static str> {
        match self {
            Self::VsftpdTls | Self::ProftpdTls | Self::PureftpdTls | Self::FtpSrvTls => {
                Some("explicit")
            }
            Self::AioftpTls => Some("implicit"),
            _ => None,
        }
    }

    /// Whether the server speaks TLS only.
    pub(crate) fn is_tls(self) -> bool {
        self.tls().is_some()
    }

    /// Whether any password is right, so that a test of wrong ones has to take another server.
    pub(crate) fn is_anonymous(self) -> bool {
        matches!(self, Self::Vsftpd | Self::VsftpdTls)
    }

    /// The Debian servers bind, chroot and change their user; the others do nothing of the kind.
    pub(super) fn is_debian(self) -> bool {
        self.part() == "prefix"
    }

    /// Whether the tests do without it where it could not be installed.
    pub(super) fn is_stranger(self) -> bool {
        !Self::ALL.contains(&self)
    }

    /// The folder of the lab that holds it.
    pub(super) fn part(self) -> &'static str {
        match self {
            Self::Pyftpd | Self::PyftpdGbk => "python",
            Self::Aioftp | Self::AioftpTls => "aioftp",
            Self::Twisted => "twisted",
            Self::FtpSrv | Self::FtpSrvTls => "ftp-srv",
            _ => "prefix",
        }
    }
}
