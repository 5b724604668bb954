//! hudsucker with the handler, the log set-up and the authority of its own `examples/log.rs`.
//!
//! Three things differ, because the benchmark needs them: the origin is dialled on loopback whatever its name, its
//! test root is trusted, and the port is chosen by the system. `--nodelay` sets `TCP_NODELAY` on both legs, which
//! hudsucker does not; it shows how much of a difference is Nagle's algorithm.

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use hudsucker::certificate_authority::RcgenAuthority;
use hudsucker::hyper::{Request, Response, Uri};
use hudsucker::rcgen::{Issuer, KeyPair};
use hudsucker::{Body, HttpContext, HttpHandler, Proxy, RequestOrResponse};
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, pem::PemObject};
use tokio::net::TcpSocket;
use tower::Service;

#[derive(Clone)]
struct LogHandler;

impl HttpHandler for LogHandler {
    async fn handle_request(
        &mut self,
        _: &HttpContext,
        request: Request<Body>,
    ) -> RequestOrResponse {
        println!("{request:?}");
        request.into()
    }

    async fn handle_response(
        &mut self,
        _: &HttpContext,
        response: Response<Body>,
    ) -> Response<Body> {
        println!("{response:?}");
        response
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt::init();
    let plan = Plan::from_args()?;

    let key = KeyPair::from_pem(&std::fs::read_to_string(&plan.ca_key)?)?;
    let issuer = Issuer::from_ca_cert_pem(&std::fs::read_to_string(&plan.ca)?, key)?;
    let authority = RcgenAuthority::new(issuer, 1_000, aws_lc_rs::default_provider());

    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&plan.upstream_ca)?)?;
    let tls = rustls::ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(plan.nodelay);
    let there = Uri::try_from(format!("http://{}", plan.origin))?;
    let connector = hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_http1()
        .wrap_connector(tower::service_fn(move |_name: Uri| {
            tcp.clone().call(there.clone())
        }));

    let socket = TcpSocket::new_v4()?;
    // Accepted connections inherit it.
    socket.set_nodelay(plan.nodelay)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let listener = socket.listen(1024)?;
    eprintln!("{}", listener.local_addr()?);

    Proxy::builder()
        .with_listener(listener)
        .with_ca(authority)
        .with_http_connector(connector)
        .with_http_handler(LogHandler)
        .with_graceful_shutdown(async {
            let _ = tokio::signal::ctrl_c().await;
        })
        .build()?
        .start()
        .await?;
    Ok(())
}

struct Plan {
    ca: PathBuf,
    ca_key: PathBuf,
    nodelay: bool,
    origin: SocketAddr,
    upstream_ca: PathBuf,
}

impl Plan {
    fn from_args() -> Result<Self, lexopt::Error> {
        use lexopt::prelude::*;

        let (mut ca, mut ca_key, mut origin, mut upstream_ca) = (None, None, None, None);
        let mut nodelay = false;
        let mut args = lexopt::Parser::from_env();
        while let Some(arg) = args.next()? {
            match arg {
                Long("ca") => ca = Some(args.value()?.into()),
                Long("ca-key") => ca_key = Some(args.value()?.into()),
                Long("nodelay") => nodelay = true,
                Long("origin") => origin = Some(args.value()?.parse()?),
                Long("upstream-ca") => upstream_ca = Some(args.value()?.into()),
                other => return Err(other.unexpected()),
            }
        }
        Ok(Self {
            ca: ca.ok_or("--ca FILE is missing")?,
            ca_key: ca_key.ok_or("--ca-key FILE is missing")?,
            nodelay,
            origin: origin.ok_or("--origin IP:PORT is missing")?,
            upstream_ca: upstream_ca.ok_or("--upstream-ca FILE is missing")?,
        })
    }
}
