//! A scripted origin that keeps every byte it receives, and answers, stalls or breaks as the test wants.
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::authority::Authority;
use super::message::{Message, Reader};
use super::stream::Stream;
use super::{PATIENCE, eventually};

/// An origin on a free port of loopback. What it does with a connection is its script.
pub(crate) struct RawOrigin {
    addr: SocketAddr,
    seen: Arc<Seen>,
    ended: Arc<AtomicBool>,
}

/// What an origin does with one connection; the connection ends in good order when it returns.
pub(crate) type Script = dyn Fn(&mut Conversation) -> io::Result<()> + Send + Sync;

/// A request as an origin received it.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// The connection, counted from 0.
    pub(crate) connection: usize,
    pub(crate) message: Message,
}

#[derive(Default)]
struct Seen {
    /// The bytes of each connection, in the order in which they were accepted.
    connections: Mutex<Vec<Arc<Mutex<Connection>>>>,
    requests: Mutex<Vec<Received>>,
}

#[derive(Clone, Default)]
struct Connection {
    bytes: Vec<u8>,
    over: bool,
}

impl RawOrigin {
    /// An origin that speaks TLS, with a certificate for these names.
    pub(crate) fn tls(
        authority: &Authority,
        names: &[&str],
        script: impl Fn(&mut Conversation) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let config = authority.identity(names).server_config();
        Self::start(Some(config), Arc::new(script))
    }

    /// An origin that speaks in clear.
    pub(crate) fn plain(
        script: impl Fn(&mut Conversation) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self::start(None, Arc::new(script))
    }

    /// An origin that speaks TLS with this configuration.
    pub(crate) fn with_tls(
        config: Arc<ServerConfig>,
        script: impl Fn(&mut Conversation) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self::start(Some(config), Arc::new(script))
    }

    /// Where it listens.
    pub(crate) const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The requests so far, over all connections, in the order in which their last byte came.
    pub(crate) fn requests(&self) -> Vec<Received> {
        self.seen.requests.lock().unwrap().clone()
    }

    /// How many connections there were, those that sent nothing included.
    pub(crate) fn connections(&self) -> usize {
        self.seen.connections.lock().unwrap().len()
    }

    /// The bytes of each connection from this one on, once all of these are over.
    pub(crate) fn streams_from(&self, first: usize) -> Vec<Vec<u8>> {
        eventually("the origin's connections are over", || {
            let connections = self.seen.connections.lock().unwrap();
            let tail: Vec<_> = connections[first..]
                .iter()
                .map(|connection| connection.lock().unwrap().clone())
                .collect();
            tail.iter().all(|connection| connection.over).then(|| {
                tail.into_iter()
                    .map(|connection| connection.bytes)
                    .collect()
            })
        })
    }

    /// Waits until this many requests have come whole.
    pub(crate) fn wait_for_requests(&self, count: usize) -> Vec<Received> {
        eventually(&format!("{count} requests at the origin"), || {
            let requests = self.requests();
            (requests.len() >= count).then_some(requests)
        })
    }

    fn start(tls: Option<Arc<ServerConfig>>, script: Arc<Script>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let addr = listener.local_addr().unwrap();
        let seen = Arc::new(Seen::default());
        let ended = Arc::new(AtomicBool::new(false));
        let (seen_by_loop, ended_by_loop) = (Arc::clone(&seen), Arc::clone(&ended));
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                if ended_by_loop.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(socket) = socket else { continue };
                let (seen, tls, script) =
                    (Arc::clone(&seen_by_loop), tls.clone(), Arc::clone(&script));
                let connection = Arc::new(Mutex::new(Connection::default()));
                let index = {
                    let mut connections = seen.connections.lock().unwrap();
                    connections.push(Arc::clone(&connection));
                    connections.len() - 1
                };
                std::thread::spawn(move || {
                    if let Ok(stream) = accept(socket, tls) {
                        Conversation::new(stream, index, seen, &connection).play(&*script);
                    }
                    connection.lock().unwrap().over = true;
                });
            }
        });
        Self { addr, seen, ended }
    }
}

impl Drop for RawOrigin {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        // Wakes the accept loop.
        drop(TcpStream::connect(self.addr));
    }
}

