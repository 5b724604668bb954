//! Secrets that the user gives: from the environment, from files, from standard input, or asked for without echo.
//! Never from the command line, and never repeated in a message.
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use rustix::termios::{self, LocalModes, OptionalActions, SpecialCodeIndex, Termios};
use zeroize::Zeroizing;

use super::error::Error;
use super::print;
use crate::config::{Config, Know, Label, ProxyLogin};
use crate::redact::Credential;
use crate::store::random_word;

/// A secret, and where it was given.
pub(super) struct Given {
    /// `$NAME`, or a file with its line.
    pub(super) label: String,
    pub(super) value: Zeroizing<Vec<u8>>,
}

/// All that is given.
pub(super) struct All {
    /// `--secret-env` and `--secret-file`.
    pub(super) secrets: Vec<Given>,
    /// `--know`.
    pub(super) known: Vec<Credential>,
}

/// Reads everything, and asks for the rest.
pub(super) fn all(config: &Config) -> Result<All, Error> {
    let secrets = given(config)?;
    let known = config.know.iter().map(known).collect::<Result<_, _>>()?;
    Ok(All { secrets, known })
}

/// All secrets of `--secret-env` and `--secret-file`.
pub(super) fn given(config: &Config) -> Result<Vec<Given>, Error> {
    let mut given = Vec::new();
    for name in &config.secret_env {
        given.extend(of_variable(name)?);
    }
    for file in &config.secret_file {
        given.extend(of_file(file)?);
    }
    if given.len() > MOST {
        return Err(Error::usage(format!(
            "{} secrets are given, and {MOST} are the most",
            given.len()
        )));
    }
    Ok(given)
}

/// The credential of `--know`: read, or asked for.
fn known(know: &Know) -> Result<Credential, Error> {
    let label = know.label.word();
    let text = match &know.file {
        Some(file) => first_line(file, "--know")?,
        None => ask(asked_for(know.label), &|| {
            Error::usage(format!("--know {label}: there is no terminal to ask at"))
                .hint(format!("name a file: --know {label}=FILE"))
        })?,
    };
    if text.trim_ascii().is_empty() {
        return Err(Error::usage(format!("--know {label}: nothing was given"))
            .hint("give `username:secret`, or the secret alone"));
    }
    Ok(Credential { label, text })
}

/// What clients of the proxy log in with.
pub(super) struct Login {
    pub(super) login: ProxyLogin,
    /// Whether the password was made up just now, so that nobody knows it yet.
    pub(super) is_made_up: bool,
}

impl Login {
    /// The password, to be masked wherever it turns up.
    pub(super) fn given(&self) -> Given {
        Given {
            label: "the password of --proxy-auth".to_owned(),
            value: Zeroizing::new(self.login.password.as_bytes().to_vec()),
        }
    }
}

/// The login of `--proxy-auth`: from a file, from the environment, or made up.
pub(super) fn proxy_login(config: &Config) -> Result<Option<Login>, Error> {
    let Some(user) = config.proxy_auth.clone() else {
        return Ok(None);
    };
    let variable = std::env::var_os(PROXY_PASSWORD).filter(|value| !value.is_empty());
    let given = match (&config.proxy_password_file, variable) {
        (Some(file), _) => Some(first_line(file, "--proxy-password-file")?),
        (None, Some(value)) => Some(Zeroizing::new(value.into_encoded_bytes())),
        (None, None) => None,
    };
    let is_made_up = given.is_none();
    let password = if let Some(given) = given {
        let text = std::str::from_utf8(&given).unwrap_or_default();
        Zeroizing::new(text.to_owned())
    } else {
        let made_up = random_word(MADE_UP)
            .map_err(|error| Error::cannot_start("no password can be made up").caused_by(error))?;
        Zeroizing::new(made_up)
    };
    if password.is_empty() || password.chars().any(char::is_control) {
        return Err(Error::usage(
            "the password of --proxy-auth is empty, is no UTF-8, or has a control character in it",
        ));
    }
    let login = ProxyLogin {
        user: Zeroizing::new(user),
        password,
    };
    Ok(Some(Login { login, is_made_up }))
}

fn of_variable(name: &str) -> Result<Vec<Given>, Error> {
    use std::os::unix::ffi::OsStrExt as _;
    let Some(value) = std::env::var_os(name).filter(|value| !value.is_empty()) else {
        return Err(
            Error::usage(format!("--secret-env {name}: the variable is not set"))
                .hint("export it for nicetap, or name another one"),
        );
    };
    let label = format!("${name}");
    Ok(halves(&label, value.as_bytes()))
}

fn of_file(file: &Path) -> Result<Vec<Given>, Error> {
    let (text, shown) = if file.as_os_str() == "-" {
        let mut text = Zeroizing::new(Vec::new());
        io::stdin().read_to_end(&mut text).map_err(|error| {
            Error::failed("cannot read the secrets from standard input").caused_by(error)
        })?;
        (text, "standard input".to_owned())
    } else {
        (read(file, "--secret-file")?, file.display().to_string())
    };
    let lines = text.split(|byte| *byte == b'\n').enumerate();
    let given: Vec<Given> = lines
        .flat_map(|(at, line)| halves(&format!("{shown} line {}", at + 1), line))
        .collect();
    if given.is_empty() {
        return Err(
            Error::usage(format!("--secret-file {shown}: there is no secret in it"))
                .hint("it must hold one secret a line"),
        );
    }
    Ok(given)
}

