//! A text as its readers see it: unescaped, with the way back from each byte to its place in the text.
//!
//! A secret in an escaped text can be spelt in countless ways (`%2f`, `%2F`, `\/`, `\u002f`, `&#47;`, twice, mixed).
//! Instead of listing them, the unescaped text is searched, and what is found is covered where it came from.
use std::collections::VecDeque;
use std::ops::Range;

/// A way of writing characters as something else.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Escape {
    /// `%2F`
    Percent,
    /// `\/`, `\u002f`, `\x2f`, `\57`, `\'`: JSON, PHP, C, Rust, JavaScript.
    Backslash,
    /// `&amp;`, `&sol;`, `&#47;`, `&#x2f;`
    Entity,
    /// `=2F`, and a line break after `=`: quoted-printable.
    Quoted,
    /// Line breaks, control bytes, terminal colours and invisible characters in between.
    Noise,
}

/// A text, and for each of its bytes the place in the first text that it stands for.
pub(super) struct View {
    pub(super) bytes: Vec<u8>,
    places: Vec<(u32, u32)>,
}

impl View {
    /// The text without this escape; `None` if there is nothing to unescape.
    ///
    /// `cut`: the text goes on where it ends here, and an escape that is cut off stands for nothing.
    pub(super) fn of(text: &[u8], escape: Escape, cut: bool) -> Option<Self> {
        unescape(text, escape, cut, |range| {
            (low(range.start), low(range.end))
        })
    }

    /// Where in the first text this part of the view stands.
    pub(super) fn place(&self, part: &Range<usize>) -> Range<usize> {
        let start = self.places.get(part.start).map_or(0, |place| place.0);
        let end = part
            .end
            .checked_sub(1)
            .and_then(|last| self.places.get(last))
            .map_or(start, |place| place.1);
        start as usize..end as usize
    }

    /// The view of this view.
    fn unescaped(&self, escape: Escape, cut: bool) -> Option<Self> {
        unescape(&self.bytes, escape, cut, |range| {
            let (Some(first), Some(last)) =
                (self.places.get(range.start), self.places.get(range.end - 1))
            else {
                return (0, 0);
            };
            (first.0, last.1)
        })
    }
}

/// All views of a text other than itself, [`DEEPEST`] escapes deep.
pub(super) fn views(text: &[u8], cut: bool) -> Vec<View> {
    if !may_be_escaped(text) {
        return Vec::new();
    }
    let mut found: Vec<View> = Vec::new();
    let mut room = MOST * text.len() + ROOM;
    let mut due = VecDeque::new();
    for escape in ALL {
        let view = View::of(text, escape, cut);
        keep(&mut found, &mut due, 1, &mut room, view);
    }
    while let Some((at, depth)) = due.pop_front() {
        if depth == DEEPEST {
            break;
        }
        for escape in ALL {
            if room == 0 {
                return found;
            }
            let view = found[at].unescaped(escape, cut);
            keep(&mut found, &mut due, depth + 1, &mut room, view);
        }
    }
    found
}

/// Whether an escape of any kind may begin in it. One pass, so that most texts need no search for each kind.
pub(super) fn may_be_escaped(text: &[u8]) -> bool {
    // Within a chunk without an early end: so the compiler can look at many bytes at once.
    let begins = |byte: &u8| ALL.iter().any(|escape| escape.begins_with(*byte));
    text.chunks(64)
        .any(|chunk| chunk.iter().fold(false, |any, byte| any | begins(byte)))
}

fn keep(
    found: &mut Vec<View>,
    due: &mut VecDeque<(usize, usize)>,
    depth: usize,
    room: &mut usize,
    view: Option<View>,
) {
    let Some(view) = view else { return };
    *room = room.saturating_sub(view.bytes.len());
    if found.iter().any(|have| have.bytes == view.bytes) {
        return;
    }
    due.push_back((found.len(), depth));
    found.push(view);
}

