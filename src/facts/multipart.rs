//! Multipart form bodies: the names and values of their fields, for who reads them as parameters.
use super::params::{Param, Place};
use super::secrets::{Secret, SecretKind, is_secret_name};

/// Reads `multipart/form-data` parts as parameters; files and nameless parts are left out.
///
/// The boundary is the body's own first line: a reader may trust that or the Content-Type, and this one needs no sound
/// header.
pub(super) fn read(text: &[u8], params: &mut Vec<Param>, secrets: &mut Vec<Secret>) {
    let line_end = memchr::memchr(b'\n', text).unwrap_or(text.len());
    let boundary = text[..line_end].trim_ascii_end();
    if boundary.len() <= 2 || !boundary.starts_with(b"--") {
        return;
    }
    let finder = memchr::memmem::Finder::new(boundary);
    let mut from = boundary.len();
    while let Some(rest) = text.get(from..) {
        let length = finder.find(rest).unwrap_or(rest.len());
        if params.len() >= MOST_FIELDS {
            return;
        }
        read_part(&rest[..length], params, secrets);
        from += length + boundary.len();
    }
}

fn read_part(part: &[u8], params: &mut Vec<Param>, secrets: &mut Vec<Secret>) {
    let gap = |gap: &[u8]| memchr::memmem::find(part, gap).map(|at| (at, at + gap.len()));
    let Some((head_end, value_start)) = gap(b"\r\n\r\n").or_else(|| gap(b"\n\n")) else {
        return;
    };
    let Some(name) = name_of(&part[..head_end]) else {
        return;
    };
    let value = &part[value_start..];
    let value = value.strip_suffix(b"\n").unwrap_or(value);
    let value = value.strip_suffix(b"\r").unwrap_or(value);
    if is_secret_name(name) {
        Secret::learn(secrets, SecretKind::Parameter, value);
    }
    params.push(Param::new(Place::Form, name, value));
}

/// `name="…"` of a part's head; the quotes may be missing.
fn name_of(head: &[u8]) -> Option<&[u8]> {
    let lower = head.to_ascii_lowercase();
    let mut from = 0;
    loop {
        let at = from + memchr::memmem::find(&lower[from..], b"name=")?;
        from = at + 5;
        // `filename=` is another one.
        let before = at.checked_sub(1).map(|before| lower[before]);
        if before.is_some_and(|byte| byte.is_ascii_alphanumeric()) {
            continue;
        }
        let rest = &head[from..];
        let (quoted, ends): (_, &[u8]) = match rest.strip_prefix(b"\"") {
            Some(quoted) => (quoted, b"\""),
            None => (rest, b"; \r\n"),
        };
        let end = quoted.iter().position(|byte| ends.contains(byte));
        return Some(&quoted[..end.unwrap_or(quoted.len())]);
    }
}

const MOST_FIELDS: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_parameters_and_their_secrets_are_learned() {
        let (mut params, mut secrets) = (vec![], vec![]);
        let text = b"--x\r\nContent-Disposition: form-data; filename=\"f\"; name=\"action\"\r\n\r\nrenew\r\n\
            --x\nContent-Disposition: form-data; NAME=authcode\n\ne+1\n\
            --x\r\nContent-Disposition: form-data\r\n\r\nz\r\n--x--\r\n";
        read(text, &mut params, &mut secrets);
        let have: Vec<_> = params
            .iter()
            .map(|param| format!("{}={}", param.name, param.value.expose()))
            .collect();
        assert_eq!(have, ["action=renew", "authcode=e+1"]);
        assert_eq!(&**secrets[0].value.expose(), b"e+1");
        read(b"--", &mut params, &mut secrets);
        read(b"--x\n--x--x--x", &mut params, &mut secrets);
        assert_eq!(params.len(), 2);
    }
}
