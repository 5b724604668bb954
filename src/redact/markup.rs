//! Finds what must not be shown in XML and HTML: `<name>value</name>`, attributes, and cells beside their labels.
use std::ops::Range;

use memchr::memmem;

use super::couples;
use super::find::{Found, What, unescaped};
use super::names::{Level, Names, Place};
use super::views::Escape;

/// Looks for `<name>value</name>`, `<param name="name">value</param>`, `<input name="name" value="value">`,
/// `<name>name</name><value>value</value>` and `<td>name</td><td>value</td>`.
///
/// Each tag is read once, and once more if others begin inside it, so that the time is linear.
pub(super) fn elements(names: &Names, text: &[u8], part: Range<usize>, found: &mut Vec<Found>) {
    let text = &text[..part.end];
    let mut scan = Scan {
        names,
        text,
        label: None,
        found,
    };
    let mut from = part.start;
    let mut tag_end = part.start;
    while let Some(at) = memchr::memchr(b'<', &text[from..]) {
        let start = from + at + 1;
        let is_first = tag_end <= start;
        if is_first {
            let Some(length) = memchr::memchr(b'>', &text[start..]) else {
                return;
            };
            tag_end = start + length;
        }
        let is_last = memchr::memchr(b'<', &text[start..tag_end]).is_none();
        let name = start..start + name_length(&text[start..tag_end]);
        let attributes = if is_first || is_last {
            name.end..tag_end
        } else {
            name.end..name.end
        };
        from = scan.element(name, attributes, tag_end).max(start);
    }
}

struct Scan<'a> {
    names: &'a Names,
    text: &'a [u8],
    /// A name that stood in a cell or member of its own: what comes next is its value.
    label: Option<Label>,
    found: &'a mut Vec<Found>,
}

struct Label {
    /// What it says of the value; `None`: nothing, but the name itself was hidden and need not be.
    what: Option<What>,
    /// Whether only a cell beside it says that its value follows.
    is_cell: bool,
    /// Where the name itself was hidden.
    name: Option<usize>,
    /// Tags since then.
    tags: usize,
}

impl Scan<'_> {
    /// Looks at an element whose tag ends here; returns where to go on.
    fn element(&mut self, name: Range<usize>, attributes: Range<usize>, tag_end: usize) -> usize {
        let text = self.text;
        let by_attribute = self.attributes(&attributes);
        let tag = &text[name.clone()];
        let by_name = What::of(level(self.names, tag)).or(by_attribute);
        if tag.is_empty() {
            self.label.take_if(|_| ends_group(&text[name.start..]));
        }
        if text[tag_end - 1] == b'/' || !tag.first().is_some_and(u8::is_ascii_alphabetic) {
            return 0;
        }
        let start = tag_end + 1;
        if let Some(what) = by_name {
            let value = content(text, start);
            let end = value.end;
            let number = self.found.len();
            self.hide(value.clone(), what);
            self.take_label(tag, &value, (self.found.len() > number).then_some(number));
            return end;
        }
        let run = if text[start..].starts_with(DATA) {
            content(text, start)
        } else {
            start..memchr::memchr(b'<', &text[start..]).map_or(text.len(), |at| start + at)
        };
        let run = trimmed(text, run);
        self.beside(tag, &run);
        self.take_label(tag, &run, None);
        0
    }

    /// Hides the value that an attribute's name asks for; returns what it says of the content.
    fn attributes(&mut self, tag: &Range<usize>) -> Option<What> {
        let of = |key: &[u8]| {
            let name = attribute(self.text, tag, key)?;
            What::of(level(self.names, &self.text[name]))
        };
        let by_name = of(b"name").or_else(|| of(b"key"));
        let of_value = by_name.or_else(|| of(b"id"));
        let values = [&b"value"[..], b"content"].map(|key| attribute(self.text, tag, key));
        for value in values.into_iter().flatten() {
            let beside = || {
                let label = self.label.as_ref();
                label.filter(|_| couples::looks_secret(&self.text[value.clone()]))
            };
            if let Some(what) = of_value.or_else(|| beside().and_then(|label| label.what)) {
                self.hide(value, what);
            }
        }
        by_name
    }

    /// Hides the text that stands beside its name.
    fn beside(&mut self, tag: &[u8], run: &Range<usize>) {
        let Some(mut label) = self.label.take() else {
            return;
        };
        if run.is_empty() {
            label.tags += 1;
            self.label = Some(label).filter(|label| label.tags <= MOST_TAGS);
            return;
        }
        let value = &self.text[run.clone()];
        let is_fit = if label.is_cell {
            couples::looks_secret(value)
        } else if is_one_of(tag, &VALUES) {
            if let Some(name) = label.name.and_then(|at| self.found.get_mut(at)) {
                *name = Found::nothing();
            }
            couples::may_be_secret(value)
        } else {
            false
        };
        if let Some(what) = label.what.filter(|_| is_fit) {
            self.hide(run.clone(), what);
        }
    }

    /// Takes note of a name whose value may follow. It was hidden as the secret with this number.
    fn take_label(&mut self, tag: &[u8], run: &Range<usize>, hidden: Option<usize>) {
        let is_cell = is_one_of(tag, &CELLS);
        if !is_cell && !is_one_of(tag, &NAMES) {
            return;
        }
        let name = &self.text[run.clone()];
        let what = What::of(couples::named(self.names, name));
        let what = what.filter(|what| !is_cell || !matches!(what, What::Contact(_)));
        let name = hidden.filter(|_| couples::is_plain_name(self.names, name));
        if what.is_some() || name.is_some() {
            self.label = Some(Label {
                what,
                is_cell,
                name,
                tags: 0,
            });
        }
    }

    fn hide(&mut self, range: Range<usize>, what: What) {
        // Tags that begin inside another are read with it, and alone.
        let mut last = self.found.iter().rev().take(2);
        if !range.is_empty() && last.all(|found| found.range != range) {
            let value = unescaped(&self.text[range.clone()], Escape::Entity);
            self.found.push(Found::new(range, what, value));
        }
    }
}

