//! `nicetap doctor`: the surroundings, checked.
use std::fmt::Write as _;
use std::sync::Arc;

use clap::Args;
use serde::Serialize;
use tokio::task::JoinSet;

use crate::config::value::{Value, nearest};
use crate::config::{Config, Echo, Layer, Network};
use crate::doctor::{CHECKS, Check, Level, Outcome, Surroundings};
use crate::sink::escape;
use crate::wire;

use super::error::{Error, Exit};
use super::{instance, print};

/// What to check.
#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
    /// List the checks, and do nothing
    #[arg(long)]
    pub(super) list: bool,
    /// Only these checks
    #[arg(long, value_name = "ID", value_delimiter = ',', num_args = 1..)]
    pub(super) only: Vec<String>,
    /// The addresses (IP or CIDR) that you entered at NiceNIC
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(super) whitelist: Option<Vec<Value<Network>>>,
    /// Ask these sites for the outbound IP, or `off`
    #[arg(long, value_name = "URL", value_delimiter = ',')]
    pub(super) egress_probe: Option<Vec<Value<Echo>>>,
}

impl Doctor {
    pub(super) fn settings(&self) -> Layer {
        Layer {
            whitelist: self.whitelist.clone(),
            egress_probe: self.egress_probe.clone(),
            ..Layer::default()
        }
    }
}

/// Checks, and prints what was found.
pub(super) fn run(options: &Doctor, config: &Config) -> Result<(), Error> {
    let checks = chosen(&options.only)?;
    if options.list {
        let mut text = String::new();
        for check in checks {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{:16} {}", check.id, check.title);
        }
        return print::to_stdout(&text);
    }
    let way = wire::WayOut::new(config, instance::roots(config)?, &[]);
    let surroundings = Arc::new(Surroundings {
        config: config.clone(),
        dial: Arc::new(way),
        var: |name| std::env::var(name).ok(),
    });
    let runtime = instance::runtime()?;
    let found = runtime.block_on(all(checks, surroundings));
    // A look-up of a name may hang in the system's resolver: nobody waits for it.
    runtime.shutdown_background();
    let text = if options.json {
        as_json(&found)
    } else {
        as_text(&found)
    };
    print::to_stdout(&text)?;
    let failed = found
        .iter()
        .filter(|(_, outcome)| outcome.level == Level::Fail)
        .count();
    match failed {
        0 => Ok(()),
        1 => Err(Error::found(Exit::DoctorFailed, "1 check failed")),
        failed => Err(Error::found(
            Exit::DoctorFailed,
            format!("{failed} checks failed"),
        )),
    }
}

type Found = Vec<(&'static Check, Outcome)>;

/// All at once: what is unreachable costs its time only once.
async fn all(checks: Vec<&'static Check>, surroundings: Arc<Surroundings>) -> Found {
    let mut running = JoinSet::new();
    for (index, check) in checks.into_iter().enumerate() {
        let surroundings = surroundings.clone();
        running.spawn(async move { (index, check, check.run(&surroundings).await) });
    }
    let mut found = running.join_all().await;
    found.sort_by_key(|(index, ..)| *index);
    found
        .into_iter()
        .map(|(_, check, outcome)| (check, outcome))
        .collect()
}

fn chosen(only: &[String]) -> Result<Vec<&'static Check>, Error> {
    for id in only {
        if CHECKS.iter().all(|check| check.id != id) {
            let error = Error::usage(format!("there is no check `{}`", escape(id)));
            let known = nearest(id, CHECKS.iter().map(|check| check.id));
            return Err(match known {
                Some(known) => error.hint(format!("did you mean `{known}`?")),
                None => error.hint("`nicetap doctor --list` lists them"),
            });
        }
    }
    let is_chosen = |check: &&Check| only.is_empty() || only.iter().any(|id| id == check.id);
    Ok(CHECKS.iter().filter(is_chosen).collect())
}

fn as_text(found: &Found) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    for (check, outcome) in found {
        let (level, title) = (outcome.level.word(), check.title);
        let _ = writeln!(text, "{level:8} {title}: {}", escape(&outcome.seen));
        if let Some(fix) = &outcome.fix {
            let _ = writeln!(text, "         {}", escape(fix));
        }
    }
    text
}

fn as_json(found: &Found) -> String {
    #[derive(Serialize)]
    struct Row<'a> {
        id: &'a str,
        title: &'a str,
        #[serde(flatten)]
        outcome: &'a Outcome,
    }
    let rows: Vec<Row<'_>> = found
        .iter()
        .map(|(check, outcome)| Row {
            id: check.id,
            title: check.title,
            outcome,
        })
        .collect();
    // Words and text of our own, which always serialise.
    let mut text = serde_json::to_string_pretty(&rows).unwrap_or_default();
    text.push('\n');
    text
}

pub(super) const HELP_END: &str = "\
It asks the echo sites for the outbound IP, and connects to NiceNIC's two hosts;
`HEAD /` to production tells its time. No credential is read or sent.

Examples:
  nicetap doctor              All checks
  nicetap doctor --only clock One of them

Exit codes:
  0   no check failed
  2   the command line or a setting is wrong
  3   a root certificate cannot be used
  4   a check failed
  70  a bug in nicetap";
