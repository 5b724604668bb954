//! `nicetap serve`: the proxy, until Ctrl-C, SIGTERM or the end of `--for`.
use std::fmt::{Display, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};

use super::error::Error;
use super::instance;
use crate::config::{BaseUrl, Config, EchoUrl, Guard, HostPort, Layer, Then, reached_here};
use crate::egress;

/// Runs the proxy. `options` is what was typed, for what only a typed option can get wrong.
pub(super) fn run(config: &Config, options: &Layer) -> Result<(), Error> {
    refuse_what_would_do_nothing(config, options)?;
    let runtime = instance::runtime()?;
    // The usual address may be taken by something else; one that was named must be had.
    let wants_ui = options.ui.is_some() || config.ui != Config::at(&config.home).ui;
    let served = runtime.block_on(instance::serve(config, wants_ui));
    // A look-up of a name may hang in the system's resolver: nobody waits for it.
    runtime.shutdown_timeout(Duration::from_millis(100));
    served
}

/// What the banner tells.
pub struct BannerFacts<'a> {
    /// The proxy's addresses, as really bound.
    pub listen: &'a [SocketAddr],
    /// Who may use it besides this machine, in words; `None`: nobody.
    pub open_to: Option<String>,
    /// The user name that clients log in with; `None`: they need none.
    pub login: Option<&'a str>,
    /// The hosts that are looked into.
    pub intercept: &'a [HostPort],
    /// Where requests without a proxy setting go.
    pub base_url: &'a BaseUrl,
    /// The public copy of the CA's root.
    pub root: &'a Path,
    /// The log; `None`: there is none.
    pub log: Option<&'a Path>,
    /// When looking ends, in the user's time zone; `None`: it does not.
    pub ends: Option<ZonedDateTime>,
    /// How long without a connection until looking ends.
    pub idle_exit: Option<Duration>,
    /// What happens then.
    pub then: Then,
    /// What happens to paid calls to production.
    pub guard: Guard,
    /// Whether the mock answers.
    pub mock: bool,
    /// The inspector's URL, with its token; `None`: there is no inspector.
    pub ui: Option<&'a str>,
    /// Whether the terminal is one over SSH, and the browser elsewhere.
    pub over_ssh: bool,
    /// Whether calls go out through another proxy.
    pub behind_proxy: bool,
    /// Whether nicetap itself takes back what points at it.
    pub undoes: bool,
    /// Who is asked for the outbound IP.
    pub asked: &'a [EchoUrl],
}

impl<'a> BannerFacts<'a> {
    pub(super) fn of(
        config: &'a Config,
        listen: &'a [SocketAddr],
        root: &'a Path,
        ends: Option<Timestamp>,
        ui: Option<&'a str>,
    ) -> Self {
        Self {
            listen,
            open_to: instance::open_to(config),
            login: config.proxy_auth.as_deref(),
            intercept: &config.intercept,
            base_url: &config.base_url,
            root,
            log: config.log.as_deref(),
            ends: ends.map(|end| end.to_zoned_datetime(TimeZone::system())),
            idle_exit: config.idle_exit,
            then: config.then,
            guard: config.guard,
            mock: config.mock,
            ui,
            over_ssh: std::env::var_os("SSH_CONNECTION").is_some(),
            asked: &config.egress_probe,
            behind_proxy: egress::is_behind_proxy(config),
            undoes: !config.with.is_empty(),
        }
    }
}