fn accept(socket: TcpStream, tls: Option<Arc<ServerConfig>>) -> io::Result<Stream> {
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(PATIENCE * 2))?;
    let Some(config) = tls else {
        return Ok(Stream::plain(socket));
    };
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut tls = StreamOwned::new(connection, socket);
    tls.conn.complete_io(&mut tls.sock)?;
    Ok(Stream::Server(Box::new(tls)))
}

/// One connection, as a script drives it.
pub(crate) struct Conversation {
    stream: Option<Stream>,
    reader: Reader,
    index: usize,
    seen: Arc<Seen>,
    connection: Arc<Mutex<Connection>>,
}

impl Conversation {
    fn new(
        stream: Stream,
        index: usize,
        seen: Arc<Seen>,
        connection: &Arc<Mutex<Connection>>,
    ) -> Self {
        Self {
            stream: Some(stream),
            reader: Reader::new(),
            index,
            seen,
            connection: Arc::clone(connection),
        }
    }

    fn play(mut self, script: &Script) {
        let outcome = script(&mut self);
        if let Some(mut stream) = self.stream.take() {
            if outcome.is_ok() {
                stream.end();
            }
            let _ = self.reader.drain(&mut stream);
        }
        self.keep();
    }

    /// The connection's number, from 0.
    pub(crate) const fn index(&self) -> usize {
        self.index
    }

    /// The next request, body included; says `100 Continue` where that is waited for. `None`: the peer has ended.
    pub(crate) fn request(&mut self) -> io::Result<Option<Message>> {
        let stream = open(&mut self.stream)?;
        let result = read_request(&mut self.reader, stream);
        self.keep();
        if let Ok(Some(message)) = &result {
            self.seen.requests.lock().unwrap().push(Received {
                connection: self.index,
                message: message.clone(),
            });
        }
        result
    }

    /// The head of the next request; its body is not read, and nothing is said.
    pub(crate) fn head(&mut self) -> io::Result<Option<Message>> {
        let stream = open(&mut self.stream)?;
        let result = self.reader.head(stream);
        self.keep();
        result
    }

    /// The body of a request of which [`Conversation::head`] returned the head.
    pub(crate) fn body(&mut self, message: &mut Message) -> io::Result<()> {
        let stream = open(&mut self.stream)?;
        let result = self.reader.body(stream, message, "");
        self.keep();
        result
    }

    /// The next bytes, whatever they are; none at the end.
    pub(crate) fn read_some(&mut self) -> io::Result<Vec<u8>> {
        let stream = open(&mut self.stream)?;
        let result = self.reader.some(stream);
        self.keep();
        result
    }

    /// Drops the next `count` bytes unseen; says how many there were.
    pub(crate) fn discard(&mut self, count: u64) -> io::Result<u64> {
        let stream = open(&mut self.stream)?;
        self.reader.discard(stream, count)
    }

    /// Reads a request whose body is too large to keep; returns how many bytes its body had.
    pub(crate) fn discard_request(&mut self) -> io::Result<u64> {
        let stream = open(&mut self.stream)?;
        let head = self.reader.head(stream)?;
        let length = head.and_then(|head| head.field("content-length"));
        let length: u64 = length.and_then(|length| length.parse().ok()).unwrap_or(0);
        let buffered = self.reader.take_buffered().len() as u64;
        let mut rest = stream.take(length - buffered);
        Ok(buffered + io::copy(&mut rest, &mut io::sink())?)
    }

    /// Sends these bytes.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        let stream = open(&mut self.stream)?;
        stream.write_all(bytes.as_ref())?;
        stream.flush()
    }

    /// Ends the connection with a TCP reset.
    pub(crate) fn reset(&mut self) {
        if let Some(stream) = self.stream.take() {
            stream.reset();
        }
    }

    /// Ends the connection without ending TLS, as a process that dies does.
    pub(crate) fn cut(&mut self) {
        self.stream = None;
    }

    /// Reads, and answers nothing, until the peer ends the connection.
    pub(crate) fn stay_silent(&mut self) -> io::Result<()> {
        let stream = open(&mut self.stream)?;
        let result = self.reader.drain(stream);
        self.keep();
        result
    }

    /// Forgets all that came so far, in a run too long to keep it.
    pub(crate) fn forget(&mut self) {
        self.reader.forget();
        // Its room, too.
        self.connection.lock().unwrap().bytes = Vec::new();
        self.seen.requests.lock().unwrap().clear();
    }

    fn keep(&mut self) {
        self.connection
            .lock()
            .unwrap()
            .bytes
            .clone_from(&self.reader.log);
    }
}

