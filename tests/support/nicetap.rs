//! The real `nicetap serve` as a child process, and its log.
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use super::authority::Authority;
use super::{API, PATIENCE, eventually, process};

/// A running `nicetap serve`; killed when dropped.
pub(crate) struct Nicetap {
    child: Child,
    home: TempDir,
    addr: SocketAddr,
    console: Arc<Mutex<String>>,
    followers: Vec<JoinHandle<()>>,
    is_searched: bool,
}

/// How it starts.
#[derive(Default)]
pub(crate) struct Options {
    /// Another build of it than the one that is tested.
    program: Option<String>,
    /// What starts it, such as `prlimit --nofile=100`.
    starter: Vec<String>,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    upstream_roots: String,
    home: Option<TempDir>,
    is_unsearched: bool,
}

/// What is left of a `nicetap` that has ended.
pub(crate) struct Stopped {
    pub(crate) status: ExitStatus,
    /// Every record of its log.
    pub(crate) records: Vec<Value>,
    /// All that it wrote to stdout and stderr.
    pub(crate) console: String,
    /// Its home, still there.
    pub(crate) home: TempDir,
}

impl Options {
    /// Dials `to` for this host and port.
    pub(crate) fn connect_to(self, host: &str, port: u16, to: SocketAddr) -> Self {
        let target = format!("{host}:{port}:{}:{}", to.ip(), to.port());
        self.argument("--connect-to").argument(&target)
    }

    /// Trusts this authority upstream.
    pub(crate) fn trust(mut self, authority: &Authority) -> Self {
        self.upstream_roots.push_str(&authority.pem());
        self
    }

    /// Starts in the home of one that has ended.
    pub(crate) fn home(mut self, home: TempDir) -> Self {
        self.home = Some(home);
        self
    }

    /// Sets an environment variable.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Keeps its log out of the search that `tests/run` makes through all logs: too large for that, looked at here.
    pub(crate) fn unsearched(mut self) -> Self {
        self.is_unsearched = true;
        self
    }

    /// Lets this command start it, and become it.
    pub(crate) fn started_by(mut self, command: &[&str]) -> Self {
        self.starter = command.iter().map(ToString::to_string).collect();
        self
    }

    /// Starts this build of it.
    pub(crate) fn program(mut self, path: String) -> Self {
        self.program = Some(path);
        self
    }

    /// Adds an argument as it is.
    pub(crate) fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }
}

