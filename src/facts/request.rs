//! What a request is: where it goes, its credential, its call, its parameters, its body.
use crate::clock::Time;
use crate::http1::RequestHead;
use crate::redact::seal::Raw;

use super::credential::Reading;
use super::params::{self, Param, Place};
use super::secrets::{self, Secret};
use super::{
    Agent, Authority, Authorization, Body, BodyInput, Call, ContentType, Credential, Flaws, Legacy,
    Misplaced, Review, Safety, Target, Via,
};

/// A request as it arrived.
pub struct Arrival<'a> {
    /// Where it goes.
    pub target: &'a Target,
    /// The head, as sent.
    pub head: &'a RequestHead,
    /// The target's path and query, as sent: the whole target in origin-form, what follows the authority else.
    pub path_and_query: &'a [u8],
    /// The server name of the TLS hello; `None` without TLS, or if it named none.
    pub sni: Option<&'a str>,
    /// When it arrived; `None` where nobody knows, as in a file.
    pub time: Option<Time>,
}

/// All facts of a request.
pub struct Request {
    /// Where it goes.
    pub target: Target,
    /// The method, as sent.
    pub method: Box<str>,
    /// The path, as sent, without query and fragment.
    pub path: Raw<Box<[u8]>>,
    /// Whether the Host header names another place than the target does.
    pub host_differs: bool,
    /// Whether the TLS hello named another host than the target does.
    pub sni_differs: bool,
    /// The name that differs, if one does; Host before the hello.
    pub other_name: Option<Raw<Box<str>>>,
    /// What the Authorization header holds; the first, if there are several.
    pub authorization: Authorization,
    /// The credential, if one could be read out of it.
    pub credential: Option<Credential>,
    /// What is odd about it.
    pub flaws: Flaws,
    /// How many Authorization headers there are.
    pub authorizations: usize,
    /// Where else a credential stands.
    pub misplaced: Option<Misplaced>,
    /// What belongs to the older API.
    pub legacy: Legacy,
    /// The parameters of the query, then those of the body.
    pub params: Vec<Param>,
    /// Which action is called.
    pub call: Call,
    /// The parameters against the catalogue.
    pub review: Review,
    /// The program that wrote it, as far as its name tells.
    pub agent: Agent,
    /// A header that only browsers send.
    pub browser_sign: Option<&'static str>,
    /// Whether Connection names Authorization, which is then taken off on the way.
    pub drops_authorization: bool,
    /// Whether it waits for `100 Continue` before it sends its body.
    pub expects_continue: bool,
    /// The Content-Type header.
    pub content_type: ContentType,
    /// The body.
    pub body: Body,
    /// All secrets in it, as far as they are known now.
    pub secrets: Vec<Secret>,
    /// What stands around it; nothing until the guard fills it in.
    pub safety: Safety,
    /// Whether a bug kept it from being looked into: then only what [`Request::unread`] says holds.
    pub is_unread: bool,
}

impl Request {
    /// Derives all facts. May be called again when the body is there.
    pub fn derive(arrival: &Arrival<'_>, body: BodyInput<'_>) -> Self {
        let (head, fields) = (arrival.head, arrival.head.fields());
        let (path, query) = split_target(arrival.path_and_query);
        let (mut params, mut secrets) = (Vec::with_capacity(8), Vec::with_capacity(2));
        secrets::learn_fields(fields, &mut secrets);
        if !head.target().starts_with(b"/") {
            secrets::learn_userinfo(head.target(), &mut secrets);
        }
        params::read(query, Place::Query, &mut params, &mut secrets);
        let content_type = ContentType::of(fields);
        let body = Body::read(body, fields, &content_type, &mut params, &mut secrets);
        let reading = Reading::of(fields.first("authorization"));
        let authorizations = fields.all("authorization").count();
        let call = Call::derive(&params, body.is_opaque());
        let other_host = other_host(arrival.target, head);
        let other_sni = arrival.sni.filter(|sni| {
            let sni = sni.strip_suffix('.').unwrap_or(sni);
            !sni.eq_ignore_ascii_case(arrival.target.authority.host())
        });
        let other_name = other_host
            .map(String::from_utf8_lossy)
            .or(other_sni.map(Into::into));
        Self {
            target: arrival.target.clone(),
            method: head.method().into(),
            path: Raw::new(path.into()),
            host_differs: other_host.is_some(),
            sni_differs: other_sni.is_some(),
            other_name: other_name.map(|name| Raw::new(name.into())),
            authorization: reading.authorization,
            credential: reading.credential,
            flaws: reading.flaws,
            authorizations,
            misplaced: Misplaced::find(head, arrival.target, &params),
            legacy: Legacy::of(&params, authorizations > 0, arrival.time),
            review: Review::of(&params, &call, arrival.path_and_query),
            agent: Agent::of(head),
            browser_sign: BROWSER_SIGNS
                .into_iter()
                .find(|name| fields.first(name).is_some()),
            drops_authorization: fields.lists("connection", "authorization"),
            expects_continue: head.expects_continue(),
            call,
            params,
            content_type,
            body,
            secrets,
            safety: Safety::default(),
            is_unread: false,
        }
    }

