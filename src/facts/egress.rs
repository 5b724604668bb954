//! What is known of the way out of one call: the addresses that were seen, and the list that they should be in.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::config::Network;

/// The way out of one call to the API.
#[derive(Clone, Default)]
pub struct Egress {
    /// Our own address on the upstream connection.
    pub local: Option<IpAddr>,
    /// Whether the call went over IPv6; `None`: no connection was made, or another proxy chose.
    pub over_v6: Option<bool>,
    /// The outbound address that was seen over the other family.
    pub other_family: Option<IpAddr>,
    /// Further addresses of this machine, over the call's family, that a client could bind.
    pub beside: Vec<IpAddr>,
    /// Whether the user set the family or the address with `-4`, `-6` or `--source-ip`.
    pub family_is_set: bool,
    /// Whether the API refused the call.
    pub is_refused: bool,
    /// The outbound addresses seen over the call's way, the likeliest first; empty: nobody saw one.
    pub seen: Vec<IpAddr>,
    /// Whether the API itself named the first of them in its reply.
    pub named_by_api: bool,
    /// What the user entered at NiceNIC; empty: not told.
    pub listed: Vec<Network>,
    /// The addresses of the user's website; empty: not told, or not found.
    pub site: Vec<IpAddr>,
    /// The outbound address of the last call that worked with this credential.
    pub last_good: Option<IpAddr>,
    /// Whether another proxy chooses the outbound address.
    pub behind_proxy: bool,
}

impl Egress {
    /// The address that the API most likely saw.
    pub fn outbound(&self) -> Option<IpAddr> {
        self.seen.first().copied()
    }

    /// Whether the address is in the list.
    pub fn lists(&self, address: IpAddr) -> bool {
        self.listed.iter().any(|network| network.contains(address))
    }

    /// Whether the outbound address is in the list; `None`: either is not known, or several addresses were seen and
    /// only some of them are listed.
    pub fn is_whitelisted(&self) -> Option<bool> {
        if self.listed.is_empty() {
            return None;
        }
        let mut listed = self.seen.iter().map(|address| self.lists(*address));
        let first = listed.next()?;
        (self.named_by_api || listed.all(|one| one == first)).then_some(first)
    }
}

/// Why no server on the Internet sees this address; `None`: it may.
pub fn unseen_range(address: IpAddr) -> Option<&'static str> {
    match address.to_canonical() {
        IpAddr::V4(v4) => unseen_v4(v4),
        IpAddr::V6(v6) => unseen_v6(v6),
    }
}

fn unseen_v4(address: Ipv4Addr) -> Option<&'static str> {
    let [first, second, ..] = address.octets();
    if address.is_loopback() {
        Some("this machine's own (loopback)")
    } else if address.is_private() {
        Some("private (RFC 1918)")
    } else if first == 100 && (64..128).contains(&second) {
        Some("shared by a provider's NAT (RFC 6598)")
    } else if address.is_link_local() {
        Some("link-local")
    } else {
        (address.is_unspecified() || address.is_multicast() || address.is_broadcast())
            .then_some("no machine's own")
    }
}

fn unseen_v6(address: Ipv6Addr) -> Option<&'static str> {
    if address.is_loopback() {
        Some("this machine's own (loopback)")
    } else if address.is_unique_local() {
        Some("private (RFC 4193)")
    } else if address.is_unicast_link_local() {
        Some("link-local")
    } else {
        (address.is_unspecified() || address.is_multicast()).then_some("no machine's own")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        let (address, prefix) = text.split_once('/').unwrap();
        Network {
            address: address.parse().unwrap(),
            prefix: prefix.parse().unwrap(),
        }
    }

    #[test]
    fn an_address_is_listed_or_not_or_not_known() {
        let egress = |seen: &[&str], listed: &[&str]| Egress {
            seen: seen.iter().map(|text| text.parse().unwrap()).collect(),
            listed: listed.iter().map(|text| network(text)).collect(),
            ..Egress::default()
        };
        let list = ["203.0.113.0/24"];
        assert_eq!(egress(&["203.0.113.9"], &list).is_whitelisted(), Some(true));
        assert_eq!(
            egress(&["198.51.100.1"], &list).is_whitelisted(),
            Some(false)
        );
        assert_eq!(egress(&["198.51.100.1"], &[]).is_whitelisted(), None);
        assert_eq!(egress(&[], &list).is_whitelisted(), None);
        let pool = egress(&["203.0.113.9", "198.51.100.1"], &list);
        assert_eq!(pool.is_whitelisted(), None);
        let named = Egress {
            named_by_api: true,
            ..pool
        };
        assert_eq!(named.is_whitelisted(), Some(true));
    }

    #[test]
    fn ranges_that_no_server_sees_are_known() {
        for (address, is_unseen) in [
            ("10.1.2.3", true),
            ("172.16.0.1", true),
            ("192.168.1.1", true),
            ("100.64.0.1", true),
            ("100.128.0.1", false),
            ("127.0.0.1", true),
            ("169.254.1.1", true),
            ("203.0.113.9", false),
            ("::1", true),
            ("fd00::1", true),
            ("fe80::1", true),
            ("::ffff:10.0.0.1", true),
            ("2001:db8::1", false),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(unseen_range(address).is_some(), is_unseen, "{address}");
        }
    }
}
