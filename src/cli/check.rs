//! `nicetap check`: one read-only call, through the running proxy or through one of its own.
//!
//! It goes the way of every client: CONNECT, then TLS with the local CA trusted. The secret comes from the environment,
//! a file, or the terminal without echo, and is never an argument. The reply is masked before it is shown, as in the log.
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::config::value::Value;
use crate::config::{Config, reached_here, value::looks_like_a_credential};
use crate::facts::{PRODUCTION, SANDBOX};
use crate::http1::{BodyScan, ReplyHead, end_of_head};
use crate::redact::{Redactor, Shown};

use super::error::Error;
use super::secrets::{self, Given};
use super::{instance, print};

/// Which call.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// The account's user name; or set `NICETAP_USERNAME`
    #[arg(long, value_name = "NAME")]
    pub(super) username: Option<String>,
    /// Read the API secret from the first line of this file
    #[arg(long, value_name = "FILE")]
    pub(super) secret_file: Option<Value<PathBuf>>,
    /// Call the sandbox instead of production
    #[arg(long)]
    pub(super) sandbox: bool,
    /// The call; each of them only reads
    #[arg(long, value_name = "CALL", value_enum, default_value_t = Call::Check)]
    pub(super) call: Call,
    /// The domain that the call asks about
    #[arg(long, value_name = "DOMAIN", default_value = "example.com")]
    pub(super) domain: String,
}

/// The calls that change nothing and cost nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(super) enum Call {
    /// Is a domain free?
    Check,
    /// What does it cost?
    GetPrice,
    /// Which domains does the account have?
    DomainList,
    /// What was booked?
    Transactions,
}

impl Call {
    fn query(self, domain: &str) -> String {
        match self {
            Self::Check => format!("category=domain&action=check&domains={domain}"),
            Self::GetPrice => {
                format!("category=domain&action=get_price&domain={domain}&type=all&year=1")
            }
            Self::DomainList => "category=domain&action=domain_list".to_owned(),
            Self::Transactions => "category=user&action=transactions".to_owned(),
        }
    }
}

/// Makes the call, and tells what came back.
pub(super) fn run(options: &Check, config: &Config) -> Result<(), Error> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    if !options.domain.bytes().all(is_name) {
        return Err(Error::usage(
            "--domain must be one domain name, such as example.com",
        ));
    }
    let credential = credential(options)?;
    let mut redactor = masking(&credential, config)?;
    let request = Request {
        host: if options.sandbox { SANDBOX } else { PRODUCTION },
        query: options.call.query(&options.domain),
        credential,
        login: login(config)?,
    };
    let runtime = instance::runtime()?;
    let came = runtime.block_on(call(request, config));
    runtime.shutdown_timeout(Duration::from_millis(100));
    came?.tell(&mut redactor)
}

/// What masks the reply: it may repeat the secret, and hold others.
fn masking(credential: &str, config: &Config) -> Result<Redactor, Error> {
    let (_, secret) = credential.split_once(':').unwrap_or(("", credential));
    let given = [credential, secret].map(|value| Given {
        label: "the API secret".to_owned(),
        value: Zeroizing::new(value.as_bytes().to_vec()),
    });
    let all = secrets::All {
        secrets: given.into(),
        known: Vec::new(),
    };
    instance::redactor(config, all)
}

struct Request {
    host: &'static str,
    query: String,
    credential: Zeroizing<String>,
    /// The field that logs in to the proxy; empty: none is known.
    login: Zeroizing<String>,
}

/// A reply.
struct Reply {
    status: u16,
    content_type: Option<Vec<u8>>,
    body: Vec<u8>,
    /// Whether the body ends before its end.
    is_cut: bool,
}

/// What came back.
struct Came {
    reply: Reply,
    /// Whether the running proxy carried it, so that its console and its log have it.
    through: Option<SocketAddr>,
}

