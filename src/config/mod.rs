//! The settings of a run: file < environment < flags, resolved into one [`Config`] without gaps.
//!
//! A [`Layer`] is what one source gives; [`Config::load`] reads the sources and lays them over each other. This room
//! reads the configuration file and nothing else; whether a path, a group or an address exists is found out by the
//! room that uses it.
use std::ffi::OsString;
use std::fmt;
use std::fs::read_to_string as read;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use error::{Error, GIVE, Place, Source};
pub use layer::Layer;
pub use own::{Field, Own, Pattern};
pub use target::{Target, Whose};
pub use upstream::{
    PROXY_VARIABLES, ProxyLogin, ProxyScheme, Upstream, UpstreamChoice, UpstreamProxy,
};
pub use value::{Echo, EchoUrl};
use value::{OrNone, Size, Value};

mod error;
mod layer;
mod own;
mod target;
mod upstream;
pub mod value;

/// All settings, resolved: no gaps, paths absolute.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The home directory.
    pub home: PathBuf,
    /// Where the proxy listens.
    pub listen: Vec<SocketAddr>,
    /// Where the inspector listens; `None` with `--no-ui`.
    pub ui: Option<SocketAddr>,
    /// Hosts that are looked into; a name covers its subdomains.
    pub intercept: Vec<HostPort>,
    /// Where to dial instead.
    pub connect_to: Vec<ConnectTo>,
    /// Where origin-form requests go.
    pub base_url: BaseUrl,
    /// An extra root to trust upstream, PEM.
    pub upstream_ca: Option<PathBuf>,
    /// Through which proxy calls go out.
    pub upstream_proxy: Upstream,
    /// The local address of upstream connections.
    pub source_ip: Option<IpAddr>,
    /// The address family of upstream connections.
    pub family: Family,
    /// The addresses that the user entered at NiceNIC; empty: not told.
    pub whitelist: Vec<Network>,
    /// The name of the user's website.
    pub site: Option<String>,
    /// Who is asked for the outbound address; empty: nobody.
    pub egress_probe: Vec<EchoUrl>,
    /// What happens to `http://` requests with a credential.
    pub plaintext: Plaintext,
    /// What happens after a client has refused our certificate.
    pub on_distrust: OnDistrust,
    /// Whose settings are changed while nicetap runs.
    pub with: Vec<Target>,
    /// Whether they may be changed without asking.
    pub yes: bool,
    /// How long requests are looked into; `None`: without end.
    pub duration: Option<Duration>,
    /// How long without a connection until looking ends.
    pub idle_exit: Option<Duration>,
    /// What happens when looking has ended.
    pub then: Then,
    /// The JSONL log; `None` with `--no-log`.
    pub log: Option<PathBuf>,
    /// Bytes after which the log is rotated.
    pub log_max_size: u64,
    /// Rotated logs that are kept.
    pub log_keep: u32,
    /// The group that may read the log.
    pub log_group: Option<String>,
    /// Whether the console prints the JSONL records.
    pub json: bool,
    /// Bytes kept of a body.
    pub body_limit: usize,
    /// Bytes of bodies in flight.
    pub capture_budget: usize,
    /// Whether intercepted hosts are answered by the built-in mock.
    pub mock: bool,
    /// The user's own catalogue.
    pub catalogue: Option<PathBuf>,
    /// What happens to paid actions on production.
    pub guard: Guard,
    /// Within which time the same paid action is a repetition; `None`: never.
    pub repeat_window: Option<Duration>,
    /// The environment that is expected.
    pub expect: Option<Expect>,
    /// How findings are treated, in the order in which it counts.
    pub levels: Vec<LevelSetting>,
    /// Whether replies tell the client the findings.
    pub annotate: bool,
    /// How long a reply's first byte may take.
    pub reply_timeout: Duration,
    /// Where `nicetap mock` listens.
    pub mock_listen: SocketAddr,
    /// The file with the one credential that the mock accepts; `None`: it accepts any well-formed one.
    pub credential_file: Option<PathBuf>,
    /// The client addresses that the mock accepts; empty: all.
    pub mock_whitelist: Vec<Network>,
    /// How contact data is shown.
    pub pii: Pii,
    /// Whether the user name of a credential is masked too.
    pub hide_username: bool,
    /// Environment variables that hold secrets.
    pub secret_env: Vec<String>,
    /// Files that hold secrets, one a line.
    pub secret_file: Vec<PathBuf>,
    /// How far equal secrets have equal fingerprints.
    pub fingerprints: Fingerprints,
    /// The credentials that what arrives is compared with.
    pub know: Vec<Know>,
    /// What the user wants masked besides.
    pub own: Own,
    /// When the output is coloured.
    pub color: Color,
    /// Whether only what is wrong is printed.
    pub quiet: bool,
    /// Whether the technical names are printed too.
    pub verbose: bool,
}

