//! What is said at the start when others may use the proxy.
use std::fmt::Write as _;
use std::net::SocketAddr;

use crate::cli::secrets::Login;
use crate::config::{Config, Network};

/// The password that was made up, and how safe the way to nicetap is. For standard error: neither is kept.
/// `bound`: where nicetap really listens.
pub(super) fn note(bound: &[SocketAddr], login: Option<&Login>) -> Option<String> {
    let mut text = String::new();
    if let Some(Login { login, is_made_up }) = login {
        let (user, password) = (login.user.as_str(), login.password.as_str());
        // Writing to a string cannot fail.
        if *is_made_up {
            let _ = writeln!(
                text,
                "proxy login: {user}:{password} (made up for this run, shown only here)"
            );
        } else if password.chars().count() < SHORT {
            text.push_str("warning: the password of --proxy-auth is short; the login can be tried again and again\n");
        }
    }
    if let Some(addr) = bound.iter().find(|addr| !addr.ip().is_loopback()) {
        let port = addr.port();
        let _ = writeln!(
            text,
            "note: other machines' way to nicetap is not encrypted: logins and base-URL calls can be read on it. Use a \
             network\n      of your own, or a tunnel to a nicetap on loopback: ssh -L {port}:127.0.0.1:{port} THIS_HOST"
        );
    }
    (!text.is_empty()).then_some(text)
}

/// Who may use the proxy besides this machine, in words; `None`: nobody.
pub(in crate::cli) fn open_to(config: &Config) -> Option<String> {
    if !config.allow_remote {
        return None;
    }
    let from: Vec<String> = config.allow_from.iter().map(Network::to_string).collect();
    let from = match from.as_slice() {
        [] => "every address".to_owned(),
        [only] => only.clone(),
        many => format!("{} address ranges", many.len()),
    };
    let login = if config.proxy_auth.is_some() {
        ", with a login"
    } else {
        ""
    };
    Some(format!("{from}{login}"))
}

const SHORT: usize = 12;
