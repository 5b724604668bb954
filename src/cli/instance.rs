//! A running proxy: everything it needs is opened first, in order, then it serves until its end, then it is put away.
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::ca::{Ca, CaError, Opened};
use crate::clock::Time;
use crate::config::{Config, Fingerprints, Then};
use crate::egress::{Outlook, Prober, Watch};
use crate::inspector::{Inspector, Lock};
use crate::journal::{Journal, Sink, Writer, WriterHandle};
use crate::mock::{self, Mock};
use crate::record::{Event, RedactionMode, Start, VERSION, Word};
use crate::redact::{FingerprintKey, Policy, Redactor};
use crate::rule::levels::Levels;
use crate::rules;
use crate::sink::history::History;
use crate::sink::tally::Tally;
use crate::sink::{block, console, jsonl, out};
use crate::store::{self, Access, Dir};
use crate::wire::{self, Control, Inside, Proxy, Setup, Stream};

use super::error::Error;
use super::history;
use super::print;
use super::secrets;
use super::serve::{BannerFacts, banner};
use super::waiting::{PastUs, Waiting};

/// Serves until the end, and puts everything away. `wants_ui`: without the inspector's address it does not start.
pub(super) async fn serve(config: &Config, wants_ui: bool) -> Result<(), Error> {
    let instance = Instance::start(config, wants_ui, true).await?;
    instance.run(std::future::pending()).await
}

/// Serves while this work is done, given where; no banner is printed. Ctrl-C ends it too.
pub(super) async fn while_serving<T>(
    config: &Config,
    work: impl AsyncFnOnce(SocketAddr) -> T,
) -> Result<T, Error> {
    let instance = Instance::start(config, false, false).await?;
    let addr = instance.proxy.addrs().first().copied();
    let addr = addr.ok_or(Error::bug("a proxy without an address"))?;
    let mut done = None;
    let working = async { done = Some(work(addr).await) };
    instance.run(working).await?;
    done.ok_or_else(|| Error::failed("it was ended before the call was done"))
}

/// The threads that everything runs on.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::cannot_start("no threads to run on").caused_by(error))
}

/// How blocks look.
pub(super) fn look(config: &Config, is_reading: bool) -> block::Look {
    let verbosity = match (config.quiet, config.verbose) {
        (true, _) => block::Verbosity::Quiet,
        (false, true) => block::Verbosity::Verbose,
        (false, false) => block::Verbosity::Normal,
    };
    let title = |code: &str| rules::find(code).map(|rule| rule.summary);
    block::Look {
        verbosity,
        zone: TimeZone::system(),
        title,
        is_reading,
    }
}

/// What runs.
struct Instance {
    proxy: Proxy,
    control: Control,
    journal: Journal,
    writer: WriterHandle,
    console: console::Handle,
    inspector: Option<(Inspector, TcpListener)>,
    waiting: Waiting,
    asking: Option<JoinHandle<()>>,
    ends: Ends,
    undo: String,
}

/// When looking ends.
struct Ends {
    at: Option<Instant>,
    idle: Option<Duration>,
    then: Then,
}

