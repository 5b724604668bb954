//! A real nginx as origin, with TLS and in clear.
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::authority::Authority;
use super::eventually;
use super::message::Message;
use super::origin::{RawOrigin, answering, reply};

/// An nginx that serves the API's two hosts. What it answers stands in `nginx.conf` beside this file.
pub(crate) struct NginxOrigin {
    child: Child,
    tls: SocketAddr,
    plain: SocketAddr,
    folder: TempDir,
    /// Answers what nginx cannot by itself: echoes, chunks.
    _echo: RawOrigin,
}

impl NginxOrigin {
    /// Starts it with a certificate of this authority.
    pub(crate) fn start(authority: &Authority) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let identity = authority.identity(&["api.nicenic.net", "sandbox-api.nicenic.net"]);
        for (name, content) in [
            ("chain.pem", identity.chain.into_bytes()),
            ("key.pem", identity.key.into_bytes()),
            ("check.json", CHECK.as_bytes().to_vec()),
            ("large.bin", pattern(300 * 1024)),
        ] {
            super::write(&folder.path().join(name), content);
        }
        let echo = RawOrigin::plain(answering(echo));
        // Another process may take a port between our look and nginx's bind.
        for _ in 0..5 {
            let (tls, plain) = (free_port(), free_port());
            if let Some(child) = launch(folder.path(), tls, plain, echo.addr()) {
                return Self {
                    child,
                    tls,
                    plain,
                    folder,
                    _echo: echo,
                };
            }
        }
        panic!("nginx does not start: {}", error_log(folder.path()));
    }

    /// Where it speaks TLS.
    pub(crate) const fn tls(&self) -> SocketAddr {
        self.tls
    }

    /// Where it speaks in clear.
    pub(crate) const fn plain(&self) -> SocketAddr {
        self.plain
    }
}

impl Drop for NginxOrigin {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            super::say(&format!("nginx: {}", error_log(self.folder.path())));
        }
    }
}

/// Bytes that show at once where one is missing: a line number every 16 bytes.
pub(crate) fn pattern(length: usize) -> Vec<u8> {
    (0..)
        .flat_map(|line: u32| format!("{line:015}\n").into_bytes())
        .take(length)
        .collect()
}

fn launch(folder: &Path, tls: SocketAddr, plain: SocketAddr, echo: SocketAddr) -> Option<Child> {
    let config = include_str!("nginx.conf")
        .replace("@FOLDER@", &folder.display().to_string())
        .replace("@TLS@", &tls.to_string())
        .replace("@PLAIN@", &plain.to_string())
        .replace("@ECHO@", &echo.to_string());
    let file = folder.join("nginx.conf");
    super::write(&file, config);
    let mut child = Command::new("nginx")
        .arg("-p")
        .arg(folder)
        .arg("-e")
        .arg(folder.join("error.log"))
        .arg("-c")
        .arg(&file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("nginx: {error}; tests/run installs it"));
    let ready = eventually("nginx listens", || {
        if child.try_wait().unwrap().is_some() {
            return Some(false);
        }
        TcpStream::connect(plain).ok().map(|_| true)
    });
    // The port may be open because it is another's, and nginx about to end.
    (ready && child.try_wait().unwrap().is_none()).then_some(child)
}

fn free_port() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap()
}

fn error_log(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("error.log")).unwrap_or_default()
}

fn echo(request: &Message) -> Vec<u8> {
    let line = request.first_line();
    let body = [line.as_bytes(), b"\n", &request.body].concat();
    if !line.contains("/chunked") {
        return reply("200 OK", "Content-Type: text/plain\r\n", &body);
    }
    let mut bytes =
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
            .to_vec();
    for chunk in body.chunks(7000) {
        bytes.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        bytes.extend(chunk);
        bytes.extend(b"\r\n");
    }
    bytes.extend(b"0\r\n\r\n");
    bytes
}

const CHECK: &str = r#"{"code":200,"msg":"success","data":[{"domain":"example.com","avail":0}]}
"#;
