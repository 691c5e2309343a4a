"""How each client is told to do one of the works of the table.

A work is a folder of a server, `there`, and one of this machine or of a second server, `here`. What is given back is the
command, or nothing where the client has no such work.
"""

import pathlib
import subprocess
import sys

import lab

SESSIONS = 8
NAMES = ["ftpflow", "lftp", "curl", "rclone", "ncftp", "ftplib"]
TOOLS = {"lftp": ["lftp"], "curl": ["curl"], "rclone": ["rclone"], "ncftp": ["ncftpget", "ncftpput"]}


class Work:
    """What is to be done: `verb` is down, up, relay or list; `names` are the files."""

    def __init__(self, verb, server, there, here, names, mirror=None):
        self.verb, self.server, self.there, self.here, self.names, self.mirror = verb, server, there, here, names, mirror


def command(client, work, scratch):
    """The command line; `scratch` is an empty folder for what it reads."""
    makers = {"ftpflow": ftpflow, "lftp": lftp, "curl": curl, "rclone": rclone, "ncftp": ncftp, "ftplib": ftplib}
    return makers[client](work, pathlib.Path(scratch))


def ftpflow(work, scratch):
    there = work.server.remote(work.there)
    # One file is named; of many the folder is read.
    files = f"{there}/{work.names[0]}" if len(work.names) == 1 else f"{there}/*"
    local = f"{work.here}/{work.names[0]}" if len(work.names) == 1 else f"{work.here}/*"
    steps = {
        "down": lambda: f"get: {{download: {{server: a, files: '{files}', into: '{work.here}'}}}}",
        "up": lambda: f"put: {{upload: {{files: '{local}', to: a, into: {there}}}}}",
        "relay": lambda: f"pass: {{relay: {{server: a, files: '{files}', to: b, into: {work.mirror.remote(work.here)}}}}}",
        "list": lambda: f"all: {{list: {{server: a, path: {there}}}}}\n  some: {{filter: {{from: all, include: '*7.bin'}}}}",
    }
    servers = f"  a: {work.server.entry(SESSIONS)}\n"
    if work.mirror:
        servers += f"  b: {work.mirror.entry(SESSIONS)}\n"
    (scratch / "bench.yaml").write_text(f"version: 1\nservers:\n{servers}steps:\n  {steps[work.verb]()}\n")
    return [lab.program(), "run", "bench.yaml"]


def url(server, name):
    return f"ftp://{server.user}:{server.password}@{server.host}:{server.port}/{server.remote(name)}"


def lftp(work, scratch):
    settings = "set cmd:fail-exit yes; set ftp:use-fxp no; set ftp:sync-mode off; "
    if work.server.tls:
        settings += "set ftp:ssl-force yes; set ftp:ssl-protect-data yes; set ssl:verify-certificate no; "
    else:
        settings += "set ftp:ssl-allow no; "
    there, one = url(work.server, work.there), len(work.names) == 1
    lines = {
        ("down", True): lambda: f"get {there}/{work.names[0]} -o {work.here}/{work.names[0]}",
        ("down", False): lambda: f"mirror --parallel={SESSIONS} {there} {work.here}",
        ("up", True): lambda: f"put {work.here}/{work.names[0]} -o {there}/{work.names[0]}",
        ("up", False): lambda: f"mirror -R --parallel={SESSIONS} {work.here} {there}",
        ("relay", True): lambda: f"get {there}/{work.names[0]} -o {url(work.mirror, work.here)}/{work.names[0]}",
        ("relay", False): lambda: f"mirror --parallel={SESSIONS} {there} {url(work.mirror, work.here)}",
        ("list", False): lambda: f"open {there}; cls -1 *7.bin",
    }
    return ["lftp", "-c", settings + lines[(work.verb, one)]()]


def curl(work, scratch):
    there = f"ftp://{work.server.host}:{work.server.port}/{work.server.remote(work.there)}"
    lines = [f'user = "{work.server.user}:{work.server.password}"', "silent", "show-error", "fail"]
    if work.server.tls:
        lines += ["ssl-reqd", "insecure"]
    if work.verb == "relay":
        return None
    if work.verb == "list":
        lines += [f'url = "{there}/"', 'output = "/dev/null"']
    for name in work.names if work.verb != "list" else []:
        lines.append(f'url = "{there}/{name}"')
        lines.append(f'output = "{work.here}/{name}"' if work.verb == "down" else f'upload-file = "{work.here}/{name}"')
    if len(work.names) > 1 and work.verb != "list":
        lines += ["parallel", "parallel-immediate", f"parallel-max = {SESSIONS}"]
    (scratch / "curlrc").write_text("\n".join(lines) + "\n")
    return ["curl", "-q", "-K", "curlrc"]


def rclone_remote(server, scratch, name):
    hidden = subprocess.run(["rclone", "obscure", server.password], capture_output=True, text=True, check=True)
    tls = "explicit_tls = true\nno_check_certificate = true\n" if server.tls else ""
    with open(scratch / "rclone.conf", "a") as config:
        config.write(f"[{name}]\ntype = ftp\nhost = {server.host}\nport = {server.port}\nuser = {server.user}\n"
                     f"pass = {hidden.stdout.strip()}\n{tls}")


def rclone(work, scratch):
    rclone_remote(work.server, scratch, "a")
    common = ["rclone", "--config", "rclone.conf", "--retries", "1", "-q"]
    there = f"a:{work.server.remote(work.there)}"
    if work.verb == "list":
        return [*common, "lsf", "--include", "*7.bin", there]
    if work.mirror:
        rclone_remote(work.mirror, scratch, "b")
    many = ["--transfers", str(SESSIONS), "--checkers", str(SESSIONS)]
    here = f"b:{work.mirror.remote(work.here)}" if work.mirror else str(work.here)
    pair = {"down": [there, here], "up": [here, there], "relay": [there, here]}[work.verb]
    return [*common, *many, "copy", *pair]


def ncftp(work, scratch):
    if work.verb not in ("down", "up") or work.server.tls:
        return None
    login = ["-u", work.server.user, "-p", work.server.password, "-P", str(work.server.port), "-V"]
    there = work.server.remote(work.there)
    if work.verb == "down":
        return ["ncftpget", *login, work.server.host, str(work.here), f"{there}/*"]
    return ["ncftpput", *login, work.server.host, there, *[f"{work.here}/{name}" for name in work.names]]


def ftplib(work, scratch):
    if work.verb == "relay":
        return None
    program = pathlib.Path(__file__).with_name("ftplib_loop.py")
    (scratch / "names").write_text("\n".join(work.names))
    server = work.server
    words = [work.verb, server.host, server.port, server.user, server.password, int(server.tls),
             server.remote(work.there), work.here, "names"]
    return [sys.executable, str(program), *map(str, words)]
