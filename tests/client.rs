//! Who sent it, asked of real processes.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "what serves a test is a test")]

use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nicetap::client::{ClientKind, Sender, identify, recognise};
use tempfile::TempDir;

#[test]
fn curl_is_found() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = Running::start(Command::new("curl").args(curl_arguments(&listener)));
    let sender = client.sender(&listener);
    assert_eq!(sender.uid, Some(rustix::process::geteuid().as_raw()));
    assert_eq!(sender.pid, Some(client.id()));
    assert_eq!(sender.process.as_deref(), Some("curl"));
    assert_eq!(sender.kind, Some(ClientKind::Cli));
    if sender.uid == Some(0) {
        assert_eq!(sender.user.as_deref(), Some("root"));
    }
}

#[test]
fn who_was_found_is_recognised_as_long_as_the_socket_is_open() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (accepted, peer) = listener.accept().unwrap();
    let ours = accepted.local_addr().unwrap();
    let found = identify(ours, peer);
    assert_eq!(found.pid, Some(std::process::id()));
    assert_eq!(recognise(ours, peer), Some(found));
    drop(client);
    assert_eq!(recognise(ours, peer), None);
}

#[test]
fn a_client_of_a_dual_stack_listener_is_found() {
    let Ok(listener) = TcpListener::bind("[::]:0") else {
        return; // no IPv6 here
    };
    let mut client = Running::start(Command::new("curl").args(curl_arguments(&listener)));
    assert_eq!(client.sender(&listener).pid, Some(client.id()));
}

#[test]
fn a_python_script_is_named_without_its_arguments() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = TempDir::new().unwrap();
    let script = write(
        &folder,
        "caller.py",
        "import socket, sys\n\
         s = socket.socket(socket.AF_INET6)\n\
         s.connect(('::ffff:127.0.0.1', int(sys.argv[1])))\n\
         s.recv(1)\n",
    );
    let port = port_of(&listener);
    let mut client = Running::start(
        Command::new("python3")
            .arg(script)
            .args([&port, "demo:hunter2"]),
    );
    let sender = client.sender(&listener);
    assert_eq!(sender.pid, Some(client.id()));
    let process = sender.process.unwrap();
    assert!(
        process.starts_with("python3") && process.ends_with(" caller.py"),
        "{process}"
    );
}

#[test]
fn an_fpm_worker_is_told_by_its_title() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = Running::start(
        Command::new("bash")
            .args(["-c", "exec -a 'php-fpm: pool www' curl \"$@\"", "bash"])
            .args(curl_arguments(&listener)),
    );
    // The title is not one text here, as FPM writes it, but the first of curl's arguments.
    let sender = client.sender(&listener);
    assert_eq!(sender.process.as_deref(), Some("php-fpm pool www"));
    assert_eq!(sender.kind, Some(ClientKind::Fpm));
}

#[test]
fn a_child_of_cron_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = TempDir::new().unwrap();
    let cron = write(
        &folder,
        "cron",
        "#!/bin/sh\n/bin/sh -c 'curl \"$@\"; true' sh \"$@\"\ntrue\n",
    );
    let mut client = Running::start(Command::new(cron).args(curl_arguments(&listener)));
    let sender = client.sender(&listener);
    assert_eq!(sender.process.as_deref(), Some("curl"));
    assert_eq!(sender.kind, Some(ClientKind::Cron));
}

#[test]
fn another_user_is_told() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = Running::start(
        Command::new("setpriv")
            .args([
                "--reuid",
                "65534",
                "--regid",
                "65534",
                "--clear-groups",
                "curl",
            ])
            .args(curl_arguments(&listener)),
    );
    let sender = client.sender(&listener);
    assert_eq!(sender.uid, Some(65534));
    assert_eq!(sender.user.as_deref(), Some("nobody"));
    assert_eq!(sender.pid, Some(client.id()));
}

#[test]
fn another_users_process_stays_unknown_without_permission() {
    if std::env::var_os(LOOKS).is_some() {
        return look_at_one_of_root();
    }
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let mut looking = Command::new("setpriv")
        .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "--nocapture",
            "another_users_process_stays_unknown_without_permission",
        ])
        .env(LOOKS, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(looking.stdout.take().unwrap());
    let mut lines = output.lines().map_while(Result::ok);
    let Some(url) = lines.find_map(|line| Some(line.split_once("at ")?.1.to_owned())) else {
        looking.wait().unwrap();
        return; // that user cannot run a program in this folder
    };
    let curl = Command::new("curl")
        .args(["-s", "--max-time", "20", &url])
        .spawn();
    let mut client = Running::from(curl.unwrap());
    let rest: Vec<String> = lines.collect();
    assert!(looking.wait().unwrap().success(), "{rest:?}");
    client.end();
}

/// The part of the test that runs as somebody else.
#[expect(
    clippy::print_stdout,
    reason = "it tells the other part where to connect"
)]
fn look_at_one_of_root() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("listening at http://127.0.0.1:{}/", port_of(&listener));
    let (stream, peer) = listener.accept().unwrap();
    let sender = identify(stream.local_addr().unwrap(), peer);
    let want = Sender {
        uid: Some(0),
        user: Some("root".into()),
        ..Sender::default()
    };
    assert_eq!(sender, want);
}

#[test]
fn a_process_of_an_inner_namespace_is_a_containers() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = Running::start(
        Command::new("unshare")
            .args(["--pid", "--fork", "--kill-child", "curl"])
            .args(curl_arguments(&listener)),
    );
    let sender = client.sender(&listener);
    assert_eq!(sender.process.as_deref(), Some("curl"));
    assert_eq!(sender.kind, Some(ClientKind::Container));
}

#[test]
fn a_client_that_has_gone_has_no_sender() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = Running::start(Command::new("curl").args(curl_arguments(&listener)));
    let (mut stream, peer) = listener.accept().unwrap();
    let ours = stream.local_addr().unwrap();
    client.end();
    // Its end is seen once the request has been read, so nothing is left of it.
    stream.read_to_end(&mut Vec::new()).ok();
    assert_eq!(identify(ours, peer), Sender::default());
}

/// A client that is waiting for our answer.
struct Running {
    child: Child,
    connection: Option<TcpStream>,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Self::from(child.unwrap())
    }

    fn id(&self) -> u32 {
        self.child.id()
    }

    fn sender(&mut self, listener: &TcpListener) -> Sender {
        let (stream, peer) = listener.accept().unwrap();
        let ours = stream.local_addr().unwrap();
        self.connection = Some(stream);
        identify(ours, peer)
    }

    fn end(&mut self) {
        self.connection = None;
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl From<Child> for Running {
    fn from(child: Child) -> Self {
        Self {
            child,
            connection: None,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

fn curl_arguments(listener: &TcpListener) -> [String; 6] {
    let url = format!("http://127.0.0.1:{}/", port_of(listener));
    [
        "-sS",
        "--max-time",
        "20",
        "-H",
        "Authorization: demo:hunter2",
        &url,
    ]
    .map(String::from)
}

fn port_of(listener: &TcpListener) -> String {
    listener.local_addr().unwrap().port().to_string()
}

#[expect(clippy::disallowed_methods, reason = "a test writes its own scripts")]
fn write(folder: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = Path::join(folder.path(), name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// Set where this binary was started again, as another user.
const LOOKS: &str = "NICETAP_TEST_LOOKS";
