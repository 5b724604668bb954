//! The API as data: actions, parameters, risk, sensitivity, codes. Source: `config/nicenic-v2.toml`.
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

pub mod names;

/// What a call can do to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// Changes nothing.
    Read,
    /// Changes something that can be changed back.
    Change,
    /// Costs money.
    Spend,
    /// The catalogue does not know the action.
    Unknown,
}

/// How a parameter's value is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sensitivity {
    /// As it is.
    Open,
    /// Contact data: as a shape.
    Pii,
    /// Never.
    Secret,
}

/// A parameter of an action, as documented.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Param {
    /// Its name, as sent.
    pub name: String,
    /// `string`, `integer`, `date`, `hostname`, `phone`, `email`, `ip`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether the documentation does not mark it "(Optional)".
    pub required: bool,
    /// The documentation's example value.
    #[serde(default)]
    pub example: String,
    /// Longest value, in characters, where documented.
    pub max_len: Option<usize>,
    /// Shortest value, in characters, where documented.
    pub min_len: Option<usize>,
    sensitive: bool,
    sensitive_kind: Option<String>,
    /// The only values, where documented.
    #[serde(default, rename = "enum")]
    pub choices: Vec<String>,
    /// The value taken when absent, where documented.
    pub default: Option<String>,
    /// What a reader of the catalogue should know.
    pub note: Option<String>,
}

impl Param {
    /// How its value is shown.
    pub fn sensitivity(&self) -> Sensitivity {
        match (self.sensitive, self.sensitive_kind.as_deref()) {
            (true, Some("pii")) => Sensitivity::Pii,
            (true, _) => Sensitivity::Secret,
            (false, _) => Sensitivity::Open,
        }
    }
}

/// An action of the API, as documented.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// The `category` parameter.
    pub category: String,
    /// The `action` parameter.
    pub action: String,
    /// What the documentation calls it.
    pub api_type: String,
    /// In words.
    pub title: String,
    /// What a call can do.
    pub risk: Risk,
    /// The method of the documentation's examples.
    pub method: String,
    /// `documented`, or where it was seen.
    pub status: String,
    /// The body code of success.
    pub success_code: i64,
    /// Its parameters.
    pub params: Vec<Param>,
    /// The shape of `data`, in words.
    #[serde(default)]
    pub response: Vec<String>,
}

/// A body code, as documented.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// `code` in the envelope.
    pub code: i64,
    /// `msg` in the envelope.
    pub msg: String,
    /// In words.
    pub meaning: String,
}

/// How the older API is recognised.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegacyV1 {
    /// Parameters that the older API authenticated with.
    pub param_markers: Vec<String>,
    /// Those of them that are a certain sign.
    pub strong_markers: Vec<String>,
    /// Other parameter names of the older API.
    pub param_hints: Vec<String>,
    /// Action names of the older API.
    pub action_hints: Vec<String>,
    /// The form of `userstr`.
    pub userstr_regex: String,
    /// The form of `vtime`.
    pub vtime_regex: String,
    /// The form of `vtime`, in words.
    pub vtime_format: String,
    /// The zone of `vtime`.
    pub vtime_timezone: String,
    /// How `userstr` is made.
    pub userstr_formula: String,
    /// Shortest and longest `userid`, in characters.
    pub userid_len: [usize; 2],
    /// Shortest and longest `domainpwd`, in characters.
    pub domainpwd_len: [usize; 2],
}

/// The catalogue: all that the documentation says, as data.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Addresses and formats.
    pub meta: Meta,
    /// The documented actions.
    #[serde(rename = "action")]
    pub actions: Vec<Action>,
    /// Operations that are named somewhere, whose action names nobody has published.
    #[serde(rename = "unknown_action")]
    pub unknown_actions: Vec<UnknownAction>,
    /// The documented body codes.
    #[serde(rename = "code")]
    pub codes: Vec<Code>,
    /// The older API.
    pub legacy_v1: LegacyV1,
}

