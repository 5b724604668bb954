//! A running proxy: everything it needs is opened first, in order, then it serves until its end, then it is put away.
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::clock::Time;
use crate::config::{Config, reached_here};
use crate::egress::{Outlook, Prober, Watch};
use crate::inspector::{Inspector, Lock};
use crate::journal::{Journal, Writer, WriterHandle};
use crate::record::Word;
use crate::rule::levels::Levels;
use crate::rules;
use crate::sink::history::History;
use crate::sink::out::Printer;
use crate::sink::tally::{Counts, Tally};
use crate::sink::{block, console};
use crate::wire::{self, Control, Proxy, Setup};

use super::error::Error;
use super::history;
use super::serve::{BannerFacts, banner};
use super::upstream;
use super::waiting::{PastUs, Waiting};
use super::with::With;
use super::{print, secrets};
use opening::{bind, bind_ui, inside, prepare_process, sinks, users};
use signals::Signals;
use started::start_line;
use watching::{End, Ends, Watched};

pub(super) use opening::{ca_error, mock_options, open_ca, redactor, roots};
pub(super) use others::open_to;
pub(super) use presence::Presence;

mod opening;
mod others;
mod presence;
pub(super) mod signals;
mod started;
mod watching;

/// Serves until the end, and puts everything away. `wants_ui`: without the inspector's address it does not start.
pub(super) async fn serve(config: &Config, wants_ui: bool) -> Result<(), Error> {
    let mut instance = Instance::start(config, Purpose::Serve { wants_ui }).await?;
    let addr = instance.addr()?;
    let own = config.clone();
    // The question waits on the terminal; nothing is served before it is answered.
    let agreed = tokio::task::spawn_blocking(move || With::agreed(&own, addr)).await;
    let agreed = agreed.unwrap_or_else(|_| Err(Error::bug("the question panicked")));
    if let (Err(_), Some((presence, home))) = (&agreed, &instance.presence) {
        presence.withdraw(home);
    }
    instance.with = agreed?;
    // Where nothing was agreed to, nobody needs to know where it would have listened.
    if let Some(banner) = instance.banner.take() {
        print::to_stdout(&banner)?;
    }
    instance.run(std::future::pending()).await
}

/// Serves while this work is done, given where; no banner is printed. Ctrl-C ends it too.
pub(super) async fn while_serving<T>(
    config: &Config,
    work: impl AsyncFnOnce(SocketAddr) -> T,
) -> Result<T, Error> {
    let instance = Instance::start(config, Purpose::Call).await?;
    instance.run_while(work).await
}

/// Serves until this child has ended; signals and the standard output are the child's. Gives the counts too.
pub(super) async fn while_a_child_runs<T>(
    config: &Config,
    child: impl AsyncFnOnce(SocketAddr) -> T,
) -> Result<(T, Counts), Error> {
    let instance = Instance::start(config, Purpose::Child).await?;
    let tally = instance.tally.clone();
    let done = instance.run_while(child).await?;
    Ok((done, tally.counts()))
}

/// What a proxy runs for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// Everybody, until its end. `wants_ui`: without the inspector's address it does not start.
    Serve { wants_ui: bool },
    /// One call of our own.
    Call,
    /// A child, whose end is its end.
    Child,
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
    purpose: Purpose,
    proxy: Proxy,
    control: Control,
    journal: Journal,
    writer: WriterHandle,
    console: console::Handle,
    tally: Tally,
    inspector: Option<(Inspector, TcpListener)>,
    asking: Option<JoinHandle<()>>,
    ends: Ends,
    undo: Vec<String>,
    waiting: Option<Waiting>,
    with: Option<With>,
    /// What is still to be said of where it listens.
    banner: Option<String>,
    /// For `status` and `stop`, with the home that it is left in.
    presence: Option<(Presence, PathBuf)>,
}

