//! Reading a log back, line by line.
//!
//! The file may be anything: a bad line is reported with its number and skipped, and a line without end does not
//! fill the memory. What is read here is shown only through [`super::escape`].
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::record::{Logged, Record, VERSION};

use super::escape;

/// A line of a log.
#[derive(Debug)]
pub struct Entry {
    /// Its number in the file, from 1.
    pub number: u64,
    /// The line itself, without its end.
    pub line: String,
    /// The record that it holds.
    pub record: Record<Logged>,
}

/// A line that is no record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {number}: {reason}")]
pub struct BadLine {
    /// Its number in the file, from 1.
    pub number: u64,
    /// What is wrong with it; safe to print.
    pub reason: String,
}

/// A log that is being read.
pub struct Reader {
    source: Source,
    buffer: Vec<u8>,
    /// Where in `buffer` the next line begins.
    start: usize,
    number: u64,
    /// Whether the rest of a line that is too long is being skipped.
    is_skipping: bool,
}

enum Source {
    File(File, PathBuf),
    Stream(Box<dyn Read>),
}

impl Reader {
    /// Opens a log.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        Ok(Self::of(Source::File(file, path.to_owned())))
    }

    /// Opens a log to read its last lines only, of at most so many bytes. Lines are numbered from where it begins.
    pub fn open_near_end(path: &Path, bytes: u64) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let start = file.metadata()?.len().saturating_sub(bytes);
        if start == 0 {
            return Ok(Self::of(Source::File(file, path.to_owned())));
        }
        // One byte earlier: where a line begins just there, it is whole.
        file.seek(SeekFrom::Start(start - 1))?;
        let mut reader = Self::of(Source::File(file, path.to_owned()));
        // Most likely the rest of a line, which is none.
        reader.is_skipping = true;
        let _ = reader.next_line()?;
        reader.number = 0;
        Ok(reader)
    }

    /// Reads a log from something else, such as standard input.
    pub fn over(source: impl Read + 'static) -> Self {
        Self::of(Source::Stream(Box::new(source)))
    }

    fn of(source: Source) -> Self {
        Self {
            source,
            buffer: Vec::new(),
            start: 0,
            number: 0,
            is_skipping: false,
        }
    }

    /// The next line that is whole; `None` if there is none yet.
    pub fn next_line(&mut self) -> io::Result<Option<Result<Entry, BadLine>>> {
        let mut searched = self.start;
        loop {
            if let Some(at) = memchr::memchr(b'\n', &self.buffer[searched..]) {
                let end = searched + at;
                if !self.is_skipping && is_blank(&self.buffer[self.start..end]) {
                    self.start = end + 1;
                    self.number += 1;
                    searched = self.start;
                    continue;
                }
                let line = std::str::from_utf8(&self.buffer[self.start..end]).map(str::to_owned);
                self.start = end + 1;
                self.number += 1;
                if std::mem::take(&mut self.is_skipping) {
                    return Ok(Some(Err(self.bad("longer than 16 MiB"))));
                }
                return Ok(Some(self.judge(line)));
            }
            if self.is_skipping || self.buffer.len() - self.start > LONGEST_LINE {
                self.is_skipping = true;
                self.buffer.clear();
                self.start = 0;
            }
            self.buffer.drain(..self.start);
            self.start = 0;
            searched = self.buffer.len();
            if self.fill()? == 0 {
                return Ok(None);
            }
        }
    }

    /// What is left behind the last line end: a record whose line end is missing, or a torn one.
    pub fn last_line(&mut self) -> Option<Result<Entry, BadLine>> {
        let rest = self.buffer.split_off(self.start);
        self.buffer.clear();
        self.start = 0;
        let was_skipping = std::mem::take(&mut self.is_skipping);
        if is_blank(&rest) && !was_skipping {
            return None;
        }
        self.number += 1;
        let line = std::str::from_utf8(&rest).map(str::to_owned);
        Some(
            self.judge(line)
                .map_err(|_| self.bad("cut off: it has no line end")),
        )
    }

    /// Gives all lines to `each`, then those that are added, until one of the two closures breaks off.
    ///
    /// `pause` is called when nothing new is there; it decides how long to wait. A log that was rotated is read to
    /// its end, and then its successor from the beginning. A stream ends at its end.
    pub fn follow(
        &mut self,
        mut each: impl FnMut(Result<Entry, BadLine>) -> ControlFlow<()>,
        mut pause: impl FnMut() -> ControlFlow<()>,
    ) -> io::Result<()> {
        loop {
            // Asked before the rest is read: once the name leads elsewhere, nothing more is added here.
            let successor = self.successor();
            self.rewind_if_truncated()?;
            while let Some(line) = self.next_line()? {
                if each(line).is_break() {
                    return Ok(());
                }
            }
            if let Some(successor) = successor {
                if let Some(line) = self.last_line()
                    && each(line).is_break()
                {
                    return Ok(());
                }
                *self = Self::of(successor);
                continue;
            }
            if matches!(self.source, Source::Stream(_)) || pause().is_break() {
                return Ok(());
            }
        }
    }

    fn judge(&self, line: Result<String, std::str::Utf8Error>) -> Result<Entry, BadLine> {
        let mut line = line.map_err(|_| self.bad("not UTF-8"))?;
        // An editor may have put one there.
        if self.number == 1 && line.starts_with('\u{feff}') {
            line.remove(0);
        }
        let head: Head = serde_json::from_str(&line).map_err(|error| self.bad_json(&error))?;
        if head.v != u64::from(VERSION) {
            let reason = format!(
                "of format {}, and this nicetap reads format {VERSION}",
                head.v
            );
            return Err(self.bad(&reason));
        }
        let record = Record::parse(&line).map_err(|error| self.bad_json(&error))?;
        Ok(Entry {
            number: self.number,
            line,
            record,
        })
    }

    fn bad_json(&self, error: &serde_json::Error) -> BadLine {
        self.bad(&format!("not a record: {error}"))
    }

    fn bad(&self, reason: &str) -> BadLine {
        BadLine {
            number: self.number,
            reason: escape(reason).into_owned(),
        }
    }

    fn fill(&mut self) -> io::Result<usize> {
        let before = self.buffer.len();
        self.buffer.resize(before + CHUNK, 0);
        let outcome = loop {
            let read = match &mut self.source {
                Source::File(file, _) => file.read(&mut self.buffer[before..]),
                Source::Stream(stream) => stream.read(&mut self.buffer[before..]),
            };
            match read {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                outcome => break outcome,
            }
        };
        self.buffer
            .truncate(before + outcome.as_ref().map_or(0, |read| *read));
        outcome
    }

    /// The file that has the log's name now, if it is another one.
    fn successor(&self) -> Option<Source> {
        let Source::File(file, path) = &self.source else {
            return None;
        };
        let (here, there) = (file.metadata().ok()?, fs::metadata(path).ok()?);
        if (here.dev(), here.ino()) == (there.dev(), there.ino()) {
            return None;
        }
        let file = File::open(path).ok()?;
        Some(Source::File(file, path.clone()))
    }

    fn rewind_if_truncated(&mut self) -> io::Result<()> {
        let Source::File(file, _) = &mut self.source else {
            return Ok(());
        };
        // A pipe or a terminal has no position.
        let Ok(position) = file.stream_position() else {
            return Ok(());
        };
        if file.metadata()?.len() >= position {
            return Ok(());
        }
        file.seek(SeekFrom::Start(0))?;
        self.buffer.clear();
        self.start = 0;
        self.number = 0;
        self.is_skipping = false;
        Ok(())
    }
}

