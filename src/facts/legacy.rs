//! Words of the older API: its login in parameters, its names for actions and parameters.
use jiff::civil::DateTime;
use jiff::tz::Offset;

use crate::clock::Time;

use super::params::Param;

/// What of a request belongs to the older API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Legacy {
    /// The parameter that logs in there: `userstr`, `vtime`, or `userid` where no Authorization header stands.
    pub login: Option<&'static str>,
    /// The first of its other words.
    pub word: Option<LegacyWord>,
    /// Minutes that `vtime` is away from the request's own time, if it is more than ten; above zero: ahead.
    pub minutes_off: Option<i64>,
}

/// A word of the older API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LegacyWord {
    /// The parameter that it stands in, or is.
    pub param: &'static str,
    /// The word.
    pub word: &'static str,
    /// What version 2 has instead.
    pub now: &'static str,
}

impl Legacy {
    pub(super) fn of(params: &[Param], has_header: bool, time: Option<Time>) -> Self {
        let mut legacy = Self::default();
        for param in params {
            let word = WORDS.iter().find(|(name, _)| param.is(name));
            if let Some((name, now)) = word {
                let word = LegacyWord {
                    param: name,
                    word: name,
                    now,
                };
                legacy.word = legacy.word.or(Some(word));
            } else if param.is("action") && param.value.expose().eq_ignore_ascii_case("activate") {
                // The action is the word to change first, wherever it stands.
                legacy.word = Some(LegacyWord {
                    param: "action",
                    word: "activate",
                    now: "register",
                });
            } else if param.is("userstr") {
                legacy.login = Some("userstr");
            } else if param.is("vtime") {
                legacy.login = legacy.login.or(Some("vtime"));
                let off = time.and_then(|time| minutes_off(param.value.expose(), time));
                legacy.minutes_off = off.filter(|off| off.abs() > MOST_MINUTES_OFF);
            }
        }
        let has_userid = || params.iter().any(|param| param.is("userid"));
        if legacy.login.is_none() && !has_header && has_userid() {
            legacy.login = Some("userid");
        }
        legacy
    }
}

/// How far `YYYYMMDDHHMM` in GMT+8 is from this time.
fn minutes_off(vtime: &str, time: Time) -> Option<i64> {
    if vtime.len() != 12 || !vtime.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = |at: usize, length: usize| vtime[at..at + length].parse::<i16>().ok();
    let small = |at| i8::try_from(number(at, 2)?).ok();
    let (year, month, day) = (number(0, 4)?, small(4)?, small(6)?);
    let clock = DateTime::new(year, month, day, small(8)?, small(10)?, 0, 0).ok()?;
    let said = Offset::constant(8).to_timestamp(clock).ok()?;
    Some((said.as_millisecond() - time.as_millis()) / 60_000)
}

/// Parameters of the older API that are no login, and what version 2 has in their place.
const WORDS: [(&str, &str); 3] = [
    ("vyear", "year"),
    ("productid", "domain, with its ending"),
    ("domainpwd", "no such parameter"),
];
/// A clock may be a little off, and a request takes its time.
const MOST_MINUTES_OFF: i64 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vtime_is_read_in_gmt_plus_8() {
        let noon_utc = Time::from_millis(1_767_268_800_000);
        for (vtime, want) in [
            ("202601012000", Some(0)),
            ("202601011200", Some(-480)),
            ("202601012005", Some(5)),
            ("202613012000", None),
            ("1700000000", None),
            ("20260101200", None),
            ("２０２６", None),
        ] {
            assert_eq!(minutes_off(vtime, noon_utc), want, "{vtime}");
        }
    }
}