/// The banner: at most 12 lines, each with its end, of at most 100 columns.
///
/// Only a long path can make a line longer: paths and commands are there to be copied, so they are not cut.
pub fn banner(facts: &BannerFacts<'_>) -> String {
    let url = |addr: SocketAddr| format!("http://{addr}");
    let proxy: Vec<String> = facts.listen.iter().copied().map(url).collect();
    let proxy = match &facts.open_to {
        Some(others) => {
            let room = 75_usize.saturating_sub(others.chars().count());
            format!("{} · open to {others}", listed(&proxy, room))
        }
        None => listed(&proxy, 74),
    };
    let first = facts.listen.first().copied().map(reached_here);
    let first = &first.map(url).unwrap_or_default();
    let hosts: Vec<String> = facts.intercept.iter().map(HostPort::to_string).collect();
    let (seen, credential) = if facts.mock {
        (
            "the built-in mock answers for them; nothing reaches NiceNIC, nothing is bought"
                .to_owned(),
            "demo:mock-only",
        )
    } else {
        (seen(facts), "username:api_secret")
    };
    let log = facts
        .log
        .map_or_else(|| "none".to_owned(), |log| log.display().to_string());
    let tunnel = facts.ui.filter(|_| facts.over_ssh).and_then(port_of);
    let tunnel = tunnel.map_or_else(String::new, |port| {
        format!(" · from your own machine: ssh -L {port}:127.0.0.1:{port} THIS_HOST")
    });
    let version = env!("CARGO_PKG_VERSION");
    let mut text = format!("nicetap {version} · Ctrl-C ends it{tunnel}\n");
    for (label, line) in [
        ("proxy", proxy),
        ("inspector", facts.ui.unwrap_or_default().to_owned()),
        (
            "reads",
            format!("{}; all others pass through unread", listed(&hosts, 42)),
        ),
        ("", seen),
        ("until", until(facts)),
        ("log", log),
        (
            "base URL",
            format!("{first}/v2/ stands for {} and needs no CA", facts.base_url),
        ),
        ("try", curl(first, facts.login, facts.root, credential)),
        (
            "undo",
            if facts.undoes {
                "nothing to do: what --with has changed is put back when nicetap ends"
            } else {
                "before nicetap ends, take its address (and the CA) out of the client's settings again"
            }
            .to_owned(),
        ),
    ] {
        if line.is_empty() {
            continue;
        }
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {label:<9} {line}");
    }
    text
}

/// The port of the inspector's URL.
fn port_of(url: &str) -> Option<&str> {
    let (address, _) = url.split_once("/#")?;
    address.rsplit(':').next()
}

/// What NiceNIC will see, what happens to paid calls, and whether somebody is asked for the address. The `egress` line
/// that follows names the sites.
fn seen(facts: &BannerFacts<'_>) -> String {
    let guard = match facts.guard {
        Guard::Off => "not guarded",
        Guard::Warn => "flagged",
        Guard::Block => "held",
    };
    let asked = match facts.asked.len() {
        0 => "nobody is asked for it".to_owned(),
        1 => "1 echo site is asked".to_owned(),
        count => format!("{count} echo sites are asked"),
    };
    let whose = if facts.behind_proxy {
        "the upstream proxy's"
    } else {
        "THIS machine's"
    };
    format!("NiceNIC will see {whose} address ({asked}); paid calls are {guard}")
}

fn refuse_what_would_do_nothing(config: &Config, options: &Layer) -> Result<(), Error> {
    let needs_mock = [
        ("--credential-file", options.credential_file.is_some()),
        ("--mock-whitelist", options.mock_whitelist.is_some()),
    ];
    for (option, is_given) in needs_mock {
        if is_given && !config.mock {
            return Err(Error::usage(format!("{option} does nothing without --mock")).hint(
                "add --mock; without it the requests go to NiceNIC, which has its own list and credentials",
            ));
        }
    }
    Ok(())
}

/// As many of the words as fit, and how many do not.
fn listed(words: &[String], columns: usize) -> String {
    let mut text = String::new();
    for (index, word) in words.iter().enumerate() {
        if index > 0 && text.len() + word.len() > columns {
            let _ = write!(text, " and {} more", words.len() - index);
            break;
        }
        if index > 0 {
            text.push_str(", ");
        }
        text.push_str(word);
    }
    text
}

fn until(facts: &BannerFacts<'_>) -> String {
    let mut ends: Vec<String> = Vec::new();
    if let Some(end) = &facts.ends {
        let zone = end.time_zone().iana_name().map(|name| format!(" ({name})"));
        ends.push(format!(
            "{}{}",
            end.strftime("%Y-%m-%d %H:%M %:z"),
            zone.unwrap_or_default()
        ));
    }
    if let Some(idle) = facts.idle_exit {
        ends.push(format!("{} without a connection", in_words(idle)));
    }
    let then = match facts.then {
        _ if ends.is_empty() => return "Ctrl-C".to_owned(),
        Then::Carry if facts.mock => "then calls through CONNECT are refused, and nothing is read",
        Then::Carry => "then connections are carried on unread",
        Then::Exit => "then it ends",
    };
    format!("{}; {then}", ends.join(" or "))
}

