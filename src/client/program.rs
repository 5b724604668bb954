//! What a process is: its name and its kind, from `/proc/PID`.
use std::collections::VecDeque;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{LazyLock, Mutex, PoisonError};

use super::{ClientKind, read_proc};

/// A program, as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Program {
    pub(super) name: Box<str>,
    pub(super) kind: ClientKind,
}

/// What this process is; `None` if it has gone.
pub(super) fn describe(pid: u32) -> Option<Program> {
    let process = Process::read(pid)?;
    if let Some(known) = known(pid, &process) {
        return Some(known);
    }
    let command = read_proc(&format!("/proc/{pid}/cmdline"), COMMAND_LIMIT).unwrap_or_default();
    let name = name(&process.comm, &command);
    let kind = kind(pid, &process, &name);
    let program = Program { name, kind };
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.push_front(Known {
        pid,
        process,
        program: program.clone(),
    });
    known.truncate(KNOWN_LIMIT);
    Some(program)
}

/// The same, if it was described before: asks for nothing for which the process itself may have to be waited.
pub(super) fn describe_again(pid: u32) -> Option<Program> {
    known(pid, &Process::read(pid)?)
}

fn known(pid: u32, process: &Process) -> Option<Program> {
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut known = known.iter();
    known
        .find(|have| have.pid == pid && have.process == *process)
        .map(|known| known.program.clone())
}

/// A process that was described before.
struct Known {
    pid: u32,
    process: Process,
    program: Program,
}

/// A process, as `/proc/PID/stat` has it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Process {
    comm: String,
    parent: u32,
    has_terminal: bool,
    /// In ticks of the clock since the machine started: tells it from a later process of the same number.
    started: u64,
}

impl Process {
    fn read(pid: u32) -> Option<Self> {
        Self::parse(&read_proc(&format!("/proc/{pid}/stat"), 4096)?)
    }

    /// `1234 (comm) S 1 1234 1234 34816 …`; the name may hold anything, parentheses too.
    fn parse(stat: &[u8]) -> Option<Self> {
        let stat = String::from_utf8_lossy(stat);
        let (head, tail) = stat.rsplit_once(')')?;
        let mut fields = tail.split_ascii_whitespace();
        Some(Self {
            comm: printable(head.split_once('(')?.1),
            parent: fields.nth(1)?.parse().ok()?,
            has_terminal: fields.nth(2)? != "0",
            started: fields.nth(14)?.parse().ok()?,
        })
    }

    /// Its parent, its parent's parent, and so on.
    fn ancestors(&self) -> impl Iterator<Item = Self> {
        let mut parent = self.parent;
        std::iter::from_fn(move || {
            let process = (parent > 1).then(|| Self::read(parent))??;
            parent = process.parent;
            Some(process)
        })
        .take(ANCESTOR_LIMIT)
    }
}

/// The name to show: the pool of an FPM process, else the program, with the script that it runs.
fn name(comm: &str, command: &[u8]) -> Box<str> {
    let mut arguments = command
        .split(|byte| *byte == 0)
        .map(String::from_utf8_lossy);
    let first = arguments.next().unwrap_or_default();
    if let Some(title) = first.strip_prefix(FPM_TITLE) {
        return fpm_name(title).into();
    }
    let program = base_name(first.trim_start_matches('-'));
    // A process can write what it likes over its command line, and then it is one text.
    if !is_plain(program) || first.contains([' ', ':']) {
        return comm.into();
    }
    let script = Interpreter::of(program).and_then(|interpreter| interpreter.script(arguments));
    match script {
        Some(script) => format!("{program} {script}").into(),
        None => program.into(),
    }
}

/// `pool www` and `master process (/etc/php/…)` are the titles that FPM gives its processes.
fn fpm_name(title: &str) -> String {
    let mut words = title.split_ascii_whitespace();
    match (words.next(), words.next()) {
        (Some("pool"), Some(pool)) => format!("php-fpm pool {}", printable(pool)),
        (Some("master"), _) => "php-fpm master".to_owned(),
        _ => "php-fpm".to_owned(),
    }
}

/// A program that runs scripts, and those of its options that may stand before the script. An option that is not
/// listed ends the search: what follows it may be its value, or a program text.
struct Interpreter {
    program: &'static str,
    /// Options without a value.
    bare: &'static [&'static str],
    /// Options whose value is the next argument, or follows in the same one.
    valued: &'static [&'static str],
    /// Options whose value is the script.
    naming: &'static [&'static str],
}