fn open(stream: &mut Option<Stream>) -> io::Result<&mut Stream> {
    stream
        .as_mut()
        .ok_or_else(|| io::ErrorKind::NotConnected.into())
}

fn read_request(reader: &mut Reader, stream: &mut Stream) -> io::Result<Option<Message>> {
    let Some(mut message) = reader.head(stream)? else {
        return Ok(None);
    };
    let waits = message
        .field("expect")
        .is_some_and(|value| value.eq_ignore_ascii_case("100-continue"));
    if waits {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        stream.flush()?;
    }
    reader.body(stream, &mut message, "")?;
    Ok(Some(message))
}

/// Answers every request with what `reply` makes of it, until the peer ends, says that it will, or cuts a request short.
pub(crate) fn answering(
    reply: impl Fn(&Message) -> Vec<u8> + Send + Sync + 'static,
) -> impl Fn(&mut Conversation) -> io::Result<()> + Send + Sync + 'static {
    move |conversation| {
        while let Some(request) = conversation.request()? {
            if !request.whole {
                return Ok(());
            }
            conversation.send(reply(&request))?;
            if request.says_close() {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Answers every request, and closes so long after the first reply.
pub(crate) fn closing_after(
    pause: Duration,
    reply: impl Fn(&Message) -> Vec<u8> + Send + Sync + 'static,
) -> impl Fn(&mut Conversation) -> io::Result<()> + Send + Sync + 'static {
    move |conversation| {
        if let Some(request) = conversation.request()? {
            conversation.send(reply(&request))?;
            // The fault itself, not a wait: the origin closes an idle connection this soon.
            std::thread::sleep(pause);
        }
        Ok(())
    }
}

/// Reads a request and never answers.
pub(crate) fn never_answering()
-> impl Fn(&mut Conversation) -> io::Result<()> + Send + Sync + 'static {
    |conversation| {
        conversation.request()?;
        conversation.stay_silent()
    }
}

/// Sends these bytes as the answer to a request and ends the connection, TLS included, without a word.
pub(crate) fn cutting_after(
    bytes: &'static [u8],
) -> impl Fn(&mut Conversation) -> io::Result<()> + Send + Sync + 'static {
    move |conversation| {
        if conversation.request()?.is_some() {
            conversation.send(bytes)?;
        }
        conversation.cut();
        Ok(())
    }
}

/// Reads a request and resets the connection.
pub(crate) fn resetting() -> impl Fn(&mut Conversation) -> io::Result<()> + Send + Sync + 'static {
    |conversation| {
        conversation.request()?;
        conversation.reset();
        Ok(())
    }
}

/// Answers a request with this head, then with each piece that the test hands over; ends when the test hangs up.
pub(crate) fn streaming(
    head: &'static [u8],
    pieces: Receiver<Vec<u8>>,
) -> impl Fn(&mut Conversation) -> io::Result<()> + Send + Sync + 'static {
    let pieces = Mutex::new(pieces);
    move |conversation| {
        if conversation.request()?.is_none() {
            return Ok(());
        }
        conversation.send(head)?;
        let pieces = pieces.lock().unwrap();
        while let Ok(piece) = pieces.recv_timeout(PATIENCE) {
            conversation.send(piece)?;
        }
        Ok(())
    }
}

/// A reply with this status line, these field lines (each with its CRLF), and this body with its length.
pub(crate) fn reply(status: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "HTTP/1.1 {status}\r\n{fields}Content-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend(body);
    bytes
}

/// `200` with NiceNIC's envelope; without its body for HEAD.
pub(crate) fn success(request: &Message) -> Vec<u8> {
    let body = br#"{"code":200,"msg":"success","data":null}"#;
    let mut bytes = reply("200 OK", "Content-Type: application/json\r\n", body);
    if request.first_line().starts_with("HEAD ") {
        bytes.truncate(bytes.len() - body.len());
    }
    bytes
}
