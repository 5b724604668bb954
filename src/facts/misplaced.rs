//! A credential that stands anywhere but in the Authorization header.
use crate::http1::RequestHead;
use crate::redact::seal::Raw;

use super::params::{Param, Place};
use super::{Target, Via};

/// Where a credential stands that the API looks for in the Authorization header.
pub enum Misplaced {
    /// In a header of another name.
    Header(Raw<Box<str>>),
    /// In Proxy-Authorization, which never reaches the API.
    ForProxy,
    /// In the URL, in front of the host: `https://user:secret@host/`.
    Url,
    /// In a parameter of the query.
    Query(Raw<Box<str>>),
    /// In a field of a form.
    Form(Raw<Box<str>>),
    /// In a member of a JSON body.
    Json(Raw<Box<str>>),
    /// In a cookie.
    Cookie(Raw<Box<str>>),
}

impl Misplaced {
    pub(super) fn find(head: &RequestHead, target: &Target, params: &[Param]) -> Option<Self> {
        let fields = head.fields();
        let misnamed = fields
            .iter()
            .find(|(name, value)| is_misnamed(name.as_bytes()) && !value.is_empty());
        if let Some((name, _)) = misnamed {
            return Some(Self::Header(Raw::new(name.into())));
        }
        let is_ours = matches!(target.via, Via::Absolute | Via::AbsoluteHttps);
        if !is_ours && fields.first("proxy-authorization").is_some() {
            return Some(Self::ForProxy);
        }
        if has_userinfo(head.target()) {
            return Some(Self::Url);
        }
        in_params(params).or_else(|| in_cookies(fields.first("cookie")?))
    }
}

/// Whether a header of this name is meant as Authorization: misspelt, or the name that another API has for it.
pub(super) fn is_misnamed(name: &[u8]) -> bool {
    let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
    if !name
        .iter()
        .any(|byte| matches!(byte, b'u' | b'U' | b'i' | b'I'))
        || is(AUTHORIZATION)
    {
        return false;
    }
    if OTHER_NAMES.iter().any(|known| is(known)) {
        return true;
    }
    let is_near = (11..=15).contains(&name.len()) && name[0].eq_ignore_ascii_case(&b'a');
    is_near
        && std::str::from_utf8(name)
            .is_ok_and(|name| strsim::osa_distance(&name.to_ascii_lowercase(), AUTHORIZATION) <= 2)
}

/// Whether a parameter of this name belongs to a login, as any API has one.
pub(super) fn is_of_login(name: &str) -> bool {
    let is = |known: &&str| name.trim_ascii().eq_ignore_ascii_case(known);
    is_login_name(name) || USER_PARAMS.iter().chain(&PASSWORD_PARAMS).any(is)
}

/// The name of a parameter that holds the secret half of a login by its own name alone.
fn is_login_name(name: &str) -> bool {
    let is = |known: &&str| name.trim_ascii().eq_ignore_ascii_case(known);
    SECRET_PARAMS.iter().any(is)
}

fn in_params(params: &[Param]) -> Option<Misplaced> {
    let is_one_of = |param: &Param, names: &[&str]| names.iter().any(|name| param.is(name));
    let is_set = |param: &&Param| !param.value.expose().is_empty();
    let has_user = || params.iter().any(|param| is_one_of(param, &USER_PARAMS));
    let found = params.iter().filter(is_set).find(|param| {
        is_one_of(param, &SECRET_PARAMS) || (is_one_of(param, &PASSWORD_PARAMS) && has_user())
    })?;
    let name = Raw::new(found.name.clone());
    Some(match found.place {
        Place::Query => Misplaced::Query(name),
        Place::Form => Misplaced::Form(name),
        Place::Json => Misplaced::Json(name),
    })
}

fn in_cookies(value: &[u8]) -> Option<Misplaced> {
    let text = std::str::from_utf8(value).ok()?;
    let mut names = text.split(';').filter_map(|cookie| cookie.split_once('='));
    let (name, _) = names.find(|(name, value)| {
        let is_authorization = name.trim().eq_ignore_ascii_case(AUTHORIZATION);
        !value.is_empty() && (is_authorization || is_login_name(name))
    })?;
    Some(Misplaced::Cookie(Raw::new(name.trim().into())))
}

fn has_userinfo(target: &[u8]) -> bool {
    if target.starts_with(b"/") {
        return false;
    }
    let Some(at) = memchr::memmem::find(target, b"://") else {
        return false;
    };
    let rest = &target[at + 3..];
    let end = rest
        .iter()
        .position(|byte| matches!(byte, b'/' | b'?' | b'#'))
        .unwrap_or(rest.len());
    memchr::memchr(b'@', &rest[..end]).is_some()
}

const AUTHORIZATION: &str = "authorization";
const OTHER_NAMES: [&str; 19] = [
    "auth",
    "authentication",
    "authenticate",
    "x-auth",
    "x-auth-token",
    "x-auth-key",
    "x-authorization",
    "x-authentication",
    "x-api-key",
    "x-apikey",
    "x-api-secret",
    "x-api-token",
    "api-key",
    "apikey",
    "api_key",
    "api-secret",
    "http_authorization",
    "http-authorization",
    "redirect_http_authorization",
];
const SECRET_PARAMS: [&str; 11] = [
    "authorization",
    "api_secret",
    "apisecret",
    "api_key",
    "apikey",
    "api_password",
    "apipassword",
    "secret",
    "token",
    "access_token",
    "auth_token",
];
const USER_PARAMS: [&str; 7] = [
    "username",
    "user",
    "user_name",
    "login",
    "api_user",
    "apiuser",
    "userid",
];
const PASSWORD_PARAMS: [&str; 4] = ["password", "passwd", "pass", "pwd"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_names_are_known_and_others_are_not() {
        for name in [
            "Authorisation",
            "Authorizaton",
            "Autorization",
            "Authorization-",
            "X-Authorization",
            "X-Api-Key",
            "Auth",
            "HTTP_AUTHORIZATION",
        ] {
            assert!(is_misnamed(name.as_bytes()), "{name}");
        }
        for name in [
            "Authorization",
            "Proxy-Authorization",
            "Accept-Encoding",
            "Accept-Language",
            "User-Agent",
            "Authority",
            "",
        ] {
            assert!(!is_misnamed(name.as_bytes()), "{name}");
        }
    }
}
