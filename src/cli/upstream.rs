//! Other proxies, at the start: the one to go out through, and those of the environment that nobody uses.
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use zeroize::Zeroizing;

use crate::config::{Config, PROXY_VARIABLES, UpstreamProxy, value::Word as _};

use super::error::Error;
use super::secrets::Given;

/// The logins of the proxies, to be masked wherever they turn up.
pub(super) fn secrets(config: &Config) -> impl Iterator<Item = Given> {
    let logins = config
        .upstream_proxy
        .proxies()
        .filter_map(|proxy| proxy.login.as_ref());
    logins.map(|login| {
        // Some services take an API key as the user, without a password.
        let secret = if login.password.is_empty() {
            &login.user
        } else {
            &login.password
        };
        Given {
            label: "the password of --upstream-proxy".to_owned(),
            value: Zeroizing::new(secret.as_bytes().to_vec()),
        }
    })
}

/// Refuses a proxy that is nicetap itself, as far as its address shows it. A name that leads here is found out when it
/// is dialled.
pub(super) fn refuse_loop(config: &Config, own: &[SocketAddr]) -> Result<(), Error> {
    let mut proxies = config.upstream_proxy.proxies();
    match proxies.find(|proxy| is_one_of(proxy, own)) {
        None => Ok(()),
        Some(proxy) => Err(Error::usage(format!(
            "--upstream-proxy: {proxy} is nicetap itself, which would call itself without end"
        ))
        .hint("name the proxy that stands behind nicetap, or take https_proxy out of the environment that starts it")),
    }
}

/// What to say at the start of proxy variables that do nothing.
pub(super) fn note(
    config: &Config,
    own: &[SocketAddr],
    var: impl Fn(&str) -> Option<String>,
) -> Option<String> {
    if config.upstream_proxy.proxies().next().is_some() {
        return None;
    }
    let names_another = |name: &&str| {
        let value = var(name).unwrap_or_default();
        let url = if value.contains("://") {
            value.clone()
        } else {
            format!("http://{value}")
        };
        let is_own = UpstreamProxy::read(&url).is_ok_and(|proxy| is_one_of(&proxy, own));
        !value.is_empty() && !is_own
    };
    // Their values may hold a password.
    let set: Vec<&str> = PROXY_VARIABLES.into_iter().filter(names_another).collect();
    if set.is_empty() {
        return None;
    }
    Some(format!(
        "note: {} set and not used: nicetap goes out directly; --upstream-proxy env goes that way",
        set.join(", ")
    ))
}

fn is_one_of(proxy: &UpstreamProxy, own: &[SocketAddr]) -> bool {
    let ip = match proxy.host.as_str() {
        "localhost" => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        host => host.parse().ok(),
    };
    ip.is_some_and(|ip| {
        own.iter()
            .any(|own| own.port() == proxy.port && (own.ip() == ip || ip.is_loopback()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Upstream;

    const OWN: &str = "127.0.0.1:8899";

    fn through(url: &str) -> Config {
        Config {
            upstream_proxy: Upstream::all_through(Some(UpstreamProxy::read(url).unwrap())),
            ..Config::at("/h".as_ref())
        }
    }

    #[test]
    fn a_proxy_that_is_nicetap_itself_is_refused() {
        let refused = |url| refuse_loop(&through(url), &[OWN.parse().unwrap()]).is_err();
        for url in [
            "http://127.0.0.1:8899",
            "http://localhost:8899",
            "socks5://127.0.0.2:8899",
        ] {
            assert!(refused(url), "{url}");
        }
        assert!(!refused("http://127.0.0.1:3128"));
        assert!(!refused("http://192.0.2.1:8899"));
    }

    #[test]
    fn variables_that_do_nothing_are_named_without_their_values() {
        let note = |config: &Config, set: &'static [(&str, &str)]| {
            note(config, &[OWN.parse().unwrap()], |name| {
                let found = set.iter().find(|(have, _)| *have == name);
                found.map(|(_, value)| (*value).to_owned())
            })
        };
        let config = Config::at("/h".as_ref());
        let told = note(
            &config,
            &[
                ("https_proxy", "http://bob:hunter2@p.example:1"),
                ("http_proxy", "http://127.0.0.1:8899"),
                ("ALL_PROXY", ""),
            ],
        )
        .unwrap();
        assert!(
            told.starts_with("note: https_proxy set and not used"),
            "{told}"
        );
        assert!(!told.contains("hunter2"), "{told}");
        assert_eq!(note(&config, &[]), None);
        let used = through("http://p.example:1");
        assert_eq!(note(&used, &[("https_proxy", "http://p.example:1")]), None);
    }

    #[test]
    fn the_login_is_among_the_secrets() {
        let values = |url| -> Vec<Vec<u8>> {
            let config = through(url);
            secrets(&config).map(|given| given.value.to_vec()).collect()
        };
        assert_eq!(
            values("http://bob:hunter2@p.example:1"),
            [b"hunter2".to_vec()]
        );
        assert_eq!(values("http://apikey9@p.example:1"), [b"apikey9".to_vec()]);
        assert!(values("http://p.example:1").is_empty());
    }
}
