//! From what was typed to a [`CommandLine`], or to an error that repeats no secret.
//!
//! clap reads the options; its errors are told in our words, since its own would quote what was typed.
use std::error::Error as _;
use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgMatches, Command, CommandFactory as _, FromArgMatches as _};

use super::error::Error;
use super::{CommandLine, print};
use crate::config::value::{
    Value, looks_like_a_credential, names_a_secret, nearest, shown, shown_for,
};
use crate::config::{GIVE, Level, LevelSetting, Selector};

/// Reads the command line. `None`: help or the version was asked for, and is printed.
pub(super) fn command_line(
    typed: impl IntoIterator<Item = OsString>,
) -> Result<Option<CommandLine>, Error> {
    let mut all = CommandLine::command();
    all.build();
    let mut typed: Vec<OsString> = typed.into_iter().collect();
    refuse_secrets(&all, &typed)?;
    if lacks_command(&all, &typed) {
        typed.insert(typed.len().min(1), DEFAULT_COMMAND.into());
    }
    let error = match parse(&typed) {
        Ok(line) => {
            refuse_typed_login(&line)?;
            return Ok(Some(line));
        }
        Err(error) => error,
    };
    if error.use_stderr() {
        return Err(in_our_words(&error, &Asked::of(&all, &typed)));
    }
    print::to_stdout(&without_trailing_space(&error.render().ansi().to_string()))?;
    Ok(None)
}

fn parse(typed: &[OsString]) -> Result<CommandLine, clap::Error> {
    let mut command = CommandLine::command();
    let matches = command.try_get_matches_from_mut(typed)?;
    let mut line =
        CommandLine::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
    line.levels = levels(&matches);
    Ok(line)
}

/// `--allow`, `--warn` and `--deny` in the order in which they were typed.
fn levels(matches: &ArgMatches) -> Vec<LevelSetting> {
    let Some((_, matches)) = matches.subcommand() else {
        return Vec::new();
    };
    let of = |(level, id): (Level, &str)| {
        let values = matches.try_get_many::<Value<Selector>>(id).ok().flatten();
        let places = values.as_ref().and_then(|_| matches.indices_of(id));
        let given = places
            .into_iter()
            .flatten()
            .zip(values.into_iter().flatten());
        given
            .map(|(place, word)| {
                let selector = word.0.clone();
                (place, LevelSetting { level, selector })
            })
            .collect::<Vec<_>>()
    };
    let mut given: Vec<_> = [
        (Level::Allow, "allow"),
        (Level::Warn, "warn"),
        (Level::Deny, "deny"),
    ]
    .into_iter()
    .flat_map(of)
    .collect();
    given.sort_by_key(|(place, _)| *place);
    given.into_iter().map(|(_, setting)| setting).collect()
}

/// Refuses options that would carry a secret, such as `--secret X` or curl's `-u`. Those that name a file are known.
fn refuse_secrets(all: &Command, typed: &[OsString]) -> Result<(), Error> {
    let known = |name: &str| {
        let commands = all.get_subcommands().chain([all]);
        let mut options = commands.flat_map(Command::get_arguments);
        options.any(|option| option.get_long() == Some(name))
    };
    for word in typed.iter().skip(1).map(|word| word.to_string_lossy()) {
        let name = match word.strip_prefix("--") {
            Some("") => break,
            Some(long) => long.split('=').next().unwrap_or_default(),
            None if word.starts_with(CURLS_USER) => return Err(secret_typed(CURLS_USER)),
            None => continue,
        };
        if name == "user" || (names_a_secret(name) && !known(name)) {
            return Err(secret_typed(&format!("--{}", shown_name(name))));
        }
    }
    Ok(())
}

/// A user and password in the URL of `--upstream-proxy`, where they can be told from anything else.
fn refuse_typed_login(line: &CommandLine) -> Result<(), Error> {
    let settings = line.command.settings();
    let choice = settings.upstream_proxy.and_then(|choice| choice.0.0);
    if !choice.is_some_and(|choice| choice.holds_login()) {
        return Ok(());
    }
    Err(secret_typed("the login of --upstream-proxy").hint(GIVE_PROXY_LOGIN))
}

