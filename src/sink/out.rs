//! The only door to the terminal, and to every file but those of the CA's store.
//!
//! It must not interpret what it writes, and it must not panic: a terminal may be gone, a disk may be full.
use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::io::{self, IsTerminal, Read, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use rustix::event::{PollFd, PollFlags};
use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use crate::config::Color;

/// A place to print to.
///
/// It has no buffer and takes no lock, so that a stopped terminal stops only the thread that prints. When nobody
/// reads any more (`| head`), it closes and swallows the rest: that is no failure.
pub struct Printer {
    to: Option<Target>,
    colored: bool,
    is_terminal: bool,
}

enum Target {
    Stdout,
    Stderr,
    Other(Box<dyn Write + Send>),
}

impl Printer {
    /// Standard output.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the door; the stream is only asked what it is"
    )]
    pub fn stdout(color: Color) -> Self {
        let stream = io::stdout();
        Self {
            to: Some(Target::Stdout),
            colored: is_colored(color, &stream),
            is_terminal: stream.is_terminal(),
        }
    }

    /// Standard error.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the door; the stream is only asked what it is"
    )]
    pub fn stderr(color: Color) -> Self {
        let stream = io::stderr();
        Self {
            to: Some(Target::Stderr),
            colored: is_colored(color, &stream),
            is_terminal: stream.is_terminal(),
        }
    }

    /// Something else that bytes can be written to; no terminal.
    pub fn over(to: impl Write + Send + 'static, colored: bool) -> Self {
        Self {
            to: Some(Target::Other(Box::new(to))),
            colored,
            is_terminal: false,
        }
    }

    /// Whether text for it may hold colours.
    pub const fn is_colored(&self) -> bool {
        self.colored
    }

    /// Whether it is a terminal.
    pub const fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Whether somebody may still read.
    pub const fn is_open(&self) -> bool {
        self.to.is_some()
    }

    /// The terminal's width now, in columns; `None` where it has none.
    pub fn columns(&self) -> Option<usize> {
        let fd = self.to.as_ref()?.fd()?;
        let size = rustix::termios::tcgetwinsize(fd).ok()?;
        (size.ws_col > 0).then_some(usize::from(size.ws_col))
    }

    /// Prints text; colours in it are taken out where they do not belong.
    ///
    /// Fails where the stream does, except that a reader who has gone is no failure.
    pub fn print(&mut self, text: &str) -> io::Result<()> {
        if self.colored {
            self.print_bytes(text.as_bytes())
        } else {
            let plain = anstream::adapter::strip_str(text).to_string();
            self.print_bytes(plain.as_bytes())
        }
    }

    /// Prints bytes as they are.
    pub fn print_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(to) = &mut self.to else {
            return Ok(());
        };
        match to.write_all(bytes).and_then(|()| to.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.to = None;
                Ok(())
            }
            outcome => outcome,
        }
    }
}

impl Target {
    fn fd(&self) -> Option<BorrowedFd<'static>> {
        match self {
            Self::Stdout => Some(rustix::stdio::stdout()),
            Self::Stderr => Some(rustix::stdio::stderr()),
            Self::Other(_) => None,
        }
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let fd = match self {
            Self::Other(to) => return to.write(bytes),
            Self::Stdout => rustix::stdio::stdout(),
            Self::Stderr => rustix::stdio::stderr(),
        };
        loop {
            match rustix::io::write(fd, bytes) {
                // Another program on the same terminal can have made it non-blocking for all.
                Err(Errno::AGAIN) => wait_until_writable(fd)?,
                outcome => return Ok(outcome?),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Other(to) => to.flush(),
            Self::Stdout | Self::Stderr => Ok(()),
        }
    }
}

/// The group of this name or number, as `/etc/group` knows it; `None` if it does not.
pub fn group_id(group: &str) -> Option<u32> {
    if let Ok(number) = group.parse() {
        return Some(number);
    }
    let groups = fs::read_to_string("/etc/group").ok()?;
    groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(group)).then(|| fields.nth(1)?.parse().ok())?
    })
}

