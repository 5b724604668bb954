//! Further addresses of this machine that a client could bind: behind a proxy its own choice no longer counts.
use std::net::IpAddr;

use if_addrs::Interface;

use crate::facts::unseen_range;

/// What this machine has; nothing, if it does not tell.
pub(super) fn interfaces() -> Vec<Interface> {
    if_addrs::get_if_addrs().unwrap_or_default()
}

/// Whether an interface of this machine has it.
pub(crate) fn is_of_this_machine(ip: IpAddr) -> bool {
    interfaces().iter().any(|it| it.ip() == ip)
}

/// The other IPv4 addresses of the interface with this one. IPv6's are left out: a machine has many, and temporary ones.
/// So are those of the other sort, private or not: a NAT or a container has them.
pub(super) fn beside(local: IpAddr, interfaces: &[Interface]) -> Vec<IpAddr> {
    let Some(own) = interfaces.iter().find(|it| it.ip() == local) else {
        return Vec::new();
    };
    let is_unseen = |ip| unseen_range(ip).is_some();
    let on_it = interfaces.iter().filter(|it| device(it) == device(own));
    let others = on_it.map(Interface::ip);
    let others = others.filter(|ip| *ip != local && ip.is_ipv4() && local.is_ipv4());
    others
        .filter(|ip| is_unseen(*ip) == is_unseen(local))
        .collect()
}

/// Old tools give each further address a name of its own, such as `eth0:1`.
fn device(interface: &Interface) -> &str {
    let name = interface.name.as_str();
    name.split_once(':').map_or(name, |(device, _)| device)
}

#[cfg(test)]
mod tests {
    use if_addrs::{IfAddr, IfOperStatus, Ifv4Addr, Ifv6Addr};

    use super::*;

    fn interface(name: &str, address: &str) -> Interface {
        let addr = match address.parse().unwrap() {
            IpAddr::V4(ip) => IfAddr::V4(Ifv4Addr {
                ip,
                netmask: [255, 255, 255, 0].into(),
                prefixlen: 24,
                broadcast: None,
            }),
            IpAddr::V6(ip) => IfAddr::V6(Ifv6Addr {
                ip,
                netmask: [0; 16].into(),
                prefixlen: 64,
                broadcast: None,
            }),
        };
        Interface {
            name: name.to_owned(),
            addr,
            index: None,
            oper_status: IfOperStatus::Up,
            is_p2p: false,
        }
    }

    #[test]
    fn only_further_ipv4_addresses_of_the_same_interface_and_sort_count() {
        let all = [
            interface("lo", "127.0.0.1"),
            interface("eth0", "203.0.113.9"),
            interface("eth0:1", "203.0.113.10"),
            interface("eth0", "198.51.100.4"),
            interface("eth0", "10.0.0.5"),
            interface("eth0", "2001:db8::5"),
            interface("docker0", "172.17.0.1"),
        ];
        let beside = |local: &str| -> Vec<String> {
            let found = beside(local.parse().unwrap(), &all);
            found.iter().map(ToString::to_string).collect()
        };
        assert_eq!(beside("203.0.113.10"), ["203.0.113.9", "198.51.100.4"]);
        let none: [&str; 0] = [];
        for local in ["10.0.0.5", "2001:db8::5", "172.17.0.1", "192.0.2.1"] {
            assert_eq!(beside(local), none, "{local}");
        }
    }

    #[test]
    fn this_machine_tells_its_interfaces() {
        let found = interfaces();
        assert!(found.iter().any(|it| it.ip().is_loopback()), "{found:?}");
    }
}
