//! A client that sends exactly the bytes that it is given.
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use super::PATIENCE;
use super::message::{Message, Reader};
use super::stream::Stream;

/// A connection to the proxy, or through it.
pub(crate) struct RawClient {
    stream: Stream,
    reader: Reader,
}

impl RawClient {
    /// Talks to this address in clear.
    pub(crate) fn plain(addr: SocketAddr) -> Self {
        Self::reach(addr).unwrap()
    }

    /// Talks to this address in clear, if anybody listens there.
    pub(crate) fn reach(addr: SocketAddr) -> io::Result<Self> {
        let socket = TcpStream::connect(addr)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        Ok(Self::over(Stream::plain(socket)))
    }

    /// Talks TLS to this address, as to the named host.
    pub(crate) fn tls(addr: SocketAddr, host: &str, trust: &Arc<ClientConfig>) -> io::Result<Self> {
        Self::plain(addr).into_tls(host, trust)
    }

    /// Talks TLS to the named host's port 443 through a CONNECT proxy.
    pub(crate) fn tunnel(
        proxy: SocketAddr,
        host: &str,
        trust: &Arc<ClientConfig>,
    ) -> io::Result<Self> {
        let mut client = Self::reach(proxy)?;
        client.send(format!(
            "CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n"
        ))?;
        let reply = client.head()?;
        if reply.status() != 200 {
            return Err(io::Error::other(format!("CONNECT: {}", reply.first_line())));
        }
        client.into_tls(host, trust)
    }

    /// Our address: what the records call `client.addr`.
    pub(crate) fn local(&self) -> SocketAddr {
        self.stream.local()
    }

    /// Sends these bytes in one piece.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref())?;
        self.stream.flush()
    }

    /// Sends these bytes beside the TLS of this connection.
    pub(crate) fn send_around_tls(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.socket().write_all(bytes)
    }

    /// Sends these bytes one by one: each in a TLS record or segment of its own.
    pub(crate) fn send_bytewise(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        bytes
            .as_ref()
            .chunks(1)
            .try_for_each(|byte| self.send(byte))
    }

    /// The next reply, to a request of this method; informational ones count.
    pub(crate) fn reply(&mut self, method: &str) -> io::Result<Message> {
        self.reader
            .message(&mut self.stream, method)?
            .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// The head of the next reply.
    pub(crate) fn head(&mut self) -> io::Result<Message> {
        self.reader
            .head(&mut self.stream)?
            .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// The body of a reply of which [`RawClient::head`] returned the head.
    pub(crate) fn body(&mut self, message: &mut Message, method: &str) -> io::Result<()> {
        self.reader.body(&mut self.stream, message, method)
    }

    /// Every byte that came so far, and all that comes until the end.
    pub(crate) fn all(&mut self) -> io::Result<Vec<u8>> {
        self.reader.drain(&mut self.stream)?;
        Ok(self.reader.log.clone())
    }

    /// Drops the next `count` bytes unseen; says how many there were.
    pub(crate) fn discard(&mut self, count: u64) -> io::Result<u64> {
        self.reader.discard(&mut self.stream, count)
    }

    /// Asks the proxy for a tunnel; returns its answer.
    pub(crate) fn connect(&mut self, authority: &str) -> io::Result<Message> {
        self.send(format!(
            "CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n"
        ))?;
        self.head()
    }

    /// What came after the last message, as far as it was read with it.
    pub(crate) fn take_buffered(&mut self) -> Vec<u8> {
        self.reader.take_buffered()
    }

    /// The next bytes of the connection, whatever they are; none at its end.
    pub(crate) fn read_some(&mut self) -> io::Result<Vec<u8>> {
        let mut buffer = [0; 16 * 1024];
        let count = self.stream.read(&mut buffer)?;
        Ok(buffer[..count].to_vec())
    }

    /// Says that nothing more will be sent.
    pub(crate) fn end(&mut self) {
        self.stream.end();
    }

    /// Leaves with a TCP reset.
    pub(crate) fn reset(self) {
        self.stream.reset();
    }

    /// How long a read may wait from now on.
    pub(crate) fn limit_reads(&self, limit: Duration) {
        self.stream.limit_reads(Some(limit));
    }

    fn over(stream: Stream) -> Self {
        Self {
            stream,
            reader: Reader::new(),
        }
    }

    /// Goes on in TLS, as to the named host.
    pub(crate) fn into_tls(self, host: &str, trust: &Arc<ClientConfig>) -> io::Result<Self> {
        let Stream::Plain(socket) = self.stream else {
            return Err(io::Error::other("TLS inside TLS"));
        };
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let connection =
            ClientConnection::new(Arc::clone(trust), name).map_err(io::Error::other)?;
        let mut tls = StreamOwned::new(connection, socket);
        tls.conn.complete_io(&mut tls.sock)?;
        Ok(Self::over(Stream::Client(Box::new(tls))))
    }
}