#[derive(Deserialize)]
struct Head {
    v: u64,
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}

const CHUNK: usize = 64 * 1024;
const LONGEST_LINE: usize = 16 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const STOP: &str = r#"{"v":1,"event":"stop","time":"2026-11-24T03:41:07.412Z","exchanges":1,"tunnels":0,"connections":0,"findings":{},"verdicts":{},"not_recorded":0,"late_lines":0,"undo":[]}"#;

    fn all(text: &[u8]) -> Vec<String> {
        let mut reader = Reader::over(io::Cursor::new(text.to_vec()));
        let mut seen = Vec::new();
        while let Some(line) = reader.next_line().unwrap() {
            seen.push(line);
        }
        seen.extend(reader.last_line());
        seen.into_iter()
            .map(|line| match line {
                Ok(entry) => format!("line {}: ok", entry.number),
                Err(bad) => bad.to_string(),
            })
            .collect()
    }

    #[test]
    fn bad_lines_are_named_and_skipped() {
        let newer = STOP.replacen('1', "2", 1);
        let text = format!("{STOP}\n{{\"v\":1,\"event\":\"\x1b[2J\"}}\n[]\n{newer}\n{STOP}\n");
        let seen = all(text.as_bytes());
        assert_eq!(seen[0], "line 1: ok");
        assert!(seen[1].starts_with("line 2: not a record: "), "{}", seen[1]);
        assert!(!seen[1].contains('\x1b'));
        assert!(seen[2].starts_with("line 3: not a record: "));
        assert_eq!(
            seen[3],
            "line 4: of format 2, and this nicetap reads format 1"
        );
        assert_eq!(seen[4], "line 5: ok");
        assert_eq!(all(b"\xff\n"), ["line 1: not UTF-8"]);
    }

    #[test]
    fn what_an_editor_leaves_behind_is_no_bad_line() {
        let text = format!("\u{feff}{STOP}\r\n\n \r\n{STOP}\n\n \n ");
        assert_eq!(all(text.as_bytes()), ["line 1: ok", "line 4: ok"]);
        let newest = STOP.replacen('1', "1000", 1);
        assert_eq!(
            all(newest.as_bytes()),
            ["line 1: cut off: it has no line end"]
        );
        assert_eq!(
            all(format!("{newest}\n").as_bytes()),
            ["line 1: of format 1000, and this nicetap reads format 1"]
        );
    }

    #[test]
    fn a_last_line_without_an_end_counts_if_it_is_whole() {
        assert_eq!(
            all(format!("{STOP}\n{STOP}").as_bytes()),
            ["line 1: ok", "line 2: ok"]
        );
        assert_eq!(
            all(&STOP.as_bytes()[..20]),
            ["line 1: cut off: it has no line end"]
        );
        assert!(all(b"").is_empty());
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test makes the file to read")]
    fn near_its_end_a_log_begins_with_a_whole_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        fs::write(&path, format!("{STOP}\n{STOP}\n{STOP}\n")).unwrap();
        let line = STOP.len() as u64 + 1;
        for (bytes, whole) in [
            (0, 0),
            (line - 1, 0),
            (line, 1),
            (line + 1, 1),
            (2 * line, 2),
            (3 * line - 1, 2),
            (3 * line, 3),
            (u64::MAX, 3),
        ] {
            let mut reader = Reader::open_near_end(&path, bytes).unwrap();
            let mut numbers = Vec::new();
            while let Some(line) = reader.next_line().unwrap() {
                numbers.push(line.unwrap().number);
            }
            let want: Vec<u64> = (1..=whole).collect();
            assert_eq!(numbers, want, "{bytes}");
        }
    }

    #[test]
    fn a_line_without_end_does_not_fill_the_memory() {
        let long = io::repeat(b'x').take(3 * LONGEST_LINE as u64);
        let rest = io::Cursor::new(format!("\n{STOP}\n"));
        let mut reader = Reader::over(long.chain(rest));
        let bad = reader.next_line().unwrap().unwrap().unwrap_err();
        assert_eq!(bad.to_string(), "line 1: longer than 16 MiB");
        assert!(reader.buffer.capacity() < 3 * LONGEST_LINE);
        assert_eq!(reader.next_line().unwrap().unwrap().unwrap().number, 2);
        assert!(reader.next_line().unwrap().is_none());
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test makes the file to read")]
    fn following_goes_over_a_rotation_and_a_truncation() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut log = File::create(&path).unwrap();
        write!(log, "{STOP}\n{STOP}").unwrap();
        let mut reader = Reader::open(&path).unwrap();
        let mut seen = Vec::new();
        let mut step = 0;
        reader
            .follow(
                |line| {
                    seen.push(line.unwrap().number);
                    ControlFlow::Continue(())
                },
                || {
                    step += 1;
                    match step {
                        // The rest of the old file is written before the new one gets its name.
                        1 => {
                            write!(log, "\n{STOP}\n").unwrap();
                            fs::rename(&path, folder.path().join("log.1")).unwrap();
                            log = File::create(&path).unwrap();
                            writeln!(log, "{STOP}").unwrap();
                        }
                        2 => {
                            log.set_len(0).unwrap();
                            log.rewind().unwrap();
                        }
                        3 => writeln!(log, "{STOP}").unwrap(),
                        _ => return ControlFlow::Break(()),
                    }
                    ControlFlow::Continue(())
                },
            )
            .unwrap();
        assert_eq!(seen, [1, 2, 3, 1, 1]);
    }
}
