//! Finds what must not be shown in multipart bodies: the parts whose names say so.
use std::borrow::Cow;

use memchr::memmem;

use super::find::{Found, What, unescaped};
use super::names::{Names, Place};
use super::views::Escape;

/// Looks through the parts of a multipart body.
///
/// Neither boundary nor header need be sound. Nothing is read twice, so that the time is linear.
pub(super) fn parts(names: &Names, text: &[u8], found: &mut Vec<Found>) {
    let mut gaps = [b"\r\n\r\n", &b"\n\n"[..]].map(|gap| Next::new(text, gap));
    let mut ends = Next::new(text, b"\n--");
    let mut from = 0;
    while let Some(at) = memchr::memchr(b'=', &text[from..]) {
        let sign = from + at;
        from = sign + 1;
        let Some(is_extended) = is_name(&text[..sign]) else {
            continue;
        };
        let (name, length) = name_at(&text[from..], is_extended);
        from += length;
        let Some(what) = What::of(names.level(&String::from_utf8_lossy(&name), Place::Member))
        else {
            continue;
        };
        let Some(start) = gaps.iter_mut().filter_map(|gap| gap.end_after(from)).min() else {
            return;
        };
        let end = ends.start_after(start).unwrap_or(text.len());
        from = end;
        let end = start + text[start..end].trim_ascii_end().len();
        if start < end {
            found.push(Found::new(start..end, what, &text[start..end]));
        }
    }
}

/// Whether a parameter `name` ends here, or `name*`; `filename` is another one.
fn is_name(before: &[u8]) -> Option<bool> {
    let plain = before.strip_suffix(b"*");
    let (front, name) = plain.unwrap_or(before).split_last_chunk::<4>()?;
    let is_whole = front
        .last()
        .is_none_or(|byte| !byte.is_ascii_alphanumeric());
    (is_whole && name.eq_ignore_ascii_case(b"name")).then_some(plain.is_some())
}

/// The value of that parameter, and how many bytes it takes.
fn name_at(text: &[u8], is_extended: bool) -> (Cow<'_, [u8]>, usize) {
    let (value, front) = if let [quote @ (b'"' | b'\''), rest @ ..] = text {
        let is_end = |byte: &u8| byte == quote || *byte == b'\n';
        let end = rest.iter().position(is_end);
        (&rest[..end.unwrap_or(rest.len())], 1)
    } else {
        let is_end = |byte: &u8| b"; \r\n".contains(byte);
        let end = text.iter().position(is_end);
        (&text[..end.unwrap_or(text.len())], 0)
    };
    let length = front + value.len();
    if !is_extended {
        return (Cow::Borrowed(value), length);
    }
    // `utf-8'en'pass%77ord`
    let name = memchr::memrchr(b'\'', value).map_or(value, |quote| &value[quote + 1..]);
    (unescaped(name, Escape::Percent), length)
}

/// The next place of a sign; asked for places that come one behind the other.
struct Next<'a> {
    text: &'a [u8],
    sign: &'static [u8],
    /// `None`: there is no further one.
    at: Option<usize>,
}

impl<'a> Next<'a> {
    fn new(text: &'a [u8], sign: &'static [u8]) -> Self {
        let at = memmem::find(text, sign);
        Self { text, sign, at }
    }

    fn start_after(&mut self, place: usize) -> Option<usize> {
        if self.at? < place {
            self.at = memmem::find(&self.text[place..], self.sign).map(|at| place + at);
        }
        self.at
    }

    fn end_after(&mut self, place: usize) -> Option<usize> {
        self.start_after(place).map(|at| at + self.sign.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(text: &str) -> Vec<&str> {
        let mut found = Vec::new();
        parts(&Names::default(), text.as_bytes(), &mut found);
        found.into_iter().map(|found| &text[found.range]).collect()
    }

    #[test]
    fn parts_are_found_by_their_names() {
        for (head, want) in [
            ("name=\"password\"", true),
            ("name=password", true),
            ("name='password'; filename=a", true),
            ("filename=a; Name=\"password\"", true),
            ("name*=utf-8''pass%77ord", true),
            ("name*=\"UTF-8'en'password\"", true),
            ("name=\"file\"; filename=\"token\"", false),
            ("name=\"domain\"", false),
            ("name=", false),
        ] {
            let text = format!(
                "--b\r\nContent-Disposition: form-data; {head}\r\n\r\nhunter2\r\n--b\r\n\
                 Content-Disposition: form-data; name=x\r\n\r\nshown\r\n--b--\r\n"
            );
            let want: &[&str] = if want { &["hunter2"] } else { &[] };
            assert_eq!(hidden(&text), want, "{head}");
        }
        assert_eq!(hidden("name=token\n\na\nb"), ["a\nb"]);
        assert_eq!(hidden("name=token\n\n\n--name=token"), [""; 0]);
    }
}