impl Config {
    /// The defaults, in this home.
    pub fn at(home: &Path) -> Self {
        Self {
            home: home.to_owned(),
            listen: vec![loopback(8899)],
            ui: Some(loopback(8900)),
            intercept: NICENIC.map(HostPort::all_of).to_vec(),
            connect_to: Vec::new(),
            base_url: BaseUrl {
                https: true,
                host: "api.nicenic.net".to_owned(),
                port: 443,
            },
            upstream_ca: None,
            upstream_proxy: Upstream::default(),
            source_ip: None,
            family: Family::Any,
            whitelist: Vec::new(),
            site: None,
            egress_probe: EchoUrl::defaults(),
            plaintext: Plaintext::Allow,
            on_distrust: OnDistrust::Tunnel,
            with: Vec::new(),
            yes: false,
            duration: Some(Duration::from_hours(8)),
            idle_exit: None,
            then: Then::Carry,
            log: Some(home.join("log/nicetap.jsonl")),
            log_max_size: 64 << 20,
            log_keep: 5,
            log_group: None,
            json: false,
            body_limit: 64 << 10,
            capture_budget: 64 << 20,
            mock: false,
            catalogue: None,
            guard: Guard::Warn,
            repeat_window: Some(Duration::from_mins(2)),
            expect: None,
            levels: Vec::new(),
            annotate: false,
            reply_timeout: Duration::from_mins(5),
            mock_listen: loopback(8901),
            credential_file: None,
            mock_whitelist: Vec::new(),
            pii: Pii::Shape,
            hide_username: false,
            secret_env: Vec::new(),
            secret_file: Vec::new(),
            fingerprints: Fingerprints::Install,
            know: Vec::new(),
            own: Own::default(),
            color: Color::Auto,
            quiet: false,
            verbose: false,
        }
    }

    /// Reads the environment and the configuration file, and lays the options over them.
    ///
    /// `file` is the value of `--config`; a file named there or in `NICETAP_CONFIG` must exist, `HOME/nicetap.toml`
    /// need not. `beneath` is what this command prefers to the defaults.
    pub fn load(
        options: Layer,
        file: Option<PathBuf>,
        beneath: Layer,
        surroundings: &Surroundings,
    ) -> Result<Self, Error> {
        let (given, home) = Self::gather(options, file, beneath, surroundings)?;
        let choice = given.upstream_proxy.as_ref();
        let is_env = choice.is_some_and(|choice| choice.0.0 == Some(UpstreamChoice::Env));
        let mut config = Self::resolve(given, home)?;
        if is_env {
            config.upstream_proxy = Upstream::of_variables(surroundings.var)?;
        }
        Ok(config)
    }

    /// All that is given, and the home.
    fn gather(
        options: Layer,
        file: Option<PathBuf>,
        beneath: Layer,
        surroundings: &Surroundings,
    ) -> Result<(Layer, PathBuf), Error> {
        let Surroundings { var, root, cwd } = surroundings;
        let given = options.over(Layer::from_env(var)?).rooted_at(cwd);
        let named = file.or_else(|| {
            var("NICETAP_CONFIG")
                .filter(|name| !name.is_empty())
                .map(PathBuf::from)
        });
        if let Some(file) = named {
            let file = cwd.join(file);
            let text = read(&file).map_err(|source| Error::Unreadable {
                file: file.clone(),
                source,
            })?;
            let mut given = given.over(Layer::from_toml(&text, &file)?.over(beneath));
            let home = match given.home.take() {
                Some(home) => home.0,
                None => default_home(*root, var)?,
            };
            return Ok((given, home));
        }
        let home = match &given.home {
            Some(home) => home.0.clone(),
            None => default_home(*root, var)?,
        };
        let file = home.join(FILE_NAME);
        match read(&file) {
            Ok(text) => {
                let found = Layer::from_toml(&text, &file)?;
                if found.home.as_ref().is_some_and(|named| named.0 != home) {
                    return Err(Error::Refused {
                        setting: "home",
                        why: format!("{} is itself found through the home", file.display()),
                        hint: "take the line out, and use --home DIR or NICETAP_HOME",
                    });
                }
                Ok((given.over(found.over(beneath)), home))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Ok((given.over(beneath), home))
            }
            Err(source) => Err(Error::Unreadable { file, source }),
        }
    }

