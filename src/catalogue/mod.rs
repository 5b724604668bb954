//! The API as data: actions, parameters, risk, sensitivity, codes. Source: `config/nicenic-v2.toml`, and what a user's
//! own file adds.
use std::fmt::Write as _;
use std::sync::{LazyLock, OnceLock};

use serde::{Deserialize, Serialize};

mod user;

pub use user::UserError;

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
    /// What the user says of body codes.
    #[serde(skip)]
    pub user_codes: Vec<UserCode>,
}

/// What the user says of a body code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserCode {
    /// `code` in the envelope.
    pub code: i64,
    /// Lower-case words that `msg` must hold; empty: any.
    pub msg_contains: String,
    /// What it means.
    pub means: Means,
}

/// What a body code can mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Means {
    /// Done.
    Ok,
    /// Accepted, not finished: must not be sent again.
    Pending,
    /// The login or the address was refused.
    Refused,
    /// The request was refused.
    Rejected,
    /// The server failed; what became of the request is open.
    Failed,
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
    /// The catalogue in force: the built-in one, with what the user adds.
    pub fn current() -> &'static Self {
        INSTALLED.get().unwrap_or_else(Self::builtin)
    }

    /// Puts this catalogue in force; once, before anything reads [`Catalogue::current`]. Later ones do nothing.
    pub fn install(merged: Self) {
        // A second one can only come of a second start in one process, which has the same settings.
        let _ = INSTALLED.set(merged);
    }

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

    /// What the user says that a body code means; the first entry that fits.
    pub fn meaning(&self, code: i64, msg: &str) -> Option<Means> {
        let msg = msg.to_lowercase();
        let fits = |have: &&UserCode| have.code == code && msg.contains(&have.msg_contains);
        self.user_codes.iter().find(fits).map(|have| have.means)
    }

    /// The actions and codes, one a line.
    pub fn table(&self) -> String {
        let mut table = String::new();
        for action in &self.actions {
            let required = |required| {
                let params = action.params.iter();
                let names = params.filter(move |param| param.required == required);
                names.map(|param| param.name.as_str()).collect::<Vec<_>>()
            };
            let call = format!("{} {}", action.category, action.action);
            let risk = word(&action.risk);
            let _ = writeln!(table, "{call:26}  {risk:7}  {}", action.title);
            for (label, names) in [("takes", required(true)), ("optional", required(false))] {
                if !names.is_empty() {
                    put_wrapped(&mut table, label, &names);
                }
            }
        }
        for code in &self.codes {
            let _ = writeln!(table, "code {:<21}  {}", code.code, code.meaning);
        }
        for code in &self.user_codes {
            let words = match code.msg_contains.as_str() {
                "" => String::new(),
                words => format!(" where msg holds `{words}`"),
            };
            let means = word(&code.means);
            let _ = writeln!(table, "code {:<21}  {means}{words} (your file)", code.code);
        }
        table
    }

    /// The same as JSON.
    pub fn table_json(&self) -> String {
        let actions: Vec<_> = self.actions.iter().map(action_json).collect();
        let codes: Vec<_> = self
            .codes
            .iter()
            .map(|code| {
                serde_json::json!({"code": code.code, "msg": code.msg, "meaning": code.meaning})
            })
            .collect();
        let user_codes: Vec<_> = self
            .user_codes
            .iter()
            .map(|code| {
                serde_json::json!({
                    "code": code.code,
                    "msg_contains": code.msg_contains,
                    "means": word(&code.means),
                })
            })
            .collect();
        let all = serde_json::json!({
            "actions": actions,
            "codes": codes,
            "user_codes": user_codes,
        });
        format!("{all:#}\n")
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

fn action_json(action: &Action) -> serde_json::Value {
    let params: Vec<_> = action
        .params
        .iter()
        .map(|param| {
            let sensitivity = match param.sensitivity() {
                Sensitivity::Open => "open",
                Sensitivity::Pii => "pii",
                Sensitivity::Secret => "secret",
            };
            serde_json::json!({
                "name": param.name,
                "type": param.kind,
                "required": param.required,
                "shown": sensitivity,
            })
        })
        .collect();
    serde_json::json!({
        "category": action.category,
        "action": action.action,
        "title": action.title,
        "risk": word(&action.risk),
        "status": action.status,
        "params": params,
    })
}

/// One of our own enum words, as it is serialised.
fn word(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

fn put_wrapped(table: &mut String, label: &str, names: &[&str]) {
    let mut line = format!("    {label:8} ");
    let indent = line.len();
    for name in names {
        if line.len() + name.len() > COLUMNS {
            let _ = writeln!(table, "{}", line.trim_end());
            line = " ".repeat(indent);
        }
        line.push_str(name);
        line.push(' ');
    }
    let _ = writeln!(table, "{}", line.trim_end());
}

static INSTALLED: OnceLock<Catalogue> = OnceLock::new();
const COLUMNS: usize = 98;
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
    fn the_table_fits_a_terminal_and_has_every_action() {
        let catalogue = Catalogue::builtin();
        let table = catalogue.table();
        for line in table.lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
        let json: serde_json::Value = serde_json::from_str(&catalogue.table_json()).unwrap();
        assert_eq!(json["actions"].as_array().unwrap().len(), 12);
        for action in &catalogue.actions {
            assert!(table.contains(&format!("{} {}", action.category, action.action)));
        }
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
