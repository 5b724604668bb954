//! Through another proxy: CONNECT or SOCKS 5, over TCP or TLS. The proxy finds the origin; what it refuses is told apart
//! from what the origin refuses, and nothing of its login is ever told.
use bytes::BytesMut;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_socks::Error as SocksError;
use tokio_socks::tcp::Socks5Stream;
use zeroize::Zeroizing;

use crate::config::{ProxyLogin, ProxyScheme, UpstreamProxy};
use crate::http1::{ReplyHead, end_of_head};
use crate::record::Stage;

use super::origin::Failure;
use super::stream::{Rewind, Stream};

/// What a proxy that takes plain-http requests itself wants of each: an absolute URL, and its login.
///
/// CONNECT would spare both, but proxies allow it to port 443 alone, as Squid's and tinyproxy's own settings do.
pub(super) struct Hop {
    proxy: UpstreamProxy,
}

impl Hop {
    pub(super) fn of(proxy: &UpstreamProxy) -> Self {
        Self {
            proxy: proxy.clone(),
        }
    }

    /// The field line that carries the login.
    pub(super) fn field(&self) -> Option<Zeroizing<String>> {
        self.proxy.login.as_ref().map(ProxyLogin::basic_field)
    }

    /// Why a reply is the proxy's own word to us, and nothing for the client.
    pub(super) fn refusal(&self, head: &ReplyHead) -> Option<Failure> {
        (head.status() == 407).then(|| login_refused(&self.proxy, head))
    }
}

/// Has the proxy at the other end connect to this host.
pub(super) async fn tunnel(
    stream: Box<dyn Stream>,
    proxy: &UpstreamProxy,
    host: &str,
    port: u16,
) -> Result<Box<dyn Stream>, Failure> {
    match proxy.scheme {
        ProxyScheme::Http | ProxyScheme::Https => connect(stream, proxy, host, port).await,
        ProxyScheme::Socks5 => socks(stream, proxy, host, port).await,
    }
}

async fn connect(
    mut stream: Box<dyn Stream>,
    proxy: &UpstreamProxy,
    host: &str,
    port: u16,
) -> Result<Box<dyn Stream>, Failure> {
    let authority = named(host, port);
    let login = proxy
        .login
        .as_ref()
        .map(ProxyLogin::basic_field)
        .unwrap_or_default();
    let ask = Zeroizing::new(format!(
        "CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{}\r\n",
        login.as_str()
    ));
    let broke = |error| broken(proxy, &error);
    stream.write_all(ask.as_bytes()).await.map_err(broke)?;
    stream.flush().await.map_err(broke)?;
    let mut buffer = BytesMut::new();
    let head = loop {
        let head = read_head(&mut stream, &mut buffer, proxy).await?;
        if head.status() >= 200 {
            break head;
        }
    };
    if !(200..300).contains(&head.status()) {
        return Err(refused(proxy, &head, &authority));
    }
    // A server that speaks first may have been faster than the proxy's reply.
    Ok(Box::new(Rewind::new(buffer.freeze(), stream)))
}

async fn read_head(
    stream: &mut Box<dyn Stream>,
    buffer: &mut BytesMut,
    proxy: &UpstreamProxy,
) -> Result<ReplyHead, Failure> {
    let unsound = |what: &str| at_proxy(proxy, "http_protocol_error", what);
    loop {
        if let Some(end) = end_of_head(buffer, 0) {
            return ReplyHead::parse(buffer.split_to(end).freeze())
                .map_err(|_| unsound("does not answer as an HTTP proxy does"));
        }
        if buffer.len() > MOST_HEAD {
            return Err(unsound("answers with a head of more than 16 KiB"));
        }
        match stream.read_buf(buffer).await {
            Ok(0) => return Err(broken(proxy, &std::io::ErrorKind::UnexpectedEof.into())),
            Ok(_) => {}
            Err(error) => return Err(broken(proxy, &error)),
        }
    }
}

/// What it means that there is no tunnel.
fn refused(proxy: &UpstreamProxy, head: &ReplyHead, to: &str) -> Failure {
    let status = head.status();
    let (word, what) = match status {
        // tinyproxy answers a wrong password with 401.
        401 | 407 => return login_refused(proxy, head),
        400..500 => (
            "http_request_denied",
            format!("does not connect to `{to}`: it answers {status}"),
        ),
        504 => (
            "connection_timeout",
            format!("did not reach `{to}` in time: it answers {status}"),
        ),
        500..600 => (
            "destination_unavailable",
            format!("did not reach `{to}`: it answers {status}"),
        ),
        _ => (
            "http_protocol_error",
            format!("answers {status} where a tunnel was asked for"),
        ),
    };
    at_proxy(proxy, word, &what)
}

