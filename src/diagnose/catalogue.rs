//! The causes that can be told: the eight of NiceNIC's support article, and a few that are none of them.
use crate::record::Who;

/// A cause as data.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) cause: &'static str,
    pub(super) title: &'static str,
    pub(super) who: Who,
    pub(super) fix: &'static str,
}

/// The cause of this number or word.
pub(super) fn kind(cause: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.cause == cause)
}

impl Kind {
    /// Its place in the article; the others follow.
    pub(super) fn order(&self) -> usize {
        KINDS
            .iter()
            .position(|kind| kind.cause == self.cause)
            .unwrap_or(KINDS.len())
    }
}

const fn of(cause: &'static str, who: Who, title: &'static str, fix: &'static str) -> Kind {
    Kind {
        cause,
        title,
        who,
        fix,
    }
}

static KINDS: [Kind; 20] = [
    of(
        "1",
        Who::You,
        "the API password is not the right one",
        "NiceNIC: Reseller, API Settings: set an API password other than the login password, save, and use it (WHMCS: API Secret)",
    ),
    of(
        "2",
        Who::You,
        "the Authorization header is wrong",
        "send exactly `Authorization: username:api_secret`",
    ),
    of(
        "3",
        Who::You,
        "the outbound IP is not whitelisted",
        "NiceNIC: Reseller, API Settings, IP whitelist: enter the outbound IP and save",
    ),
    of(
        "4",
        Who::You,
        "the outbound IP differs from the one entered",
        "compare the outbound IP with the IP whitelist (NiceNIC: Reseller, API Settings); ask your hosting provider for one fixed address",
    ),
    of(
        "5",
        Who::Nicenic,
        "the account may not use the API",
        "look whether your account shows Reseller, API Settings; if it does not, ask NiceNIC to open the API for it",
    ),
    of(
        "6",
        Who::You,
        "the endpoint is wrong",
        "call https://api.nicenic.net/v2/ (production) or https://sandbox-api.nicenic.net/v2/ (sandbox)",
    ),
    of(
        "7",
        Who::You,
        "content type, body or a parameter is wrong",
        "compare each parameter's name and form with the documentation of this action",
    ),
    of(
        "8",
        Who::You,
        "the settings in WHMCS are wrong or not saved",
        "WHMCS: domain registrars, NiceNIC: enter user name and API Secret again, save, and look whether cron runs on this server",
    ),
    of(
        "environment",
        Who::You,
        "the credential belongs to the other system",
        "sandbox and production have a secret each: use the one of the system that is called",
    ),
    of(
        "changed",
        Who::You,
        "something was changed since it worked",
        "was the API password or the IP whitelist changed since (NiceNIC: Reseller, API Settings)? If not, ask NiceNIC",
    ),
    of(
        "balance",
        Who::You,
        "the balance does not suffice",
        "look at the account's balance at NiceNIC",
    ),
    of(
        "rate",
        Who::You,
        "too many calls",
        "wait, then call less often; do not repeat a paid call without looking at its outcome",
    ),
    of(
        "domain",
        Who::You,
        "the domain's state does not allow it",
        "look at the domain's state and at the message",
    ),
    of(
        "between",
        Who::Host,
        "somebody before the API answered",
        "look at the reply's body: a firewall, a captcha or a proxy may stand between; name the outbound IP to NiceNIC or to your hosting provider",
    ),
    of(
        "server",
        Who::Nicenic,
        "the server failed",
        "try a read-only call later; give NiceNIC the time in UTC and the reply",
    ),
    of(
        "broken",
        Who::Nicenic,
        "the connection broke before the whole reply came",
        "it is not known whether the call was carried out: look before you repeat a paid one",
    ),
    of(
        "name",
        Who::Host,
        "the server's name was not found",
        "check the name, then the DNS of this machine: getent hosts NAME",
    ),
    of(
        "network",
        Who::Host,
        "the server was not reached",
        "check whether a firewall on this machine or at the hosting provider lets port 443 out",
    ),
    of(
        "tls",
        Who::Host,
        "no TLS with the server",
        "read the reason; an antivirus, a corporate proxy or old root certificates may be behind it",
    ),
    of(
        "client",
        Who::You,
        "the client ended the call first",
        "look at the client's own time limit",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_is_explained_in_the_guide() {
        let guide = include_str!("../../docs/diagnosis.md");
        for kind in &KINDS {
            let is_number = kind.cause.bytes().all(|byte| byte.is_ascii_digit());
            let wanted = if is_number {
                format!("| {} | {} |", kind.cause, kind.title)
            } else {
                format!("`{}`", kind.cause)
            };
            assert!(guide.contains(&wanted), "{wanted}");
        }
    }

    #[test]
    fn titles_and_fixes_are_fragments() {
        for kind in &KINDS {
            assert!(
                !kind.title.ends_with('.') && !kind.fix.ends_with('.'),
                "{}",
                kind.cause
            );
            assert!(kind.title.chars().count() <= 60, "{}", kind.title);
        }
    }
}