impl Nicetap {
    /// Starts it on a free port, in a new home unless one is given, and waits until it says that it listens.
    pub(crate) fn start(options: Options) -> Self {
        let home = options.home.unwrap_or_else(|| tempfile::tempdir().unwrap());
        let before = records(&home.path().join("home")).len();
        let mut words = options.starter;
        let tested = || env!("CARGO_BIN_EXE_nicetap").to_owned();
        words.push(options.program.unwrap_or_else(tested));
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        command.args(["serve", "--listen", "127.0.0.1:0", "--no-ui", "--home"]);
        command.arg(home.path().join("home"));
        if !options.upstream_roots.is_empty() {
            let file = home.path().join("origin-ca.pem");
            super::write(&file, &options.upstream_roots);
            command.arg("--upstream-ca").arg(file);
        }
        let mut child = command
            // Test traffic stays on this machine; a test that wants a probe says so.
            .env("NICETAP_EGRESS_PROBE", "off")
            .envs(options.variables)
            .args(options.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let console = Arc::new(Mutex::new(String::new()));
        let (stdout, first_line) = follow(child.stdout.take().unwrap(), &console);
        let (stderr, _) = follow(child.stderr.take().unwrap(), &console);
        let mut nicetap = Self {
            child,
            home,
            addr: SocketAddr::from(([0, 0, 0, 0], 0)),
            console,
            followers: vec![stdout, stderr],
            is_searched: !options.is_unsearched,
        };
        // The banner is printed after the `start` record is written.
        let speaks = first_line.recv_timeout(PATIENCE).is_ok();
        assert!(speaks, "nicetap says nothing: {}", nicetap.console());
        let start = eventually("the start record", || {
            let mut new = nicetap.records().into_iter().skip(before);
            new.find(|record| record["event"] == "start")
        });
        let listen = start["listen"][0].as_str().unwrap();
        nicetap.addr = listen.parse().unwrap();
        nicetap
    }

    /// Starts it in front of an origin that stands for the API's production host on port 443.
    pub(crate) fn before(origin: SocketAddr, authority: &Authority) -> Self {
        Self::start(
            Options::default()
                .connect_to(API, 443, origin)
                .trust(authority),
        )
    }

    /// Where it listens.
    pub(crate) const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its home.
    pub(crate) fn home(&self) -> PathBuf {
        self.home.path().join("home")
    }

    /// The public copy of its root.
    pub(crate) fn root_pem(&self) -> PathBuf {
        self.home().join("public/root.pem")
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// All that it has written to stdout and stderr.
    pub(crate) fn console(&self) -> String {
        self.console.lock().unwrap().clone()
    }

    /// The records so far.
    pub(crate) fn records(&self) -> Vec<Value> {
        records(&self.home())
    }

    /// Waits for a record; returns the first that fits.
    pub(crate) fn wait_for(&self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        self.wait_for_all(what, 1, fits).remove(0)
    }

    /// Waits until at least so many records fit; returns all that do.
    pub(crate) fn wait_for_all(
        &self,
        what: &str,
        count: usize,
        fits: impl Fn(&Value) -> bool,
    ) -> Vec<Value> {
        eventually(what, || {
            let mut records = self.records();
            records.retain(&fits);
            (records.len() >= count).then_some(records)
        })
    }

    /// Ends it as `kill` does, and waits for its end.
    pub(crate) fn stop(self) -> Stopped {
        self.signal(Signal::TERM);
        self.ended(STOP_LIMIT)
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Waits for its end.
    pub(crate) fn ended(mut self, limit: Duration) -> Stopped {
        let Some(status) = process::wait(&mut self.child, limit) else {
            panic!("nicetap did not end within {limit:?}: {}", self.console());
        };
        self.stopped(status)
    }

    /// The most memory that it has held so far, in KiB.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        let number = line.unwrap().split_whitespace().nth(1);
        number.unwrap().parse().unwrap()
    }

    /// Ends it as `kill -9` does.
    pub(crate) fn kill(mut self) -> Stopped {
        self.child.kill().unwrap();
        let status = self.child.wait().unwrap();
        self.stopped(status)
    }

    /// Puts what it wrote where `tests/run` looks for secrets in the files of the whole suite.
    fn keep(&self) {
        if !self.is_searched {
            return;
        }
        let Some(folder) = std::env::var_os("NICETAP_KEEP_LOGS") else {
            return;
        };
        let name = format!("{}-{}", std::process::id(), self.addr.port());
        let folder = Path::new(&folder);
        super::write(&folder.join(format!("{name}.console")), self.console());
        let log = std::fs::read(self.home().join("log/nicetap.jsonl")).unwrap_or_default();
        super::write(&folder.join(format!("{name}.jsonl")), log);
    }

    fn stopped(mut self, status: ExitStatus) -> Stopped {
        self.keep();

        for follower in self.followers.drain(..) {
            follower.join().unwrap();
        }
        Stopped {
            status,
            records: self.records(),
            console: self.console(),
            home: std::mem::replace(&mut self.home, tempfile::tempdir().unwrap()),
        }
    }
}

impl Stopped {
    /// The records of this kind.
    pub(crate) fn of(&self, event: &str) -> Vec<&Value> {
        self.records
            .iter()
            .filter(|record| record["event"] == event)
            .collect()
    }
}

impl Drop for Nicetap {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.keep();
        if std::thread::panicking() {
            super::say(&format!("nicetap: {}", self.console()));
        }
    }
}

/// The records of a home's log; a last line that is not whole yet is left out.
fn records(home: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(home.join("log/nicetap.jsonl")).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
    whole
        .lines()
        .map(|line| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("log: {error}: {line}"))
        })
        .collect()
}

/// Gathers what comes out of a pipe; says when its first line has come.
fn follow(
    pipe: impl Read + Send + 'static,
    console: &Arc<Mutex<String>>,
) -> (JoinHandle<()>, Receiver<()>) {
    let (tell, told) = channel();
    let console = Arc::clone(console);
    let follower = std::thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while pipe
            .read_until(b'\n', &mut line)
            .is_ok_and(|count| count > 0)
        {
            let text = String::from_utf8_lossy(&line);
            console.lock().unwrap().push_str(&text);
            // Nobody listens after the first.
            let _ = tell.send(());
            line.clear();
        }
    });
    (follower, told)
}

/// How long an end by signal may take; the drain of what is under way included.
const STOP_LIMIT: Duration = Duration::from_secs(15);
