//! A plain TCP relay: the least that anything between a client and an origin can do. `relay TARGET` prints its own
//! address, and carries bytes both ways until it is stopped.

use std::error::Error;
use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let target: SocketAddr = std::env::args()
        .nth(1)
        .ok_or("TARGET is missing")?
        .parse()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    loop {
        let (mut client, _) = listener.accept().await?;
        tokio::spawn(async move {
            let mut origin = TcpStream::connect(target).await?;
            client.set_nodelay(true)?;
            origin.set_nodelay(true)?;
            copy_bidirectional(&mut client, &mut origin).await
        });
    }
}
