//! Wall-clock times as the log writes them: RFC 3339, UTC, milliseconds.
use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A moment, to the millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(i64);

impl Time {
    /// This moment.
    pub fn now() -> Self {
        Self(Timestamp::now().as_millisecond())
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The moment so many milliseconds after 1970-01-01T00:00:00Z.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// The moment as jiff knows it, for time zones and arithmetic.
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// The minute, as people in this zone read it.
    pub fn minute_in(self, zone: TimeZone) -> String {
        let zoned = self.timestamp().to_zoned_datetime(zone);
        zoned.strftime("%Y-%m-%d %H:%M %:z").to_string()
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.timestamp())
    }
}

impl serde::Serialize for Time {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Time {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let moment: Timestamp = text.parse().map_err(serde::de::Error::custom)?;
        Ok(Self(moment.as_millisecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_reads_back_as_written() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_795_491_667_412, "2026-11-24T03:41:07.412Z"),
        ] {
            let time = Time::from_millis(millis);
            assert_eq!(time.to_string(), text);
            assert_eq!(
                serde_json::from_str::<Time>(&serde_json::to_string(&time).unwrap()).unwrap(),
                time
            );
        }
    }
}
