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
    let v4 = match ip.to_canonical() {
        IpAddr::V4(v4) => v4,
        IpAddr::V6(v6) if v6.is_unicast_link_local() || METADATA_V6.contains(&v6) => return true,
        IpAddr::V6(v6) => match inside(v6) {
            Some(v4) => v4,
            None => return false,
        },
    };
    v4.is_link_local() || METADATA_V4.contains(&v4)
}

/// The IPv4 address that a gateway takes out of this one: NAT64, 6to4, or the form that came before `::ffff:`.
fn inside(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let ([0x64, 0xff9b, 0, 0, 0, 0, high, low]
    | [0, 0, 0, 0, 0, 0, high, low]
    | [0x2002, high, low, ..]) = v6.segments()
    else {
        return None;
    };
    Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
}

/// Alibaba's, Oracle's and Azure's, beside 169.254.169.254, which is link-local.
const METADATA_V4: [Ipv4Addr; 3] = [
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(192, 0, 0, 192),
    Ipv4Addr::new(168, 63, 129, 16),
];
/// AWS's and Google's.
const METADATA_V6: [Ipv6Addr; 2] = [
    Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254),
    Ipv6Addr::new(0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x0254),
];

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
            ("[fd20:ce::254]:80", false),
            ("168.63.129.16:80", false),
            ("[64:ff9b::169.254.169.254]:80", false),
            ("[::169.254.169.254]:80", false),
            ("[2002:a9fe:a9fe::1]:80", false),
            ("[64:ff9b::203.0.113.9]:443", true),
            ("[2001:db8::a9fe:a9fe]:443", true),
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
