//! From the words of a source to a [`Layer`].
use std::ffi::OsString;
use std::path::Path;

use serde::Deserialize as _;
use serde::de::value::{Error as WordError, MapDeserializer};
use serde::de::{Deserializer, Visitor};
use serde::forward_to_deserialize_any;
use toml::de::DeTable;

use super::Layer;
use crate::config::error::{Error, Place, Source};
use crate::config::value;
use crate::config::{Level, LevelSetting, own};

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

    /// Makes relative paths start at `base`.
    #[must_use]
    pub fn rooted_at(mut self, base: &Path) -> Self {
        let optional = [
            &mut self.upstream_ca,
            &mut self.credential_file,
            &mut self.catalogue,
            &mut self.proxy_password_file,
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

/// Standard input, where `verify-log` takes a file.
const STDIN: &str = "-";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::value::{OrNone, Value};

    fn wrong(text: &str) -> Error {
        Layer::from_toml(text, Path::new("/etc/nicetap.toml")).unwrap_err()
    }

    #[test]
    fn every_key_is_known_by_its_own_name() {
        assert_eq!(Layer::keys().len(), 58);
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
