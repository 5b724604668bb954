//! Heads as they go on: byte for byte what came, but for what belongs to one hop only. What is changed is named.
use bytes::{BufMut, Bytes, BytesMut};
use zeroize::Zeroizing;

use crate::facts::{Authority, Scheme};
use crate::http1::{Fields, ReplyHead, RequestHead};
use crate::record::Word;

/// A head to send, and what was changed in it.
pub(super) struct Forwarded {
    pub(super) bytes: BytesMut,
    pub(super) fidelity: Vec<Word>,
}

/// Which Host goes on.
#[derive(Clone, Copy)]
pub(super) enum HostField<'a> {
    /// The client's own.
    AsSent,
    /// The base URL's: the client's names the proxy.
    Of(Scheme, &'a Authority),
}

/// The request's head as it goes to the origin. `target` is what stands in the request line.
pub(super) fn request(head: &RequestHead, target: &[u8], host: HostField<'_>) -> Forwarded {
    let mut out = BytesMut::with_capacity(head.bytes().len() + 64);
    let mut fidelity = Vec::new();
    out.put_slice(head.method().as_bytes());
    out.put_u8(b' ');
    let bare = target.split(|byte| *byte == b'#').next().unwrap_or(target);
    if bare.len() < target.len() {
        fidelity.push("fragment of the target removed".into());
    }
    out.put_slice(bare);
    out.put_u8(b' ');
    out.put_slice(head.version().as_bytes());
    out.put_slice(b"\r\n");

    let hop = Hop::of(head.fields(), is_websocket(head.fields()));
    let mut host_sent = false;
    for (name, line) in head.fields().lines() {
        match host {
            HostField::Of(scheme, authority) if name.eq_ignore_ascii_case("host") => {
                put_host(&mut out, name, scheme, authority);
                fidelity.push("Host replaced by the base URL's".into());
                host_sent = true;
            }
            _ => hop.put(&mut out, &mut fidelity, name, line),
        }
    }
    if let (HostField::Of(scheme, authority), false) = (host, host_sent) {
        put_host(&mut out, "Host", scheme, authority);
        fidelity.push("Host added: the base URL's".into());
    }
    out.put_slice(b"\r\n");
    Forwarded {
        bytes: out,
        fidelity,
    }
}

/// A target as another proxy wants it: a whole URL.
pub(super) fn absolute(scheme: Scheme, authority: &Authority, target: &[u8]) -> BytesMut {
    let mut url = BytesMut::with_capacity(target.len() + 64);
    if memchr::memmem::find(target, b"://").is_some_and(|at| !target[..at].contains(&b'/')) {
        url.put_slice(target);
        return url;
    }
    url.put_slice(scheme.word().as_bytes());
    url.put_slice(b"://");
    url.put_slice(host_of(scheme, authority).as_bytes());
    // `OPTIONS *` has no path (RFC 9112 section 3.2.4).
    if target != b"*" {
        url.put_slice(target);
    }
    url
}

/// Adds what another proxy wants to know, and names what was changed for it.
pub(super) fn for_proxy(head: &mut Forwarded, login: Option<Zeroizing<String>>) {
    head.fidelity
        .push("target made a whole URL for the upstream proxy".into());
    if let Some(field) = login {
        head.bytes.truncate(head.bytes.len() - b"\r\n".len());
        head.bytes.put_slice(field.as_bytes());
        head.bytes.put_slice(b"\r\n");
        head.fidelity
            .push("Proxy-Authorization added for the upstream proxy".into());
    }
}

