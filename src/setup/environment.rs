//! What a child process must find in its environment to come to nicetap and to trust it.
use std::ffi::{OsStr, OsString};
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::config::HostPort;

use super::files::Files;

/// Where a child is sent.
pub struct Way<'a> {
    /// The proxy.
    pub proxy: SocketAddr,
    /// The hosts that must come this way.
    pub intercept: &'a [HostPort],
    /// The files that the variables name.
    pub files: &'a Files,
}

/// A variable and its value.
pub type Variable = (&'static str, OsString);

/// The variables of a child. `var` reads those that it would have had without.
pub fn variables(way: &Way<'_>, var: impl Fn(&str) -> Option<OsString>) -> Vec<Variable> {
    let proxy = OsString::from(format!("http://{}", way.proxy));
    let mut variables: Vec<Variable> = PROXY.map(|name| (name, proxy.clone())).into();
    for name in NO_PROXY {
        if let Some(value) = var(name) {
            let kept = without(&value.to_string_lossy(), way.intercept);
            variables.push((name, kept.into()));
        }
    }
    let bundle = way.files.bundle.as_os_str();
    variables.extend(BUNDLE.map(|name| (name, bundle.to_owned())));
    variables.push(("NODE_USE_ENV_PROXY", "1".into()));
    variables.push((
        PHP,
        after(var(PHP), OsStr::new(":"), way.files.php.as_os_str()),
    ));
    let java = java(way);
    variables.push((
        JAVA,
        match var(JAVA) {
            Some(own) if !own.is_empty() => after(Some(own), OsStr::new(" "), &java),
            _ => java,
        },
    ));
    variables
}

/// The CA files that the child's environment names now: they go into the bundle that takes their place.
pub fn own_authorities(var: impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = Vec::new();
    for file in BUNDLE
        .iter()
        .filter_map(|name| var(name))
        .map(PathBuf::from)
    {
        if file.is_file() && !files.contains(&file) {
            files.push(file);
        }
    }
    files
}

/// A `no_proxy` without the entries that would keep these hosts, or names below them, away from the proxy.
fn without(no_proxy: &str, intercept: &[HostPort]) -> String {
    let entries = no_proxy.split([',', ' ']).filter(|entry| !entry.is_empty());
    let kept = entries.filter(|entry| {
        let (name, _) = entry.split_once(':').unwrap_or((entry, ""));
        let name = name
            .trim_start_matches("*.")
            .trim_start_matches('.')
            .to_ascii_lowercase();
        let covers = |host: &HostPort| is_within(&host.host, &name) || is_within(&name, &host.host);
        name != "*" && !intercept.iter().any(covers)
    });
    kept.collect::<Vec<_>>().join(",")
}

fn is_within(name: &str, zone: &str) -> bool {
    name == zone
        || name
            .strip_suffix(zone)
            .is_some_and(|left| left.ends_with('.'))
}

/// Java asks no variable for a proxy, and its store replaces the system's.
fn java(way: &Way<'_>) -> OsString {
    let (host, port) = (way.proxy.ip(), way.proxy.port());
    let mut options = OsString::from(format!(
        "-Dhttp.proxyHost={host} -Dhttp.proxyPort={port} -Dhttps.proxyHost={host} -Dhttps.proxyPort={port} \
         -Djavax.net.ssl.trustStoreType=JKS -Djavax.net.ssl.trustStorePassword={} \"-Djavax.net.ssl.trustStore=",
        super::java::PASSWORD
    ));
    options.push(&way.files.java);
    options.push("\"");
    options
}

fn after(first: Option<OsString>, between: &OsStr, second: &OsStr) -> OsString {
    let mut value = first.unwrap_or_default();
    value.push(between);
    value.push(second);
    value
}

const PROXY: [&str; 4] = ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"];
const NO_PROXY: [&str; 2] = ["no_proxy", "NO_PROXY"];
const BUNDLE: [&str; 4] = [
    "CURL_CA_BUNDLE",
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
];
/// A colon before the folder keeps the system's: without it PHP would lose its extensions.
const PHP: &str = "PHP_INI_SCAN_DIR";
const JAVA: &str = "JAVA_TOOL_OPTIONS";

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Files {
        Files::at("/p".as_ref())
    }

    fn variable(name: &str, own: &[(&str, &str)]) -> Option<String> {
        let intercept = [HostPort {
            host: "nicenic.net".to_owned(),
            port: None,
        }];
        let way = Way {
            proxy: ([127, 0, 0, 1], 4711).into(),
            intercept: &intercept,
            files: &files(),
        };
        let var = |name: &str| {
            let found = own.iter().find(|(own, _)| *own == name);
            found.map(|(_, value)| OsString::from(value))
        };
        let all = variables(&way, var);
        let found = all.into_iter().find(|(have, _)| *have == name);
        found.map(|(_, value)| value.into_string().unwrap())
    }

    #[test]
    fn php_keeps_the_folders_that_it_had() {
        assert_eq!(variable(PHP, &[]).unwrap(), ":/p/php");
        assert_eq!(variable(PHP, &[(PHP, "/a")]).unwrap(), "/a:/p/php");
    }

    #[test]
    fn java_keeps_the_options_that_it_had() {
        let options = variable(JAVA, &[(JAVA, "-Xmx1g")]).unwrap();
        assert!(
            options.starts_with("-Xmx1g -Dhttp.proxyHost=127.0.0.1 "),
            "{options}"
        );
        assert!(
            options.ends_with("\"-Djavax.net.ssl.trustStore=/p/truststore.jks\""),
            "{options}"
        );
    }

    #[test]
    fn no_proxy_loses_what_would_keep_the_api_away_and_nothing_else() {
        assert_eq!(variable("no_proxy", &[]), None);
        for (have, want) in [
            ("localhost,127.0.0.1", "localhost,127.0.0.1"),
            ("*", ""),
            ("localhost, api.nicenic.net", "localhost"),
            (".nicenic.net:443,db.internal", "db.internal"),
            ("*.nicenic.net", ""),
            (".net,example.org", "example.org"),
            ("evilnicenic.net", "evilnicenic.net"),
        ] {
            let got = variable("no_proxy", &[("no_proxy", have)]);
            assert_eq!(got.as_deref(), Some(want), "{have}");
        }
    }
}
