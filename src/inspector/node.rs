//! What a page shows, as a tree of elements: written as HTML for the first sight, or as JSON for the script.
//!
//! There is one place that makes views, and no place that makes markup out of text: HTML is escaped here, and the
//! script builds elements from the JSON and never parses HTML. Names of elements and attributes are our own words.
use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};

use crate::sink::escape;

/// An element, or text.
pub(super) enum Node {
    Text(String),
    Element(Element),
}

/// An element.
pub(super) struct Element {
    tag: &'static str,
    attributes: Vec<(&'static str, Cow<'static, str>)>,
    children: Vec<Node>,
}

/// An element of this kind.
pub(super) const fn el(tag: &'static str) -> Element {
    Element {
        tag,
        attributes: Vec::new(),
        children: Vec::new(),
    }
}

/// `<div class="…">`.
pub(super) fn div(class: &'static str) -> Element {
    el("div").class(class)
}

/// `<span class="…">` with text.
pub(super) fn span(class: &'static str, text: impl AsRef<str>) -> Element {
    el("span").class(class).text(text)
}

/// A link. Its address is made of our own words and numbers.
pub(super) fn link(to: impl Into<Cow<'static, str>>, text: impl AsRef<str>) -> Element {
    el("a").set("href", to).text(text)
}

impl Element {
    /// With this attribute.
    pub(super) fn set(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }

    /// With this class.
    pub(super) fn class(self, class: impl Into<Cow<'static, str>>) -> Self {
        self.set("class", class)
    }

    /// With this attribute, if there is a value for it.
    pub(super) fn maybe(
        self,
        name: &'static str,
        value: Option<impl Into<Cow<'static, str>>>,
    ) -> Self {
        match value {
            Some(value) => self.set(name, value),
            None => self,
        }
    }

    /// With one line of text: what would move, hide or turn around is shown as its code.
    pub(super) fn text(mut self, text: impl AsRef<str>) -> Self {
        let text = escape(text.as_ref()).into_owned();
        self.children.push(Node::Text(text));
        self
    }

    /// With a sentence of nicetap's own, in which code stands between backticks. One that has no partner was sent.
    pub(super) fn prose(self, text: impl AsRef<str>) -> Self {
        let text = text.as_ref();
        if text.matches('`').count() % 2 == 1 {
            return self.text(text);
        }
        let pieces = text.split('`').enumerate();
        pieces
            .filter(|(_, piece)| !piece.is_empty())
            .fold(self, |element, (index, piece)| match index % 2 {
                1 => element.with(el("code").text(piece)),
                _ => element.text(piece),
            })
    }

    /// With text of several lines.
    pub(super) fn lines(mut self, text: &str) -> Self {
        let mut shown = String::with_capacity(text.len());
        for (index, line) in text.split('\n').enumerate() {
            if index > 0 {
                shown.push('\n');
            }
            for (index, part) in line
                .strip_suffix('\r')
                .unwrap_or(line)
                .split('\t')
                .enumerate()
            {
                if index > 0 {
                    shown.push('\t');
                }
                shown.push_str(&escape(part));
            }
        }
        self.children.push(Node::Text(shown));
        self
    }

    /// With this inside.
    pub(super) fn with(mut self, child: impl Into<Node>) -> Self {
        self.children.push(child.into());
        self
    }

    /// With all of these inside; nothing for `None`.
    pub(super) fn all<N: Into<Node>>(mut self, children: impl IntoIterator<Item = N>) -> Self {
        self.children.extend(children.into_iter().map(Into::into));
        self
    }

    /// As HTML.
    pub(super) fn html(self) -> String {
        let mut page = String::new();
        Node::Element(self).write(&mut page);
        page
    }
}

impl From<Element> for Node {
    fn from(element: Element) -> Self {
        Self::Element(element)
    }
}

impl Node {
    fn write(&self, page: &mut String) {
        let element = match self {
            Self::Text(text) => return write_escaped(page, text),
            Self::Element(element) => element,
        };
        let _ = write!(page, "<{}", element.tag);
        for (name, value) in &element.attributes {
            let _ = write!(page, " {name}=\"");
            write_escaped(page, value);
            page.push('"');
        }
        page.push('>');
        if VOID.contains(&element.tag) {
            return;
        }
        // The first line end inside `pre` is not shown.
        if element.tag == "pre" {
            page.push('\n');
        }
        for child in &element.children {
            child.write(page);
        }
        let _ = write!(page, "</{}>", element.tag);
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Element(element) => element.serialize(serializer),
        }
    }
}

/// `["tag", {"attribute": "value"}, child, …]`.
impl Serialize for Element {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.children.len() + 2))?;
        list.serialize_element(self.tag)?;
        list.serialize_element(&Attributes(&self.attributes))?;
        for child in &self.children {
            list.serialize_element(child)?;
        }
        list.end()
    }
}

struct Attributes<'a>(&'a [(&'static str, Cow<'static, str>)]);

impl Serialize for Attributes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

fn write_escaped(page: &mut String, text: &str) {
    for char in text.chars() {
        match char {
            '&' => page.push_str("&amp;"),
            '<' => page.push_str("&lt;"),
            '>' => page.push_str("&gt;"),
            '"' => page.push_str("&quot;"),
            '\'' => page.push_str("&#39;"),
            char => page.push(char),
        }
    }
}

/// Elements that have no end tag.
const VOID: [&str; 5] = ["col", "img", "input", "link", "meta"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_text_whatever_it_holds() {
        let hostile = "</pre><script>alert(1)</script>\u{202e}\u{1b}[2J'\"&";
        let html = el("pre").set("title", hostile).text(hostile).html();
        assert_eq!(
            html,
            "<pre title=\"&lt;/pre&gt;&lt;script&gt;alert(1)&lt;/script&gt;\u{202e}\u{1b}[2J&#39;&quot;&amp;\">\n\
             &lt;/pre&gt;&lt;script&gt;alert(1)&lt;/script&gt;\\u{202e}\\x1b[2J&#39;&quot;&amp;</pre>"
        );
    }

    #[test]
    fn backticks_make_code_unless_one_is_left_over() {
        let html = |text| el("p").prose(text).html();
        assert_eq!(
            html("send `a: <b>` whole"),
            "<p>send <code>a: &lt;b&gt;</code> whole</p>"
        );
        assert_eq!(html("`a`"), "<p><code>a</code></p>");
        assert_eq!(html("a ` b"), "<p>a ` b</p>");
    }

    #[test]
    fn the_script_gets_the_same_tree() {
        let tree = div("a")
            .with(link("/x", "y"))
            .text("z")
            .maybe("id", None::<String>);
        assert_eq!(
            serde_json::to_string(&tree).unwrap(),
            r#"["div",{"class":"a"},["a",{"href":"/x"},"y"],"z"]"#
        );
    }

    #[test]
    fn lines_stay_lines() {
        let tree = el("pre").lines("a\r\n\tb\u{7}\n");
        let Node::Text(text) = &tree.children[0] else {
            panic!("text");
        };
        assert_eq!(text, "a\n\tb\\x07\n");
    }
}
