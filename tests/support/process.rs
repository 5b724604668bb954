//! Child processes with a time limit.
use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How a child ended, and what it said.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Ended {
    /// The child's stdout; fails the test, with its stderr, unless it succeeded.
    pub(crate) fn success(self, what: &str) -> Vec<u8> {
        let Self {
            status,
            stdout,
            stderr,
        } = self;
        assert!(
            status.success(),
            "{what}: {status}\n{stderr}\n{}",
            String::from_utf8_lossy(&stdout)
        );
        stdout
    }
}

/// Runs a command to its end with this input; fails the test if it takes longer than the limit.
///
/// Proxy variables of the environment are kept from it.
pub(crate) fn run(command: &mut Command, input: &[u8], limit: Duration) -> Ended {
    for name in PROXY_VARIABLES {
        command.env_remove(name).env_remove(name.to_uppercase());
    }
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; tests/run installs it"));
    let mut stdin = child.stdin.take().unwrap();
    let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // A child that ends early need not read all.
            let _ = stdin.write_all(input);
        });
        let stdout = scope.spawn(move || all_of(&mut stdout));
        let stderr = scope.spawn(move || all_of(&mut stderr));
        let status = wait(&mut child, limit);
        let ended = Ended {
            status: status.unwrap_or_default(),
            stdout: stdout.join().unwrap(),
            stderr: String::from_utf8_lossy(&stderr.join().unwrap()).into_owned(),
        };
        assert!(
            status.is_some(),
            "{command:?} not over within {limit:?}: {ended:?}"
        );
        ended
    })
}

/// Waits for a child's end; kills it at the limit, and returns `None`.
pub(crate) fn wait(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let begin = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        if begin.elapsed() > limit {
            child.kill().unwrap();
            child.wait().unwrap();
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn all_of(pipe: &mut impl Read) -> Vec<u8> {
    let mut all = Vec::new();
    let _ = pipe.read_to_end(&mut all);
    all
}

const PROXY_VARIABLES: [&str; 4] = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"];
