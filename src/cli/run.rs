//! `nicetap run -- CMD`: a proxy for one command, which finds its way there through its environment.
//!
//! Nothing outside the child is changed. The child has the terminal, and its standard output is its own: what nicetap
//! tells goes to standard error.
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus};
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use rustix::process::{Pid, kill_process};
use tokio::process::{Child, Command};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::config::value::Value;
use crate::config::{Config, Guard, Layer, OnDistrust, Then};
use crate::lint::Spot;
use crate::lint::sarif::{Found, sarif};
use crate::record::Record;
use crate::rules;
use crate::setup::environment::{Way, own_authorities, variables};
use crate::setup::files::Files;
use crate::sink::out;
use crate::sink::reader::Reader;
use crate::sink::tally::Counts;

use super::error::{Error, Exit};
use super::{instance, print};

/// The command, and how its calls are looked at.
#[derive(Debug, Args)]
#[command(override_usage = "nicetap run [OPTIONS] -- COMMAND [ARGUMENT]…")]
pub(super) struct Run {
    #[command(flatten)]
    pub(super) settings: Box<Layer>,
    /// Write the findings there as SARIF, for a code host; each points at its line of the log
    #[arg(long, value_name = "FILE")]
    sarif: Option<PathBuf>,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

impl Run {
    /// What differs from the defaults of `serve`: nothing is bought by accident, and nothing passes unread.
    pub(super) fn defaults() -> Layer {
        Layer {
            guard: Some(Value(Guard::Block)),
            on_distrust: Some(Value(OnDistrust::Fail)),
            ..Layer::default()
        }
    }

