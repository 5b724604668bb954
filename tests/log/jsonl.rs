//! Lines: batches, rotation, full disks.
use super::*;

fn open(path: &Path, max_size: u64, keep: u32) -> (Jsonl, mpsc::Receiver<News>) {
    let (tell, told) = mpsc::channel();
    let options = Options {
        path: path.to_owned(),
        group: None,
        max_size,
        keep,
    };
    let log = Jsonl::open(options, move |news| tell.send(news).unwrap()).unwrap();
    (log, told)
}

#[test]
fn a_batch_is_written_when_it_is_flushed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let (mut log, _) = open(&path, 0, 0);
    let record = Arc::new(Record::<Masked>::Stop(Box::new(full().stop())));
    log.write(&record, b"{\"n\":1}").unwrap();
    log.write(&record, b"{\"n\":2}").unwrap();
    assert_eq!(read(&path), "");
    log.flush().unwrap();
    assert_eq!(read(&path), "{\"n\":1}\n{\"n\":2}\n");
}

#[test]
fn it_rotates_by_size_and_keeps_so_many() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let (mut log, told) = open(&path, 40, 3);
    for number in 100..150 {
        log.append(format!("{{\"number\":{number}}}").as_bytes());
        log.commit();
    }
    let names = |end: &str| folder.path().join(format!("log{end}"));
    let texts = [".3", ".2", ".1", ""].map(|end| read(&names(end)));
    let numbers: Vec<_> = texts.iter().flat_map(|text| text.lines()).collect();
    assert_eq!(numbers.len(), 8, "{numbers:?}");
    assert_eq!(numbers[0], "{\"number\":142}");
    assert_eq!(numbers[7], "{\"number\":149}");
    assert!(
        texts
            .iter()
            .all(|text| text.len() <= 40 && text.ends_with('\n'))
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4);
    assert!(told.try_recv().is_err());
}

#[test]
fn it_keeps_none_if_none_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let (mut log, _) = open(&path, 10, 0);
    for number in 0..5 {
        log.append(format!("{{\"n\":{number}}}").as_bytes());
        log.commit();
    }
    assert_eq!(read(&path), "{\"n\":4}\n");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_rotation_that_fails_is_told_once_and_the_log_grows_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    fs::create_dir(folder.path().join("log.1")).unwrap();
    let (mut log, told) = open(&path, 10, 1);
    for number in 0..5 {
        log.append(format!("{{\"n\":{number}}}").as_bytes());
        log.commit();
    }
    assert_eq!(read(&path).lines().count(), 5);
    let told: Vec<_> = told.try_iter().collect();
    assert!(
        matches!(told.as_slice(), [News::NotRotated { .. }]),
        "{told:?}"
    );
    assert_eq!(log.handle().lost(), Lost { lines: 0 });
    assert!(!folder.path().join("log.new").exists());
}

#[test]
fn a_log_that_was_renamed_is_opened_again_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let (mut log, _) = open(&path, 0, 0);
    log.append(b"{\"n\":1}");
    log.commit();
    let old = folder.path().join("old");
    fs::rename(&path, &old).unwrap();
    log.handle().reopen();
    log.append(b"{\"n\":2}");
    log.commit();
    // Asked again, with nothing renamed: the same file goes on.
    log.handle().reopen();
    log.append(b"{\"n\":3}");
    log.commit();
    assert_eq!(read(&old), "{\"n\":1}\n");
    assert_eq!(read(&path), "{\"n\":2}\n{\"n\":3}\n");
}

#[test]
fn the_repair_of_a_torn_line_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    put(&path, b"{\"v\":1,\"ev");
    let (_, told) = open(&path, 0, 0);
    let news = told.recv().unwrap();
    assert_eq!(news, News::Repaired(Repair::Removed(10)));
    assert_eq!(
        news.to_string(),
        "the log's last line was cut off; its 10 bytes were removed"
    );
}

/// A file system of 64 KiB; unmounted when dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// `None` where mounting is not allowed.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"]);
        let outcome = mount.arg(folder.path()).output();
        outcome
            .is_ok_and(|it| it.status.success())
            .then(|| Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(self.0.path()).status();
        assert!(unmounted.is_ok_and(|it| it.success()));
    }
}

#[test]
fn a_full_disk_costs_whole_lines_which_are_counted_and_told() {
    let Some(disk) = SmallDisk::mount() else {
        println!("skipped: a file system can only be mounted by root");
        return;
    };
    let path = disk.0.path().join("log");
    let ballast = disk.0.path().join("ballast");
    put(&ballast, &vec![0; 32 * 1024]);
    let (mut log, told) = open(&path, 0, 0);
    let line = format!("{{\"x\":\"{}\"}}", "x".repeat(991));
    for _ in 0..50 {
        log.append(line.as_bytes());
        log.append(line.as_bytes());
        log.commit();
    }
    let lost = log.handle().lost().lines;
    assert!(lost > 50, "{lost}");
    let text = read(&path);
    assert_eq!(text.lines().count() as u64 + lost, 100);
    assert!(text.lines().all(|it| it == line) && text.ends_with('\n'));
    assert!(matches!(told.try_recv(), Ok(News::Failing { .. })));
    assert!(told.try_recv().is_err());
    fs::remove_file(ballast).unwrap();
    log.append(line.as_bytes());
    log.commit();
    assert_eq!(told.try_recv(), Ok(News::Recovered(Lost { lines: lost })));
    assert_eq!(read(&path).lines().count() as u64 + lost, 101);
    drop(log);
}
