//! The Debian package: its parts are there, and it is built, installed and removed where `cargo deb` is.
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{done, write};

#[test]
fn every_part_of_the_debian_package_is_there() {
    let assets = manifest()["assets"].as_array().unwrap().clone();
    assert!(assets.len() > 8);
    for asset in assets {
        let source = asset[0].as_str().unwrap();
        let is_built = source.starts_with("target/");
        let folder = source.split_once("/*").map(|(folder, _)| folder);
        let has = |folder| std::fs::read_dir(project(folder)).unwrap().count() > 5;
        assert!(
            is_built || folder.map_or_else(|| project(source).is_file(), has),
            "{source}"
        );
    }
    for script in ["postinst", "prerm", "postrm"] {
        done(
            Command::new("sh")
                .arg("-n")
                .arg(project("config/debian").join(script)),
        );
    }
}

/// Into a folder of its own: this machine is left alone.
#[test]
fn the_debian_package_is_installed_and_removed_without_a_trace() {
    let is_there = Command::new("cargo").args(["deb", "--version"]).output();
    if !is_there.is_ok_and(|told| told.status.success()) {
        return say("not run: cargo-deb is not there; `cargo install cargo-deb` brings it");
    }
    let folder = tempfile::tempdir().unwrap();
    let package = folder.path().join("nicetap.deb");
    build(folder.path(), &package);
    let root = folder.path().join("root");
    for place in [
        "root/etc",
        "root/var/lib/dpkg/info",
        "root/var/lib/dpkg/updates",
    ] {
        std::fs::create_dir_all(folder.path().join(place)).unwrap();
    }
    write(&root.join("var/lib/dpkg/status"), "");
    write(&root.join("var/lib/dpkg/available"), "");
    dpkg(&root, &["--install", package.to_str().unwrap()]);
    let version = done(Command::new(root.join("usr/bin/nicetap")).arg("--version"));
    assert!(version.stdout.starts_with(b"nicetap "));
    let passwd = std::fs::read_to_string(root.join("etc/passwd")).unwrap();
    assert!(passwd.contains("nicetap:"), "{passwd}");
    for file in [
        "usr/share/man/man1/nicetap-serve.1.gz",
        "usr/share/bash-completion/completions/nicetap",
        "usr/lib/systemd/system/nicetap.service",
    ] {
        assert!(root.join(file).exists(), "{file}");
    }
    assert!(
        !root
            .join("etc/systemd/system/multi-user.target.wants")
            .exists()
    );
    dpkg(&root, &["--purge", "nicetap"]);
    for gone in [
        "usr/bin/nicetap",
        "usr/share/doc/nicetap",
        "usr/lib/systemd/system/nicetap.service",
    ] {
        assert!(!root.join(gone).exists(), "{gone}");
    }
}

/// Packs the program that the tests have: what is packed differs, how it is packed does not.
fn build(folder: &Path, package: &Path) {
    // With what debuggers read it would be ten times as big, and packing it the longest part.
    let binary = folder.join("nicetap");
    done(
        Command::new("strip")
            .arg("-o")
            .arg(&binary)
            .arg(env!("CARGO_BIN_EXE_nicetap")),
    );
    let manifest = std::fs::read_to_string(project("Cargo.toml")).unwrap();
    let own = folder.join("crate");
    std::fs::create_dir_all(&own).unwrap();
    for part in std::fs::read_dir(project("")).unwrap().flatten() {
        let name = part.file_name();
        if name != "Cargo.toml" && name != "target" && name != ".cargo" {
            std::os::unix::fs::symlink(part.path(), own.join(name)).unwrap();
        }
    }
    write(
        &own.join("Cargo.toml"),
        &manifest.replace("target/release/nicetap", binary.to_str().unwrap()),
    );
    let mut pack = Command::new("cargo");
    pack.args([
        "deb",
        "--no-build",
        "--no-strip",
        "--offline",
        "--fast",
        "--output",
    ]);
    done(pack.arg(package).current_dir(&own));
}

fn dpkg(root: &Path, words: &[&str]) {
    let mut dpkg = Command::new("dpkg");
    dpkg.arg(format!("--root={}", root.display()));
    dpkg.args([
        "--force-script-chrootless",
        "--force-not-root",
        "--force-depends",
    ]);
    done(dpkg.arg("--log=/dev/null").args(words));
}

pub(super) fn manifest() -> toml::Value {
    let text = std::fs::read_to_string(project("Cargo.toml")).unwrap();
    let manifest: toml::Value = toml::from_str(&text).unwrap();
    manifest["package"]["metadata"]["deb"].clone()
}

pub(super) fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[expect(clippy::print_stdout, reason = "the runner shows it beside the test")]
pub(super) fn say(text: &str) {
    println!("{text}");
}
