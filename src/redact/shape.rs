//! What is said of contact data instead of showing it: enough to see what is wrong with it.
use super::mark::length;
use super::names::Contact;

/// `‹pii:phone·+86.… form ok·15›`
pub(super) fn contact(field: Contact, value: &[u8]) -> String {
    let length = length(value);
    let form = match field.kind {
        "phone" => Some(phone(value)),
        "email" => Some(email(value).to_owned()),
        _ => None,
    };
    let form = form.map(|form| format!("·{form}")).unwrap_or_default();
    let limit = field
        .limit
        .filter(|limit| length > *limit)
        .map(|limit| format!(", limit {limit}"))
        .unwrap_or_default();
    format!("‹pii:{}{form}·{length}{limit}›", field.name)
}

/// `‹pii:phone›`
pub(super) fn hidden(field: Contact) -> String {
    format!("‹pii:{}›", field.name)
}

/// `‹binary·1234 bytes›`
pub(super) fn binary(bytes: usize) -> String {
    format!("‹binary·{bytes} bytes›")
}

/// The documented form is `+CC.number`.
fn phone(value: &[u8]) -> String {
    let digits = |text: &[u8], count: std::ops::RangeInclusive<usize>| {
        count.contains(&text.len()) && text.iter().all(u8::is_ascii_digit)
    };
    let (country, number) = match memchr::memchr(b'.', value) {
        Some(dot) => (&value[..dot], &value[dot + 1..]),
        None => (value, &[][..]),
    };
    match country {
        [b'+', code @ ..] if digits(code, 1..=3) && digits(number, 4..=15) => {
            format!("+{}.… form ok", String::from_utf8_lossy(code))
        }
        // An unescaped plus sign in a query is a blank.
        [b' ', code @ ..] if digits(code, 1..=3) => "+ became a space".to_owned(),
        _ => "not +CC.number".to_owned(),
    }
}

fn email(value: &[u8]) -> &'static str {
    let mut halves = value.split(|&byte| byte == b'@');
    match (halves.next(), halves.next(), halves.next()) {
        (Some([_, ..]), Some(domain), None) if memchr::memchr(b'.', domain).is_some() => "form ok",
        (_, None, _) => "no @",
        _ => "form not user@host",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_say_what_is_wrong_and_nothing_else() {
        for (name, kind, limit, value, want) in [
            (
                "phone",
                "phone",
                Some(30),
                "+86.13800000000",
                "‹pii:phone·+86.… form ok·15›",
            ),
            (
                "phone",
                "phone",
                Some(30),
                " 86.13800000000",
                "‹pii:phone·+ became a space·15›",
            ),
            (
                "fax",
                "phone",
                Some(30),
                "13800000000",
                "‹pii:fax·not +CC.number·11›",
            ),
            (
                "email",
                "email",
                None,
                "a@b.example",
                "‹pii:email·form ok·11›",
            ),
            ("email", "email", None, "nobody", "‹pii:email·no @·6›"),
            (
                "email",
                "email",
                None,
                "a@b@c",
                "‹pii:email·form not user@host·5›",
            ),
            ("name", "string", Some(16), "Jürgen Müller", "‹pii:name·13›"),
            (
                "name",
                "string",
                Some(16),
                "Maximilian Müller",
                "‹pii:name·17, limit 16›",
            ),
        ] {
            let field = Contact { name, kind, limit };
            assert_eq!(contact(field, value.as_bytes()), want);
        }
    }
}
