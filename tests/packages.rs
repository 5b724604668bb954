//! What is shipped beside the program: manual pages, completions, the service, the Debian package.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

#[path = "packages/debian.rs"]
mod debian;
#[path = "support/generated.rs"]
mod generated;
#[path = "packages/live.rs"]
mod live;

use std::path::Path;
use std::process::{Command, Output};

use clap_complete::Shell;
use generated::Generated;

#[test]
fn the_manual_pages_are_up_to_date() {
    let mut pages = Generated::folder("docs/man");
    manual(nicetap::cli::description().name("nicetap"), &mut pages);
    pages.are_up_to_date("packages");
}

/// The page of a command, and those of the commands below it.
fn manual(mut command: clap::Command, pages: &mut Generated) {
    command = command.disable_help_subcommand(true);
    command.build();
    let mut below = vec![command.clone()];
    while let Some(command) = below.pop() {
        below.extend(command.get_subcommands().cloned());
        let name = command
            .get_display_name()
            .unwrap_or(command.get_name())
            .to_owned();
        // The version would change every page with each release.
        let page = clap_mangen::Man::new(command.version(None)).source("nicetap");
        let mut text = Vec::new();
        page.render(&mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        // What stands in columns is not to be filled.
        let text = text.replace(".SH EXTRA\n", ".SH NOTES, EXAMPLES, EXIT CODES\n.nf\n");
        pages.add(&format!("{name}.1"), &text);
    }
}

#[test]
fn groff_takes_the_manual_pages() {
    for entry in std::fs::read_dir("docs/man").unwrap().flatten() {
        let mut groff = Command::new("groff");
        groff.args(["-K", "utf8", "-man", "-Tutf8", "-ww", "-z"]);
        let told = done(groff.arg(entry.path()));
        assert!(told.stderr.is_empty(), "{told:?}");
    }
}

#[test]
fn the_completions_are_up_to_date() {
    let mut scripts = Generated::folder("completions");
    for (shell, name) in [
        (Shell::Bash, "nicetap.bash"),
        (Shell::Zsh, "_nicetap"),
        (Shell::Fish, "nicetap.fish"),
    ] {
        let mut text = Vec::new();
        clap_complete::generate(
            shell,
            &mut nicetap::cli::description(),
            "nicetap",
            &mut text,
        );
        scripts.add(name, &String::from_utf8(text).unwrap());
    }
    scripts.are_up_to_date("packages");
}

#[test]
fn bash_completes_commands_and_options() {
    for (typed, want) in [
        ("stat", "status"),
        ("setup --wri", "--write"),
        ("serve --know", "--know"),
    ] {
        let words: Vec<&str> = typed.split(' ').collect();
        let script = format!(
            "source completions/nicetap.bash; COMP_WORDS=(nicetap {typed}); COMP_CWORD={}; \
             _nicetap nicetap {} nicetap; echo \"${{COMPREPLY[@]}}\"",
            words.len(),
            words.last().unwrap()
        );
        let told = done(Command::new("bash").args(["-c", &script]));
        assert_eq!(
            String::from_utf8(told.stdout).unwrap().trim(),
            want,
            "{typed}"
        );
    }
}

#[test]
fn systemd_takes_the_unit_and_nicetap_its_command_line() {
    let unit = include_str!("../config/nicetap.service");
    let nicetap = env!("CARGO_BIN_EXE_nicetap");
    let line = unit
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart=/usr/bin/nicetap "))
        .unwrap();
    done(Command::new(nicetap).args(line.split(' ')).arg("--help"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("nicetap.service");
    write(&file, &unit.replace("/usr/bin/nicetap", nicetap));
    let judged = done(Command::new("systemd-analyze").arg("verify").arg(&file));
    assert!(judged.stderr.is_empty(), "{judged:?}");
}

#[test]
fn the_services_user_is_the_one_that_systemd_makes() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("etc")).unwrap();
    let users = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/nicetap.sysusers");
    let root = format!("--root={}", folder.path().display());
    done(Command::new("systemd-sysusers").arg(root).arg(users));
    let passwd = std::fs::read_to_string(folder.path().join("etc/passwd")).unwrap();
    let user = passwd
        .lines()
        .find(|line| line.starts_with("nicetap:"))
        .unwrap();
    let unit = include_str!("../config/nicetap.service");
    let home = unit
        .lines()
        .find_map(|line| line.strip_prefix("Environment=NICETAP_HOME="));
    assert!(user.contains(&format!(":{}:", home.unwrap())), "{user}");
    assert!(unit.contains("\nUser=nicetap\n"));
}

fn done(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    output
}

#[expect(clippy::disallowed_methods, reason = "a test's own file")]
fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
}
