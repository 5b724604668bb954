//! The verdict: what to make of an exchange, in one word. Ranked causes come with the history.
use crate::catalogue::{Catalogue, Means};
use crate::facts;
use crate::record::{AnswerBy, Stage, Verdict};

/// The verdict on an exchange.
///
/// What the documentation does not say is not assumed: a body code that is neither success nor pending is a refusal
/// of the login only where its message, or the status, speaks of one.
pub fn verdict(answered: AnswerBy, failed: Option<Stage>, reply: Option<&facts::Reply>) -> Verdict {
    with_reply(answered, failed, reply.map(of_reply))
}

/// The verdict on an exchange whose reply could not be looked into.
pub fn verdict_by_status(
    answered: AnswerBy,
    failed: Option<Stage>,
    status: Option<u16>,
) -> Verdict {
    with_reply(answered, failed, status.map(of_status))
}

fn with_reply(answered: AnswerBy, failed: Option<Stage>, reply: Option<Verdict>) -> Verdict {
    match failed {
        None if answered == AnswerBy::Nicetap => Verdict::Held,
        Some(Stage::Resolve | Stage::Connect | Stage::Tls) => Verdict::Unreachable,
        Some(Stage::Send | Stage::Receive) => Verdict::Failed,
        // Though the client went away, the reply was read to its end: what it says still counts.
        None | Some(Stage::Client) => reply.unwrap_or(Verdict::Aborted),
    }
}

fn of_reply(reply: &facts::Reply) -> Verdict {
    if let Some(envelope) = &reply.envelope {
        return of_envelope(envelope, reply.status);
    }
    of_status(reply.status)
}

const fn of_status(status: u16) -> Verdict {
    match status {
        401 | 403 | 407 => Verdict::Refused,
        500.. => Verdict::Failed,
        400.. => Verdict::Rejected,
        _ => Verdict::Ok,
    }
}

fn of_envelope(envelope: &facts::Envelope, status: u16) -> Verdict {
    // What the user says of a code goes before what we read into it.
    if let Some(means) = Catalogue::current().meaning(envelope.code, envelope.msg.expose()) {
        return match means {
            Means::Ok => Verdict::Ok,
            Means::Pending => Verdict::Pending,
            Means::Refused => Verdict::Refused,
            Means::Rejected => Verdict::Rejected,
            Means::Failed => Verdict::Failed,
        };
    }
    match envelope.code {
        // Success is 0; the table of `domain_list` says 200. 201: accepted, not finished.
        0 | 200 => Verdict::Ok,
        201 => Verdict::Pending,
        401 | 403 => Verdict::Refused,
        _ if matches!(status, 401 | 403) => Verdict::Refused,
        _ if speaks_of_access(envelope.msg.expose()) => Verdict::Refused,
        _ => Verdict::Rejected,
    }
}

/// Words of a refused login or address. The API's own texts are not documented, so that kinds of words are matched.
fn speaks_of_access(msg: &str) -> bool {
    let msg = msg.to_lowercase();
    ACCESS_WORDS.iter().any(|word| msg.contains(word))
}

const ACCESS_WORDS: [&str; 9] = [
    "auth",
    "credential",
    "login",
    "password",
    "permission",
    "whitelist",
    "white list",
    "denied",
    "forbidden",
];