impl Came {
    fn tell(&self, redactor: &mut Redactor) -> Result<(), Error> {
        let Reply {
            status,
            content_type,
            body,
            is_cut,
        } = &self.reply;
        let code = serde_json::from_slice::<serde_json::Value>(body)
            .ok()
            .and_then(|body| body.get("code")?.as_i64());
        let whose = match self.through {
            Some(addr) => format!("through the nicetap on {addr}"),
            None => "through a nicetap of its own".to_owned(),
        };
        let (Shown::Text(masked) | Shown::Shape(masked)) =
            redactor.body(content_type.as_deref(), body, *is_cut);
        let shown: String = masked.as_str().chars().take(MOST_SHOWN).collect();
        print::to_stdout(&format!("HTTP {status} {whose}\n{shown}\n"))?;
        match code {
            Some(0 | 200 | 201) if *status == 200 => Ok(()),
            _ => Err(Error::failed("the call did not succeed")
                .hint("nicetap checklist goes through the causes; nicetap log shows the call")),
        }
    }
}

async fn call(request: Request, config: &Config) -> Result<Came, Error> {
    let root = config.public_dir().join("root.pem");
    if let Some(addr) = of_this_home(config).await {
        let reply = exchange(addr, &root, &request).await?;
        return Ok(Came {
            reply,
            through: Some(addr),
        });
    }
    let own = Config {
        json: false,
        ..config.clone().for_own_client()
    };
    let came = instance::while_serving(&own, async |addr| exchange(addr, &root, &request).await);
    Ok(Came {
        reply: came.await??,
        through: None,
    })
}

/// The address of the nicetap that runs in this home, wherever it listens, or with these settings.
async fn of_this_home(config: &Config) -> Option<SocketAddr> {
    if let Some(found) = instance::Presence::running(&config.home)
        && let Some(addr) = answering(&found.listen).await
    {
        return Some(addr);
    }
    running(config).await
}

/// The address of the nicetap that runs with these settings.
pub(super) async fn running(config: &Config) -> Option<SocketAddr> {
    answering(&config.listen).await
}

/// The first of these addresses at which a nicetap answers.
async fn answering(listen: &[SocketAddr]) -> Option<SocketAddr> {
    let listeners = listen.iter().filter(|addr| addr.port() != 0);
    for addr in listeners.map(|addr| reached_here(*addr)) {
        let ask = async {
            let mut stream = TcpStream::connect(addr).await.ok()?;
            let ask = format!("GET /healthz HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\r\n");
            stream.write_all(ask.as_bytes()).await.ok()?;
            let mut reply = Vec::new();
            stream.take(4096).read_to_end(&mut reply).await.ok()?;
            memchr::memmem::find(&reply, b"{\"nicetap\":").map(|_| addr)
        };
        if let Ok(Some(addr)) = timeout(Duration::from_secs(2), ask).await {
            return Some(addr);
        }
    }
    None
}

/// One request and its reply, inside a tunnel.
async fn exchange(proxy: SocketAddr, root: &Path, request: &Request) -> Result<Reply, Error> {
    let broke = |error: io::Error| Error::failed("the call broke off").caused_by(error);
    let fail = |what: &'static str| Error::failed(what);
    let mut tcp = TcpStream::connect(proxy).await.map_err(broke)?;
    let host = request.host;
    let connect = Zeroizing::new(format!(
        "CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n{}\r\n",
        request.login.as_str()
    ));
    tcp.write_all(connect.as_bytes()).await.map_err(broke)?;
    let mut buffer = bytes::BytesMut::new();
    let head = reply_head(&mut tcp, &mut buffer).await.map_err(broke)?;
    match head.map(|head| head.status()) {
        Some(200) => {}
        Some(403) => {
            return Err(fail("nicetap serves other users (--only-user)")
                .hint("call as one of them: sudo -u USER nicetap check"));
        }
        Some(407) => {
            return Err(fail("nicetap wants its own login (--proxy-auth)").hint(
                "set NICETAP_PROXY_AUTH and NICETAP_PROXY_PASSWORD as for the nicetap that runs",
            ));
        }
        _ => return Err(fail("nicetap did not open the tunnel")),
    }
    let mut roots = rustls::RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(root)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| Error::cannot_start("the local CA cannot be read").caused_by(error))?;
    roots.add_parsable_certificates(certificates);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| Error::bug("no version of TLS"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(host).map_err(|_| Error::bug("a host without a name"))?;
    let connector = tokio_rustls::TlsConnector::from(Arc::new(tls));
    let mut stream = connector.connect(name, tcp).await.map_err(broke)?;
    let head = Zeroizing::new(format!(
        "GET /v2/?{} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {}\r\nContent-Type: application/json\r\nUser-Agent: nicetap-check/{}\r\nConnection: close\r\n\r\n",
        request.query,
        *request.credential,
        env!("CARGO_PKG_VERSION"),
    ));
    stream.write_all(head.as_bytes()).await.map_err(broke)?;
    stream.flush().await.map_err(broke)?;
    buffer.clear();
    let head = reply_head(&mut stream, &mut buffer).await.map_err(broke)?;
    let head = head.ok_or_else(|| fail("no reply came"))?;
    let framing = head
        .framing("GET")
        .map_err(|defect| fail(defect.reason()))?;
    let mut scan = BodyScan::tolerant(framing);
    let mut body = Vec::new();
    loop {
        let taken = scan
            .scan(&buffer, |payload| body.extend_from_slice(payload))
            .map_err(|_| fail("the reply's body cannot be read"))?;
        let _ = buffer.split_to(taken);
        if scan.is_done() || body.len() > MOST_BODY {
            break;
        }
        // An end where none was due is shown by the console; what came is shown here.
        if !matches!(stream.read_buf(&mut buffer).await, Ok(count) if count > 0) {
            break;
        }
    }
    Ok(Reply {
        status: head.status(),
        content_type: head.fields().first("content-type").map(<[u8]>::to_vec),
        body,
        is_cut: !scan.is_done(),
    })
}