impl Interpreter {
    /// `php8.2` and `python3.11` are known without their versions.
    fn of(program: &str) -> Option<&'static Self> {
        let program = unversioned(program);
        INTERPRETERS.iter().find(|have| have.program == program)
    }

    /// The name of the script; `None` if there is none, or no certainty which argument it is.
    fn script<S: AsRef<str>>(&self, mut arguments: impl Iterator<Item = S>) -> Option<String> {
        loop {
            let argument = arguments.next()?;
            let argument = argument.as_ref();
            if !argument.starts_with('-') {
                return script_name(argument);
            }
            if self.naming.contains(&argument) {
                return script_name(arguments.next()?.as_ref());
            }
            if self.valued.contains(&argument) {
                arguments.next()?;
                continue;
            }
            let has_its_value = |option: &&str| argument.starts_with(*option);
            if !self.bare.contains(&argument) && !self.valued.iter().any(has_its_value) {
                return None;
            }
        }
    }
}

fn script_name(path: &str) -> Option<String> {
    let name = base_name(path);
    (is_plain(name) && !name.starts_with('-')).then(|| name.to_owned())
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn unversioned(program: &str) -> &str {
    program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-')
}

/// Whether it looks like a file's name, rather than like a text, a URL or an assignment.
fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    !name.is_empty() && name.len() <= NAME_LIMIT && name.chars().all(plain)
}

fn printable(text: &str) -> String {
    let printable = text.chars().filter(|c| !c.is_control());
    printable.take(NAME_LIMIT).collect()
}

fn kind(pid: u32, process: &Process, name: &str) -> ClientKind {
    let groups = cgroup(&pid.to_string());
    let is_any = |comm: &str, names: &[&str]| names.iter().any(|have| comm.starts_with(have));
    if is_contained(pid, &groups) {
        ClientKind::Container
    } else if process.comm.starts_with("php-fpm") || name.starts_with("php-fpm") {
        ClientKind::Fpm
    } else if is_any(&process.comm, &WEB_SERVERS) {
        ClientKind::ModPhp
    } else if runs_by_schedule(process, &groups) {
        ClientKind::Cron
    } else if has_another_root(pid) {
        ClientKind::Container
    } else if process.has_terminal || CLI_PROGRAMS.contains(&unversioned(&process.comm)) {
        ClientKind::Cli
    } else {
        ClientKind::Other
    }
}

/// Whether cron is among its ancestors, or a systemd timer has started its service.
fn runs_by_schedule(process: &Process, cgroup: &str) -> bool {
    if process
        .ancestors()
        .any(|ancestor| CRONS.contains(&ancestor.comm.as_str()))
    {
        return true;
    }
    let Some(unit) = cgroup_segments(cgroup).find_map(|segment| segment.strip_suffix(".service"))
    else {
        return false;
    };
    let has_timer = |folder: &str| Path::new(folder).join(format!("{unit}.timer")).exists();
    CRONS.contains(&unit) || TIMER_FOLDERS.iter().any(|folder| has_timer(folder))
}

/// Whether it is a container's, by its process namespace or its control group.
fn is_contained(pid: u32, groups: &str) -> bool {
    static WE_ARE_TOO: LazyLock<bool> = LazyLock::new(|| names_a_container(&cgroup("self")));
    is_in_inner_namespace(pid) || (names_a_container(groups) && !*WE_ARE_TOO)
}

/// A process of an inner namespace has a number in each.
fn is_in_inner_namespace(pid: u32) -> bool {
    let Some(status) = read_proc(&format!("/proc/{pid}/status"), 8192) else {
        return false;
    };
    let status = String::from_utf8_lossy(&status);
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    numbers.is_some_and(|numbers| numbers.split_ascii_whitespace().count() > 1)
}

