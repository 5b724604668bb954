//! Text for a terminal: escaping, width, wrapping. Knows nothing of records.
use std::borrow::Cow;
use std::fmt::Write as _;

use anstyle::Style;
use unicode_width::UnicodeWidthChar;

/// The text without anything that moves a cursor, changes a colour or a direction, or hides.
///
/// Control characters become `\x1b`, other such characters `\u{202e}`. Records hold no such text, but a file that
/// claims to be a log may.
pub fn escape(text: &str) -> Cow<'_, str> {
    if is_plain(text) || !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for char in text.chars() {
        match u32::from(char) {
            _ if !is_unsafe(char) => safe.push(char),
            code @ ..=0xff => {
                let _ = write!(safe, "\\x{code:02x}");
            }
            code => {
                let _ = write!(safe, "\\u{{{code:x}}}");
            }
        }
    }
    Cow::Owned(safe)
}

/// The text with lines of at most so many columns (60 to 100); what is left of one goes on a little further in.
pub fn wrapped(text: &str, columns: usize) -> String {
    let mut page = Page::new(Some(columns), false);
    for line in text.lines() {
        let rest = line.trim_start_matches(' ');
        let start = (line.len() - rest.len()).min(DEEPEST);
        page.row(start, start + 2, &Rich::new(rest));
    }
    page.into_text()
}

/// How many columns the text takes.
pub(super) fn width(text: &str) -> usize {
    if is_plain(text) {
        return text.len();
    }
    text.chars().map(columns_of).sum()
}

/// Whether each of its bytes is one visible character of one column: so most of the console's text is.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// The text, padded with spaces or cut with `…` to exactly so many columns.
pub(super) fn fit(text: &str, columns: usize) -> String {
    let mut cell = cut(text, columns);
    let have = width(&cell);
    cell.extend(std::iter::repeat_n(' ', columns.saturating_sub(have)));
    cell
}

/// The text, cut with `…` to at most so many columns.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut cell = String::new();
    let mut left = columns.saturating_sub(1);
    for char in text.chars() {
        let Some(rest) = left.checked_sub(columns_of(char)) else {
            break;
        };
        left = rest;
        cell.push(char);
    }
    cell.push('…');
    cell
}

/// Styled text of one row. What goes in is escaped; neighbours of one style are one piece.
#[derive(Clone, Default)]
pub(super) struct Rich(Vec<(Style, String)>);

impl Rich {
    pub(super) fn new(text: impl AsRef<str>) -> Self {
        Self::default().text(text)
    }

    pub(super) fn styled_as(style: Style, text: impl AsRef<str>) -> Self {
        Self::default().styled(style, text)
    }

    pub(super) fn text(self, text: impl AsRef<str>) -> Self {
        self.styled(Style::new(), text)
    }

    pub(super) fn styled(mut self, style: Style, text: impl AsRef<str>) -> Self {
        self.push(style, escape(text.as_ref()));
        self
    }

    pub(super) fn then(mut self, other: Self) -> Self {
        for (style, text) in other.0 {
            self.push(style, text.into());
        }
        self
    }

    fn push(&mut self, style: Style, text: Cow<'_, str>) {
        match self.0.last_mut() {
            Some((last, before)) if *last == style => before.push_str(&text),
            _ if text.is_empty() => {}
            _ => self.0.push((style, text.into_owned())),
        }
    }

    /// The parts in a row, with ` · ` between them.
    pub(super) fn joined(parts: impl IntoIterator<Item = Self>) -> Self {
        parts
            .into_iter()
            .filter(|part| !part.is_empty())
            .fold(Self::default(), |row, part| {
                if row.is_empty() {
                    part
                } else {
                    row.text(" · ").then(part)
                }
            })
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn width(&self) -> usize {
        self.0.iter().map(|(_, text)| width(text)).sum()
    }
}

#[derive(Clone, Copy)]
struct Cell {
    char: char,
    style: Style,
}

/// Rows on a terminal of a given width.
pub(super) struct Page {
    columns: usize,
    colored: bool,
    text: String,
}

impl Page {
    /// An empty page. At most [`WIDEST`] columns are used, and at least [`NARROWEST`].
    pub(super) fn new(columns: Option<usize>, colored: bool) -> Self {
        Self {
            columns: columns.unwrap_or(WIDEST).clamp(NARROWEST, WIDEST),
            colored,
            text: String::new(),
        }
    }

    pub(super) const fn columns(&self) -> usize {
        self.columns
    }

    /// Adds a row that begins after `start` columns and goes on in further lines after `hang` columns.
    pub(super) fn row(&mut self, start: usize, hang: usize, rich: &Rich) {
        if rich.width() <= self.columns - start {
            // Nearly all rows fit, and need not be taken apart.
            return self.line(start, rich.0.iter().map(|(style, text)| (*style, text)));
        }
        let cells: Vec<Cell> = rich
            .0
            .iter()
            .flat_map(|(style, text)| {
                text.chars().map(|char| Cell {
                    char,
                    style: *style,
                })
            })
            .collect();
        let mut rest = cells.as_slice();
        let mut indent = start;
        loop {
            let (line, next) = break_off(rest, self.columns - indent);
            let runs = line.chunk_by(|left, right| left.style == right.style);
            let text = |run: &[Cell]| run.iter().map(|cell| cell.char).collect::<String>();
            self.line(indent, runs.map(|run| (run[0].style, text(run))));
            if next.is_empty() {
                return;
            }
            rest = next;
            indent = hang;
        }
    }

