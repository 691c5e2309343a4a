"""A Twisted FTP server for one test: HOST PORT FIRST-PASSIVE LAST-PASSIVE ROOT USER PASSWORD."""

import sys

from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.portal import Portal
from twisted.internet import reactor
from twisted.protocols.ftp import FTPFactory, FTPRealm
from twisted.python.filepath import FilePath

host, port, first, last, root, user, password = sys.argv[1:]


class Realm(FTPRealm):
    def getHomeDirectory(self, avatarId):
        return FilePath(root)


users = InMemoryUsernamePasswordDatabaseDontUse()
users.addUser(user, password)
factory = FTPFactory(Portal(Realm(root), [users]))
factory.passivePortRange = range(int(first), int(last) + 1)
reactor.listenTCP(int(port), factory, interface=host)
reactor.run()