/// Whether no command comes before the first option that is not one of every command. It can then be put in front
/// of all options, since those of every command may follow the command.
fn lacks_command(all: &Command, typed: &[OsString]) -> bool {
    let mut at = 1;
    while let Some(word) = typed.get(at) {
        let word = word.to_string_lossy();
        if !word.starts_with('-') || HELP.contains(&word.as_ref()) {
            return false;
        }
        let (name, has_value) = match word.split_once('=') {
            Some((name, _)) => (name, true),
            None => (word.as_ref(), false),
        };
        let is_it = |option: &&Arg| match name.strip_prefix("--") {
            Some(long) => option.get_long() == Some(long),
            None => option.get_short().is_some_and(|short| {
                name.strip_prefix('-') == Some(short.encode_utf8(&mut [0; 4]))
            }),
        };
        let global = all
            .get_arguments()
            .filter(|option| option.is_global_set())
            .find(is_it);
        let Some(global) = global else { break };
        let takes_next = !has_value
            && global
                .get_num_args()
                .is_some_and(|count| count.takes_values());
        at += if takes_next { 2 } else { 1 };
    }
    true
}

fn in_our_words(error: &clap::Error, asked: &Asked<'_>) -> Error {
    let about = Context(error);
    let argument = about.text(ContextKind::InvalidArg);
    let option = argument.split([' ', '=']).next().unwrap_or_default();
    match error.kind() {
        ErrorKind::UnknownArgument if argument.starts_with('-') => {
            let hint = asked.or_near_option(option);
            return Error::usage(format!("unknown option {}", shown(option))).hint(hint);
        }
        ErrorKind::UnknownArgument if looks_like_a_credential(argument) => {
            return secret_typed("a credential");
        }
        ErrorKind::UnknownArgument => {
            Error::usage(format!("unexpected argument {}", shown(argument)))
        }
        ErrorKind::InvalidSubcommand => {
            let typed = about.text(ContextKind::InvalidSubcommand);
            if looks_like_a_credential(typed) {
                return secret_typed("a credential");
            }
            let hint = asked.or_near_command(typed);
            return Error::usage(format!("unknown command {}", shown(typed))).hint(hint);
        }
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => return about.wrong_value(option),
        ErrorKind::ArgumentConflict => about.conflict(option),
        ErrorKind::MissingRequiredArgument => Error::usage(format!("{argument} is missing")),
        // clap's own sentence is left out: it can quote a value.
        kind => {
            let what = kind.as_str().unwrap_or("cannot read the command line");
            let place = if option.is_empty() { "" } else { ": " };
            Error::usage(format!("{option}{place}{what}"))
        }
    }
    .hint(asked.help())
}

/// The command that was meant, as far as it can be told.
struct Asked<'a> {
    command: &'a Command,
    is_root: bool,
}

impl<'a> Asked<'a> {
    fn of(all: &'a Command, typed: &[OsString]) -> Self {
        let mut words = typed.iter().skip(1).filter_map(|word| word.to_str());
        let command = words.find_map(|word| all.find_subcommand(word));
        Self {
            command: command.unwrap_or(all),
            is_root: command.is_none(),
        }
    }

    fn help(&self) -> String {
        if self.is_root {
            return "see `nicetap --help`".to_owned();
        }
        format!("see `nicetap {} --help`", self.command.get_name())
    }

    fn or_near_option(&self, typed: &str) -> String {
        let known = self
            .command
            .get_arguments()
            .filter_map(Arg::get_long_and_visible_aliases);
        match nearest(typed.trim_start_matches('-'), known.flatten()) {
            Some(near) => format!("did you mean `--{near}`?"),
            None => self.help(),
        }
    }

    fn or_near_command(&self, typed: &str) -> String {
        match nearest(typed, self.command.get_subcommands().map(Command::get_name)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => self.help(),
        }
    }
}

