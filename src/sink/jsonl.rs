//! The JSONL log: one record a line, one write(2) a batch.
//!
//! It must not stop or fail anybody. What cannot be written is counted and cut back to whole lines; when writing
//! works again, one piece of [`News`] says how much is missing. Nothing is synced: what was flushed is in the
//! kernel and survives the process, not a power cut.
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::journal::Sink;
use crate::record::Record;
use crate::redact::seal::Masked;
use crate::stumble::{self, Place};

use super::out::{LogFile, OpenError, Repair};

/// Where the log is, and how it is rotated.
#[derive(Clone, Debug)]
pub struct Options {
    /// The file.
    pub path: PathBuf,
    /// The group that may read it.
    pub group: Option<u32>,
    /// Bytes that it may hold; 0: without limit. One batch may be larger.
    pub max_size: u64,
    /// Rotated files that are kept, `NAME.1` the newest.
    pub keep: u32,
}

/// What somebody should be told about the log. `Display` gives the sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// The last line was torn, and is whole now.
    Repaired(Repair),
    /// Lines are being lost.
    Failing {
        /// What the system says.
        reason: String,
    },
    /// Writing works again.
    Recovered(Lost),
    /// The log is full, and could not be rotated; it grows on.
    NotRotated {
        /// What the system says.
        reason: String,
    },
    /// The log was renamed or deleted, and could not be opened again.
    NotReopened {
        /// Why.
        reason: String,
    },
}

/// What is missing in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Lines.
    pub lines: u64,
}

impl fmt::Display for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repaired(Repair::Completed) => {
                f.write_str("the log's last line had no line end; it was added")
            }
            Self::Repaired(Repair::Removed(bytes)) => write!(
                f,
                "the log's last line was cut off; its {bytes} bytes were removed"
            ),
            Self::Failing { reason } => write!(
                f,
                "the log cannot be written: {reason}; traffic goes on, lines are counted as lost"
            ),
            Self::Recovered(Lost { lines: 1 }) => {
                f.write_str("the log is written again; 1 line is missing in it")
            }
            Self::Recovered(Lost { lines }) => write!(
                f,
                "the log is written again; {lines} lines are missing in it"
            ),
            Self::NotRotated { reason } => {
                write!(f, "the log cannot be rotated: {reason}; it grows on")
            }
            Self::NotReopened { reason } => write!(f, "the log cannot be opened again: {reason}"),
        }
    }
}

/// The log, as the rest of the program sees it while the writer owns the sink.
#[derive(Clone)]
pub struct Handle(Arc<Shared>);

impl Handle {
    /// Opens the log by its name again before the next line is written (SIGHUP).
    pub fn reopen(&self) {
        self.0.reopen.store(true, Ordering::Release);
    }

    /// Lines that could not be written since the start.
    pub fn lost(&self) -> Lost {
        Lost {
            lines: self.0.lost.load(Ordering::Acquire),
        }
    }
}

#[derive(Default)]
struct Shared {
    reopen: AtomicBool,
    lost: AtomicU64,
}

/// The sink.
pub struct Jsonl {
    file: LogFile,
    options: Options,
    batch: Batch,
    /// Bytes that the file holds at most: somebody may have truncated it since it was asked.
    size: u64,
    shared: Arc<Shared>,
    tell: Box<dyn FnMut(News) + Send>,
    /// Lines lost since writing last worked; `None` while it works.
    losing: Option<u64>,
    /// Whether the last attempt to rotate or to open again failed: it is told once.
    stuck: bool,
    checked: Instant,
    check_every: Duration,
}

impl Jsonl {
    /// Opens the log. `tell` is called on the thread that flushes, and must not block.
    pub fn open(
        options: Options,
        tell: impl FnMut(News) + Send + 'static,
    ) -> Result<Self, OpenError> {
        let (file, repair) = LogFile::open(&options.path, options.group)?;
        let mut tell: Box<dyn FnMut(News) + Send> = Box::new(tell);
        if let Some(repair) = repair {
            tell(News::Repaired(repair));
        }
        Ok(Self {
            size: file.size().unwrap_or(0),
            file,
            options,
            batch: Batch::default(),
            shared: Arc::default(),
            tell,
            losing: None,
            stuck: false,
            checked: Instant::now(),
            check_every: CHECK_EVERY,
        })
    }

