//! Settings as one source gives them: the file, the environment, or the command line.
//!
//! Each setting is declared once, here: the field's name is the key in the file, the same in capitals after
//! `NICETAP_` is its variable, and with `-` for `_` it is the option. What is not given stays `None`; [`super::Config`]
//! fills the gaps.
use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde::Deserialize;
use serde::de::value::{Error as WordError, MapDeserializer};
use serde::de::{Deserializer, Visitor};
use serde::forward_to_deserialize_any;
use toml::de::DeTable;

use super::error::{Error, Place, Source};
use super::own::{self, Own};
use super::value::{self, Echo, Group, OrNone, Site, Size, Value, VariableName};
use super::{
    BaseUrl, Color, ConnectTo, Expect, Fingerprints, Guard, HostPort, Know, Level, LevelSetting,
    Network, OnDistrust, Pii, Plaintext, Selector, Target, Then, UpstreamChoice,
};

/// The settings that one source gives.
#[derive(Clone, Debug, Default, PartialEq, Args, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Layer {
    /// The home directory. An option of every command.
    #[arg(skip)]
    pub home: Option<Value<PathBuf>>,
    /// When the output is coloured. An option of every command.
    #[arg(skip)]
    pub color: Option<Value<Color>>,
    /// Whether less is printed. An option of every command.
    #[arg(skip)]
    pub quiet: Option<Value<bool>>,
    /// Whether more is printed. An option of every command.
    #[arg(skip)]
    pub verbose: Option<Value<bool>>,
    /// Where `nicetap mock` listens. Its `--listen`.
    #[arg(skip)]
    pub mock_listen: Option<Value<SocketAddr>>,
    /// `allow`, `warn` and `deny` in the order in which they count: the last wins.
    #[arg(skip)]
    #[serde(skip)]
    pub levels: Vec<LevelSetting>,

    /// Listen here; repeatable [default: 127.0.0.1:8899]
    ///
    /// Port 0 takes any free port; the real one is in the banner and in the log's `start` record.
    /// Addresses beyond loopback are refused: whoever reaches the port would go out through this machine's
    /// address.
    #[arg(long, value_name = "ADDR", value_delimiter = ',', help_heading = LISTENING)]
    #[serde(deserialize_with = "value::list")]
    pub listen: Option<Vec<Value<SocketAddr>>>,
    /// Show the inspector, a local page, there [default: 127.0.0.1:8900]
    ///
    /// It shows what the log holds. Only addresses of this machine itself are possible; from elsewhere use
    /// `ssh -L`. If the default port is taken, nicetap says so and goes on without the page.
    #[arg(long, value_name = "ADDR", help_heading = LISTENING)]
    pub ui: Option<Value<SocketAddr>>,
    /// Show no inspector
    #[arg(long, num_args = 0, default_missing_value = "true", conflicts_with = "ui", help_heading = LISTENING)]
    pub no_ui: Option<Value<bool>>,
    /// Send what comes without a proxy setting there [default: production]
    ///
    /// Production is `https://api.nicenic.net`. A client that is pointed at `http://127.0.0.1:8899/v2/` as its base URL needs neither a proxy setting nor
    /// a CA. Only scheme, host and port of this URL count; the path is the client's.
    #[arg(long, value_name = "URL", visible_alias = "gateway", help_heading = LISTENING)]
    pub base_url: Option<Value<BaseUrl>>,
    /// A credential over plain http: allow or refuse [default: allow]
    ///
    /// `allow` forwards an `http://` request to an intercepted host and flags it; `refuse` answers it with 403
    /// before the credential leaves this machine in clear text.
    #[arg(long, value_name = "WHAT", help_heading = LISTENING)]
    pub plaintext: Option<Value<Plaintext>>,

    /// Look into this host too, besides nicenic.net and nicenic.com; repeatable
    ///
    /// A name covers its subdomains. Without a port it means 80 and 443. All other hosts pass through unread.
    /// IP addresses are refused: our certificates are for names only.
    #[arg(long, value_name = "HOST[:PORT]", value_delimiter = ',', help_heading = READING)]
    #[serde(deserialize_with = "value::list")]
    pub intercept: Option<Vec<Value<HostPort>>>,
    /// Once a client refused our CA: tunnel or fail [default: tunnel]
    ///
    /// `tunnel` lets that client's next connections to that host pass unread for 60 s, so that it works although
    /// it does not trust the CA; `fail` lets them fail too, so that it is noticed.
    #[arg(long, value_name = "WHAT", help_heading = READING)]
    pub on_distrust: Option<Value<OnDistrust>>,
    /// Keep this much of each body for the log [default: 64KiB]
    ///
    /// Bodies are always forwarded whole.
    #[arg(long, value_name = "SIZE", help_heading = READING)]
    pub body_limit: Option<Value<Size>>,
    /// Keep this much of all bodies in memory at once [default: 64MiB]
    #[arg(long, value_name = "SIZE", help_heading = READING)]
    pub capture_budget: Option<Value<Size>>,

    /// Know the actions and codes in this file too
    ///
    /// TOML with `[[action]]` (category, action, risk) and `[[code]]` (code, `msg_contains`, means). They come to
    /// those of the documentation; `nicetap rules --catalogue` shows all.
    #[arg(long, value_name = "FILE", help_heading = READING)]
    pub catalogue: Option<Value<OrNone<PathBuf>>>,

    /// Paid actions on production: off, warn or block [default: warn]
    ///
    /// `warn` flags and forwards without delay. `block` answers them with 403, and no byte of them leaves; it counts
    /// an action that is not listed, or a body that cannot be read, as paid, and reads bodies first, up to
    /// --body-limit. What passes unread is not held: other hosts, a client that refused the CA under
    /// `--on-distrust tunnel`, and everything after the end of --for.
    #[arg(long, value_name = "MODE", help_heading = SAFETY)]
    pub guard: Option<Value<Guard>>,
    /// Flag the same paid action for the same domain within this time [default: 120s]
    ///
    /// Under `--guard block` it is held. Attempts that were refused or never left do not count. `none`: never.
    #[arg(long, value_name = "DURATION", help_heading = SAFETY)]
    pub repeat_window: Option<Value<OrNone<Duration>>>,
    /// Flag calls to the other environment as errors: sandbox or production
    #[arg(long, value_name = "WHICH", help_heading = SAFETY)]
    pub expect: Option<Value<OrNone<Expect>>>,

    /// Treat these findings as errors; nicetap then exits with 5 at its end
    ///
    /// Codes (N102), prefixes (N1) or names, with commas between them. Of several options that name a finding the
    /// last one counts.
    #[arg(long, value_name = "CODE,…", value_delimiter = ',', action = clap::ArgAction::Append, help_heading = FINDINGS)]
    #[serde(deserialize_with = "value::list")]
    pub deny: Option<Vec<Value<Selector>>>,
    /// Hide these findings; the last lines say how many
    #[arg(long, value_name = "CODE,…", value_delimiter = ',', action = clap::ArgAction::Append, help_heading = FINDINGS)]
    #[serde(deserialize_with = "value::list")]
    pub allow: Option<Vec<Value<Selector>>>,
    /// Treat these findings as warnings
    #[arg(long, value_name = "CODE,…", value_delimiter = ',', action = clap::ArgAction::Append, help_heading = FINDINGS)]
    #[serde(deserialize_with = "value::list")]
    pub warn: Option<Vec<Value<Selector>>>,
    /// Tell the client too: `Nicetap-Findings: N102, N301` on its reply
    ///
    /// Only what the request's head shows: the reply does not wait for more.
    #[arg(long, num_args = 0, default_missing_value = "true", help_heading = FINDINGS)]
    pub annotate: Option<Value<bool>>,

    /// Dial HOST2:PORT2 instead of HOST:PORT, as curl does; repeatable
    ///
    /// Name, SNI and certificate check stay. An empty HOST or PORT stands for any, an empty HOST2 or PORT2 for
    /// the same.
    #[arg(long, value_name = "HOST:PORT:HOST2:PORT2", value_delimiter = ',', help_heading = WAY_OUT)]
    #[serde(deserialize_with = "value::list")]
    pub connect_to: Option<Vec<Value<ConnectTo>>>,
    /// Trust this root upstream too (PEM); checks are never switched off
    #[arg(long, value_name = "FILE", help_heading = WAY_OUT)]
    pub upstream_ca: Option<Value<OrNone<PathBuf>>>,
    /// Go out through another proxy: its URL, or `env` [default: none]
    ///
    /// `http://HOST:PORT`, `https://HOST` or `socks5://HOST:PORT`. Calls, tunnels and the questions to echo sites go
    /// through it. It finds the servers' addresses, and NiceNIC sees its outbound IP; NiceNIC's certificate is checked
    /// as ever. `env` takes `https_proxy`, `http_proxy` and `all_proxy`, and honours `no_proxy`, as curl does. A user
    /// and a password belong into the URL in `NICETAP_UPSTREAM_PROXY` or in the configuration file; here they are
    /// refused.
    #[arg(long, value_name = "URL|env", help_heading = WAY_OUT)]
    pub upstream_proxy: Option<Value<OrNone<UpstreamChoice>>>,
    /// Go out from this address of this machine
    #[arg(long, value_name = "IP", help_heading = WAY_OUT)]
    pub source_ip: Option<Value<OrNone<IpAddr>>>,
    /// Go out over IPv4 only
    #[arg(short = '4', long, num_args = 0, default_missing_value = "true", conflicts_with = "ipv6", help_heading = WAY_OUT)]
    pub ipv4: Option<Value<bool>>,
    /// Go out over IPv6 only
    #[arg(short = '6', long, num_args = 0, default_missing_value = "true", help_heading = WAY_OUT)]
    pub ipv6: Option<Value<bool>>,
    /// The addresses (IP or CIDR) that you entered at NiceNIC; repeatable
    ///
    /// NiceNIC › Reseller › API Settings. With them nicetap can say whether the outbound IP is in your list.
    #[arg(long, value_name = "LIST", value_delimiter = ',', help_heading = WAY_OUT)]
    #[serde(deserialize_with = "value::list")]
    pub whitelist: Option<Vec<Value<Network>>>,
    /// Your website's name, to tell its address from the outbound IP
    #[arg(long, value_name = "NAME", help_heading = WAY_OUT)]
    pub site: Option<Value<OrNone<Site>>>,
    /// Ask these sites which outbound IP they see, or `off`
    ///
    /// They are asked over the same route as the calls: at the start, after a refusal, when the local address
    /// changes, and every 10 minutes while calls pass. Each must answer with one IP address: as plain text, as
    /// `{"ip":"…"}`, or as a line `ip=…`. An `http://` URL is possible. Without this option
    /// api64.ipify.org and www.cloudflare.com are asked, over https; with --mock, nobody.
    #[arg(long, value_name = "URL", value_delimiter = ',', help_heading = WAY_OUT)]
    #[serde(deserialize_with = "value::list")]
    pub egress_probe: Option<Vec<Value<Echo>>>,
    /// Wait this long for a reply's first byte [default: 300s]
    ///
    /// After that the client gets 504.
    #[arg(long, value_name = "DURATION", help_heading = WAY_OUT)]
    pub reply_timeout: Option<Value<Duration>>,

    /// Change this client's settings while nicetap runs; repeatable
    ///
    /// TARGET is `whmcs`, `php-fpm`, `php` or `cron`; `whmcs=/var/www/whmcs` says where it is. The changes are shown
    /// and asked for once, each PHP proves that it still works, and when nicetap ends everything is as it was (after a
    /// `kill -9`: `nicetap setup --undo`). The CA is given to a client only once it has refused nicetap's certificate.
    #[arg(long, value_name = "TARGET", value_delimiter = ',', help_heading = CLIENTS)]
    #[serde(deserialize_with = "value::list")]
    pub with: Option<Vec<Value<Target>>>,
    /// Answer the question of --with: change the settings
    #[arg(long, num_args = 0, default_missing_value = "true", help_heading = CLIENTS)]
    pub yes: Option<Value<bool>>,

    /// Look into requests for this long [default: 8h]
    ///
    /// `none`: without end.
    #[arg(long = "for", value_name = "DURATION", help_heading = END)]
    #[serde(rename = "for")]
    pub duration: Option<Value<OrNone<Duration>>>,
    /// Stop looking after this long without a connection [default: none]
    #[arg(long, value_name = "DURATION", help_heading = END)]
    pub idle_exit: Option<Value<OrNone<Duration>>>,
    /// When looking has ended: carry or exit [default: carry]
    ///
    /// `carry`: while a setting still points here, or somebody connected in the last 10 minutes, connections are
    /// carried on unread, so that nothing breaks; `exit`: nicetap ends at once.
    #[arg(long, value_name = "WHAT", help_heading = END)]
    pub then: Option<Value<Then>>,

    /// Log there [default: HOME/log/nicetap.jsonl]
    ///
    /// JSONL: one record a line, every secret masked. Its mode is 0600.
    #[arg(long, value_name = "FILE", help_heading = LOG)]
    pub log: Option<Value<PathBuf>>,
    /// Write no log
    #[arg(long, num_args = 0, default_missing_value = "true", conflicts_with = "log", help_heading = LOG)]
    pub no_log: Option<Value<bool>>,
    /// Rotate the log at this size [default: 64MiB]
    #[arg(long, value_name = "SIZE", help_heading = LOG)]
    pub log_max_size: Option<Value<Size>>,
    /// Keep this many rotated logs [default: 5]
    #[arg(long, value_name = "COUNT", help_heading = LOG)]
    pub log_keep: Option<Value<u32>>,
    /// Let this group read the log (mode 0640 instead of 0600)
    #[arg(long, value_name = "GROUP", help_heading = LOG)]
    pub log_group: Option<Value<OrNone<Group>>>,
    /// Print the JSONL records to the terminal instead of text
    #[arg(long, num_args = 0, default_missing_value = "true", help_heading = LOG)]
    pub json: Option<Value<bool>>,

    /// Answer intercepted hosts with the built-in mock; nothing reaches NiceNIC
    #[arg(long, num_args = 0, default_missing_value = "true", help_heading = MOCK)]
    pub mock: Option<Value<bool>>,
    /// With --mock: accept only the `username:api_secret` in this file
    #[arg(long, value_name = "FILE", help_heading = MOCK)]
    pub credential_file: Option<Value<OrNone<PathBuf>>>,
    /// With --mock: accept only these client addresses (IP or CIDR); repeatable
    #[arg(long, value_name = "LIST", value_delimiter = ',', help_heading = MOCK)]
    #[serde(deserialize_with = "value::list")]
    pub mock_whitelist: Option<Vec<Value<Network>>>,

    /// Show contact data: show, shape or hide [default: shape]
    ///
    /// `shape` says how long a value is, which limit it breaks, and whether its form is right: enough to see why
    /// NiceNIC refuses it.
    #[arg(long, value_name = "HOW", help_heading = MASKS)]
    pub pii: Option<Value<Pii>>,
    /// Mask the user name of credentials too
    #[arg(long, num_args = 0, default_missing_value = "true", help_heading = MASKS)]
    pub hide_username: Option<Value<bool>>,
    /// Mask what this environment variable holds, wherever it turns up; repeatable
    ///
    /// NAME is the variable's name. Secrets that the client sends in the usual places are masked without it.
    #[arg(long, value_name = "NAME", value_delimiter = ',', help_heading = MASKS)]
    #[serde(deserialize_with = "value::list")]
    pub secret_env: Option<Vec<Value<VariableName>>>,
    /// Mask each line of this file, wherever it turns up; repeatable
    ///
    /// Of `username:api_secret` the half after the colon counts too.
    #[arg(long, value_name = "FILE", value_delimiter = ',', help_heading = MASKS)]
    #[serde(deserialize_with = "value::list")]
    pub secret_file: Option<Vec<Value<PathBuf>>>,
    /// Equal secrets look equal: install or session [default: install]
    ///
    /// `install`: in all runs, by a key in the home; `session`: in this run only, by a key that is never stored.
    #[arg(long, value_name = "SCOPE", help_heading = MASKS)]
    pub fingerprints: Option<Value<Fingerprints>>,
    /// Say whether a request carries this password: api, sandbox or login; repeatable
    ///
    /// It is asked for without echo, or read from FILE; it stays in memory. Each request then says which one it
    /// carries, or how that differs: HTML-escaped, one character missing, another case.
    #[arg(long, value_name = "LABEL[=FILE]", value_delimiter = ',', help_heading = MASKS)]
    #[serde(deserialize_with = "value::list")]
    pub know: Option<Vec<Value<Know>>>,
    /// `[[redact.field]]` and `[[redact.pattern]]`: only in a file.
    #[arg(skip)]
    #[serde(skip)]
    pub own: Option<Own>,
}

