//! Settings as one source gives them: the file, the environment, or the command line.
//!
//! Each setting is declared once, here: the field's name is the key in the file, the same in capitals after
//! `NICETAP_` is its variable, and with `-` for `_` it is the option. What is not given stays `None`; [`super::Config`]
//! fills the gaps.
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde::Deserialize;

use super::own::Own;
use super::value::{self, Group, OrNone, ProxyUser, Size, User, Value, VariableName};
use super::{
    BaseUrl, Color, ConnectTo, Echo, Expect, Fingerprints, Guard, HostPort, Know, LevelSetting,
    Network, OnDistrust, Pii, Plaintext, Selector, Site, Target, Then, UpstreamChoice,
};

mod over;
mod read;

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
    /// An address beyond loopback wants --allow-remote: whoever reaches the port goes out through this machine's
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

    /// Let other machines and containers in, as far as --allow-from and --proxy-auth let them
    ///
    /// One of the two is wanted. What goes between them and nicetap is not encrypted, but for what is inside their
    /// own TLS: use it in a network of your own, or keep nicetap on loopback and lead a tunnel there
    /// (`ssh -L 8899:127.0.0.1:8899 HOST`). While it is set, addresses of private networks are not dialled for
    /// clients.
    #[arg(long, num_args = 0, default_missing_value = "true", help_heading = OTHERS)]
    pub allow_remote: Option<Value<bool>>,
    /// With --allow-remote: only these addresses (IP or CIDR), and this machine; repeatable
    ///
    /// Base-URL mode and the own pages, such as /ca.pem, are for them and for this machine only.
    #[arg(long, value_name = "CIDR", value_delimiter = ',', help_heading = OTHERS)]
    #[serde(deserialize_with = "value::list")]
    pub allow_from: Option<Vec<Value<Network>>>,
    /// Let clients use the proxy only with this user name and a password
    ///
    /// It holds for everybody, this machine too, and besides --allow-from. The password comes from the variable
    /// `NICETAP_PROXY_PASSWORD` or from --proxy-password-file; else one is made up for this run and shown once. Without
    /// it the client gets 407. Base-URL mode cannot carry it: it stays open to this machine and to --allow-from.
    #[arg(long, value_name = "USER", help_heading = OTHERS)]
    pub proxy_auth: Option<Value<OrNone<ProxyUser>>>,
    /// Read the password of --proxy-auth from the first line of this file
    #[arg(long, value_name = "FILE", help_heading = OTHERS)]
    pub proxy_password_file: Option<Value<OrNone<PathBuf>>>,
    /// With --allow-remote: dial loopback and private addresses for clients too
    ///
    /// What --connect-to, --upstream-proxy and --mock name is reached without it. Link-local and metadata addresses are
    /// never dialled.
    #[arg(long, num_args = 0, default_missing_value = "true", help_heading = OTHERS)]
    pub allow_private: Option<Value<bool>>,
    /// Serve only this user's connections (name or number; Linux); repeatable
    ///
    /// The kernel says whose a connection over loopback is. Others get 403, but for the own pages.
    #[arg(long, value_name = "USER", value_delimiter = ',', help_heading = OTHERS)]
    #[serde(deserialize_with = "value::list")]
    pub only_user: Option<Vec<Value<User>>>,

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

const LISTENING: &str = "Listening";
const OTHERS: &str = "Who may use it";
const READING: &str = "What is read";
const SAFETY: &str = "Safety";
const FINDINGS: &str = "Findings";
const WAY_OUT: &str = "The way out";
const CLIENTS: &str = "Clients";
const END: &str = "The end";
const LOG: &str = "The log";
const MOCK: &str = "The mock";
const MASKS: &str = "What is masked";