fn login_refused(proxy: &UpstreamProxy, head: &ReplyHead) -> Failure {
    let status = head.status();
    let what = match (offers_basic(head), &proxy.login) {
        (false, _) => {
            format!("wants another kind of login than Basic ({status}), and nicetap has no other")
        }
        (true, Some(_)) => format!("refuses the user and password in its URL ({status})"),
        (true, None) => format!("wants a user and password ({status})"),
    };
    Failure {
        hint: Some(GIVE_LOGIN),
        ..at_proxy(proxy, "proxy_configuration_error", &what)
    }
}

fn offers_basic(head: &ReplyHead) -> bool {
    let mut fields = head.fields().iter();
    fields.any(|(name, value)| {
        let is_challenge = ["proxy-authenticate", "www-authenticate"]
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known));
        let scheme = value.get(..BASIC.len());
        is_challenge && scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(BASIC))
    })
}

async fn socks(
    stream: Box<dyn Stream>,
    proxy: &UpstreamProxy,
    host: &str,
    port: u16,
) -> Result<Box<dyn Stream>, Failure> {
    let target = (host, port);
    let connected = match &proxy.login {
        Some(ProxyLogin { user, password }) => {
            Socks5Stream::connect_with_password_and_socket(stream, target, user, password).await
        }
        None => Socks5Stream::connect_with_socket(stream, target).await,
    };
    match connected {
        Ok(stream) => Ok(Box::new(stream.into_inner())),
        Err(error) => Err(socks_failure(proxy, host, port, error)),
    }
}

fn socks_failure(proxy: &UpstreamProxy, host: &str, port: u16, error: SocksError) -> Failure {
    let to = format!("`{}`", named(host, port));
    let fail = |word, what: String| at_proxy(proxy, word, &what);
    let login = |what: &str| Failure {
        hint: Some(GIVE_LOGIN),
        ..at_proxy(proxy, "proxy_configuration_error", what)
    };
    match error {
        SocksError::Io(error) => broken(proxy, &error),
        SocksError::NoAcceptableAuthMethods | SocksError::AuthorizationRequired => {
            login(if proxy.login.is_some() {
                "takes no user and password, or wants another kind of login"
            } else {
                "wants a user and password"
            })
        }
        SocksError::PasswordAuthFailure(_) => login("refuses the user and password in its URL"),
        SocksError::ConnectionNotAllowedByRuleset => fail(
            "http_request_denied",
            format!("does not connect to {to}: its rules forbid it"),
        ),
        SocksError::NetworkUnreachable | SocksError::HostUnreachable | SocksError::TtlExpired => {
            fail(
                "destination_ip_unroutable",
                format!("did not reach {to}: it has no route there, or did not find the name"),
            )
        }
        SocksError::ConnectionRefused => fail(
            "connection_refused",
            format!("did not reach {to}: the connection was refused"),
        ),
        SocksError::GeneralSocksServerFailure => fail(
            "destination_unavailable",
            format!("did not reach {to}: it does not say why"),
        ),
        SocksError::CommandNotSupported | SocksError::AddressTypeNotSupported => fail(
            "proxy_configuration_error",
            format!("cannot connect to {to}: it does not know such requests"),
        ),
        _ => fail(
            "http_protocol_error",
            "does not answer as a SOCKS 5 proxy does".to_owned(),
        ),
    }
}

/// A connection to the proxy that broke before the tunnel stood.
fn broken(proxy: &UpstreamProxy, error: &std::io::Error) -> Failure {
    let what = match error.kind() {
        std::io::ErrorKind::UnexpectedEof => "closed the connection without an answer",
        std::io::ErrorKind::ConnectionReset => "reset the connection",
        _ => "broke off the connection",
    };
    at_proxy(proxy, "connection_terminated", what)
}

/// Something that the proxy does, or that happens on the way to it.
pub(super) fn at_proxy(proxy: &UpstreamProxy, word: &'static str, what: &str) -> Failure {
    Failure {
        hint: Some(LOOK_AT_IT),
        ..Failure::new(
            Stage::Connect,
            word,
            format!("the upstream proxy {proxy} {what}"),
        )
    }
}

fn named(host: &str, port: u16) -> String {
    if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

const BASIC: &[u8] = b"basic";
const MOST_HEAD: usize = 16 * 1024;
const LOOK_AT_IT: &str =
    "look at --upstream-proxy, and ask who runs the proxy; nothing reached NiceNIC";
const GIVE_LOGIN: &str = "put user and password into the URL in NICETAP_UPSTREAM_PROXY or in the configuration file; nothing reached NiceNIC";
