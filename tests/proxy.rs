//! The wire, from outside: the real binary between scripted clients and scripted origins, in order and in every kind
//! of disorder. No test sleeps: each waits for what it wants to see.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod support;

#[path = "proxy/access.rs"]
mod access;
#[path = "proxy/admission.rs"]
mod admission;
#[path = "proxy/beside_openssl.rs"]
mod beside_openssl;
#[path = "proxy/bodies.rs"]
mod bodies;
#[path = "proxy/certificates.rs"]
mod certificates;
#[path = "proxy/chains.rs"]
mod chains;
#[path = "proxy/clock.rs"]
mod clock;
#[path = "proxy/disk.rs"]
mod disk;
#[path = "proxy/families.rs"]
mod families;
#[path = "proxy/faults.rs"]
mod faults;
#[path = "proxy/fidelity.rs"]
mod fidelity;
#[path = "proxy/findings.rs"]
mod findings;
#[path = "proxy/framing.rs"]
mod framing;
#[path = "proxy/handshakes.rs"]
mod handshakes;
#[path = "proxy/hostile.rs"]
mod hostile;
#[path = "proxy/life.rs"]
mod life;
#[path = "proxy/limits.rs"]
mod limits;
#[path = "proxy/links.rs"]
mod links;
#[path = "proxy/mocked.rs"]
mod mocked;
#[path = "proxy/place.rs"]
mod place;
#[path = "proxy/replies.rs"]
mod replies;
#[path = "proxy/resolver.rs"]
mod resolver;
#[path = "proxy/routes.rs"]
mod routes;
#[path = "proxy/stage.rs"]
mod stage;
#[path = "proxy/stumbles.rs"]
mod stumbles;
#[path = "proxy/trust.rs"]
mod trust;
#[path = "proxy/vanished.rs"]
mod vanished;
#[path = "proxy/verification.rs"]
mod verification;
#[path = "proxy/ways_up.rs"]
mod ways_up;
