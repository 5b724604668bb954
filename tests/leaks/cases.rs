//! The calls of the leak matrix: every spelling of a secret, and every place that is secret by itself.
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::encoders::ENCODERS;

/// One call with a secret that no other call has.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) secret: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<(&'static str, String)>,
    pub(crate) reason: String,
    pub(crate) reply_headers: Vec<(String, String)>,
    pub(crate) reply: (&'static str, Vec<u8>),
    /// Where in the reply's body it is cut, when it is.
    pub(crate) cut: usize,
}

impl Case {
    pub(crate) fn new(name: impl Into<String>, secret: &str) -> Self {
        let reply = br#"{"code":400,"msg":"Request parameter error","data":null}"#;
        Self {
            name: name.into(),
            secret: secret.to_owned(),
            target: "http://api.nicenic.net/v2/?category=domain&action=check&domains=a.example"
                .to_owned(),
            headers: Vec::new(),
            body: None,
            reason: "OK".to_owned(),
            reply_headers: Vec::new(),
            reply: ("application/json", reply.to_vec()),
            cut: 20,
        }
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn query(mut self, more: &str) -> Self {
        self.target = format!("{}&{more}", self.target);
        self
    }

    pub(crate) fn body(mut self, content_type: &'static str, body: impl Into<String>) -> Self {
        self.body = Some((content_type, body.into()));
        self
    }

    pub(crate) fn reply_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.reply_headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn reply(mut self, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        self.cut = body.len() / 2;
        self.reply = (content_type, body);
        self
    }

    pub(crate) fn request(&self, number: usize, defect: &str) -> Vec<u8> {
        let method = if self.body.is_some() { "POST" } else { "GET" };
        let mut head = format!(
            "{method} {} HTTP/1.1\r\nHost: api.nicenic.net\r\n{defect}X-Case: {number}\r\n",
            self.target
        );
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        let body = self.body.as_ref().map_or("", |(_, body)| body);
        if let Some((content_type, body)) = &self.body {
            head += &format!(
                "Content-Type: {content_type}\r\nContent-Length: {}\r\n",
                body.len()
            );
        }
        format!("{head}Connection: close\r\n\r\n{body}").into_bytes()
    }

    pub(crate) fn answer(&self) -> (Vec<u8>, &[u8]) {
        let (content_type, body) = &self.reply;
        let mut head = format!(
            "HTTP/1.1 200 {}\r\nContent-Type: {content_type}\r\n",
            self.reason
        );
        for (name, value) in &self.reply_headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!(
            "Content-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        (head.into_bytes(), body)
    }
}

/// Secrets that look like real ones; the same for each run.
pub(crate) struct Secrets(pub(crate) u64);

impl Secrets {
    pub(crate) fn next(&mut self, alphabet: &[char], length: usize) -> String {
        let mut draw = || {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            alphabet[usize::try_from(self.0 >> 33).unwrap() % alphabet.len()]
        };
        (0..length).map(|_| draw()).collect()
    }

    /// With characters that every encoding spells differently.
    pub(crate) fn odd(&mut self) -> String {
        let front = self.next(&LETTERS, 8);
        let middle = self.next(&ODD.chars().collect::<Vec<_>>(), 8);
        format!("{front}{middle}{}", self.next(&LETTERS, 8))
    }

    pub(crate) fn plain(&mut self) -> String {
        self.next(&LETTERS, 24)
    }
}

pub(crate) const ODD: &str = "/+=%&\"\\<ü😀7";
pub(crate) const LETTERS: [char; 48] = [
    'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'k', 'm', 'n', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w',
    'x', 'y', 'z', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'K', 'M', 'N', 'P', 'Q', 'R', 'S', 'T',
    'U', 'V', 'W', 'X', 'Y', 'Z', '2', '5', '8', '9',
];

/// Every spelling of a credential, echoed by the client and by the origin.
pub(crate) fn spelt(secrets: &mut Secrets) -> Vec<Case> {
    let mut cases = Vec::new();
    for (at, (spelling, encode)) in ENCODERS.into_iter().enumerate() {
        let secret = secrets.odd();
        let encoded = encode(&secret);
        if encoded.ends_with("\0skip") {
            continue;
        }
        let case = Case::new(format!("{spelling}, echoed"), &secret)
            .header("Authorization", format!("acme:{secret}"));
        let fits_a_head = encoded
            .bytes()
            .all(|byte| byte > b' ' && byte != 0x7f && byte != b'#');
        let as_json = json!({"category": "domain", "note": encoded}).to_string();
        let case = match (fits_a_head, at % 4) {
            (true, 0) => case.query(&format!("note={encoded}")),
            (true, 1) => case.header("Referer", format!("https://shop.example/{encoded}")),
            (true, 2) => case.reply_header("Server", format!("x/{encoded}")),
            _ => case.body("application/json", as_json),
        };
        let msg = json!({"code": 400, "msg": format!("bad {encoded} key")}).to_string();
        cases.push(match at % 3 {
            0 => case.reply("application/json", msg),
            1 => case.reply("text/html", format!("<p>cannot use {encoded} here</p>")),
            _ => case.reply("text/plain", format!("cannot use {encoded} here")),
        });
    }
    cases
}

/// Every place that is secret by itself.
pub(crate) fn placed(secrets: &mut Secrets) -> Vec<Case> {
    let mut all = named(secrets);
    all.extend(nameless(secrets));
    all
}

/// Secrets that no name betrays.
fn nameless(secrets: &mut Secrets) -> Vec<Case> {
    let mut all = Vec::new();
    let mut add = |name: &str, build: &dyn Fn(Case, &str) -> Case| {
        let secret = secrets.plain();
        all.push(build(Case::new(name, &secret), &secret));
    };
    add("a pair in the query", &|c, s| c.query(&format!("acme:{s}")));
    add("a pair in the path", &|mut c, s| {
        c.target = format!("http://api.nicenic.net/v2/acme:{s}/");
        c
    });
    add("json in base64", &|c, s| {
        let inner = STANDARD.encode(json!({"password": s}).to_string());
        c.body("application/json", json!({"d": inner}).to_string())
    });
    for (name, front, back) in [
        ("a database's URL", "no mysql://acme:", "@db.example/x"),
        ("a bearer in prose", "got Bearer ", " here"),
        ("var_dump", "[\"password\"]=>\n  string(20) \"", "\"\n"),
        ("serialize", "a:1:{s:8:\"password\";s:20:\"", "\";}"),
        (
            "a private key",
            "-----BEGIN PRIVATE KEY-----\n",
            "\n-----END",
        ),
    ] {
        add(name, &|c, s| {
            c.reply("text/plain", format!("{front}{s}{back}"))
        });
    }
    all
}

fn named(secrets: &mut Secrets) -> Vec<Case> {
    let mut all = Vec::new();
    let mut add = |name: &str, build: &dyn Fn(Case, &str) -> Case| {
        let secret = secrets.plain();
        all.push(build(Case::new(name, &secret), &secret));
    };
    let basic = |text: String| format!("Basic {}", STANDARD.encode(text));
    add("bearer", &|c, s| {
        c.header("Authorization", format!("Bearer {s}"))
    });
    add("basic", &|c, s| {
        c.header("Authorization", basic(format!("acme:{s}")))
    });
    add("unknown scheme", &|c, s| {
        c.header("Authorization", format!("Nice {s}"))
    });
    add("no colon", &|c, s| c.header("Authorization", s));
    add("blank for colon", &|c, s| {
        c.header("Authorization", format!("acme {s}"))
    });
    add("two credentials", &|c, s| {
        c.header("Authorization", "acme:one-other-secret")
            .header("Authorization", format!("acme:{s}"))
    });
    add("proxy credential", &|c, s| {
        c.header("Proxy-Authorization", basic(format!("p:{s}")))
    });
    add("misspelt field", &|c, s| {
        c.header("Authorisation", format!("acme:{s}"))
    });
    add("api key field", &|c, s| c.header("X-Api-Key", s));
    add("unknown field", &|c, s| c.header("X-Whatever", s));
    add("cookie", &|c, s| {
        c.header("Cookie", format!("a=1; PHPSESSID={s}; b=2"))
    });
    add("referer query", &|c, s| {
        c.header("Referer", format!("https://shop.example/?token={s}"))
    });
    for name in [
        "authcode",
        "password",
        "domainpwd",
        "userstr",
        "api_secret",
        "access_token",
        "key",
        "epp",
    ] {
        add(&format!("query {name}"), &|c, s| {
            c.query(&format!("{name}={s}"))
        });
    }
    add("url in a query", &|c, s| {
        c.query(&format!("back=https%3A%2F%2Fa.example%2F%3Ftoken%3D{s}"))
    });
    add("userinfo", &|mut c, s| {
        c.target = format!("http://acme:{s}@api.nicenic.net/v2/?category=domain");
        c
    });
    add("form", &|c, s| {
        c.body(
            "application/x-www-form-urlencoded",
            format!("a=1&password={s}&b=2"),
        )
    });
    add("nested form", &|c, s| {
        c.body(
            "application/x-www-form-urlencoded",
            format!("contact%5Bpassword%5D={s}"),
        )
    });
    add("json", &|c, s| {
        c.body(
            "application/json",
            json!({"a": {"b": [{"authcode": s}]}}).to_string(),
        )
    });
    add("json, as text", &|c, s| {
        c.body("text/plain", json!({"password": s}).to_string())
    });
    add("json list", &|c, s| {
        c.body("application/json", json!({"tokens": ["x", s]}).to_string())
    });
    add("json in json", &|c, s| {
        c.body(
            "application/json",
            json!({"x": json!({"password": s}).to_string()}).to_string(),
        )
    });
    add("broken json", &|c, s| {
        c.body("application/json", format!("{{'password': '{s}',"))
    });
    add("xml", &|c, s| {
        c.body("text/xml", format!("<a><password>{s}</password></a>"))
    });
    add("multipart", &|c, s| {
        let body = format!(
            "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n{s}\r\n--b--\r\n"
        );
        c.body("multipart/form-data; boundary=b", body)
    });
    add("print_r", &|c, s| {
        c.body(
            "text/plain",
            format!("Array\n(\n    [password] => {s}\n)\n"),
        )
    });
    add("set-cookie", &|c, s| {
        c.reply_header("Set-Cookie", format!("sid={s}; Path=/; HttpOnly"))
    });
    add("location", &|c, s| {
        c.reply_header("Location", format!("https://a.example/?token={s}"))
    });
    add("unknown reply field", &|c, s| c.reply_header("X-Trace", s));
    add("reply json", &|c, s| {
        c.reply(
            "application/json",
            json!({"code": 0, "data": {"authcode": s}}).to_string(),
        )
    });
    add("reply xml", &|c, s| {
        c.reply("text/xml", format!("<r><epp_code>{s}</epp_code></r>"))
    });
    add("reply html", &|c, s| {
        c.reply("text/html", format!("<script>var token = '{s}';</script>"))
    });
    add("hidden input", &|c, s| {
        c.reply(
            "text/html",
            format!("<input type=\"hidden\" name=\"token\" value=\"{s}\">"),
        )
    });
    add("input, other order", &|c, s| {
        c.reply("text/html", format!("<input value='{s}' name='token' />"))
    });
    add("xml attribute", &|c, s| {
        c.reply("text/xml", format!("<param name=\"authcode\">{s}</param>"))
    });
    add("reason phrase", &|mut c, s| {
        c.reason = format!("no such {s}");
        c.header("Authorization", format!("acme:{s}"))
    });
    add("gzip", &|c, s| {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed
            .write_all(json!({"data": {"password": s}}).to_string().as_bytes())
            .unwrap();
        c.reply_header("Content-Encoding", "gzip")
            .reply("application/json", packed.finish().unwrap())
    });
    add("deflate", &|c, s| {
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(format!("echo of {s}").as_bytes()).unwrap();
        c.header("Authorization", format!("acme:{s}"))
            .reply_header("Content-Encoding", "deflate")
            .reply("text/plain", packed.finish().unwrap())
    });
    add("binary", &|c, s| {
        let body = [b"\0\x01\x02", s.as_bytes(), b"\0\xff"].concat();
        c.header("Authorization", format!("acme:{s}"))
            .reply("application/octet-stream", body)
    });
    add("unknown coding", &|c, s| {
        c.header("Authorization", format!("acme:{s}"))
            .reply_header("Content-Encoding", "zstd")
            .reply("text/plain", s)
    });
    add("user agent", &|c, s| {
        c.header("User-Agent", format!("whmcs/{s}"))
            .header("Authorization", format!("acme:{s}"))
    });
    add("category", &|mut c, s| {
        c.target =
            format!("http://api.nicenic.net/v2/?category={s}&action={s}&domains={s}.example");
        c.header("Authorization", format!("acme:{s}"))
    });
    all
}
