//! The mock: an offline lookalike of NiceNIC's API v2, so that a newcomer without an account sees a whole exchange.
//!
//! It is an origin: plain HTTP/1.1 on a listener ([`Mock::serve`]), or inside this process ([`Mock::connect`]). It
//! answers `/v2/` as the documentation says, keeps nothing from one call to the next, and says in every reply that
//! it is a mock. The code and text of a refusal, the order of the checks, the HTTP status of an error and the shape
//! of lists are guesses, because they are documented nowhere. It must never pass for NiceNIC, and knows nothing of
//! the proxy.
//!
//! Names steer it: a domain that begins with `taken` (and `example.com` with its kin) is unavailable, `premium…` is
//! dear, `abuse…` has a complaint. The header `Mock-Answer` asks for odd answers.
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::catalogue::Catalogue;
use crate::clock::Time;
use crate::config::Network;
use parameters::Parameters;
use refusal::Refusal;
use switches::{Answer, Closed, Cut, Switches};

pub use admission::{Credential, CredentialError};

mod admission;
mod data;
mod parameters;
mod refusal;
mod switches;

/// What a mock accepts.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The only credential that is accepted. `None`: any `username:secret`, except with the secret `wrong`. It counts
    /// in its bare form only: a scheme word (`Basic`, `Bearer`), white space, no colon or an empty part is refused.
    pub credential: Option<Credential>,
    /// The only callers that are accepted; empty: all.
    pub whitelist: Vec<Network>,
}

/// The mock. Clones are one mock.
#[derive(Clone, Debug)]
pub struct Mock {
    options: Arc<Options>,
}

impl Mock {
    /// A mock that accepts what the options say.
    pub fn new(options: Options) -> Self {
        Self {
            options: Arc::new(options),
        }
    }

    /// Serves the listener's connections until `shutdown` is done; those that are open then are cut.
    pub async fn serve(&self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        let mut shutdown = pin!(shutdown);
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                () = &mut shutdown => return,
                Some(_) = connections.join_next() => continue,
                accepted = listener.accept(), if connections.len() < CONNECTION_LIMIT => accepted,
            };
            let Ok((stream, peer)) = accepted else {
                // Out of descriptors, most likely: trying again at once would only burn time.
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            stream.set_nodelay(true).ok();
            connections.spawn(self.clone().converse(stream, peer.ip()));
        }
    }

    /// A connection to the mock inside this process. `peer` is what it takes for the caller's address. It lives until
    /// the stream is dropped. Must be called on a tokio runtime.
    pub fn connect(&self, peer: IpAddr) -> DuplexStream {
        let (ours, theirs) = tokio::io::duplex(PIPE_SIZE);
        tokio::spawn(self.clone().converse(theirs, peer));
        ours
    }

    /// What to tell the user once it listens on `addr`: that it is a mock, what it accepts, what is a guess. Several
    /// lines, each with its end.
    pub fn banner(&self, addr: SocketAddr) -> String {
        let (login, pair) = match &self.options.credential {
            None => (
                "any username:secret in its bare form, except the secret \"wrong\"".to_owned(),
                "demo:mock-only".to_owned(),
            ),
            Some(credential) => (
                format!("only {} with its secret", credential.username()),
                format!("{}:API_SECRET", credential.username()),
            ),
        };
        let list: Vec<_> = self
            .options
            .whitelist
            .iter()
            .map(Network::to_string)
            .collect();
        let callers = if list.is_empty() {
            "all addresses".to_owned()
        } else {
            list.join(", ")
        };
        format!(
            "mock       http://{addr}/v2/ · NOT NiceNIC: nothing is registered or paid\n\
             login      {login}\n\
             callers    {callers}\n\
             names      taken… is unavailable, premium… is dear, abuse… has a complaint\n\
             switches   header {}:\n\
             \x20          {}\n\
             guesses    {GUESSES}\n\
             try        curl -H 'Authorization: {pair}' -H 'Content-Type: application/json' \\\n\
             \x20          'http://{addr}/v2/?category=domain&action=check&domains=example.com'\n",
            switches::HEADER,
            switches::KNOWN,
        )
    }

    async fn converse<S>(self, stream: S, peer: IpAddr)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let service = service_fn(|request| self.answer(request, peer));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .title_case_headers(true)
            .serve_connection(TokioIo::new(stream), service);
        // A connection that ends badly has ended all the same; its client knows how.
        connection.await.ok();
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
        peer: IpAddr,
    ) -> Result<Response<Body>, Closed> {
        let (head, body) = request.into_parts();
        if head.uri.path() != PATH {
            return Ok(note(StatusCode::NOT_FOUND, "only /v2/ is answered here"));
        }
        if ![Method::GET, Method::HEAD, Method::POST].contains(&head.method) {
            let mut response = note(StatusCode::METHOD_NOT_ALLOWED, "GET, or POST with a body");
            let allowed = HeaderValue::from_static("GET, HEAD, POST");
            response.headers_mut().insert(ALLOW, allowed);
            return Ok(response);
        }
        let switches = match Switches::read(&head.headers) {
            Ok(switches) => switches,
            Err(error) => return Ok(note(StatusCode::BAD_REQUEST, &error.to_string())),
        };
        let Ok(body) = to_bytes(Body::new(body), BODY_LIMIT).await else {
            return Ok(note(
                StatusCode::PAYLOAD_TOO_LARGE,
                "the body is over 1 MiB",
            ));
        };
        tokio::time::sleep(switches.delay).await;
        self.answer_as(&switches.answer, &head, &body, peer)
    }

    fn answer_as(
        &self,
        answer: &Answer,
        head: &Parts,
        body: &[u8],
        peer: IpAddr,
    ) -> Result<Response<Body>, Closed> {
        let usual = || self.envelope(head, body, peer);
        Ok(match answer {
            Answer::Usual => usual().response(),
            Answer::Cut => cut(&usual()),
            Answer::Html => page(StatusCode::OK),
            Answer::Status(status) => page(*status),
            Answer::Pending => Envelope::success(PENDING, json!([])).response(),
            Answer::InvalidJson => reply(JSON, Body::from(INVALID_JSON)),
            Answer::RefuseIp => Envelope::refusal(&Refusal::Caller(AS_ASKED)).response(),
            Answer::RefuseLogin => Envelope::refusal(&Refusal::Login(AS_ASKED)).response(),
            Answer::Close => return Err(Closed),
        })
    }

    /// The answer that the documentation promises, or a refusal. The order of the checks is a guess.
    fn envelope(&self, head: &Parts, body: &[u8], peer: IpAddr) -> Envelope {
        match self.call(head, body, peer) {
            Ok((code, data)) => Envelope::success(code, data),
            Err(refusal) => Envelope::refusal(&refusal),
        }
    }

    fn call(&self, head: &Parts, body: &[u8], peer: IpAddr) -> Result<(i64, Value), Refusal> {
        admission::admit_caller(&self.options, peer)?;
        admission::admit_login(&self.options, &head.headers)?;
        let parameters = Parameters::read(head, body).map_err(Refusal::Parameters)?;
        let category = parameters.value("category").unwrap_or_default();
        let action = parameters.value("action").unwrap_or_default();
        let action = Catalogue::builtin()
            .action(category, action)
            .ok_or(Refusal::Action)?;
        parameters.check(action).map_err(Refusal::Parameters)?;
        let today = Time::now()
            .timestamp()
            .to_zoned_datetime(jiff::tz::TimeZone::UTC)
            .date();
        let data = data::invent(action, &parameters, today).map_err(Refusal::Parameters)?;
        Ok((action.success_code, data))
    }
}