/// clap pads the empty lines between paragraphs.
fn without_trailing_space(text: &str) -> String {
    text.lines()
        .map(str::trim_end)
        .flat_map(|line| [line, "\n"])
        .collect()
}

struct Context<'a>(&'a clap::Error);

impl Context<'_> {
    fn text(&self, kind: ContextKind) -> &str {
        match self.0.get(kind) {
            Some(ContextValue::String(text)) => text,
            Some(ContextValue::Strings(texts)) => texts.first().map_or("", String::as_str),
            _ => "",
        }
    }

    fn wrong_value(&self, option: &str) -> Error {
        let expected = match self.0.source() {
            Some(expected) => expected.to_string(),
            None => "a value".to_owned(),
        };
        let seen = match self.text(ContextKind::InvalidValue) {
            "" => "nothing".into(),
            typed => shown_for(option, typed),
        };
        Error::usage(format!("{option}: expected {expected}, seen {seen}"))
    }

    fn conflict(&self, option: &str) -> Error {
        let prior = self.text(ContextKind::PriorArg);
        let prior = prior.split(' ').next().unwrap_or_default();
        if prior == option {
            return Error::usage(format!("{option} is given twice"));
        }
        Error::usage(format!("{option} and {prior} exclude each other"))
    }
}

fn secret_typed(what: &str) -> Error {
    Error::usage(format!(
        "{what} on the command line is refused: every user of this machine could read it in the process list"
    ))
    .hint(GIVE)
}

/// How a login for the upstream proxy is given.
const GIVE_PROXY_LOGIN: &str = "put the whole URL into the variable NICETAP_UPSTREAM_PROXY, or as upstream_proxy = \"…\" into the configuration file";

/// The name of an option as far as it is a word: what follows could be its value.
fn shown_name(name: &str) -> &str {
    let end = name.find(|c: char| !c.is_ascii_alphabetic() && c != '-');
    name.get(..end.unwrap_or(name.len())).unwrap_or_default()
}

const DEFAULT_COMMAND: &str = "serve";
const HELP: [&str; 4] = ["-h", "--help", "-V", "--version"];
const CURLS_USER: &str = "-u";

#[cfg(test)]
mod tests {
    use super::super::Command as Told;
    use super::*;

    fn parse(line: &str) -> Result<Option<CommandLine>, Error> {
        command_line(line.split_whitespace().map(OsString::from))
    }

    fn told(line: &str) -> String {
        let report = parse(line).unwrap_err().report();
        anstream::adapter::strip_str(&report).to_string()
    }

    #[test]
    fn without_a_command_it_serves() {
        for line in [
            "nicetap",
            "nicetap --listen 127.0.0.1:0",
            "nicetap -q --mock",
            "nicetap --home /h --color=never -4",
            "nicetap --home /h",
            "nicetap serve --home /h",
            "nicetap --home /h serve",
        ] {
            let parsed = parse(line).unwrap().unwrap();
            assert!(matches!(parsed.command, Told::Serve(_)), "{line}");
        }
        let parsed = parse("nicetap --home serve ca path").unwrap().unwrap();
        assert!(matches!(parsed.command, Told::Ca(_)));
        assert_eq!(parsed.globals.home.unwrap().0.to_str(), Some("serve"));
    }

    #[test]
    fn options_are_read() {
        let parsed = parse(
            "nicetap --listen 127.0.0.1:1 --listen [::1]:2,[::1]:3 --gateway http://a.b --json -6",
        );
        let Told::Serve(given) = parsed.unwrap().unwrap().command else {
            unreachable!("it serves without a command")
        };
        assert_eq!(given.listen.as_ref().unwrap().len(), 3);
        assert!(given.base_url.is_some() && given.json.is_some() && given.ipv6.is_some());
        assert!(given.mock.is_none());
    }

