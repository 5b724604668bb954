//! The command line: what can be typed, who does it, and what a script gets back.
//!
//! Each command has a file of its own. Nothing here looks at traffic, and nothing typed here may be a secret.
use std::panic;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, Parser, Subcommand};

use crate::catalogue::Catalogue;
use crate::config::value::Value;
use crate::config::{Color, Config, Layer, LevelSetting, Surroundings};

pub use error::{Error, Exit};
pub use serve::{BannerFacts, banner};

mod ca;
mod check;
mod checklist;
mod diff;
mod doctor;
mod egress;
mod error;
mod explain;
mod export;
mod history;
mod instance;
mod lint;
mod log;
mod mock;
mod parse;
mod print;
mod report;
mod rules;
mod run;
mod secrets;
mod serve;
mod setup;
mod status;
mod upstream;
mod verify_log;
mod waiting;
mod with;

/// Runs the program: reads the command line, does what it says, and gives the exit code.
pub fn main() -> ExitCode {
    panic::set_hook(Box::new(error::tell_panic));
    let outcome = panic::catch_unwind(|| match parse::command_line(std::env::args_os())? {
        Some(line) => run(line),
        None => Ok(ExitCode::SUCCESS),
    });
    match outcome {
        Ok(Ok(code)) => code,
        Ok(Err(error)) => {
            print::to_stderr(&error.report());
            error.exit().into()
        }
        // The hook has told where.
        Err(_) => Exit::Bug.into(),
    }
}

/// The command line as clap knows it: manual pages and completions are made from it.
pub fn description() -> clap::Command {
    CommandLine::command()
}