/// Addresses and formats.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Meta {
    /// The catalogue's own format.
    pub format_version: u32,
    /// The API's name.
    pub api: String,
    /// Base URL of production.
    pub production: String,
    /// Base URL of the sandbox.
    pub sandbox: String,
    /// The older API's address: a guess, never shown as a fact.
    pub legacy_v1_root_guess: String,
    /// Name of the header that carries the credential.
    pub auth_header: String,
    /// The credential's form.
    pub auth_format: String,
    /// What stands in front of the credential: nothing.
    pub auth_scheme_prefix: String,
    /// The documented content type.
    pub content_type: String,
    /// Methods that the documentation uses.
    pub documented_methods: Vec<String>,
    /// What is known of methods.
    pub method_note: String,
    /// Where parameters stand.
    pub params_location: String,
    /// Where the documentation is.
    pub docs_page: String,
    /// Hosts that mirror the documentation.
    pub third_party_mirrors: Vec<String>,
    /// Hosts that must never see a credential.
    pub never_send_credentials_to: Vec<String>,
    /// How to treat an action that is not listed.
    pub unknown_action_policy_suggestion: String,
}

/// An operation without a known action name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnknownAction {
    /// In words.
    pub operation: String,
    /// A guess; never shown as a fact.
    pub risk_guess: String,
    /// Where it was seen.
    pub evidence: String,
}

impl Catalogue {
    /// The built-in catalogue.
    ///
    /// # Panics
    /// Never: a test parses the same embedded text.
    pub fn builtin() -> &'static Self {
        static BUILTIN: LazyLock<Catalogue> =
            LazyLock::new(|| match toml::from_str(BUILTIN_TOML) {
                Ok(catalogue) => catalogue,
                Err(error) => {
                    unreachable!("the embedded catalogue parses, and a test says so: {error}")
                }
            });
        &BUILTIN
    }

    /// The action of this category, if documented. Names are compared as sent: the API's own case rules are unknown.
    pub fn action(&self, category: &str, action: &str) -> Option<&Action> {
        self.actions
            .iter()
            .find(|have| have.category == category && have.action == action)
    }

    /// How the value of a parameter of this name is shown, whatever the action.
    pub fn sensitivity(&self, name: &str) -> Sensitivity {
        let of_actions = self.actions.iter().flat_map(|action| &action.params);
        let known = of_actions
            .filter(|param| param.name.eq_ignore_ascii_case(name))
            .map(Param::sensitivity);
        if LEGACY_SECRETS
            .iter()
            .any(|secret| secret.eq_ignore_ascii_case(name))
        {
            return Sensitivity::Secret;
        }
        known
            .max_by_key(|sensitivity| *sensitivity as u8)
            .unwrap_or(Sensitivity::Open)
    }
}

/// The older API's parameters that are as good as a password (`userstr` is an offline-guessable hash of it).
const LEGACY_SECRETS: [&str; 2] = ["userstr", "domainpwd"];
const BUILTIN_TOML: &str = include_str!("../../config/nicenic-v2.toml");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_catalogue_parses() {
        let catalogue: Catalogue = toml::from_str(BUILTIN_TOML).unwrap();
        assert_eq!(catalogue.actions.len(), 12);
        assert_eq!(
            catalogue.action("domain", "register").unwrap().risk,
            Risk::Spend
        );
        assert!(catalogue.action("user", "register").is_none());
    }

    #[test]
    fn sensitivity_goes_by_name() {
        let catalogue = Catalogue::builtin();
        for (name, want) in [
            ("authcode", Sensitivity::Secret),
            ("password", Sensitivity::Secret),
            ("USERSTR", Sensitivity::Secret),
            ("email", Sensitivity::Pii),
            ("domain", Sensitivity::Open),
            ("whatever", Sensitivity::Open),
        ] {
            assert_eq!(catalogue.sensitivity(name), want, "{name}");
        }
    }
}
