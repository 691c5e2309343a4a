//! What lies under suppaftp's control connection: our own socket, our deadlines, our bytes.
//!
//! suppaftp frames and bounds replies, but connects, logs and times out in ways of its own. Its entry for
//! implicit TLS takes any connector and does nothing of TLS itself, so ours hands back a stream that is already
//! connected, and `ImplFtpStream<Wire>` is the only session type there is, plain or encrypted.
//!
//! A command is put on the [`Desk`]; suppaftp is asked to send a placeholder, in whose stead the wire writes what
//! lies on the desk. So several commands go out in one write, and `PASS` is never seen by suppaftp's log. Replies
//! are: whoever installs a logger leaves out the target `suppaftp`, because servers echo what they were sent.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use socket2::SockRef;
use suppaftp::{FtpError, FtpResult, ImplFtpStream, TlsConnector, TlsStream};

use super::desk::Desk;
use super::socket::Socket;
use super::tls::Upgrade;

/// The control connection as suppaftp sees it.
#[derive(Debug)]
pub(super) struct Wire {
    socket: Socket,
    desk: Arc<Desk>,
}

/// Wraps a connected socket, puts TLS over it at once where it is implicit, and reads the greeting, until the deadline.
///
/// # Errors
/// suppaftp's, among them `UnexpectedResponse` for a greeting other than 220; those of a handshake as
/// `ConnectionError`.
pub(super) fn open(
    socket: Socket,
    implicit: Option<Upgrade>,
    deadline: Instant,
) -> FtpResult<(ImplFtpStream<Wire>, Arc<Desk>)> {
    let desk = Arc::new(Desk::new(socket.clone(), deadline));
    if let Some(upgrade) = implicit {
        desk.secure(upgrade).map_err(FtpError::ConnectionError)?;
    }
    let wire = Wire {
        socket,
        desk: Arc::clone(&desk),
    };
    let (decoy, address) = decoy().map_err(FtpError::ConnectionError)?;
    let connector = Connector(Mutex::new(Some((wire, decoy))));
    let stream = ImplFtpStream::connect_secure_implicit(address, connector, "")?;
    Ok((stream, desk))
}

/// Listens where suppaftp is to connect, and nobody else.
///
/// A port whose connections linger in TIME_WAIT cannot be bound on the address that they were made from, and a machine
/// that opens thousands of them has no other: what lingers on `127.0.0.1` leaves the other loopback addresses free.
fn decoy() -> io::Result<(TcpListener, SocketAddr)> {
    let places: [SocketAddr; 3] = [
        (Ipv4Addr::LOCALHOST, 0).into(),
        (Ipv4Addr::new(127, 70, 84, 80), 0).into(),
        (Ipv6Addr::LOCALHOST, 0).into(),
    ];
    let listener = TcpListener::bind(&places[..]).map_err(no_port)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

fn no_port(error: io::Error) -> io::Error {
    let text = format!("no port is free on this machine's own address: {error}");
    io::Error::new(error.kind(), text)
}

/// Hands suppaftp the wire in place of the connection it insists on making.
///
/// That connection goes to a loopback listener of this one session, closed here, before the greeting is read: a
/// listener shared by all sessions fills its backlog and hangs (seen at connection 130).
#[derive(Debug)]
struct Connector(Mutex<Option<(Wire, TcpListener)>>);

impl TlsConnector for Connector {
    type Stream = Wire;

    fn connect(&self, _domain: &str, decoy: TcpStream) -> FtpResult<Wire> {
        // Reset, so that it does not linger in TIME_WAIT; where that cannot be set, it lingers.
        let _ = SockRef::from(&decoy).set_linger(Some(Duration::ZERO));
        drop(decoy);
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match held.take() {
            Some((wire, _listener)) => Ok(wire),
            None => Err(FtpError::SecureError("the wire is already in use".into())),
        }
    }
}

impl TlsStream for Wire {
    type InnerStream = Wire;

    fn tcp_stream(self) -> FtpResult<TcpStream> {
        match self.desk.is_secure() {
            false => (self.socket.stream().try_clone()).map_err(FtpError::ConnectionError),
            true => Err(FtpError::SecureError("TLS stays where it is".into())),
        }
    }

    fn get_ref(&self) -> &TcpStream {
        self.socket.stream()
    }

    fn mut_ref(&mut self) -> &mut Wire {
        self
    }
}

impl Write for Wire {
    /// Sends what lies on the desk; the placeholder that suppaftp gives is dropped.
    fn write(&mut self, placeholder: &[u8]) -> io::Result<usize> {
        self.desk.send()?;
        Ok(placeholder.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.desk.read_line(buffer)
    }
}