/// Shows why calls to the NiceNIC Reseller API v2 fail
///
/// nicetap is a local debugging proxy for the NiceNIC Reseller API v2. Point WHMCS, PHP, curl or your own code at
/// it: it shows each request to the API and its reply, masks every secret, says what is wrong and how to mend it.
/// It never repairs or repeats a request, and holds one only if it is told to (`--guard block`).
#[derive(Debug, Parser)]
#[command(
    name = "nicetap",
    version,
    max_term_width = 100,
    subcommand_required = true,
    subcommand_value_name = "COMMAND",
    override_usage = "nicetap [COMMAND] [OPTIONS]",
    after_help = "Without a command, nicetap does `nicetap serve`.",
    after_long_help = HELP_END
)]
struct CommandLine {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
    /// `--allow`, `--warn` and `--deny` as they were typed.
    #[arg(skip)]
    levels: Vec<LevelSetting>,
}

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere")]
struct Globals {
    /// Keep CA, log and settings in this directory
    ///
    /// The default is /var/lib/nicetap for root, else `$XDG_STATE_HOME/nicetap` or `~/.local/state/nicetap`.
    #[arg(long, value_name = "DIR", global = true)]
    home: Option<Value<PathBuf>>,
    /// Read settings there [default: HOME/nicetap.toml]
    ///
    /// A file that is named must exist; the default one need not.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<Value<PathBuf>>,
    /// Colour the output: auto, always or never [default: auto]
    #[arg(long, value_name = "WHEN", global = true)]
    color: Option<Value<Color>>,
    /// Print only calls with a warning or an error
    #[arg(
        short,
        long,
        num_args = 0,
        default_missing_value = "true",
        global = true,
        conflicts_with = "verbose"
    )]
    quiet: Option<Value<bool>>,
    /// Print the technical details too
    #[arg(
        short,
        long,
        num_args = 0,
        default_missing_value = "true",
        global = true
    )]
    verbose: Option<Value<bool>>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the proxy until Ctrl-C, SIGTERM or the end of --for
    ///
    /// Every option can also be set in the environment and in the file: `--log-keep 9`, `NICETAP_LOG_KEEP=9`,
    /// `log_keep = 9`. Options beat the environment, and that beats the file.
    #[command(after_long_help = serve::HELP_END)]
    Serve(Box<Layer>),
    /// Run one command through a proxy, and see its calls
    ///
    /// Nothing else on this machine is changed, and nothing has to be set up or undone. The options are those of
    /// `nicetap serve`.
    #[command(after_long_help = run::HELP_END)]
    Run(run::Run),
    /// Point a client at nicetap: the lines, or written and undone
    #[command(after_long_help = setup::HELP_END)]
    Setup(setup::Setup),
    /// Say whether a nicetap runs, and what is set up
    #[command(after_long_help = status::STATUS_END)]
    Status(status::Status),
    /// Take back what is set up, and end the nicetap that runs
    #[command(after_long_help = status::STOP_END)]
    Stop(status::Stop),
    /// Show one rule's page: what it means, why it matters, how to mend it
    #[command(after_long_help = explain::HELP_END)]
    Explain(explain::Explain),
    /// List all rules
    #[command(after_long_help = rules::HELP_END)]
    Rules(rules::Rules),
    /// Check requests in files, without sending them
    ///
    /// Reads `.http` files, HAR files and curl command lines, and says of each request what `serve` would say of it.
    /// What only the server knows, such as whether a password is right, it cannot tell.
    #[command(after_long_help = lint::HELP_END)]
    Lint(lint::Lint),
    /// Show or renew the local CA that clients must trust
    #[command(after_long_help = ca::HELP_END)]
    Ca(ca::Ca),
    /// Show a log as the console shows it
    #[command(after_long_help = log::HELP_END)]
    Log(log::Log),
    /// Search files for known secrets, in every encoding
    #[command(after_long_help = verify_log::HELP_END)]
    VerifyLog(verify_log::VerifyLog),
    /// Export calls of a log as HAR, or as lines for curl
    #[command(after_long_help = export::HELP_END)]
    Export(export::Export),
    /// Show the outbound IP, per family, and who saw it
    #[command(after_long_help = egress::HELP_END)]
    Egress(egress::Egress),
    /// Make one read-only call, to see whether the login is right
    #[command(after_long_help = check::HELP_END)]
    Check(check::Check),
    /// Go through NiceNIC's twelve points for a call
    #[command(after_long_help = checklist::HELP_END)]
    Checklist(checklist::Checklist),
    /// Show what differs between a failed call and one that worked
    #[command(after_long_help = diff::HELP_END)]
    Diff(diff::Diff),
    /// Write a support ticket about a call, every secret masked
    #[command(after_long_help = report::HELP_END)]
    Report(report::Report),
    /// Check the surroundings: port, CA, PHP, TLS, outbound IP
    #[command(after_long_help = doctor::HELP_END)]
    Doctor(doctor::Doctor),
    /// Run an offline lookalike of the API
    #[command(after_long_help = mock::HELP_END)]
    Mock(mock::Mock),
}

fn run(line: CommandLine) -> Result<ExitCode, Error> {
    let CommandLine {
        globals,
        command,
        levels,
    } = line;
    if let Some(color) = &globals.color {
        print::set_color(color.0);
    }
    let file = globals.config.clone().map(|file| file.0);
    let mut given = globals.into_layer().over(command.settings());
    given.levels = levels;
    let beneath = match &command {
        Command::Run(_) => run::Run::defaults(),
        _ => Layer::default(),
    };
    let config = Config::load(given, file, beneath, &Surroundings::of_process())?;
    print::set_color(config.color);
    if let Some(file) = &config.catalogue {
        Catalogue::install(Catalogue::with(file)?);
    }
    let done = match command {
        Command::Run(options) => return run::run(&options, &config),
        Command::Serve(given) => serve::run(&config, &given),
        Command::Explain(explain) => explain::run(&explain),
        Command::Setup(options) => setup::run(&options, &config),
        Command::Status(_) => status::run(&config),
        Command::Stop(_) => status::stop(&config),
        Command::Lint(options) => lint::run(&options, &config),
        Command::Rules(options) => rules::run(&options),
        Command::Ca(command) => ca::run(&command, &config),
        Command::Log(options) => log::run(&options, &config),
        Command::VerifyLog(options) => verify_log::run(&options, &config),
        Command::Export(options) => export::run(&options, &config),
        Command::Egress(options) => egress::run(&options, &config),
        Command::Checklist(options) => checklist::run(&options, &config),
        Command::Diff(options) => diff::run(&options, &config),
        Command::Report(options) => report::run(&options, &config),
        Command::Doctor(options) => doctor::run(&options, &config),
        Command::Check(options) => check::run(&options, &config),
        Command::Mock(_) => mock::run(&config),
    };
    done.map(|()| ExitCode::SUCCESS)
}

