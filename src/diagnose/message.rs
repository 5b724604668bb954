//! What a message of the API speaks of. Its texts are not documented, so that kinds of words are matched, never whole
//! sentences; what matches nothing says nothing.

/// The subject of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaks {
    /// The caller's address.
    Address,
    /// The credential.
    Login,
    /// What the account may do.
    Permission,
    /// Money.
    Balance,
    /// Too many calls.
    Rate,
    /// The domain itself.
    Domain,
    /// The action or a parameter, by name.
    Action,
    /// None of these.
    Nothing,
}

impl Speaks {
    /// Whether the subject leaves the general suspects little room.
    pub(super) const fn is_specific(self) -> bool {
        matches!(
            self,
            Self::Address | Self::Balance | Self::Rate | Self::Domain | Self::Action
        )
    }
}

/// The subject of this message; of several the first in the list.
pub(super) fn subject(message: &str) -> Speaks {
    let message = message.to_lowercase();
    let words: Vec<&str> = message
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let has = |wanted: &str| {
        if wanted.contains(' ') {
            words.join(" ").contains(wanted)
        } else {
            words.iter().any(|word| word.starts_with(wanted))
        }
    };
    let is_ip = words.contains(&"ip") || has("ip address") || has("ips");
    if is_ip || has("whitelist") || has("white list") {
        return Speaks::Address;
    }
    let found = SUBJECTS
        .iter()
        .find(|(_, wanted)| wanted.iter().any(|word| has(word)));
    found.map_or(Speaks::Nothing, |(subject, _)| *subject)
}

const SUBJECTS: [(Speaks, &[&str]); 6] = [
    (
        Speaks::Balance,
        &["balance", "insufficient fund", "credit", "prepaid"],
    ),
    (
        Speaks::Rate,
        &["too many", "rate limit", "throttl", "frequen"],
    ),
    (
        Speaks::Login,
        &[
            "auth",
            "login",
            "password",
            "credential",
            "secret",
            "username",
            "signature",
        ],
    ),
    (
        Speaks::Permission,
        &[
            "permission",
            "denied",
            "forbidden",
            "not allowed",
            "eligib",
            "reseller",
            "privilege",
        ],
    ),
    (
        Speaks::Domain,
        &[
            "already registered",
            "not registered",
            "not available",
            "unavailable",
            "expired",
            "locked",
        ],
    ),
    (
        Speaks::Action,
        &[
            "unknown action",
            "invalid action",
            "unsupported action",
            "missing",
            "required",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subject_of_a_message_is_recognised() {
        for (message, want) in [
            ("Request parameter error", Speaks::Nothing),
            ("", Speaks::Nothing),
            ("Invalid request IP: 203.0.113.9", Speaks::Address),
            ("Your IP is not in the white-list", Speaks::Address),
            ("not whitelisted", Speaks::Address),
            ("description too long", Speaks::Nothing),
            ("Authentication failed", Speaks::Login),
            ("API password error", Speaks::Login),
            ("Permission denied", Speaks::Permission),
            ("Insufficient balance", Speaks::Balance),
            ("Too many requests", Speaks::Rate),
            ("Domain is already registered", Speaks::Domain),
            ("Unknown action", Speaks::Action),
        ] {
            assert_eq!(subject(message), want, "{message}");
        }
    }
}