    /// What is left where deriving panicked: the place, and the riskiest reading of all else. Nobody knows what the
    /// call costs, whatever stands in Authorization is a credential, and a Host that is not letter for letter the
    /// target's is another one.
    pub fn unread(arrival: &Arrival<'_>) -> Self {
        let (head, target) = (arrival.head, arrival.target);
        let authority = &target.authority;
        let sent = head.fields().first("authorization");
        let is_same = |host: &[u8]| {
            host.eq_ignore_ascii_case(authority.host().as_bytes())
                || host.eq_ignore_ascii_case(authority.to_string().as_bytes())
        };
        Self {
            target: target.clone(),
            method: head.method().into(),
            path: Raw::new(Box::default()),
            host_differs: target.via != Via::Gateway
                && head
                    .fields()
                    .first("host")
                    .is_some_and(|host| !is_same(host)),
            sni_differs: arrival
                .sni
                .is_some_and(|sni| !sni.eq_ignore_ascii_case(authority.host())),
            other_name: None,
            authorization: sent.map_or(Authorization::Absent, |_| Authorization::NoColon),
            credential: sent.map(|value| Credential {
                username: Raw::new(Box::default()),
                secret: Raw::new(value.into()),
            }),
            flaws: Flaws::default(),
            authorizations: head.fields().all("authorization").count(),
            misplaced: None,
            legacy: Legacy::default(),
            params: Vec::new(),
            call: Call::unread(),
            review: Review::default(),
            agent: Agent::Other,
            browser_sign: None,
            drops_authorization: false,
            expects_continue: head.expects_continue(),
            content_type: ContentType::Absent,
            body: Body::Other,
            secrets: sent.map_or_else(Vec::new, secrets::of_unread),
            safety: Safety::default(),
            is_unread: true,
        }
    }

    /// Whether it is meant for the API: sent to it, to a name that resembles it, or in base-URL mode.
    pub fn is_for_api(&self) -> bool {
        self.target.is_api() || self.target.via == Via::Gateway || self.target.lookalike().is_some()
    }

    /// Whether there is an Authorization header with something in it.
    pub const fn has_authorization(&self) -> bool {
        !matches!(
            self.authorization,
            Authorization::Absent | Authorization::Empty
        )
    }

    /// Whether `category` is all that came: what a shell leaves of a URL with an unquoted `&`.
    pub fn has_only_category(&self) -> bool {
        let is_one =
            matches!((&self.params[..], &self.body), ([only], Body::None) if only.is("category"));
        is_one && self.review.url.is_none()
    }
}

fn split_target(target: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memchr(b'#', target).unwrap_or(target.len());
    let target = &target[..end];
    match memchr::memchr(b'?', target) {
        Some(question) => (&target[..question], &target[question + 1..]),
        None => (target, b""),
    }
}

