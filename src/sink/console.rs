//! The console: records on a terminal, by a thread of its own.
//!
//! It must not hold up the log. The queue in front of the thread is bounded; what does not fit is counted, and
//! `… 312 lines not shown` says so as soon as something can be shown again.
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::Duration;

use crate::clock::Time;
use crate::journal::Sink;
use crate::record::Record;
use crate::redact::seal::Masked;
use crate::stumble::{self, Place};

use super::block::{Look, Renderer};
use super::out::Printer;

/// What the console prints.
#[derive(Clone)]
pub enum Form {
    /// Blocks for people.
    Blocks(Look),
    /// The records as in the log (`--json`).
    Json,
}

/// The sink.
pub struct Console {
    queue: SyncSender<Item>,
    shared: Arc<Shared>,
    is_json: bool,
}

impl Console {
    /// Starts the console's thread. Fails if the system has no thread left.
    pub fn start(printer: Printer, form: Form) -> io::Result<(Self, Handle)> {
        let (queue, items) = mpsc::sync_channel(QUEUE);
        let (done, finished) = mpsc::channel();
        let shared = Arc::new(Shared::default());
        let is_json = matches!(form, Form::Json);
        let painter = Painter {
            items,
            printer,
            renderer: match form {
                Form::Blocks(look) => Some(Renderer::new(look)),
                Form::Json => None,
            },
            shared: Arc::clone(&shared),
        };
        thread::Builder::new()
            .name("console".into())
            .spawn(move || {
                painter.run();
                // Nobody waits any more if `finish` ran out of patience.
                let _ = done.send(());
            })?;
        let teller = Teller {
            queue: queue.clone(),
            shared: Arc::clone(&shared),
        };
        let handle = Handle { teller, finished };
        let console = Self {
            queue,
            shared,
            is_json,
        };
        Ok((console, handle))
    }
}

