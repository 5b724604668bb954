//! A shell's words, as POSIX shells and bash read them: quotes, escapes, comments, operators.
//!
//! Nothing is expanded. Where a shell would put in what only it knows, [`STAND_IN`] stands instead, and the word says
//! so.
use super::{Flaw, Spot};

/// One word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) bytes: Vec<u8>,
    /// Where its first byte stands, behind an opening quote.
    pub(super) spot: Spot,
    /// Whether a shell would put something in.
    pub(super) is_expanded: bool,
}

/// Splits a text into commands of words.
pub(super) fn commands(text: &[u8]) -> Result<Vec<Vec<Word>>, Flaw> {
    let mut lexer = Lexer { text, at: 0 };
    let mut commands = vec![Vec::new()];
    loop {
        match lexer.next()? {
            Token::Word(word) => {
                if let Some(command) = commands.last_mut() {
                    command.push(word);
                }
            }
            Token::End => commands.push(Vec::new()),
            Token::Over => break,
        }
    }
    commands.retain(|command| !command.is_empty());
    Ok(commands)
}

enum Token {
    Word(Word),
    /// The end of a command: a line end, `;`, `&`, `|`, a parenthesis.
    End,
    /// The end of the text.
    Over,
}

struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.at + ahead).copied()
    }

    fn spot(&self, at: usize) -> Spot {
        Spot::of(self.text, at)
    }

    fn next(&mut self) -> Result<Token, Flaw> {
        loop {
            match (self.peek(0), self.peek(1)) {
                (None, _) => return Ok(Token::Over),
                (Some(b' ' | b'\t' | b'\r'), _) => self.at += 1,
                (Some(b'\\'), Some(b'\n')) => self.at += 2,
                (Some(b'\\'), Some(b'\r')) if self.peek(2) == Some(b'\n') => self.at += 3,
                (Some(b'#'), _) => {
                    let rest = &self.text[self.at..];
                    self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                }
                (Some(b'>' | b'<'), _) => self.redirection()?,
                (Some(b'\n' | b';' | b'&' | b'|' | b'(' | b')'), _) => {
                    self.at += 1;
                    return Ok(Token::End);
                }
                _ => return self.word().map(Token::Word),
            }
        }
    }

    /// `> file`, `2>&1`: the request does not depend on it.
    fn redirection(&mut self) -> Result<(), Flaw> {
        while matches!(self.peek(0), Some(b'>' | b'<' | b'&' | b' ' | b'\t')) {
            self.at += 1;
        }
        if !matches!(self.peek(0), None | Some(b'\n' | b';' | b'|')) {
            self.word()?;
        }
        Ok(())
    }

    fn word(&mut self) -> Result<Word, Flaw> {
        let opens = matches!(self.peek(0), Some(b'\'' | b'"'))
            || (self.peek(0) == Some(b'$') && self.peek(1) == Some(b'\''));
        let skip = match (opens, self.peek(0)) {
            (true, Some(b'$')) => 2,
            (true, _) => 1,
            (false, _) => 0,
        };
        let mut word = Word {
            bytes: Vec::new(),
            spot: self.spot(self.at + skip),
            is_expanded: false,
        };
        while let Some(byte) = self.peek(0) {
            match (byte, self.peek(1)) {
                (b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>', _)
                | (b'\r', Some(b'\n') | None) => break,
                (b'\'', _) => self.single(&mut word)?,
                (b'"', _) => self.double(&mut word)?,
                (b'$', Some(b'\'')) => self.ansi(&mut word)?,
                (b'\\', Some(b'\n')) => self.at += 2,
                (b'\\', Some(next)) => {
                    word.bytes.push(next);
                    self.at += 2;
                }
                (b'$' | b'`', _) => self.expansion(&mut word)?,
                _ => {
                    word.bytes.push(byte);
                    self.at += 1;
                }
            }
        }
        Ok(word)
    }

    fn single(&mut self, word: &mut Word) -> Result<(), Flaw> {
        let inside = &self.text[self.at + 1..];
        let Some(end) = memchr::memchr(b'\'', inside) else {
            return Err(Flaw::new(self.spot(self.at), "this quote is not closed"));
        };
        word.bytes.extend_from_slice(&inside[..end]);
        self.at += end + 2;
        Ok(())
    }

    fn double(&mut self, word: &mut Word) -> Result<(), Flaw> {
        let open = self.at;
        self.at += 1;
        loop {
            match (self.peek(0), self.peek(1)) {
                (None, _) => return Err(Flaw::new(self.spot(open), "this quote is not closed")),
                (Some(b'"'), _) => {
                    self.at += 1;
                    return Ok(());
                }
                (Some(b'\\'), Some(b'\n')) => self.at += 2,
                (Some(b'\\'), Some(next @ (b'"' | b'\\' | b'$' | b'`'))) => {
                    word.bytes.push(next);
                    self.at += 2;
                }
                (Some(b'$' | b'`'), _) => self.expansion(word)?,
                (Some(byte), _) => {
                    word.bytes.push(byte);
                    self.at += 1;
                }
            }
        }
    }

    /// `$'…'`
    fn ansi(&mut self, word: &mut Word) -> Result<(), Flaw> {
        let open = self.at;
        self.at += 2;
        loop {
            let (byte, next) = (self.peek(0), self.peek(1));
            self.at += 1;
            match (byte, next) {
                (None, _) => return Err(Flaw::new(self.spot(open), "this quote is not closed")),
                (Some(b'\''), _) => return Ok(()),
                (Some(b'\\'), Some(letter)) => {
                    self.at += 1;
                    match letter {
                        b'n' => word.bytes.push(b'\n'),
                        b'r' => word.bytes.push(b'\r'),
                        b't' => word.bytes.push(b'\t'),
                        b'0' => word.bytes.push(0),
                        b'x' => self.hex(word),
                        b'\\' | b'\'' | b'"' | b'?' => word.bytes.push(letter),
                        other => word.bytes.extend_from_slice(&[b'\\', other]),
                    }
                }
                (Some(byte), _) => word.bytes.push(byte),
            }
        }
    }

    fn hex(&mut self, word: &mut Word) {
        let digits: Vec<u8> = self.text[self.at..]
            .iter()
            .copied()
            .take(2)
            .take_while(u8::is_ascii_hexdigit)
            .collect();
        self.at += digits.len();
        let text = String::from_utf8(digits).unwrap_or_default();
        word.bytes
            .push(u8::from_str_radix(&text, 16).unwrap_or_default());
    }

    /// `$name`, `${…}`, `$(…)`, `` `…` ``; a lone `$` stands for itself.
    fn expansion(&mut self, word: &mut Word) -> Result<(), Flaw> {
        let open = self.at;
        let end = match (self.peek(0), self.peek(1)) {
            (Some(b'`'), _) => self.closing(self.at + 1, b'`', b'`'),
            (_, Some(b'{')) => self.closing(self.at + 2, b'{', b'}'),
            (_, Some(b'(')) => self.closing(self.at + 2, b'(', b')'),
            (_, Some(first)) if first.is_ascii_alphabetic() || first == b'_' => {
                let name = self.text[self.at + 1..].iter();
                let length = name
                    .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
                    .count();
                Some(self.at + 1 + length)
            }
            (_, Some(b'0'..=b'9' | b'@' | b'*' | b'?' | b'#' | b'!')) => Some(self.at + 2),
            _ => {
                word.bytes.push(b'$');
                self.at += 1;
                return Ok(());
            }
        };
        let Some(end) = end else {
            return Err(Flaw::new(
                self.spot(open),
                "this substitution is not closed",
            ));
        };
        self.at = end;
        if word.is_expanded {
            // Two variables of a word are not taken for equal, as the halves of a credential would be.
            word.bytes.extend_from_slice(STAND_IN.as_bytes());
        }
        word.is_expanded = true;
        word.bytes.extend_from_slice(STAND_IN.as_bytes());
        Ok(())
    }

    /// Behind the byte that closes what was opened.
    fn closing(&self, from: usize, open: u8, close: u8) -> Option<usize> {
        let mut depth = 1;
        for (offset, byte) in self.text.get(from..)?.iter().enumerate() {
            if *byte == close {
                depth -= 1;
            } else if *byte == open {
                depth += 1;
            }
            if depth == 0 {
                return Some(from + offset + 1);
            }
        }
        None
    }
}