fn in_words(duration: Duration) -> impl Display {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{} ms", duration.as_millis()),
        _ if seconds.is_multiple_of(3600) => format!("{} h", seconds / 3600),
        _ if seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        _ => format!("{seconds} s"),
    }
}

fn curl(proxy: &str, login: Option<&str>, root: &Path, credential: &str) -> String {
    // curl asks for the password.
    let login = login.map_or_else(String::new, |user| format!(" -U {}", shell_word(user)));
    let root = shell_word(&root.display().to_string());
    format!(
        "curl -x {proxy}{login} -H 'Content-Type: application/json' \\\n\
         {CONTINUED}--cacert {root} -H 'Authorization: {credential}' \\\n\
         {CONTINUED}'https://api.nicenic.net/v2/?category=domain&action=check&domains=example.com'"
    )
}

/// The word as a shell reads it back.
fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

pub(super) const HELP_END: &str = "\
Durations: 90s, 20m, 8h, \"120 s\". Sizes: 64KiB, \"64 MiB\", or bytes.
A credential is never given to nicetap: it watches the one that the client sends.

Examples:
  nicetap serve                               Watch calls to the real API
  nicetap serve --mock                        The same without an account
  nicetap serve --for 1h --then exit          One hour, then end
  sudo nicetap serve --with whmcs --for 20m   WHMCS's pages and cron, then no trace
  nicetap serve --guard block                 Let no paid call reach production
  nicetap serve --base-url https://sandbox-api.nicenic.net
                                              Base-URL mode for the sandbox
  curl -x http://127.0.0.1:8899 --cacert \"$(nicetap ca path)\" \\
  -H 'Authorization: username:api_secret' \\
  -H 'Content-Type: application/json' \\
  'https://api.nicenic.net/v2/?category=domain&action=check&domains=example.com'

Exit codes:
  0   ended by Ctrl-C, SIGTERM, --for or --idle-exit
  1   failure
  2   the command line or a setting is wrong
  3   an address cannot be bound, or the CA or a file cannot be used
  5   something was found that --deny names
  70  a bug in nicetap";
