"""A pyftpdlib server for one test: HOST PORT FIRST-PASSIVE LAST-PASSIVE ROOT USER PASSWORD ENCODING."""

import logging
import sys

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer

host, port, first, last, root, user, password, encoding = sys.argv[1:]
logging.basicConfig(level=logging.WARNING)

authorizer = DummyAuthorizer()
authorizer.add_user(user, password, root, perm="elradfmwMT")


class Handler(FTPHandler):
    pass


Handler.authorizer = authorizer
Handler.encoding = encoding
Handler.passive_ports = range(int(first), int(last) + 1)

server = FTPServer((host, int(port)), Handler)
server.max_cons = 512
server.max_cons_per_ip = 256
server.serve_forever()