/// What stands where a shell would put in what only it knows.
pub(super) const STAND_IN: &str = "k3f9q2x7";

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Vec<String>> {
        let commands = commands(text.as_bytes()).unwrap();
        let text = |word: Word| String::from_utf8(word.bytes).unwrap();
        commands
            .into_iter()
            .map(|command| command.into_iter().map(text).collect())
            .collect()
    }

    #[test]
    fn words_are_split_as_a_shell_splits_them() {
        for (text, want) in [
            ("a 'b c' \"d \\\" e\"", vec![vec!["a", "b c", "d \" e"]]),
            ("a'b'\"c\"\\ d", vec![vec!["abc d"]]),
            ("a \\\n b # c 'd\ne", vec![vec!["a", "b"], vec!["e"]]),
            (
                "a http://x?b=1&c=2",
                vec![vec!["a", "http://x?b=1"], vec!["c=2"]],
            ),
            (
                "a $'x\\n\\x41\\'y' '' > f 2>&1; b",
                vec![vec!["a", "x\nA'y", "", "2"], vec!["b"]],
            ),
            (
                "a '$x' \"$x:${y}\" $(b \"c\") $",
                vec![vec![
                    "a",
                    "$x",
                    "k3f9q2x7:k3f9q2x7k3f9q2x7",
                    "k3f9q2x7",
                    "$",
                ]],
            ),
        ] {
            assert_eq!(words(text), want, "{text}");
        }
    }

    #[test]
    fn what_is_not_closed_is_told_with_its_place() {
        let flaw = commands(b"a\n  'b").unwrap_err();
        assert_eq!(
            flaw,
            Flaw::new(Spot { line: 2, column: 3 }, "this quote is not closed")
        );
        assert!(commands(b"\"$(a").is_err() && commands(b"$'a").is_err());
    }

    #[test]
    fn a_word_stands_behind_its_quote() {
        let commands = commands("é 'b' c".as_bytes()).unwrap();
        let columns: Vec<_> = commands[0].iter().map(|word| word.spot.column).collect();
        assert_eq!(columns, [1, 4, 7]);
    }
}