    /// Fills the gaps with the defaults, and refuses what cannot be.
    pub fn resolve(given: Layer, home: PathBuf) -> Result<Self, Error> {
        let defaults = Self::at(&home);
        let config = Self {
            home,
            listen: all(given.listen).unwrap_or(defaults.listen),
            ui: match given.no_ui {
                Some(Value(true)) => None,
                _ => given.ui.map(|ui| ui.0).or(defaults.ui),
            },
            intercept: with(defaults.intercept, all(given.intercept)),
            connect_to: all(given.connect_to).unwrap_or(defaults.connect_to),
            base_url: or(given.base_url, defaults.base_url),
            upstream_ca: or(given.upstream_ca, OrNone(defaults.upstream_ca)).0,
            upstream_proxy: match given.upstream_proxy.and_then(|choice| choice.0.0) {
                Some(UpstreamChoice::Url(proxy)) => Upstream::all_through(Some(proxy)),
                // `load` reads the environment.
                Some(UpstreamChoice::Env) | None => defaults.upstream_proxy,
            },
            source_ip: or(given.source_ip, OrNone(defaults.source_ip)).0,
            family: family(or(given.ipv4, false), or(given.ipv6, false))?,
            whitelist: all(given.whitelist).unwrap_or(defaults.whitelist),
            site: given.site.and_then(|site| site.0.0).map(|site| site.0),
            egress_probe: match all(given.egress_probe) {
                Some(asked) => echoes(&asked)?,
                // With the mock nothing leaves this machine that was not asked for.
                None if given.mock == Some(Value(true)) => Vec::new(),
                None => defaults.egress_probe,
            },
            plaintext: or(given.plaintext, defaults.plaintext),
            on_distrust: or(given.on_distrust, defaults.on_distrust),
            with: all(given.with).unwrap_or(defaults.with),
            yes: or(given.yes, defaults.yes),
            duration: or(given.duration, OrNone(defaults.duration)).0,
            idle_exit: or(given.idle_exit, OrNone(defaults.idle_exit)).0,
            then: or(given.then, defaults.then),
            log: match given.no_log {
                Some(Value(true)) => None,
                _ => given.log.map(|log| log.0).or(defaults.log),
            },
            log_max_size: or(given.log_max_size, Size(defaults.log_max_size)).0,
            log_keep: or(given.log_keep, defaults.log_keep),
            log_group: given
                .log_group
                .and_then(|group| group.0.0)
                .map(|group| group.0),
            json: or(given.json, defaults.json),
            body_limit: bytes(given.body_limit, defaults.body_limit),
            capture_budget: bytes(given.capture_budget, defaults.capture_budget),
            mock: or(given.mock, defaults.mock),
            catalogue: or(given.catalogue, OrNone(defaults.catalogue)).0,
            guard: or(given.guard, defaults.guard),
            repeat_window: or(given.repeat_window, OrNone(defaults.repeat_window)).0,
            expect: or(given.expect, OrNone(defaults.expect)).0,
            levels: given.levels,
            annotate: or(given.annotate, defaults.annotate),
            reply_timeout: or(given.reply_timeout, defaults.reply_timeout),
            mock_listen: or(given.mock_listen, defaults.mock_listen),
            credential_file: or(given.credential_file, OrNone(defaults.credential_file)).0,
            mock_whitelist: all(given.mock_whitelist).unwrap_or(defaults.mock_whitelist),
            pii: or(given.pii, defaults.pii),
            hide_username: or(given.hide_username, defaults.hide_username),
            secret_env: words(given.secret_env),
            secret_file: all(given.secret_file).unwrap_or(defaults.secret_file),
            fingerprints: or(given.fingerprints, defaults.fingerprints),
            know: all(given.know).unwrap_or(defaults.know),
            own: given.own.unwrap_or(defaults.own),
            color: or(given.color, defaults.color),
            quiet: or(given.quiet, defaults.quiet),
            verbose: or(given.verbose, defaults.verbose),
        };
        config.refuse_the_impossible()?;
        Ok(config)
    }

