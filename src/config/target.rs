//! Whose settings `nicetap setup` and `--with` change.
use std::fmt;
use std::path::PathBuf;

use super::value::Word;

/// Whose settings, and where they are if that is not to be found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Whose.
    pub whose: Whose,
    /// WHMCS's folder, a PHP-FPM's configuration, or a PHP program.
    pub place: Option<PathBuf>,
}

/// The clients that settings are known for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Whose {
    /// WHMCS: its pages and its cron.
    Whmcs,
    /// Every pool of PHP-FPM.
    PhpFpm,
    /// PHP on the command line.
    Php,
    /// The PHP that crontabs run `cron.php` with.
    Cron,
    /// Guzzle.
    Guzzle,
    /// curl.
    Curl,
    /// Python.
    Python,
    /// Node.
    Node,
    /// Go.
    Go,
    /// Java.
    Java,
    /// A container.
    Docker,
}

impl Whose {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Whmcs,
        Self::PhpFpm,
        Self::Php,
        Self::Cron,
        Self::Guzzle,
        Self::Curl,
        Self::Python,
        Self::Node,
        Self::Go,
        Self::Java,
        Self::Docker,
    ];

    /// As it is typed.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Whmcs => "whmcs",
            Self::PhpFpm => "php-fpm",
            Self::Php => "php",
            Self::Cron => "cron",
            Self::Guzzle => "guzzle",
            Self::Curl => "curl",
            Self::Python => "python",
            Self::Node => "node",
            Self::Go => "go",
            Self::Java => "java",
            Self::Docker => "docker",
        }
    }

    /// Whether nicetap can write its settings; those of the others stand in the user's own code.
    pub const fn is_written(self) -> bool {
        matches!(self, Self::Whmcs | Self::PhpFpm | Self::Php | Self::Cron)
    }
}

impl Word for Target {
    const EXPECTED: &'static str = "`whmcs`, `php-fpm`, `php`, `cron`, `guzzle`, `curl`, `python`, `node`, `go`, \
                                    `java` or `docker`, the first three also with `=PATH`";

    fn read(text: &str) -> Result<Self, &'static str> {
        let (word, place) = match text.split_once('=') {
            Some((word, place)) => (word, Some(place)),
            None => (text, None),
        };
        let whose = Whose::ALL.into_iter().find(|whose| whose.word() == word);
        let whose = whose.ok_or(Self::EXPECTED)?;
        let takes_place = matches!(whose, Whose::Whmcs | Whose::PhpFpm | Whose::Php);
        if place.is_some_and(|place| place.is_empty() || !takes_place) {
            return Err(Self::EXPECTED);
        }
        Ok(Self {
            whose,
            place: place.map(PathBuf::from),
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{}={}", self.whose.word(), place.display()),
            None => f.write_str(self.whose.word()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_may_say_where() {
        let read = |text| Target::read(text).map(|target| target.to_string());
        assert_eq!(read("whmcs=/srv/whmcs").unwrap(), "whmcs=/srv/whmcs");
        assert_eq!(read("php-fpm").unwrap(), "php-fpm");
        for wrong in ["whmcs=", "curl=/usr/bin/curl", "perl", ""] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
