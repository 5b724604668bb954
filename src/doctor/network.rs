//! What can be seen over the way that calls take.
use std::net::IpAddr;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::config::{Config, EchoUrl};
use crate::egress::{NoWay, Over, Prober, Sighting, is_behind_proxy, ways};
use crate::facts::PRODUCTION;
use crate::http1::{ReplyHead, end_of_head};

use super::{Outcome, Surroundings};

/// The addresses of a host.
pub(super) async fn name(all: &Surroundings, host: &str) -> Outcome {
    judge_name(host, &all.dial.resolve(host).await, &all.config)
}

fn judge_name(host: &str, found: &[IpAddr], config: &Config) -> Outcome {
    if found.is_empty() && is_behind_proxy(config) {
        return Outcome::note(format!(
            "{host} was not found here; the upstream proxy looks for it by itself"
        ));
    }
    if found.is_empty() {
        return Outcome::unknown(
            format!("{host} was not found"),
            format!("look whether DNS works here at all: getent hosts {host}"),
        );
    }
    let of = |is_v6: bool| -> Vec<String> {
        let family = found.iter().filter(|address| address.is_ipv6() == is_v6);
        family.map(IpAddr::to_string).collect()
    };
    let (v4, v6) = (of(false).join(" "), of(true).join(" "));
    let part = |name: &str, list: &str| {
        if list.is_empty() {
            format!("no {name}")
        } else {
            format!("{name} {list}")
        }
    };
    let seen = format!("{}; {}", part("IPv4", &v4), part("IPv6", &v6));
    let list = &config.whitelist;
    let only_v4_listed = !list.is_empty() && list.iter().all(|entry| entry.address.is_ipv4());
    if !v6.is_empty() && only_v4_listed {
        return Outcome::warn(
            format!("{seen}; your list has IPv4 only"),
            "where this machine has IPv6, calls may go out over it: use IPv4 only (-4), or list the IPv6 address too",
        );
    }
    Outcome::pass(seen)
}

/// Whether TLS with a host works, with its certificate checked.
pub(super) async fn tls(all: &Surroundings, host: &'static str) -> Outcome {
    match connect(all, host).await {
        Ok(_) => Outcome::pass(format!("{host} was reached; its certificate is in order")),
        Err(no_way) if no_way.was_reached => Outcome::fail(
            no_way.reason,
            format!("look who answers: openssl s_client -connect {host}:443 -servername {host}"),
        ),
        Err(no_way) => Outcome::unknown(
            no_way.reason,
            format!("look whether port 443 is open here: curl -sI https://{host}/"),
        ),
    }
}

/// This machine's clock against the Date of production's reply to `HEAD /`, which holds no credential.
pub(super) async fn clock(all: &Surroundings) -> Outcome {
    let unknown = |seen: String| Outcome::unknown(seen, "compare it yourself: date -u");
    let mut connection = match connect(all, PRODUCTION).await {
        Ok(connection) => connection,
        Err(no_way) => return unknown(no_way.reason),
    };
    let ask = format!("HEAD / HTTP/1.1\r\nHost: {PRODUCTION}\r\nConnection: close\r\n\r\n");
    let mut head = bytes::BytesMut::new();
    let asking = async {
        connection.stream.write_all(ask.as_bytes()).await?;
        connection.stream.flush().await?;
        while end_of_head(&head, 0).is_none() && head.len() < MOST_HEAD {
            if connection.stream.read_buf(&mut head).await? == 0 {
                break;
            }
        }
        Ok::<(), std::io::Error>(())
    };
    if let Err(error) = asking.await {
        return unknown(format!("the connection broke: {error}"));
    }
    let end = end_of_head(&head, 0).unwrap_or(0);
    let date = ReplyHead::parse(head.split_to(end).freeze())
        .ok()
        .and_then(|head| head.fields().first("date").map(<[u8]>::to_vec));
    judge_clock(date.as_deref(), Timestamp::now())
}

fn judge_clock(date: Option<&[u8]>, now: Timestamp) -> Outcome {
    let date = date.and_then(|date| std::str::from_utf8(date).ok());
    let Some(theirs) =
        date.and_then(|date| rfc2822::DateTimeParser::new().parse_timestamp(date).ok())
    else {
        return Outcome::unknown(
            "no Date came with the reply",
            "compare it yourself: date -u",
        );
    };
    let off = now.as_second() - theirs.as_second();
    if off.abs() <= MOST_OFF {
        return Outcome::pass(format!("within {MOST_OFF} s of the server's"));
    }
    let which = if off > 0 { "ahead of" } else { "behind" };
    Outcome::warn(
        format!("{} s {which} the server's", off.abs()),
        "switch on time synchronisation: timedatectl set-ntp true",
    )
}