    /// What others may know and ask of it.
    pub fn handle(&self) -> Handle {
        Handle(Arc::clone(&self.shared))
    }

    /// Takes a line without its end.
    pub fn append(&mut self, line: &[u8]) {
        self.batch.push(line);
    }

    /// Writes what was taken. Never fails; see [`Handle::lost`].
    pub fn commit(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        self.follow_name();
        self.rotate_if_full();
        let lines = self.batch.lines;
        self.size += self.batch.bytes.len() as u64;
        let outcome = if self.losing_to_nowhere() {
            self.batch.clear();
            Err(Loss {
                lines,
                error: io::Error::other("the file was deleted"),
            })
        } else {
            self.batch.write_to(&mut self.file)
        };
        self.account(outcome);
    }

    fn account(&mut self, outcome: Result<(), Loss>) {
        match outcome {
            Err(loss) => {
                self.shared.lost.fetch_add(loss.lines, Ordering::AcqRel);
                let before = self.losing;
                self.losing = Some(before.unwrap_or(0) + loss.lines);
                if before.is_none() {
                    let reason = loss.error.to_string();
                    (self.tell)(News::Failing { reason });
                }
            }
            Ok(()) => {
                if let Some(lines) = self.losing.take() {
                    (self.tell)(News::Recovered(Lost { lines }));
                }
            }
        }
    }

    /// Opens the log again if that was asked for, or if its name leads elsewhere.
    fn follow_name(&mut self) {
        let is_asked = self.shared.reopen.swap(false, Ordering::AcqRel);
        if !is_asked && self.checked.elapsed() < self.check_every {
            return;
        }
        self.checked = Instant::now();
        // Opening the same file again would fail on our own lock, and gain nothing.
        if self.file.is_current() {
            return;
        }
        match LogFile::open(&self.options.path, self.options.group) {
            Ok((file, repair)) => {
                self.size = file.size().unwrap_or(0);
                self.file = file;
                self.batch.torn_at = None;
                self.stuck = false;
                if let Some(repair) = repair {
                    (self.tell)(News::Repaired(repair));
                }
            }
            Err(error) => self.say_stuck(News::NotReopened {
                reason: error.to_string(),
            }),
        }
    }

    fn rotate_if_full(&mut self) {
        let (adding, most) = (self.batch.bytes.len() as u64, self.options.max_size);
        let is_full = |size: u64| most > 0 && size > 0 && size + adding > most;
        // The file is asked only when it may be full, not for each batch.
        if !is_full(self.size) {
            return;
        }
        let Ok(size) = self.file.size() else { return };
        self.size = size;
        if !is_full(size) || !self.file.is_current() {
            return;
        }
        match self.file.rotate(self.options.keep) {
            Ok(()) => {
                self.size = 0;
                self.batch.torn_at = None;
                self.stuck = false;
            }
            Err(error) => self.say_stuck(News::NotRotated {
                reason: error.to_string(),
            }),
        }
    }

    fn say_stuck(&mut self, news: News) {
        if !self.stuck {
            (self.tell)(news);
        }
        self.stuck = true;
    }

    /// Whether the log was deleted and no other could be opened.
    fn losing_to_nowhere(&self) -> bool {
        self.stuck && self.file.is_deleted()
    }
}

impl Sink for Jsonl {
    fn write(&mut self, record: &Arc<Record<Masked>>, line: &[u8]) -> io::Result<()> {
        if matches!(**record, Record::Exchange(_)) {
            stumble::at(Place::Log, line);
        }
        self.append(line);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.commit();
        Ok(())
    }