    /// The settings of one that may run beside `serve`: the address, the page and the end are only taken from the
    /// command line.
    fn own(&self, config: &Config) -> Config {
        let mut own = config.clone();
        let typed = &self.settings;
        if typed.listen.is_none() {
            own = own.for_own_client();
            if typed.only_user.is_some() {
                own.only_user.clone_from(&config.only_user);
            }
        }
        if typed.ui.is_none() {
            own.ui = None;
        }
        if typed.duration.is_none() {
            own.duration = None;
        }
        // The child decides when it ends; until then its connections must be carried.
        own.idle_exit = None;
        own.then = Then::Carry;
        // A log has one writer.
        if typed.log.is_none() && own.log.as_ref().is_some_and(|log| out::is_taken(log)) {
            let name = Timestamp::now().strftime("run-%Y%m%dT%H%M%S%3fZ.jsonl");
            own.log = own.log.map(|log| log.with_file_name(name.to_string()));
        }
        own
    }
}

/// Runs the command, and gives its exit code.
pub(super) fn run(options: &Run, config: &Config) -> Result<ExitCode, Error> {
    let config = options.own(config);
    if config.proxy_auth.is_some() || options.settings.proxy_auth.is_some() {
        return Err(
            Error::usage("--proxy-auth: the command that is run does not log in")
                .hint("take it out; for clients that log in: nicetap serve --proxy-auth USER"),
        );
    }
    if options.sarif.is_some() && config.log.is_none() {
        return Err(no_log());
    }
    let program = options.command.first().cloned().unwrap_or_default();
    warn_beforehand(&program);
    let runtime = instance::runtime()?;
    let child = async |addr: SocketAddr| attend(&options.command, addr, &config).await;
    let ended = runtime.block_on(instance::while_a_child_runs(&config, child));
    // A look-up of a name may hang in the system's resolver: nobody waits for it.
    runtime.shutdown_timeout(Duration::from_millis(100));
    if let Some(file) = &options.sarif {
        print::to_file(file, "SARIF file", &found(&config)?)?;
    }
    let (status, counts) = ended?;
    let status = status?;
    print::to_stderr(&coverage(&counts, &config));
    Ok(exit_code(status))
}

fn no_log() -> Error {
    Error::usage("--sarif points at lines of the log, and none is kept").hint("take --no-log away")
}

/// What the log says was found in this run, as SARIF.
fn found(config: &Config) -> Result<String, Error> {
    let Some(log) = &config.log else {
        return Err(Error::usage(
            "--sarif points at the log, and none is kept (--no-log)",
        ));
    };
    let fail = |error| {
        Error::cannot_start(format!("the log {} cannot be read", log.display())).caused_by(error)
    };
    let mut reader = Reader::open(log).map_err(fail)?;
    let mut records = Vec::new();
    while let Some(line) = reader.next_line().map_err(fail)? {
        match line {
            Ok(entry) if matches!(entry.record, Record::Start(_)) => records.clear(),
            Ok(entry) => records.push(entry),
            // A line that is no record is told by `nicetap log`.
            Err(_) => {}
        }
    }
    let name = log.display().to_string();
    let name = name.as_str();
    let found = records.iter().flat_map(|entry| {
        let line = usize::try_from(entry.number).unwrap_or(usize::MAX);
        entry
            .record
            .final_findings()
            .iter()
            .map(move |finding| Found {
                file: name,
                spot: Spot { line, column: 1 },
                summary: rules::find(&finding.code)
                    .map_or_else(|| finding.name.clone(), |rule| rule.summary.into()),
                finding,
            })
    });
    Ok(format!("{:#}\n", sarif(&found.collect::<Vec<_>>(), &[])))
}

/// Starts the child, passes signals on to it, and waits for its end.
async fn attend(
    command: &[OsString],
    proxy: SocketAddr,
    config: &Config,
) -> Result<ExitStatus, Error> {
    let mut signals = Passed::listen()
        .map_err(|error| Error::cannot_start("cannot listen for signals").caused_by(error))?;
    let mut child = spawn(command, proxy, config)?;
    loop {
        tokio::select! {
            ended = child.wait() => {
                return ended.map_err(|error| Error::failed("the command's end cannot be seen").caused_by(error));
            }
            kind = signals.next() => pass_on(kind, &child),
        }
    }
}

fn spawn(command: &[OsString], proxy: SocketAddr, config: &Config) -> Result<Child, Error> {
    let var = |name: &str| std::env::var_os(name);
    let files =
        Files::for_a_child(&config.public_dir(), &own_authorities(var)).map_err(|error| {
            Error::cannot_start("the files for the command cannot be written").caused_by(error)
        })?;
    let way = Way {
        proxy,
        intercept: &config.intercept,
        files: &files,
    };
    let Some((program, arguments)) = command.split_first() else {
        return Err(Error::usage("which command?").hint("nicetap run -- php script.php"));
    };
    Command::new(program)
        .args(arguments)
        .envs(variables(&way, var))
        .spawn()
        .map_err(|error| {
            let exit = match error.kind() {
                io::ErrorKind::NotFound => Exit::NoCommand,
                _ => Exit::CannotRun,
            };
            let name = Path::new(program).display();
            Error::expected(exit, format!("`{name}` cannot be run")).caused_by(error)
        })
}

/// Signals that somebody sends to nicetap and means for the command.
struct Passed([(SignalKind, Signal); 6]);

impl Passed {
    fn listen() -> io::Result<Self> {
        let listen = |kind| signal(kind).map(|signal| (kind, signal));
        Ok(Self([
            listen(SignalKind::interrupt())?,
            listen(SignalKind::terminate())?,
            listen(SignalKind::hangup())?,
            listen(SignalKind::quit())?,
            listen(SignalKind::user_defined1())?,
            listen(SignalKind::user_defined2())?,
        ]))
    }

