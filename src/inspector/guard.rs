//! Who may ask: checked before anything else looks at a request.
//!
//! A page elsewhere can make a browser send requests here: through a name of its own that leads to this machine (DNS
//! rebinding), or across origins. Hence the name in `Host`, and `Origin` where there is one; hence a token that no
//! browser sends by itself, and no cookies.
use std::sync::Arc;

use axum::extract::{Extension, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::Inspector;

/// Whether the request may see records. Set by [`check`].
#[derive(Clone, Copy)]
pub(super) struct MayRead(pub(super) bool);

/// Lets through what may pass, and gives every answer its protecting headers.
pub(super) async fn check(
    State(inspector): State<Arc<Inspector>>,
    mut request: Request,
    next: Next,
) -> Response {
    let mut response = match judge(&inspector, &request) {
        Err(refused) => refused.say(&inspector),
        Ok(may_read) => {
            request.extensions_mut().insert(may_read);
            next.run(request).await
        }
    };
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Lets through who may read records.
pub(super) async fn only_readers(
    State(inspector): State<Arc<Inspector>>,
    Extension(may): Extension<MayRead>,
    request: Request,
    next: Next,
) -> Response {
    if may.0 {
        next.run(request).await
    } else {
        token_wanted(&inspector)
    }
}

/// What is said to those who lack the token.
pub(super) fn token_wanted(inspector: &Inspector) -> Response {
    let why = inspector.lock.others.as_deref();
    let error = match why {
        Some(why) => format!("{why}, so that reading wants the token"),
        None => "this wants the token".to_owned(),
    };
    problem(StatusCode::UNAUTHORIZED, &error, TOKEN_HINT)
}

/// An error as JSON: what, and what to do.
pub(super) fn problem(status: StatusCode, error: &str, hint: &str) -> Response {
    (
        status,
        super::api::json(&json!({ "error": error, "hint": hint })),
    )
        .into_response()
}

/// Why a request is not answered.
enum Refused {
    Host,
    Origin,
    Token,
}

impl Refused {
    fn say(&self, inspector: &Inspector) -> Response {
        let (error, hint) = match self {
            Self::Host => (
                "this Host is not answered here",
                "use http://127.0.0.1:PORT, through `ssh -L` too",
            ),
            Self::Origin => (
                "this Origin is not answered here",
                "only the inspector's own page may ask",
            ),
            Self::Token => return token_wanted(inspector),
        };
        problem(StatusCode::FORBIDDEN, error, hint)
    }
}

fn judge(inspector: &Inspector, request: &Request) -> Result<MayRead, Refused> {
    let host = host(request).ok_or(Refused::Host)?;
    if !is_own_origin(request.headers(), host) {
        return Err(Refused::Origin);
    }
    let given = request.headers().get(&TOKEN);
    let has_token = given.is_some_and(|given| inspector.lock.fits(given.as_bytes()));
    let is_change = !matches!(*request.method(), Method::GET | Method::HEAD);
    if is_change && !has_token {
        return Err(Refused::Token);
    }
    Ok(MayRead(has_token || inspector.lock.others.is_none()))
}

/// The `Host`, if it names this machine; the port does not count, so that `ssh -L` works.
fn host(request: &Request) -> Option<&str> {
    let mut hosts = request.headers().get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return None;
    };
    let host = host.to_str().ok().filter(|host| names_us(host))?;
    let target = request.uri().authority();
    target
        .is_none_or(|target| names_us(target.as_str()))
        .then_some(host)
}

fn names_us(authority: &str) -> bool {
    let end = authority.rfind(']').map_or(0, |end| end + 1);
    let name = match authority[end..].find(':') {
        Some(colon) => {
            let port = &authority[end + colon + 1..];
            if !port.bytes().all(|byte| byte.is_ascii_digit()) {
                return false;
            }
            &authority[..end + colon]
        }
        None => authority,
    };
    OWN_NAMES.iter().any(|own| own.eq_ignore_ascii_case(name))
}

/// A page that asks must be one of this very host.
fn is_own_origin(headers: &HeaderMap, host: &str) -> bool {
    headers.get_all(ORIGIN).iter().all(|origin| {
        let origin = origin.to_str().unwrap_or_default();
        let authority = origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"));
        authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
    })
}

pub(super) const TOKEN: HeaderName = HeaderName::from_static("nicetap-token");
pub(super) const TOKEN_HINT: &str = "open the URL that nicetap printed, or send the text of HOME/ui-token as the header Nicetap-Token";
const OWN_NAMES: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];
const HEADERS: [(HeaderName, &str); 8] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];
/// Nothing but the page's own script, style and picture; no string becomes markup or code.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_named_at_any_port() {
        for host in [
            "127.0.0.1",
            "127.0.0.1:8900",
            "localhost:1",
            "LOCALHOST",
            "[::1]",
            "[::1]:8900",
        ] {
            assert!(names_us(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example:8900",
            "127.0.0.1:8900@evil.example",
            "127.0.0.1:x",
            "evil.example:127.0.0.1",
            "[::1].evil.example",
            "[::2]",
            "0.0.0.0:8900",
            "127.0.0.2",
        ] {
            assert!(!names_us(host), "{host}");
        }
    }

    #[test]
    fn only_the_own_page_may_ask() {
        let asks = |origin: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ORIGIN, HeaderValue::from_static(origin));
            is_own_origin(&headers, "127.0.0.1:8900")
        };
        assert!(is_own_origin(&HeaderMap::new(), "127.0.0.1:8900"));
        assert!(asks("http://127.0.0.1:8900"));
        for origin in ["null", "http://evil.example", "http://127.0.0.1:3000", ""] {
            assert!(!asks(origin), "{origin}");
        }
    }
}
