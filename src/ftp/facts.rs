//! What was learned about a server, kept for its next sessions.

use crate::endpoint::TlsVersion;

use super::listing::zone::Zones;
use super::pace::Pace;
use super::reply::Reply;

/// What was learned about one server. Copied into a session when it is leased, and merged back; [`Facts::pace`] is shared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The reply to FEAT; `None` before the first login.
    pub features: Option<Features>,
    /// EPSV is refused, or its port cannot be reached: PASV is used.
    pub epsv_unusable: bool,
    /// EPRT is refused: PORT is used.
    pub eprt_unusable: bool,
    /// APPE is refused or adds wrongly (ProFTPD at its default): uploads begin again.
    pub no_restart_upload: bool,
    /// REST before RETR is refused: downloads begin again.
    pub no_restart_download: bool,
    /// Neither MFMT nor vsftpd's form of MDTM sets times.
    pub no_times: bool,
    /// vsftpd's form of MDTM was seen to set a time.
    pub mdtm_sets: bool,
    /// Whether the server takes vsftpd's form of MDTM for another command than MDTM; `None` until asked.
    pub knows_mdtm_form: Option<bool>,
    /// SIZE is unknown to the server.
    pub no_size: bool,
    /// MLSD is announced and refused all the same.
    pub mlsd_unusable: bool,
    /// LIST is unknown to the server: NLST is used.
    pub list_unusable: bool,
    /// Whether `LIST -a` shows `.` and `..`, so that a folder without them was not read; `None` until asked.
    pub shows_dots: Option<bool>,
    /// `LIST -a` is refused, or taken for the name of a folder: LIST is used, which may leave names with a leading dot out.
    pub list_all_unusable: bool,
    /// Whether lines may reach the server before it has answered.
    pub pace: Pace,
    /// Whether the server keeps what is sent during a transfer until the transfer is over; `None` until seen.
    ///
    /// vsftpd, ProFTPD and Pure-FTPd do; pyftpdlib answers at once and lets EPSV end the running transfer.
    pub waits_for_transfer: Option<bool>,
    /// What to subtract from LIST times to get UTC, where found.
    pub zones: Zones,
    /// The reply to PWD right after the first login.
    pub home: Option<Vec<u8>>,
    /// Data connections must resume a TLS session, and tickets of TLS 1.3 run out (ProFTPD 1.3.8, with uploads): TLS 1.2 is used,
    /// whose sessions are resumed without end.
    pub tls12_only: bool,
    /// The server does not speak TLS 1.2, so that `tls12_only` cannot be met.
    pub no_tls12: bool,
    /// Under TLS the server answers a transfer command only once the handshake of its data connection is done (ftp-srv, which
    /// says 425 without).
    pub handshake_first: bool,
    /// Whether a server that announces UTF8 keeps bytes that are not; `None` until [`super::Session::ask_for_bytes`],
    /// and not certain where it is `Some(false)`.
    pub keeps_bytes: Option<bool>,
    /// The server keeps every byte of a name: it repeated such, or is known for it.
    pub exact_names: bool,
    /// UTF8 is announced, and a listing has shown a name that is UTF-8 and not ASCII.
    pub shows_utf8: bool,
    /// Bytes of listings that were read to find out what refusals meant, by the session that read the most.
    pub looked_through: u64,
    /// A PASV reply named another address than the control connection's peer.
    pub pasv_elsewhere: bool,
    /// What to set, where a folder that may be missing stands there in another encoding, as its parent's names do.
    pub misread: Option<String>,
}

/// The lines of a FEAT reply (RFC 2389) that matter here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Features {
    /// FEAT is refused: what the server can do is found by trying.
    pub untold: bool,
    /// MLST and MLSD (RFC 3659 §7).
    pub mlsd: bool,
    /// MFMT (draft-somers-ftp-mfxx).
    pub mfmt: bool,
    /// MDTM (RFC 3659 §3).
    pub mdtm: bool,
    /// SIZE (RFC 3659 §4).
    pub size: bool,
    /// REST STREAM (RFC 3659 §5).
    pub rest_stream: bool,
    /// UTF8 (RFC 2640).
    pub utf8: bool,
    /// ESTP, which Pure-FTPd alone has.
    pub estp: bool,
    /// EPSV (RFC 2428).
    pub epsv: bool,
    /// AUTH TLS (RFC 4217).
    pub auth_tls: bool,
    /// Commands that compute checksums: HASH, MD5, XCRC, XMD5, XSHA1, XSHA256, …, in upper case.
    pub checksums: Vec<String>,
    /// Every line as it came, for `probe`.
    pub lines: Vec<String>,
}

