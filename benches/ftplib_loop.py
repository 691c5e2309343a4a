"""The loop that everybody writes first: one session of Python's ftplib, one file after the other."""

import ftplib
import sys

verb, host, port, user, password, tls, there, here, names = sys.argv[1:]
server = ftplib.FTP_TLS() if tls == "1" else ftplib.FTP()
server.connect(host, int(port))
server.login(user, password)
if tls == "1":
    server.prot_p()
server.cwd(there)
with open(names) as listed:
    files = listed.read().splitlines()
if verb == "list":
    print(sum(name.endswith("7.bin") for name in server.nlst()))
elif verb == "down":
    for name in files:
        with open(f"{here}/{name}", "wb") as out:
            server.retrbinary(f"RETR {name}", out.write, 262144)
else:
    for name in files:
        with open(f"{here}/{name}", "rb") as content:
            server.storbinary(f"STOR {name}", content, 262144)
server.quit()
