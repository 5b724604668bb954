//! Links that are slow or narrow, on either side of nicetap, with TLS and bodies both ways: nothing changes but time.
//! (Links that break off are in `hostile.rs`, at every byte; silence is in `vanished.rs`.)
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use crate::hostile::each_admitted_request_has_its_record;
use crate::stage::{check, post, trust};
use crate::support::API;
use crate::support::authority::Authority;
use crate::support::nginx::pattern;
use crate::support::nicetap::{Nicetap, Options};
use crate::support::origin::{RawOrigin, answering, reply};
use crate::support::raw::RawClient;

/// What a link makes of what it is given.
#[derive(Clone, Copy)]
struct Link {
    /// So many bytes in a segment, each on its own.
    width: usize,
    /// So long for each.
    takes: Duration,
}

#[test]
fn links_of_single_bytes_change_nothing() {
    let link = Link {
        width: 1,
        takes: Duration::ZERO,
    };
    carries_a_body_each_way(link, 2000);
}

#[test]
fn links_that_take_their_time_change_nothing() {
    let link = Link {
        width: 16 * 1024,
        takes: Duration::from_millis(40),
    };
    let took = carries_a_body_each_way(link, 2000);
    // Four times across, at the least: the tunnel, two handshakes, the call.
    assert!(took > 4 * link.takes, "{took:?}");
}

#[test]
fn narrow_links_change_nothing() {
    // 20 kB a second.
    let link = Link {
        width: 100,
        takes: Duration::from_millis(5),
    };
    let took = carries_a_body_each_way(link, 8000);
    assert!(took > Duration::from_millis(400), "{took:?}");
}

fn carries_a_body_each_way(link: Link, size: usize) -> Duration {
    let authority = Authority::new();
    let body = pattern(size);
    let echo = answering(|request| reply("200 OK", "X-Kind: echo\r\n", &request.body));
    let origin = RawOrigin::tls(&authority, &[API], echo);
    let far = link.to(origin.addr());
    let options = Options::default().connect_to(API, 443, far);
    let nicetap = Nicetap::start(options.trust(&authority));
    let near = link.to(nicetap.addr());
    let begun = Instant::now();
    let mut client = RawClient::tunnel(near, API, &trust(&nicetap)).unwrap();
    let mut request = post(&format!("Content-Length: {size}\r\n")).into_bytes();
    request.extend(&body);
    client.send(&request).unwrap();
    let reply = client.reply("POST").unwrap();
    assert_eq!((reply.status(), &reply.body), (200, &body));
    client.send(check("")).unwrap();
    assert_eq!(client.reply("GET").unwrap().status(), 200);
    let took = begun.elapsed();
    drop(client);
    each_admitted_request_has_its_record(&nicetap.stop().records);
    took
}

impl Link {
    /// A relay that is such a link. Ends with the test's process.
    fn to(self, to: SocketAddr) -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let addr = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let far = TcpStream::connect(to).unwrap();
                for socket in [&near, &far] {
                    socket.set_nodelay(true).unwrap();
                }
                let (near_too, far_too) = (near.try_clone().unwrap(), far.try_clone().unwrap());
                std::thread::spawn(move || self.carry(near, far));
                std::thread::spawn(move || self.carry(far_too, near_too));
            }
        });
        addr
    }

    fn carry(self, mut from: TcpStream, mut into: TcpStream) {
        let mut buffer = vec![0; self.width];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            std::thread::sleep(self.takes);
            if into.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        let _ = into.shutdown(Shutdown::Write);
    }
}
