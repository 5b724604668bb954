//! Colours. They mean something only beside a word: without them nothing is lost.
use anstyle::{AnsiColor, Style};

use crate::record::Severity;

pub(super) const fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Error => ERROR,
        Severity::Warn => WARN,
        Severity::Info => Style::new().fg_color(CYAN),
        Severity::Good => Style::new().fg_color(GREEN),
    }
}

pub(super) const RED: Option<anstyle::Color> = Some(anstyle::Color::Ansi(AnsiColor::Red));
pub(super) const YELLOW: Option<anstyle::Color> = Some(anstyle::Color::Ansi(AnsiColor::Yellow));
pub(super) const GREEN: Option<anstyle::Color> = Some(anstyle::Color::Ansi(AnsiColor::Green));
pub(super) const CYAN: Option<anstyle::Color> = Some(anstyle::Color::Ansi(AnsiColor::Cyan));
pub(super) const MAGENTA: Option<anstyle::Color> = Some(anstyle::Color::Ansi(AnsiColor::Magenta));
pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const ERROR: Style = Style::new().bold().fg_color(RED);
pub(super) const WARN: Style = Style::new().fg_color(YELLOW);
