//! A raw origin that keeps every byte, and the built proxy before it.
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::home::Home;

/// An origin that keeps every byte, and answers each request with what its test says.
pub(crate) struct Origin {
    addr: SocketAddr,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    connections: usize,
    bytes: Vec<u8>,
}

impl Origin {
    pub(crate) fn answering(reply: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        Self::sending(move |request| reply(request).into_bytes())
    }

    pub(crate) fn sending(reply: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let kept = Arc::<Mutex<Kept>>::default();
        let (all, reply) = (kept.clone(), Arc::new(reply));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                all.lock().unwrap().connections += 1;
                let (kept, reply) = (all.clone(), reply.clone());
                thread::spawn(move || serve(stream, &kept, &*reply));
            }
        });
        Self { addr, kept }
    }

    /// None: nobody listens where it would be.
    pub(crate) fn nowhere() -> Self {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap();
        Self {
            addr: closed.local_addr().unwrap(),
            kept: Arc::default(),
        }
    }

    /// One that says `code`, every time.
    pub(crate) fn saying(code: i64) -> Self {
        Self::answering(move |_| envelope(code))
    }

    /// The same, with its body in gzip.
    pub(crate) fn saying_packed(code: i64) -> Self {
        let plain = envelope(code);
        let (_, body) = plain.split_once("\r\n\r\n").unwrap();
        let mut packer = GzEncoder::new(Vec::new(), Compression::default());
        packer.write_all(body.as_bytes()).unwrap();
        let body = packer.finish().unwrap();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        Self::sending(move |_| [head.as_bytes(), &body].concat())
    }

    pub(crate) fn bytes(&self) -> String {
        String::from_utf8_lossy(&self.kept.lock().unwrap().bytes).into_owned()
    }

    pub(crate) fn connections(&self) -> usize {
        self.kept.lock().unwrap().connections
    }
}

fn serve(mut stream: TcpStream, kept: &Mutex<Kept>, reply: &dyn Fn(&str) -> Vec<u8>) {
    let mut unread = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        while let Some(end) = end_of_request(&unread) {
            let request: Vec<u8> = unread.drain(..end).collect();
            let reply = reply(&String::from_utf8_lossy(&request));
            if stream.write_all(&reply).is_err() {
                return;
            }
        }
        match stream.read(&mut chunk) {
            Ok(count) if count > 0 => {
                kept.lock()
                    .unwrap()
                    .bytes
                    .extend_from_slice(&chunk[..count]);
                unread.extend_from_slice(&chunk[..count]);
            }
            _ => return,
        }
    }
}

fn end_of_request(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
    if text.contains("transfer-encoding: chunked") {
        let end = bytes[head..]
            .windows(5)
            .position(|five| five == b"0\r\n\r\n")?;
        return Some(head + end + 5);
    }
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    (bytes.len() >= head + length).then_some(head + length)
}

pub(crate) fn envelope(code: i64) -> String {
    let body = format!("{{\"code\":{code},\"msg\":\"m\",\"data\":null}}");
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The proxy, with both of the API's hosts at the origin.
pub(crate) struct Proxy {
    child: Child,
    lines: BufReader<ChildStdout>,
    pub(crate) addr: SocketAddr,
    pub(crate) start: Value,
    _home: Home,
}

impl Proxy {
    pub(crate) fn before(origin: &Origin, options: &[&str]) -> Self {
        let home = Home::new();
        let mut child = Command::new(env!("CARGO_BIN_EXE_nicetap"))
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--no-ui",
                "--egress-probe",
                "off",
                "--json",
            ])
            .args(["--connect-to", &format!(":80:{}", origin.addr)])
            // The origin speaks no TLS.
            .args(["--allow", "N202"])
            .args(options)
            .env_clear()
            .env("NICETAP_HOME", home.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let start = record(&mut lines).expect("a start line");
        let addr = start["listen"][0].as_str().unwrap().parse().unwrap();
        Self {
            child,
            lines,
            addr,
            start,
            _home: home,
        }
    }

    /// The next `exchange` line.
    pub(crate) fn exchange(&mut self) -> Value {
        loop {
            let line = record(&mut self.lines).expect("an exchange line");
            if line["event"] == "exchange" {
                return line;
            }
        }
    }

    /// Ends it, and gives the `stop` line and the exit code.
    pub(crate) fn stop(mut self) -> (Value, i32) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let stop = loop {
            let line = record(&mut self.lines).expect("a stop line");
            if line["event"] == "stop" {
                break line;
            }
        };
        (stop, self.child.wait().unwrap().code().unwrap())
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.addr).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends these bytes on a connection of their own, and gives the reply.
    pub(crate) fn send(&self, request: &[u8]) -> String {
        let mut stream = self.connect();
        stream.write_all(request).unwrap();
        reply(&mut stream)
    }

    pub(crate) fn get(&self, host: &str, query: &str) -> String {
        self.send(get(host, query).as_bytes())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn record(lines: &mut BufReader<ChildStdout>) -> Option<Value> {
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    serde_json::from_str(&line).ok()
}

/// Reads one final reply; informational ones are left out.
pub(crate) fn reply(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let mut byte = [0];
        if stream.read(&mut byte).unwrap() == 0 {
            return String::from_utf8(bytes).unwrap();
        }
        bytes.push(byte[0]);
        if bytes == b"HTTP/1.1 100 Continue\r\n\r\n" {
            bytes.clear();
        }
        if end_of_request(&bytes).is_some() {
            return String::from_utf8_lossy(&bytes).into_owned();
        }
    }
}

pub(crate) fn get(host: &str, query: &str) -> String {
    format!("GET http://{host}/v2/?{query} HTTP/1.1\r\nHost: {host}\r\n{FIELDS}\r\n")
}

pub(crate) fn post(host: &str, query: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST http://{host}/v2/?{query} HTTP/1.1\r\nHost: {host}\r\nAuthorization: alice:not-a-real-secret\r\n\
         Content-Length: {}\r\n{fields}\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

pub(crate) fn codes(record: &Value) -> Vec<&str> {
    let findings = record["findings"].as_array().unwrap().iter();
    findings
        .map(|finding| finding["code"].as_str().unwrap())
        .collect()
}

pub(crate) const PRODUCTION: &str = "api.nicenic.net";
pub(crate) const SANDBOX: &str = "sandbox-api.nicenic.net";
pub(crate) const CHECK: &str = "category=domain&action=check&domains=example.com";
pub(crate) const RENEW: &str =
    "category=domain&action=renew&domain=example.com&deaddate=2027-01-01&year=1";
pub(crate) const FIELDS: &str =
    "Authorization: alice:not-a-real-secret\r\nContent-Type: application/json\r\n";
/// Longer than anything here takes; reached only by a test that fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
