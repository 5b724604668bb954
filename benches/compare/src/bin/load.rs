//! A load generator: N clients ask the API through a proxy, as fast as replies come, for a fixed time.
//!
//! Each client dials, sends `CONNECT`, shakes hands over TLS and asks. It keeps the connection, or with `--fresh`
//! opens a new one for each request; then a request's latency has the dial and both handshakes in it. TLS sessions
//! are not resumed: PHP workers, cron jobs and command line tools share none.
//!
//! With `--rate` all clients together ask so often a second, and no faster.
//!
//! With `--hold` each client asks once and keeps its connection to the end; with `--once` there is one request in all,
//! made as soon as the proxy listens.
//!
//! It prints one JSON object. It ends a second after the time is over at the latest, whatever the other side does.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::Resumption;
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let plan = Arc::new(Plan::from_args()?);
    let start = Instant::now();
    let clients: Vec<_> = (0..plan.clients)
        .map(|_| tokio::spawn(run_client(Arc::clone(&plan), start + plan.span)))
        .collect();

    let mut sum = Tally::default();
    for client in clients {
        sum.add(client.await?);
    }
    println!("{}", sum.report(plan.span));
    Ok(())
}

/// What to do, the same for all clients.
struct Plan {
    authority: String,
    clients: usize,
    dial: SocketAddr,
    direct: bool,
    fresh: bool,
    /// From one request of a client to its next, at least.
    gap: Duration,
    hold: bool,
    once: bool,
    name: ServerName<'static>,
    request: Vec<u8>,
    span: Duration,
    tls: TlsConnector,
}

impl Plan {
    fn from_args() -> Result<Self, Box<dyn Error>> {
        use lexopt::prelude::*;

        let mut authority = "api.nicenic.net:443".to_owned();
        let (mut clients, mut seconds, mut rate) = (32, 5.0, f64::INFINITY);
        let (mut dial, mut root) = (None, None);
        let (mut direct, mut fresh, mut hold, mut once) = (false, false, false, false);
        let mut args = lexopt::Parser::from_env();
        while let Some(arg) = args.next()? {
            match arg {
                Long("authority") => authority = args.value()?.string()?,
                Long("clients") => clients = args.value()?.parse()?,
                Long("direct") => direct = true,
                Long("fresh") => fresh = true,
                Long("hold") => hold = true,
                Long("once") => (once, clients) = (true, 1),
                Long("rate") => rate = args.value()?.parse()?,
                Long("root") => root = Some(PathBuf::from(args.value()?)),
                Long("seconds") => seconds = args.value()?.parse()?,
                Value(value) if dial.is_none() => dial = Some(value.parse()?),
                other => return Err(other.unexpected().into()),
            }
        }

        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(
            root.ok_or("--root FILE is missing")?,
        )?)?;
        let mut tls = rustls::ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        tls.resumption = Resumption::disabled();
        let host = authority.trim_end_matches(":443");
        let request = format!(
            "GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1\r\nHost: {host}\r\n\
             Authorization: reseller7:q8Zt41mVx0Lk\r\nContent-Type: application/json\r\nAccept: */*\r\n\r\n"
        );
        let name = authority
            .rsplit_once(':')
            .map_or(&*authority, |(name, _)| name);
        #[expect(clippy::cast_precision_loss, reason = "there are few clients")]
        let gap = Duration::try_from_secs_f64(clients as f64 / rate)?;
        Ok(Self {
            clients,
            gap,
            dial: dial.ok_or("the address to dial is missing")?,
            direct,
            fresh,
            hold,
            once,
            name: ServerName::try_from(name.to_owned())?,
            request: request.into_bytes(),
            span: Duration::from_secs_f64(seconds),
            tls: TlsConnector::from(Arc::new(tls)),
            authority,
        })
    }
}

/// What one client saw, or all of them.
#[derive(Default)]
struct Tally {
    /// Microseconds, one entry for each reply.
    latencies: Vec<u32>,
    errors: usize,
    first_error: Option<String>,
}

impl Tally {
    fn note(&mut self, latency: Duration) {
        self.latencies
            .push(u32::try_from(latency.as_micros()).unwrap_or(u32::MAX));
    }

    fn fail(&mut self, error: &str) {
        self.errors += 1;
        self.first_error.get_or_insert_with(|| error.to_owned());
    }

    fn add(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        self.errors += other.errors;
        self.first_error = self.first_error.take().or(other.first_error);
    }