impl Instance {
    async fn start(config: &Config, wants_ui: bool, has_banner: bool) -> Result<Self, Error> {
        let connections = prepare_process();
        let levels = Levels::parse(&config.levels)?;
        // A question at the terminal comes before anything is bound.
        let given = secrets::all(config)?;
        let listeners = wire::bind(&config.listen).await.map_err(|error| {
            Error::cannot_start("the proxy cannot listen").caused_by(error).hint(
                "another nicetap may be running here: end it, or choose an address with --listen 127.0.0.1:PORT",
            )
        })?;
        let ui = bind_ui(config, wants_ui).await?;
        let public = config.public_dir();
        let ca = open_ca(config, &public)?;
        let redactor = redactor(config, given)?;
        let roots = roots(config)?;
        // Before the log is opened for writing, which may rotate it.
        let memory = history::earlier_runs(config.log.as_deref());
        let (mut sinks, console) = sinks(config)?;
        let (history, tally) = (History::new(HISTORY), Tally::default());
        if ui.is_some() {
            sinks.push(Box::new(history.sink()));
            sinks.push(Box::new(tally.sink()));
        }
        let outlook = Arc::new(Outlook::new(config));
        let spawned = Writer::spawn_with(redactor, levels.clone(), sinks, outlook.clone(), memory);
        let (journal, writer) = spawned
            .map_err(|error| Error::cannot_start("no thread for the journal").caused_by(error))?;
        let root = ca.paths().root.clone();
        let setup = Setup {
            config: config.clone(),
            journal: journal.clone(),
            levels,
            ca,
            roots: roots.clone(),
            inside: inside(config)?,
            own: ui.iter().map(|(_, addr)| *addr).collect(),
        };
        let proxy = Proxy::new(listeners, setup, connections)
            .map_err(|error| Error::usage("the base URL is not sound").caused_by(error))?;

        let ends = config.duration.map(|duration| Timestamp::now() + duration);
        let ui_addr = ui.as_ref().map(|(_, addr)| *addr);
        let start = start_line(config, proxy.addrs(), ui_addr, ends, &root);
        journal.start(start).await;
        let asking = ask_around(config, &outlook, &journal, roots, proxy.addrs());
        let lock = match ui_addr {
            Some(_) => Some(Lock::open(&config.home).map_err(|error| {
                Error::cannot_start("the inspector's token cannot be used").caused_by(error)
            })?),
            None => None,
        };
        let url = ui_addr
            .zip(lock.as_ref())
            .map(|(addr, lock)| Inspector::url(addr, lock));
        let facts = BannerFacts {
            listen: proxy.addrs(),
            intercept: &config.intercept,
            base_url: &config.base_url,
            root: &root,
            log: config.log.as_deref(),
            ends: ends.map(|end| end.to_zoned_datetime(TimeZone::system())),
            idle_exit: config.idle_exit,
            then: config.then,
            guard: config.guard,
            mock: config.mock,
            ui: url.as_deref(),
            over_ssh: std::env::var_os("SSH_CONNECTION").is_some(),
            asked: &config.egress_probe,
        };
        if has_banner && !config.json {
            print::to_stdout(&banner(&facts))?;
        }
        let first = proxy
            .addrs()
            .first()
            .map(ToString::to_string)
            .unwrap_or_default();
        let inspector = ui.zip(lock).map(|((listener, _), lock)| {
            let inspector = Inspector {
                history,
                tally,
                gauge: journal.gauge(),
                budget: (proxy.budget(), config.capture_budget),
                proxy: proxy.addrs().to_vec(),
                root: root.clone(),
                base_url: config.base_url.to_string(),
                mock: config.mock,
                lock,
                zone: TimeZone::system(),
            };
            (inspector, listener)
        });
        Ok(Self {
            control: proxy.control(),
            inspector,
            proxy,
            journal,
            writer,
            console,
            waiting: Waiting {
                listen: first.clone(),
                root: root.display().to_string(),
                patience: PATIENCE,
            },
            asking,
            ends: Ends {
                at: config
                    .duration
                    .and_then(|duration| Instant::now().checked_add(duration)),
                idle: config.idle_exit,
                then: config.then,
            },
            undo: format!(
                "take http://{first} (and nicetap's CA) out of the client's settings again"
            ),
        })
    }