    async fn next(&mut self) -> SignalKind {
        let waiting = self.0.iter_mut().map(|(kind, signal)| {
            Box::pin(async move {
                signal.recv().await;
                *kind
            })
        });
        futures_util::future::select_all(waiting).await.0
    }
}

/// Ctrl-C and Ctrl-\ on a terminal reach the child without us: it is in the same group.
fn pass_on(kind: SignalKind, child: &Child) {
    let from_terminal = [SignalKind::interrupt(), SignalKind::quit()].contains(&kind);
    if from_terminal && is_in_foreground() {
        return;
    }
    let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    let signal = rustix::process::Signal::from_named_raw(kind.as_raw_value());
    if let (Some(pid), Some(signal)) = (pid, signal) {
        // It may just have ended.
        let _ = kill_process(pid, signal);
    }
}

fn is_in_foreground() -> bool {
    let terminal = rustix::stdio::stdin();
    rustix::termios::tcgetpgrp(terminal).is_ok_and(|group| group == rustix::process::getpgrp())
}

/// As a shell tells it: 128 and the signal's number for one that a signal has ended.
fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal));
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// What is known beforehand not to work.
fn warn_beforehand(program: &OsString) {
    let name = Path::new(program)
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    if ["docker", "podman", "nerdctl", "docker-compose"].contains(&name.as_ref()) {
        print::to_stderr(&format!(
            "warning: the variables reach {name} only, not the containers that it starts: see `nicetap setup docker`\n"
        ));
    }
}

/// What was not seen, and what cannot be: no call that did not come here is known of.
fn coverage(counts: &Counts, config: &Config) -> String {
    let seen: u64 = counts.exchanges.values().sum();
    let mut text = String::new();
    if seen == 0 {
        text.push_str("nicetap saw no call to the hosts that it reads. Either none was made, or it did not come here:\n");
        text.push_str(DEAF);
    } else {
        text.push_str("Not known: calls that take no notice of the environment, such as PHP streams; nicetap run --help\n");
    }
    if let Some(log) = config.log.as_ref().filter(|_| seen > 0) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "log: {}", log.display());
    }
    text
}

/// Who takes no notice of the environment. Also told by `--help`.
const DEAF: &str = "  \
  PHP streams (file_get_contents, fopen, SoapClient) know no proxy but the one of
    their own context: 'http' => ['proxy' => 'tcp://…'] there, or use curl
  code with a proxy or a CA file of its own in it (CURLOPT_PROXY, CURLOPT_CAINFO)
  Node before 22.21 (fetch) and 24.5 (http, https); undici without EnvHttpProxyAgent
  a daemon that was running before, a container, a child that clears its environment
";

pub(super) const HELP_END: &str = "\
The command finds the proxy and the CA in its environment: http_proxy,
https_proxy, no_proxy without the hosts that are read, CURL_CA_BUNDLE, SSL_CERT_FILE,
REQUESTS_CA_BUNDLE, NODE_EXTRA_CA_CERTS, NODE_USE_ENV_PROXY, PHP_INI_SCAN_DIR and
JAVA_TOOL_OPTIONS. Its standard output is its own; what nicetap tells goes to
standard error. Paid calls to production are held, unless --guard says otherwise.

Takes no notice of the environment, and is not seen:
  PHP streams (file_get_contents, SoapClient); code with its own proxy or CA file;
  Node before 22.21 (fetch) and 24.5 (http, https); containers; running daemons

Examples:
  nicetap run -- php script.php            What does this script send?
  nicetap run --mock -- php script.php     The same, answered by the mock
  nicetap run --deny N1 -- ./integration-test
                                           Fail if the login is sent wrongly
  nicetap run --sarif nicetap.sarif -- ./integration-test
                                           The findings, for a code host

Exit codes:
  0 …  that of the command; 128 and the signal's number if a signal ended it
  2    the command line or a setting is wrong
  3    an address cannot be bound, or the CA or a file cannot be used
  5    something was found that --deny names
  126  the command cannot be run
  127  there is no such command
  70   a bug in nicetap";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_by_a_signal_is_told_as_a_shell_tells_it() {
        let told = |raw| format!("{:?}", exit_code(ExitStatus::from_raw(raw)));
        assert_eq!(told(3 << 8), format!("{:?}", ExitCode::from(3)));
        assert_eq!(told(15), format!("{:?}", ExitCode::from(143)));
    }
}
