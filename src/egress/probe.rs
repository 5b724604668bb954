//! One question to one echo service, over the route that calls to the API take.
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::config::EchoUrl;
use crate::http1::{BodyScan, Framing, ReplyHead, end_of_head};

use super::echo;

/// The way out that calls to the API take: the same source address, the same connect path.
pub trait Dial: Send + Sync {
    /// A fresh connection to the service's host over this way, with TLS for `https`. The error says why there is
    /// none.
    fn dial<'a>(&'a self, url: &'a EchoUrl, over: Over) -> Dialing<'a>;

    /// The addresses of a name; empty: none was found.
    fn resolve<'a>(&'a self, name: &'a str) -> Resolving<'a>;
}

/// What [`Dial::dial`] gives.
pub type Dialing<'a> = Pin<Box<dyn Future<Output = Result<Connection, NoWay>> + Send + 'a>>;
/// What [`Dial::resolve`] gives.
pub type Resolving<'a> = Pin<Box<dyn Future<Output = Vec<IpAddr>> + Send + 'a>>;

/// Over which way a question goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Over {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
    /// Another proxy, which takes the family that it likes.
    Proxy,
}

impl Over {
    /// In words, as they follow the service's name.
    pub const fn words(self) -> &'static str {
        match self {
            Self::V4 => "over IPv4",
            Self::V6 => "over IPv6",
            Self::Proxy => "through the upstream proxy",
        }
    }

    /// Whether an answer over this way may name this address.
    fn fits(self, address: IpAddr) -> bool {
        match self {
            Self::V4 => address.is_ipv4(),
            Self::V6 => address.is_ipv6(),
            Self::Proxy => true,
        }
    }
}

/// Bytes to and from a service.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A fresh connection.
pub struct Connection {
    /// The bytes.
    pub stream: Box<dyn Stream>,
    /// Our address on it.
    pub local: Option<IpAddr>,
    /// The field lines that another proxy wants, where it takes the request itself and not a tunnel.
    pub for_proxy: Option<Zeroizing<String>>,
}

/// What one service saw.
pub(super) struct Seen {
    pub(super) address: IpAddr,
    pub(super) local: Option<IpAddr>,
}

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoWay {
    /// For a human.
    pub reason: String,
    /// Whether the host was reached, and TLS with it failed.
    pub was_reached: bool,
}

/// Asks one service over one way; never longer than [`LIMIT`].
pub(super) async fn ask(dial: &dyn Dial, url: &EchoUrl, over: Over) -> Result<Seen, String> {
    let asking = async {
        let connection = dial.dial(url, over).await;
        let connection = connection.map_err(|no_way| no_way.reason)?;
        let local = connection.local;
        let body = fetch(connection, url).await?;
        let address = echo::read(&body)?;
        if !over.fits(address) {
            return Err("answered with an address of the other family".to_owned());
        }
        Ok(Seen { address, local })
    };
    match timeout(LIMIT, asking).await {
        Ok(answer) => answer,
        Err(_) => Err(format!("did not answer within {} s", LIMIT.as_secs())),
    }
}

/// The body of a plain GET. Redirects are not followed: an echo service has none, a captive portal does.
async fn fetch(connection: Connection, url: &EchoUrl) -> Result<Bytes, String> {
    let Connection {
        mut stream,
        for_proxy,
        ..
    } = connection;
    let broke = |error: std::io::Error| format!("the connection broke: {error}");
    // A proxy that takes the request itself wants a whole URL.
    let origin = for_proxy
        .as_ref()
        .map(|_| format!("http://{}", url.authority()));
    let request = Zeroizing::new(format!(
        "GET {}{} HTTP/1.1\r\nHost: {}\r\n{}User-Agent: nicetap/{}\r\nAccept: */*\r\nConnection: close\r\n\r\n",
        origin.unwrap_or_default(),
        url.path,
        url.authority(),
        for_proxy.as_ref().map_or("", |fields| fields.as_str()),
        env!("CARGO_PKG_VERSION"),
    ));
    stream.write_all(request.as_bytes()).await.map_err(broke)?;
    stream.flush().await.map_err(broke)?;
    let mut buffer = BytesMut::with_capacity(1024);
    let end = loop {
        if let Some(end) = end_of_head(&buffer, 0) {
            break end;
        }
        if buffer.len() > MOST_HEAD {
            return Err("answered with a head of more than 16 KiB".to_owned());
        }
        if stream.read_buf(&mut buffer).await.map_err(broke)? == 0 {
            return Err("closed the connection without an answer".to_owned());
        }
    };
    let head = ReplyHead::parse(buffer.split_to(end).freeze())
        .map_err(|defect| defect.reason().to_owned())?;
    judge(&head)?;
    let framing = head
        .framing("GET")
        .map_err(|defect| defect.reason().to_owned())?;
    body(&mut stream, buffer, framing).await
}

fn judge(head: &ReplyHead) -> Result<(), String> {
    match head.status() {
        200 => {}
        407 => return Err("was not asked: the upstream proxy wants a login (407)".to_owned()),
        status @ 300..400 => {
            return Err(format!(
                "answered with a redirect ({status}): a captive portal may stand between"
            ));
        }
        status => return Err(format!("answered with status {status}")),
    }
    let is_html = head
        .fields()
        .first("content-type")
        .is_some_and(|value| value.to_ascii_lowercase().starts_with(b"text/html"));
    if is_html {
        return Err(
            "answered with a web page: a captive portal or a provider's proxy may stand between"
                .to_owned(),
        );
    }
    Ok(())
}

async fn body(
    stream: &mut Box<dyn Stream>,
    mut buffer: BytesMut,
    framing: Framing,
) -> Result<Bytes, String> {
    let mut scan = BodyScan::tolerant(framing);
    let mut body = Vec::new();
    loop {
        let taken = scan
            .scan(&buffer, |payload| body.extend_from_slice(payload))
            .map_err(|_| "answered with a body that cannot be read".to_owned())?;
        let _ = buffer.split_to(taken);
        if body.len() > MOST_BODY || buffer.len() > MOST_BODY {
            return Err("answered with more than 4 KiB".to_owned());
        }
        if scan.is_done() {
            return Ok(body.into());
        }
        let read = stream.read_buf(&mut buffer).await;
        match read {
            Ok(0) if scan.ends_with_connection() => return Ok(body.into()),
            Ok(0) => return Err("broke off its answer".to_owned()),
            // A close without TLS's own goodbye is common, and the body's end tells by itself where it counts.
            Err(_) if scan.ends_with_connection() && !body.is_empty() => return Ok(body.into()),
            Err(error) => return Err(format!("the connection broke: {error}")),
            Ok(_) => {}
        }
    }
}

/// For one question in all: resolve, connect, TLS, answer.
const LIMIT: Duration = Duration::from_secs(6);
const MOST_HEAD: usize = 16 * 1024;
const MOST_BODY: usize = 4 * 1024;