fn low(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn unescape(
    text: &[u8],
    escape: Escape,
    cut: bool,
    place: impl Fn(Range<usize>) -> (u32, u32),
) -> Option<View> {
    let mut view: Option<View> = None;
    let mut done = 0;
    let mut from = 0;
    while let Some(at) = escape.candidate(text, from) {
        let (length, meaning) = match escape.read(&text[at..]) {
            Read::Means(length, meaning) => (length, meaning),
            Read::Cut if cut => (text.len() - at, Meaning::default()),
            Read::Cut | Read::Nothing => {
                from = at + 1;
                continue;
            }
        };
        let view = view.get_or_insert_with(|| View {
            bytes: Vec::with_capacity(text.len()),
            places: Vec::with_capacity(text.len()),
        });
        view.bytes.extend_from_slice(&text[done..at]);
        view.places.extend((done..at).map(|at| place(at..at + 1)));
        let meaning = meaning.bytes();
        view.bytes.extend_from_slice(meaning);
        let whole = place(at..at + length);
        view.places.extend(meaning.iter().map(|_| whole));
        from = at + length;
        done = from;
    }
    let mut view = view?;
    view.bytes.extend_from_slice(&text[done..]);
    view.places
        .extend((done..text.len()).map(|at| place(at..at + 1)));
    Some(view)
}

/// What stands at a place where an escape may begin.
enum Read {
    /// An escape of so many bytes.
    Means(usize, Meaning),
    /// The text ends inside an escape.
    Cut,
    /// No escape.
    Nothing,
}

/// A few bytes.
#[derive(Default)]
struct Meaning {
    bytes: [u8; 8],
    length: usize,
}

impl Meaning {
    fn byte(byte: u8) -> Self {
        Self {
            bytes: [byte, 0, 0, 0, 0, 0, 0, 0],
            length: 1,
        }
    }

    /// `None` if they are too many.
    fn of(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; 8];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        let length = text.len();
        Some(Self { bytes, length })
    }

    fn character(code: u32) -> Self {
        let mut bytes = [0; 8];
        let length = char::from_u32(code)
            .unwrap_or(char::REPLACEMENT_CHARACTER)
            .encode_utf8(&mut bytes)
            .len();
        Self { bytes, length }
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl Escape {
    /// The next place where an escape may begin.
    fn candidate(self, text: &[u8], from: usize) -> Option<usize> {
        let rest = text.get(from..)?;
        let found = match self {
            Self::Percent => memchr::memchr(b'%', rest),
            Self::Backslash => memchr::memchr(b'\\', rest),
            Self::Entity => memchr::memchr(b'&', rest),
            Self::Quoted => memchr::memchr(b'=', rest),
            Self::Noise => rest.iter().position(|&byte| self.begins_with(byte)),
        };
        Some(from + found?)
    }

    /// Whether it may begin with this byte.
    const fn begins_with(self, byte: u8) -> bool {
        match self {
            Self::Percent => byte == b'%',
            Self::Backslash => byte == b'\\',
            Self::Entity => byte == b'&',
            Self::Quoted => byte == b'=',
            // E2, EF: UTF-8 of the invisible characters below; C2: of C1 controls.
            Self::Noise => byte < b' ' || matches!(byte, 0x7f | 0xc2 | 0xe2 | 0xef),
        }
    }

    fn read(self, text: &[u8]) -> Read {
        match self {
            Self::Percent => match text {
                [_, high, low, ..] => pair(3, *high, *low),
                _ => Read::Cut,
            },
            Self::Backslash => backslash(text),
            Self::Entity => entity(text),
            Self::Quoted => match text {
                [_, b'\n', ..] => Read::Means(2, Meaning::default()),
                [_, b'\r', b'\n', ..] => Read::Means(3, Meaning::default()),
                // Lower case is no quoted-printable; `=ab` is the beginning of a value.
                [_, b'a'..=b'f', ..] | [_, _, b'a'..=b'f', ..] => Read::Nothing,
                [_, high, low, ..] => pair(3, *high, *low),
                _ => Read::Cut,
            },
            Self::Noise => noise(text),
        }
    }
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

fn pair(length: usize, high: u8, low: u8) -> Read {
    match (hex(high), hex(low)) {
        (Some(high), Some(low)) => Read::Means(length, Meaning::byte(high << 4 | low)),
        _ => Read::Nothing,
    }
}

fn backslash(text: &[u8]) -> Read {
    let Some(&kind) = text.get(1) else {
        return Read::Cut;
    };
    let byte = |byte| Read::Means(2, Meaning::byte(byte));
    match kind {
        b'n' => byte(b'\n'),
        b'r' => byte(b'\r'),
        b't' => byte(b'\t'),
        b'b' => byte(8),
        b'f' => byte(12),
        b'e' => byte(27),
        b'x' | b'X' => match text {
            [_, _, high, low, ..] => pair(4, *high, *low),
            _ => Read::Cut,
        },
        b'u' if text.get(2) == Some(&b'{') => braced(text),
        b'u' => utf16(text),
        b'0'..=b'7' => octal(text),
        other if other.is_ascii_alphanumeric() => Read::Nothing,
        other => byte(other),
    }
}

/// `\u{1f600}`
fn braced(text: &[u8]) -> Read {
    let Some(length) = text.iter().take(10).position(|&byte| byte == b'}') else {
        return if text.len() < 10 {
            Read::Cut
        } else {
            Read::Nothing
        };
    };
    match number(&text[3..length], 16) {
        Some(code) => Read::Means(length + 1, Meaning::character(code)),
        None => Read::Nothing,
    }
}

/// `\u00fc`, or two of them that are one character.
fn utf16(text: &[u8]) -> Read {
    let unit = |at: usize| {
        text.get(at..at + 6)
            .filter(|unit| unit.starts_with(b"\\u"))
            .and_then(|unit| number(&unit[2..], 16))
    };
    let Some(first) = unit(0) else {
        return if text.len() < 6 {
            Read::Cut
        } else {
            Read::Nothing
        };
    };
    let is_first_half = (0xd800..0xdc00).contains(&first);
    match unit(6) {
        Some(second) if is_first_half && (0xdc00..0xe000).contains(&second) => Read::Means(
            12,
            Meaning::character(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)),
        ),
        _ if is_first_half && text.len() < 12 => Read::Cut,
        _ => Read::Means(6, Meaning::character(first)),
    }
}

/// `\57`, up to three digits.
fn octal(text: &[u8]) -> Read {
    let digits = text[1..]
        .iter()
        .take(3)
        .take_while(|byte| (b'0'..=b'7').contains(byte))
        .count();
    match number(&text[1..=digits], 8).and_then(|code| u8::try_from(code).ok()) {
        Some(byte) => Read::Means(1 + digits, Meaning::byte(byte)),
        None => Read::Nothing,
    }
}

/// `&amp;` and all others that HTML has, and the numbered ones, these also without their semicolon.
fn entity(text: &[u8]) -> Read {
    let radix = match text {
        [_, b'#', b'x' | b'X', ..] => 16,
        [_, b'#', ..] => 10,
        _ => return named_entity(text),
    };
    let front = if radix == 16 { 3 } else { 2 };
    let digits = text[front..]
        .iter()
        .take(7)
        .take_while(|&&byte| char::from(byte).is_digit(radix))
        .count();
    let end = front + digits;
    if end == text.len() {
        return Read::Cut;
    }
    match number(&text[front..end], radix) {
        Some(code) => Read::Means(
            end + usize::from(text[end] == b';'),
            Meaning::character(code),
        ),
        None => Read::Nothing,
    }
}

fn named_entity(text: &[u8]) -> Read {
    let mut front = text.iter().take(LONGEST_ENTITY).skip(1);
    match front.position(|byte| !byte.is_ascii_alphanumeric()) {
        Some(length) if text[1 + length] == b';' => {
            let name = &text[..length + 2];
            let meaning = htmlize::ENTITIES.get(name).copied().and_then(Meaning::of);
            meaning.map_or(Read::Nothing, |meaning| Read::Means(name.len(), meaning))
        }
        None if text.len() < LONGEST_ENTITY => {
            let mut names = htmlize::ENTITIES.keys();
            if names.any(|name| name.starts_with(text)) {
                Read::Cut
            } else {
                Read::Nothing
            }
        }
        _ => Read::Nothing,
    }
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let digits = std::str::from_utf8(digits).ok()?;
    u32::from_str_radix(digits, radix).ok()
}

/// What nobody sees between two characters.
fn noise(text: &[u8]) -> Read {
    let length = match text {
        // A terminal sequence: ESC [ parameters letter.
        [0x1b, b'[', rest @ ..] => {
            let parameters = rest
                .iter()
                .take(16)
                .take_while(|byte| (0x20..0x40).contains(*byte))
                .count();
            2 + (parameters + 1).min(rest.len())
        }
        [0x00..0x20 | 0x7f, ..] => 1,
        [0xc2, 0x80..=0x9f | 0xad, ..] => 2,
        // U+200B to U+200F, U+2028 to U+202E, U+2060 to U+206F, U+FEFF.
        [0xe2, 0x80, 0x8b..=0x8f | 0xa8..=0xae, ..]
        | [0xe2, 0x81, 0xa0..=0xaf, ..]
        | [0xef, 0xbb, 0xbf, ..] => 3,
        [0xc2 | 0xe2 | 0xef] | [0xe2, 0x80 | 0x81] | [0xef, 0xbb] => return Read::Cut,
        _ => return Read::Nothing,
    };
    Read::Means(length, Meaning::default())
}

const ALL: [Escape; 5] = [
    Escape::Percent,
    Escape::Backslash,
    Escape::Entity,
    Escape::Quoted,
    Escape::Noise,
];
/// `&CounterClockwiseContourIntegral;`
const LONGEST_ENTITY: usize = 33;
const DEEPEST: usize = 5;
/// All views together may be so many times as long as their text …
const MOST: usize = 16;
/// … and this much longer. A text that has more was made to have it.
const ROOM: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8], escape: Escape) -> Option<Vec<u8>> {
        View::of(text, escape, false).map(|view| view.bytes)
    }

    #[test]
    fn escapes_are_read_as_their_readers_do() {
        use Escape::{Backslash, Entity, Noise, Percent, Quoted};
        for (escape, text, want) in [
            (Percent, &b"a%2Fb%2fc%zz%"[..], Some(&b"a/b/c%zz%"[..])),
            (Percent, b"100% sure", None),
            (Backslash, br#"a\/b\"c\\d\'e"#, Some(br#"a/b"c\d'e"#)),
            (
                Backslash,
                br"\u00fc\u00FC\ud83d\ude00\u{1F600}\xc3\xbc\57",
                Some("üü😀😀ü/".as_bytes()),
            ),
            (Backslash, br"C:\windows", None),
            (
                Entity,
                b"&amp;&lt;&gt;&quot;&apos;&#39;&#x27;&#039;&#38 &nope;",
                Some(b"&<>\"''''& &nope;"),
            ),
            (
                Entity,
                b"&sol;&plus;&equals;&commat;&lowbar;&uuml;&fjlig;&amp",
                Some("/+=@_üfj&amp".as_bytes()),
            ),
            (Entity, b"a=1&b=2", None),
            (Quoted, b"a=2Fb=\r\nc=\nd=zz", Some(b"a/bcd=zz")),
            (
                Noise,
                "a\x1b[31mb\u{200b}c\u{ad}d\r\n\u{9b}e\u{202e}f\u{feff}ü€".as_bytes(),
                Some("abcdefü€".as_bytes()),
            ),
        ] {
            assert_eq!(
                read(text, escape).as_deref(),
                want,
                "{:?}",
                String::from_utf8_lossy(text)
            );
        }
    }

    #[test]
    fn a_cut_escape_stands_for_nothing_only_at_a_cut() {
        for (escape, text) in [
            (Escape::Percent, "%41b%4"),
            (Escape::Percent, "%41b%"),
            (Escape::Backslash, r"\x41b\"),
            (Escape::Backslash, r"\x41b\u00"),
            (Escape::Backslash, r"\x41b\ud83d\u"),
            (Escape::Backslash, r"\x41b\u{1f"),
            (Escape::Entity, "&#65;b&qu"),
            (Escape::Entity, "&#65;b&#x4"),
            (Escape::Quoted, "=41b="),
        ] {
            let read = |cut| View::of(text.as_bytes(), escape, cut).unwrap().bytes;
            assert_eq!(read(true), b"Ab", "{text}");
            assert!(read(false).len() > 2, "{text}");
        }
    }

    #[test]
    fn a_part_of_a_nested_view_is_traced_to_its_place() {
        let text = b"x=%255Cu0041b&y";
        let all = views(text, false);
        let deep = all.iter().find(|view| view.bytes == b"x=Ab&y").unwrap();
        assert_eq!(&text[deep.place(&(2..3))], b"%255Cu0041");
        assert_eq!(&text[deep.place(&(3..4))], b"b");
    }

    #[test]
    fn plain_text_has_no_views_and_hostile_text_has_few() {
        assert!(views(b"{\"code\":0,\"msg\":\"success\"}", false).is_empty());
        let hostile = br"%2525\\\\u0025&amp;amp;lt;=3D=3D41 \u005c\u005cx25".repeat(50);
        let bytes: usize = views(&hostile, false)
            .iter()
            .map(|view| view.bytes.len())
            .sum();
        assert!(bytes <= (MOST + 1) * hostile.len() + ROOM, "{bytes}");
    }

    #[test]
    fn any_bytes_can_be_viewed() {
        const BYTES: &[u8] = b"%\\&#=ux{}041dD8;\x1b[\xe2\x80\x8b\xc2a\n";
        for seed in 0..2000u32 {
            let bytes: Vec<u8> = (0..24u32)
                .map(|n| {
                    let pick = (seed.wrapping_mul(2_654_435_761) ^ n.wrapping_mul(40_503)) >> 7;
                    BYTES[pick as usize % BYTES.len()]
                })
                .collect();
            for cut in [false, true] {
                for view in views(&bytes, cut) {
                    assert_eq!(view.bytes.len(), view.places.len());
                    let place = view.place(&(0..view.bytes.len()));
                    assert!(place.start <= place.end && place.end <= bytes.len());
                }
            }
        }
    }
}
