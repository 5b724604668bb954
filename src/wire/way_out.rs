//! The way out for the prober: the same source address, upstream proxy and connect path as calls take,
//! one family at a time.
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::net::lookup_host;

use crate::config::{Config, EchoUrl, Family, Upstream};
use crate::egress::{self, NoWay, Over};
use crate::facts::{Authority, Scheme};
use crate::record::Stage;

use super::access::Access;
use super::origin::Dialer;
use super::tls::client_config;

/// The way out that calls take.
pub struct WayOut {
    v4: Dialer,
    v6: Dialer,
    proxy: Dialer,
}

impl WayOut {
    /// The way out of these settings. `own`: our own listeners, which are never dialled.
    pub fn new(config: &Config, roots: rustls::RootCertStore, own: &[SocketAddr]) -> Self {
        let tls = client_config(roots);
        let proxy = egress::proxy(config);
        let over = |family| Dialer {
            // A rule without a host is meant for the calls; a service that it sent elsewhere would see nothing.
            connect_to: config
                .connect_to
                .iter()
                .filter(|rule| rule.host.is_some())
                .cloned()
                .collect(),
            // The API's proxy for all of them, though the variables may spare a service's name.
            upstream: Upstream::all_through(proxy.cloned()),
            source_ip: config.source_ip,
            family,
            tls: Arc::clone(&tls),
            access: Access::new(own.to_vec(), false),
        };
        Self {
            v4: over(Family::V4),
            v6: over(Family::V6),
            proxy: over(config.family),
        }
    }

    async fn connect(&self, url: &EchoUrl, over: Over) -> Result<egress::Connection, NoWay> {
        let authority =
            Authority::parse(url.authority().as_bytes(), Some(url.port)).ok_or_else(|| NoWay {
                reason: "has no sound name".to_owned(),
                was_reached: false,
            })?;
        let scheme = if url.https {
            Scheme::Https
        } else {
            Scheme::Http
        };
        let dialer = match over {
            Over::V4 => &self.v4,
            Over::V6 => &self.v6,
            Over::Proxy => &self.proxy,
        };
        let dialed = dialer
            .dial(scheme, &authority)
            .await
            .map_err(|failed| NoWay {
                was_reached: failed.failure.stage == Stage::Tls,
                reason: failed.failure.reason,
            })?;
        let (stream, _) = dialed.leg.into_parts();
        Ok(egress::Connection {
            stream: Box::new(stream),
            local: Some(dialed.route.local.ip()),
            for_proxy: dialed.hop.map(|hop| hop.field().unwrap_or_default()),
        })
    }
}

impl egress::Dial for WayOut {
    fn dial<'a>(&'a self, url: &'a EchoUrl, over: Over) -> egress::Dialing<'a> {
        Box::pin(self.connect(url, over))
    }

    fn resolve<'a>(&'a self, name: &'a str) -> egress::Resolving<'a> {
        Box::pin(async move {
            let found = lookup_host((name, 443)).await;
            let mut addresses: Vec<IpAddr> = found
                .into_iter()
                .flatten()
                .map(|address| address.ip().to_canonical())
                .collect();
            addresses.sort_unstable();
            addresses.dedup();
            addresses
        })
    }
}
