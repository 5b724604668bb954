//! What is shipped beside the program: systemd takes the unit, and its command line is one that nicetap takes.
use std::process::Command;

#[test]
fn systemd_takes_the_unit_and_nicetap_its_command_line() {
    let unit = include_str!("../config/nicetap.service");
    let nicetap = env!("CARGO_BIN_EXE_nicetap");
    let line = unit
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart=/usr/bin/nicetap "))
        .unwrap();
    let taken = Command::new(nicetap)
        .args(line.split(' '))
        .arg("--help")
        .output()
        .unwrap();
    assert!(taken.status.success(), "{taken:?}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("nicetap.service");
    #[expect(clippy::disallowed_methods, reason = "a test's own file")]
    std::fs::write(&file, unit.replace("/usr/bin/nicetap", nicetap)).unwrap();
    let judged = Command::new("systemd-analyze")
        .arg("verify")
        .arg(&file)
        .output()
        .unwrap();
    assert!(
        judged.status.success() && judged.stderr.is_empty(),
        "{judged:?}"
    );
}
