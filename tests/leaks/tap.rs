//! The stage of the leak matrix: an origin that answers each case its own way, and a nicetap of which every door is
//! looked at.
use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::Value;

use super::cases::Case;

/// Ways in which a call can go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Good,
    RefusedHead,
    UpstreamDown,
    CutBody,
    KillNine,
    /// A bug in the rules and in the masking, at each call.
    Panic,
}

/// Answers each case as it wants to be answered.
pub(crate) struct Origin {
    pub(crate) addr: SocketAddr,
}

impl Origin {
    pub(crate) fn start(cases: Arc<Vec<Case>>, way: Way) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        if way == Way::UpstreamDown {
            // Nobody listens there any more.
            return Self { addr };
        }
        let held = Arc::new(Mutex::new(Vec::new()));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (cases, held) = (cases.clone(), held.clone());
                thread::spawn(move || {
                    if let Some(open) = answer(stream, &cases, way) {
                        held.lock().unwrap().push(open);
                    }
                });
            }
        });
        Self { addr }
    }
}

/// Answers one request; gives the connection back if it is to stay open in the middle of the reply.
fn answer(stream: TcpStream, cases: &[Case], way: Way) -> Option<TcpStream> {
    let mut reader = BufReader::new(stream);
    let (mut number, mut length) = (None, 0);
    loop {
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line).ok()?;
        let line = String::from_utf8_lossy(&line).into_owned();
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("x-case:") {
            number = value.trim().parse::<usize>().ok();
        }
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let case = &cases[number?];
    let (head, body) = case.answer();
    let mut stream = reader.into_inner();
    let is_whole = matches!(way, Way::Good | Way::Panic);
    let sent = if is_whole { body } else { &body[..case.cut] };
    stream.write_all(&[&head, sent].concat()).ok()?;
    if way == Way::KillNine {
        return Some(stream);
    }
    let _ = stream.shutdown(Shutdown::Both);
    None
}

/// A running nicetap, and all that leaves it.
pub(crate) struct Tap {
    child: Child,
    home: tempfile::TempDir,
    temp: tempfile::TempDir,
    addr: SocketAddr,
    /// Where the inspector listens, and its token.
    ui: (SocketAddr, String),
    stdout: JoinHandle<Vec<u8>>,
    stderr: JoinHandle<Vec<u8>>,
}