    /// Runs until its end, or until `work` is done.
    async fn run(self, work: impl Future<Output = ()>) -> Result<(), Error> {
        let signals = Signals::new()?;
        let (stop, stopping) = watch::channel(false);
        let (hide, hidden) = watch::channel(false);
        let inspecting = self
            .inspector
            .map(|(inspector, listener)| tokio::spawn(inspector.serve(listener, hidden)));
        let mut serving = tokio::spawn(self.proxy.serve(stopping, GRACE));
        let watched = Watched {
            control: self.control,
            journal: &self.journal,
            writer: &self.writer,
            teller: self.console.teller(),
            ends: self.ends,
            undo: &self.undo,
        };
        let mut signals = signals;
        let waiting = wait_for_a_call(self.waiting, watched.control.clone(), self.console.teller());
        let why = tokio::select! {
            why = watched.until_the_end(&mut signals) => why,
            () = waiting => unreachable!("it goes on for ever"),
            () = work => End::Asked,
        };
        let _ = stop.send(true);
        put_away(&mut serving, &mut signals, &self.console).await;
        let _ = hide.send(true);
        if let Some(inspecting) = inspecting {
            let _ = inspecting.await;
        }
        if let Some(asking) = self.asking {
            // It holds a journal, and the journal's thread ends when nobody does.
            asking.abort();
            let _ = asking.await;
        }
        self.journal.stop(vec![Word::Owned(self.undo)]).await;
        drop(self.journal);
        let writer = self.writer;
        let denied = tokio::task::spawn_blocking(move || writer.join()).await;
        let console = self.console;
        let _ = tokio::task::spawn_blocking(move || console.finish(LAST_LINES)).await;
        match why {
            End::Asked | End::TimeOver => match denied.unwrap_or_default() {
                0 => Ok(()),
                denied => Err(Error::denied(denied)
                    .hint("--deny names them; `nicetap log` shows where they were found")),
            },
            End::NoWriter => Err(Error::bug("the journal's thread has ended")),
        }
    }
}

/// Asks echo services for the outbound address, now and whenever there is a reason to; no request waits for it.
fn ask_around(
    config: &Config,
    outlook: &Arc<Outlook>,
    journal: &Journal,
    roots: rustls::RootCertStore,
    own: &[SocketAddr],
) -> Option<JoinHandle<()>> {
    if config.egress_probe.is_empty() && config.site.is_none() {
        return None;
    }
    let way = wire::WayOut::new(config, roots, own);
    let prober = Prober::new(config, Arc::new(way));
    let mut watch = Watch::new(outlook.clone(), prober);
    let journal = journal.clone();
    Some(tokio::spawn(async move {
        loop {
            let news = watch.next().await;
            journal.egress(news).await;
        }
    }))
}

/// Tells how far one has come if no call comes. It never ends: what it waited for ends nothing.
async fn wait_for_a_call(waiting: Waiting, control: Control, teller: console::Teller) {
    let mut past_us = PastUs::new(control.clone());
    let look = async || past_us.look().await;
    waiting
        .for_a_call(|| control.arrived(), look, |text| teller.tell(text))
        .await;
    std::future::pending::<()>().await;
}

/// Why it ends.
enum End {
    Asked,
    TimeOver,
    NoWriter,
}

/// What is watched while the proxy serves.
struct Watched<'a> {
    control: Control,
    journal: &'a Journal,
    writer: &'a WriterHandle,
    teller: console::Teller,
    ends: Ends,
    undo: &'a str,
}

impl Watched<'_> {
    async fn until_the_end(mut self, signals: &mut Signals) -> End {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut carrying_since = None;
        let mut reminded = Instant::now();
        loop {
            let time_over = async {
                match self.ends.at {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                asked = signals.next() => match asked {
                    Asked::Reopen => self.journal.reopen().await,
                    Asked::End => return End::Asked,
                },
                () = time_over, if carrying_since.is_none() => {
                    if self.ends.then == Then::Exit {
                        return End::TimeOver;
                    }
                    carrying_since = Some(Instant::now());
                    reminded = Instant::now();
                    self.stop_looking("the time is over");
                }
                _ = tick.tick() => {}
            }
            if self.writer.is_finished() {
                return End::NoWriter;
            }
            let idle = self.control.idle();
            match carrying_since {
                None if self.ends.idle.is_some_and(|limit| idle >= limit) => {
                    if self.ends.then == Then::Exit {
                        return End::TimeOver;
                    }
                    carrying_since = Some(Instant::now());
                    reminded = Instant::now();
                    self.stop_looking("nobody has used it for a while");
                }
                Some(since) if since.elapsed() >= CARRY && idle >= CARRY => return End::TimeOver,
                Some(_) if reminded.elapsed() >= REMIND => {
                    reminded = Instant::now();
                    self.teller
                        .tell(format!("still carrying connections unread: {}", self.undo));
                }
                _ => {}
            }
        }
    }

    fn stop_looking(&mut self, why: &str) {
        self.control.stop_looking();
        self.teller.tell(format!(
            "{why}: connections are passed through unread from now on; {}",
            self.undo
        ));
    }
}