    fn report(mut self, span: Duration) -> serde_json::Value {
        self.latencies.sort_unstable();
        let count = self.latencies.len();
        let percentile = |percent| self.latencies.get(count * percent / 100);
        serde_json::json!({
            "requests": count,
            "errors": self.errors,
            "first_error": self.first_error,
            "seconds": span.as_secs_f64(),
            "p50_us": percentile(50),
            "p99_us": percentile(99),
        })
    }
}

async fn run_client(plan: Arc<Plan>, deadline: Instant) -> Tally {
    let mut tally = Tally::default();
    while Instant::now() < deadline && tally.errors < MAX_ERRORS {
        match timeout_at(deadline + STALL, visit(&plan, deadline, &mut tally)).await {
            Ok(Ok(())) if plan.once => break,
            Ok(Ok(())) => {}
            Ok(Err(error)) if plan.once && error.kind() == io::ErrorKind::ConnectionRefused => {
                sleep(RETRY).await;
            }
            Ok(Err(error)) => tally.fail(&error.to_string()),
            Err(_) => tally.fail("stalled"),
        }
    }
    tally
}

/// One connection: a single request with `--fresh`, else requests until the time is over.
///
/// What is out at the end of the time is finished but not counted: a client that leaves in mid-handshake would look
/// as if it distrusted the proxy's certificate.
async fn visit(plan: &Plan, deadline: Instant, tally: &mut Tally) -> io::Result<()> {
    let mut began = Instant::now();
    let mut stream = open(plan).await?;
    if !plan.fresh {
        began = Instant::now();
    }
    let mut due = began;
    loop {
        exchange(&mut stream, &plan.request).await?;
        let now = Instant::now();
        if now < deadline {
            tally.note(now - began);
        }
        if plan.hold {
            sleep_until(deadline).await;
        }
        if plan.fresh || plan.hold || plan.once || now >= deadline {
            return stream.shutdown().await;
        }
        began = now;
        if !plan.gap.is_zero() {
            // From when it was due, not from when it was sent: late replies do not make for fewer requests.
            due += plan.gap;
            sleep_until(due.min(deadline)).await;
            began = Instant::now();
        }
    }
}

async fn open(plan: &Plan) -> io::Result<TlsStream<TcpStream>> {
    let mut tcp = TcpStream::connect(plan.dial).await?;
    tcp.set_nodelay(true)?;
    if !plan.direct {
        let authority = &plan.authority;
        let head = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n");
        tcp.write_all(head.as_bytes()).await?;
        let (head, rest) = read_head(&mut tcp).await?;
        expect_ok(&head)?;
        if !rest.is_empty() {
            return Err(io::Error::other("bytes after the reply to CONNECT"));
        }
    }
    plan.tls.connect(plan.name.clone(), tcp).await
}

async fn exchange<S>(stream: &mut S, request: &[u8]) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    stream.write_all(request).await?;
    stream.flush().await?;
    let (head, mut body) = read_head(stream).await?;
    expect_ok(&head)?;
    let length = content_length(&head)?;
    while body.len() < length {
        if stream.read_buf(&mut body).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    if body.len() > length {
        return Err(io::Error::other("bytes after the reply"));
    }
    Ok(())
}

/// The head with its empty line, and what came with it.
async fn read_head<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let mut head = Vec::with_capacity(4096);
    loop {
        if stream.read_buf(&mut head).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(end) = memchr::memmem::find(&head, b"\r\n\r\n") {
            let rest = head.split_off(end + 4);
            return Ok((head, rest));
        }
        if head.len() > MAX_HEAD {
            return Err(io::Error::other("the head has no end"));
        }
    }
}

fn expect_ok(head: &[u8]) -> io::Result<()> {
    if head.get(8..12) == Some(b" 200") {
        return Ok(());
    }
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    Err(io::Error::other(String::from_utf8_lossy(line)))
}

fn content_length(head: &[u8]) -> io::Result<usize> {
    std::str::from_utf8(head)
        .ok()
        .and_then(|head| {
            head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length")
                    .then(|| value.trim().parse().ok())?
            })
        })
        .ok_or_else(|| io::Error::other("no Content-Length"))
}

/// A client that fails this often stops.
const MAX_ERRORS: usize = 100;
const MAX_HEAD: usize = 64 * 1024;
/// How long `--once` waits before it dials again.
const RETRY: Duration = Duration::from_millis(1);
/// A request that is still out so long after the end counts as an error.
const STALL: Duration = Duration::from_secs(1);