impl Sink for Console {
    fn write(&mut self, record: &Arc<Record<Masked>>, line: &[u8]) -> io::Result<()> {
        let item = if self.is_json {
            Item::Line(line.into())
        } else {
            Item::Record(Arc::clone(record))
        };
        self.shared.offer(&self.queue, item);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Lets any thread say something of nicetap's own on the console.
#[derive(Clone)]
pub struct Teller {
    queue: SyncSender<Item>,
    shared: Arc<Shared>,
}

impl Teller {
    /// Shows a line between the blocks; with `--json` nothing. Never waits.
    ///
    /// For nicetap's own words: text from the wire must not come here, since nothing masks it.
    pub fn tell(&self, text: impl Into<String>) {
        let notice = Item::Notice(Time::now(), text.into());
        self.shared.offer(&self.queue, notice);
    }
}

/// The console, as the rest of the program sees it while the writer owns the sink.
pub struct Handle {
    teller: Teller,
    finished: Receiver<()>,
}

impl Handle {
    /// A way to say something.
    pub fn teller(&self) -> Teller {
        self.teller.clone()
    }

    /// Lines that were not shown since the start.
    pub fn not_shown(&self) -> u64 {
        self.teller.shared.not_shown.load(Ordering::Acquire)
    }

    /// Shows what is queued, and ends the thread. False if that takes longer than `limit`: the terminal is stopped.
    pub fn finish(self, limit: Duration) -> bool {
        let shared = &self.teller.shared;
        shared.is_ending.store(true, Ordering::Release);
        // Wakes the thread. If the queue is full it is awake, and sees `is_ending` when it has emptied it.
        let _ = self.teller.queue.try_send(Item::End);
        self.finished.recv_timeout(limit).is_ok()
    }
}

enum Item {
    Record(Arc<Record<Masked>>),
    Line(Box<[u8]>),
    Notice(Time, String),
    End,
}

#[derive(Default)]
struct Shared {
    /// Lines not shown, and not told yet.
    untold: AtomicU64,
    not_shown: AtomicU64,
    is_ending: AtomicBool,
}

impl Shared {
    fn offer(&self, queue: &SyncSender<Item>, item: Item) {
        if queue.try_send(item).is_err() {
            self.count(1);
        }
    }

    fn count(&self, lines: u64) {
        self.untold.fetch_add(lines, Ordering::AcqRel);
        self.not_shown.fetch_add(lines, Ordering::AcqRel);
    }
}

/// What runs on the console's thread.
struct Painter {
    items: Receiver<Item>,
    printer: Printer,
    renderer: Option<Renderer>,
    shared: Arc<Shared>,
}

impl Painter {
    fn run(mut self) {
        while let Some(first) = self.next() {
            if !self.shared.is_ending.load(Ordering::Acquire) {
                thread::sleep(BREATH);
            }
            let columns = self.printer.columns();
            let untold = self.shared.untold.swap(0, Ordering::AcqRel);
            let mut text = self.gap(untold).into_bytes();
            let mut lines = 0;
            let mut item = Some(first);
            while let Some(one) = item {
                let whole = text.len();
                let drawn = stumble::caught(|| self.draw(&one, columns, &mut text));
                if drawn.is_none() {
                    text.truncate(whole);
                    self.shared.count(1);
                }
                lines += u64::from(drawn.unwrap_or_default());
                let has_room = text.len() < BATCH;
                item = has_room.then(|| self.items.try_recv().ok()).flatten();
            }
            self.print(&text, lines, untold);
        }
        let untold = self.shared.untold.swap(0, Ordering::AcqRel);
        let text = self.gap(untold);
        self.print(text.as_bytes(), 0, untold);
    }

    /// The next item; `None` at the end.
    fn next(&self) -> Option<Item> {
        if !self.shared.is_ending.load(Ordering::Acquire) {
            return self.items.recv().ok();
        }
        self.items.try_recv().ok()
    }

    /// Adds what is to be shown for an item; whether it counts as a line.
    fn draw(&mut self, item: &Item, columns: Option<usize>, text: &mut Vec<u8>) -> bool {
        let colored = self.printer.is_colored();
        if matches!(item, Item::Record(_)) {
            stumble::at(Place::Console, b"a record");
        }
        let shown = match (item, &mut self.renderer) {
            (Item::Record(record), Some(renderer)) => renderer.render(record, columns, colored),
            (Item::Notice(time, notice), Some(renderer)) => {
                renderer.notice(*time, notice, columns, colored)
            }
            (Item::Line(line), _) => {
                text.extend_from_slice(line);
                text.push(b'\n');
                return true;
            }
            (Item::End, _) | (_, None) => return false,
        };
        text.extend_from_slice(shown.as_bytes());
        true
    }

    fn gap(&self, lines: u64) -> String {
        // Between JSON records there is no place for such a line.
        match (lines, &self.renderer) {
            (0, _) | (_, None) => String::new(),
            (1, _) => "… 1 line not shown\n".into(),
            _ => format!("… {lines} lines not shown\n"),
        }
    }

    fn print(&mut self, text: &[u8], lines: u64, untold: u64) {
        if !text.is_empty() && self.printer.print_bytes(text).is_err() {
            self.shared.count(lines);
            self.shared.untold.fetch_add(untold, Ordering::AcqRel);
        }
    }
}

/// Records and notices that may wait for the terminal.
const QUEUE: usize = 1024;
/// Bytes after which what is drawn is printed.
const BATCH: usize = 16 * 1024;
/// How long items gather before they are drawn: being woken for each costs more than drawing it. With [`BATCH`] it also
/// bounds what a console costs that nobody could read as fast as it goes by, to a MiB a second; the rest is counted as
/// not shown.
const BREATH: Duration = Duration::from_millis(16);

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Write;
    use std::sync::Mutex;

    use jiff::tz::TimeZone;

    use super::*;
    use crate::record::{Event, Stop, VERSION};
    use crate::sink::block::Verbosity;

    /// A terminal that takes nothing before it is released, and may fail first.
    struct Stopped {
        release: Receiver<io::Result<()>>,
        began: mpsc::Sender<()>,
        shown: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Stopped {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.began.send(());
            // A dropped sender releases for good.
            self.release.recv().unwrap_or(Ok(()))?;
            self.shown.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    const PATIENCE: Duration = Duration::from_mins(1);

    struct Stage {
        release: mpsc::Sender<io::Result<()>>,
        began: Receiver<()>,
        shown: Arc<Mutex<Vec<u8>>>,
    }

    impl Stage {
        fn text(&self) -> String {
            String::from_utf8(self.shown.lock().unwrap().clone()).unwrap()
        }
    }

    fn stopped() -> (Printer, Stage) {
        let (release, released) = mpsc::channel();
        let (begin, began) = mpsc::channel();
        let shown = Arc::new(Mutex::new(Vec::new()));
        let terminal = Stopped {
            release: released,
            began: begin,
            shown: Arc::clone(&shown),
        };
        let stage = Stage {
            release,
            began,
            shown,
        };
        (Printer::over(terminal, false), stage)
    }

    fn blocks() -> Form {
        Form::Blocks(Look {
            verbosity: Verbosity::Normal,
            zone: TimeZone::UTC,
            title: |_| None,
            is_reading: false,
        })
    }

    fn stop(exchanges: u64) -> Arc<Record<Masked>> {
        Arc::new(Record::Stop(Box::new(Stop {
            v: VERSION,
            event: Event::Stop,
            time: Time::from_millis(0),
            exchanges,
            tunnels: 0,
            connections: 0,
            findings: BTreeMap::new(),
            hidden: BTreeMap::new(),
            verdicts: BTreeMap::new(),
            not_recorded: 0,
            late_lines: 0,
            undo: Vec::new(),
        })))
    }

    #[test]
    fn a_stopped_terminal_stops_nobody_and_later_hears_how_much_it_missed() {
        let (printer, stage) = stopped();
        let (mut console, handle) = Console::start(printer, blocks()).unwrap();
        console.write(&stop(1), b"").unwrap();
        stage.began.recv().unwrap();
        for number in 0..QUEUE as u64 + 312 {
            console.write(&stop(number), b"").unwrap();
        }
        assert_eq!(handle.not_shown(), 312);
        drop(stage.release);
        let shown = Arc::clone(&stage.shown);
        assert!(handle.finish(PATIENCE));
        let text = String::from_utf8(shown.lock().unwrap().clone()).unwrap();
        assert_eq!(text.matches("… 312 lines not shown\n").count(), 1);
        assert_eq!(text.matches("nicetap ended").count(), QUEUE + 1);
    }

    #[test]
    fn a_terminal_that_stays_stopped_does_not_hold_up_the_end() {
        let (printer, stage) = stopped();
        let (mut console, handle) = Console::start(printer, blocks()).unwrap();
        console.write(&stop(1), b"").unwrap();
        stage.began.recv().unwrap();
        assert!(!handle.finish(Duration::from_millis(1)));
        assert_eq!(stage.text(), "");
    }

    #[test]
    fn a_failed_write_is_counted_and_told() {
        let (printer, stage) = stopped();
        let (mut console, handle) = Console::start(printer, blocks()).unwrap();
        console.write(&stop(1), b"").unwrap();
        stage.began.recv().unwrap();
        let full = io::ErrorKind::StorageFull;
        stage.release.send(Err(full.into())).unwrap();
        drop(stage.release);
        handle.teller().tell("one more");
        let shown = Arc::clone(&stage.shown);
        assert!(handle.finish(PATIENCE));
        let text = String::from_utf8(shown.lock().unwrap().clone()).unwrap();
        assert!(text.starts_with("… 1 line not shown\n"), "{text}");
        assert!(text.ends_with(" nicetap: one more\n"), "{text}");
    }

    #[test]
    fn a_reader_who_has_gone_is_no_failure() {
        let (printer, stage) = stopped();
        let (mut console, handle) = Console::start(printer, blocks()).unwrap();
        let gone = io::ErrorKind::BrokenPipe;
        stage.release.send(Err(gone.into())).unwrap();
        drop(stage.release);
        console.write(&stop(1), b"").unwrap();
        let teller = handle.teller();
        assert!(handle.finish(PATIENCE));
        assert_eq!(teller.shared.not_shown.load(Ordering::Acquire), 0);
    }

    #[test]
    fn json_shows_the_lines_of_the_log_and_nothing_else() {
        let (printer, stage) = stopped();
        let shown = Arc::clone(&stage.shown);
        drop(stage.release);
        let (mut console, handle) = Console::start(printer, Form::Json).unwrap();
        console.write(&stop(1), b"{\"v\":1}").unwrap();
        handle.teller().tell("not JSON");
        assert!(handle.finish(PATIENCE));
        assert_eq!(&*shown.lock().unwrap(), b"{\"v\":1}\n");
    }
}
