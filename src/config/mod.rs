//! The settings of a run: file < environment < flags, resolved into one [`Config`] without gaps.
//!
//! A [`Layer`] is what one source gives; [`Config::load`] reads the sources and lays them over each other. This room
//! reads the configuration file and nothing else; whether a path, a group or an address exists is found out by the
//! room that uses it.
use std::ffi::OsString;
use std::fs::read_to_string as read;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use choice::{
    Color, Expect, Family, Fingerprints, Guard, Know, Label, Level, LevelSetting, OnDistrust, Pii,
    Plaintext, Selector, Then,
};
pub use error::{Error, GIVE, Place, Source};
pub use layer::Layer;
pub use own::{Field, Own, Pattern};
pub use place::{BaseUrl, ConnectTo, Echo, EchoUrl, HostPort, Network, Site, reached_here};
pub use target::{Target, Whose};
pub use upstream::{
    PROXY_VARIABLES, ProxyLogin, ProxyScheme, Upstream, UpstreamChoice, UpstreamProxy,
};
use value::{OrNone, Size, Value};

mod choice;
mod error;
mod layer;
mod own;
mod place;
mod possible;
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
    /// Whether clients on other machines are let in.
    pub allow_remote: bool,
    /// From where; empty: from everywhere.
    pub allow_from: Vec<Network>,
    /// The user name that clients log in with; `None`: they need none.
    pub proxy_auth: Option<String>,
    /// The file that holds the password that goes with it.
    pub proxy_password_file: Option<PathBuf>,
    /// Whether private addresses are dialled for clients although other machines are let in.
    pub allow_private: bool,
    /// The users of this machine whose connections are served, by name or number; empty: all.
    pub only_user: Vec<String>,
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
            allow_remote: false,
            allow_from: Vec::new(),
            proxy_auth: None,
            proxy_password_file: None,
            allow_private: false,
            only_user: Vec::new(),
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
            allow_remote: or(given.allow_remote, defaults.allow_remote),
            allow_from: all(given.allow_from).unwrap_or(defaults.allow_from),
            proxy_auth: given
                .proxy_auth
                .and_then(|user| user.0.0)
                .map(|user| user.0),
            proxy_password_file: or(
                given.proxy_password_file,
                OrNone(defaults.proxy_password_file),
            )
            .0,
            allow_private: or(given.allow_private, defaults.allow_private),
            only_user: all(given.only_user)
                .unwrap_or_default()
                .into_iter()
                .map(|user| user.0)
                .collect(),
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

    /// The same for a client that nicetap starts itself: on a free port of this machine, without a login, whoever it is.
    #[must_use]
    pub fn for_own_client(self) -> Self {
        Self {
            listen: vec![loopback(0)],
            allow_remote: false,
            allow_from: Vec::new(),
            proxy_auth: None,
            proxy_password_file: None,
            allow_private: false,
            only_user: Vec::new(),
            ..self
        }
    }

    /// The directory of what clients must be able to read: the CA's root, the bundle.
    pub fn public_dir(&self) -> PathBuf {
        if self.home == Path::new(HOME_OF_ROOT) {
            return PathBuf::from("/etc/nicetap");
        }
        self.home.join("public")
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
            (
                "allow_remote = true",
                "allow_remote: whoever reaches the port",
            ),
            (
                "allow_remote = true\nallow_from = [\"::/0\"]",
                "allow_from: ::/0 is everybody",
            ),
            (
                "allow_from = [\"192.0.2.0/24\"]",
                "allow_from: only this machine is let in",
            ),
            (
                "allow_remote = true\nallow_from = [\"192.0.2.0/24\"]\nonly_user = [\"bob\"]",
                "only_user: ",
            ),
            (
                "proxy_auth = \"bob\"\nwith = [\"php\"]",
                "proxy_auth: the clients that --with",
            ),
            (
                "proxy_password_file = \"/p\"",
                "proxy_password_file: nobody",
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
    fn others_are_let_in_when_it_is_said_who_they_are() {
        for who in [
            "allow_from = [\"172.17.0.0/16\"]",
            "proxy_auth = \"bob\"",
            "proxy_auth = \"bob\"\nallow_from = [\"0.0.0.0/0\"]",
        ] {
            let given = options(&format!(
                "listen = [\"0.0.0.0:8899\"]\nallow_remote = true\n{who}"
            ));
            let config = Config::resolve(given, "/h".into()).unwrap();
            assert!(config.allow_remote, "{who}");
        }
        let error = Layer::from_toml("proxy_auth = \"bob:hunter2\"", Path::new("/x")).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
        assert!(
            error.to_string().contains("NICETAP_PROXY_PASSWORD"),
            "{error}"
        );
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