/// The value of an attribute in a tag, if it has one that is not empty.
fn attribute(text: &[u8], tag: &Range<usize>, key: &[u8]) -> Option<Range<usize>> {
    let inside = &text[tag.clone()];
    let mut keys = memmem::find_iter(inside, key);
    keys.find_map(|at| {
        let is_whole = at > 0 && inside[at - 1].is_ascii_whitespace();
        let rest = inside[at + key.len()..].trim_ascii_start();
        let rest = rest.strip_prefix(b"=")?.trim_ascii_start();
        let (value, end) = match rest.first()? {
            quote @ (b'"' | b'\'') => (&rest[1..], memchr::memchr(*quote, &rest[1..])),
            _ => (rest, rest.iter().position(u8::is_ascii_whitespace)),
        };
        let start = tag.end - value.len();
        let end = start + end.unwrap_or(value.len());
        (is_whole && start < end).then_some(start..end)
    })
}

fn content(text: &[u8], start: usize) -> Range<usize> {
    let rest = &text[start..];
    if rest.starts_with(DATA) {
        let start = start + DATA.len();
        let end = memmem::find(&text[start..], b"]]>").map_or(text.len(), |at| start + at);
        return start..end;
    }
    start..memmem::find(rest, b"</").map_or(text.len(), |at| start + at)
}

fn name_length(tag: &[u8]) -> usize {
    let mut front = tag.iter().take(LONGEST_NAME);
    front
        .position(|byte| b" \t\r\n/>".contains(byte))
        .unwrap_or(if tag.len() < LONGEST_NAME {
            tag.len()
        } else {
            0
        })
}

fn level(names: &Names, name: &[u8]) -> Level {
    match std::str::from_utf8(name) {
        Ok(name) if !name.is_empty() => names.level(name, Place::Member),
        _ => Level::Open,
    }
}

/// Whether a row or member ends here: no value of it follows.
fn ends_group(tag: &[u8]) -> bool {
    GROUPS.iter().any(|end| tag.starts_with(end))
}

fn is_one_of(tag: &[u8], known: &[&[u8]]) -> bool {
    known.iter().any(|known| tag.eq_ignore_ascii_case(known))
}

fn trimmed(text: &[u8], run: Range<usize>) -> Range<usize> {
    let inside = &text[run.clone()];
    let front = inside.len() - inside.trim_ascii_start().len();
    let length = inside.trim_ascii().len();
    run.start + front..run.start + front + length
}

