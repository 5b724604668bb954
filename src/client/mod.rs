//! Who sent it: the user and the process at the other end of a connection from this machine (Linux).
//!
//! The kernel is asked whose socket the other end is, then `/proc` which process holds that socket and what it is.
//! A command line can hold secrets, so nothing of it leaves this room but the program's name, the name of the
//! script that it runs, and the name of an FPM pool. It never fails: what cannot be found out is `None`.
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

#[cfg(target_os = "linux")]
mod holder;
#[cfg(target_os = "linux")]
mod program;
#[cfg(target_os = "linux")]
mod socket;
#[cfg(target_os = "linux")]
mod user;

/// Who sent it, as far as this machine tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sender {
    /// The user id that the socket was made with.
    pub uid: Option<u32>,
    /// That user's name in `/etc/passwd`.
    pub user: Option<Box<str>>,
    /// The process that holds the socket.
    pub pid: Option<u32>,
    /// Its name: `curl`, `php cron.php`, `php-fpm pool www`.
    pub process: Option<Box<str>>,
    /// What kind of program it is.
    pub kind: Option<ClientKind>,
}

/// What kind of program sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientKind {
    /// A PHP-FPM worker.
    Fpm,
    /// A descendant of cron, or the service of a systemd timer.
    Cron,
    /// A command line program.
    Cli,
    /// A web server with PHP inside.
    ModPhp,
    /// A process of a container.
    Container,
    /// Something else.
    Other,
}

/// Finds out who is at the other end of a connection that was accepted.
///
/// `ours` and `peer` are the two addresses of the accepted connection. One that comes from another machine has no
/// sender here. It blocks on small reads of `/proc`, for milliseconds at worst: call it where blocking is allowed,
/// once per connection.
pub fn identify(ours: SocketAddr, peer: SocketAddr) -> Sender {
    let ips = [ours, peer].map(|addr| addr.ip().to_canonical());
    // One loopback end is enough: a client may bind another address of this machine.
    if ips[0] != ips[1] && !ips.iter().any(IpAddr::is_loopback) {
        return Sender::default();
    }
    identify_local(ours, peer)
}

/// The same, of a process that was found before and where it was found before; `None` where that is not enough.
///
/// It makes a few system calls that wait for nothing, so that it may be called where blocking is not allowed.
#[cfg(target_os = "linux")]
pub fn recognise(ours: SocketAddr, peer: SocketAddr) -> Option<Sender> {
    let owner = socket::owner_by_kernel(ours, peer)?;
    let pid = holder::find_again(&owner)?;
    let program = program::describe_again(pid)?;
    Some(named(&owner, Some(pid), Some(program)))
}

/// Nobody is recognised here.
#[cfg(not(target_os = "linux"))]
pub fn recognise(_: SocketAddr, _: SocketAddr) -> Option<Sender> {
    None
}

#[cfg(target_os = "linux")]
fn identify_local(ours: SocketAddr, peer: SocketAddr) -> Sender {
    let Some(owner) = socket::owner(ours, peer) else {
        return Sender::default();
    };
    sender(&owner, || socket::owner(ours, peer) == Some(owner))
}

#[cfg(target_os = "linux")]
fn sender(owner: &socket::Owner, is_open: impl Fn() -> bool) -> Sender {
    let pid = holder::find(owner, is_open);
    named(owner, pid, pid.and_then(program::describe))
}

#[cfg(target_os = "linux")]
fn named(owner: &socket::Owner, pid: Option<u32>, program: Option<program::Program>) -> Sender {
    let (process, kind) = program.map_or((None, None), |program| {
        (Some(program.name), Some(program.kind))
    });
    Sender {
        uid: Some(owner.uid),
        user: user::name(owner.uid),
        pid,
        process,
        kind,
    }
}

/// The number of this user: a number, or a name of `/etc/passwd`.
#[cfg(target_os = "linux")]
pub fn user_id(user: &str) -> Option<u32> {
    user.parse().ok().or_else(|| user::id(user))
}

/// Whose a connection is, is not told here.
#[cfg(not(target_os = "linux"))]
pub fn user_id(_: &str) -> Option<u32> {
    None
}

/// Other processes of this machine that are connected to one of these addresses right now, with the address.
///
/// It blocks on reads of `/proc`, like [`identify`]. Where `/proc` does not tell, nobody is found.
#[cfg(target_os = "linux")]
pub fn talking_to(targets: &[SocketAddr]) -> Vec<(Sender, SocketAddr)> {
    let sockets = socket::towards(targets).into_iter();
    let senders = sockets.map(|(owner, target)| (sender(&owner, || true), target));
    senders
        .filter(|(sender, _)| sender.pid != Some(std::process::id()))
        .collect()
}

/// Nobody is found here.
#[cfg(not(target_os = "linux"))]
pub fn talking_to(_: &[SocketAddr]) -> Vec<(Sender, SocketAddr)> {
    Vec::new()
}

#[cfg(not(target_os = "linux"))]
fn identify_local(_: SocketAddr, _: SocketAddr) -> Sender {
    Sender::default()
}

/// At most `limit` bytes of a file of `/proc`; `None` if it is gone or not ours to read.
#[cfg(target_os = "linux")]
fn read_proc(path: &str, limit: u64) -> Option<Vec<u8>> {
    use std::io::Read;

    let mut bytes = Vec::with_capacity(512);
    let file = std::fs::File::open(path).ok()?;
    file.take(limit).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_elsewhere_has_no_sender() {
        let ours = "192.0.2.1:8899".parse().unwrap();
        let peer = "192.0.2.7:40000".parse().unwrap();
        assert_eq!(identify(ours, peer), Sender::default());
    }

    #[test]
    fn a_connection_that_does_not_exist_has_no_sender() {
        let ours = "127.0.0.1:1".parse().unwrap();
        let peer = "127.0.0.1:2".parse().unwrap();
        assert_eq!(identify(ours, peer), Sender::default());
    }
}
