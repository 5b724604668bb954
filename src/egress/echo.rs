//! What an echo service answers: exactly one address, in one of three forms. Everything else is refused with a reason.
use std::net::IpAddr;

use serde::Deserialize;

/// Reads the answer of an echo service: an address alone, `{"ip":"…"}`, or `key=value` lines with one `ip=`.
///
/// A login page of a captive portal, or a provider's error page, must never pass for an address: HTML is refused, and
/// so is anything around the address.
pub(super) fn read(body: &[u8]) -> Result<IpAddr, &'static str> {
    let text = std::str::from_utf8(body)
        .map_err(|_| "answered with something that is no text")?
        .trim_ascii();
    if text.is_empty() {
        return Err("answered with nothing");
    }
    if text.starts_with('<') {
        return Err(
            "answered with a web page: a captive portal or a provider's proxy may stand between",
        );
    }
    let address = if text.starts_with('{') {
        in_json(text)
    } else if text.contains('=') {
        in_pairs(text)
    } else {
        text.parse().ok()
    };
    let address: IpAddr = address.ok_or("answered with something that is not one IP address")?;
    let address = address.to_canonical();
    if address.is_unspecified() || address.is_multicast() || address == BROADCAST {
        return Err("answered with an address that nobody can have");
    }
    Ok(address)
}

fn in_json(text: &str) -> Option<IpAddr> {
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(borrow)]
        ip: &'a str,
    }
    let answer: Answer<'_> = serde_json::from_str(text).ok()?;
    answer.ip.parse().ok()
}

fn in_pairs(text: &str) -> Option<IpAddr> {
    let mut found = None;
    for line in text.lines() {
        let (key, value) = line.split_once('=')?;
        if key == "ip" && found.replace(value.trim_ascii().parse().ok()?).is_some() {
            return None;
        }
    }
    found
}

/// The one address that a message of the API names, such as "Invalid request IP: 203.0.113.9". Two are none: which of
/// them it saw would be a guess.
pub fn named_in(message: &str) -> Option<IpAddr> {
    let is_part = |letter: char| letter.is_ascii_hexdigit() || matches!(letter, '.' | ':');
    let mut found = None;
    for word in message.split(|letter| !is_part(letter)) {
        let word = word.trim_matches('.');
        let address = word
            .parse::<IpAddr>()
            .or_else(|_| word.trim_matches(':').parse());
        let Ok(address) = address else { continue };
        let address = address.to_canonical();
        if address.is_unspecified() || found.is_some_and(|before| before != address) {
            return None;
        }
        found = Some(address);
    }
    found
}

const BROADCAST: IpAddr = IpAddr::V4(std::net::Ipv4Addr::BROADCAST);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn three_forms_are_read_and_nothing_else() {
        for (body, want) in [
            ("203.0.113.9", Some("203.0.113.9")),
            ("203.0.113.9\n", Some("203.0.113.9")),
            (" 2001:db8::9\r\n", Some("2001:db8::9")),
            ("::ffff:203.0.113.9", Some("203.0.113.9")),
            ("{\"ip\":\"203.0.113.9\"}", Some("203.0.113.9")),
            (
                "{\"country\":\"DE\",\"ip\":\"2001:db8::9\"}\n",
                Some("2001:db8::9"),
            ),
            ("fl=1\nip=203.0.113.9\nts=1.5\n", Some("203.0.113.9")),
            ("", None),
            ("<html>203.0.113.9</html>", None),
            ("  <!doctype html>", None),
            ("Your IP is 203.0.113.9", None),
            ("203.0.113.9 203.0.113.10", None),
            ("203.0.113.9\n203.0.113.10", None),
            ("203.0.113.9:443", None),
            ("203.0.113.999", None),
            ("203.0.113.09", None),
            ("{\"ip\":203}", None),
            ("{\"ip\":\"203.0.113.9\"", None),
            ("{\"address\":\"203.0.113.9\"}", None),
            ("ip=203.0.113.9\nip=203.0.113.10", None),
            ("ip=203.0.113.9\nand more", None),
            ("fl=1\nts=2", None),
            ("0.0.0.0", None),
            ("255.255.255.255", None),
            ("ff02::1", None),
            ("fe80::1%eth0", None),
        ] {
            let read = read(body.as_bytes())
                .ok()
                .map(|address| address.to_string());
            assert_eq!(read.as_deref(), want, "{body}");
        }
        assert!(read(b"\xff\xfe").is_err());
    }

    #[test]
    fn an_address_in_a_message_is_found_if_it_is_the_only_one() {
        for (message, want) in [
            ("Invalid request IP: 203.0.113.9", Some("203.0.113.9")),
            ("called from IP 203.0.113.9.", Some("203.0.113.9")),
            ("IP[203.0.113.9] not allowed", Some("203.0.113.9")),
            ("ip:203.0.113.9, denied", Some("203.0.113.9")),
            ("203.0.113.9 is not 203.0.113.9", Some("203.0.113.9")),
            ("from 2001:db8::9: denied", Some("2001:db8::9")),
            ("203.0.113.9 is not 203.0.113.10", None),
            ("Request parameter error", None),
            ("version 1.2.3", None),
            ("at 12:01:07", None),
            ("code: :: bad", None),
            ("", None),
        ] {
            let named = named_in(message).map(|address| address.to_string());
            assert_eq!(named.as_deref(), want, "{message}");
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_the_readers_panic(
            body in prop::collection::vec(any::<u8>(), 0..80),
            text in "[0-9a-f.:=\\[\\]{}\"ip \n]{0,60}",
        ) {
            let _ = read(&body);
            let _ = read(text.as_bytes());
            named_in(&text);
        }
    }
}
