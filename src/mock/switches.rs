//! The header `Mock-Answer`: odd answers on demand.
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame};
use hyper::{HeaderMap, StatusCode};
use thiserror::Error;

/// What the caller wants the mock to do. `slow` goes with one of the others: `slow=2s, cut`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Switches {
    /// How long to wait before the answer.
    pub(super) delay: Duration,
    pub(super) answer: Answer,
}

/// How to answer.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Answer {
    /// As the documentation says.
    #[default]
    Usual,
    /// The usual one, cut in the middle.
    Cut,
    /// A web page, with status 200.
    Html,
    /// A web page, with this status.
    Status(StatusCode),
    /// Accepted and not finished.
    Pending,
    /// With a comma too many.
    InvalidJson,
    /// As if the caller's address were not in the list.
    RefuseIp,
    /// As if the credential were wrong.
    RefuseLogin,
    /// None: the connection is closed.
    Close,
}

/// The header cannot be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{HEADER} knows {KNOWN}")]
pub(super) struct Unknown;

/// The switch `close` is on. As an error of the service it makes hyper close the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("closed without a reply, as asked")]
pub(super) struct Closed;

impl Switches {
    pub(super) fn read(headers: &HeaderMap) -> Result<Self, Unknown> {
        let mut switches = Self::default();
        for field in headers.get_all(HEADER) {
            for switch in field.to_str().map_err(|_| Unknown)?.split(',') {
                switches.set(switch.trim())?;
            }
        }
        Ok(switches)
    }

    fn set(&mut self, switch: &str) -> Result<(), Unknown> {
        if let Some(delay) = switch.strip_prefix("slow=") {
            self.delay = duration(delay).ok_or(Unknown)?;
            return Ok(());
        }
        let answer = match switch {
            "cut" => Answer::Cut,
            "html" => Answer::Html,
            "pending" => Answer::Pending,
            "invalid-json" => Answer::InvalidJson,
            "refuse-ip" => Answer::RefuseIp,
            "refuse-login" => Answer::RefuseLogin,
            "close" => Answer::Close,
            other => Answer::Status(
                other
                    .strip_prefix("status=")
                    .and_then(status)
                    .ok_or(Unknown)?,
            ),
        };
        if self.answer != Answer::Usual {
            return Err(Unknown);
        }
        self.answer = answer;
        Ok(())
    }
}

/// `500ms`, `2s`, `1m`.
fn duration(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let count: u64 = digits.parse().ok()?;
    let unit = match &text[digits.len()..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _ => return None,
    };
    let delay = Duration::from_millis(count.checked_mul(unit)?);
    (delay <= LONGEST_DELAY).then_some(delay)
}

/// A final status: an interim one would leave the client waiting for another.
fn status(text: &str) -> Option<StatusCode> {
    let status: u16 = text.parse().ok()?;
    StatusCode::from_u16(status)
        .ok()
        .filter(|_| (200..600).contains(&status))
}

/// A body that breaks off.
pub(super) struct Cut {
    first_half: Option<Bytes>,
    is_sent: bool,
}

impl Cut {
    pub(super) fn in_the_middle(text: String) -> Self {
        let text = Bytes::from(text);
        Self {
            first_half: Some(text.slice(..text.len() / 2)),
            is_sent: false,
        }
    }
}

impl Body for Cut {
    type Data = Bytes;
    type Error = Closed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Closed>>> {
        if let Some(half) = self.first_half.take() {
            return Poll::Ready(Some(Ok(Frame::data(half))));
        }
        if !self.is_sent {
            // One round later, so that hyper has sent the first half before it hears of the end.
            self.is_sent = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(Closed)))
    }
}

pub(super) const HEADER: &str = "Mock-Answer";
pub(super) const KNOWN: &str =
    "slow=2s, cut, html, status=503, pending, invalid-json, refuse-ip, refuse-login, close";
const LONGEST_DELAY: Duration = Duration::from_mins(10);

#[cfg(test)]
mod tests {
    use super::*;

    fn read(field: &'static str) -> Result<Switches, Unknown> {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, field.parse().unwrap());
        Switches::read(&headers)
    }

    #[test]
    fn switches_are_read() {
        let switches = read("slow=1500ms, status=503").unwrap();
        assert_eq!(switches.delay, Duration::from_millis(1500));
        assert_eq!(
            switches.answer,
            Answer::Status(StatusCode::SERVICE_UNAVAILABLE)
        );
        assert_eq!(read("slow=10m").unwrap().answer, Answer::Usual);
    }

    #[test]
    fn what_is_no_switch_is_refused() {
        for odd in [
            "",
            "fast",
            "cut,",
            "cut, html",
            "slow",
            "slow=",
            "slow=s",
            "slow=1",
            "slow=1h",
            "slow=11m",
            "status=",
            "status=100",
            "status=600",
            "status=99999",
            "slow=99999999999999999999s",
            "slow=18446744073709551615m",
        ] {
            assert_eq!(read(odd), Err(Unknown), "{odd}");
        }
    }
}
