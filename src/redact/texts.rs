//! Texts inside of texts: JSON, XML, lines or a form in a string of JSON, in a parameter, or in base64.
use std::ops::Range;

use super::body::{self, Kind};
use super::find::Found;
use super::names::Names;
use super::views::{Escape, View};
use super::{json, loose, markup, pairs, parts, telltale};

/// Looks through a string of JSON that may be shown, unless it holds JSON, XML or a query itself.
pub(super) fn in_string(names: &Names, text: &[u8], inside: Range<usize>, found: &mut Vec<Found>) {
    let string = &text[inside.clone()];
    let before = found.len();
    let marks = string
        .iter()
        .fold(0, |all, byte| all | MARKS[usize::from(*byte)]);
    if marks & OF_ASSIGNMENT != 0 {
        loose::assignments(names, text, inside.clone(), found);
    }
    if marks & OF_TEXT != 0 || string.first() == Some(&b'[') {
        unescaped(names, text, &inside, found);
        // Both searches find the most of it.
        let mut all = found.split_off(before);
        all.sort_by_key(|found| (found.range.start, found.range.end));
        all.dedup_by(|next, last| next.range == last.range);
        found.append(&mut all);
    }
    if let Some(text) = telltale::in_base64(string)
        && let Some(within) = pairs::within(names, &[&text])
    {
        found.push(Found {
            range: inside,
            ..within
        });
    }
}

/// Looks through a text inside another one, which nothing says the form of. One that is very deep inside is none of any
/// form.
pub(super) fn of_its_own(names: &Names, text: &[u8], found: &mut Vec<Found>) {
    let inside = names.inside();
    match body::kind(None, text) {
        _ if inside.is_none() => {}
        Kind::Json if json::json(names, text, false, found) => return,
        Kind::Json => {}
        // In a word of a sentence, `code=400` is no form.
        Kind::Form if memchr::memchr(b'%', text).is_some() => {
            pairs::pairs(names, text, body::trimmed(text), false, found);
        }
        Kind::Multipart => parts::parts(names, text, found),
        Kind::Form | Kind::Other => markup::elements(names, text, 0..text.len(), found),
    }
    loose::assignments(names, text, 0..text.len(), found);
}

/// Looks through a string as its reader will see it.
fn unescaped(names: &Names, text: &[u8], inside: &Range<usize>, found: &mut Vec<Found>) {
    let string = &text[inside.clone()];
    let view = View::of(string, Escape::Backslash, false);
    let bytes = view.as_ref().map_or(string, |view| &view.bytes);
    let mut within = Vec::new();
    of_its_own(names, bytes, &mut within);
    for inner in within {
        let place = view.as_ref().map(|view| view.place(&inner.range));
        let place = place.unwrap_or_else(|| inner.range.clone());
        found.push(Found {
            range: inside.start + place.start..inside.start + place.end,
            is_bare: false,
            ..inner
        });
    }
}

/// A string that has such a byte may hold `name=value`.
const OF_ASSIGNMENT: u8 = 1;
/// It may be a text of some form: with lines, tags or escapes.
const OF_TEXT: u8 = 2;
const MARKS: [u8; 256] = {
    let mut marks = [0; 256];
    marks[b'=' as usize] = OF_ASSIGNMENT;
    marks[b':' as usize] = OF_ASSIGNMENT;
    marks[b'\\' as usize] = OF_ASSIGNMENT | OF_TEXT;
    marks[b'<' as usize] = OF_TEXT;
    marks[b'%' as usize] = OF_TEXT;
    marks
};
