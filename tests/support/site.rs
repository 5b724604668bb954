//! A shop: the stand-in WHMCS behind a real nginx and a real PHP-FPM of another user, with trees of their own.
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::eventually;

/// The running shop; stopped when dropped.
pub(crate) struct Site {
    folder: TempDir,
    fpm: Child,
    nginx: Child,
    addr: SocketAddr,
    user: &'static str,
}

impl Site {
    /// Starts it as this user, with these lines in its pool.
    pub(crate) fn start(user: &'static str, pool: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for name in ["pool.d", "cli.d", "logs"] {
            fs::create_dir(place(name)).unwrap();
        }
        copy(&super::project("tests/clients/whmcs"), &place("shop"));
        let own = Command::new("chown")
            .args(["-R", user])
            .arg(place("shop"))
            .status()
            .unwrap();
        assert!(
            own.success(),
            "these tests need root, for a pool of another user"
        );
        let fill = |text: &str| {
            text.replace("@FOLDER@", &folder.path().display().to_string())
                .replace("@USER@", user)
        };
        super::write(&place("php-fpm.conf"), fill(FPM));
        super::write(&place("pool.d/shop.conf"), fill(&format!("{POOL}{pool}\n")));
        let fpm = Command::new(fpm_program())
            .args(["-F", "-O", "-y"])
            .arg(place("php-fpm.conf"))
            .env_remove("https_proxy")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        eventually("PHP-FPM listens", || {
            place("logs/shop.sock").exists().then_some(())
        });
        let addr = free_port();
        let front = nginx(
            folder.path(),
            &addr.to_string(),
            &place("shop"),
            &place("logs/shop.sock"),
        );
        super::write(&place("nginx.conf"), front);
        let nginx = Command::new("nginx")
            .arg("-p")
            .arg(folder.path())
            .arg("-e")
            .arg(place("logs/error.log"))
            .arg("-c")
            .arg(place("nginx.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let site = Self {
            folder,
            fpm,
            nginx,
            addr,
            user,
        };
        eventually("the shop is open", || {
            (site.page("/").0 == 200).then_some(())
        });
        site
    }

    /// Its folder: `shop`, `pool.d`, `cli.d`.
    pub(crate) fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What `--with` calls its PHP-FPM.
    pub(crate) fn fpm(&self) -> String {
        format!("php-fpm={}", self.place("php-fpm.conf").display())
    }

    /// A page, as a visitor gets it; 0: nobody answered.
    pub(crate) fn page(&self, path: &str) -> (u16, String) {
        let ask = || -> std::io::Result<String> {
            let mut stream = TcpStream::connect(self.addr)?;
            write!(stream, "GET {path} HTTP/1.0\r\nHost: shop.example\r\n\r\n")?;
            let mut reply = String::new();
            stream.read_to_string(&mut reply)?;
            Ok(reply)
        };
        let reply = ask().unwrap_or_default();
        let status = reply
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        let body = reply.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        (status.unwrap_or(0), body.to_owned())
    }

