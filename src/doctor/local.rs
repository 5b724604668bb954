//! What can be seen without the network.
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use crate::ca;
use crate::config::PROXY_VARIABLES;
use crate::facts::{Secret, SecretKind};
use crate::redact::seal::Raw;
use crate::redact::{FingerprintKey, Redactor};

use super::{Outcome, Surroundings};

/// Whether the proxy could listen, or who does already.
pub(super) async fn port(all: &Surroundings) -> Outcome {
    let addrs = all.config.listen.clone();
    let seen = tokio::task::spawn_blocking(move || addrs.into_iter().map(holder).collect());
    let seen: Vec<Outcome> = seen.await.unwrap_or_default();
    let worst = seen.into_iter().max_by_key(|outcome| outcome.level);
    worst.unwrap_or_else(|| Outcome::unknown("no address to look at", "set --listen"))
}

fn holder(addr: SocketAddr) -> Outcome {
    if addr.port() == 0 {
        return Outcome::pass("any free port will do");
    }
    match TcpListener::bind(addr) {
        Ok(_) if addr.ip().is_loopback() => {
            return Outcome::pass(format!("{addr} is free, and on loopback"));
        }
        Ok(_) => {
            return Outcome::note(format!(
                "{addr} is free, and beyond loopback: --allow-from and --proxy-auth say who may use it"
            ));
        }
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {}
        Err(error) => {
            return Outcome::fail(
                format!("{addr} cannot be bound: {error}"),
                "choose another one: nicetap --listen 127.0.0.1:PORT",
            );
        }
    }
    if is_nicetap(addr) {
        return Outcome::note(format!("nicetap runs on {addr}"));
    }
    Outcome::fail(
        format!("another program holds {addr}"),
        format!(
            "see which: ss -ltnp 'sport = :{}'; or use --listen 127.0.0.1:PORT",
            addr.port()
        ),
    )
}

fn is_nicetap(addr: SocketAddr) -> bool {
    let ask = || -> std::io::Result<String> {
        let limit = Duration::from_secs(2);
        let mut stream = TcpStream::connect_timeout(&addr, limit)?;
        stream.set_read_timeout(Some(limit))?;
        stream.write_all(
            format!("GET /healthz HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\r\n")
                .as_bytes(),
        )?;
        let mut reply = String::new();
        stream.take(4096).read_to_string(&mut reply)?;
        Ok(reply)
    };
    ask().is_ok_and(|reply| reply.contains("{\"nicetap\":"))
}

/// Whether there is room for the log.
pub(super) fn log(all: &Surroundings) -> Outcome {
    let Some(log) = &all.config.log else {
        return Outcome::note("no log is kept (--no-log)");
    };
    let folder = nearest_folder(log);
    let Ok(disk) = rustix::fs::statvfs(folder) else {
        return Outcome::unknown(
            format!("{} cannot be looked at", folder.display()),
            format!("ls -ld {}", folder.display()),
        );
    };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let needed = all
        .config
        .log_max_size
        .saturating_mul(u64::from(all.config.log_keep) + 1);
    let mib = free >> 20;
    if rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_err() {
        return Outcome::fail(
            format!("{} cannot be written to", folder.display()),
            "run nicetap as the user who owns it, or name another log with --log",
        );
    }
    if free < needed {
        let needed = needed >> 20;
        return Outcome::warn(
            format!(
                "{mib} MiB free in {}, the log may take {needed} MiB",
                folder.display()
            ),
            "lower --log-max-size or --log-keep, or name another log with --log",
        );
    }
    Outcome::pass(format!("{mib} MiB free in {}", folder.display()))
}

/// The folder, or the nearest one above it that exists.
fn nearest_folder(path: &Path) -> &Path {
    let mut folders = path.ancestors().skip(1);
    folders
        .find(|folder| folder.is_dir())
        .unwrap_or(Path::new("/"))
}

