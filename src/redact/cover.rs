//! Masking one text: what is to be covered, and what is left to be seen.
use std::ops::Range;

use zeroize::Zeroizing;

use crate::config::Pii;

use super::escape::{self, Lines, push_visible};
use super::find::{Found, What};
use super::seal::Masked;
use super::vault::{Mark, Stay};
use super::{Brief, Redactor, mark, names, needles, shape, views};

/// A part of a text, and what stands there instead.
pub(super) struct Cover {
    pub(super) range: Range<usize>,
    pub(super) mark: Mark,
    pub(super) is_bare: bool,
}

impl Redactor {
    /// Words from the wire in a finding.
    pub(super) fn seen(&mut self, raw: &[u8]) -> Masked {
        let mut covers = Vec::new();
        for brief in &self.brief {
            for at in memchr::memmem::find_iter(raw, &brief.value[..]) {
                let range = at..at + brief.value.len();
                if stands_alone(raw, &range) {
                    covers.push(Cover {
                        range,
                        mark: brief.mark.clone(),
                        is_bare: false,
                    });
                }
            }
        }
        self.seal(raw, covers, Lines::One, false)
    }

    /// Masks a text in which the finders found something: learns it, then covers it.
    pub(super) fn with_found(
        &mut self,
        raw: &[u8],
        found: Vec<Found>,
        lines: Lines,
        cut: bool,
    ) -> Masked {
        let covers = found.into_iter().map(|found| self.cover(found)).collect();
        self.seal(raw, covers, lines, cut)
    }

    fn cover(&mut self, found: Found) -> Cover {
        let mark = match found.what {
            What::Secret(kind) => {
                self.learned_late |= self.vault.mark_of(found.value.trim_ascii()).is_none()
                    && names::is_needle(found.value.trim_ascii(), kind.is_lasting());
                self.learn_value(kind, &found.value, None);
                self.secret_mark(kind, &found.value)
            }
            What::Own(kind) => self.own(kind, &found.value),
            What::Contact(field) => Mark {
                kind: "pii",
                text: match self.pii {
                    Pii::Hide => shape::hidden(field).into(),
                    Pii::Show | Pii::Shape => shape::contact(field, &found.value).into(),
                },
            },
            What::Cut => cut_mark(found.range.len()),
        };
        Cover {
            range: found.range,
            mark,
            is_bare: found.is_bare,
        }
    }

    /// The mark of what the user's own rules found, which is learned with it.
    pub(super) fn own(&mut self, kind: u16, value: &[u8]) -> Mark {
        let value = value.trim_ascii();
        let word = self
            .own_kinds
            .get(usize::from(kind))
            .map_or("own", |word| word);
        let text = if value.is_empty() {
            mark::empty(word)
        } else {
            mark::secret(word, self.fingerprints.of(value), mark::length(value))
        };
        let mark = Mark {
            kind: "own",
            text: text.into(),
        };
        if names::is_needle(value, false) {
            self.learned_late |= self.vault.mark_of(value).is_none();
            let learned = mark.clone();
            self.vault
                .learn(value, 0, Stay::Passing, self.now, || learned);
        } else if !value.is_empty() {
            self.kinds.insert("in_place");
            let value = Zeroizing::new(value.to_vec());
            let mark = mark.clone();
            self.brief.push(Brief { value, mark });
        }
        mark
    }

    /// Covers what the user's own patterns find, in a text and in its views.
    fn cover_patterns(&mut self, raw: &[u8], cut: bool, covers: &mut Vec<Cover>) {
        if self.patterns.is_empty() {
            return;
        }
        let mut found: Vec<(Range<usize>, u16, Zeroizing<Vec<u8>>)> = Vec::new();
        let views = views::views(raw, cut);
        for (pattern, kind) in &self.patterns {
            let mut take = |text: &[u8], place: &dyn Fn(Range<usize>) -> Range<usize>| {
                for captures in pattern.regex.captures_iter(text) {
                    if let Some(group) = captures
                        .get(pattern.group)
                        .filter(|group| !group.is_empty())
                    {
                        let value = Zeroizing::new(group.as_bytes().to_vec());
                        found.push((place(group.range()), *kind, value));
                    }
                }
            };
            take(raw, &|range| range);
            for view in &views {
                take(&view.bytes, &|range| view.place(&range));
            }
        }
        for (range, kind, value) in found {
            let mark = self.own(kind, &value);
            covers.push(Cover {
                range,
                mark,
                is_bare: false,
            });
        }
    }

