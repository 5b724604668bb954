//! Which addresses are dialled for a client, judged on the resolved address.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::egress::is_of_this_machine;

/// What is not dialled.
pub(super) struct Access {
    own: Vec<SocketAddr>,
    spares_private: bool,
}

/// Whether an address is dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is.
    Allowed,
    /// It is one of our own listeners.
    Own,
    /// Link-local, or where clouds tell their machines secrets.
    Never,
    /// It lies in a private network, and clients come from elsewhere.
    Private,
}

impl Access {
    /// `own`: our listeners. `spares_private`: whether loopback and private addresses are not dialled either.
    pub(super) const fn new(own: Vec<SocketAddr>, spares_private: bool) -> Self {
        Self {
            own,
            spares_private,
        }
    }

    /// Whether this address may be dialled. `rerouted`: the user's own `--connect-to` names it.
    pub(super) fn judge(&self, address: &SocketAddr, rerouted: bool) -> Verdict {
        let ip = address.ip();
        match () {
            () if self.is_own(address) => Verdict::Own,
            () if rerouted => Verdict::Allowed,
            () if is_link_local_or_metadata(ip) => Verdict::Never,
            () if self.spares_private && is_private(ip) => Verdict::Private,
            () => Verdict::Allowed,
        }
    }

    fn is_own(&self, address: &SocketAddr) -> bool {
        let ip = address.ip().to_canonical();
        self.own.iter().any(|own| {
            let everywhere = own.ip().is_unspecified();
            own.port() == address.port()
                && (own.ip() == ip
                    || ip.is_unspecified()
                    || (ip.is_loopback() && (everywhere || own.ip().is_loopback()))
                    || (everywhere && is_of_this_machine(ip)))
        })
    }
}

/// Ports of mail, on which a proxy is abused.
pub(super) const NEVER_PORTS: [u16; 3] = [25, 465, 587];

fn is_link_local_or_metadata(ip: IpAddr) -> bool {
    match v4_of(ip) {
        Ok(v4) => v4.is_link_local() || METADATA_V4.contains(&v4),
        Err(v6) => v6.is_unicast_link_local() || METADATA_V6.contains(&v6),
    }
}

/// Whether it means something in this network only, or is no address of a single host (RFC 6890).
fn is_private(ip: IpAddr) -> bool {
    match v4_of(ip) {
        Ok(v4) => {
            let [first, second, ..] = v4.octets();
            let is_shared = first == 100 && (64..128).contains(&second);
            let is_benchmark = first == 198 && (18..20).contains(&second);
            v4.is_private()
                || v4.is_loopback()
                || first == 0
                || first >= 224
                || is_shared
                || is_benchmark
                || v4.octets()[..3] == [192, 0, 0]
        }
        Err(v6) => {
            let is_site_local = v6.segments()[0] & 0xffc0 == 0xfec0;
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_unique_local()
                || v6.is_multicast()
                || is_site_local
        }
    }
}

/// The IPv4 address that this is, or that it leads to; else the IPv6 address.
fn v4_of(ip: IpAddr) -> Result<Ipv4Addr, Ipv6Addr> {
    match ip.to_canonical() {
        IpAddr::V4(v4) => Ok(v4),
        IpAddr::V6(v6) if v6.is_loopback() || v6.is_unspecified() => Err(v6),
        IpAddr::V6(v6) => inside(v6).ok_or(v6),
    }
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
        let access = Access::new(vec!["127.0.0.1:8899".parse().unwrap()], false);
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
            let verdict = access.judge(&address.parse().unwrap(), false);
            assert_eq!(verdict == Verdict::Allowed, allowed, "{address}");
        }
        let rerouted = access.judge(&"169.254.1.1:443".parse().unwrap(), true);
        assert_eq!(rerouted, Verdict::Allowed);
    }

    #[test]
    fn for_clients_elsewhere_private_networks_are_not_dialled() {
        let access = Access::new(vec!["0.0.0.0:8899".parse().unwrap()], true);
        for (address, verdict) in [
            ("127.0.0.1:8899", Verdict::Own),
            ("127.0.0.1:3306", Verdict::Private),
            ("[::1]:3306", Verdict::Private),
            ("[::ffff:10.1.2.3]:443", Verdict::Private),
            ("10.1.2.3:443", Verdict::Private),
            ("172.31.0.1:443", Verdict::Private),
            ("172.32.0.1:443", Verdict::Allowed),
            ("192.168.1.1:80", Verdict::Private),
            ("100.64.0.1:443", Verdict::Private),
            ("100.128.0.1:443", Verdict::Allowed),
            ("198.19.255.1:443", Verdict::Private),
            ("0.0.0.0:443", Verdict::Private),
            ("255.255.255.255:443", Verdict::Private),
            ("224.0.0.1:443", Verdict::Private),
            ("[fd12:3456::1]:443", Verdict::Private),
            ("[fec0::1]:443", Verdict::Private),
            ("[ff02::1]:443", Verdict::Private),
            ("[64:ff9b::10.1.2.3]:443", Verdict::Private),
            ("[2002:a01:203::1]:443", Verdict::Private),
            ("169.254.169.254:80", Verdict::Never),
            ("203.0.113.9:443", Verdict::Allowed),
            ("[2001:db8::1]:443", Verdict::Allowed),
        ] {
            assert_eq!(
                access.judge(&address.parse().unwrap(), false),
                verdict,
                "{address}"
            );
        }
        let rerouted = access.judge(&"10.1.2.3:443".parse().unwrap(), true);
        assert_eq!(rerouted, Verdict::Allowed);
    }
}
