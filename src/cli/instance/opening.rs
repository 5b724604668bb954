//! What a proxy needs before it can run, opened one by one: each failure says what to do.
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::net::TcpListener;

use crate::ca::{Ca, CaError, Opened};
use crate::cli::check::running;
use crate::cli::error::Error;
use crate::cli::{print, secrets};
use crate::client;
use crate::config::{Config, Fingerprints};
use crate::journal::Sink;
use crate::mock::{self, Mock};
use crate::redact::{FingerprintKey, Policy, Redactor};
use crate::sink::{console, jsonl, out};
use crate::store::{self, Access, Dir};
use crate::wire::{self, Inside, Stream};

use super::look;
use super::presence::Presence;

/// Raises the limit of open files, keeps secrets out of core dumps, and says how many connections fit.
pub(super) fn prepare_process() -> usize {
    use rustix::process::{
        DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit,
    };
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let files = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: files
            .maximum
            .or(files.current)
            .map(|most| most.min(MOST_FILES)),
        ..files
    };
    let _ = setrlimit(Resource::Nofile, raised);
    let current = getrlimit(Resource::Nofile).current.unwrap_or(MOST_FILES);
    let fit = usize::try_from(current.saturating_sub(64) / 2).unwrap_or(usize::MAX);
    fit.clamp(1, MOST_CONNECTIONS)
}

pub(in crate::cli) fn open_ca(config: &Config, public: &Path) -> Result<Arc<Ca>, Error> {
    let names: Vec<String> = config
        .intercept
        .iter()
        .map(|host| host.host.clone())
        .collect();
    let (ca, opened) =
        Ca::open(&config.home, public, &names, Timestamp::now()).map_err(ca_error)?;
    match opened {
        Opened::Kept | Opened::Created => {}
        Opened::ReplacedForNames => {
            print::to_stderr(
                "note: a new CA was made, because the old one did not cover all names; clients must trust the new root\n",
            );
        }
        Opened::ReplacedForAge => {
            print::to_stderr(
                "note: a new CA was made, because the old one was about to end; clients must trust the new root\n",
            );
        }
    }
    if ca.system_roots() == 0 {
        print::to_stderr(
            "warning: no system roots were found; a client that is given the bundle trusts nicetap's CA only\n",
        );
    }
    Ok(Arc::new(ca))
}

/// How a failure of the CA is told.
pub(in crate::cli) fn ca_error(error: CaError) -> Error {
    let base = match &error {
        CaError::Name { .. } | CaError::NoNames => {
            Error::usage("the CA cannot be made for these hosts")
        }
        _ => Error::cannot_start("the CA cannot be used"),
    };
    base.caused_by(error)
}

/// The redactor, which knows what the user gave.
pub(in crate::cli) fn redactor(config: &Config, given: secrets::All) -> Result<Redactor, Error> {
    let policy = Policy {
        pii: config.pii,
        hides_username: config.hide_username,
        own: config.own.clone(),
    };
    let mut redactor = Redactor::with(&fingerprint_key(config)?, policy);
    let warn = |what: &str| {
        print::to_stderr(&format!(
            "warning: {what} is too short or too common a word to be told from other text; it is masked only where \
             secrets stand\n"
        ));
    };
    for secret in given.secrets {
        if !redactor.learn_given(&secret.value) {
            warn(&secret.label);
        }
    }
    for credential in given.known {
        let label = credential.label;
        if !redactor.know(credential) {
            warn(&format!("the secret of --know {label}"));
        }
    }
    Ok(redactor)
}

fn fingerprint_key(config: &Config) -> Result<FingerprintKey, Error> {
    if config.fingerprints == Fingerprints::Session {
        return FingerprintKey::random()
            .map_err(|_| Error::cannot_start("the system gives no random numbers"));
    }
    let fail = |error: store::StoreError| {
        Error::cannot_start("the key of the fingerprints cannot be used").caused_by(error)
    };
    let bytes = store::private_key_file(&config.home.join("fingerprint.key"), 32).map_err(fail)?;
    let bytes: [u8; 32] = bytes
        .try_into()
        .map_err(|_| Error::bug("a key of another length was read"))?;
    Ok(FingerprintKey::from_bytes(bytes))
}

/// Whom to trust upstream: the system's roots, and `--upstream-ca`.
pub(in crate::cli) fn roots(config: &Config) -> Result<rustls::RootCertStore, Error> {
    let mut roots = rustls::RootCertStore::empty();
    let loaded = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(loaded.certs);
    if let Some(file) = &config.upstream_ca {
        let fail =
            || Error::cannot_start(format!("--upstream-ca {} cannot be used", file.display()));
        let certificates = CertificateDer::pem_file_iter(file)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| {
                fail()
                    .caused_by(error)
                    .hint("it must be a PEM file with at least one certificate")
            })?;
        let (added, _) = roots.add_parsable_certificates(certificates);
        if added == 0 {
            return Err(fail().hint("no usable certificate stands in it; it must be a PEM file"));
        }
    }
    if roots.is_empty() && !config.mock {
        return Err(Error::cannot_start(
            "no root certificate was found, so that no server can be verified",
        )
        .hint("install the package ca-certificates, or name a PEM file with --upstream-ca"));
    }
    Ok(roots)
}

