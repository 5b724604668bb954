//! Real clients as child processes: each makes a list of calls one way, and says exactly what it got.
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::{API, message, process, project};

/// A client library or program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Client {
    Curl,
    PhpCurl,
    PhpStreams,
    Guzzle,
    Requests,
    Urllib,
    NodeHttps,
    Undici,
    Java,
    Go,
}

/// One call that a client makes.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Option<Vec<u8>>,
}

/// What a client got, as its own library shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// How a client reaches the API.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way<'a> {
    /// `https://api.nicenic.net`, dialled at this address, trusting this root.
    Direct(SocketAddr, &'a Path),
    /// `https://api.nicenic.net` through CONNECT, trusting this root.
    Connect(SocketAddr, &'a Path),
    /// `http://127.0.0.1:PORT` in place of the API's URL.
    BaseUrl(SocketAddr),
    /// `http://api.nicenic.net`, dialled at this address.
    PlainDirect(SocketAddr),
    /// `http://api.nicenic.net` in absolute-form through the proxy.
    Absolute(SocketAddr),
}

impl Call {
    /// A GET of this path.
    pub(crate) fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    /// A call without a body.
    pub(crate) fn new(method: &'static str, path: &str) -> Self {
        Self {
            method,
            path: path.to_owned(),
            headers: vec![("Authorization", CREDENTIAL.to_owned())],
            body: None,
        }
    }

    /// A POST of this body.
    pub(crate) fn post(path: &str, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let mut call = Self::new("POST", path).header("Content-Type", content_type);
        call.body = Some(body.into());
        call
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

impl Way<'_> {
    fn base(self) -> String {
        match self {
            Self::Direct(..) | Self::Connect(..) => format!("https://{API}"),
            Self::BaseUrl(addr) => format!("http://{addr}"),
            Self::PlainDirect(_) | Self::Absolute(_) => format!("http://{API}"),
        }
    }

    const fn proxy(self) -> Option<SocketAddr> {
        match self {
            Self::Connect(addr, _) | Self::Absolute(addr) => Some(addr),
            _ => None,
        }
    }

    const fn dial(self) -> Option<SocketAddr> {
        match self {
            Self::Direct(addr, _) | Self::PlainDirect(addr) => Some(addr),
            _ => None,
        }
    }

    const fn trust(&self) -> Option<&Path> {
        match self {
            Self::Direct(_, path) | Self::Connect(_, path) => Some(path),
            _ => None,
        }
    }
}

impl Client {
    /// Makes these calls one after the other, on one connection where the client can.
    pub(crate) fn make(self, way: Way<'_>, calls: &[Call]) -> Vec<Reply> {
        let what = format!("{self:?} {way:?}");
        let replies = match self {
            Self::Curl => curl(way, calls, &what),
            _ => self.script(way, calls, &what),
        };
        assert_eq!(replies.len(), calls.len(), "{what}");
        replies
    }

    fn script(self, way: Way<'_>, calls: &[Call], what: &str) -> Vec<Reply> {
        let input = match self {
            Self::Java => job_as_lines(way, calls),
            _ => job_as_json(way, calls).to_string(),
        };
        let output = process::run(&mut self.command(way), input.as_bytes(), LIMIT).success(what);
        let replies: Vec<Value> = serde_json::from_slice(&output).unwrap_or_else(|error| {
            panic!("{what}: {error}: {}", String::from_utf8_lossy(&output))
        });
        replies.iter().map(reply_from_json).collect()
    }

    fn command(self, way: Way<'_>) -> Command {
        let script = |program: &str, file: &str| {
            let mut command = Command::new(program);
            command.arg(project("tests/clients").join(file));
            command
        };
        let python = project("target/tests-venv/bin/python");
        let python = python.to_str().unwrap();
        let mut command = match self {
            Self::Curl => Command::new("curl"),
            Self::PhpCurl => script("php", "curl.php"),
            Self::PhpStreams => script("php", "streams.php"),
            Self::Guzzle => script("php", "guzzle.php"),
            Self::Requests => script(python, "with_requests.py"),
            Self::Urllib => script(python, "with_urllib.py"),
            Self::NodeHttps => script("node", "https.js"),
            Self::Undici => script("node", "undici.js"),
            Self::Java => java(way),
            Self::Go => Command::new(go_client()),
        };
        command.env("NODE_PATH", project("target/tests-node/node_modules"));
        command
    }
}

/// The credential that every call carries.
pub(crate) const CREDENTIAL: &str = "reseller7:S3cr3t-K9f2Lm8Qw4Zx";

const LIMIT: Duration = Duration::from_mins(1);

fn job_as_json(way: Way<'_>, calls: &[Call]) -> Value {
    let calls: Vec<Value> = calls
        .iter()
        .map(|call| {
            json!({
                "method": call.method,
                "path": call.path,
                "headers": call.headers,
                "body": call.body.as_ref().map(|body| BASE64.encode(body)),
            })
        })
        .collect();
    json!({
        "base": way.base(),
        "host": API,
        "proxy": way.proxy(),
        "dial": way.dial(),
        "ca": way.trust(),
        "calls": calls,
    })
}

/// For a client without a JSON reader: a word, then values, apart by tabs.
fn job_as_lines(way: Way<'_>, calls: &[Call]) -> String {
    let or_empty = |addr: Option<SocketAddr>| addr.map(|addr| addr.to_string()).unwrap_or_default();
    let mut lines = vec![
        format!("base\t{}", way.base()),
        format!("host\t{API}"),
        format!("proxy\t{}", or_empty(way.proxy())),
        format!("dial\t{}", or_empty(way.dial())),
        format!("ca\t{}", way.trust().unwrap_or(Path::new("")).display()),
    ];
    for call in calls {
        let body = call
            .body
            .as_ref()
            .map_or("-".to_owned(), |body| BASE64.encode(body));
        lines.push(format!("call\t{}\t{}\t{body}", call.method, call.path));
        for (name, value) in &call.headers {
            lines.push(format!("header\t{name}\t{value}"));
        }
    }
    lines.join("\n") + "\n"
}

fn reply_from_json(reply: &Value) -> Reply {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Reply {
        status: u16::try_from(reply["status"].as_u64().unwrap()).unwrap(),
        headers: reply["headers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|field| (text(&field[0]), text(&field[1])))
            .collect(),
        body: BASE64.decode(text(&reply["body"])).unwrap(),
    }
}

/// One curl for all calls; each call's head and body go into files of their own.
fn curl(way: Way<'_>, calls: &[Call], what: &str) -> Vec<Reply> {
    let folder = tempfile::tempdir().unwrap();
    let file = |kind: &str, index: usize| folder.path().join(format!("{kind}-{index}"));
    let mut config = Vec::new();
    for (index, call) in calls.iter().enumerate() {
        if index > 0 {
            writeln!(config, "next").unwrap();
        }
        let mut option = |name: &str, value: &str| {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"");
            writeln!(config, "{name} = \"{value}\"").unwrap();
        };
        option("url", &format!("{}{}", way.base(), call.path));
        option(
            "proxy",
            &way.proxy()
                .map_or(String::new(), |addr| format!("http://{addr}")),
        );
        if let Some(addr) = way.dial() {
            option(
                "connect-to",
                &format!("{API}::{}:{}", addr.ip(), addr.port()),
            );
        }
        if let Some(root) = way.trust() {
            option("cacert", root.to_str().unwrap());
        }
        for (name, value) in &call.headers {
            option("header", &format!("{name}: {value}"));
        }
        match (call.method, &call.body) {
            (_, Some(body)) => {
                super::write(&file("sent", index), body);
                option(
                    "data-binary",
                    &format!("@{}", file("sent", index).display()),
                );
                if call.method != "POST" {
                    option("request", call.method);
                }
            }
            ("GET", None) => {}
            ("HEAD", None) => writeln!(config, "head").unwrap(),
            (method, None) => option("request", method),
        }
        let mut option = |name: &str, path: PathBuf| {
            writeln!(config, "{name} = \"{}\"", path.display()).unwrap();
        };
        option("dump-header", file("head", index));
        option("output", file("body", index));
        writeln!(
            config,
            "silent\nshow-error\ngloboff\nsuppress-connect-headers"
        )
        .unwrap();
    }
    let mut command = Command::new("curl");
    command.args(["--disable", "--config", "-"]);
    process::run(&mut command, &config, LIMIT).success(what);
    (0..calls.len())
        .map(|index| {
            let head = std::fs::read(file("head", index)).unwrap();
            // HEAD writes the head into the output file too.
            let body = match calls[index].method {
                "HEAD" => Vec::new(),
                _ => std::fs::read(file("body", index)).unwrap_or_default(),
            };
            reply_from_wire(&head, body)
        })
        .collect()
}

/// The last head of those that curl dumped: interim replies come before it.
fn reply_from_wire(heads: &[u8], body: Vec<u8>) -> Reply {
    let mut reader = message::Reader::new();
    let mut input = heads;
    let mut last = None;
    while let Some(head) = reader.head(&mut input).unwrap() {
        last = Some(head);
    }
    let head = last.unwrap();
    Reply {
        status: head.status(),
        headers: head
            .lines()
            .skip(1)
            .filter_map(|line| {
                let (name, value) = line.split_once(':')?;
                Some((name.to_owned(), value.trim().to_owned()))
            })
            .collect(),
        body,
    }
}

/// Java has no way to dial another address but a hosts file: a direct call has the port in its URL, and in Host.
fn java(way: Way<'_>) -> Command {
    let mut command = Command::new("java");
    command.args(["-Xshare:auto", "-XX:TieredStopAtLevel=1"]);
    if way.dial().is_some() {
        let hosts = project("tests/clients/java.hosts");
        command.arg(format!("-Djdk.net.hosts.file={}", hosts.display()));
    }
    command.arg(project("tests/clients/Calls.java"));
    command
}

/// Builds the Go client when its source is newer; `go build` keeps its own cache.
fn go_client() -> PathBuf {
    let folder = project("target/tests-go");
    let program = folder.join("calls");
    let source = project("tests/clients/calls.go");
    let changed = |path: &Path| path.metadata().and_then(|about| about.modified()).ok();
    if changed(&program) > changed(&source) {
        return program;
    }
    std::fs::create_dir_all(&folder).unwrap();
    // Built aside and moved into place, since another test may be about to start it.
    let fresh = folder.join(format!("calls-{}", std::process::id()));
    let mut command = Command::new("go");
    command
        .arg("build")
        .arg("-o")
        .arg(&fresh)
        .arg(source)
        .env("GOCACHE", folder.join("cache"))
        .env("GO111MODULE", "off")
        .env("GOFLAGS", "")
        .env("CGO_ENABLED", "0");
    process::run(&mut command, b"", LIMIT * 3).success("go build");
    std::fs::rename(fresh, &program).unwrap();
    program
}