impl Instance {
    async fn start(config: &Config, purpose: Purpose) -> Result<Self, Error> {
        let connections = prepare_process();
        let levels = Levels::parse(&config.levels)?;
        // A question at the terminal comes before anything is bound.
        let mut given = secrets::all(config)?;
        given.secrets.extend(upstream::secrets(config));
        let login = secrets::proxy_login(config)?;
        given
            .secrets
            .extend(login.iter().map(secrets::Login::given));
        let users = users(config)?;
        let listeners = bind(config).await?;
        let wants_ui = purpose == Purpose::Serve { wants_ui: true };
        let bound: Vec<SocketAddr> = listeners.iter().flat_map(TcpListener::local_addr).collect();
        if let Some(note) = others::note(&bound, login.as_ref()) {
            print::to_stderr(&note);
        }
        refuse_loops(config, &bound, purpose)?;
        let ui = bind_ui(config, wants_ui).await?;
        let ca = open_ca(config, &config.public_dir())?;
        let redactor = redactor(config, given)?;
        let roots = roots(config)?;
        let printer = match purpose {
            Purpose::Child => Printer::stderr(config.color),
            Purpose::Serve { .. } | Purpose::Call => Printer::stdout(config.color),
        };
        // Before the log is opened for writing, which may rotate it.
        let memory = history::earlier_runs(config.log.as_deref());
        let (mut sinks, console) = sinks(config, printer)?;
        let (history, tally) = (History::new(HISTORY), Tally::default());
        if ui.is_some() {
            sinks.push(Box::new(history.sink()));
        }
        sinks.push(Box::new(tally.sink()));
        let outlook = Arc::new(Outlook::new(config));
        let (journal, writer) =
            Writer::spawn_with(redactor, levels.clone(), sinks, outlook.clone(), memory).map_err(
                |error| Error::cannot_start("no thread for the journal").caused_by(error),
            )?;
        let root = ca.paths().root.clone();
        let setup = Setup {
            config: config.clone(),
            journal: journal.clone(),
            levels,
            ca,
            roots: roots.clone(),
            inside: inside(config)?,
            login: login.map(|login| login.login),
            users,
            own: ui.iter().map(|(_, addr)| *addr).collect(),
        };
        let proxy = Proxy::new(listeners, setup, connections)
            .map_err(|error| Error::usage("the base URL is not sound").caused_by(error))?;

        let ends = config.duration.map(|duration| Timestamp::now() + duration);
        let ui_addr = ui.as_ref().map(|(_, addr)| *addr);
        let start = start_line(config, proxy.addrs(), ui_addr, ends, &root);
        journal.start(start).await;
        let asking = ask_around(config, &outlook, &journal, roots, proxy.addrs());
        let lock = ui_addr.map(|_| Lock::open(&config.home)).transpose();
        let lock = lock.map_err(|error| {
            Error::cannot_start("the inspector's token cannot be used").caused_by(error)
        })?;
        let has_banner = matches!(purpose, Purpose::Serve { .. }) && !config.json;
        let banner = has_banner.then(|| {
            let lock = ui_addr.zip(lock.as_ref());
            let url = lock.map(|(addr, lock)| Inspector::url(addr, lock));
            let facts = BannerFacts::of(config, proxy.addrs(), &root, ends, url.as_deref());
            banner(&facts)
        });
        let inspector = ui.zip(lock).map(|((listener, _), lock)| {
            let inspector = Inspector {
                history,
                tally: tally.clone(),
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
        let presence = matches!(purpose, Purpose::Serve { .. }).then(|| {
            let ends = ends.map(|end| Time::from_millis(end.as_millisecond()));
            let presence = Presence::of_this_process(proxy.addrs(), ui_addr, config, ends);
            // Without it `stop` does not find us, and nothing else is amiss.
            let _ = presence.announce(&config.home);
            (presence, config.home.clone())
        });
        Ok(Self {
            purpose,
            control: proxy.control(),
            undo: undo_lines(purpose, proxy.addrs()),
            // Somebody waits at the terminal.
            waiting: matches!(purpose, Purpose::Serve { .. })
                .then(|| Waiting::of(config, proxy.addrs(), &root)),
            inspector,
            proxy,
            journal,
            writer,
            console,
            tally,
            asking,
            ends: Ends::of(config),
            with: None,
            banner,
            presence,
        })
    }

    fn addr(&self) -> Result<SocketAddr, Error> {
        let addr = self.proxy.addrs().first().copied().map(reached_here);
        addr.ok_or(Error::bug("a proxy without an address"))
    }

    /// Runs until this work is done.
    async fn run_while<T>(self, work: impl AsyncFnOnce(SocketAddr) -> T) -> Result<T, Error> {
        let addr = self.addr()?;
        let mut done = None;
        let working = async { done = Some(work(addr).await) };
        self.run(working).await?;
        done.ok_or_else(|| Error::failed("it was ended before the call was done"))
    }

    /// Runs until its end, or until `work` is done.
    async fn run(mut self, work: impl Future<Output = ()>) -> Result<(), Error> {
        // From here on a signal waits until what was begun can be taken back.
        let mut signals = Signals::new()?;
        let (stop, stopping) = watch::channel(false);
        let (hide, hidden) = watch::channel(false);
        let inspecting = self
            .inspector
            .map(|(inspector, listener)| tokio::spawn(inspector.serve(listener, hidden)));
        let mut serving = tokio::spawn(self.proxy.serve(stopping, GRACE));
        let written = match &mut self.with {
            Some(with) => with.write().await,
            None => Ok(()),
        };
        let is_written = self.with.is_some() && written.is_ok();
        let waiting = wait_for_a_call(self.waiting, self.control.clone(), self.console.teller());
        // No part of the wire may outlive this choice: it holds a journal, and the journal's thread ends when nobody
        // does.
        let watched = Watched {
            control: self.control,
            journal: &self.journal,
            writer: &self.writer,
            teller: self.console.teller(),
            ends: self.ends,
            undo: self
                .undo
                .first()
                .map(String::as_str)
                .filter(|_| !is_written),
            is_childs: self.purpose == Purpose::Child,
            with: self.with.as_mut(),
        };
        let is_childs = self.purpose == Purpose::Child;
        let heeded = (!is_childs).then_some(&mut signals);
        let why = match written {
            Ok(()) => tokio::select! {
                () = waiting => unreachable!("it goes on for ever"),
                why = watched.until_the_end(heeded) => why,
                () = work => End::Asked,
            },
            Err(error) => {
                drop((watched, waiting));
                End::Failed(error)
            }
        };
        if let Some(with) = &mut self.with {
            self.undo = watching::take_back(with, &self.console.teller()).await;
        }
        if is_childs {
            // Those that came meanwhile were the child's.
            signals = Signals::new()?;
        }
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
        let undo = self.undo.into_iter().map(Word::Owned).collect();
        self.journal.stop(undo).await;
        drop(self.journal);
        let writer = self.writer;
        let denied = tokio::task::spawn_blocking(move || writer.join()).await;
        let console = self.console;
        let _ = tokio::task::spawn_blocking(move || console.finish(LAST_LINES)).await;
        if let Some((presence, home)) = self.presence {
            presence.withdraw(&home);
        }
        match why {
            End::Asked | End::TimeOver => match denied.unwrap_or_default() {
                0 => Ok(()),
                denied => Err(Error::denied(denied)
                    .hint("--deny names them; `nicetap log` shows where they were found")),
            },
            End::Failed(error) => Err(error),
            End::NoWriter => Err(Error::bug("the journal's thread has ended")),
        }
    }
}

/// Refuses to go out through itself, and names a proxy that is not used.
fn refuse_loops(config: &Config, bound: &[SocketAddr], purpose: Purpose) -> Result<(), Error> {
    upstream::refuse_loop(config, bound)?;
    if purpose != Purpose::Call
        && let Some(note) = upstream::note(config, bound, |name| std::env::var(name).ok())
    {
        print::to_stderr(&format!("{note}\n"));
    }
    Ok(())
}

/// Tells how far one has come if no call comes. It never ends: what it waited for ends nothing.
async fn wait_for_a_call(waiting: Option<Waiting>, control: Control, teller: console::Teller) {
    if let Some(waiting) = waiting {
        let mut past_us = PastUs::new(control.clone());
        let look = async || past_us.look().await;
        let (arrived, tell) = (|| control.arrived(), |text| teller.tell(text));
        tokio::join!(
            waiting.for_a_call(arrived, look, tell),
            waiting.for_cron(arrived, tell),
        );
    }
    std::future::pending::<()>().await;
}

/// What the user has to take back; nothing points here but a child that has ended.
fn undo_lines(purpose: Purpose, addrs: &[SocketAddr]) -> Vec<String> {
    let first = addrs.first().copied().map(reached_here);
    let first = first.map(|addr| addr.to_string()).unwrap_or_default();
    match purpose {
        Purpose::Child => Vec::new(),
        Purpose::Serve { .. } | Purpose::Call => vec![format!(
            "take http://{first} (and nicetap's CA) out of the client's settings again"
        )],
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

/// Bytes of records that the inspector keeps, as lines of the log.
const HISTORY: usize = 32 << 20;
/// How long calls that are under way may take when nicetap ends.
const GRACE: Duration = Duration::from_secs(10);
const SAY_AFTER: Duration = Duration::from_millis(500);
const LAST_LINES: Duration = Duration::from_millis(500);