const DATA: &[u8] = b"<![CDATA[";
/// Elements that hold a name, as in XML-RPC and property lists.
const NAMES: [&[u8]; 5] = [b"name", b"key", b"field", b"param", b"property"];
/// Elements that hold the value beside it.
const VALUES: [&[u8]; 9] = [
    b"value", b"val", b"string", b"content", b"data", b"int", b"i4", b"integer", b"base64",
];
/// Cells of tables and lists.
const CELLS: [&[u8]; 6] = [b"td", b"th", b"dt", b"label", b"b", b"strong"];
const GROUPS: [&[u8]; 4] = [b"/tr", b"/table", b"/member", b"/dl"];
/// So many tags may stand between a name and its value.
const MOST_TAGS: usize = 4;
const LONGEST_NAME: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(text: &str) -> Vec<&str> {
        let mut found = Vec::new();
        elements(
            &Names::default(),
            text.as_bytes(),
            0..text.len(),
            &mut found,
        );
        found.retain(|found| !found.range.is_empty());
        found.into_iter().map(|found| &text[found.range]).collect()
    }

    #[test]
    fn elements_are_found_by_their_names() {
        for (text, want) in [
            ("<a><password>x&amp;y</password></a>", vec!["x&amp;y"]),
            ("<ns:token type='a'>t</ns:token>", vec!["t"]),
            ("<pw><![CDATA[a<b]]></pw>", vec!["a<b"]),
            ("<token/><token></token><x>y</x>", vec![]),
            (
                "<input type=hidden name=\"token\" value=\"v1\">",
                vec!["v1"],
            ),
            ("<input value='v2' name='token' />", vec!["v2"]),
            ("<meta name=csrf-token content=v3>", vec!["v3"]),
            ("<param name=\"authcode\">v4</param>", vec!["v4"]),
            ("<input name=\"domain\" value=\"a.example\">", vec![]),
            ("<token>never ends", vec!["never ends"]),
            ("<token", vec![]),
            ("1 < 2", vec![]),
            ("1 < 2 <input name=token value=v5>", vec!["v5"]),
            ("<a b='<' <input name=token value=v6>", vec!["v6"]),
            ("<add key=\"ApiSecret\" value=\"v7\"/>", vec!["v7"]),
            ("<input id=password value=v8>", vec!["v8"]),
            ("<label id=password>Password</label>", vec![]),
        ] {
            assert_eq!(hidden(text), want, "{text}");
        }
    }

    #[test]
    fn values_are_found_by_the_names_beside_them() {
        for (text, want) in [
            (
                "<member><name>password</name><value><string>s 1</string></value></member>",
                vec!["s 1"],
            ),
            ("<name>pin</name>\n<value> 12 </value>", vec!["12"]),
            (
                "<name>pin</name><value><![CDATA[a<b]]></value>",
                vec!["a<b"],
            ),
            (
                "<name>token</name><type>t</type><value>1a</value>",
                vec!["token"],
            ),
            ("<key>password</key><string>word</string>", vec!["word"]),
            ("<key>xY12-token</key>", vec!["xY12-token"]),
            ("<name>key</name><value>192.0.2.1</value>", vec![]),
            ("<td>Password:</td> <td><b>s3cret</b></td>", vec!["s3cret"]),
            ("<th>API secret</th><td>s3cret</td>", vec!["s3cret"]),
            ("<dt>PIN</dt><dd>1234</dd>", vec!["1234"]),
            (
                "<td>Token</td><td><input value='s3cret'></td>",
                vec!["s3cret"],
            ),
            ("<b>password</b>: s3cret", vec![]),
            // Heads of tables, sentences, rows.
            ("<th>Password</th><th>Email</th>", vec![]),
            ("<td>Password</td><td>at least 8 letters</td>", vec![]),
            ("<td>Your password expires</td><td>s3cret</td>", vec![]),
            ("<td>Session</td><td>2026-11-24</td>", vec![]),
            ("<tr><td>Token</td></tr><tr><td>s3cret</td></tr>", vec![]),
            ("<name>domain</name><value>a b</value>", vec![]),
        ] {
            assert_eq!(hidden(text), want, "{text}");
        }
    }
}
