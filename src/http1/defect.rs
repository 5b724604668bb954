//! What is wrong with a request that must not be forwarded.

/// Why a request cannot be forwarded as exactly one request that every reader reads alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DefectKind {
    /// A line end without its carriage return: tolerant readers end the head there.
    BareLf,
    /// A carriage return that ends no line.
    BareCr,
    /// The head ended, and what follows looks like more of its fields.
    EarlyEnd,
    /// A line that begins with white space: it continues the field before it (obs-fold).
    Fold,
    /// White space between a field's name and its colon.
    SpaceBeforeColon,
    /// A field line without a colon.
    NoColon,
    /// A field name that is empty or has a byte that no name may have.
    BadFieldName,
    /// A control byte, such as NUL or ESC, in a field value.
    ControlByte,
    /// The request line is not `METHOD TARGET HTTP/1.1`, each apart by one space.
    BadRequestLine,
    /// The method has a byte that no method may have, or is too long.
    BadMethod,
    /// The target is of no form that this method may have.
    BadTarget,
    /// A version other than HTTP/1.0 and HTTP/1.1.
    BadVersion,
    /// HTTP/1.1 without Host.
    NoHost,
    /// More than one Host.
    TwoHosts,
    /// A Host that is not `name` or `name:port`.
    BadHost,
    /// More than one Content-Length.
    TwoContentLengths,
    /// A Content-Length that is not a plain decimal number.
    BadContentLength,
    /// Content-Length and Transfer-Encoding together.
    LengthAndCoding,
    /// A Transfer-Encoding other than one `chunked`, or in HTTP/1.0.
    BadTransferEncoding,
    /// A CONNECT that announces a body.
    BodyOnConnect,
    /// A chunk size, chunk end or chunk extension that is not sound.
    BadChunk,
    /// A trailer field that is not sound, or that may not be a trailer.
    BadTrailer,
    /// An Authorization among the trailer fields.
    CredentialTrailer,
    /// A head over the limit in bytes.
    HeadTooLarge,
    /// A head over the limit in fields.
    TooManyFields,
    /// A target over the limit in bytes.
    TargetTooLong,
    /// The head did not come whole in time.
    SlowHead,
    /// The client went away in the middle of the head.
    CutHead,
    /// A TLS hello on the plain port: an `https://` proxy URL?
    TlsHello,
    /// A SOCKS greeting: a `socks5://` proxy URL?
    SocksGreeting,
    /// The HTTP/2 preface.
    Http2Preface,
}

impl DefectKind {
    /// What is wrong, as a fragment that a sentence can hold.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::BareLf => "a line of the head ends with a bare LF",
            Self::BareCr => "a bare CR stands in the head",
            Self::EarlyEnd => "the head ends early, and more of its fields follow",
            Self::Fold => "a field line begins with white space",
            Self::SpaceBeforeColon => "white space stands between a field name and its colon",
            Self::NoColon => "a field line has no colon",
            Self::BadFieldName => "a field name has a byte that no name may have",
            Self::ControlByte => "a field value has a control byte",
            Self::BadRequestLine => "the request line is not `METHOD TARGET HTTP/1.1`",
            Self::BadMethod => "the method is not a token",
            Self::BadTarget => "the request target is of no allowed form",
            Self::BadVersion => "the HTTP version is neither 1.0 nor 1.1",
            Self::NoHost => "HTTP/1.1 without Host",
            Self::TwoHosts => "more than one Host",
            Self::BadHost => "Host is not `name` or `name:port`",
            Self::TwoContentLengths => "more than one Content-Length",
            Self::BadContentLength => "Content-Length is not a plain decimal number",
            Self::LengthAndCoding => "Content-Length and Transfer-Encoding together",
            Self::BadTransferEncoding => "a Transfer-Encoding other than one `chunked`",
            Self::BodyOnConnect => "a CONNECT that announces a body",
            Self::BadChunk => "a chunk that is not sound",
            Self::BadTrailer => "a trailer field that is not sound or not allowed",
            Self::CredentialTrailer => "the credential stands in a trailer field",
            Self::HeadTooLarge => "the head is larger than 64 KiB",
            Self::TooManyFields => "the head has more than 256 fields",
            Self::TargetTooLong => "the request target is longer than 32 KiB",
            Self::SlowHead => "the head did not come whole in time",
            Self::CutHead => "the client went away in the middle of the head",
            Self::TlsHello => "a TLS hello on the plain proxy port",
            Self::SocksGreeting => "a SOCKS greeting on the HTTP proxy port",
            Self::Http2Preface => "the HTTP/2 preface",
        }
    }

    /// The status that answers it; `None` where only closing makes sense.
    pub const fn status(self) -> Option<u16> {
        match self {
            Self::HeadTooLarge | Self::TooManyFields => Some(431),
            Self::TargetTooLong => Some(414),
            Self::SlowHead => Some(408),
            Self::BadVersion | Self::Http2Preface => Some(505),
            Self::CutHead | Self::TlsHello | Self::SocksGreeting => None,
            _ => Some(400),
        }
    }
}

/// A [`DefectKind`] and its place.
#[derive(Clone)]
pub struct Defect {
    /// What is wrong.
    pub kind: DefectKind,
    /// The line of the head, from 1 (the request line).
    pub line: usize,
    /// The name of the field in which, or right after which, the defect stands.
    pub field: Option<Box<str>>,
}

impl Defect {
    /// A defect with no place inside the head.
    pub const fn whole(kind: DefectKind) -> Self {
        Self {
            kind,
            line: 1,
            field: None,
        }
    }
}
