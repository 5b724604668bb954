//! The package's scripts on a whole system: this one, through a layer that takes all changes and is thrown away.
use std::path::Path;
use std::process::Command;

use super::debian::{manifest, project, say};
use super::{done, write};

/// What the administrator of a server does, in its order.
const LIFE: &str = r#"
set -e
dpkg --no-triggers -i /mnt/nicetap.deb >&2
grep ^nicetap: /etc/passwd
nicetap serve --mock --listen 127.0.0.1:0 --no-ui --with php --yes >/mnt/console 2>&1 &
for moment in $(seq 200); do
    [ ! -e "$(echo /etc/php/*/cli/conf.d/99-nicetap.ini)" ] || break
    sleep 0.05
done
ls /etc/php/*/cli/conf.d/99-nicetap.ini
dpkg --no-triggers -r nicetap >&2
wait
echo removed
ls -d /etc/php/*/cli/conf.d/99-nicetap.ini /usr/bin/nicetap /var/lib/nicetap/log 2>/dev/null || true
dpkg --no-triggers -P nicetap >&2
echo purged
ls -d /var/lib/nicetap /etc/nicetap /usr/share/doc/nicetap 2>/dev/null || true
"#;

#[test]
fn a_server_takes_back_what_is_set_up_before_the_package_is_removed_and_keeps_nothing_after_a_purge()
 {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().display();
    let layered = format!(
        "set -e; mkdir -p {place}/root {place}/mnt; mount -t tmpfs none {place}/mnt
         mkdir {place}/mnt/upper {place}/mnt/work
         mount -t overlay -o lowerdir=/,upperdir={place}/mnt/upper,workdir={place}/mnt/work none {place}/root
         for own in proc dev sys; do mount --rbind /$own {place}/root/$own; done
         mount --bind {place} {place}/root/mnt; "
    );
    let layer = |script: &str| {
        let mut unshare = Command::new("unshare");
        unshare.args(["-m", "sh", "-c", &format!("{layered}{script}")]);
        unshare
            .env_remove("NICETAP_HOME")
            .env("NICETAP_EGRESS_PROBE", "off");
        unshare
    };
    let may = layer("test -e /etc/php -a -x /usr/bin/dpkg").output();
    let is_taken = ["/var/lib/nicetap", "/etc/nicetap", "/usr/bin/nicetap"]
        .iter()
        .any(|own| Path::new(own).exists());
    if is_taken || !may.is_ok_and(|output| output.status.success()) {
        return say("not run: nicetap is installed here, or this user may not lay a layer over it");
    }
    pack(folder.path());
    write(&folder.path().join("life"), LIFE);
    let told = done(&mut layer(&format!("chroot {place}/root sh /mnt/life")));
    let text = String::from_utf8(told.stdout).unwrap();
    let (alive, gone) = text.split_once("removed\n").unwrap();
    assert!(alive.contains(":/var/lib/nicetap-service:"), "{text}");
    assert!(alive.contains("/cli/conf.d/99-nicetap.ini"), "{text}");
    assert_eq!(gone, "/var/lib/nicetap/log\npurged\n");
    let console = std::fs::read_to_string(folder.path().join("console")).unwrap();
    assert!(console.contains("as before: "), "{console}");
    assert!(!Path::new("/usr/bin/nicetap").exists());
}

/// The parts that the manifest names, those that the scripts need; without cargo-deb, which not every machine has.
fn pack(folder: &Path) {
    let tree = folder.join("tree");
    for asset in manifest()["assets"].as_array().unwrap() {
        let [source, target, mode] = [0, 1, 2].map(|part| asset[part].as_str().unwrap());
        if source.contains('*') {
            continue;
        }
        let source = match source {
            "target/release/nicetap" => env!("CARGO_BIN_EXE_nicetap").into(),
            _ => project(source),
        };
        let mut install = Command::new("install");
        install.args(["-D", "-m", mode]).arg(&source);
        let target = tree.join(target);
        if target.to_str().unwrap().ends_with('/') {
            install.arg("-t");
        }
        done(install.arg(target));
    }
    let control = tree.join("DEBIAN");
    done(
        Command::new("cp")
            .arg("-r")
            .arg(project("config/debian"))
            .arg(&control),
    );
    done(Command::new("chmod").args(["-R", "755"]).arg(&control));
    write(
        &control.join("control"),
        "Package: nicetap\nVersion: 0.1.0\nArchitecture: all\nMaintainer: the tests\nDescription: a tap\n",
    );
    let mut build = Command::new("dpkg-deb");
    build.args(["-Znone", "--root-owner-group", "--build"]);
    done(build.arg(&tree).arg(folder.join("nicetap.deb")));
}