    /// The directory of what clients must be able to read: the CA's root, the bundle.
    pub fn public_dir(&self) -> PathBuf {
        if self.home == Path::new(HOME_OF_ROOT) {
            return PathBuf::from("/etc/nicetap");
        }
        self.home.join("public")
    }

    fn refuse_the_impossible(&self) -> Result<(), Error> {
        let refused = |setting, why, hint| Err(Error::Refused { setting, why, hint });
        let proxy = self.listen.iter().map(|address| ("listen", address));
        for (setting, address) in proxy.chain([("mock_listen", &self.mock_listen)]) {
            if !address.ip().is_loopback() {
                let why = format!(
                    "{address} is beyond loopback, where others could go out through this machine"
                );
                return refused(setting, why, LOOPBACK_ONLY);
            }
        }
        if let Some(address) = self.ui.filter(|address| !address.ip().is_loopback()) {
            let why = format!("{address} is beyond loopback, where others could read it");
            let hint = "keep it on 127.0.0.1 or [::1]; from another machine: ssh -L 8900:127.0.0.1:8900 HOST";
            return refused("ui", why, hint);
        }
        if self.listen.is_empty() {
            let hint = "leave the key out for 127.0.0.1:8899";
            return refused("listen", "no address is left".to_owned(), hint);
        }
        if self.body_limit > self.capture_budget {
            let why = format!(
                "{} bytes for one body, but capture_budget has {} for all",
                self.body_limit, self.capture_budget
            );
            let hint = "lower body_limit or raise capture_budget";
            return refused("body_limit", why, hint);
        }
        let mut labels = Vec::new();
        for Know { label, .. } in &self.know {
            if labels.contains(label) {
                let why = format!("`{}` is named twice", label.word());
                return refused("know", why, "name each of api, sandbox and login once");
            }
            labels.push(*label);
        }
        let fits = match (self.family, self.source_ip) {
            (Family::V4, Some(ip)) => ip.is_ipv4(),
            (Family::V6, Some(ip)) => ip.is_ipv6(),
            (Family::Any, _) | (_, None) => true,
        };
        if !fits {
            let why = "an address of one family cannot go out over the other".to_owned();
            let hint = "leave out -4 or -6, or name an address of that family";
            return refused("source_ip", why, hint);
        }
        Ok(())
    }
}

/// What the settings depend on besides what the user gives.
pub struct Surroundings {
    /// Reads an environment variable.
    pub var: fn(&str) -> Option<OsString>,
    /// Whether the user is root.
    pub root: bool,
    /// Where relative paths start.
    pub cwd: PathBuf,
}

impl Surroundings {
    /// Those of this process.
    pub fn of_process() -> Self {
        Self {
            var: |name| std::env::var_os(name),
            root: rustix::process::geteuid().is_root(),
            // Without a working directory relative paths fail where they are used, by name.
            cwd: std::env::current_dir().unwrap_or_default(),
        }
    }
}

/// A host, with all ports of HTTP or with one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// The host, lower case.
    pub host: String,
    /// The port; `None`: 80 and 443.
    pub port: Option<u16>,
}

impl HostPort {
    /// The ports of HTTP on this host.
    fn all_of(host: &str) -> Self {
        Self {
            host: host.to_owned(),
            port: None,
        }
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.host),
            None => f.write_str(&self.host),
        }
    }
}

/// `HOST:PORT:HOST2:PORT2`, as curl reads it: an empty HOST or PORT means any, an empty HOST2 or PORT2 the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectTo {
    /// The host asked for.
    pub host: Option<String>,
    /// The port asked for.
    pub port: Option<u16>,
    /// The host to dial.
    pub to_host: Option<String>,
    /// The port to dial.
    pub to_port: Option<u16>,
}

/// Where origin-form requests go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    /// Whether over TLS.
    pub https: bool,
    /// The host, lower case.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// Scheme and authority, without the final slash; the scheme's own port is left out.
impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { https, host, port } = self;
        let (scheme, own) = if *https { ("https", 443) } else { ("http", 80) };
        if host.contains(':') {
            write!(f, "{scheme}://[{host}]")?;
        } else {
            write!(f, "{scheme}://{host}")?;
        }
        if *port == own {
            return Ok(());
        }
        write!(f, ":{port}")
    }
}

/// The address family of upstream connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// As getaddrinfo orders them.
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