/// The Host header, if it names another place. In base-URL mode it names the proxy itself.
fn other_host<'a>(target: &Target, head: &'a RequestHead) -> Option<&'a [u8]> {
    if target.via == Via::Gateway {
        return None;
    }
    let host = head.fields().first("host")?;
    let port = target.authority.port();
    let is_bare = host.eq_ignore_ascii_case(target.authority.host().as_bytes());
    // Without a port, Host means the scheme's own; a client that left another one out is understood all the same.
    let is_same = is_bare
        || Authority::parse(host, Some(port)).is_some_and(|named| named == target.authority);
    (!is_same).then_some(host)
}

/// Headers that browsers add by themselves, and nobody else has a reason to send. Not Sec-Fetch-Mode: the `fetch` of
/// Node sends that one too.
const BROWSER_SIGNS: [&str; 3] = ["Sec-Fetch-Site", "Sec-Fetch-Dest", "Origin"];

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::catalogue::Risk;
    use crate::facts::{JsonError, Scheme, SecretKind};
    use crate::http1::Limits;

    fn derive(head: &str, body: BodyInput<'_>) -> Request {
        derive_at("api.nicenic.net:443", Via::Connect, None, head, body)
    }

    fn derive_at(
        authority: &str,
        via: Via,
        sni: Option<&str>,
        head: &str,
        body: BodyInput<'_>,
    ) -> Request {
        let head = Bytes::copy_from_slice(head.replace('\n', "\r\n").as_bytes());
        let head = RequestHead::parse(head, &Limits::default()).ok().unwrap();
        let authority = Authority::parse(authority.as_bytes(), None).unwrap();
        let target = Target::new(authority, true, Some(Scheme::Https), via);
        let arrival = Arrival {
            target: &target,
            head: &head,
            path_and_query: head.target(),
            sni,
            time: None,
        };
        Request::derive(&arrival, body)
    }

    fn whole(text: &str) -> BodyInput<'_> {
        BodyInput::Seen {
            prefix: text.as_bytes(),
            whole: true,
        }
    }

    fn secrets(request: &Request) -> Vec<(SecretKind, &str)> {
        let secrets = request.secrets.iter();
        secrets
            .map(|secret| {
                (
                    secret.kind,
                    std::str::from_utf8(secret.value.expose()).unwrap(),
                )
            })
            .collect()
    }

    const GET: &str = "GET /v2/?category=domain&action=check&domains=a.com HTTP/1.1\n\
        Host: api.nicenic.net\nAuthorization: alice:s3cr3t\n\n";

    #[test]
    fn the_head_alone_tells_the_risk_of_a_query_call() {
        let request = derive(GET, BodyInput::None);
        assert_eq!(request.call.risk, Risk::Read);
        assert_eq!(&**request.path.expose(), b"/v2/");
        assert_eq!(secrets(&request), [(SecretKind::ApiSecret, "s3cr3t")]);
        assert!(!request.host_differs && !request.sni_differs);
        let pending = derive(GET, BodyInput::Pending);
        assert_eq!(pending.call.risk, Risk::Unknown);
    }

    #[test]
    fn a_body_can_make_a_call_riskier() {
        let post = GET.replace("GET", "POST");
        for (body, want) in [
            ("{\"action\":\"register\"}", Risk::Spend),
            ("{\"\\u0061ction\":\"register\"}", Risk::Spend),
            ("{\"action\":[\"check\",\"register\"]}", Risk::Spend),
            ("action=register", Risk::Spend),
            ("{\"a\":1}", Risk::Read),
            ("{'action':'register'}", Risk::Unknown),
        ] {
            assert_eq!(derive(&post, whole(body)).call.risk, want, "{body}");
        }
        let typed = post.replace("\n\n", "\nContent-Type: application/json\n\n");
        assert_eq!(
            derive(&typed, whole("action=register")).call.risk,
            Risk::Spend
        );
        let packed = post.replace("\n\n", "\nContent-Encoding: gzip\n\n");
        assert_eq!(derive(&packed, whole("\x1f")).call.risk, Risk::Unknown);
    }

    #[test]
    fn bodies_are_told_apart() {
        let json = "POST /v2/ HTTP/1.1\nHost: a\nContent-Type: application/json\n\n";
        let form =
            "POST /v2/ HTTP/1.1\nHost: a\nContent-Type: application/x-www-form-urlencoded\n\n";
        let bare = "POST /v2/ HTTP/1.1\nHost: a\n\n";
        for (head, body, want) in [
            (json, whole("{}"), "json"),
            (json, whole(""), "none"),
            (json, whole("{"), "bad 1:2"),
            (json, whole("a=b"), "bad 1:1"),
            (form, whole("a=b"), "form"),
            (form, whole("{\"a\":\"b\"}"), "json as form"),
            (bare, whole("{\"a\":1,}"), "bad 1:7"),
            (bare, whole("a=b"), "form"),
            (bare, whole("hello"), "other"),
            (
                json,
                BodyInput::Seen {
                    prefix: b"{\"a\"",
                    whole: false,
                },
                "other",
            ),
            (json, BodyInput::Pending, "pending"),
            (json, whole(""), "none"),
            // Java's HttpClient gives each GET a Content-Length of 0.
            (
                json,
                BodyInput::Decoded {
                    prefix: b"",
                    whole: true,
                },
                "none",
            ),
        ] {
            let have = match derive(head, body).body {
                Body::None => "none".to_owned(),
                Body::Pending => "pending".to_owned(),
                Body::Json(_) => "json".to_owned(),
                Body::JsonAsForm => "json as form".to_owned(),
                Body::Mislabelled => "mislabelled".to_owned(),
                Body::BadJson(JsonError { line, column, .. }) => format!("bad {line}:{column}"),
                Body::Form => "form".to_owned(),
                Body::Other => "other".to_owned(),
            };
            assert_eq!(have, want);
        }
    }

    #[test]
    fn secrets_are_found_wherever_they_stand() {
        let head = "POST /v2/?category=domain&authcode=E%2B1 HTTP/1.1\nHost: a\n\
            Authorization: Basic YWxpY2U6czNjcjN0\nAuthorization: bob:0th3r\nCookie: a=b\n\
            Content-Type: application/json\n\n";
        let body =
            "{\"x\":[{\"password\":\"a\\nb\"},{\"token\":[\"t1\",{\"y\":42}]}],\"z\":\"open\"}";
        assert_eq!(
            secrets(&derive(head, whole(body))),
            [
                (SecretKind::Authorization, "YWxpY2U6czNjcjN0"),
                (SecretKind::ApiSecret, "s3cr3t"),
                (SecretKind::ApiSecret, "0th3r"),
                (SecretKind::Cookie, "b"),
                (SecretKind::Parameter, "E+1"),
                (SecretKind::Parameter, "a\nb"),
                (SecretKind::Parameter, "t1"),
                (SecretKind::Parameter, "42"),
            ]
        );
    }

    #[test]
    fn names_are_compared_with_the_target() {
        let differs = |authority, via, sni, host: &str| {
            let head = GET.replace("Host: api.nicenic.net", &format!("Host: {host}"));
            let request = derive_at(authority, via, sni, &head, BodyInput::None);
            (request.host_differs, request.sni_differs)
        };
        let api = "api.nicenic.net:443";
        for (host, want) in [
            ("api.nicenic.net", false),
            ("API.nicenic.net.", false),
            ("api.nicenic.net:443", false),
            ("api.nicenic.net:8443", true),
            ("sandbox-api.nicenic.net", true),
        ] {
            assert_eq!(
                differs(api, Via::Connect, None, host),
                (want, false),
                "{host}"
            );
        }
        let same = "api.nicenic.net";
        assert_eq!(
            differs(api, Via::Connect, Some("API.nicenic.net"), same),
            (false, false)
        );
        assert_eq!(
            differs(api, Via::Connect, Some("nicenic.net"), same),
            (false, true)
        );
        assert_eq!(
            differs(api, Via::Gateway, None, "127.0.0.1:8899"),
            (false, false)
        );
        assert_eq!(
            differs("api.nicenic.net:8443", Via::Connect, None, same),
            (false, false)
        );
    }
}