async fn reply_head(
    stream: &mut (impl tokio::io::AsyncRead + Unpin),
    buffer: &mut bytes::BytesMut,
) -> io::Result<Option<ReplyHead>> {
    loop {
        if let Some(end) = end_of_head(buffer, 0) {
            return Ok(ReplyHead::parse(buffer.split_to(end).freeze()).ok());
        }
        if buffer.len() > ReplyHead::LIMIT || stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
}

/// The field that logs in to the proxy that runs, as far as its login is known here.
fn login(config: &Config) -> Result<Zeroizing<String>, Error> {
    let known = secrets::proxy_login(config)?.filter(|login| !login.is_made_up);
    Ok(known.map_or_else(Zeroizing::default, |known| known.login.basic_field()))
}

/// `username:api_secret`.
fn credential(options: &Check) -> Result<Zeroizing<String>, Error> {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let username = options
        .username
        .clone()
        .or_else(|| variable("NICETAP_USERNAME"));
    let username = username.ok_or_else(|| {
        Error::usage("whose account?").hint("give --username NAME, or set NICETAP_USERNAME")
    })?;
    if looks_like_a_credential(&username) || username.contains(':') {
        return Err(Error::usage("--username takes the user name only")
            .hint("the secret comes from NICETAP_SECRET, --secret-file or the prompt"));
    }
    let secret = match (&options.secret_file, variable("NICETAP_SECRET")) {
        (Some(file), _) => text_of(&secrets::first_line(&file.0, "--secret-file")?)?,
        (None, Some(secret)) => Zeroizing::new(secret),
        (None, None) => text_of(&secrets::ask("API secret", &no_terminal)?)?,
    };
    if secret.is_empty() || secret.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(Error::usage(
            "the secret is empty, or has a control character in it",
        ));
    }
    Ok(Zeroizing::new(format!("{username}:{}", *secret)))
}

fn text_of(secret: &[u8]) -> Result<Zeroizing<String>, Error> {
    let text = std::str::from_utf8(secret);
    text.map(|text| Zeroizing::new(text.to_owned()))
        .map_err(|_| Error::usage("the secret is no UTF-8 text"))
}

fn no_terminal() -> Error {
    Error::usage("no API secret was given")
        .hint("set NICETAP_SECRET, give --secret-file FILE, or use a terminal")
}

const MOST_BODY: usize = 64 * 1024;
/// Characters of the reply that are shown.
const MOST_SHOWN: usize = 2000;
pub(super) const HELP_END: &str = "\
The secret comes from NICETAP_SECRET, from --secret-file, or is asked for on the
terminal without echo; it is never an argument. The call goes through the
running `nicetap serve`, where there is one.

Examples:
  nicetap check --username acme            Is the login right? Nothing is bought
  nicetap check --username acme --sandbox  The same on the sandbox

Exit codes:
  0   the call succeeded
  1   it did not
  2   the command line or a setting is wrong
  3   an address cannot be bound, or the CA or a file cannot be used
  70  a bug in nicetap";
