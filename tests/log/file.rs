//! The file: torn lines, locks, modes, strangers.
use super::*;

#[test]
fn a_line_torn_at_any_byte_is_whole_after_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let lines: Vec<_> = full()
        .all()
        .iter()
        .map(|it| serde_json::to_string(it).unwrap())
        .collect();
    let kept = format!("{}\n{}\n", lines[0], lines[2]);
    let last = &lines[3];
    for cut in 0..=last.len() {
        let mut bytes = kept.clone().into_bytes();
        bytes.extend(&last.as_bytes()[..cut]);
        put(&path, &bytes);
        let (log, repair) = LogFile::open(&path, None).unwrap();
        drop(log);
        let (text, want) = match cut {
            0 => (kept.clone(), None),
            _ if cut == last.len() => (format!("{kept}{last}\n"), Some(Repair::Completed)),
            _ => (kept.clone(), Some(Repair::Removed(cut as u64))),
        };
        assert_eq!((read(&path), repair), (text, want), "cut after {cut}");
    }
}

#[test]
fn zeros_that_a_power_cut_left_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    for tail in [&b"\0\0\0\0"[..], b"{\"v\":1,\"event\":\"st\0\0"] {
        put(&path, &[b"{}\n", tail].concat());
        let (_, repair) = LogFile::open(&path, None).unwrap();
        assert_eq!(repair, Some(Repair::Removed(tail.len() as u64)));
        assert_eq!(read(&path), "{}\n");
    }
}

#[test]
fn a_file_that_nicetap_did_not_write_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    put(&path, b"dear diary");
    let error = LogFile::open(&path, None).err().unwrap();
    assert!(matches!(error, OpenError::Foreign(_)), "{error}");
    assert_eq!(read(&path), "dear diary");
}

#[test]
fn a_very_long_torn_line_is_found_from_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let torn = format!(
        "{{\"v\":1,\"event\":\"exchange\",\"x\":\"{}",
        "y".repeat(200_000)
    );
    put(&path, format!("{{}}\n{torn}").as_bytes());
    let (_, repair) = LogFile::open(&path, None).unwrap();
    assert_eq!(repair, Some(Repair::Removed(torn.len() as u64)));
    put(&path, torn.as_bytes());
    LogFile::open(&path, None).unwrap();
    assert_eq!(read(&path), "");
}

#[test]
fn only_one_may_write_and_the_error_names_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let (mut log, _) = LogFile::open(&path, None).unwrap();
    for _ in 0..2 {
        let error = LogFile::open(&path, None).err().unwrap();
        assert!(matches!(error, OpenError::Locked(_)));
        assert!(error.to_string().contains("--log FILE"), "{error}");
        // The lock is kept over a rotation.
        log.rotate(2).unwrap();
    }
    drop(log);
    LogFile::open(&path, None).unwrap();
}

#[test]
fn whatever_is_no_file_of_ours_is_refused_without_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let inside = |name: &str| folder.path().join(name);
    fs::create_dir(inside("folder")).unwrap();
    put(&inside("target"), b"");
    symlink(inside("target"), inside("link")).unwrap();
    symlink(inside("nowhere"), inside("dangling")).unwrap();
    let mkfifo = Command::new("mkfifo").arg(inside("pipe")).status();
    assert!(mkfifo.unwrap().success());
    let socket = std::os::unix::net::UnixListener::bind(inside("socket")).unwrap();
    for (path, what) in [
        (inside("folder"), "a directory"),
        (inside("link"), "a symbolic link"),
        (inside("dangling"), "a symbolic link"),
        (inside("pipe"), "a pipe"),
        (inside("socket"), "a socket"),
        (PathBuf::from("/dev/null"), "a device"),
        (PathBuf::from("/dev/full"), "a device"),
    ] {
        let error = LogFile::open(&path, None).err().unwrap().to_string();
        assert!(error.contains(&format!(" is {what}, ")), "{error}");
        assert!(error.contains("--no-log"), "{error}");
    }
    drop(socket);
    assert!(!inside("nowhere").exists());
    fs::hard_link(inside("target"), inside("second")).unwrap();
    let error = LogFile::open(&inside("target"), None).err().unwrap();
    assert!(matches!(error, OpenError::Linked(_)), "{error}");
}

#[test]
fn the_log_is_readable_by_its_owner_and_the_named_group_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/log");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let (mut log, _) = LogFile::open(&path, None).unwrap();
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    log.rotate(1).unwrap();
    assert_eq!(mode(&path), 0o600);
    drop(log);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    let group = fs::metadata(&path).unwrap().gid();
    LogFile::open(&path, Some(group)).unwrap();
    assert_eq!(mode(&path), 0o640);
}

#[test]
fn a_log_in_a_folder_that_cannot_be_made_is_an_error_with_a_way_out() {
    let folder = tempfile::tempdir().unwrap();
    put(&folder.path().join("file"), b"");
    let error = LogFile::open(&folder.path().join("file/log"), None);
    let error = error.err().unwrap().to_string();
    assert!(error.starts_with("cannot "), "{error}");
    assert!(error.contains("--no-log"), "{error}");
}

#[test]
fn groups_are_found_by_name_and_number() {
    assert_eq!(nicetap::sink::out::group_id("root"), Some(0));
    assert_eq!(nicetap::sink::out::group_id("1234"), Some(1234));
    assert_eq!(nicetap::sink::out::group_id("no such group"), None);
}
