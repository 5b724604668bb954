//! Real proxies of others, between nicetap and an origin: tinyproxy, microsocks, and TLS in front of either.
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;

use rustls::ServerConfig;
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;

use super::eventually;

/// A running proxy; killed when dropped.
pub(crate) struct Forwarder {
    addr: SocketAddr,
    child: Child,
    _folder: TempDir,
}

impl Forwarder {
    /// tinyproxy, which speaks HTTP; with a `user password` that it wants.
    pub(crate) fn http(login: Option<&str>) -> Self {
        let login = login.map_or_else(String::new, |login| format!("BasicAuth {login}\n"));
        Self::start(move |folder, addr| {
            let config = folder.path().join("tinyproxy.conf");
            let text = format!(
                "Listen {}\nPort {}\nTimeout 60\nMaxClients 50\nLogLevel Critical\n{login}",
                addr.ip(),
                addr.port()
            );
            super::write(&config, text);
            let mut command = Command::new("tinyproxy");
            command.arg("-d").arg("-c").arg(config);
            command
        })
    }

    /// microsocks, which speaks SOCKS 5; with a user and a password that it wants.
    pub(crate) fn socks(login: Option<(&str, &str)>) -> Self {
        Self::start(move |_, addr| {
            let mut command = Command::new("microsocks");
            let (ip, port) = (addr.ip().to_string(), addr.port().to_string());
            command.args(["-i", &ip, "-p", &port]);
            if let Some((user, password)) = login {
                command.args(["-u", user, "-P", password]);
            }
            command
        })
    }

    pub(crate) const fn addr(&self) -> SocketAddr {
        self.addr
    }

    fn start(command: impl Fn(&TempDir, SocketAddr) -> Command) -> Self {
        eventually("a proxy listens", || {
            let folder = tempfile::tempdir().unwrap();
            let free = TcpListener::bind("127.0.0.1:0").unwrap();
            let addr = free.local_addr().unwrap();
            drop(free);
            let mut command = command(&folder, addr);
            let mut child = command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap_or_else(|error| panic!("{command:?}: {error}; tests/run installs it"));
            let is_up = eventually("a proxy starts", || {
                if child.try_wait().unwrap().is_some() {
                    return Some(false);
                }
                TcpStream::connect(addr).ok().map(|_| true)
            });
            // Another process may have taken the port meanwhile.
            is_up.then_some(Self {
                addr,
                child,
                _folder: folder,
            })
        })
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// TLS with this identity in front of a proxy. Ends with the test's process.
pub(crate) fn behind_tls(config: Arc<ServerConfig>, to: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            while let Ok((client, _)) = listener.accept().await {
                let acceptor = TlsAcceptor::from(Arc::clone(&config));
                tokio::spawn(async move {
                    let mut client = acceptor.accept(client).await?;
                    let mut proxy = tokio::net::TcpStream::connect(to).await?;
                    tokio::io::copy_bidirectional(&mut client, &mut proxy).await
                });
            }
        });
    });
    addr
}