/// The reply's head as it goes to the client; `annotation`: the codes of findings to tell it.
pub(super) fn reply(head: &ReplyHead, annotation: Option<&str>) -> Forwarded {
    let fields = head.fields();
    let both_lengths =
        fields.first("transfer-encoding").is_some() && fields.first("content-length").is_some();
    let hop = Hop::of(fields, head.status() == 101);
    if !both_lengths && hop.is_plain() && annotation.is_none() {
        return Forwarded {
            bytes: BytesMut::from(&head.bytes()[..]),
            fidelity: Vec::new(),
        };
    }
    let mut out = BytesMut::with_capacity(head.bytes().len());
    let mut fidelity = Vec::new();
    out.put_slice(head.status_line());
    for (name, line) in fields.lines() {
        if both_lengths && name.eq_ignore_ascii_case("content-length") {
            fidelity.push("reply: Content-Length beside Transfer-Encoding removed".into());
            continue;
        }
        hop.put(&mut out, &mut fidelity, name, line);
    }
    if let Some(codes) = annotation {
        out.put_slice(b"Nicetap-Findings: ");
        out.put_slice(codes.as_bytes());
        out.put_slice(b"\r\n");
        fidelity.push("reply: Nicetap-Findings added".into());
    }
    out.put_slice(b"\r\n");
    Forwarded {
        bytes: out,
        fidelity,
    }
}

/// Whether the request asks for a websocket.
pub(super) fn is_websocket(fields: &Fields) -> bool {
    fields.lists("connection", "upgrade") && fields.lists("upgrade", "websocket")
}

/// The end-to-end field that `Connection` names, if any: removing it would change what the API reads.
pub(super) fn connection_names_a_vital_field(fields: &Fields) -> bool {
    fields
        .members("connection")
        .any(|member| VITAL.iter().any(|vital| member.eq_ignore_ascii_case(vital)))
}

/// What belongs to this hop only (RFC 9110 section 7.6.1).
///
/// The legs mirror each other one to one, and bodies keep their framing, so that `Connection: close` and
/// `keep-alive`, `Keep-Alive` and `TE` are as true on the other leg, and go on as they are.
struct Hop<'a> {
    removed: Vec<&'a str>,
    kept_options: Vec<&'a str>,
    connection_is_plain: bool,
}

impl<'a> Hop<'a> {
    fn of(fields: &'a Fields, upgrades: bool) -> Self {
        let (mut removed, mut kept_options, mut connection_is_plain) =
            (Vec::new(), Vec::new(), true);
        for option in fields.members("connection") {
            let mirrored = MIRRORED
                .iter()
                .any(|kept| option.eq_ignore_ascii_case(kept));
            if mirrored || (upgrades && option.eq_ignore_ascii_case("upgrade")) {
                kept_options.push(option);
            } else {
                removed.push(option);
                connection_is_plain = false;
            }
        }
        removed.extend(ONE_HOP);
        if !upgrades {
            removed.extend(["Upgrade", "HTTP2-Settings"]);
        }
        Self {
            removed,
            kept_options,
            connection_is_plain,
        }
    }

    /// Whether nothing of a reply has to be removed. Fields of one hop that a reply holds unnamed do no harm.
    const fn is_plain(&self) -> bool {
        self.connection_is_plain
    }

    fn put(&self, out: &mut BytesMut, fidelity: &mut Vec<Word>, name: &str, line: &[u8]) {
        if name.eq_ignore_ascii_case("connection") && !self.connection_is_plain {
            if !self.kept_options.is_empty() {
                out.put_slice(name.as_bytes());
                out.put_slice(b": ");
                out.put_slice(self.kept_options.join(", ").as_bytes());
                out.put_slice(b"\r\n");
            }
            fidelity.push("options of Connection removed (hop by hop)".into());
        } else if self
            .removed
            .iter()
            .any(|removed| name.eq_ignore_ascii_case(removed))
        {
            let known = ONE_HOP
                .iter()
                .chain(&["Upgrade", "HTTP2-Settings"])
                .find(|known| name.eq_ignore_ascii_case(known));
            fidelity.push(match known {
                Some(known) => format!("{known} removed (hop by hop)").into(),
                None => "a field named by Connection removed (hop by hop)".into(),
            });
        } else {
            out.put_slice(line);
        }
    }
}

fn put_host(out: &mut BytesMut, name: &str, scheme: Scheme, authority: &Authority) {
    out.put_slice(name.as_bytes());
    out.put_slice(b": ");
    out.put_slice(host_of(scheme, authority).as_bytes());
    out.put_slice(b"\r\n");
}

/// Host and port, without the scheme's own port.
fn host_of(scheme: Scheme, authority: &Authority) -> String {
    let text = authority.to_string();
    match text.rsplit_once(':') {
        Some((host, _)) if authority.port() == scheme.default_port() => host.to_owned(),
        _ => text,
    }
}

