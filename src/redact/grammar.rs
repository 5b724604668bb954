//! Whether a text is sound JSON, token by token, for the scanner that reads it tolerantly.

/// What was read so far.
pub(super) struct Grammar {
    expects: Expects,
    is_sound: bool,
}

/// What sound JSON goes on with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expects {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    Colon,
    Comma,
    /// The text is complete.
    Nothing,
}

impl Grammar {
    pub(super) const fn new() -> Self {
        Self {
            expects: Expects::Value,
            is_sound: true,
        }
    }

    /// Whether a text that ends here is sound, or its beginning if it was `cut`.
    pub(super) fn is_sound(&self, cut: bool) -> bool {
        self.is_sound && (cut || self.expects == Expects::Nothing)
    }

    /// Something was met that sound JSON does not have.
    pub(super) const fn breaks(&mut self) {
        self.is_sound = false;
    }

    pub(super) fn opens(&mut self, is_array: bool) {
        let next = if is_array {
            Expects::ValueOrEnd
        } else {
            Expects::KeyOrEnd
        };
        self.meets(&[Expects::Value, Expects::ValueOrEnd], next);
    }

    /// A bracket closes; another one round it is still open, or `is_outermost`.
    pub(super) fn closes(&mut self, is_array: bool, is_outermost: bool) {
        let empty = if is_array {
            Expects::ValueOrEnd
        } else {
            Expects::KeyOrEnd
        };
        self.meets(&[Expects::Comma, empty], behind_value(is_outermost));
    }

    pub(super) fn comma(&mut self, is_array: bool) {
        let next = if is_array {
            Expects::Value
        } else {
            Expects::Key
        };
        self.meets(&[Expects::Comma], next);
    }

    pub(super) fn colon(&mut self) {
        self.meets(&[Expects::Colon], Expects::Value);
    }

    pub(super) fn key(&mut self) {
        self.meets(&[Expects::Key, Expects::KeyOrEnd], Expects::Colon);
    }

    /// A string in quotes.
    pub(super) fn text(&mut self, is_outermost: bool) {
        self.meets(
            &[Expects::Value, Expects::ValueOrEnd],
            behind_value(is_outermost),
        );
    }

    /// A value without quotes: a word of JSON, or made of what numbers are.
    pub(super) fn scalar(&mut self, word: &[u8], is_outermost: bool) {
        let is_of_number = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
        self.is_sound &=
            matches!(word, b"true" | b"false" | b"null") || word.iter().all(is_of_number);
        self.text(is_outermost);
    }

    fn meets(&mut self, sound: &[Expects], next: Expects) {
        self.is_sound &= sound.contains(&self.expects);
        self.expects = next;
    }
}

const fn behind_value(is_outermost: bool) -> Expects {
    if is_outermost {
        Expects::Nothing
    } else {
        Expects::Comma
    }
}
