//! Whether settings are live: each PHP is asked how it is set now.
use std::fmt::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use crate::config::{Target, Whose};

use super::php::{self, Facts};
use super::plan::{Plan, Site};
use super::{SetupError, To, files};

/// What each PHP of this target says, one line each.
pub fn check(target: &Target, to: &To) -> Result<String, SetupError> {
    if !target.whose.is_written() {
        return Err(SetupError::NotWritten(Whose::word(target.whose)));
    }
    let plan = Plan::look(target, to)?;
    let mut text = String::new();
    let answers = TcpStream::connect_timeout(&to.proxy, Duration::from_secs(1)).is_ok();
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "nicetap on {}: {}",
        to.proxy,
        if answers {
            "answers"
        } else {
            "does not answer: calls go out without it"
        }
    );
    for site in &plan.sites {
        match site {
            Site::Fpm { pools, .. } => {
                for asked in pools {
                    let told = match php::of_pool(&asked.listen, &to.probe()) {
                        Ok(facts) => state(&facts, to),
                        Err(error) => error.to_string(),
                    };
                    let _ = writeln!(text, "pool {}: {told}", asked.pool.name);
                }
            }
            Site::Cli { program, facts, .. } => {
                let _ = writeln!(text, "{}: {}", program.display(), state(facts, to));
            }
            Site::Folder { file, .. } | Site::Authorities { file } => {
                let ours = std::fs::read_to_string(file)
                    .is_ok_and(|text| text.contains("nicetap put this here"));
                let _ = writeln!(
                    text,
                    "{}: {}",
                    file.display(),
                    if ours { "set" } else { "not set" }
                );
            }
        }
    }
    Ok(text)
}

fn state(facts: &Facts, to: &To) -> String {
    let is_sent = Path::new(&facts.auto_prepend_file).starts_with(&to.public);
    let trusts = Path::new(&facts.openssl_cafile) == files::bundle(&to.public);
    let word = |is: bool| if is { "yes" } else { "no" };
    let mut text = format!(
        "PHP {}, curl {}: sent to nicetap {}, trusts its CA {}",
        facts.version,
        facts.curl.as_deref().unwrap_or("missing"),
        word(is_sent),
        word(trusts)
    );
    for (name, value) in &facts.environment {
        let _ = write!(text, ", {name}={value}");
    }
    text
}