impl Globals {
    fn into_layer(self) -> Layer {
        Layer {
            home: self.home,
            color: self.color,
            quiet: self.quiet,
            verbose: self.verbose,
            ..Layer::default()
        }
    }
}

impl Command {
    fn settings(&self) -> Layer {
        match self {
            Self::Serve(given) => Layer::clone(given),
            Self::Run(given) => Layer::clone(&given.settings),
            Self::Mock(given) => given.settings(),
            Self::VerifyLog(given) => given.settings(),
            Self::Lint(given) => given.settings(),
            Self::Egress(given) => given.settings(),
            Self::Doctor(given) => given.settings(),
            Self::Explain(_)
            | Self::Rules(_)
            | Self::Setup(_)
            | Self::Status(_)
            | Self::Stop(_)
            | Self::Ca(_)
            | Self::Log(_)
            | Self::Export(_)
            | Self::Check(_)
            | Self::Checklist(_)
            | Self::Diff(_)
            | Self::Report(_) => Layer::default(),
        }
    }
}

const HELP_END: &str = "\
Without a command, nicetap does `nicetap serve`.

Examples:
  nicetap                     Run the proxy on 127.0.0.1:8899
  nicetap --mock              The same without an account: a mock answers
  nicetap run -- php x.php    See the calls of one command, change nothing
  sudo nicetap serve --with whmcs --for 20m
                              WHMCS's calls for 20 minutes, then no trace
  nicetap serve --help        All options of the proxy
  nicetap log --follow        Watch the calls from another terminal
  nicetap explain N102        What a finding means
  nicetap lint calls.http     What is wrong with requests, without sending them
  nicetap export curl 7       Call #7 as a line for curl

Exit codes:
  0   done
  1   failure
  2   the command line or a setting is wrong
  3   an address cannot be bound, or the CA or a file cannot be used
  5   something was found that --deny names
  6   verify-log found a secret
  70  a bug in nicetap";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn every_key_has_an_option_and_every_option_a_key() {
        let mut command = CommandLine::command();
        command.build();
        let options = |name: &str| -> BTreeSet<String> {
            let command = command.find_subcommand(name).unwrap();
            let long = command.get_arguments().filter_map(clap::Arg::get_long);
            long.map(|long| format!("--{long}")).collect()
        };
        let keys: BTreeSet<String> = Layer::keys()
            .iter()
            .filter(|key| **key != "mock_listen")
            .map(|key| Layer::option(key))
            .collect();
        // The file cannot name itself, and help is not a setting.
        let not_settings = BTreeSet::from(["--config".to_owned(), "--help".to_owned()]);
        assert_eq!(options("serve"), &keys | &not_settings);
        assert!(options("mock").contains(&Layer::option("mock_listen")));
    }

    #[test]
    fn defaults_in_the_help_are_the_defaults() {
        let mut command = CommandLine::command();
        command.build();
        let serve = command.find_subcommand("serve").unwrap();
        for argument in serve.get_arguments() {
            let help = argument
                .get_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            let Some((_, default)) = help.split_once("[default: ") else {
                continue;
            };
            let default = default.trim_end_matches(']');
            if default.starts_with("HOME/") || default == "production" {
                continue;
            }
            let key = argument.get_long().unwrap().replace('-', "_");
            let layer =
                Layer::from_env(|name| (name == Layer::variable(&key)).then(|| default.into()));
            let config = Config::resolve(layer.unwrap(), "/h".into()).unwrap();
            assert_eq!(config, Config::at("/h".as_ref()), "{key}");
        }
    }
}