/// An absolute target, split.
pub(super) struct Absolute {
    pub(super) scheme: Scheme,
    pub(super) authority: Authority,
    /// Path and query; `/` where the URL has none.
    pub(super) path_and_query: Bytes,
}

/// Splits `http://host/path?query`; `None` if it is no URL of HTTP with a sound host.
pub(super) fn split_absolute(target: &[u8]) -> Option<Absolute> {
    let colon = memchr::memmem::find(target, b"://")?;
    let scheme = match &target[..colon] {
        word if word.eq_ignore_ascii_case(b"http") => Scheme::Http,
        word if word.eq_ignore_ascii_case(b"https") => Scheme::Https,
        _ => return None,
    };
    let rest = &target[colon + 3..];
    let end = rest
        .iter()
        .position(|byte| matches!(byte, b'/' | b'?' | b'#'))
        .unwrap_or(rest.len());
    let host = match memchr::memrchr(b'@', &rest[..end]) {
        Some(at) => &rest[at + 1..end],
        None => &rest[..end],
    };
    let authority = Authority::parse(host, Some(scheme.default_port()))?;
    let mut path_and_query = BytesMut::with_capacity(rest.len() - end + 1);
    if rest.get(end) != Some(&b'/') {
        path_and_query.put_u8(b'/');
    }
    path_and_query.put_slice(&rest[end..]);
    Some(Absolute {
        scheme,
        authority,
        path_and_query: path_and_query.freeze(),
    })
}

/// Options of Connection that are as true on the other leg.
const MIRRORED: [&str; 3] = ["close", "keep-alive", "te"];
/// Fields that never leave this hop, named by Connection or not.
const ONE_HOP: [&str; 2] = ["Proxy-Connection", "Proxy-Authorization"];
/// Fields that no proxy may take out of a request to this API.
const VITAL: [&str; 7] = [
    "authorization",
    "host",
    "content-type",
    "content-length",
    "transfer-encoding",
    "content-encoding",
    "cookie",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http1::Limits;

    fn forwarded(fields: &str) -> (String, Vec<Word>) {
        let text = format!("GET http://a/x?y#z HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
        let head = RequestHead::parse(Bytes::from(text), &Limits::default())
            .ok()
            .unwrap();
        let sent = request(&head, b"/x?y", HostField::AsSent);
        (
            String::from_utf8(sent.bytes.to_vec()).unwrap(),
            sent.fidelity,
        )
    }

    #[test]
    fn what_holds_on_both_legs_goes_on_as_it_is() {
        let fields =
            "Connection: keep-alive\r\nTE: trailers\r\nKeep-Alive: timeout=5\r\nX-a:  b \r\n";
        let (sent, fidelity) = forwarded(fields);
        assert_eq!(
            sent,
            format!("GET /x?y HTTP/1.1\r\nHost: a\r\n{fields}\r\n")
        );
        assert!(fidelity.is_empty());
    }

    #[test]
    fn what_belongs_to_one_hop_stays_here_and_is_named() {
        let (sent, fidelity) = forwarded(
            "Proxy-Connection: Keep-Alive\r\nConnection: close, X-Mine\r\nx-mine: 1\r\nUpgrade: h2c\r\nB: c\r\n",
        );
        assert_eq!(
            sent,
            "GET /x?y HTTP/1.1\r\nHost: a\r\nConnection: close\r\nB: c\r\n\r\n"
        );
        assert_eq!(fidelity.len(), 4, "{fidelity:?}");
    }

    #[test]
    fn an_absolute_target_is_split() {
        let split = split_absolute(b"HTTP://u:p@API.nicenic.net:8080?a=b").unwrap();
        assert_eq!(
            (split.scheme, split.authority.to_string().as_str()),
            (Scheme::Http, "api.nicenic.net:8080")
        );
        assert_eq!(&split.path_and_query[..], b"/?a=b");
        assert!(split_absolute(b"ftp://a/").is_none());
        assert!(split_absolute(b"http://a b/").is_none());
    }
}
