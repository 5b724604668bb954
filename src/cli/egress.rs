//! `nicetap egress`: the outbound addresses, per family, and who saw them.
use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use crate::clock::Time;
use crate::config::value::{OrNone, Value};
use crate::config::{Config, Echo, Layer, Network, UpstreamChoice};
use crate::egress::{self, Found, Prober, Sighting};
use crate::sink::escape;
use crate::wire;

use super::error::Error;
use super::{instance, print};

/// How to ask.
#[derive(Debug, Args)]
pub(super) struct Egress {
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
    /// Ask each site this often, each time on a fresh connection
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=50))]
    pub(super) samples: u8,
    /// Ask these sites [default: two public ones]
    #[arg(long = "egress-probe", value_name = "URL", value_delimiter = ',')]
    pub(super) sites: Option<Vec<Value<Echo>>>,
    /// The addresses (IP or CIDR) that you entered at NiceNIC
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(super) whitelist: Option<Vec<Value<Network>>>,
    /// Go out through another proxy: its URL, or `env` [default: none]
    #[arg(long, value_name = "URL|env")]
    pub(super) upstream_proxy: Option<Value<OrNone<UpstreamChoice>>>,
    /// Go out from this address of this machine
    #[arg(long, value_name = "IP")]
    pub(super) source_ip: Option<Value<OrNone<IpAddr>>>,
    /// Ask over IPv4 only
    #[arg(
        short = '4',
        long,
        num_args = 0,
        default_missing_value = "true",
        conflicts_with = "ipv6"
    )]
    pub(super) ipv4: Option<Value<bool>>,
    /// Ask over IPv6 only
    #[arg(short = '6', long, num_args = 0, default_missing_value = "true")]
    pub(super) ipv6: Option<Value<bool>>,
}

impl Egress {
    pub(super) fn settings(&self) -> Layer {
        Layer {
            egress_probe: self.sites.clone(),
            whitelist: self.whitelist.clone(),
            upstream_proxy: self.upstream_proxy.clone(),
            source_ip: self.source_ip.clone(),
            ipv4: self.ipv4.clone(),
            ipv6: self.ipv6.clone(),
            ..Layer::default()
        }
    }
}

/// Asks, and prints what was seen.
pub(super) fn run(options: &Egress, config: &Config) -> Result<(), Error> {
    if config.egress_probe.is_empty() {
        return Err(Error::usage("nobody is to be asked (egress_probe is off)")
            .hint("name a site: nicetap egress --egress-probe https://api64.ipify.org/"));
    }
    let way = wire::WayOut::new(config, instance::roots(config)?, &[]);
    let prober = Prober::new(config, Arc::new(way));
    let runtime = instance::runtime()?;
    let found = runtime.block_on(prober.ask(usize::from(options.samples)));
    runtime.shutdown_background();
    let seen = Seen::of(&found, config);
    if options.json {
        // It holds numbers, addresses and words of our own, which always serialise.
        let text = serde_json::to_string_pretty(&seen).unwrap_or_default();
        print::to_stdout(&format!("{text}\n"))?;
    } else {
        print::to_stdout(&seen.text())?;
    }
    if seen.v4.is_none() && seen.v6.is_none() {
        let now = Time::now().timestamp().strftime("%H:%M:%S");
        return Err(Error::failed("nobody saw an outbound IP").hint(format!(
            "make a call, then ask NiceNIC which address they saw; it is {now} UTC"
        )));
    }
    Ok(())
}

#[derive(Serialize)]
struct Seen {
    v4: Option<One>,
    v6: Option<One>,
    unanswered: Vec<String>,
    upstream_proxy: Option<String>,
}

#[derive(Serialize)]
struct One {
    address: IpAddr,
    local: Option<IpAddr>,
    seen_by: Vec<String>,
    others: Vec<IpAddr>,
    at: Time,
    whitelisted: Option<bool>,
}

impl Seen {
    fn of(found: &Found, config: &Config) -> Self {
        let one = |seen: &Sighting| One {
            address: seen.address,
            local: seen.local,
            seen_by: seen.by.clone(),
            others: seen.others.clone(),
            at: seen.at,
            whitelisted: whitelisted(seen, &config.whitelist),
        };
        let unanswered = found
            .unanswered
            .iter()
            .map(|one| format!("{} {}: {}", one.by, one.over.words(), one.reason));
        Self {
            v4: found.snapshot.v4.as_ref().map(one),
            v6: found.snapshot.v6.as_ref().map(one),
            unanswered: unanswered.collect(),
            // Without its login.
            upstream_proxy: egress::proxy(config).map(ToString::to_string),
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        for (family, seen) in [("IPv4", &self.v4), ("IPv6", &self.v6)] {
            let Some(seen) = seen else {
                let _ = writeln!(text, "outbound {family}  not seen by anybody");
                continue;
            };
            let _ = writeln!(text, "outbound {family}  {}", seen.address);
            let at = seen.at.timestamp().strftime("%H:%M:%S");
            let _ = writeln!(
                text,
                "  seen by      {} at {at} UTC",
                seen.seen_by.join(", ")
            );
            if let Some(proxy) = &self.upstream_proxy {
                let _ = writeln!(text, "  sent through {proxy}, whose outbound IP it is");
            } else if let Some(local) = seen.local.filter(|local| *local != seen.address) {
                let _ = writeln!(
                    text,
                    "  sent from    {local}, an address of this machine; a NAT stands between"
                );
            }
            if !seen.others.is_empty() {
                let others: Vec<String> = seen.others.iter().map(ToString::to_string).collect();
                let _ = writeln!(
                    text,
                    "  also seen    {}: enter all of them at NiceNIC",
                    others.join(", ")
                );
            }
            let listed = match seen.whitelisted {
                Some(true) => "yes",
                Some(false) => {
                    "NO: enter it at NiceNIC: Reseller, API Settings, IP whitelist; save"
                }
                None => "not known: --whitelist names the addresses that you entered",
            };
            let _ = writeln!(text, "  in your list {listed}");
        }
        for reason in &self.unanswered {
            let _ = writeln!(text, "no answer: {}", escape(reason));
        }
        text
    }
}

/// Whether all addresses seen are in the list; `None`: there is no list.
fn whitelisted(seen: &Sighting, list: &[Network]) -> Option<bool> {
    let is_in = |address: &IpAddr| list.iter().any(|network| network.contains(*address));
    let mut all = std::iter::once(&seen.address).chain(&seen.others);
    (!list.is_empty()).then(|| all.all(is_in))
}

pub(super) const HELP_END: &str = "\
The sites are asked over the same route as the calls: same source address, same
family, same upstream proxy. They learn this machine's address, and nothing else.

Examples:
  nicetap egress              Which addresses NiceNIC will see
  nicetap egress --samples 20 Look for a NAT that has several

Exit codes:
  0   done
  1   nobody saw an outbound IP
  2   the command line or a setting is wrong
  3   a root certificate cannot be used
  70  a bug in nicetap";
