//! Which addresses are dialled for a client, judged on the resolved address.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The addresses that are ours.
pub(super) struct Access {
    own: Vec<SocketAddr>,
}

impl Access {
    pub(super) const fn new(own: Vec<SocketAddr>) -> Self {
        Self { own }
    }

    /// Whether this address may be dialled. `rerouted`: the user's own `--connect-to` names it.
    pub(super) fn allows(&self, address: &SocketAddr, rerouted: bool) -> bool {
        !self.is_own(address) && (rerouted || !is_link_local_or_metadata(address.ip()))
    }

    /// Whether it is one of our own listeners.
    pub(super) fn is_own(&self, address: &SocketAddr) -> bool {
        let ip = address.ip().to_canonical();
        self.own.iter().any(|own| {
            let listens_here = own.ip() == ip || (own.ip().is_unspecified() && ip.is_loopback());
            own.port() == address.port()
                && (listens_here
                    || ip.is_unspecified()
                    || (own.ip().is_loopback() && ip.is_loopback()))
        })
    }
}

/// Ports of mail, on which a proxy is abused.
pub(super) const NEVER_PORTS: [u16; 3] = [25, 465, 587];

fn is_link_local_or_metadata(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => v4.is_link_local() || METADATA_V4.contains(&v4),
        IpAddr::V6(v6) => v6.is_unicast_link_local() || v6 == METADATA_V6,
    }
}

/// Alibaba's and Oracle's, beside 169.254.169.254, which is link-local.
const METADATA_V4: [Ipv4Addr; 2] = [
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(192, 0, 0, 192),
];
/// AWS's.
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_and_metadata_addresses_are_never_dialled() {
        let access = Access::new(vec!["127.0.0.1:8899".parse().unwrap()]);
        for (address, allowed) in [
            ("127.0.0.1:8899", false),
            ("[::ffff:127.0.0.1]:8899", false),
            ("127.0.0.2:8899", false),
            ("0.0.0.0:8899", false),
            ("127.0.0.1:443", true),
            ("169.254.169.254:80", false),
            ("[fe80::1]:443", false),
            ("[fd00:ec2::254]:80", false),
            ("203.0.113.9:443", true),
        ] {
            assert_eq!(
                access.allows(&address.parse().unwrap(), false),
                allowed,
                "{address}"
            );
        }
        assert!(access.allows(&"169.254.1.1:443".parse().unwrap(), true));
    }
}
