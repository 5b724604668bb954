//! What an admin types, to the letter, on a Debian with WHMCS: this machine's own settings of PHP-FPM, PHP and cron, seen
//! from namespaces in which files and ports are the test's own.
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{self, eventually, site};

/// WHMCS's documentation has this line; a file of `/etc/cron.d` names the user besides.
const CRONTAB: &str = "\
MAILTO=\"\"
*/5 * * * * www-data /usr/bin/php -q /srv/whmcs/crons/cron.php
";

#[test]
fn one_command_shows_a_click_and_a_line_of_the_crontab_and_leaves_etc_as_it_was() {
    let Some(machine) = Machine::start() else {
        return support::say("not run: no PHP-FPM, or this user may not make namespaces");
    };
    let before = machine.keep_etc();
    machine.while_it_serves(|| {
        eventually("an admin's click is read", || {
            machine.page("/?do=check&verify=off");
            machine.calls("fpm", "check")
        });
        // It verifies, and has given its first call for the CA.
        eventually("the cron is read", || {
            machine.cron();
            machine.calls("cron", "renew")
        });
        assert!(machine.place("etc/nicetap/bundle-php.pem").exists());
        let told = machine.nicetap("status").output().unwrap();
        let told = String::from_utf8(told.stdout).unwrap();
        let scanned = format!("/etc/php/{}/cli/conf.d/99-nicetap.ini", machine.version);
        assert!(told.contains(&scanned), "{told}");
    });
    // Another day, in the home of before.
    let calls = machine.log().len();
    machine.while_it_serves(|| {
        eventually("a click is read again", || {
            machine.page("/?do=check&verify=off");
            (machine.log().len() > calls).then_some(())
        });
    });
    let differ = Command::new("diff")
        .args(["-r", "--no-dereference"])
        .args([before, machine.place("etc")])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&differ.stdout), "");
    assert_eq!(machine.page("/"), "the shop is open\n");
    let calls = machine.log().len();
    assert!(machine.cron().contains("error"), "there is no API here");
    assert_eq!(machine.log().len(), calls);
}

/// The namespaces, and what runs in them.
struct Machine {
    folder: TempDir,
    version: String,
    /// The first is the one that the namespaces belong to.
    running: Vec<Child>,
}

impl Machine {
    /// `None`: it cannot be had here.
    fn start() -> Option<Self> {
        let version = std::fs::read_dir("/etc/php").ok()?.flatten().next()?;
        let version = version.file_name().into_string().ok()?;
        let may = Command::new("unshare").args(["-m", "-n", "true"]).status();
        if !version_has_fpm(&version) || !may.is_ok_and(|status| status.success()) {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.path(), open).unwrap();
        let mut machine = Self {
            folder,
            version,
            running: Vec::new(),
        };
        machine.furnish();
        machine.begin();
        Some(machine)
    }

    /// The files: this machine's `/etc` with a crontab, and WHMCS, www-data's.
    fn furnish(&self) {
        crate::succeeds(
            Command::new("cp")
                .args(["-a", "/etc"])
                .arg(self.place("etc")),
        );
        // Lines of this machine's own would be taken for WHMCS's.
        let _ = std::fs::remove_dir_all(self.place("etc/cron.d"));
        for name in ["etc/cron.d", "srv", "logs"] {
            std::fs::create_dir(self.place(name)).unwrap();
        }
        support::write(&self.place("etc/cron.d/whmcs"), CRONTAB);
        let shop = self.place("srv/whmcs");
        site::copy(&support::project("tests/clients/whmcs"), &shop);
        crate::succeeds(Command::new("chown").args(["-R", "www-data"]).arg(&shop));
        let socket = format!("/run/php/php{}-fpm.sock", self.version);
        let front = site::nginx(
            self.folder.path(),
            "127.0.0.1:80",
            Path::new("/srv/whmcs"),
            Path::new(&socket),
        );
        support::write(
            &self.place("nginx.conf"),
            format!("user www-data;\n{front}"),
        );
        // Cron's name, and what it does with a line.
        std::os::unix::fs::symlink("/bin/sh", self.place("cron")).unwrap();
    }