/// What happens to `http://` requests with a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plaintext {
    /// They pass, and are flagged.
    Allow,
    /// They get 403.
    Refuse,
}

/// What happens to paid actions on production.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Nothing.
    Off,
    /// They pass, and are flagged.
    Warn,
    /// They get 403, and no byte of them leaves.
    Block,
}

impl Guard {
    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Warn => "warn",
            Self::Block => "block",
        }
    }
}

/// The environment that is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// `sandbox-api.nicenic.net`.
    Sandbox,
    /// `api.nicenic.net`.
    Production,
}

impl Expect {
    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Production => "production",
        }
    }
}

/// How a finding is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// As not found: it is hidden, and counted.
    Allow,
    /// As a warning.
    Warn,
    /// As an error that decides the exit code.
    Deny,
}

impl Level {
    /// The option that sets it.
    pub const fn option(self) -> &'static str {
        match self {
            Self::Allow => "--allow",
            Self::Warn => "--warn",
            Self::Deny => "--deny",
        }
    }
}

/// Which findings are meant: a code, the beginning of codes, or a name. Whether there are such is not known here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector(pub String);

/// How some findings are treated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelSetting {
    /// How.
    pub level: Level,
    /// Which.
    pub selector: Selector,
}

/// What happens after a client has refused our certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDistrust {
    /// Its next connections to that host pass unread for 60 s.
    Tunnel,
    /// They fail too.
    Fail,
}

/// What happens when looking has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Connections are carried on unread while a setting still points here.
    Carry,
    /// nicetap ends.
    Exit,
}

/// How contact data is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pii {
    /// As it is.
    Show,
    /// As a length, a limit, and whether its form is right.
    Shape,
    /// Not at all.
    Hide,
}

impl Pii {
    /// As it stands in the log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Show => "show",
            Self::Shape => "shape",
            Self::Hide => "hide",
        }
    }
}

/// How far equal secrets have equal fingerprints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fingerprints {
    /// In all runs of this installation: their key lies in the home.
    Install,
    /// In this run only: their key is never stored.
    Session,
}

impl Fingerprints {
    /// As it stands in the log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Session => "session",
        }
    }
}

/// A credential that what arrives is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Know {
    /// Which one it is.
    pub label: Label,
    /// The file that holds it; `None`: it is asked for.
    pub file: Option<PathBuf>,
}

/// The passwords of an account, which are easily mixed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// The API password (WHMCS: API Secret).
    Api,
    /// That of the sandbox.
    Sandbox,
    /// That of the website, which the API never takes.
    Login,
}

impl Label {
    /// As it is typed, and as it stands in the log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Sandbox => "sandbox",
            Self::Login => "login",
        }
    }
}

/// When the output is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// An IP address, or a range of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// An address in it.
    pub address: IpAddr,
    /// How many leading bits all its addresses share.
    pub prefix: u8,
}

impl Network {
    /// Whether the address is in it. An IPv4 address written as IPv6 counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let bits = |address: IpAddr| match address.to_canonical() {
            IpAddr::V4(address) => (u128::from(address.to_bits()) << 96, true),
            IpAddr::V6(address) => (address.to_bits(), false),
        };
        let (own, other) = (bits(self.address), bits(address));
        let shared = u128::MAX
            .checked_shl(128 - u32::from(self.prefix))
            .unwrap_or(0);
        own.1 == other.1 && (own.0 ^ other.0) & shared == 0
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let longest = if self.address.is_ipv4() { 32 } else { 128 };
        if self.prefix == longest {
            write!(f, "{}", self.address)
        } else {
            write!(f, "{}/{}", self.address, self.prefix)
        }
    }
}