    #[test]
    fn levels_keep_the_order_in_which_they_were_typed() {
        let line = "nicetap --deny N1,N2 --allow N101 --warn N2 --deny N101";
        let order: Vec<_> = parse(line)
            .unwrap()
            .unwrap()
            .levels
            .into_iter()
            .map(|setting| (setting.level, setting.selector.0))
            .collect();
        let want = [
            (Level::Deny, "N1"),
            (Level::Deny, "N2"),
            (Level::Allow, "N101"),
            (Level::Warn, "N2"),
            (Level::Deny, "N101"),
        ];
        assert_eq!(order, want.map(|(level, word)| (level, word.to_owned())));
        assert!(parse("nicetap rules").unwrap().unwrap().levels.is_empty());
    }

    #[test]
    fn wrong_options_are_told_with_what_is_expected() {
        for (line, want) in [
            (
                "nicetap --for 8",
                "error: --for: expected a duration such as `90s`, `20m`, `8h` or `120 s`, seen `8`\n",
            ),
            (
                "nicetap --for",
                "error: --for: expected a value, seen nothing\n",
            ),
            (
                "nicetap --home",
                "error: --home: expected a value, seen nothing\n",
            ),
            (
                "nicetap --json=1",
                "error: --json: unexpected value for an argument found\nhint: see `nicetap serve --help`\n",
            ),
            (
                "nicetap serve --listne 127.0.0.1:1",
                "error: unknown option `--listne`\nhint: did you mean `--listen`?\n",
            ),
            (
                "nicetap lgo",
                "error: unknown command `lgo`\nhint: did you mean `log`?\n",
            ),
            (
                "nicetap serve -4 -6",
                "error: --ipv4 and --ipv6 exclude each other\nhint: see `nicetap serve --help`\n",
            ),
            (
                "nicetap serve --for 1h --for 2h",
                "error: --for is given twice\nhint: see `nicetap serve --help`\n",
            ),
            (
                "nicetap explain",
                "error: <CODE> is missing\nhint: see `nicetap explain --help`\n",
            ),
            (
                "nicetap serve now",
                "error: unexpected argument `now`\nhint: see `nicetap serve --help`\n",
            ),
            (
                "nicetap -x",
                "error: unknown option `-x`\nhint: see `nicetap serve --help`\n",
            ),
        ] {
            assert_eq!(told(line), want, "{line}");
        }
    }

    #[test]
    fn a_secret_is_refused_and_never_repeated() {
        for line in [
            "nicetap --secret hunter2",
            "nicetap --secret=hunter2",
            "nicetap serve --api-password hunter2",
            "nicetap --credential bob:hunter2",
            "nicetap -u bob:hunter2",
            "nicetap -ubob:hunter2",
            "nicetap --user bob:hunter2",
            "nicetap bob:hunter2",
            "nicetap serve bob:hunter2",
            "nicetap serve -- bob:hunter2",
            "nicetap serve 4f9a1c0hunter2e77b42aa9c",
            "nicetap --mock --authorization:bob:hunter2",
        ] {
            let told = told(line);
            assert!(told.contains("command line is refused"), "{line}: {told}");
            assert!(
                told.contains("hint: ") && told.contains("--credential-file"),
                "{told}"
            );
            assert!(!told.contains("hunter2"), "{told}");
        }
    }

    #[test]
    fn a_secret_in_place_of_a_value_is_not_repeated() {
        for line in [
            "nicetap --listen bob:hunter2",
            "nicetap --base-url https://bob:hunter2@api.nicenic.net/",
            "nicetap --mock --credential-file bob:hunter2",
            "nicetap --mock=bob:hunter2",
            "nicetap --secret-env hunter2!",
            "nicetap --secret-env=hunter2/x",
            "nicetap --know hunter2",
            "nicetap --know api:hunter2",
            "nicetap --know api=bob:hunter2",
            "nicetap verify-log --secret-env hunter2!",
            "nicetap --bob:hunter2",
            "nicetap --upstream-ca bob:hunter2",
            "nicetap explain bob:hunter2",
            "nicetap log bob:hunter2",
            "nicetap log a.jsonl bob:hunter2",
            "nicetap ca bob:hunter2",
        ] {
            assert!(!told(line).contains("hunter2"), "{line}: {}", told(line));
        }
    }
}
