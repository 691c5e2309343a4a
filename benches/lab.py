"""FTP servers for the benches: the Debian programs that `tests/run` has unpacked, on roots in memory.

A disk would hide what is measured: creating a file on one costs more than all that a client does for it.
"""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
# Who owns what the servers write; `daemon` on every Debian. No account is made.
ACCOUNT = 1
USER, PASSWORD = "lab", "lab-secret"
# Pure-FTPd and ProFTPD keep files in /run, and nothing tells them another place: they get one of their own.
OWN_RUN = ["unshare", "--mount", "sh", "-c", 'mount -n -t tmpfs tmpfs /run; exec "$@"', "sh"]
MEMORY = pathlib.Path("/dev/shm")


class Missing(Exception):
    """What the machine lacks, and what to do about it."""


def target():
    """The target folder, wherever it is."""
    return pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))


def need(condition, lack):
    if not condition:
        raise Missing(lack)


def need_tools(names):
    """Refuses to begin where one of these programs is not installed."""
    missing = [name for name in names if not shutil.which(name)]
    packages = " ".join(sorted({"ncftp" if name.startswith("ncftp") else name for name in missing}))
    need(not missing, f"{', '.join(missing)}: apt-get install {packages}, or name the others with --clients")


def need_machine():
    need(sys.platform == "linux" and MEMORY.is_dir(), "Linux with /dev/shm")
    need(os.geteuid() == 0, "root: the Debian servers change their user and their root")
    complete = target() / "lab/prefix/.complete"
    need(complete.exists(), f"the FTP servers in {complete.parent}: run tests/run once, which puts them there")


def program():
    """The release build of ftpflow."""
    path = target() / "release/ftpflow"
    need(path.exists(), f"{path}: cargo build --release --locked")
    return str(path)


def folder():
    """A new folder in memory that a server's user may pass through."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="ftpflow-bench-", dir=MEMORY))
    path.chmod(0o755)
    return path


def ended_with(process):
    """Ends a process that was begun in a session of its own, and all that it has started there."""
    try:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(5)
    except (ProcessLookupError, subprocess.TimeoutExpired):
        pass
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


class Server:
    """A running server: `host`, `port`, `user`, `password`, `root` on disk, and the same folder as clients see it."""

    def __init__(self, kind, tls=False, host="127.0.0.1", within=()):
        self.kind, self.tls, self.host = kind, tls, host
        self.folder = folder()
        self.home = self.folder / "home"
        self.user, self.password, self.prefix, self.root = USER, PASSWORD, "", self.home
        self.home.mkdir()
        if kind == "vsftpd":
            # It asks PAM, which reads /etc alone, about everybody but the anonymous, whose root must not be writable.
            self.user, self.prefix, self.root = "anonymous", "/data", self.home / "data"
            self.root.mkdir()
        os.chown(self.root, ACCOUNT, ACCOUNT)
        self.port = free_port()
        if tls:
            self.make_certificate()
        command = {"vsftpd": self.vsftpd, "proftpd": self.proftpd, "pureftpd": self.pureftpd}[kind]()
        libraries = [str(path) for path in (target() / "lab/prefix").rglob("*-linux-gnu") if "lib" in path.parts]
        self.log = open(self.folder / "log", "w")
        self.process = subprocess.Popen(
            [*within, *command],
            env=dict(os.environ, LD_LIBRARY_PATH=":".join(libraries)),
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, start_new_session=True,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        ended_with(self.process)
        self.log.close()
        shutil.rmtree(self.folder)

    def await_greeting(self, connects=None):
        """Waits until it greets; `connects` says how that is seen from elsewhere than here."""
        connects = connects or self.greets
        for _ in range(100):
            if connects():
                return self
            time.sleep(0.05)
        raise Missing(f"{self.kind} that comes up:\n{(self.folder / 'log').read_text()}")

    def greets(self):
        try:
            with socket.create_connection((self.host, self.port), 1) as connection:
                return connection.recv(3) == b"220"
        except OSError:
            return False

    def remote(self, name):
        """A folder of the root, as clients name it."""
        return f"{self.prefix}/{name}"

    def make(self, name):
        """An empty folder of the root, on disk."""
        path = self.root / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
        os.chown(path, ACCOUNT, ACCOUNT)
        return path

    def entry(self, connections):
        """Its lines under `servers:` of a manifest, of which the name goes before."""
        tls = f", tls: {{mode: explicit, ca_file: '{self.folder}/cert.pem'}}" if self.tls else ""
        return (f"{{host: {self.host}, port: {self.port}, user: {self.user}, password: {self.password}, "
                f"connections: {connections}{tls}}}")

    def program(self, path):
        return str(target() / "lab/prefix/usr" / path)

    def make_certificate(self):
        need_tools(["openssl"])
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"],
            cwd=self.folder, check=True, capture_output=True,
        )

    def private(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def hashed_password(self):
        need_tools(["openssl"])
        made = subprocess.run(["openssl", "passwd", "-6", PASSWORD], check=True, capture_output=True, text=True)
        return made.stdout.strip()

    def vsftpd(self):
        (self.folder / "empty").mkdir()
        text = f"""\
