//! A running `nicetap serve --mock` with its inspector, and what is asked of it.
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::home::Home;

/// A running `nicetap serve --mock`.
pub(crate) struct Tap {
    home: Home,
    child: Child,
    pub(crate) proxy: SocketAddr,
    pub(crate) ui: SocketAddr,
    pub(crate) token: String,
}

impl Tap {
    pub(crate) fn start() -> Self {
        let home = Home::new();
        let mut child = Command::new(env!("CARGO_BIN_EXE_nicetap"))
            .args([
                "serve",
                "--mock",
                "--listen",
                "127.0.0.1:0",
                "--ui",
                "127.0.0.1:0",
            ])
            .env_clear()
            .env("NICETAP_HOME", home.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = BufReader::new(child.stdout.take().unwrap());
        let (mut proxy, mut url) = (None, String::new());
        loop {
            let mut line = String::new();
            assert!(
                told.read_line(&mut line).unwrap() > 0,
                "the banner ends early"
            );
            let mut words = line.split_whitespace();
            match (words.next(), words.next()) {
                (Some("proxy"), Some(at)) => proxy = Some(addr(at)),
                (Some("inspector"), Some(at)) => at.clone_into(&mut url),
                (Some("undo"), _) => break,
                _ => {}
            }
        }
        // A console that nobody reads must not fill up.
        std::thread::spawn(move || std::io::copy(&mut told, &mut std::io::sink()));
        let (ui, token) = url.split_once("/#token=").unwrap();
        Self {
            ui: addr(ui),
            token: token.to_owned(),
            proxy: proxy.unwrap(),
            child,
            home,
        }
    }

    /// A call through the proxy in base-URL mode.
    pub(crate) fn call(&self, query: &str, authorization: &str) -> Reply {
        let head = format!(
            "GET /v2/?{query} HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\n\
             Content-Type: application/json\r\nConnection: close\r\n\r\n"
        );
        talk(self.proxy, &head)
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, &[("Nicetap-Token", &self.token)])
    }

    pub(crate) fn post(&self, path: &str) -> Reply {
        self.ask("POST", path, &[("Nicetap-Token", &self.token)])
    }

    pub(crate) fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Reply {
        ask(self.ui, method, path, headers)
    }

    /// Waits until the inspector knows so many finished calls.
    pub(crate) fn knows(&self, calls: usize) -> Value {
        super::eventually("the calls", || {
            let page = self.get("/api/v1/exchanges?only=event%3Dexchange").json();
            let known = page["exchanges"].as_array().unwrap().len();
            (known >= calls).then_some(page)
        })
    }

    pub(crate) fn stop(mut self) -> Home {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        assert!(self.child.wait().unwrap().success());
        std::mem::replace(&mut self.home, Home::new())
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }
}

pub(crate) fn addr(text: &str) -> SocketAddr {
    text.trim_start_matches("http://").parse().unwrap()
}

pub(crate) fn ask(to: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)]) -> Reply {
    let has_host = headers.iter().any(|(name, _)| *name == "Host");
    let host = if has_host {
        String::new()
    } else {
        format!("Host: {to}\r\n")
    };
    let mut lines = String::new();
    for (name, value) in headers {
        lines.push_str(name);
        lines.push_str(": ");
        lines.push_str(value);
        lines.push_str("\r\n");
    }
    talk(
        to,
        &format!(
            "{method} {path} HTTP/1.1\r\n{host}{lines}Connection: close\r\nContent-Length: 0\r\n\r\n"
        ),
    )
}

pub(crate) fn talk(to: SocketAddr, request: &str) -> Reply {
    let mut stream = TcpStream::connect(to).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let mut lines = head.lines();
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    Reply {
        status: status.unwrap_or(0),
        headers: headers.collect(),
        body: body.to_owned(),
    }
}

pub(crate) const CHECK: &str = "category=domain&action=check&domains=example.org";
pub(crate) const SOUND: &str = "demo:not-a-real-secret";
