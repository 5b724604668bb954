//! Whose socket is it: one question to the kernel (`NETLINK_SOCK_DIAG`), or a search of `/proc/net/tcp`.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::sync::{Mutex, PoisonError};

use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with,
};

/// The owner of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    /// The user id that it was made with.
    pub(super) uid: u32,
    /// Its number, as in `socket:[1234]`.
    pub(super) inode: u64,
}

/// The owner of the socket at the other end of an accepted connection on this machine.
pub(super) fn owner(ours: SocketAddr, peer: SocketAddr) -> Option<Owner> {
    let (ours, peer) = (canonical(ours), canonical(peer));
    ask_kernel(ours, peer)
        .or_else(|| search_tables(ours, peer))
        // A closed socket waits for its last segments without an owner, and is then listed as root's.
        .filter(|owner| owner.inode != 0)
}

/// The same, if the kernel answers such questions.
pub(super) fn owner_by_kernel(ours: SocketAddr, peer: SocketAddr) -> Option<Owner> {
    ask_kernel(canonical(ours), canonical(peer)).filter(|owner| owner.inode != 0)
}

/// The owners of sockets that are connected, or about to be, to one of these addresses, with the address.
pub(super) fn towards(targets: &[SocketAddr]) -> Vec<(Owner, SocketAddr)> {
    let mut found = Vec::new();
    for table in TABLES {
        let bytes = super::read_proc(table, TABLE_LIMIT).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        for (owner, to) in text.lines().filter_map(|line| row_towards(line, targets)) {
            // The kernel hands the table out in pieces; what moves in between is listed twice, or not at all.
            if !found.contains(&(owner, to)) {
                found.push((owner, to));
            }
        }
    }
    found
}

fn row_towards(line: &str, targets: &[SocketAddr]) -> Option<(Owner, SocketAddr)> {
    let mut fields = line.split_ascii_whitespace();
    let to = address(fields.nth(2)?)?;
    let is_open = matches!(fields.next()?, ESTABLISHED | SYN_SENT);
    if !is_open || !targets.contains(&to) {
        return None;
    }
    let owner = Owner {
        uid: fields.nth(3)?.parse().ok()?,
        inode: fields.nth(1)?.parse().ok()?,
    };
    (owner.inode != 0).then_some((owner, to))
}

fn canonical(addr: SocketAddr) -> SocketAddr {
    SocketAddr::new(addr.ip().to_canonical(), addr.port())
}

fn ask_kernel(ours: SocketAddr, peer: SocketAddr) -> Option<Owner> {
    let kept = KERNEL.lock().unwrap_or_else(PoisonError::into_inner).take();
    let kernel = match kept {
        Some(kept) => kept,
        None => socket_with(
            AddressFamily::NETLINK,
            SocketType::DGRAM,
            SocketFlags::CLOEXEC,
            Some(netlink::SOCK_DIAG),
        )
        .ok()?,
    };
    let to_kernel = SocketAddrNetlink::new(0, 0);
    sendto(
        &kernel,
        &question(ours, peer),
        SendFlags::empty(),
        &to_kernel,
    )
    .ok()?;
    // The kernel answers while it is asked, so there is nothing to wait for.
    let mut buffer = [0; 512];
    let (len, _) = recv(&kernel, &mut buffer, RecvFlags::DONTWAIT).ok()?;
    // One that failed is not kept: an answer that comes late would be taken for that to the next question.
    *KERNEL.lock().unwrap_or_else(PoisonError::into_inner) = Some(kernel);
    answer(buffer.get(..len)?, ours, peer)
}