/// What echo sites see, and whether it is in the list.
pub(super) async fn outbound(all: &Surroundings) -> Outcome {
    if all.config.egress_probe.is_empty() {
        return Outcome::note("nobody is asked (--egress-probe off)");
    }
    let prober = Prober::new(&all.config, all.dial.clone());
    let found = prober.ask(3).await.snapshot;
    let seen: Vec<&Sighting> = found.v4.iter().chain(&found.v6).collect();
    if seen.is_empty() {
        return Outcome::unknown(
            "no echo site answered",
            "nicetap egress shows why; after a refusal ask NiceNIC which address they saw",
        );
    }
    judge_outbound(&seen, all)
}

fn judge_outbound(seen: &[&Sighting], all: &Surroundings) -> Outcome {
    let addresses: Vec<IpAddr> = seen
        .iter()
        .flat_map(|seen| std::iter::once(seen.address).chain(seen.others.iter().copied()))
        .collect();
    let told: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
    let told = told.join(", ");
    let list = &all.config.whitelist;
    let outside: Vec<String> = addresses
        .iter()
        .filter(|address| !list.iter().any(|entry| entry.contains(**address)))
        .map(IpAddr::to_string)
        .collect();
    if !list.is_empty() && !outside.is_empty() {
        return Outcome::fail(
            format!("{told}; not in your list: {}", outside.join(", ")),
            "enter it at NiceNIC: Reseller, API Settings, IP whitelist; save",
        );
    }
    if seen.iter().any(|seen| !seen.others.is_empty()) && list.is_empty() {
        return Outcome::warn(
            format!("{told}: several over one family"),
            "enter all of them at NiceNIC, or ask your hosting provider for one fixed address",
        );
    }
    if list.is_empty() {
        return Outcome::note(format!("{told}; your list is not known (--whitelist)"));
    }
    Outcome::pass(format!("{told}, in your list"))
}

async fn connect(all: &Surroundings, host: &str) -> Result<crate::egress::Connection, NoWay> {
    let url = EchoUrl {
        https: true,
        host: host.to_owned(),
        port: 443,
        path: "/".to_owned(),
    };
    let over = ways(&all.config).first().copied().unwrap_or(Over::V4);
    all.dial.dial(&url, over).await
}

const MOST_HEAD: usize = 16 * 1024;
/// Seconds: what a reply's way and whole seconds explain, and a little more.
const MOST_OFF: i64 = 30;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Network;
    use crate::doctor::Level;

    #[test]
    fn a_name_has_addresses_that_the_list_may_not_know() {
        let level = |found: &[&str], list: &[&str]| {
            let mut config = Config::at("/h".as_ref());
            config.whitelist = list
                .iter()
                .map(|address| Network {
                    address: address.parse().unwrap(),
                    prefix: 32,
                })
                .collect();
            let found: Vec<IpAddr> = found.iter().map(|one| one.parse().unwrap()).collect();
            judge_name(PRODUCTION, &found, &config).level
        };
        assert_eq!(level(&["203.0.113.1"], &["198.51.100.4"]), Level::Pass);
        assert_eq!(level(&["203.0.113.1", "2001:db8::1"], &[]), Level::Pass);
        assert_eq!(
            level(&["203.0.113.1", "2001:db8::1"], &["198.51.100.4"]),
            Level::Warn
        );
        assert_eq!(level(&[], &[]), Level::Unknown);
    }

    #[test]
    fn a_clock_that_is_off_is_told_with_its_direction() {
        let now: Timestamp = "2026-11-24T12:01:07Z".parse().unwrap();
        let level = |date: &[u8]| judge_clock(Some(date), now).level;
        assert_eq!(level(b"Tue, 24 Nov 2026 12:01:00 GMT"), Level::Pass);
        assert_eq!(level(b"yesterday"), Level::Unknown);
        assert_eq!(judge_clock(None, now).level, Level::Unknown);
        let off = judge_clock(Some(b"Tue, 24 Nov 2026 12:11:07 GMT"), now);
        assert_eq!(off.level, Level::Warn);
        assert_eq!(off.seen, "600 s behind the server's");
    }
}