impl Layer {
    /// Reads a configuration file. `file` is its path, for messages; its relative paths start at its directory.
    pub fn from_toml(text: &str, file: &Path) -> Result<Self, Error> {
        let place = |at| Place::new(file, text, at);
        let table = DeTable::parse(text).map_err(|error| Error::Syntax {
            place: place(error.span().map_or(0, |span| span.start)),
            message: error.message().to_owned(),
        })?;
        let mut layer = Self::default();
        for (key, given) in table.into_inner() {
            let (name, span) = (key.get_ref().as_ref(), given.span());
            if name == own::TABLE {
                layer.own = Some(own::read(&given, &place)?);
                continue;
            }
            let Some(&known) = Self::keys().iter().find(|known| **known == name) else {
                return Err(Error::unknown_key(place(key.span().start), name));
            };
            let one = MapDeserializer::new([(known, given)].into_iter());
            let one = Self::deserialize(one).map_err(|error: toml::de::Error| {
                // Of a list, the item that is wrong.
                let span = error.span().unwrap_or(span);
                Error::Value {
                    given: Source::File(place(span.start), known),
                    expected: error.message().to_owned(),
                    seen: value::shown_for(known, text.get(span).unwrap_or_default()).into_owned(),
                }
            })?;
            layer = one.or(layer);
        }
        layer.levels = layer.levels_by_strictness();
        Ok(layer.rooted_at(file.parent().unwrap_or(Path::new(""))))
    }

