//! How each server is configured. Defaults stand wherever the tests do not need otherwise: the
//! servers' own ways are what is tested.

use std::ffi::OsString;
use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::ports::Ports;
use super::{ACCOUNT, Kind};

pub(super) const USER: &str = "lab";
pub(super) const PASSWORD: &str = "lab-secret";
/// `PASSWORD` as `crypt(3)` keeps it (`openssl passwd -6 -salt ftpflowtests`).
const PASSWORD_HASH: &str = "$6$ftpflowtests$uCYRwNR59HtnfrZyPeDKT03hBgc2yYHvpN9A3y.wJ9DuWfWKh/QyeuA5Xaiz9BwmRTfys2e6I.OuZsltIXM9K0";

/// The folder that users are confined to.
const HOME: &str = "root";
/// The certificate's file in a server's folder.
pub(super) const CERTIFICATE: &str = "certificate.pem";
/// The key's, and Pure-FTPd's, which wants both in one.
const KEY: &str = "key.pem";
const KEY_AND_CERTIFICATE: &str = "server.pem";

/// Runs its arguments with an empty /run of their own, where that is allowed. Pure-FTPd keeps a file for
/// each session in /run/pure-ftpd and leaves it there when it is killed, ProFTPD tries out a socket
/// there as it starts; nothing tells them another place.
const WITH_OWN_RUN: &str = r#"
case $PWD in /run/*) exec "$@" ;; esac
unshare --mount true 2>/dev/null || exec "$@"
exec unshare --mount sh -c 'mount -n -t tmpfs tmpfs /run; exec "$@"' sh "$@"
"#;

/// Writes what a server needs into its folder and returns the command that runs it in the foreground.
pub(super) fn command(
    kind: Kind,
    host: IpAddr,
    lab: &Path,
    folder: &Path,
    ports: &Ports,
) -> Vec<OsString> {
    if kind.is_tls() {
        write_certificate(folder);
    }
    let prefix = lab.join("prefix");
    match kind {
        Kind::Vsftpd | Kind::VsftpdTls => vsftpd(kind, host, &prefix, folder, ports),
        Kind::Proftpd | Kind::ProftpdTls => proftpd(kind, host, &prefix, folder, ports),
        Kind::Pureftpd | Kind::PureftpdTls => pureftpd(kind, host, &prefix, folder, ports),
        _ => library(kind, host, lab, folder, ports),
    }
}

/// The folder that a server's user may write to.
pub(super) fn root(kind: Kind, folder: &Path) -> PathBuf {
    let home = folder.join(HOME);
    if kind.is_anonymous() {
        home.join("data")
    } else {
        home
    }
}

/// The libraries that were unpacked together with the servers.
pub(super) fn library_path(lab: &Path) -> OsString {
    let machine = format!("{}-linux-gnu", std::env::consts::ARCH);
    let prefix = lab.join("prefix");
    let folders = [
        prefix.join("usr/lib").join(&machine),
        prefix.join("lib").join(&machine),
    ];
    std::env::join_paths(folders).unwrap()
}

/// Anonymous, because vsftpd asks PAM about everybody else, and PAM reads /etc alone. The folder that
/// anonymous users are confined to must not be writable (`allow_writeable_chroot` is for others), so
/// theirs is one in it.
///
/// `isolate*` and the seccomp filter are off because they need what a container may not allow; none
/// of them changes what goes over the wire.
fn vsftpd(kind: Kind, host: IpAddr, prefix: &Path, folder: &Path, ports: &Ports) -> Vec<OsString> {
    let config = folder.join("vsftpd.conf");
    let empty = folder.join("empty");
    fs::create_dir(&empty).unwrap();
    let listen = match host {
        IpAddr::V4(host) => format!("listen=YES\nlisten_address={host}"),
        IpAddr::V6(host) => format!("listen=NO\nlisten_ipv6=YES\nlisten_address6={host}"),
    };
    let mut text = format!(
        "\
{listen}
listen_port={port}
background=NO
anonymous_enable=YES
local_enable=NO
no_anon_password=NO
ftp_username=daemon
anon_root={root}
write_enable=YES
anon_upload_enable=YES
anon_mkdir_write_enable=YES
anon_other_write_enable=YES
anon_world_readable_only=NO
anon_umask=022
mdtm_write=YES
secure_chroot_dir={empty}
pasv_min_port={first}
pasv_max_port={last}
max_per_ip=256
xferlog_enable=NO
seccomp_sandbox=NO
isolate=NO
isolate_network=NO
",
        port = ports.control(),
        root = folder.join(HOME).display(),
        empty = empty.display(),
        first = ports.passive_first(),
        last = ports.passive_last(),
    );
    if kind.is_tls() {
        // `require_ssl_reuse` is left at its default, YES. The default ciphers are no longer spoken.
        text.push_str(&format!(
            "\
ssl_enable=YES
allow_anon_ssl=YES
force_anon_logins_ssl=YES
force_anon_data_ssl=YES
ssl_ciphers=HIGH
rsa_cert_file={}
rsa_private_key_file={}
",
            folder.join(CERTIFICATE).display(),
            folder.join(KEY).display(),
        ));
    }
    fs::write(&config, text).unwrap();
    vec![prefix.join("usr/sbin/vsftpd").into(), config.into()]
}

/// A virtual user of `AuthUserFile`. What ProFTPD would keep in /run is turned off or put elsewhere.
fn proftpd(kind: Kind, host: IpAddr, prefix: &Path, folder: &Path, ports: &Ports) -> Vec<OsString> {
    let users = folder.join("passwd");
    let root = folder.join(HOME);
    write_private(
        &users,
        &format!(
            "{USER}:{PASSWORD_HASH}:{ACCOUNT}:{ACCOUNT}::{}:/bin/sh\n",
            root.display()
        ),
    );
    let mut text = format!(
        "\
ModulePath {modules}
LoadModule mod_tls.c
LoadModule mod_digest.c
ServerName tests
ServerType standalone
DefaultServer on
DefaultAddress {host}
Port {port}
UseIPv6 {ipv6}
SocketBindTight on
User nobody
Group nogroup
AuthOrder mod_auth_file.c
AuthUserFile {users}
UseFtpUsers off
RequireValidShell off
DefaultRoot ~
AllowOverwrite on
PassivePorts {first} {last}
MaxInstances 300
PidFile {folder}/pid
ScoreboardFile {folder}/scoreboard
DelayEngine off
TransferLog none
WtmpLog off
UseReverseDNS off
<IfModule mod_ctrls.c>
ControlsEngine off
ControlsSocket {folder}/controls
</IfModule>
",
        modules = prefix.join("usr/lib/proftpd").display(),
        port = ports.control(),
        ipv6 = if host.is_ipv6() { "on" } else { "off" },
        users = users.display(),
        first = ports.passive_first(),
        last = ports.passive_last(),
        folder = folder.display(),
    );
    if kind.is_tls() {
        text.push_str(&format!(
            "\
TLSEngine on
TLSRequired on
TLSECCertificateFile {}
TLSECCertificateKeyFile {}
TLSLog {}
",
            folder.join(CERTIFICATE).display(),
            folder.join(KEY).display(),
            folder.join("tls.log").display(),
        ));
    }
    let config = folder.join("proftpd.conf");
    fs::write(&config, text).unwrap();
    let mut command = with_own_run(prefix.join("usr/sbin/proftpd"));
    command.extend(["-n".into(), "-c".into(), config.into()]);
    command
}

/// A virtual user of a PureDB, which gives each server its own root.
fn pureftpd(
    kind: Kind,
    host: IpAddr,
    prefix: &Path,
    folder: &Path,
    ports: &Ports,
) -> Vec<OsString> {
    let users = folder.join("users");
    let database = folder.join("users.pdb");
    let home = folder.join(HOME);
    // Home, then what this user is not limited in.
    let user = format!(
        "{USER}:{PASSWORD_HASH}:{ACCOUNT}:{ACCOUNT}::{}/./::::::::::::\n",
        home.display()
    );
    write_private(&users, &user);
    let made = Command::new(prefix.join("usr/bin/pure-pw"))
        .args(["mkdb".as_ref(), database.as_os_str(), "-f".as_ref()])
        .arg(&users)
        .env("LD_LIBRARY_PATH", library_path(prefix.parent().unwrap()))
        .output()
        .unwrap();
    assert!(made.status.success(), "pure-pw: {made:?}");

    let mut command = with_own_run(prefix.join("usr/sbin/pure-ftpd"));
    let bind = format!("{host},{}", ports.control());
    let passive = format!("{}:{}", ports.passive_first(), ports.passive_last());
    let login = format!("puredb:{}", database.display());
    let pid = folder.join("pid").display().to_string();
    let options = [
        "-S", &bind, "-p", &passive, "-l", &login, "-g", &pid, "-A", "-E", "-H", "-u", "1", "-c",
        "300", "-C", "256",
    ];
    command.extend(options.map(OsString::from));
    if kind.is_tls() {
        let pem = folder.join(KEY_AND_CERTIFICATE).display().to_string();
        command.extend(["-Y", "2", "-2", &pem].map(OsString::from));
    }
    command
}

/// A server that is a library, run by a program of ours that takes these arguments before the ones of its own.
fn library(kind: Kind, host: IpAddr, lab: &Path, folder: &Path, ports: &Ports) -> Vec<OsString> {
    let (option, program) = match kind {
        Kind::FtpSrv | Kind::FtpSrvTls => ("-e", include_str!("ftp-srv/server.js")),
        Kind::Aioftp | Kind::AioftpTls => ("-c", include_str!("aioftp.py")),
        Kind::Twisted => ("-c", include_str!("twisted.py")),
        _ => ("-c", include_str!("pyftpd.py")),
    };
    let root = folder.join(HOME);
    let numbers = [ports.control(), ports.passive_first(), ports.passive_last()];
    let mut command: Vec<OsString> = vec![
        lab.join(kind.part()).join("bin").into(),
        option.into(),
        program.into(),
        host.to_string().into(),
    ];
    command.extend(numbers.map(|number| number.to_string().into()));
    command.extend([root.into(), USER.into(), PASSWORD.into()]);
    match kind {
        Kind::PyftpdGbk => command.push("gbk".into()),
        Kind::Pyftpd => command.push("utf8".into()),
        Kind::AioftpTls | Kind::FtpSrvTls => {
            command.extend([CERTIFICATE, KEY].map(|file| folder.join(file).into()));
        }
        _ => {}
    }
    command
}

fn with_own_run(program: PathBuf) -> Vec<OsString> {
    let mut command: Vec<OsString> = ["sh", "-c", WITH_OWN_RUN, "sh"].map(OsString::from).into();
    command.push(program.into());
    command
}

fn write_certificate(folder: &Path) {
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    fs::write(folder.join(CERTIFICATE), &certificate).unwrap();
    write_private(&folder.join(KEY), &key);
    write_private(
        &folder.join(KEY_AND_CERTIFICATE),
        &format!("{key}{certificate}"),
    );
}

/// Some servers refuse secrets that others could read.
fn write_private(file: &Path, text: &str) {
    fs::write(file, text).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
}
