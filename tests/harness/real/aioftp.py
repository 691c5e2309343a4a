"""An aioftp server for one test: HOST PORT FIRST-PASSIVE LAST-PASSIVE ROOT USER PASSWORD [CERTIFICATE KEY]."""

import asyncio
import pathlib
import ssl
import sys

import aioftp

host, port, first, last, root, user, password, *pair = sys.argv[1:]

context = None
if pair:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*pair)

server = aioftp.Server(
    [aioftp.User(user, password, base_path=pathlib.Path(root), home_path="/")],
    data_ports=range(int(first), int(last) + 1),
    ssl=context,
    # The default is a second, which a machine that compiles at the same time does not keep.
    wait_future_timeout=30,
)
asyncio.run(server.run(host, int(port)))