    fn begin(&mut self) {
        let folder = self.folder.path().display();
        let begin = format!(
            "ip link set lo up; mount --bind {folder}/etc /etc; mount --bind {folder}/srv /srv
             for own in /run /var/lib /var/log /var/spool; do mount -t tmpfs -o mode=755 none $own; done
             mkdir /run/php; : >{folder}/up; exec sleep 1000"
        );
        let mut first = Command::new("unshare");
        first.args(["-m", "-n", "sh", "-ec", &begin]);
        self.running.push(first.spawn().unwrap());
        eventually("the machine is up", || {
            self.place("up").exists().then_some(())
        });
        let conf = format!("/etc/php/{}/fpm/php-fpm.conf", self.version);
        let fpm = support::site::fpm_program();
        // A daemon, as where there is no systemd: it is another process after each reload.
        let fpm = self
            .inside(&[fpm.to_str().unwrap(), "-D", "-y", &conf])
            .output();
        assert!(fpm.as_ref().unwrap().status.success(), "{fpm:?}");
        let (root, conf) = (self.place(""), self.place("nginx.conf"));
        let mut nginx = self.inside(&["nginx", "-e", "stderr", "-p"]);
        nginx.arg(root).arg("-c").arg(conf);
        let nginx = nginx.stdout(Stdio::null()).stderr(Stdio::null());
        self.running.push(nginx.spawn().unwrap());
        eventually("the shop is open", || {
            (self.page("/") == "the shop is open\n").then_some(())
        });
    }

    /// A command there.
    fn inside(&self, words: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        let of = self.running.first().unwrap().id().to_string();
        command.args(["-t", &of, "-m", "-n"]).args(words);
        command.stdin(Stdio::null());
        command
    }

    /// nicetap there, as root has it: with a home and ports of its own choice.
    fn nicetap(&self, words: &str) -> Command {
        let mut command = self.inside(&[env!("CARGO_BIN_EXE_nicetap")]);
        command.args(words.split(' ')).env_remove("NICETAP_HOME");
        command.env("NICETAP_EGRESS_PROBE", "off");
        command
    }

    /// Does this between the command that an admin types and `nicetap stop`.
    fn while_it_serves(&self, work: impl FnOnce()) {
        let mut nicetap = self.nicetap("serve --with whmcs --for 20m --mock --yes");
        let mut nicetap = nicetap.stdout(Stdio::null()).spawn().unwrap();
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        let stop = self.nicetap("stop").output().unwrap();
        let _ = nicetap.wait();
        if let Err(panic) = done {
            std::panic::resume_unwind(panic);
        }
        assert!(stop.status.success(), "{stop:?}");
    }

    /// A page, as a visitor gets it.
    fn page(&self, path: &str) -> String {
        let url = format!("http://127.0.0.1{path}");
        let mut curl = self.inside(&["curl", "-s", "--noproxy", "*", &url]);
        String::from_utf8(curl.output().unwrap().stdout).unwrap()
    }

    /// Does once what cron does with the line: a shell for the user, with next to no environment.
    fn cron(&self) -> String {
        let line = CRONTAB.lines().last().unwrap();
        let fields: Vec<&str> = line.splitn(7, ' ').collect();
        let cron = self.place("cron");
        let child = format!("/bin/sh -c '{}'; true", fields[6]);
        let mut command = self.inside(&["setpriv", "--reuid", fields[5], "--init-groups", "env"]);
        command
            .args(["-i", "HOME=/var/www", "LOGNAME=www-data", "SHELL=/bin/sh"])
            .arg("PATH=/usr/bin:/bin")
            .arg(cron)
            .args(["-c", &child]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Whether this kind of client has made this call.
    fn calls(&self, kind: &str, action: &str) -> Option<()> {
        let is_it =
            |call: &Value| call["client"]["kind"] == kind && call["call"]["action"] == action;
        self.log().iter().any(is_it).then_some(())
    }

    /// The calls in the log that root's nicetap keeps.
    fn log(&self) -> Vec<Value> {
        let root = format!("/proc/{}/root", self.running[0].id());
        let log = Path::new(&root).join("var/lib/nicetap/log/nicetap.jsonl");
        let text = std::fs::read_to_string(log).unwrap_or_default();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let records = whole
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        records
            .filter(|record: &Value| record["event"] == "exchange")
            .collect()
    }

    /// `/etc` as it is now.
    fn keep_etc(&self) -> PathBuf {
        let kept = self.place("etc.before");
        crate::succeeds(
            Command::new("cp")
                .arg("-a")
                .arg(self.place("etc"))
                .arg(&kept),
        );
        kept
    }

    fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let stop = format!("kill $(cat /run/php/php{}-fpm.pid)", self.version);
        let _ = self.inside(&["sh", "-c", &stop]).output();
        // What holds the namespaces goes last, and their mounts with it.
        for mut child in self.running.drain(..).rev() {
            crate::end(&mut child);
        }
    }
}

fn version_has_fpm(version: &str) -> bool {
    Path::new("/etc/php")
        .join(version)
        .join("fpm/php-fpm.conf")
        .exists()
}