/// Why a log cannot be opened. Each message names the way out.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Something else has that name.
    #[error(
        "{} is {what}, and a log must be a regular file; choose another with --log FILE, or use --no-log \
         (with --json the records go to standard output)", path.display()
    )]
    NotRegular {
        /// The log.
        path: PathBuf,
        /// `a directory`, `a symbolic link`, …
        what: &'static str,
    },
    /// Another process writes to it.
    #[error(
        "another nicetap writes to {}; give this one its own with --log FILE, or use --no-log",
        .0.display()
    )]
    Locked(PathBuf),
    /// Its last line has no end and does not look like a record.
    #[error(
        "{} ends with something that nicetap did not write; choose another file with --log FILE",
        .0.display()
    )]
    Foreign(PathBuf),
    /// Another user owns it, so that user could read what is logged.
    #[error(
        "{} belongs to user {owner}, not to the user that nicetap runs as; choose another with --log FILE",
        path.display()
    )]
    Owner {
        /// The log.
        path: PathBuf,
        /// The owner's user id.
        owner: u32,
    },
    /// It has a second name, where a stranger may have put it.
    #[error(
        "{} has more than one name (hard links); choose another with --log FILE",
        .0.display()
    )]
    Linked(PathBuf),
    /// The system refused.
    #[error("cannot {doing} {}: {source}; choose another with --log FILE, or use --no-log", path.display())]
    Io {
        /// What was tried: `open`, `lock`, …
        doing: &'static str,
        /// The log.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// What was done to a last line that a crash had cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    /// The line was a whole record without its line end, which was added.
    Completed,
    /// So many bytes of a cut record were removed.
    Removed(u64),
}

/// An append-only log of which this process is the only writer.
///
/// The lock lies on the file itself and goes with it when the file is renamed, so the name is compared with the
/// open file after locking, and again by [`LogFile::is_current`].
pub struct LogFile {
    file: File,
    path: PathBuf,
    group: Option<u32>,
    inode: (u64, u64),
}

impl LogFile {
    /// Opens or creates the log, locks it, and repairs its last line.
    ///
    /// Its mode becomes 0600, or 0640 with a group. Its folder is made if it is missing. Only a regular file of the
    /// current user with one name is taken; links, pipes, sockets and devices (`/dev/null` and `/dev/full` too)
    /// are refused, and none of them makes this wait.
    pub fn open(path: &Path, group: Option<u32>) -> Result<(Self, Option<Repair>), OpenError> {
        let failed = |doing| {
            move |source| OpenError::Io {
                doing,
                path: path.to_owned(),
                source,
            }
        };
        make_folder_of(path, group).map_err(failed("make the folder of"))?;
        for _ in 0..OPEN_ATTEMPTS {
            refuse_odd_kinds(path)?;
            let file = open(path, OFlags::CREATE).map_err(failed("open"))?;
            let meta = file.metadata().map_err(failed("open"))?;
            refuse_odd_file(path, &meta)?;
            lock(&file).map_err(|error| match error {
                Errno::WOULDBLOCK => OpenError::Locked(path.to_owned()),
                error => failed("lock")(error.into()),
            })?;
            let mut log = Self {
                file,
                path: path.to_owned(),
                group,
                inode: (meta.dev(), meta.ino()),
            };
            // Its owner may have renamed it between our open and our lock.
            if !log.is_current() {
                continue;
            }
            let repair = log.repair()?;
            restrict(&log.file, group).map_err(failed("set the mode of"))?;
            return Ok((log, repair));
        }
        Err(OpenError::Locked(path.to_owned()))
    }