const CONTINUED: &str = "              ";

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        Config::at("/var/lib/nicetap".as_ref())
    }

    fn facts(config: &Config) -> BannerFacts<'_> {
        let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(1));
        let end = jiff::Timestamp::from_second(1_795_600_000).unwrap();
        BannerFacts {
            listen: &config.listen,
            open_to: None,
            login: None,
            intercept: &config.intercept,
            base_url: &config.base_url,
            root: Path::new("/etc/nicetap/root.pem"),
            log: config.log.as_deref(),
            ends: Some(end.to_zoned_datetime(zone)),
            idle_exit: None,
            then: Then::Carry,
            guard: Guard::Warn,
            mock: false,
            ui: Some("http://127.0.0.1:8900/#token=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
            over_ssh: false,
            behind_proxy: false,
            undoes: false,
            asked: &config.egress_probe,
        }
    }

    fn fits(text: &str) {
        assert!(text.lines().count() <= 12, "{text}");
        assert!(
            text.lines().all(|line| line.chars().count() <= 100),
            "{text}"
        );
        assert!(!text.contains("localhost"), "{text}");
    }

    #[test]
    fn the_banner_tells_what_matters_in_twelve_lines() {
        let text = banner(&facts(&config()));
        fits(&text);
        insta::assert_snapshot!(text, @r"
        nicetap 0.1.0 · Ctrl-C ends it
          proxy     http://127.0.0.1:8899
          inspector http://127.0.0.1:8900/#token=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
          reads     nicenic.net, nicenic.com; all others pass through unread
                    NiceNIC will see THIS machine's address (2 echo sites are asked); paid calls are flagged
          until     2026-11-25 10:46 +01:00; then connections are carried on unread
          log       /var/lib/nicetap/log/nicetap.jsonl
          base URL  http://127.0.0.1:8899/v2/ stands for https://api.nicenic.net and needs no CA
          try       curl -x http://127.0.0.1:8899 -H 'Content-Type: application/json' \
                      --cacert /etc/nicetap/root.pem -H 'Authorization: username:api_secret' \
                      'https://api.nicenic.net/v2/?category=domain&action=check&domains=example.com'
          undo      before nicetap ends, take its address (and the CA) out of the client's settings again
        ");
    }

    #[test]
    fn over_ssh_the_banner_says_how_to_reach_the_page() {
        let text = banner(&BannerFacts {
            over_ssh: true,
            ui: Some("http://127.0.0.1:65535/#token=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
            ..facts(&config())
        });
        fits(&text);
        assert!(
            text.contains("ssh -L 65535:127.0.0.1:65535 THIS_HOST\n"),
            "{text}"
        );
        let without = banner(&BannerFacts {
            over_ssh: true,
            ui: None,
            ..facts(&config())
        });
        assert!(
            !without.contains("ssh") && !without.contains("inspector"),
            "{without}"
        );
    }

    #[test]
    fn the_banner_says_who_may_use_it_and_at_which_addresses() {
        let listen = ["127.0.0.1:65535", "0.0.0.0:65534"].map(|addr| addr.parse().unwrap());
        for others in [
            "172.17.0.0/16, with a login",
            "13 address ranges, with a login",
        ] {
            let text = banner(&BannerFacts {
                listen: &listen,
                open_to: Some(others.to_owned()),
                login: Some("bob"),
                ..facts(&config())
            });
            fits(&text);
            assert!(text.contains(&format!(" · open to {others}\n")), "{text}");
            assert!(text.contains("-x http://127.0.0.1:65535 -U bob "), "{text}");
            assert!(
                text.contains("http://127.0.0.1:65535, http://0.0.0.0:65534"),
                "{text}"
            );
        }
    }

    #[test]
    fn the_banner_of_a_mock_promises_no_call() {
        let text = banner(&BannerFacts {
            mock: true,
            asked: &[],
            ends: None,
            log: None,
            ..facts(&config())
        });
        fits(&text);
        insta::assert_snapshot!(text, @r"
        nicetap 0.1.0 · Ctrl-C ends it
          proxy     http://127.0.0.1:8899
          inspector http://127.0.0.1:8900/#token=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
          reads     nicenic.net, nicenic.com; all others pass through unread
                    the built-in mock answers for them; nothing reaches NiceNIC, nothing is bought
          until     Ctrl-C
          log       none
          base URL  http://127.0.0.1:8899/v2/ stands for https://api.nicenic.net and needs no CA
          try       curl -x http://127.0.0.1:8899 -H 'Content-Type: application/json' \
                      --cacert /etc/nicetap/root.pem -H 'Authorization: demo:mock-only' \
                      'https://api.nicenic.net/v2/?category=domain&action=check&domains=example.com'
          undo      before nicetap ends, take its address (and the CA) out of the client's settings again
        ");
    }

    #[test]
    fn many_hosts_and_long_paths_still_fit() {
        let hosts: Vec<HostPort> = (0..40)
            .map(|number| HostPort {
                host: format!("host-{number}.example"),
                port: None,
            })
            .collect();
        let listen: Vec<SocketAddr> = (65_500..=65_535)
            .map(|port| ([127, 0, 0, 1], port).into())
            .collect();
        let root = format!("/home/{}root.pem", "bob's home/".repeat(6));
        let sandbox = BaseUrl {
            https: true,
            host: "sandbox-api.nicenic.net".to_owned(),
            port: 443,
        };
        let text = banner(&BannerFacts {
            listen: &listen,
            intercept: &hosts,
            root: Path::new(&root),
            base_url: &sandbox,
            idle_exit: Some(Duration::from_mins(20)),
            then: Then::Exit,
            ..facts(&config())
        });
        let without_path = text.replace(&shell_word(&root), "PATH");
        fits(&without_path);
        assert!(text.contains("and 38 more; all others"), "{text}");
        assert!(text.contains(r"bob'\''s home"), "{text}");
        assert!(
            text.contains("or 20 min without a connection; then it ends"),
            "{text}"
        );
    }

    #[test]
    fn an_option_that_would_do_nothing_is_refused() {
        let options = Layer::from_toml("credential_file = \"/c\"", Path::new("")).unwrap();
        let config = Config::resolve(options.clone(), "/h".into()).unwrap();
        let error = refuse_what_would_do_nothing(&config, &options).unwrap_err();
        assert_eq!(
            error.to_string(),
            "--credential-file does nothing without --mock"
        );
        assert!(refuse_what_would_do_nothing(&config, &Layer::default()).is_ok());
    }
}