/// A `nlmsghdr` and an `inet_diag_req_v2`: which socket goes from `peer` to `ours`?
fn question(ours: SocketAddr, peer: SocketAddr) -> [u8; QUESTION_LEN as usize] {
    let mut message = [0; QUESTION_LEN as usize];
    let mut put = |at: usize, bytes: &[u8]| message[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &QUESTION_LEN.to_ne_bytes());
    put(4, &SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    put(6, &NLM_F_REQUEST.to_ne_bytes());
    let family = if peer.is_ipv4() { AF_INET } else { AF_INET6 };
    put(16, &[family, IPPROTO_TCP]);
    put(20, &u32::MAX.to_ne_bytes()); // any state
    put(24, &peer.port().to_be_bytes());
    put(26, &ours.port().to_be_bytes());
    for (at, ip) in [(28, peer.ip()), (44, ours.ip())] {
        match ip {
            IpAddr::V4(ip) => put(at, &ip.octets()),
            IpAddr::V6(ip) => put(at, &ip.octets()),
        }
    }
    put(64, &u64::MAX.to_ne_bytes()); // no cookie
    message
}

/// Reads a `nlmsghdr` and an `inet_diag_msg`.
fn answer(message: &[u8], ours: SocketAddr, peer: SocketAddr) -> Option<Owner> {
    if u16::from_ne_bytes(field(message, 4)?) != SOCK_DIAG_BY_FAMILY {
        return None;
    }
    let from = u16::from_be_bytes(field(message, 20)?);
    let to = u16::from_be_bytes(field(message, 22)?);
    // Without such a connection, the kernel names a listener on that port.
    if (from, to) != (peer.port(), ours.port()) {
        return None;
    }
    Some(Owner {
        uid: u32::from_ne_bytes(field(message, 80)?),
        inode: u32::from_ne_bytes(field(message, 84)?).into(),
    })
}

fn field<const N: usize>(message: &[u8], at: usize) -> Option<[u8; N]> {
    message.get(at..at + N)?.try_into().ok()
}

/// Where the kernel does not answer questions, its tables can be read by anybody.
fn search_tables(ours: SocketAddr, peer: SocketAddr) -> Option<Owner> {
    // A socket of either family can carry IPv4, so both tables are searched; and again, since a row is passed over when
    // others come and go while the table is handed out in pieces.
    TABLES
        .into_iter()
        .cycle()
        .take(3 * TABLES.len())
        .find_map(|table| {
            let bytes = super::read_proc(table, TABLE_LIMIT)?;
            let text = String::from_utf8_lossy(&bytes);
            text.lines().find_map(|line| row(line, ours, peer))
        })
}

/// The owner, if this row of a table is the socket from `peer` to `ours`.
fn row(line: &str, ours: SocketAddr, peer: SocketAddr) -> Option<Owner> {
    let mut fields = line.split_ascii_whitespace();
    let from = fields.nth(1)?;
    let to = fields.next()?;
    if address(from)? != peer || address(to)? != ours {
        return None;
    }
    Some(Owner {
        uid: fields.nth(4)?.parse().ok()?,
        inode: fields.nth(1)?.parse().ok()?,
    })
}

/// `0100007F:1F90`: words of four bytes in the machine's order, then the port as a number.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| {
        let digits = ip.get(at * 8..at * 8 + 8)?;
        Some(u32::from_str_radix(digits, 16).ok()?.to_ne_bytes())
    };
    let ip = match ip.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?)),
        32 => {
            let mut octets = [0; 16];
            for (at, four) in octets.chunks_exact_mut(4).enumerate() {
                four.copy_from_slice(&word(at)?);
            }
            IpAddr::V6(Ipv6Addr::from(octets)).to_canonical()
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

/// A connection to the kernel that nobody uses right now: making one costs more than a question.
static KERNEL: Mutex<Option<OwnedFd>> = Mutex::new(None);
const TABLES: [&str; 2] = ["/proc/net/tcp", "/proc/net/tcp6"];
/// States of a socket, as the tables write them.
const ESTABLISHED: &str = "01";
const SYN_SENT: &str = "02";
const QUESTION_LEN: u32 = 72;
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLM_F_REQUEST: u16 = 1;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const IPPROTO_TCP: u8 = 6;
/// About 25,000 connections; a machine with more has a kernel that answers questions.
const TABLE_LIMIT: u64 = 4 << 20;

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    /// Reads the tables again where a row was passed over because the sockets of other tests came and went.
    fn read_until<T>(is_whole: impl Fn(&T) -> bool, read: impl Fn() -> T) -> T {
        (0..50)
            .map(|_| read())
            .find(is_whole)
            .expect("a socket that is open is in the tables")
    }

    #[test]
    fn the_kernel_and_its_tables_agree_on_the_owner() {
        for listen in ["127.0.0.1:0", "[::1]:0", "[::]:0"] {
            let Ok(listener) = TcpListener::bind(listen) else {
                continue; // no IPv6 here
            };
            let port = listener.local_addr().unwrap().port();
            let dial = if listen == "[::1]:0" {
                "::1"
            } else {
                "127.0.0.1"
            };
            let _client = TcpStream::connect((dial, port)).unwrap();
            let (accepted, peer) = listener.accept().unwrap();
            let ours = accepted.local_addr().unwrap();
            let asked = ask_kernel(canonical(ours), canonical(peer));
            let searched = read_until(Option::is_some, || {
                search_tables(canonical(ours), canonical(peer))
            });
            assert_eq!(asked, searched, "{listen}");
            assert_eq!(owner(ours, peer), searched, "{listen}");
        }
    }

    #[test]
    fn sockets_towards_an_address_are_found_with_their_owner() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let listening = listener.local_addr().unwrap();
        assert_eq!(towards(&[listening]), []);
        let client = TcpStream::connect(listening).unwrap();
        let (accepted, peer) = listener.accept().unwrap();
        let owner = owner(accepted.local_addr().unwrap(), peer).unwrap();
        let found = read_until(|found: &Vec<_>| !found.is_empty(), || towards(&[listening]));
        assert_eq!(found, [(owner, listening)]);
        drop(client);
        assert_eq!(towards(&[listening]), []);
    }

    #[test]
    fn a_listener_is_not_taken_for_the_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let listening = listener.local_addr().unwrap();
        let nobody = "127.0.0.1:1".parse().unwrap();
        assert_eq!(ask_kernel(nobody, listening), None);
        assert_eq!(search_tables(nobody, listening), None);
    }

    #[test]
    fn a_closed_socket_has_no_owner() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (accepted, peer) = listener.accept().unwrap();
        drop(client);
        assert_eq!(owner(accepted.local_addr().unwrap(), peer), None);
    }

    #[test]
    fn odd_rows_are_passed_over() {
        let (ours, peer) = (
            "127.0.0.1:8080".parse().unwrap(),
            "127.0.0.1:1".parse().unwrap(),
        );
        for line in [
            "",
            "sl local_address rem_address st",
            "0: 0100007F:0001",
            "0: 0100007F:0001 0100007F:1F90",
            "0: 0100007F:0001 0100007F:1F90 01 0:0 0:0 0 x 0 7",
            "0: é100007:0001 0100007F:1F90 01 0:0 0:0 0 1 0 7",
            "0: 0100007F00000000:1 0100007F:1F90 01 0:0 0:0 0 1 0 7",
        ] {
            assert_eq!(row(line, ours, peer), None, "{line}");
        }
        for message in [&b""[..], &[0; 16], &[255; 40], &[20; 88]] {
            assert_eq!(answer(message, ours, peer), None);
        }
    }
}
