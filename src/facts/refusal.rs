//! What is known of a head or body that is not forwarded.
use crate::http1::{Defect, DefectKind};

/// A head or body that must not be forwarded, as the rules see it.
pub struct Refusal {
    /// What is wrong, and where.
    pub defect: Defect,
    /// Whether the defect stands in, or right after, an Authorization line, as far as a tolerant reader can tell.
    pub near_authorization: bool,
    /// Which control byte the defect's line has first.
    pub control: &'static str,
}

impl Refusal {
    /// Looks at the refused bytes, which begin with the request line.
    pub fn derive(defect: Defect, bytes: &[u8]) -> Self {
        Self {
            near_authorization: is_near_authorization(&defect, bytes),
            control: control_byte(&defect, bytes),
            defect,
        }
    }
}

fn control_byte(defect: &Defect, bytes: &[u8]) -> &'static str {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let line = lines.nth(defect.line.saturating_sub(1)).unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let is_control = |byte: &&u8| byte.is_ascii_control() && **byte != b'\t';
    match line.iter().find(is_control) {
        Some(0) => "NUL",
        Some(0x08) => "a backspace",
        Some(0x1b) => "ESC (a terminal's colours)",
        Some(0x7f) => "DEL",
        _ => "a control byte",
    }
}

fn is_near_authorization(defect: &Defect, bytes: &[u8]) -> bool {
    let is_authorization = |name: &[u8]| name.trim_ascii().eq_ignore_ascii_case(b"authorization");
    if let Some(field) = &defect.field
        && is_authorization(field.as_bytes())
    {
        return true;
    }
    let lines: Vec<&[u8]> = bytes
        .split(|byte| *byte == b'\n')
        .take(defect.line)
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .collect();
    // A fold continues the line before it; a head that ended early ended in the line before the empty one.
    let continues = |line: &[u8]| {
        let is_empty = line.is_empty() && defect.kind == DefectKind::EarlyEnd;
        is_empty || matches!(line.first(), Some(b' ' | b'\t'))
    };
    let begins = lines.iter().rev().find(|line| !continues(line));
    let name_of = |line: &[u8]| memchr::memchr(b':', line).map(|colon| line[..colon].to_vec());
    begins.is_some_and(|line| name_of(line).is_some_and(|name| is_authorization(&name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_defect_at_the_credential_is_known() {
        let head = b"GET / HTTP/1.1\r\nAuthorization: u:s\r\n t\r\n\r\nContent-Type: x\r\n";
        for (kind, line, field, want) in [
            (DefectKind::BareLf, 2, Some("authorization"), true),
            (DefectKind::Fold, 3, Some("t"), true),
            (DefectKind::EarlyEnd, 4, None, true),
            (DefectKind::EarlyEnd, 5, None, false),
            (DefectKind::BareLf, 1, None, false),
            (DefectKind::BareLf, 99, None, false),
            (DefectKind::SlowHead, 0, None, false),
        ] {
            let field = field.map(Into::into);
            let defect = Defect { kind, line, field };
            assert_eq!(
                Refusal::derive(defect, head).near_authorization,
                want,
                "{kind:?} {line}"
            );
        }
    }
}