    /// Adds a row that is not broken, for lines that are meant to be copied.
    pub(super) fn verbatim(&mut self, start: usize, text: &str) {
        let _ = writeln!(self.text, "{:start$}{}", "", escape(text));
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    fn line<T: AsRef<str>>(&mut self, indent: usize, pieces: impl Iterator<Item = (Style, T)>) {
        self.text.extend(std::iter::repeat_n(' ', indent));
        for (style, text) in pieces {
            let is_styled = self.colored && style != Style::new();
            if is_styled {
                let _ = write!(self.text, "{}", style.render());
            }
            self.text.push_str(text.as_ref());
            if is_styled {
                let _ = write!(self.text, "{}", style.render_reset());
            }
        }
        self.text.push('\n');
    }
}

/// The cells that fit into a line, and those that are left.
fn break_off(cells: &[Cell], columns: usize) -> (&[Cell], &[Cell]) {
    let mut used = 0;
    let fits = cells
        .iter()
        .take_while(|cell| {
            used += columns_of(cell.char);
            used <= columns
        })
        .count();
    if fits == cells.len() {
        return (cells, &[]);
    }
    // A long word, such as a URL, is broken inside rather than moved down and leaving most of a line empty.
    let is_far_enough = |at: &usize| *at > fits / 2;
    let before_dot = cells[..=fits]
        .windows(2)
        .rposition(|pair| pair[0].char == ' ' && pair[1].char == '·');
    let at_space = cells[..=fits].iter().rposition(|cell| cell.char == ' ');
    if let Some(at) = (before_dot.filter(is_far_enough)).or(at_space.filter(is_far_enough)) {
        return (&cells[..at], &cells[at + 1..]);
    }
    let at = cells[..fits]
        .iter()
        .rposition(|cell| BREAKS.contains(&cell.char))
        .filter(is_far_enough)
        .map_or(fits.max(1), |at| at + 1);
    cells.split_at(at)
}

fn columns_of(char: char) -> usize {
    char.width().unwrap_or(0)
}

fn is_unsafe(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// The console's width where the terminal's is not known or greater (SPEC 5).
pub(super) const WIDEST: usize = 100;
/// Narrower terminals wrap by themselves.
pub(super) const NARROWEST: usize = 60;
/// How far in a broken line may begin.
const DEEPEST: usize = 20;
/// Where a long word may be broken: after one of these.
const BREAKS: [char; 6] = ['&', '?', '/', ',', ';', '='];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn page(columns: usize, text: &str) -> String {
        let mut page = Page::new(Some(columns), false);
        page.row(0, 4, &Rich::new(text));
        page.into_text()
    }

    #[test]
    fn controls_and_direction_marks_are_escaped() {
        assert_eq!(
            escape("a\x1b[2J\u{9b}\u{202e}\n\u{feff}ü‹"),
            "a\\x1b[2J\\x9b\\u{202e}\\x0a\\u{feff}ü‹"
        );
        assert!(matches!(escape("plain ‹ü›"), Cow::Borrowed(_)));
    }

    #[test]
    fn words_move_down_whole_and_long_words_are_broken() {
        let words = "word ".repeat(20);
        assert!(page(60, &words).lines().all(|line| line.len() <= 60));
        let url = format!("GET https://api.nicenic.net/v2/?{}", "a=1&".repeat(30));
        let text = page(60, &url);
        assert!(text.lines().next().unwrap().ends_with('&'), "{text}");
        let together: String = text.lines().map(str::trim_start).collect();
        assert_eq!(together, url);
    }

    #[test]
    fn long_lines_of_a_text_are_broken_where_they_stand() {
        let text = format!("short\n   {}\n", "word ".repeat(20));
        let broken = wrapped(&text, 80);
        let mut lines = broken.lines();
        assert_eq!(lines.next(), Some("short"));
        assert!(lines.next().unwrap().starts_with("   word"));
        assert!(lines.next().unwrap().starts_with("     word"));
        assert!(broken.lines().all(|line| line.len() <= 80), "{broken}");
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(fit("例え.jp", 6), "例え.…");
        assert_eq!(fit("a", 3), "a  ");
        assert_eq!(fit("例例", 4), "例例");
        assert_eq!(fit("例例例", 4), "例… ");
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_the_page(text in "\\PC{0,300}", columns in 0usize..140) {
            let mut page = Page::new(Some(columns), false);
            let limit = page.columns();
            page.row(9, 16, &Rich::new(&text));
            for line in page.into_text().lines() {
                prop_assert!(width(line) <= limit, "{line:?}");
            }
        }

        #[test]
        fn escaped_text_is_safe(text in any::<String>()) {
            prop_assert!(!escape(&text).contains(is_unsafe));
        }
    }
}