listen=YES
listen_address={self.host}
listen_port={self.port}
background=NO
anonymous_enable=YES
local_enable=NO
no_anon_password=NO
ftp_username=daemon
anon_root={self.home}
write_enable=YES
anon_upload_enable=YES
anon_mkdir_write_enable=YES
anon_other_write_enable=YES
anon_world_readable_only=NO
anon_umask=022
mdtm_write=YES
secure_chroot_dir={self.folder}/empty
max_per_ip=256
xferlog_enable=NO
seccomp_sandbox=NO
isolate=NO
isolate_network=NO
"""
        if self.tls:
            text += f"""\
ssl_enable=YES
allow_anon_ssl=YES
force_anon_logins_ssl=YES
force_anon_data_ssl=YES
ssl_ciphers=HIGH
rsa_cert_file={self.folder}/cert.pem
rsa_private_key_file={self.folder}/key.pem
"""
        return [self.program("sbin/vsftpd"), str(self.private("vsftpd.conf", text))]

    def proftpd(self):
        self.private("passwd", f"{USER}:{self.hashed_password()}:{ACCOUNT}:{ACCOUNT}::{self.home}:/bin/sh\n")
        text = f"""\
ModulePath {self.program('lib/proftpd')}
ServerName bench
ServerType standalone
DefaultServer on
DefaultAddress {self.host}
Port {self.port}
UseIPv6 off
SocketBindTight on
User nobody
Group nogroup
AuthOrder mod_auth_file.c
AuthUserFile {self.folder}/passwd
UseFtpUsers off
RequireValidShell off
DefaultRoot ~
AllowOverwrite on
MaxInstances 300
PidFile {self.folder}/pid
ScoreboardFile {self.folder}/scoreboard
DelayEngine off
TransferLog none
WtmpLog off
UseReverseDNS off
<IfModule mod_ctrls.c>
ControlsEngine off
ControlsSocket {self.folder}/controls
</IfModule>
"""
        return [*OWN_RUN, self.program("sbin/proftpd"), "-n", "-c", str(self.private("proftpd.conf", text))]

    def pureftpd(self):
        users = self.private("users", f"{USER}:{self.hashed_password()}:{ACCOUNT}:{ACCOUNT}::{self.home}/./::::::::::::\n")
        database = self.folder / "users.pdb"
        libraries = [str(path) for path in (target() / "lab/prefix").rglob("*-linux-gnu") if "lib" in path.parts]
        subprocess.run(
            [self.program("bin/pure-pw"), "mkdb", str(database), "-f", str(users)],
            env=dict(os.environ, LD_LIBRARY_PATH=":".join(libraries)), check=True, capture_output=True,
        )
        # Its default cuts a listing off at 10,000 entries.
        return [*OWN_RUN, self.program("sbin/pure-ftpd"), "-L", "1000000:9",
                "-S", f"{self.host},{self.port}", "-l", f"puredb:{database}", "-g", f"{self.folder}/pid", "-A", "-E", "-H", "-u", "1", "-c", "300", "-C", "256"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