    /// Its name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes that it holds now; somebody may have truncated it.
    pub fn size(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Whether its name still leads to it.
    pub fn is_current(&self) -> bool {
        fs::symlink_metadata(&self.path).is_ok_and(|meta| (meta.dev(), meta.ino()) == self.inode)
    }

    /// Whether it has no name any more, so that what is written is lost.
    pub fn is_deleted(&self) -> bool {
        self.file.metadata().is_ok_and(|meta| meta.nlink() == 0)
    }

    /// Appends with one write(2); returns how many bytes were taken.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&self.file).write(bytes)
    }

    /// Cuts it back to this size; never lengthens it.
    pub fn cut(&mut self, size: u64) -> io::Result<()> {
        if self.size()? > size {
            self.file.set_len(size)?;
        }
        Ok(())
    }

    /// Renames it to `NAME.1`, older ones to `NAME.2` … `NAME.keep`, and goes on with an empty file.
    ///
    /// The new file is locked before it gets the name. Older ones beyond `keep` are overwritten. After an error it
    /// goes on with the file it had.
    pub fn rotate(&mut self, keep: u32) -> io::Result<()> {
        let fresh_path = sibling(&self.path, "new");
        match fs::remove_file(&fresh_path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = open(&fresh_path, OFlags::CREATE | OFlags::EXCL)?;
        let outcome = self.replace_by(&file, &fresh_path, keep);
        if outcome.is_err() {
            let _ = fs::remove_file(&fresh_path);
            return outcome;
        }
        let meta = file.metadata()?;
        self.inode = (meta.dev(), meta.ino());
        self.file = file;
        Ok(())
    }

    fn replace_by(&self, fresh: &File, fresh_path: &Path, keep: u32) -> io::Result<()> {
        lock(fresh)?;
        restrict(fresh, self.group)?;
        let numbered = |number: u32| sibling(&self.path, &number.to_string());
        for number in (1..keep).rev() {
            match fs::rename(numbered(number), numbered(number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        if keep > 0 {
            fs::rename(&self.path, numbered(1))?;
        }
        fs::rename(fresh_path, &self.path)
    }

    /// Makes the last line whole.
    fn repair(&mut self) -> Result<Option<Repair>, OpenError> {
        let failed = |source| OpenError::Io {
            doing: "repair",
            path: self.path.clone(),
            source,
        };
        let size = self.size().map_err(failed)?;
        let start = self.last_line_start(size).map_err(failed)?;
        if start == size {
            return Ok(None);
        }
        let mut tail = Vec::new();
        (&self.file).seek(SeekFrom::Start(start)).map_err(failed)?;
        (&self.file)
            .take(LONGEST_TAIL)
            .read_to_end(&mut tail)
            .map_err(failed)?;
        if is_whole_record(&tail) {
            (&self.file).write_all(b"\n").map_err(failed)?;
            return Ok(Some(Repair::Completed));
        }
        if !looks_torn(&tail) {
            return Err(OpenError::Foreign(self.path.clone()));
        }
        self.file.set_len(start).map_err(failed)?;
        Ok(Some(Repair::Removed(size - start)))
    }

    /// Where the line begins that has no end; the size, if each has one.
    fn last_line_start(&self, size: u64) -> io::Result<u64> {
        let mut chunk = vec![0; CHUNK];
        let mut end = size;
        while end > 0 {
            let start = end.saturating_sub(CHUNK as u64);
            let length = usize::try_from(end - start).map_err(io::Error::other)?;
            (&self.file).seek(SeekFrom::Start(start))?;
            (&self.file).read_exact(&mut chunk[..length])?;
            if let Some(at) = memchr::memrchr(b'\n', &chunk[..length]) {
                return Ok(start + at as u64 + 1);
            }
            end = start;
        }
        Ok(0)
    }
}

impl AsFd for LogFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

fn is_colored(color: Color, stream: &impl anstream::stream::RawStream) -> bool {
    match color {
        Color::Auto => anstream::AutoStream::choice(stream) != anstream::ColorChoice::Never,
        Color::Always => true,
        Color::Never => false,
    }
}

fn wait_until_writable(fd: BorrowedFd<'_>) -> io::Result<()> {
    match rustix::event::poll(&mut [PollFd::new(&fd, PollFlags::OUT)], None) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Opens without following a link, and without waiting for the other end of a pipe.
fn open(path: &Path, flags: OFlags) -> io::Result<File> {
    let always = OFlags::RDWR
        | OFlags::APPEND
        | OFlags::NOFOLLOW
        | OFlags::CLOEXEC
        | OFlags::NONBLOCK
        | OFlags::NOCTTY;
    let fd = rustix::fs::open(path, always | flags, Mode::RUSR | Mode::WUSR)?;
    Ok(File::from(fd))
}

fn lock(file: &File) -> rustix::io::Result<()> {
    rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive)
}

/// Whether another process writes this log now.
pub fn is_taken(path: &Path) -> bool {
    open(path, OFlags::empty()).is_ok_and(|file| lock(&file) == Err(Errno::WOULDBLOCK))
}

/// Refuses what is no regular file before it is opened: opening a device or a pipe can already do something.
fn refuse_odd_kinds(path: &Path) -> Result<(), OpenError> {
    let Ok(meta) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    let kind = meta.file_type();
    let what = match () {
        () if kind.is_file() => return Ok(()),
        () if kind.is_dir() => "a directory",
        () if kind.is_symlink() => "a symbolic link",
        () if kind.is_fifo() => "a pipe",
        () if kind.is_socket() => "a socket",
        () => "a device",
    };
    Err(OpenError::NotRegular {
        path: path.to_owned(),
        what,
    })
}

/// The same for the file that was really opened, and whose it is.
fn refuse_odd_file(path: &Path, meta: &fs::Metadata) -> Result<(), OpenError> {
    if !meta.is_file() {
        return Err(OpenError::NotRegular {
            path: path.to_owned(),
            what: "something else",
        });
    }
    if meta.uid() != rustix::process::geteuid().as_raw() {
        return Err(OpenError::Owner {
            path: path.to_owned(),
            owner: meta.uid(),
        });
    }
    if meta.nlink() > 1 {
        return Err(OpenError::Linked(path.to_owned()));
    }
    Ok(())
}

fn restrict(file: &File, group: Option<u32>) -> io::Result<()> {
    let mode = match group {
        None => 0o600,
        Some(group) => {
            fchown(file, None, Some(group))?;
            0o640
        }
    };
    file.set_permissions(Permissions::from_mode(mode))
}

fn make_folder_of(path: &Path, group: Option<u32>) -> io::Result<()> {
    let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    else {
        return Ok(());
    };
    if folder.exists() {
        return Ok(());
    }
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    if let Some(group) = group {
        std::os::unix::fs::chown(folder, None, Some(group))?;
        fs::set_permissions(folder, Permissions::from_mode(0o750))?;
    }
    Ok(())
}

fn sibling(path: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".");
    name.push(end);
    PathBuf::from(name)
}

fn is_whole_record(tail: &[u8]) -> bool {
    (tail.len() as u64) < LONGEST_TAIL
        && std::str::from_utf8(tail).is_ok_and(|line| crate::record::Record::parse(line).is_ok())
}

/// Whether this is the beginning of a record, or what a file system leaves of one after a power cut: zeros.
fn looks_torn(tail: &[u8]) -> bool {
    let zeros = tail.iter().rev().take_while(|byte| **byte == 0).count();
    let tail = &tail[..tail.len() - zeros];
    let shorter = tail.len().min(RECORD_START.len());
    tail[..shorter] == RECORD_START[..shorter]
}

/// How every line of a log begins.
const RECORD_START: &[u8] = b"{\"v\":1,\"event\":\"";
const CHUNK: usize = 64 * 1024;
/// A longer last line is not tried as a record.
const LONGEST_TAIL: u64 = 16 * 1024 * 1024;
/// How often a log that is renamed while it is being opened is tried again.
const OPEN_ATTEMPTS: u32 = 8;