impl Tap {
    pub(crate) fn start(origin: SocketAddr, way: Way) -> Self {
        let (home, temp) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut child = Command::new(env!("CARGO_BIN_EXE_nicetap"))
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--ui",
                "127.0.0.1:0",
                "--egress-probe",
                "off",
                "--annotate",
                "-v",
                "--connect-to",
            ])
            .arg(format!("::127.0.0.1:{}", origin.port()))
            .env_clear()
            .env("NICETAP_HOME", home.path())
            .env("TMPDIR", temp.path())
            .env("RUST_LOG", "trace")
            .env(
                if way == Way::Panic { STUMBLE } else { "UNUSED" },
                "rules,seal",
            )
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let stderr = thread::spawn(move || {
            let mut told = Vec::new();
            let _ = stderr.read_to_end(&mut told);
            told
        });
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut told = Vec::new();
        let addr = address(&mut stdout, &mut told);
        let ui = inspector(&mut stdout, &mut told);
        let stdout = thread::spawn(move || {
            let _ = stdout.read_to_end(&mut told);
            told
        });
        Self {
            child,
            home,
            temp,
            addr,
            ui,
            stdout,
            stderr,
        }
    }

    /// What the client gets; of a reply that stays open, its head and the part that was sent.
    pub(crate) fn send(&self, request: &[u8], way: Way, expected: usize) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.addr).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        stream.write_all(request).unwrap();
        let mut got = Vec::new();
        if way != Way::KillNine {
            let _ = stream.read_to_end(&mut got);
            return got;
        }
        let mut piece = [0; 4096];
        while got.len() < expected {
            match stream.read(&mut piece) {
                Ok(count) if count > 0 => got.extend_from_slice(&piece[..count]),
                _ => break,
            }
        }
        // The call is still under way when nicetap is killed.
        std::mem::forget(stream);
        got
    }

    /// What the inspector shows, by door: all lists and the page of each call.
    fn looked_at(&self) -> BTreeMap<String, Vec<u8>> {
        let mut doors = BTreeMap::new();
        for path in ["/", "/session", "/metrics", "/api/v1/exchanges"] {
            doors.insert(format!("inspector {path}"), in_lines(&self.page(path)));
        }
        let list: Value = serde_json::from_slice(&self.page("/api/v1/exchanges")).unwrap();
        let ids = list["exchanges"].as_array().unwrap().iter();
        let mut pages = Vec::new();
        // The page of a call, without what all pages have in common.
        for id in ids.filter_map(|record| record["id"].as_u64()) {
            let page = String::from_utf8(self.page(&format!("/exchanges/{id}"))).unwrap();
            let main = page.find("<main").unwrap_or_default();
            pages.extend_from_slice(&page.as_bytes()[main..]);
        }
        doors.insert("inspector pages".to_owned(), in_lines(&pages));
        doors
    }

    fn page(&self, path: &str) -> Vec<u8> {
        let (addr, token) = &self.ui;
        let mut stream = TcpStream::connect(addr).unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {addr}\r\nNicetap-Token: {token}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut got = Vec::new();
        stream.read_to_end(&mut got).unwrap();
        let end = got.windows(4).position(|part| part == b"\r\n\r\n").unwrap();
        got.split_off(end + 4)
    }

    /// Ends it, and gives all that it left, by door.
    pub(crate) fn end(mut self, way: Way) -> BTreeMap<String, Vec<u8>> {
        let mut doors = self.looked_at();
        for name in ["cmdline", "environ", "comm", "status"] {
            let file = format!("/proc/{}/{name}", self.child.id());
            // `environ` of a process that cannot be dumped is closed even to its owner.
            doors.insert(format!("/proc {name}"), fs::read(file).unwrap_or_default());
        }
        let pid = rustix::process::Pid::from_child(&self.child);
        let signal = if way == Way::KillNine {
            rustix::process::Signal::KILL
        } else {
            rustix::process::Signal::TERM
        };
        rustix::process::kill_process(pid, signal).unwrap();
        self.child.wait().unwrap();
        doors.insert("console".to_owned(), self.stdout.join().unwrap());
        doors.insert("stderr".to_owned(), self.stderr.join().unwrap());
        for (door, folder) in [("home", self.home.path()), ("temp", self.temp.path())] {
            for file in files(folder) {
                let name = file.file_name().unwrap().to_string_lossy().into_owned();
                doors.insert(format!("{door} {name}"), fs::read(&file).unwrap());
            }
        }
        let log = self.home.path().join("log/nicetap.jsonl");
        let log = log.to_str().unwrap();
        for form in [
            &["log", "-v", log][..],
            &["log", "--table", log],
            &["export", "har"],
            &["export", "curl"],
        ] {
            let output = Command::new(env!("CARGO_BIN_EXE_nicetap"))
                .args(form)
                .env_clear()
                .env("NICETAP_HOME", self.home.path())
                .output()
                .unwrap();
            let told = [output.stdout, output.stderr].concat();
            doors.insert(form[..2].join(" "), in_lines(&told));
        }
        doors
    }
}

/// The proxy's address, as the banner says it.
fn address(stdout: &mut BufReader<ChildStdout>, told: &mut Vec<u8>) -> SocketAddr {
    banner(stdout, told, "proxy").parse().unwrap()
}

/// The inspector's address and its token. The token is nicetap's own, and is not kept with what was told.
fn inspector(stdout: &mut BufReader<ChildStdout>, told: &mut Vec<u8>) -> (SocketAddr, String) {
    let url = banner(stdout, told, "inspector");
    let (addr, token) = url.split_once("/#token=").unwrap_or((&url, ""));
    (
        addr.trim_end_matches('/').parse().unwrap(),
        token.to_owned(),
    )
}

/// What the banner says behind this word, without `http://`.
fn banner(stdout: &mut BufReader<ChildStdout>, told: &mut Vec<u8>, word: &str) -> String {
    loop {
        let mut line = Vec::new();
        assert!(
            stdout.read_until(b'\n', &mut line).unwrap() > 0,
            "it did not start"
        );
        told.extend_from_slice(&line);
        let line = String::from_utf8_lossy(&line).into_owned();
        if let Some((_, url)) = line.split_once("http://")
            && line.trim_start().starts_with(word)
        {
            return url.split_whitespace().next().unwrap().to_owned();
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// One element or object a line, each line once: a search undoes the encodings of whole lines, and pages have much in
/// common.
fn in_lines(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text).replace("><", ">\n<");
    let text = text.replace("},{", "},\n{").replace("],[", "],\n[");
    let mut seen = HashSet::new();
    let lines = text.lines().filter(|line| seen.insert(*line));
    lines.collect::<Vec<_>>().join("\n").into_bytes()
}

/// Where a debug build is to panic.
const STUMBLE: &str = "NICETAP_STUMBLE";
