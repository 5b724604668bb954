//! A blind CONNECT proxy: the control that shows what a client does differently for any proxy.
use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};

use super::message::Reader;

/// Carries every CONNECT to one address, unread. Ends with the test's process.
pub(crate) fn relay(to: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let addr = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            std::thread::spawn(move || carry(client, to));
        }
    });
    addr
}

fn carry(mut client: TcpStream, to: SocketAddr) -> io::Result<()> {
    let mut reader = Reader::new();
    if reader.head(&mut client)?.is_none() {
        return Ok(());
    }
    let mut origin = TcpStream::connect(to)?;
    client.set_nodelay(true)?;
    origin.set_nodelay(true)?;
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    let (mut from, mut into) = (client.try_clone()?, origin.try_clone()?);
    std::thread::spawn(move || {
        let _ = io::copy(&mut from, &mut into);
        let _ = into.shutdown(Shutdown::Write);
    });
    io::copy(&mut origin, &mut client)?;
    client.shutdown(Shutdown::Write)
}