/// NiceNIC's envelope, with one member more that says whose it is.
struct Envelope {
    code: i64,
    msg: String,
    data: Value,
    note: String,
}

impl Envelope {
    fn success(code: i64, data: Value) -> Self {
        let documented = Catalogue::builtin()
            .codes
            .iter()
            .find(|have| have.code == code);
        Self {
            code,
            msg: documented.map(|code| code.msg.clone()).unwrap_or_default(),
            data,
            note: format!("{WHOSE}; its data is invented, the shape of lists is a guess"),
        }
    }

    fn refusal(refusal: &Refusal) -> Self {
        Self {
            code: refusal.code(),
            msg: refusal.msg().to_owned(),
            data: Value::Null,
            note: format!("{WHOSE}; {refusal}; {}", refusal.standing()),
        }
    }

    fn text(&self) -> String {
        let Self {
            code,
            msg,
            data,
            note,
        } = self;
        json!({"code": code, "msg": msg, "data": data, "mock": note}).to_string()
    }

    fn response(&self) -> Response<Body> {
        reply(JSON, Body::from(self.text()))
    }
}

/// A reply of status 200. Every reply is made here, so every reply says that it is a mock's.
fn reply(content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(MARK, HeaderValue::from_static(MARK_TEXT));
    response
}

/// A reply about the use of the mock itself, with an HTTP status that says so.
fn note(status: StatusCode, text: &str) -> Response<Body> {
    let envelope = Envelope {
        code: status.as_u16().into(),
        msg: format!("nicetap mock: {text}"),
        data: Value::Null,
        note: WHOSE.to_owned(),
    };
    let mut response = envelope.response();
    *response.status_mut() = status;
    response
}

/// A page such as a server in between might send.
fn page(status: StatusCode) -> Response<Body> {
    let html =
        format!("<!doctype html>\n<title>{status}</title>\n<h1>{status}</h1>\n<p>{WHOSE}</p>\n");
    let mut response = reply(HTML, Body::from(html));
    *response.status_mut() = status;
    response
}

/// A reply that promises all of its body, and ends in the middle.
fn cut(envelope: &Envelope) -> Response<Body> {
    let text = envelope.text();
    let promised = HeaderValue::from(text.len());
    let mut response = reply(JSON, Body::new(Cut::in_the_middle(text)));
    response.headers_mut().insert(CONTENT_LENGTH, promised);
    response
}

const AS_ASKED: &str = "refused as asked by the header Mock-Answer";
const PATH: &str = "/v2/";
const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=utf-8";
/// The header that marks every reply.
const MARK: HeaderName = HeaderName::from_static("mock");
const MARK_TEXT: &str = "nicetap; texts of refusals are guesses";
const WHOSE: &str = "nicetap mock, not NiceNIC";
const GUESSES: &str =
    "code and text of refusals, HTTP statuses of errors, order of checks, shape of lists";
/// The documented body code of an order that is accepted and not finished.
const PENDING: i64 = 201;
/// The documentation's own samples have such a comma.
const INVALID_JSON: &str =
    "{\"code\":0,\"msg\":\"success\",\"data\":{},\"mock\":\"nicetap mock, not NiceNIC\",}";
const BODY_LIMIT: usize = 1 << 20;
const PIPE_SIZE: usize = 64 << 10;
const CONNECTION_LIMIT: usize = 1024;
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