/// A line, and of `username:secret` the secret: nobody can tell whether the colon belongs to a secret.
fn halves(label: &str, line: &[u8]) -> Vec<Given> {
    let line = line.trim_ascii();
    let half = memchr::memchr(b':', line).map(|at| line[at + 1..].trim_ascii());
    let mut given = Vec::new();
    for value in [Some(line), half].into_iter().flatten() {
        if !value.is_empty() {
            given.push(Given {
                label: label.to_owned(),
                value: Zeroizing::new(value.to_vec()),
            });
        }
    }
    given
}

/// The first line of a file that this option names.
pub(super) fn first_line(file: &Path, option: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let text = read(file, option)?;
    let end = memchr::memchr(b'\n', &text).unwrap_or(text.len());
    let line = text[..end].strip_suffix(b"\r").unwrap_or(&text[..end]);
    Ok(Zeroizing::new(line.to_vec()))
}

fn read(file: &Path, option: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let fail = |error| {
        Error::cannot_start(format!("{option} {} cannot be read", file.display())).caused_by(error)
    };
    let mut text = Zeroizing::new(Vec::new());
    let opened = File::open(file).map_err(fail)?;
    opened
        .take(MOST_OF_A_FILE)
        .read_to_end(&mut text)
        .map_err(fail)?;
    Ok(text)
}

const fn asked_for(label: Label) -> &'static str {
    match label {
        Label::Api => "API password (WHMCS: API Secret)",
        Label::Sandbox => "sandbox API password",
        Label::Login => "website login password",
    }
}

/// Asks at the terminal, which shows nothing of what is typed. `no_terminal`: what to say where there is none.
pub(super) fn ask(
    what: &str,
    no_terminal: &dyn Fn() -> Error,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let terminal = File::open("/dev/tty").map_err(|_| no_terminal())?;
    let quiet = Quiet::over(&terminal)
        .map_err(|error| Error::failed("cannot switch the terminal's echo off").caused_by(error))?;
    print::to_stderr(&format!("{what}, not shown: "));
    let typed = line_of(&terminal);
    drop(quiet);
    print::to_stderr("\n");
    match typed {
        Ok(Some(typed)) => Ok(typed),
        Ok(None) => Err(Error::failed("given up")),
        Err(error) => Err(Error::failed("cannot read from the terminal").caused_by(error)),
    }
}

/// One typed line; `None` after Ctrl-C or Ctrl-D.
fn line_of(mut terminal: impl Read) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut line = Zeroizing::new(Vec::with_capacity(256));
    let mut byte = [0; 1];
    loop {
        if terminal.read(&mut byte)? == 0 {
            return Ok((!line.is_empty()).then_some(line));
        }
        match byte[0] {
            b'\r' | b'\n' => return Ok(Some(line)),
            CTRL_C | CTRL_D => return Ok(None),
            BACKSPACE | DELETE => {
                // A character of many bytes goes as a whole.
                while line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
            }
            CTRL_U => line.clear(),
            other => line.push(other),
        }
    }
}

/// A terminal without echo. Keys are read one by one, so that Ctrl-C cannot end the program and leave the echo off.
struct Quiet<'a> {
    terminal: &'a File,
    before: Termios,
}

impl<'a> Quiet<'a> {
    fn over(terminal: &'a File) -> io::Result<Self> {
        let before = termios::tcgetattr(terminal)?;
        let mut quiet = before.clone();
        quiet
            .local_modes
            .remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        quiet.special_codes[SpecialCodeIndex::VMIN] = 1;
        quiet.special_codes[SpecialCodeIndex::VTIME] = 0;
        termios::tcsetattr(terminal, OptionalActions::Flush, &quiet)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        let _ = termios::tcsetattr(self.terminal, OptionalActions::Now, &self.before);
    }
}

const CTRL_C: u8 = 3;
const CTRL_D: u8 = 4;
const BACKSPACE: u8 = 8;
const CTRL_U: u8 = 21;
const DELETE: u8 = 127;
/// The variable with the password of `--proxy-auth`.
const PROXY_PASSWORD: &str = "NICETAP_PROXY_PASSWORD";
/// 120 bits.
const MADE_UP: usize = 20;
const MOST: usize = 256;
const MOST_OF_A_FILE: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typed_line_can_be_mended_and_given_up() {
        let typed = |keys: &[u8]| line_of(keys).unwrap().map(|line| line.to_vec());
        assert_eq!(typed(b"hunter2\n"), Some(b"hunter2".to_vec()));
        assert_eq!(
            typed("hü\x7fxx\x15hunter\x082\r".as_bytes()),
            Some(b"hunte2".to_vec())
        );
        assert_eq!(typed(b"hunt\x03"), None);
        assert_eq!(typed(b""), None);
    }

    #[test]
    fn of_a_pair_both_the_line_and_the_half_count() {
        let values: Vec<_> = halves("x", b" acme:s3cr:et \r")
            .into_iter()
            .map(|given| given.value.to_vec())
            .collect();
        assert_eq!(values, [b"acme:s3cr:et".to_vec(), b"s3cr:et".to_vec()]);
        assert!(halves("x", b"  \r").is_empty());
    }
}