/// Whether the home may lie where a web server hands out files.
pub(super) fn home(all: &Surroundings) -> Outcome {
    let home = &all.config.home;
    let is_served = home.components().any(|part| {
        let part = part.as_os_str().to_string_lossy();
        SERVED.contains(&part.as_ref())
    }) || home.starts_with("/var/www");
    if is_served {
        return Outcome::warn(
            format!("{} may lie under a document root", home.display()),
            "choose another one: nicetap --home DIR",
        );
    }
    Outcome::pass(format!(
        "{} lies under no usual document root",
        home.display()
    ))
}

/// Whether the local CA is there, and for how long.
pub(super) fn ca(all: &Surroundings) -> Outcome {
    match ca::Info::read(&all.config.home, &all.config.public_dir()) {
        Ok(None) => Outcome::note("none yet; `nicetap serve` makes it"),
        Ok(Some(info)) => {
            if !info.is_published {
                return Outcome::fail(
                    format!("{} is not its root", info.paths.root.display()),
                    "start nicetap again as the user who owns the home: it writes what clients read",
                );
            }
            let left = info.not_after.duration_since(Timestamp::now()).as_hours() / 24;
            if left < 3 {
                return Outcome::warn(
                    format!("it holds for {left} more days"),
                    "nicetap ca rotate; then clients must trust the new root",
                );
            }
            Outcome::pass(format!("it holds for {left} more days"))
        }
        Err(error) => Outcome::fail(
            format!("it cannot be read: {error}"),
            "nicetap ca rotate, as the user who owns the home",
        ),
    }
}

/// Proxy variables that a client would obey, or that keep it from nicetap.
pub(super) fn proxy_variables(all: &Surroundings) -> Outcome {
    let value = |name: &str| (all.var)(name).filter(|value| !value.is_empty());
    let excluded = ["no_proxy", "NO_PROXY"].into_iter().find(|name| {
        value(name).is_some_and(|value| value.contains("nicenic") || value.trim() == "*")
    });
    if let Some(name) = excluded {
        return Outcome::warn(
            format!("{name} keeps calls to NiceNIC away from every proxy"),
            format!("take NiceNIC's names out of {name} while nicetap runs"),
        );
    }
    let set: Vec<&str> = PROXY_VARIABLES
        .into_iter()
        .filter(|name| value(name).is_some())
        .collect();
    if set.is_empty() {
        return Outcome::pass("none is set");
    }
    // Their values may hold a password.
    let set = set.join(", ");
    let own = match all.config.upstream_proxy.proxies().next() {
        None => "directly (--upstream-proxy env: that way too)".to_owned(),
        Some(proxy) => format!("through {proxy}"),
    };
    Outcome::note(format!(
        "{set} set: clients of this shell go there; nicetap itself goes out {own}"
    ))
}

/// Whether a made-up secret is masked.
pub(super) fn redaction() -> Outcome {
    let secret = "self-test-9f4c1e7a";
    let mut redactor = Redactor::new(&FingerprintKey::from_bytes([7; 32]));
    redactor.begin();
    let learnt = Secret {
        kind: SecretKind::ApiSecret,
        value: Raw::new(secret.as_bytes().into()),
    };
    redactor.learn(&[learnt], None);
    let shown = redactor.text(format!("user:{secret} and {secret}").as_bytes());
    judge_masking(shown.as_str(), secret)
}

fn judge_masking(shown: &str, secret: &str) -> Outcome {
    if shown.contains(secret) {
        return Outcome::fail(
            "a secret was shown",
            "do not use this build; please report it",
        );
    }
    Outcome::pass("a made-up secret was masked")
}

const SERVED: [&str; 5] = ["public_html", "htdocs", "httpdocs", "wwwroot", "webroot"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    #[test]
    fn a_secret_that_is_shown_is_a_failure() {
        assert_eq!(redaction().level, Level::Pass);
        assert_eq!(judge_masking("user:s3cret", "s3cret").level, Level::Fail);
    }
}
