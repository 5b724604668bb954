//! Numbers and long texts, written for people.

pub(super) fn shorten(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some((at, _)) => {
            let more = text[at..].chars().count();
            format!("{}… ({more} more characters)", &text[..at])
        }
    }
}

pub(super) fn count(number: u64, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

pub(super) fn ordinal(number: u64) -> String {
    let end = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{end}")
}

#[expect(
    clippy::cast_precision_loss,
    reason = "one decimal is shown, far less than is lost"
)]
pub(super) fn size(bytes: u64) -> String {
    let bytes_f = bytes as f64;
    match bytes {
        0..KIB => format!("{bytes} B"),
        KIB..MIB => format!("{:.1} KiB", bytes_f / KIB as f64),
        MIB..GIB => format!("{:.1} MiB", bytes_f / MIB as f64),
        _ => format!("{:.1} GiB", bytes_f / GIB as f64),
    }
}

pub(super) fn duration(millis: f64) -> String {
    if millis < 10.0 {
        format!("{millis:.1} ms")
    } else if millis < 10_000.0 {
        format!("{millis:.0} ms")
    } else {
        format!("{:.1} s", millis / 1000.0)
    }
}

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(
            [1, 2, 3, 4, 11, 12, 13, 21, 112].map(ordinal).join(" "),
            "1st 2nd 3rd 4th 11th 12th 13th 21st 112th"
        );
        assert_eq!(
            [0, 52, 1024, 1_500_000, 1 << 31].map(size).join(", "),
            "0 B, 52 B, 1.0 KiB, 1.4 MiB, 2.0 GiB"
        );
        assert_eq!(
            [0.25, 243.4, 12_345.0].map(duration).join(", "),
            "0.2 ms, 243 ms, 12.3 s"
        );
    }
}