impl Facts {
    /// Takes in what another session of the same server learned.
    pub fn merge(&mut self, other: &Facts) {
        if self.features.is_none() {
            self.features.clone_from(&other.features);
        }
        self.epsv_unusable |= other.epsv_unusable;
        self.eprt_unusable |= other.eprt_unusable;
        self.no_restart_upload |= other.no_restart_upload;
        self.no_restart_download |= other.no_restart_download;
        self.no_times |= other.no_times;
        self.mdtm_sets |= other.mdtm_sets;
        self.knows_mdtm_form = self.knows_mdtm_form.or(other.knows_mdtm_form);
        self.no_size |= other.no_size;
        self.mlsd_unusable |= other.mlsd_unusable;
        self.pace.merge(&other.pace);
        self.list_unusable |= other.list_unusable;
        self.list_all_unusable |= other.list_all_unusable;
        self.exact_names |= other.exact_names;
        self.shows_utf8 |= other.shows_utf8;
        self.handshake_first |= other.handshake_first;
        self.tls12_only |= other.tls12_only;
        self.no_tls12 |= other.no_tls12;
        self.pasv_elsewhere |= other.pasv_elsewhere;
        self.looked_through = self.looked_through.max(other.looked_through);
        // A server that once did not wait is never trusted to.
        self.waits_for_transfer = match (self.waits_for_transfer, other.waits_for_transfer) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (mine, theirs) => mine.or(theirs),
        };
        // A listing that showed such a name outweighs a refusal that did not repeat one.
        self.keeps_bytes = match (self.keeps_bytes, other.keeps_bytes) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (mine, theirs) => mine.or(theirs),
        };
        self.shows_dots = self.shows_dots.or(other.shows_dots);
        if self.misread.is_none() {
            self.misread.clone_from(&other.misread);
        }
        self.zones.merge(&other.zones);
        if self.home.is_none() {
            self.home.clone_from(&other.home);
        }
    }

    /// Whether UTF8 is announced.
    pub fn announces_utf8(&self) -> bool {
        self.has(|features| features.utf8)
    }

    /// Whether names may be sent in bytes that are not UTF-8. Where UTF8 is announced, only once it is known that the
    /// server keeps them.
    pub fn takes_any_bytes(&self) -> bool {
        !self.announces_utf8() || self.keeps_bytes == Some(true)
    }

    /// Whether it is settled what becomes of bytes in names, as far as it ever can be.
    pub fn knows_names(&self) -> bool {
        self.exact_names || self.keeps_bytes.is_some()
    }

    /// Whether a space at the end of a new name stays. Pure-FTPd writes `_` in its place, at STOR, MKD and RNTO, and
    /// answers as if nothing had been changed.
    pub fn keeps_spaces(&self) -> bool {
        !self.has(|features| features.estp)
    }

    /// Whether MLSD is worth a try: announced, or FEAT is refused (aioftp has it all the same).
    pub(super) fn may_know_mlsd(&self) -> bool {
        self.has(|features| features.mlsd || features.untold) && !self.mlsd_unusable
    }

    /// Whether files can be given the times of their sources, as far as is known: MFMT is announced.
    ///
    /// vsftpd's form of MDTM is not announced; it is counted on once it was seen to work.
    pub fn sets_times(&self) -> bool {
        (self.mdtm_sets || self.has(|features| features.mfmt)) && !self.no_times
    }

    /// The highest version of TLS that is of use.
    pub(super) fn highest_tls(&self) -> Option<TlsVersion> {
        (self.tls12_only && !self.no_tls12).then_some(TlsVersion::V12)
    }

    pub(super) fn has(&self, feature: impl Fn(&Features) -> bool) -> bool {
        self.features.as_ref().is_some_and(feature)
    }
}

impl Features {
    /// Reads the reply to FEAT; a refusal means that nothing is known to be there.
    pub(super) fn from_reply(reply: &Reply) -> Features {
        let mut features = Features::default();
        if reply.code != 211 || reply.lines.len() < 3 {
            features.untold = reply.is_refusal();
            return features;
        }
        for line in &reply.lines[1..reply.lines.len() - 1] {
            features.add(String::from_utf8_lossy(line).trim());
        }
        features
    }

    fn add(&mut self, line: &str) {
        // Some servers repeat the code on every line.
        let line = line.strip_prefix("211-").unwrap_or(line).trim();
        let upper = line.to_ascii_uppercase();
        let mut words = upper.split_whitespace();
        let name = words.next().unwrap_or_default();
        match name {
            "MLST" | "MLSD" => self.mlsd = true,
            "MFMT" => self.mfmt = true,
            "MDTM" => self.mdtm = true,
            "SIZE" => self.size = true,
            "REST" => self.rest_stream |= words.any(|word| word == "STREAM"),
            "UTF8" | "UTF-8" => self.utf8 = true,
            "ESTP" => self.estp = true,
            "EPSV" => self.epsv = true,
            "AUTH" => self.auth_tls |= upper.contains("TLS") || upper.contains("SSL"),
            "HASH" | "MD5" | "MMD5" => self.checksums.push(name.into()),
            _ if name.starts_with("XCRC")
                || name.starts_with("XMD5")
                || name.starts_with("XSHA") =>
            {
                self.checksums.push(name.into());
            }
            _ => {}
        }
        if !line.is_empty() {
            self.lines.push(line.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_read_by_their_first_word() {
        let text = b"211-Features:\r\n EPSV\r\n MLST type*;size*;\r\n REST STREAM\r\n UTF8\r\n XMD5\r\n211 End\r\n";
        let features = Features::from_reply(&Reply::parse(text, "FEAT".into()).unwrap());
        assert!(features.epsv && features.mlsd && features.rest_stream && features.utf8);
        assert!(!features.mfmt);
        assert_eq!(features.checksums, ["XMD5"]);
    }

    #[test]
    fn a_refused_feat_means_that_nothing_is_known() {
        let reply = Reply::parse(b"502 no\r\n", "FEAT".into()).unwrap();
        let untold = Features {
            untold: true,
            ..Features::default()
        };
        assert_eq!(Features::from_reply(&reply), untold);
    }

    #[test]
    fn a_bad_experience_outlasts_a_good_one() {
        let mut facts = Facts {
            waits_for_transfer: Some(true),
            ..Facts::default()
        };
        facts.merge(&Facts {
            waits_for_transfer: Some(false),
            epsv_unusable: true,
            ..Facts::default()
        });
        assert_eq!(facts.waits_for_transfer, Some(false));
        assert!(facts.epsv_unusable);
    }
}