    fn is_the_record(&self) -> bool {
        true
    }

    fn lost(&self) -> u64 {
        self.handle().lost().lines
    }

    /// At once: who renamed the file may pack it as soon as the new one is there.
    fn reopen(&mut self) -> io::Result<()> {
        self.commit();
        self.handle().reopen();
        self.follow_name();
        Ok(())
    }
}

/// What a batch is written to.
trait Disk {
    fn size(&self) -> io::Result<u64>;
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize>;
    fn cut(&mut self, size: u64) -> io::Result<()>;
}

impl Disk for LogFile {
    fn size(&self) -> io::Result<u64> {
        self.size()
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.append(bytes)
    }

    fn cut(&mut self, size: u64) -> io::Result<()> {
        self.cut(size)
    }
}

/// Lines that wait to be written.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    lines: u64,
    /// The size to cut the file back to before anything else is written: a torn line is at its end.
    torn_at: Option<u64>,
}

/// Lines that could not be written, and why.
struct Loss {
    lines: u64,
    error: io::Error,
}

impl Batch {
    fn push(&mut self, line: &[u8]) {
        self.bytes.extend_from_slice(line);
        self.bytes.push(b'\n');
        self.lines += 1;
    }

    fn is_empty(&self) -> bool {
        self.lines == 0
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(KEPT_BUFFER);
        self.lines = 0;
    }

    /// Writes all lines, or as many whole ones as there is room for.
    fn write_to(&mut self, disk: &mut impl Disk) -> Result<(), Loss> {
        let outcome = self.try_write(disk);
        self.clear();
        outcome
    }

    fn try_write(&mut self, disk: &mut impl Disk) -> Result<(), Loss> {
        let all_lost = |error| Loss {
            lines: self.lines,
            error,
        };
        if let Some(size) = self.torn_at {
            disk.cut(size).map_err(all_lost)?;
            self.torn_at = None;
        }
        let (written, outcome) = write_fully(disk, &self.bytes);
        let Err(error) = outcome else { return Ok(()) };
        let whole = memchr::memrchr(b'\n', &self.bytes[..written]).map_or(0, |at| at + 1);
        if whole < written {
            // Nobody else appends to it, so the torn line is its end.
            let torn = (written - whole) as u64;
            let size = disk.size().map_err(all_lost)?.saturating_sub(torn);
            self.torn_at = disk.cut(size).is_err().then_some(size);
        }
        let lines = memchr::memchr_iter(b'\n', &self.bytes[whole..]).count() as u64;
        Err(Loss { lines, error })
    }
}

/// Writes all bytes, in one piece if the system takes them so; returns how many were written.
fn write_fully(disk: &mut impl Disk, bytes: &[u8]) -> (usize, io::Result<()>) {
    let mut written = 0;
    while written < bytes.len() {
        match disk.append(&bytes[written..]) {
            Ok(0) => return (written, Err(io::ErrorKind::WriteZero.into())),
            Ok(more) => written += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (written, Err(error)),
        }
    }
    (written, Ok(()))
}