/// Lets what was begun end; a second signal cuts it short.
async fn put_away(serving: &mut JoinHandle<()>, signals: &mut Signals, console: &console::Handle) {
    tokio::select! {
        _ = &mut *serving => return,
        () = tokio::time::sleep(SAY_AFTER) => {
            console.teller().tell("waiting for calls that are under way; Ctrl-C again cuts them off");
        }
    }
    tokio::select! {
        _ = &mut *serving => {}
        () = signals.end() => {
            serving.abort();
            let _ = serving.await;
        }
    }
}

/// The signals that matter.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    pub(super) fn new() -> Result<Self, Error> {
        let listen = |kind| {
            signal(kind)
                .map_err(|error| Error::cannot_start("cannot listen for signals").caused_by(error))
        };
        // Listening is enough: a file at its size limit (RLIMIT_FSIZE) is then an error, and no end of the process.
        let _ = listen(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?;
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    /// Ctrl-C or SIGTERM.
    pub(super) async fn end(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// The next signal. SIGHUP counts as Ctrl-C while there is a terminal: it is gone.
    async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.interrupt.recv() => Asked::End,
            _ = self.terminate.recv() => Asked::End,
            _ = self.hangup.recv() => {
                if rustix::termios::isatty(rustix::stdio::stdout()) { Asked::End } else { Asked::Reopen }
            }
        }
    }
}

/// What a signal asks for.
enum Asked {
    End,
    Reopen,
}

/// Raises the limit of open files, keeps secrets out of core dumps, and says how many connections fit.
fn prepare_process() -> usize {
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

pub(super) fn open_ca(config: &Config, public: &Path) -> Result<Arc<Ca>, Error> {
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
pub(super) fn ca_error(error: CaError) -> Error {
    let base = match &error {
        CaError::Name { .. } | CaError::NoNames => {
            Error::usage("the CA cannot be made for these hosts")
        }
        _ => Error::cannot_start("the CA cannot be used"),
    };
    base.caused_by(error)
}

/// The redactor, which knows what the user gave.
fn redactor(config: &Config, given: secrets::All) -> Result<Redactor, Error> {
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
pub(super) fn roots(config: &Config) -> Result<rustls::RootCertStore, Error> {
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

fn sinks(config: &Config) -> Result<(Vec<Box<dyn Sink>>, console::Handle), Error> {
    let printer = out::Printer::stdout(config.color);
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

fn inside(config: &Config) -> Result<Option<Box<dyn Inside>>, Error> {
    if !config.mock {
        return Ok(None);
    }
    Ok(Some(Box::new(InProcess(Mock::new(mock_options(config)?)))))
}

/// What the mock accepts.
pub(super) fn mock_options(config: &Config) -> Result<mock::Options, Error> {
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

/// The inspector's listener. Its usual port may be taken, which is said; an address that was asked for may not.
async fn bind_ui(
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

fn start_line(
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

/// Bytes of records that the inspector keeps, as lines of the log.
const HISTORY: usize = 32 << 20;
const MOST_CONNECTIONS: usize = 1024;
/// Enough for all connections and both their legs.
const MOST_FILES: u64 = 4096;
/// How long calls that are under way may take when nicetap ends.
const GRACE: Duration = Duration::from_secs(10);
/// How long nothing is said though no call to the API comes.
const PATIENCE: Duration = Duration::from_mins(1);
const SAY_AFTER: Duration = Duration::from_millis(500);
const LAST_LINES: Duration = Duration::from_millis(500);
const TICK: Duration = Duration::from_secs(1);
const CARRY: Duration = Duration::from_mins(10);
const REMIND: Duration = Duration::from_mins(5);
