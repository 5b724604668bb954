//! The log's first line.
use std::net::SocketAddr;
use std::path::Path;

use jiff::Timestamp;

use crate::clock::Time;
use crate::config::Config;
use crate::record::{Event, RedactionMode, Start, VERSION};
use crate::redact::Redactor;

/// What it says; its text is masked by whoever writes it.
pub(super) fn start_line(
    config: &Config,
    listen: &[SocketAddr],
    ui: Option<SocketAddr>,
    ends: Option<Timestamp>,
    root: &Path,
) -> impl FnOnce(&mut Redactor) -> Start<crate::redact::seal::Masked> + Send + 'static {
    let (config, listen, root) = (config.clone(), listen.to_vec(), root.to_owned());
    move |redactor| {
        let mut path = |path: &Path| redactor.text(path.as_os_str().as_encoded_bytes());
        let (home, log, ca) = (
            path(&config.home),
            config.log.as_deref().map(&mut path),
            path(&root),
        );
        Start {
            v: VERSION,
            event: Event::Start,
            time: Time::now(),
            version: env!("CARGO_PKG_VERSION").into(),
            listen,
            ui,
            home,
            log,
            ca: Some(ca),
            intercept: config
                .intercept
                .iter()
                .map(|host| redactor.text(host.to_string().as_bytes()))
                .collect(),
            whitelist: config
                .whitelist
                .iter()
                .map(|entry| redactor.text(entry.to_string().as_bytes()))
                .collect(),
            guard: config.guard.word().into(),
            expect: config.expect.map(|expect| expect.word().into()),
            ends: ends.map(|end| Time::from_millis(end.as_millisecond())),
            redaction: RedactionMode {
                pii: config.pii.word().into(),
                fingerprints: config.fingerprints.word().into(),
                username: if config.hide_username { "hide" } else { "show" }.into(),
            },
        }
    }
}