    /// Reads the environment through `var`; an empty variable counts as absent.
    pub fn from_env(var: impl Fn(&str) -> Option<OsString>) -> Result<Self, Error> {
        let mut layer = Self::default();
        for key in Self::keys() {
            let name = Self::variable(key);
            let Some(given) = var(&name).filter(|given| !given.is_empty()) else {
                continue;
            };
            let given = given.to_string_lossy();
            let word = toml::Value::String(given.clone().into_owned());
            let one = MapDeserializer::new([(*key, word)].into_iter());
            let one = Self::deserialize(one).map_err(|error: toml::de::Error| Error::Value {
                given: Source::Variable(name),
                expected: error.message().to_owned(),
                seen: value::shown_for(key, &given).into_owned(),
            })?;
            layer = one.or(layer);
        }
        layer.levels = layer.levels_by_strictness();
        Ok(layer)
    }

    /// The keys that the file knows.
    pub fn keys() -> &'static [&'static str] {
        let mut keys: &'static [&'static str] = &[];
        // The error is the only way out of a deserializer that has no value to give.
        let _: Result<Self, WordError> = Self::deserialize(Fields(&mut keys));
        keys
    }

    /// The environment variable of this key.
    pub fn variable(key: &str) -> String {
        format!("NICETAP_{}", key.to_ascii_uppercase())
    }

    /// The option of this key.
    pub fn option(key: &str) -> String {
        match key {
            "mock_listen" => "--listen".to_owned(),
            key => format!("--{}", key.replace('_', "-")),
        }
    }

    /// Lays these settings over those of a weaker source.
    ///
    /// What contradicts a setting of this layer is taken out of the weaker one: `--log` lifts its `no_log`, `-4`
    /// its `ipv6`.
    #[must_use]
    pub fn over(self, mut lower: Self) -> Self {
        if self.log.is_some() {
            lower.no_log = None;
        }
        if self.ui.is_some() {
            lower.no_ui = None;
        }
        if self.ipv4 == Some(Value(true)) {
            lower.ipv6 = None;
        }
        if self.ipv6 == Some(Value(true)) {
            lower.ipv4 = None;
        }
        self.or(lower)
    }

    /// Makes relative paths start at `base`.
    #[must_use]
    pub fn rooted_at(mut self, base: &Path) -> Self {
        let optional = [
            &mut self.upstream_ca,
            &mut self.credential_file,
            &mut self.catalogue,
        ];
        let optional = optional.into_iter().flatten();
        let lists = self.secret_file.iter_mut().flatten();
        let known = self.know.iter_mut().flatten();
        let always = [&mut self.home, &mut self.log].into_iter().flatten();
        let paths = always
            .map(|path| &mut path.0)
            .chain(optional.filter_map(|path| path.0.0.as_mut()))
            .chain(lists.map(|path| &mut path.0))
            .chain(known.filter_map(|known| known.0.file.as_mut()))
            .filter(|path| path.as_os_str() != STDIN);
        for path in paths {
            *path = base.join(&*path);
        }
        self
    }

    /// File and environment have no order of their own: what is stricter counts more.
    fn levels_by_strictness(&self) -> Vec<LevelSetting> {
        [
            (Level::Allow, &self.allow),
            (Level::Warn, &self.warn),
            (Level::Deny, &self.deny),
        ]
        .into_iter()
        .flat_map(|(level, given)| given.iter().flatten().map(move |word| (level, word)))
        .map(|(level, word)| LevelSetting {
            level,
            selector: word.0.clone(),
        })
        .collect()
    }

    fn or(self, lower: Self) -> Self {
        Self {
            levels: [lower.levels, self.levels].concat(),
            catalogue: self.catalogue.or(lower.catalogue),
            guard: self.guard.or(lower.guard),
            repeat_window: self.repeat_window.or(lower.repeat_window),
            expect: self.expect.or(lower.expect),
            deny: self.deny.or(lower.deny),
            allow: self.allow.or(lower.allow),
            warn: self.warn.or(lower.warn),
            annotate: self.annotate.or(lower.annotate),
            home: self.home.or(lower.home),
            color: self.color.or(lower.color),
            quiet: self.quiet.or(lower.quiet),
            verbose: self.verbose.or(lower.verbose),
            mock_listen: self.mock_listen.or(lower.mock_listen),
            listen: self.listen.or(lower.listen),
            ui: self.ui.or(lower.ui),
            no_ui: self.no_ui.or(lower.no_ui),
            base_url: self.base_url.or(lower.base_url),
            plaintext: self.plaintext.or(lower.plaintext),
            intercept: self.intercept.or(lower.intercept),
            on_distrust: self.on_distrust.or(lower.on_distrust),
            body_limit: self.body_limit.or(lower.body_limit),
            capture_budget: self.capture_budget.or(lower.capture_budget),
            connect_to: self.connect_to.or(lower.connect_to),
            upstream_ca: self.upstream_ca.or(lower.upstream_ca),
            upstream_proxy: self.upstream_proxy.or(lower.upstream_proxy),
            source_ip: self.source_ip.or(lower.source_ip),
            ipv4: self.ipv4.or(lower.ipv4),
            ipv6: self.ipv6.or(lower.ipv6),
            whitelist: self.whitelist.or(lower.whitelist),
            site: self.site.or(lower.site),
            egress_probe: self.egress_probe.or(lower.egress_probe),
            reply_timeout: self.reply_timeout.or(lower.reply_timeout),
            with: self.with.or(lower.with),
            yes: self.yes.or(lower.yes),
            duration: self.duration.or(lower.duration),
            idle_exit: self.idle_exit.or(lower.idle_exit),
            then: self.then.or(lower.then),
            log: self.log.or(lower.log),
            no_log: self.no_log.or(lower.no_log),
            log_max_size: self.log_max_size.or(lower.log_max_size),
            log_keep: self.log_keep.or(lower.log_keep),
            log_group: self.log_group.or(lower.log_group),
            json: self.json.or(lower.json),
            mock: self.mock.or(lower.mock),
            credential_file: self.credential_file.or(lower.credential_file),
            mock_whitelist: self.mock_whitelist.or(lower.mock_whitelist),
            pii: self.pii.or(lower.pii),
            hide_username: self.hide_username.or(lower.hide_username),
            secret_env: self.secret_env.or(lower.secret_env),
            secret_file: self.secret_file.or(lower.secret_file),
            fingerprints: self.fingerprints.or(lower.fingerprints),
            know: self.know.or(lower.know),
            own: self.own.or(lower.own),
        }
    }
}