pub(super) fn sinks(
    config: &Config,
    printer: out::Printer,
) -> Result<(Vec<Box<dyn Sink>>, console::Handle), Error> {
    let form = if config.json {
        console::Form::Json
    } else {
        console::Form::Blocks(look(config, false))
    };
    let (console, handle) = console::Console::start(printer, form)
        .map_err(|error| Error::cannot_start("no thread for the console").caused_by(error))?;
    let mut sinks: Vec<Box<dyn Sink>> = Vec::new();
    if let Some(log) = &config.log {
        sinks.push(Box::new(open_log(config, log, handle.teller())?));
    }
    sinks.push(Box::new(console));
    Ok((sinks, handle))
}

fn open_log(config: &Config, log: &Path, teller: console::Teller) -> Result<jsonl::Jsonl, Error> {
    if let Some(parent) = log
        .parent()
        .filter(|parent| parent.starts_with(&config.home))
    {
        let access = if config.log_group.is_some() {
            Access::Passage
        } else {
            Access::Private
        };
        Dir::open(parent, access).map_err(|error| {
            Error::cannot_start("the log's folder cannot be used").caused_by(error)
        })?;
    }
    let group =
        match &config.log_group {
            Some(name) => Some(out::group_id(name).ok_or_else(|| {
                Error::usage(format!("--log-group {name}: there is no such group"))
            })?),
            None => None,
        };
    let options = jsonl::Options {
        path: log.to_owned(),
        group,
        max_size: config.log_max_size,
        keep: config.log_keep,
    };
    jsonl::Jsonl::open(options, move |news| teller.tell(news.to_string()))
        .map_err(|error| Error::cannot_start("the log cannot be used").caused_by(error))
}

/// The mock, as an origin inside this process.
struct InProcess(Mock);

impl Inside for InProcess {
    fn connect(&self, client: IpAddr) -> Box<dyn Stream> {
        Box::new(self.0.connect(client))
    }
}

pub(super) fn inside(config: &Config) -> Result<Option<Box<dyn Inside>>, Error> {
    if !config.mock {
        return Ok(None);
    }
    Ok(Some(Box::new(InProcess(Mock::new(mock_options(config)?)))))
}

/// What the mock accepts.
pub(in crate::cli) fn mock_options(config: &Config) -> Result<mock::Options, Error> {
    let credential = match &config.credential_file {
        Some(file) => Some(read_credential(file)?),
        None => None,
    };
    Ok(mock::Options {
        credential,
        whitelist: config.mock_whitelist.clone(),
    })
}

fn read_credential(file: &PathBuf) -> Result<mock::Credential, Error> {
    let fail = || {
        Error::cannot_start(format!(
            "--credential-file {} cannot be used",
            file.display()
        ))
    };
    let text = std::fs::read_to_string(file).map_err(|error| fail().caused_by(error))?;
    mock::Credential::parse(&text).map_err(|error| {
        fail()
            .caused_by(error)
            .hint("it must hold one line: username:api_secret")
    })
}

/// The users of `--only-user`, by their numbers.
pub(super) fn users(config: &Config) -> Result<Vec<u32>, Error> {
    if !cfg!(target_os = "linux") && !config.only_user.is_empty() {
        return Err(Error::usage(
            "--only-user: only Linux tells whose a connection is",
        ));
    }
    let ids = config.only_user.iter().map(|user| {
        client::user_id(user).ok_or_else(|| {
            Error::usage(format!(
                "--only-user {user}: there is no such user in /etc/passwd"
            ))
            .hint("a user of a directory service is named by number: id -u NAME")
        })
    });
    ids.collect()
}

/// The proxy's listeners.
pub(super) async fn bind(config: &Config) -> Result<Vec<TcpListener>, Error> {
    match wire::bind(&config.listen).await {
        Ok(listeners) => Ok(listeners),
        Err(error) => {
            let hint = match (Presence::running(&config.home), running(config).await) {
                (Some(found), _) => format!(
                    "nicetap runs already, as process {}: nicetap status; nicetap stop",
                    found.pid()
                ),
                (None, Some(addr)) => format!("a nicetap with another home answers on {addr}"),
                (None, None) => {
                    "another program holds it: choose an address with --listen 127.0.0.1:PORT"
                        .to_owned()
                }
            };
            Err(Error::cannot_start("the proxy cannot listen")
                .caused_by(error)
                .hint(hint))
        }
    }
}

/// The inspector's listener. Its usual port may be taken, which is said; an address that was asked for may not.
pub(super) async fn bind_ui(
    config: &Config,
    is_wanted: bool,
) -> Result<Option<(TcpListener, SocketAddr)>, Error> {
    let Some(address) = config.ui else {
        return Ok(None);
    };
    let bound = wire::bind(&[address]).await;
    match bound {
        Ok(mut listeners) => Ok(listeners
            .pop()
            .and_then(|listener| listener.local_addr().ok().map(|addr| (listener, addr)))),
        Err(error) if is_wanted => Err(Error::cannot_start("the inspector cannot listen")
            .caused_by(error)
            .hint("choose another address with --ui 127.0.0.1:PORT, or leave it out with --no-ui")),
        Err(error) => {
            print::to_stderr(&format!(
                "note: no inspector: {error}; --ui 127.0.0.1:0 takes a free port\n"
            ));
            Ok(None)
        }
    }
}

const MOST_CONNECTIONS: usize = 1024;
/// Enough for all connections and both their legs.
const MOST_FILES: u64 = 4096;