fn cgroup(pid: &str) -> String {
    let bytes = read_proc(&format!("/proc/{pid}/cgroup"), 8192).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The folders of all control groups that `/proc/PID/cgroup` names, one hierarchy a line.
fn cgroup_segments(cgroup: &str) -> impl Iterator<Item = &str> {
    cgroup
        .lines()
        .filter_map(|line| line.splitn(3, ':').nth(2))
        .flat_map(|path| path.split('/'))
}

fn names_a_container(cgroup: &str) -> bool {
    // `docker.service` is Docker itself, not a container.
    cgroup_segments(cgroup)
        .filter(|segment| !segment.ends_with(".service"))
        .any(|segment| {
            CONTAINER_GROUPS.contains(&segment)
                || CONTAINER_PREFIXES
                    .iter()
                    .any(|prefix| segment.starts_with(prefix))
        })
}

/// Whether it sees another file system than we do. Another mount namespace alone says little: systemd gives one
/// to each service with a `/tmp` of its own. Another root alone can be a pool's `chroot`.
fn has_another_root(pid: u32) -> bool {
    let root = |pid: &str| {
        let about = fs::metadata(format!("/proc/{pid}/root/")).ok()?;
        let mounts = fs::read_link(format!("/proc/{pid}/ns/mnt")).ok()?;
        Some((about.dev(), about.ino(), mounts))
    };
    let (Some(theirs), Some(ours)) = (root(&pid.to_string()), root("self")) else {
        return false;
    };
    (theirs.0, theirs.1) != (ours.0, ours.1) && theirs.2 != ours.2
}

/// Processes that were described last. A worker sends from many connections, and describing takes a dozen reads.
static KNOWN: Mutex<VecDeque<Known>> = Mutex::new(VecDeque::new());
const KNOWN_LIMIT: usize = 32;
const INTERPRETERS: [Interpreter; 10] = [
    Interpreter {
        program: "php",
        bare: &["-q", "-n", "-C", "-H"],
        valued: &["-d", "-c", "-z"],
        naming: &["-f", "--file"],
    },
    Interpreter {
        program: "python",
        bare: &[
            "-u", "-B", "-E", "-s", "-S", "-I", "-O", "-OO", "-b", "-q", "-v",
        ],
        valued: &["-W", "-X"],
        naming: &[],
    },
    node("node"),
    node("nodejs"),
    Interpreter {
        program: "perl",
        bare: &["-w", "-T", "-t", "-W"],
        valued: &["-I"],
        naming: &[],
    },
    Interpreter {
        program: "ruby",
        bare: &["-w", "-W"],
        valued: &["-I", "-r"],
        naming: &[],
    },
    shell("sh"),
    shell("bash"),
    shell("dash"),
    shell("zsh"),
];

const fn node(program: &'static str) -> Interpreter {
    Interpreter {
        program,
        bare: &[
            "--use-env-proxy",
            "--use-system-ca",
            "--use-openssl-ca",
            "--no-warnings",
        ],
        valued: &["-r", "--require", "--import"],
        naming: &[],
    }
}

const fn shell(program: &'static str) -> Interpreter {
    Interpreter {
        program,
        bare: &["-e", "-u", "-x", "-eu", "-ex", "-eux", "-l"],
        valued: &[],
        naming: &[],
    }
}

const FPM_TITLE: &str = "php-fpm: ";
const WEB_SERVERS: [&str; 7] = [
    "apache2",
    "httpd",
    "litespeed",
    "lshttpd",
    "openlitespeed",
    "lsphp",
    "lsws",
];
const CRONS: [&str; 5] = ["cron", "crond", "anacron", "CRON", "CROND"];
const CLI_PROGRAMS: [&str; 7] = ["php", "php-cli", "curl", "wget", "http", "https", "xh"];
const TIMER_FOLDERS: [&str; 4] = [
    "/etc/systemd/system",
    "/run/systemd/transient",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];
const CONTAINER_GROUPS: [&str; 5] = ["docker", "lxc", "libpod_parent", "kubepods", "garden"];
const CONTAINER_PREFIXES: [&str; 8] = [
    "docker-",
    "kubepods",
    "libpod-",
    "lxc.payload",
    "cri-containerd",
    "crio-",
    "machine-",
    "nerdctl-",
];
/// Enough for the name, the options and the script; a command line can be megabytes long.
const COMMAND_LIMIT: u64 = 4096;
const ANCESTOR_LIMIT: usize = 32;
const NAME_LIMIT: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn named(comm: &str, arguments: &[&str]) -> String {
        let mut command = arguments.join("\0");
        command.push('\0');
        name(comm, command.as_bytes()).into()
    }

    #[test]
    fn an_fpm_worker_is_named_by_its_pool() {
        for (title, want) in [
            ("php-fpm: pool www", "php-fpm pool www"),
            ("php-fpm: pool example_com   ", "php-fpm pool example_com"),
            ("php-fpm: pool w\x1b[2Jw", "php-fpm pool w[2Jw"),
            (
                "php-fpm: master process (/etc/php/8.2/fpm/php-fpm.conf)",
                "php-fpm master",
            ),
            ("php-fpm: ", "php-fpm"),
        ] {
            assert_eq!(named("php-fpm8.2", &[title]), want);
        }
        assert_eq!(
            named("php-fpm8.2", &["/usr/sbin/php-fpm8.2", "-F"]),
            "php-fpm8.2"
        );
    }

    #[test]
    fn a_script_is_named_with_its_interpreter() {
        for (arguments, want) in [
            (
                &["php", "-q", "/srv/whmcs/crons/cron.php"][..],
                "php cron.php",
            ),
            (
                &[
                    "/usr/bin/php8.2",
                    "-d",
                    "a=b",
                    "-dc=d",
                    "-f",
                    "x/y.php",
                    "z",
                ],
                "php8.2 y.php",
            ),
            (
                &["python3.11", "-u", "-Xdev", "check.py", "--secret", "s3"],
                "python3.11 check.py",
            ),
            (&["node", "app.mjs"], "node app.mjs"),
            (&["/bin/sh", "/etc/cron.daily/renew"], "sh renew"),
            (&["-bash"], "bash"),
        ] {
            assert_eq!(named("comm", arguments), want);
        }
    }

    #[test]
    fn nothing_else_of_a_command_line_is_shown() {
        for (arguments, want) in [
            (
                &[
                    "curl",
                    "-H",
                    "Authorization: demo:hunter2",
                    "https://api.nicenic.net/v2/",
                ][..],
                "curl",
            ),
            (&["php", "-r", "hunter2();"], "php"),
            (&["php", "-R", "hunter2"], "php"),
            (&["python3", "-c", "hunter2"], "python3"),
            (&["python3", "-m", "hunter2"], "python3"),
            (&["python3", "-"], "python3"),
            (&["bash", "-ec", "hunter2"], "bash"),
            (&["bash", "-o", "hunter2"], "bash"),
            (&["node", "-e", "hunter2"], "node"),
            (&["node", "--unknown", "hunter2"], "node"),
            (&["php", "hunter2:x"], "php"),
            (&["php", "token=hunter2"], "php"),
            (&["worker: job for hunter2"], "comm"),
            (&["/opt/x y/hunter2"], "comm"),
            (&["\x1b]0;hunter2"], "comm"),
            (&[""], "comm"),
            (&["php", "-d"], "php"),
        ] {
            assert_eq!(named("comm", arguments), want);
        }
        assert_eq!(&*name("kworker/0:1", b""), "kworker/0:1");
        assert_eq!(&*name("comm", &[0xff, 0xfe, 0]), "comm");
    }

    #[test]
    fn a_stat_line_is_read_whatever_the_name() {
        let process =
            Process::parse(b"7 (a) S) (b\n)) S 1 7 7 34816 7 0 0 0 0 0 0 0 0 0 20 0 1 0 99 0 0")
                .unwrap();
        assert_eq!(process.comm, "a) S) (b)");
        assert_eq!(process.parent, 1);
        assert!(process.has_terminal);
        assert_eq!(process.started, 99);
        for odd in [
            &b""[..],
            b"7",
            b"7 (",
            b")(",
            b"7 (a)",
            b"7 (a) S x 1 1 0",
            b"\xff(\xff)",
        ] {
            assert_eq!(Process::parse(odd), None);
        }
    }

    #[test]
    fn a_control_group_tells_a_container() {
        for (cgroup, want) in [
            ("0::/system.slice/docker-0a1b.scope", true),
            ("1:name=systemd:/docker/0a1b", true),
            ("0::/kubepods.slice/kubepods-burstable.slice/x", true),
            ("0::/machine.slice/libpod-0a1b.scope/container", true),
            ("0::/system.slice/docker.service", false),
            ("0::/system.slice/php8.2-fpm.service", false),
            ("0::/user.slice/user-1000.slice/session-2.scope", false),
            ("0::/", false),
            ("odd", false),
        ] {
            assert_eq!(names_a_container(cgroup), want, "{cgroup}");
        }
    }

    #[test]
    fn cron_is_told_by_its_control_group_too() {
        let process =
            Process::parse(b"7 (php) S 0 7 7 0 7 0 0 0 0 0 0 0 0 0 20 0 1 0 99 0 0").unwrap();
        assert!(runs_by_schedule(&process, "0::/system.slice/cron.service"));
        assert!(!runs_by_schedule(
            &process,
            "0::/system.slice/nginx.service"
        ));
    }
}