/// Learns the names of a struct's fields, and gives no value.
struct Fields<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Fields<'_> {
    type Error = WordError;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, WordError> {
        Err(serde::de::Error::custom("no value"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, WordError> {
        *self.0 = fields;
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

const LISTENING: &str = "Listening";
const READING: &str = "What is read";
const SAFETY: &str = "Safety";
const FINDINGS: &str = "Findings";
const WAY_OUT: &str = "The way out";
const CLIENTS: &str = "Clients";
const END: &str = "The end";
const LOG: &str = "The log";
const MOCK: &str = "The mock";
const MASKS: &str = "What is masked";
/// Standard input, where `verify-log` takes a file.
const STDIN: &str = "-";

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> Error {
        Layer::from_toml(text, Path::new("/etc/nicetap.toml")).unwrap_err()
    }

    #[test]
    fn every_key_is_known_by_its_own_name() {
        assert_eq!(Layer::keys().len(), 52);
        assert!(Layer::keys().contains(&"for"));
        assert_eq!(Layer::variable("log_keep"), "NICETAP_LOG_KEEP");
        assert_eq!(Layer::option("log_keep"), "--log-keep");
    }

    #[test]
    fn an_unknown_key_is_named_with_its_place_and_its_neighbour() {
        let error = wrong("json = true\n\n  log_kep = 3\n");
        assert_eq!(
            error.to_string(),
            "/etc/nicetap.toml:3:3: unknown key `log_kep`"
        );
        assert_eq!(error.hint().as_deref(), Some("did you mean `log_keep`?"));
        assert_eq!(
            wrong("log-max-size = 1").hint().as_deref(),
            Some("did you mean `log_max_size`?")
        );
        assert!(wrong("ratatouille = 1").hint().unwrap().contains("--help"));
    }

    #[test]
    fn a_key_that_would_hold_a_secret_is_refused_and_its_value_not_repeated() {
        let error = wrong("api_secret = \"hunter2\"\n");
        let told = format!("{error} {}", error.hint().unwrap());
        assert!(told.contains("--credential-file"), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }

    #[test]
    fn a_wrong_value_is_told_with_place_key_expected_and_seen() {
        for (text, told) in [
            (
                "for = 8",
                "/etc/nicetap.toml:1:7: for: expected a duration such as `90s`, `20m`, `8h` or `120 s`, seen `8`",
            ),
            (
                "json = \"perhaps\"",
                "/etc/nicetap.toml:1:8: json: expected `true` or `false`, seen `\"perhaps\"`",
            ),
            (
                "# é\nlog_keep = [1]",
                "/etc/nicetap.toml:2:12: log_keep: expected a whole number from 0, seen `[1]`",
            ),
            (
                "then = \"stay\"",
                "/etc/nicetap.toml:1:8: then: expected `carry` or `exit`, seen `\"stay\"`",
            ),
            (
                "log = true",
                "/etc/nicetap.toml:1:7: log: expected a path, seen `true`",
            ),
        ] {
            assert_eq!(wrong(text).to_string(), told);
        }
        let nested = wrong("[log]\nkeep = 1").to_string();
        assert!(nested.contains("log: expected a path"), "{nested}");
        let dotted = wrong("for = 1979-05-27").to_string();
        assert!(dotted.contains("expected a duration"), "{dotted}");
    }

    #[test]
    fn a_credential_in_a_wrong_place_is_not_repeated() {
        for text in [
            "base_url = \"https://bob:hunter2@api.nicenic.net/\"",
            "listen = [\"bob:hunter2\"]",
            "listen = [\"127.0.0.1:1\", \"bob:hunter2\"]",
            "log_keep = \"bob:hunter2\"",
            "credential_file = \"bob:hunter2\"",
            "bob:hunter2",
            "json = bob:hunter2",
            "json = \"bob:hunter2",
        ] {
            let error = wrong(text);
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn what_is_no_toml_is_told_with_its_place() {
        let error = wrong("json = true\nlog = \n").to_string();
        assert!(error.starts_with("/etc/nicetap.toml:2:"), "{error}");
        assert!(error.contains("not valid TOML"), "{error}");
    }

    #[test]
    fn a_variable_is_read_like_a_flag() {
        let layer = Layer::from_env(|name| match name {
            "NICETAP_LISTEN" => Some("127.0.0.1:1, [::1]:2".into()),
            "NICETAP_FOR" => Some("none".into()),
            "NICETAP_MOCK" => Some("1".into()),
            "NICETAP_LOG" => Some(OsString::new()),
            _ => None,
        })
        .unwrap();
        assert_eq!(layer.listen.unwrap().len(), 2);
        assert_eq!(layer.duration, Some(Value(OrNone(None))));
        assert_eq!(layer.mock, Some(Value(true)));
        assert_eq!(layer.log, None);
        let error =
            Layer::from_env(|name| (name == "NICETAP_FOR").then(|| "8".into())).unwrap_err();
        assert_eq!(
            error.to_string(),
            "NICETAP_FOR: expected a duration such as `90s`, `20m`, `8h` or `120 s`, seen `8`"
        );
    }

    #[test]
    fn a_stronger_layer_lifts_what_contradicts_it() {
        let file =
            Layer::from_toml("no_log = true\nipv6 = true\nlog_keep = 2", Path::new("/x")).unwrap();
        let options = Layer {
            log: Some(Value("/srv/l".into())),
            ipv4: Some(Value(true)),
            ..Layer::default()
        };
        let both = options.over(file);
        assert_eq!((both.no_log, both.ipv6), (None, None));
        assert_eq!(both.log_keep, Some(Value(2)));
    }

    #[test]
    fn levels_of_a_stronger_layer_count_last_and_in_one_layer_the_stricter_one() {
        let file = Layer::from_toml(
            "deny = [\"N1\"]\nallow = \"N101, scheme-word\"\nwarn = [\"N2\"]",
            Path::new("/x"),
        )
        .unwrap();
        let stronger = Layer::from_toml("allow = [\"N1\"]", Path::new("/x")).unwrap();
        let both = stronger.over(file);
        let order: Vec<_> = both
            .levels
            .iter()
            .map(|setting| (setting.level, setting.selector.0.as_str()))
            .collect();
        assert_eq!(
            order,
            [
                (Level::Allow, "N101"),
                (Level::Allow, "scheme-word"),
                (Level::Warn, "N2"),
                (Level::Deny, "N1"),
                (Level::Allow, "N1"),
            ]
        );
    }

    #[test]
    fn relative_paths_start_at_the_files_directory() {
        let layer = Layer::from_toml(
            "log = \"a.jsonl\"\nupstream_ca = \"/ca.pem\"",
            Path::new("/etc/n.toml"),
        )
        .unwrap();
        assert_eq!(layer.log, Some(Value("/etc/a.jsonl".into())));
        assert_eq!(
            layer.upstream_ca,
            Some(Value(OrNone(Some("/ca.pem".into()))))
        );
    }
}
