// An ftp-srv server for one test: HOST PORT FIRST-PASSIVE LAST-PASSIVE ROOT USER PASSWORD [CERTIFICATE KEY].

const fs = require('fs');
const { FtpSrv } = require('ftp-srv');

const [host, port, first, last, root, user, password, certificate, key] = process.argv.slice(1);

const server = new FtpSrv({
  url: `ftp://${host.includes(':') ? `[${host}]` : host}:${port}`,
  pasv_url: host,
  pasv_min: Number(first),
  pasv_max: Number(last),
  tls: certificate && { cert: fs.readFileSync(certificate), key: fs.readFileSync(key) },
});
server.on('login', (login, accept, refuse) =>
  login.username === user && login.password === password
    ? accept({ root })
    : refuse(new Error('wrong user or password'))
);
server.listen();