fn default_home(root: bool, var: &impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, Error> {
    if root {
        return Ok(PathBuf::from(HOME_OF_ROOT));
    }
    let absolute = |name| {
        var(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))
        .map(|state| state.join("nicetap"))
        .ok_or(Error::NoHome)
}

fn or<T>(given: Option<Value<T>>, default: T) -> T {
    given.map_or(default, |value| value.0)
}

fn all<T>(given: Option<Vec<Value<T>>>) -> Option<Vec<T>> {
    given.map(|values| values.into_iter().map(|value| value.0).collect())
}

fn words(given: Option<Vec<Value<value::VariableName>>>) -> Vec<String> {
    let given = all(given).unwrap_or_default();
    given.into_iter().map(|name| name.0).collect()
}

fn with(mut defaults: Vec<HostPort>, given: Option<Vec<HostPort>>) -> Vec<HostPort> {
    for host in given.into_iter().flatten() {
        if !defaults.contains(&host) {
            defaults.push(host);
        }
    }
    defaults
}

fn echoes(asked: &[Echo]) -> Result<Vec<EchoUrl>, Error> {
    let urls: Vec<EchoUrl> = asked
        .iter()
        .filter_map(|echo| match echo {
            Echo::Url(url) => Some(url.clone()),
            Echo::Off => None,
        })
        .collect();
    if !urls.is_empty() && urls.len() < asked.len() {
        return Err(Error::Refused {
            setting: "egress_probe",
            why: "`off` stands beside a URL".to_owned(),
            hint: "write `off` alone, or the URLs alone",
        });
    }
    Ok(urls)
}

fn bytes(given: Option<Value<Size>>, default: usize) -> usize {
    given.map_or(default, |size| {
        usize::try_from(size.0.0).unwrap_or(usize::MAX)
    })
}

fn family(v4: bool, v6: bool) -> Result<Family, Error> {
    match (v4, v6) {
        (false, false) => Ok(Family::Any),
        (true, false) => Ok(Family::V4),
        (false, true) => Ok(Family::V6),
        (true, true) => Err(Error::Refused {
            setting: "ipv4",
            why: "ipv6 is set too, and each excludes the other".to_owned(),
            hint: "set one of them, or none for both families",
        }),
    }
}

const fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

const LOOPBACK_ONLY: &str = "listen on 127.0.0.1 or [::1]; this version has no --allow-remote";
const FILE_NAME: &str = "nicetap.toml";
const HOME_OF_ROOT: &str = "/var/lib/nicetap";
const NICENIC: [&str; 2] = ["nicenic.net", "nicenic.com"];

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../config/nicetap.toml");

    /// The example with every `# key = value` switched on.
    fn switched_on() -> String {
        let is_setting = |line: &&str| {
            let key = line.split(" = ").next().unwrap_or_default();
            line.contains(" = ") && Layer::keys().contains(&key)
        };
        EXAMPLE
            .lines()
            .filter_map(|line| line.strip_prefix("# "))
            .filter(is_setting)
            .collect::<Vec<_>>()
            .join("\n")
    }

    fn nobody(home: &'static str) -> Surroundings {
        assert_eq!(home, "/srv/bob");
        Surroundings {
            var: |name| (name == "HOME").then(|| "/srv/bob".into()),
            root: false,
            cwd: "/work".into(),
        }
    }

    fn options(text: &str) -> Layer {
        Layer::from_toml(text, Path::new("")).unwrap()
    }

    #[test]
    fn the_example_file_holds_every_key_with_its_default() {
        let home = Path::new(HOME_OF_ROOT);
        let file = home.join(FILE_NAME);
        let text = switched_on();
        let layer = Layer::from_toml(&text, &file).unwrap();
        assert_eq!(layer.home, Some(Value(home.to_owned())));
        assert_eq!(
            Config::resolve(layer, home.to_owned()).unwrap(),
            Config::at(home)
        );
        for key in Layer::keys() {
            let line = format!("{key} = ");
            let count = text.lines().filter(|have| have.starts_with(&line)).count();
            assert_eq!(count, 1, "{key}");
        }
    }

    #[test]
    fn the_example_file_as_it_stands_changes_nothing() {
        let layer = Layer::from_toml(EXAMPLE, Path::new("/x")).unwrap();
        assert_eq!(layer, Layer::default());
    }

    #[test]
    fn options_beat_the_environment_and_that_beats_the_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::io::Write::write_all(
            &mut file.as_file(),
            b"log_keep = 1\nfor = \"1h\"\nreply_timeout = \"1s\"\n",
        )
        .unwrap();
        let surroundings = Surroundings {
            var: |name| match name {
                "HOME" => Some("/srv/bob".into()),
                "NICETAP_FOR" => Some("2h".into()),
                "NICETAP_REPLY_TIMEOUT" => Some("2s".into()),
                _ => None,
            },
            ..nobody("/srv/bob")
        };
        let file = Some(file.path().to_owned());
        let config = Config::load(
            options("reply_timeout = \"3s\""),
            file,
            Layer::default(),
            &surroundings,
        )
        .unwrap();
        assert_eq!(config.log_keep, 1);
        assert_eq!(config.duration, Some(Duration::from_hours(2)));
        assert_eq!(config.reply_timeout, Duration::from_secs(3));
        assert_eq!(config.idle_exit, None);
    }

    #[test]
    fn the_home_depends_on_the_user() {
        let home = |root, var: fn(&str) -> Option<OsString>| default_home(root, &var).ok();
        assert_eq!(home(true, |_| None), Some("/var/lib/nicetap".into()));
        assert_eq!(
            home(false, |name| Some(format!("/{name}").into())),
            Some("/XDG_STATE_HOME/nicetap".into())
        );
        assert_eq!(
            home(false, |name| (name == "HOME").then(|| "/srv/bob".into())),
            Some("/srv/bob/.local/state/nicetap".into())
        );
        assert_eq!(home(false, |_| Some("relative".into())), None);
    }

    #[test]
    fn public_files_lie_in_etc_for_roots_own_home_only() {
        let public = |home: &str| Config::at(Path::new(home)).public_dir();
        assert_eq!(public("/var/lib/nicetap"), Path::new("/etc/nicetap"));
        assert_eq!(public("/srv/tap"), Path::new("/srv/tap/public"));
    }

    #[test]
    fn a_file_that_is_named_must_exist_and_one_that_is_not_need_not() {
        let home = options("home = \"/nowhere/at/all\"");
        let found =
            Config::load(home.clone(), None, Layer::default(), &nobody("/srv/bob")).unwrap();
        assert_eq!(found, Config::at(Path::new("/nowhere/at/all")));
        let error = Config::load(
            home,
            Some("no.toml".into()),
            Layer::default(),
            &nobody("/srv/bob"),
        )
        .unwrap_err();
        assert_eq!(error.to_string(), "cannot read /work/no.toml");
    }

    #[test]
    fn a_file_found_through_the_home_cannot_move_the_home() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join(FILE_NAME);
        std::fs::copy(
            concat!(env!("CARGO_MANIFEST_DIR"), "/config/nicetap.toml"),
            &file,
        )
        .unwrap();
        let given = Layer {
            home: Some(Value(home.path().to_owned())),
            ..Layer::default()
        };
        assert!(Config::load(given.clone(), None, Layer::default(), &nobody("/srv/bob")).is_ok());
        let mut open = std::fs::File::options();
        #[expect(clippy::disallowed_methods, reason = "a test writes its own file")]
        let mut append = open.append(true).open(&file).unwrap();
        std::io::Write::write_all(&mut append, b"home = \"/elsewhere\"\n").unwrap();
        let error = Config::load(given, None, Layer::default(), &nobody("/srv/bob")).unwrap_err();
        assert!(error.to_string().starts_with("home: "), "{error}");
    }

    #[test]
    fn further_hosts_come_to_nicenics_own() {
        let config = Config::resolve(
            options("intercept = [\"a.test\", \"nicenic.net\"]"),
            "/h".into(),
        );
        let hosts: Vec<_> = config
            .unwrap()
            .intercept
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(hosts, ["nicenic.net", "nicenic.com", "a.test"]);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (text, told) in [
            (
                "listen = [\"0.0.0.0:8899\"]",
                "listen: 0.0.0.0:8899 is beyond loopback",
            ),
            ("listen = []", "listen: no address"),
            (
                "mock_listen = \"192.0.2.1:1\"",
                "mock_listen: 192.0.2.1:1 is beyond",
            ),
            ("body_limit = \"1GiB\"", "body_limit: "),
            ("ipv4 = true\nipv6 = true", "ipv4: ipv6 is set too"),
            ("ipv4 = true\nsource_ip = \"2001:db8::1\"", "source_ip: "),
        ] {
            let error = Config::resolve(options(text), "/h".into()).unwrap_err();
            assert!(error.to_string().starts_with(told), "{error}");
            assert!(error.hint().is_some());
        }
    }

    #[test]
    fn no_log_is_no_log_and_a_log_option_lifts_it() {
        let log = |given: Layer| Config::resolve(given, "/h".into()).unwrap().log;
        assert_eq!(log(options("no_log = true")), None);
        assert_eq!(
            log(options("log = \"/l\"").over(options("no_log = true"))),
            Some("/l".into())
        );
        assert_eq!(log(options("")), Some("/h/log/nicetap.jsonl".into()));
    }
}
