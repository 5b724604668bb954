//! A connection, in clear or inside TLS, seen from either end.
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use rustls::{ClientConnection, ServerConnection, StreamOwned};

/// One end of a connection.
pub(crate) enum Stream {
    Plain(TcpStream),
    Client(Box<StreamOwned<ClientConnection, TcpStream>>),
    Server(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Stream {
    /// Takes a socket as it is.
    pub(crate) fn plain(socket: TcpStream) -> Self {
        socket.set_nodelay(true).unwrap();
        Self::Plain(socket)
    }

    /// Our address.
    pub(crate) fn local(&self) -> SocketAddr {
        self.socket().local_addr().unwrap()
    }

    /// How long a read may wait; `None`: for ever.
    pub(crate) fn limit_reads(&self, limit: Option<Duration>) {
        self.socket().set_read_timeout(limit).unwrap();
    }

    /// Says that nothing more will be sent, in TLS and in TCP; reading goes on.
    pub(crate) fn end(&mut self) {
        match self {
            Self::Plain(_) => {}
            Self::Client(tls) => tls.conn.send_close_notify(),
            Self::Server(tls) => tls.conn.send_close_notify(),
        }
        let _ = self.flush();
        let _ = self.socket().shutdown(Shutdown::Write);
    }

    /// Ends the connection with a TCP reset.
    pub(crate) fn reset(self) {
        let _ = rustix::net::sockopt::set_socket_linger(self.socket(), Some(Duration::ZERO));
    }

    /// What is below TLS.
    pub(crate) fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) => socket,
            Self::Client(tls) => &tls.sock,
            Self::Server(tls) => &tls.sock,
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(buffer),
            Self::Client(tls) => tls.read(buffer),
            Self::Server(tls) => tls.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            Self::Client(tls) => tls.write(bytes),
            Self::Server(tls) => tls.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.flush(),
            Self::Client(tls) => tls.flush(),
            Self::Server(tls) => tls.flush(),
        }
    }
}