    /// The cron, a child of `cron`, with the command line's own PHP settings.
    pub(crate) fn cron(&self) -> String {
        let cron = self.place("cron");
        if !cron.exists() {
            std::os::unix::fs::symlink("/bin/sh", &cron).unwrap();
        }
        let line = format!(
            "php -q {}; true",
            self.place("shop/crons/cron.php").display()
        );
        let output = Command::new("setpriv")
            .args(["--reuid", self.user, "--clear-groups"])
            .arg(cron)
            .args(["-c", &line])
            .env("PHP_INI_SCAN_DIR", self.scan())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// `PHP_INI_SCAN_DIR`, for the cron and for the nicetap that sets it up.
    pub(crate) fn scan(&self) -> String {
        format!(":{}", self.place("cli.d").display())
    }

    /// Every file below, with its mode and content; the logs are left out.
    pub(crate) fn tree(&self) -> Vec<(PathBuf, u32, Vec<u8>)> {
        let mut files = Vec::new();
        for name in ["pool.d", "cli.d", "shop"] {
            tree(&self.place(name), &mut files);
        }
        files.sort();
        files
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        for child in [&mut self.fpm, &mut self.nginx] {
            let pid = rustix::process::Pid::from_raw(child.id().cast_signed()).unwrap();
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
            let _ = super::process::wait(child, std::time::Duration::from_secs(10));
        }
        if std::thread::panicking() {
            for log in ["logs/fpm.log", "logs/error.log"] {
                let text = fs::read_to_string(self.place(log)).unwrap_or_default();
                let last: Vec<&str> = text.lines().rev().take(5).collect();
                super::say(&format!("{log}, the last first: {last:#?}"));
            }
        }
    }
}

pub(crate) fn fpm_program() -> PathBuf {
    let programs = fs::read_dir("/usr/sbin")
        .unwrap()
        .flatten()
        .map(|entry| entry.path());
    let mut programs: Vec<PathBuf> = programs
        .filter(|path| {
            path.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with("php-fpm")
        })
        .collect();
    programs.sort();
    let program = programs.pop();
    program.unwrap_or_else(|| panic!("php-fpm: not found; tests/run installs it"))
}

/// The settings of an nginx that has this folder for itself, and sends pages of this root to this socket.
pub(crate) fn nginx(folder: &Path, listen: &str, root: &Path, socket: &Path) -> String {
    NGINX
        .replace("@FOLDER@", &folder.display().to_string())
        .replace("@LISTEN@", listen)
        .replace("@ROOT@", &root.display().to_string())
        .replace("@SOCKET@", &socket.display().to_string())
}

fn free_port() -> SocketAddr {
    TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy(&source, &target);
        } else {
            fs::copy(&source, &target).unwrap();
        }
    }
}

fn tree(folder: &Path, files: &mut Vec<(PathBuf, u32, Vec<u8>)>) {
    for path in fs::read_dir(folder)
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
    {
        if path.is_dir() {
            tree(&path, files);
        } else {
            let mode = path.metadata().unwrap().permissions().mode();
            let content = fs::read(&path).unwrap();
            files.push((path, mode, content));
        }
    }
}

const FPM: &str = "\
[global]
error_log = @FOLDER@/logs/fpm.log
pid = @FOLDER@/logs/fpm.pid
process_control_timeout = 5s
include = @FOLDER@/pool.d/*.conf
";
const POOL: &str = "\
[shop]
user = @USER@
group = nogroup
listen = @FOLDER@/logs/shop.sock
listen.mode = 0666
pm = static
pm.max_children = 2
catch_workers_output = yes
";
const NGINX: &str = "\
daemon off;
worker_processes 1;
pid @FOLDER@/logs/nginx.pid;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path @FOLDER@/logs/body;
    fastcgi_temp_path @FOLDER@/logs/fastcgi;
    proxy_temp_path @FOLDER@/logs/proxy;
    uwsgi_temp_path @FOLDER@/logs/uwsgi;
    scgi_temp_path @FOLDER@/logs/scgi;
    server {
        listen @LISTEN@;
        root @ROOT@;
        index index.php;
        location ~ \\.php$ {
            fastcgi_pass unix:@SOCKET@;
            fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
            fastcgi_param DOCUMENT_ROOT $document_root;
            fastcgi_param QUERY_STRING $query_string;
            fastcgi_param REQUEST_METHOD $request_method;
            fastcgi_param REQUEST_URI $request_uri;
            fastcgi_param SERVER_PROTOCOL $server_protocol;
            fastcgi_param MODULE_VERIFY $arg_verify;
            fastcgi_param MODULE_KEEP_ESCAPED $arg_escaped;
            fastcgi_param MODULE_CA_FILE $arg_ca;
        }
    }
}
";