/// How often the name is compared with the open file.
const CHECK_EVERY: Duration = Duration::from_secs(1);
/// A larger buffer is given back after a batch.
const KEPT_BUFFER: usize = 1024 * 1024;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::mpsc;

    use super::*;

    /// A disk with so much room, that takes at most `bite` bytes at a time.
    struct Fake {
        bytes: Vec<u8>,
        room: usize,
        bite: usize,
        can_cut: bool,
    }

    impl Disk for Fake {
        fn size(&self) -> io::Result<u64> {
            Ok(self.bytes.len() as u64)
        }

        fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(self.bite).min(self.room - self.bytes.len());
            if taken == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.bytes.extend_from_slice(&bytes[..taken]);
            Ok(taken)
        }

        fn cut(&mut self, size: u64) -> io::Result<()> {
            if !self.can_cut {
                return Err(io::Error::other("no"));
            }
            self.bytes.truncate(usize::try_from(size).unwrap());
            Ok(())
        }
    }

    fn three_lines() -> Batch {
        let mut batch = Batch::default();
        for line in [&b"one"[..], b"two", b"three"] {
            batch.push(line);
        }
        batch
    }

    #[test]
    fn whatever_fits_is_whole_lines_and_the_rest_is_counted() {
        for room in 0..=14 {
            for bite in [1, 3, 100] {
                let mut disk = Fake {
                    bytes: Vec::new(),
                    room,
                    bite,
                    can_cut: true,
                };
                let mut batch = three_lines();
                let lost = batch
                    .write_to(&mut disk)
                    .map_or_else(|loss| loss.lines, |()| 0);
                let text = String::from_utf8(disk.bytes).unwrap();
                assert!(text.is_empty() || text.ends_with('\n'), "{text:?}");
                assert!("one\ntwo\nthree\n".starts_with(&text));
                assert_eq!(text.lines().count() as u64 + lost, 3, "{room}");
                assert!(batch.is_empty());
            }
        }
    }

    #[test]
    fn a_torn_line_that_could_not_be_cut_is_cut_before_the_next_one() {
        let mut disk = Fake {
            bytes: Vec::new(),
            room: 6,
            bite: 100,
            can_cut: false,
        };
        let mut batch = three_lines();
        assert_eq!(batch.write_to(&mut disk).err().unwrap().lines, 2);
        assert_eq!(disk.bytes, b"one\ntw");
        disk.room = 100;
        batch.push(b"four");
        assert_eq!(batch.write_to(&mut disk).err().unwrap().lines, 1);
        disk.can_cut = true;
        batch.push(b"five");
        assert!(batch.write_to(&mut disk).is_ok());
        assert_eq!(disk.bytes, b"one\nfive\n");
    }

    fn log_in(folder: &std::path::Path) -> (Jsonl, mpsc::Receiver<News>) {
        let (tell, told) = mpsc::channel();
        let options = Options {
            path: folder.join("log.jsonl"),
            group: None,
            max_size: 0,
            keep: 5,
        };
        let mut log = Jsonl::open(options, move |news| tell.send(news).unwrap()).unwrap();
        log.check_every = Duration::ZERO;
        (log, told)
    }

    fn put(log: &mut Jsonl, line: &str) {
        log.append(line.as_bytes());
        log.commit();
    }

    #[test]
    fn a_renamed_and_a_deleted_log_are_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, told) = log_in(folder.path());
        let path = folder.path().join("log.jsonl");
        put(&mut log, "one");
        fs::rename(&path, folder.path().join("old")).unwrap();
        put(&mut log, "two");
        fs::remove_file(&path).unwrap();
        put(&mut log, "three");
        assert_eq!(
            fs::read_to_string(folder.path().join("old")).unwrap(),
            "one\n"
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), "three\n");
        assert!(told.try_recv().is_err());
    }

    #[test]
    fn a_log_that_cannot_be_opened_again_is_counted_while_it_is_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, told) = log_in(folder.path());
        let path = folder.path().join("log.jsonl");
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        put(&mut log, "one");
        put(&mut log, "two");
        fs::remove_dir(&path).unwrap();
        put(&mut log, "three");
        let told: Vec<_> = told.try_iter().collect();
        assert!(
            matches!(
                told.as_slice(),
                [
                    News::NotReopened { .. },
                    News::Failing { .. },
                    News::Recovered(Lost { lines: 2 })
                ]
            ),
            "{told:?}"
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), "three\n");
        assert_eq!(log.handle().lost(), Lost { lines: 2 });
    }

    #[test]
    fn a_truncated_log_goes_on_at_its_beginning() {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, _) = log_in(folder.path());
        put(&mut log, "one");
        log.file.cut(0).unwrap();
        put(&mut log, "two");
        let text = fs::read_to_string(folder.path().join("log.jsonl")).unwrap();
        assert_eq!(text, "two\n");
    }
}
