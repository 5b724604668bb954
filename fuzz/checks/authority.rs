//! What a CONNECT names: no bytes make it panic, and what is read is what is dialled, written and read again.

use nicetap::facts::Authority;

pub(crate) fn check(input: &[u8]) {
    for default_port in [None, Some(443)] {
        let Some(authority) = Authority::parse(input, default_port) else {
            continue;
        };
        let host = authority.host();
        let is_sound = |byte: u8| {
            matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.') || authority.is_ip()
        };
        assert!(!host.is_empty() && host.bytes().all(is_sound), "{host}");
        assert!(!host.ends_with('.') && authority.port() > 0);
        let written = authority.to_string();
        let again = Authority::parse(written.as_bytes(), None);
        assert_eq!(again.as_ref(), Some(&authority), "{written}");
        assert!(authority.is_within(host));
        // A colon makes it an address, and an address is read by the standard library alike.
        assert!(!host.contains(':') || host.parse::<std::net::Ipv6Addr>().is_ok());
    }
}
