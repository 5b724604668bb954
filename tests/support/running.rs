//! A running nicetap, raw origins and echo services on loopback, for tests.
#![allow(dead_code, reason = "each test file uses some of it")]
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::home::Home;

/// The built program, serving, with its records on its standard output.
pub(crate) struct Running {
    pub(crate) home: Home,
    pub(crate) listen: SocketAddr,
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Running {
    /// Serves with these options besides a home and a port of its own.
    pub(crate) fn start(options: &[&str]) -> Self {
        Self::start_with(Command::new(env!("CARGO_BIN_EXE_nicetap")), options)
    }

    /// The same, with a command that ends in the program's name.
    pub(crate) fn start_with(mut command: Command, options: &[&str]) -> Self {
        let home = Home::new();
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0", "--no-ui", "--json"])
            .args(options)
            .env("NICETAP_HOME", home.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        let mut running = Self {
            home,
            listen: ([127, 0, 0, 1], 0).into(),
            child,
            lines,
        };
        let start = running.record("start");
        running.listen = start["listen"][0].as_str().unwrap().parse().unwrap();
        running
    }

    /// The next record of this kind.
    pub(crate) fn record(&mut self, event: &str) -> Value {
        loop {
            let mut line = String::new();
            assert!(self.lines.read_line(&mut line).unwrap() > 0, "no `{event}`");
            let record: Value = serde_json::from_str(&line).unwrap();
            if record["event"] == event {
                return record;
            }
        }
    }

    /// Makes a call in base-URL mode, and gives its record.
    pub(crate) fn call(&mut self, authorization: &str, query: &str) -> Value {
        send(self.listen, authorization, query);
        self.record("exchange")
    }

    /// The log's path.
    pub(crate) fn log(&self) -> PathBuf {
        self.home.path().join("log/nicetap.jsonl")
    }
}

impl Running {
    /// Ends it as an impatient user would, and gives its home.
    pub(crate) fn end(mut self) -> Home {
        let _ = self.child.kill();
        let _ = self.child.wait();
        std::mem::replace(&mut self.home, Home::new())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a call in base-URL mode; gives the whole reply.
pub(crate) fn send(proxy: SocketAddr, authorization: &str, query: &str) -> String {
    let head = format!(
        "GET /v2/?{query} HTTP/1.1\r\nHost: {proxy}\r\nAuthorization: {authorization}\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
    );
    send_raw(proxy, &head)
}

/// Sends these bytes; gives the whole reply.
pub(crate) fn send_raw(proxy: SocketAddr, head: &str) -> String {
    let mut stream = TcpStream::connect(proxy).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply
}

/// A server that answers each connection with the next of these replies, the last one for ever.
pub(crate) fn origin(replies: &[&str]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let replies: Vec<String> = replies.iter().map(|reply| (*reply).to_owned()).collect();
    thread::spawn(move || {
        for (index, stream) in listener.incoming().enumerate() {
            let Ok(mut stream) = stream else { return };
            let reply = replies.get(index).or(replies.last()).cloned().unwrap();
            let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
            let mut head = Vec::new();
            let mut byte = [0; 1];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|n| n > 0) {
                head.push(byte[0]);
            }
            let _ = stream.write_all(reply.as_bytes());
        }
    });
    addr
}

/// A reply of the API.
pub(crate) fn json(body: &str) -> String {
    reply("application/json", body)
}

/// A reply of this type.
pub(crate) fn reply(content_type: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}
