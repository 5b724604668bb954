//! The two macros of a rule file: its declaration, and its messages.

/// Builds a [`Text`](crate::rule::Text) of literals, numbers and [`Raw`](crate::redact::seal::Raw) wire text.
///
/// Wire text that is not wrapped does not compile:
/// ```compile_fail
/// let secret = String::from("hunter2");
/// let text = nicetap::text![secret];
/// ```
#[macro_export]
macro_rules! text {
    ($($piece:expr),+ $(,)?) => {
        $crate::rule::Text(vec![$($crate::rule::Piece::from($piece)),+])
    };
}

/// Declares the one rule of a file; the file's `check` function is its check.
macro_rules! declare_rule {
    (
        $(#[doc = $doc:literal])+
        $code:ident $name:literal: $family:ident, $severity:ident, $confidence:ident,
        check: $stage:ident,
        $(cause: $cause:literal,)?
        summary: $summary:literal,
        fix: $fix:literal,
        since: $since:literal,
        $(once: $once:literal,)?
    ) => {
        pub(in crate::rules) static RULE: $crate::rule::Rule = $crate::rule::Rule {
            code: stringify!($code),
            name: $name,
            family: $crate::rule::Family::$family,
            severity: $crate::rule::Severity::$severity,
            confidence: $crate::rule::Confidence::$confidence,
            cause: $crate::rule::declare_rule!(@cause $($cause)?),
            summary: $summary,
            fix: $fix,
            doc: concat!($($doc, "\n"),+),
            since: $since,
            once: false $(|| $once)?,
            file: file!(),
            check: $crate::rule::Check::$stage(check),
        };
    };
    (@cause) => { None };
    (@cause $cause:literal) => { Some($cause) };
}
pub(crate) use declare_rule;