    /// A text that is its own only view, has nothing to spell and holds nothing that is known: it stays as it is.
    /// Nearly all leaves are of this kind.
    fn untouched<'a>(&self, raw: &'a [u8]) -> Option<&'a str> {
        let is_bare = self.patterns.is_empty() && !views::may_be_escaped(raw);
        let text = escape::visible(raw).filter(|_| is_bare)?;
        (self.vault.is_empty() || self.vault.search(raw, &[]).is_empty()).then_some(text)
    }

    pub(super) fn seal(
        &mut self,
        raw: &[u8],
        mut covers: Vec<Cover>,
        lines: Lines,
        cut: bool,
    ) -> Masked {
        if covers.is_empty() && !cut && !self.audits {
            let learned = self.vault.learned();
            if let Some(clean) = self.clean.find(raw, learned) {
                return clean;
            }
            if let Some(text) = self.untouched(raw) {
                let text = Masked::sealed(text);
                self.clean.keep(&text, learned);
                return text;
            }
        }
        self.cover_patterns(raw, cut, &mut covers);
        let (mut text, mut spelt) = self.paint(raw, covers, lines, cut);
        // What was spelt out can spell a secret: the byte 27 is shown as `\x1b`, and that may be a part of one.
        let mut rounds = 0;
        while spelt && !self.vault.is_empty() {
            let (again, _) = self.paint(text.as_bytes(), Vec::new(), lines, false);
            spelt = again != text;
            text = again;
            rounds += 1;
            if spelt && rounds == MOST_ROUNDS {
                self.count("unscanned");
                text = mark::unscanned(raw.len());
                break;
            }
        }
        self.leaf(text)
    }

    fn paint(
        &mut self,
        raw: &[u8],
        mut covers: Vec<Cover>,
        lines: Lines,
        cut: bool,
    ) -> (String, bool) {
        self.cover_known(raw, cut, &mut covers);
        let mut out = String::with_capacity(raw.len() + 32 * covers.len());
        let mut spelt = false;
        let mut at = 0;
        for cover in merge(covers) {
            spelt |= push_visible(&mut out, &raw[at..cover.range.start], lines);
            let quote = if cover.is_bare { "\"" } else { "" };
            out.push_str(quote);
            out.push_str(&cover.mark.text);
            out.push_str(quote);
            self.count(cover.mark.kind);
            at = cover.range.end;
        }
        spelt |= push_visible(&mut out, &raw[at..], lines);
        (out, spelt)
    }

    /// Covers what is known to be secret, and at a cut what begins to be.
    fn cover_known(&self, raw: &[u8], cut: bool, covers: &mut Vec<Cover>) {
        if self.vault.is_empty() {
            return;
        }
        let views = views::views(raw, cut);
        for seen in self.vault.search(raw, &views) {
            let mark = seen.owner.and_then(|id| self.vault.mark(id)).cloned();
            let mark = mark.unwrap_or_else(|| Mark {
                kind: "unscanned",
                text: mark::unscanned(seen.range.len()).into(),
            });
            covers.push(Cover {
                range: seen.range,
                mark,
                is_bare: false,
            });
        }
        if !cut {
            return;
        }
        if let Some(start) = self.vault.beginning(raw, &views) {
            covers.push(Cover {
                range: start..raw.len(),
                mark: cut_mark(raw.len() - start),
                is_bare: false,
            });
        }
    }
}

fn cut_mark(bytes: usize) -> Mark {
    Mark {
        kind: "cut",
        text: mark::cut(bytes).into(),
    }
}

/// Covers that overlap become one, with the mark of the longest.
fn merge(mut covers: Vec<Cover>) -> Vec<Cover> {
    covers.retain(|cover| !cover.range.is_empty());
    covers.sort_by_key(|cover| (cover.range.start, usize::MAX - cover.range.end));
    let mut merged: Vec<(Cover, usize)> = Vec::with_capacity(covers.len());
    for cover in covers {
        let length = cover.range.len();
        match merged.last_mut() {
            Some((last, longest)) if joins(last, &cover) => {
                last.range.end = last.range.end.max(cover.range.end);
                if length > *longest {
                    *longest = length;
                    last.mark = cover.mark;
                }
            }
            _ => merged.push((cover, length)),
        }
    }
    merged.into_iter().map(|(cover, _)| cover).collect()
}

/// Whether two parts are one: they overlap, or they are pieces of one long secret.
fn joins(last: &Cover, next: &Cover) -> bool {
    let touches = next.range.start == last.range.end;
    next.range.start < last.range.end
        || (touches && next.mark.text == last.mark.text && last.range.len() >= needles::LONGEST)
}

/// Whether a short secret is not just a part of another word.
fn stands_alone(text: &[u8], range: &Range<usize>) -> bool {
    let is_word = |at: usize| text.get(at).is_some_and(u8::is_ascii_alphanumeric);
    let inner = &text[range.clone()];
    let front = inner.first().is_some_and(u8::is_ascii_alphanumeric);
    let back = inner.last().is_some_and(u8::is_ascii_alphanumeric);
    let joined_before = front && range.start > 0 && is_word(range.start - 1);
    let joined_after = back && is_word(range.end);
    !joined_before && !joined_after
}

/// How often a text is masked anew for what its own marks and escapes spell. One that never comes to rest was made for
/// that: it is not shown.
const MOST_ROUNDS: usize = 8;
