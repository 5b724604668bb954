//! curl command lines: the request that curl would send. An option that is not known is named, and nothing is guessed.
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::sample::{Parts, Sample, SampleBody, name_of};
use super::shell::{STAND_IN, Word, commands};
use super::{Flaw, Spot};
use data::{BOUNDARY, FORM, MULTIPART, form_part, is_file_part, join, url_encoded, with_query};
use options::{NO_EFFECT, NO_EFFECT_SHORT, SHORT, VALUE_WITHOUT_EFFECT, takes_value};

mod data;
mod options;

/// Whether a text is a curl command line, perhaps behind comments, a prompt or assignments.
pub(super) fn is_curl(text: &[u8]) -> bool {
    let lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let mut lines = lines
        .filter(|line| !line.is_empty() && !line.starts_with(b"#"))
        .peekable();
    if lines.peek().is_some_and(|line| begins_an_http_file(line)) {
        return false;
    }
    lines.any(|line| {
        let line = line.strip_prefix(b"$ ").unwrap_or(line);
        line.starts_with(b"curl ") || line == b"curl" || line.starts_with(b"curl\\")
    })
}

/// A variable, a URL, or a method in front of one.
fn begins_an_http_file(line: &[u8]) -> bool {
    let word = line.split(|byte| *byte == b' ').next().unwrap_or(line);
    let is_method = word.len() < line.len() && word.iter().all(u8::is_ascii_uppercase);
    is_method
        || [&b"@"[..], b"http://", b"https://", b"//"]
            .iter()
            .any(|front| line.starts_with(front))
}

/// The requests of all curl commands in a text.
pub(super) fn read(text: &[u8]) -> Result<Vec<Sample>, Flaw> {
    let mut samples = Vec::new();
    for command in commands(text)? {
        let mut words = command.into_iter().peekable();
        while words.next_if(is_in_front).is_some() {}
        let Some(first) = words.next().filter(|word| is_program(&word.bytes)) else {
            continue;
        };
        let mut call = Call::new(first.spot);
        while let Some(word) = words.next() {
            call.take(word, &mut words)?;
        }
        call.samples(&mut samples)?;
    }
    if samples.is_empty() {
        return Err(Flaw::new(Spot::START, "no curl command stands in it"));
    }
    Ok(samples)
}

/// A prompt, or `NAME=value`.
fn is_in_front(word: &Word) -> bool {
    let name = word.bytes.split(|byte| *byte == b'=').next();
    let is_name = |name: &[u8]| {
        name.len() < word.bytes.len()
            && !name.is_empty()
            && name
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    };
    word.bytes == b"$" || name.is_some_and(is_name)
}

fn is_program(word: &[u8]) -> bool {
    word == b"curl" || word.ends_with(b"/curl")
}

type Rest = std::iter::Peekable<std::vec::IntoIter<Word>>;

/// What a command line asks curl for.
struct Call {
    spot: Spot,
    urls: Vec<Word>,
    method: Option<Vec<u8>>,
    fields: Vec<Word>,
    user: Option<Vec<u8>>,
    data: Vec<u8>,
    data_spot: Option<Spot>,
    /// Whether the data stands in the command byte for byte.
    is_one_word: bool,
    content_type: Option<&'static str>,
    is_elsewhere: bool,
    is_get: bool,
    is_head: bool,
    is_upload: bool,
    version: &'static [u8],
    query: Vec<u8>,
}

impl Call {
    fn new(spot: Spot) -> Self {
        Self {
            spot,
            urls: Vec::new(),
            method: None,
            fields: Vec::new(),
            user: None,
            data: Vec::new(),
            data_spot: None,
            is_one_word: true,
            content_type: None,
            is_elsewhere: false,
            is_get: false,
            is_head: false,
            is_upload: false,
            version: b"HTTP/1.1",
            query: Vec::new(),
        }
    }

    /// Takes the next word, and its value where it has one.
    fn take(&mut self, word: Word, rest: &mut Rest) -> Result<(), Flaw> {
        if let Some(name) = word
            .bytes
            .strip_prefix(b"--")
            .filter(|name| !name.is_empty())
        {
            let name = String::from_utf8_lossy(name).into_owned();
            return self.long(&name, &word, rest);
        }
        match word.bytes.strip_prefix(b"-") {
            Some(letters) if !letters.is_empty() && letters != b"-" => {
                self.short(letters, &word, rest)
            }
            _ => {
                self.urls.push(word);
                Ok(())
            }
        }
    }

    /// `-sS`, `-XPOST`, `-X POST`.
    fn short(&mut self, letters: &[u8], word: &Word, rest: &mut Rest) -> Result<(), Flaw> {
        for (index, letter) in letters.iter().enumerate() {
            if let Some((_, long)) = SHORT.iter().find(|(short, _)| short == letter) {
                if !takes_value(long) {
                    self.long(long, word, rest)?;
                    continue;
                }
                let attached = &letters[index + 1..];
                if attached.is_empty() {
                    return self.long(long, word, rest);
                }
                let value = Word {
                    bytes: attached.to_vec(),
                    ..word.clone()
                };
                return self.option(long, value);
            }
            if !NO_EFFECT_SHORT.contains(letter) {
                let shown = if letter.is_ascii_alphanumeric() {
                    char::from(*letter)
                } else {
                    '?'
                };
                return Err(unknown(word, &format!("-{shown}")));
            }
        }
        Ok(())
    }

    fn long(&mut self, name: &str, word: &Word, rest: &mut Rest) -> Result<(), Flaw> {
        if NO_EFFECT.contains(&name) {
            return Ok(());
        }
        match name {
            "get" => self.is_get = true,
            "head" => self.is_head = true,
            "http1.0" => self.version = b"HTTP/1.0",
            "compressed" => self.fields.push(Word {
                bytes: b"Accept-Encoding: deflate, gzip".to_vec(),
                ..word.clone()
            }),
            name if takes_value(name) || VALUE_WITHOUT_EFFECT.contains(&name) => {
                let Some(value) = rest.next() else {
                    return Err(Flaw::new(word.spot, format!("--{name} has no value")));
                };
                return self.option(name, value);
            }
            name => return Err(unknown(word, &format!("--{}", shown(name)))),
        }
        Ok(())
    }

    /// An option with its value.
    fn option(&mut self, name: &str, value: Word) -> Result<(), Flaw> {
        let field = |name: &str, value: &Word| Word {
            bytes: [name.as_bytes(), b": ", &value.bytes].concat(),
            ..value.clone()
        };
        match name {
            "url" => self.urls.push(value),
            "request" => self.method = Some(value.bytes),
            "header" if value.bytes.starts_with(b"@") => {
                return Err(Flaw::new(
                    value.spot,
                    "the headers stand in another file, which is not read",
                ));
            }
            "header" => self.fields.push(value),
            "user" => self.user = Some(value.bytes),
            "oauth2-bearer" => {
                let token = [b"Authorization: Bearer ", &value.bytes[..]].concat();
                self.fields.push(Word {
                    bytes: token,
                    ..value
                });
            }
            "user-agent" => self.fields.push(field("User-Agent", &value)),
            "referer" => self.fields.push(field("Referer", &value)),
            "cookie" if value.bytes.contains(&b'=') => self.fields.push(field("Cookie", &value)),
            "url-query" => {
                let encoded = url_encoded(&value.bytes);
                join(&mut self.query, &encoded, b"&");
            }
            "upload-file" => {
                self.is_upload = true;
                self.is_elsewhere = true;
            }
            "json" => {
                self.content_type = Some("application/json");
                self.add_data(&value, b"", <[u8]>::to_vec);
            }
            "data" | "data-ascii" | "data-binary" if value.bytes.starts_with(b"@") => {
                self.is_elsewhere = true;
                self.content_type.get_or_insert(FORM);
            }
            "data" | "data-ascii" | "data-binary" | "data-raw" => {
                self.content_type.get_or_insert(FORM);
                self.add_data(&value, b"&", <[u8]>::to_vec);
            }
            "data-urlencode" => {
                self.content_type.get_or_insert(FORM);
                self.is_one_word = false;
                self.add_data(&value, b"&", url_encoded);
            }
            "form" | "form-string" => {
                self.content_type = Some(MULTIPART);
                self.is_one_word = false;
                let is_file = name == "form" && is_file_part(&value.bytes);
                self.is_elsewhere |= is_file;
                self.add_data(&value, b"", form_part);
            }
            _ => {}
        }
        Ok(())
    }

    fn add_data(&mut self, value: &Word, glue: &[u8], form: impl Fn(&[u8]) -> Vec<u8>) {
        self.is_one_word &= self.data_spot.is_none();
        self.data_spot.get_or_insert(value.spot);
        let bytes = form(&value.bytes);
        join(&mut self.data, &bytes, glue);
    }

    fn samples(mut self, samples: &mut Vec<Sample>) -> Result<(), Flaw> {
        if self.urls.is_empty() {
            return Err(Flaw::new(self.spot, "this curl command has no URL"));
        }
        for url in std::mem::take(&mut self.urls) {
            samples.push(self.sample(&url));
        }
        Ok(())
    }

    fn sample(&self, url: &Word) -> Sample {
        let has_data = self.data_spot.is_some() || self.is_elsewhere;
        let method: &[u8] = match &self.method {
            Some(method) => method,
            None if self.is_head => b"HEAD",
            None if self.is_upload => b"PUT",
            None if has_data && !self.is_get => b"POST",
            None => b"GET",
        };
        let mut query = self.query.clone();
        if self.is_get {
            join(&mut query, &self.data, b"&");
        }
        let has_body = has_data && !self.is_get;
        let mut data = self.data.clone();
        if self.content_type == Some(MULTIPART) {
            data.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        }
        let mut parts = Parts {
            method: method.to_vec(),
            url: with_query(&url.bytes, &query),
            version: self.version.to_vec(),
            spot: url.spot,
            fields: Vec::new(),
            body: match (has_body, self.is_elsewhere) {
                (false, _) => SampleBody::None,
                (true, true) => SampleBody::Elsewhere,
                (true, false) => SampleBody::Whole(data),
            },
            body_spot: self.data_spot.unwrap_or(url.spot),
            body_is_verbatim: self.is_one_word,
        };
        self.put_fields(&mut parts, has_body);
        parts.into_sample()
    }

    /// The fields of the command line, and those that curl adds unless they are there.
    fn put_fields(&self, parts: &mut Parts, has_body: bool) {
        for field in &self.fields {
            if let Some(line) = sent_field(field) {
                parts.fields.push((line, field.spot));
            }
        }
        if let Some(user) = &self.user {
            let pair = if user.contains(&b':') {
                user.clone()
            } else {
                [&user[..], b":", STAND_IN.as_bytes()].concat()
            };
            let value = format!("Basic {}", STANDARD.encode(pair));
            self.add(parts, "Authorization", &value);
        }
        self.add(parts, "User-Agent", "curl/8");
        let is_json = self.content_type == Some("application/json");
        self.add(
            parts,
            "Accept",
            if is_json { "application/json" } else { "*/*" },
        );
        if let Some(content_type) = self.content_type.filter(|_| has_body) {
            self.add(parts, "Content-Type", content_type);
        }
    }

    /// Adds a field, unless `-H 'Name:'` takes it out.
    fn add(&self, parts: &mut Parts, name: &str, value: &str) {
        let is_named = |field: &Word| name_of(&field.bytes).eq_ignore_ascii_case(name.as_bytes());
        if !self.fields.iter().any(is_named) {
            parts.add(name, value.as_bytes());
        }
    }
}

/// The line that curl makes of a `-H`: none of `Name:`, `Name:` of `Name;`.
fn sent_field(field: &Word) -> Option<Vec<u8>> {
    let bytes = &field.bytes;
    let Some(colon) = memchr::memchr(b':', bytes) else {
        // curl sends nothing of any other line without a colon.
        return bytes.strip_suffix(b";").map(|name| [name, b":"].concat());
    };
    if bytes[colon + 1..].trim_ascii().is_empty() {
        return None;
    }
    let is_authorization = bytes[..colon].eq_ignore_ascii_case(b"authorization");
    let is_opaque = field.is_expanded && !bytes[colon + 1..].contains(&b':');
    if is_authorization && is_opaque && bytes[colon + 1..].trim_ascii() == STAND_IN.as_bytes() {
        // The variable holds the whole pair, for all we know; its halves are not taken for equal.
        return Some([&bytes[..], b":", STAND_IN.as_bytes(), STAND_IN.as_bytes()].concat());
    }
    Some(bytes.clone())
}

fn unknown(word: &Word, option: &str) -> Flaw {
    let why =
        format!("the curl option {option} is not known here, so the request is not looked at");
    Flaw::new(word.spot, why)
}

/// An option's name as far as it is one: what follows could be a value.
fn shown(name: &str) -> &str {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let end = name.find(|c| !is_part(c)).unwrap_or(name.len());
    name.get(..end.min(LONGEST_OPTION)).unwrap_or_default()
}

const LONGEST_OPTION: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(command: &str) -> String {
        let samples = read(command.as_bytes()).unwrap_or_else(|flaw| panic!("{}", flaw.why));
        let text = |sample: Sample| {
            let mut text = String::from_utf8(sample.head).unwrap();
            if let SampleBody::Whole(body) = sample.body {
                text.push_str(&String::from_utf8(body).unwrap());
            }
            text.replace("User-Agent: curl/8\r\nAccept: */*\r\n", "")
                .replace("\r\n", "|")
        };
        samples.into_iter().map(text).collect()
    }

    #[test]
    fn the_request_is_the_one_that_curl_would_send() {
        for (command, want) in [
            ("curl a.b", "GET / HTTP/1.1|Host: a.b||"),
            (
                "$ curl -sS -X POST 'https://a/?x=1#f' -H 'X-A: b' -H 'X-B:' -H 'X-C;' -H nonsense",
                "POST /?x=1 HTTP/1.1|X-A: b|X-C:|Host: a||",
            ),
            (
                "curl -d a=1 --data-urlencode 'b=c d&' https://a",
                "POST / HTTP/1.1|Content-Type: application/x-www-form-urlencoded|Host: a|Content-Length: 12||a=1&b=c+d%26",
            ),
            (
                "curl -G -d a=1 -d b=2 'https://a/?c=3'",
                "GET /?c=3&a=1&b=2 HTTP/1.1|Host: a||",
            ),
            (
                "curl --json '{\"a\":' --json '1}' --url https://a",
                "POST / HTTP/1.1|User-Agent: curl/8|Accept: application/json|Content-Type: application/json|Host: a|Content-Length: 7||{\"a\":1}",
            ),
            (
                "curl -ualice:s3 https://a -H 'user-agent:' -A me",
                "GET / HTTP/1.1|User-Agent: me|Authorization: Basic YWxpY2U6czM=|Accept: */*|Host: a||",
            ),
            ("curl -I https://a", "HEAD / HTTP/1.1|Host: a||"),
            (
                "curl -d @f https://a",
                "POST / HTTP/1.1|Content-Type: application/x-www-form-urlencoded|Host: a||",
            ),
            (
                "curl https://u:p%40@a",
                "GET / HTTP/1.1|Authorization: Basic dTpwQA==|Host: a||",
            ),
            (
                "curl -H \"Authorization: $PAIR\" https://a",
                "GET / HTTP/1.1|Authorization: k3f9q2x7:k3f9q2x7k3f9q2x7|Host: a||",
            ),
            (
                "curl -F a=b https://a",
                "POST / HTTP/1.1|Content-Type: multipart/form-data; boundary=------------------------nicetap|Host: a|Content-Length: 119||--------------------------nicetap|Content-Disposition: form-data; name=\"a\"||b|--------------------------nicetap--|",
            ),
        ] {
            assert_eq!(sent(command), want, "{command}");
        }
    }

    /// What the real curl sends for a command, if there is a curl here.
    fn really_sent(command: &str) -> Option<String> {
        use std::io::{Read as _, Write as _};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let command = command.replace("http://a/", &format!("http://127.0.0.1:{port}/"));
        let mut shell = std::process::Command::new("bash")
            .args(["-c", &format!("{command} --noproxy '*' -s -m 20")])
            .stdout(std::process::Stdio::null())
            .spawn()
            .ok()?;
        listener.set_nonblocking(true).unwrap();
        let mut stream = loop {
            match listener.accept() {
                Ok((stream, _)) => break stream,
                Err(_) if shell.try_wait().unwrap().is_some() => return None,
                Err(_) => std::thread::yield_now(),
            }
        };
        stream.set_nonblocking(false).unwrap();
        let mut sent = Vec::new();
        let mut chunk = [0; 4096];
        let is_whole = |sent: &[u8]| {
            let text = String::from_utf8_lossy(sent);
            text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("Content-Length: "));
                length.is_none_or(|length| body.len() >= length.parse().unwrap())
            })
        };
        while !is_whole(&sent) {
            let count = stream.read(&mut chunk).unwrap();
            assert!(count > 0, "{command}");
            sent.extend_from_slice(&chunk[..count]);
        }
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        shell.wait().unwrap();
        let own = format!("127.0.0.1:{port}");
        Some(String::from_utf8(sent).unwrap().replace(&own, "a"))
    }

    /// The fields in one order, without what differs between versions of curl.
    fn comparable(request: &str) -> String {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let mut fields: Vec<&str> = head.split("\r\n").collect();
        fields[1..].sort_unstable();
        let kept = fields
            .into_iter()
            .filter(|line| !line.starts_with("User-Agent: curl/"));
        let kept: Vec<_> = kept
            .filter(|line| !line.starts_with("Accept-Encoding"))
            .collect();
        format!("{}||{body}", kept.join("|"))
    }

    #[test]
    fn the_real_curl_sends_the_same() {
        for command in [
            "curl http://a/v2/?x=1",
            "curl -X PUT 'http://a/?a=b' -H 'X-A:  b' -H 'Accept:' -H 'X-C;' -H nonsense",
            "curl http://a/ -d a=1 -d 'b=2 3' --data-urlencode 'c=d &é' --data-urlencode '=e/f'",
            "curl -G http://a/ -d a=1 --data-urlencode 'b= ' -H 'Content-Type: application/json'",
            "curl http://a/?z=1 --get --data-raw @x",
            "curl --json '{\"a\":' --json ' 1}' http://a/",
            "curl -ualice:s3cret -A me -e you -b 'a=b; c=d' http://a/#f",
            "curl -I --http1.0 http://a/",
            "curl --oauth2-bearer abc --compressed http://a/",
            "curl -sSkLd $'a\\tb' http://a/",
            "curl -XDELETE -HHost:b http://a/ --data-binary 'x\ny'",
            "curl http://a/ -H 'authorization: x:y' -u u:p --url-query 'k=v w'",
        ] {
            let Some(real) = really_sent(command) else {
                continue;
            };
            let samples = read(command.as_bytes()).unwrap_or_else(|flaw| panic!("{}", flaw.why));
            let [sample] = &samples[..] else {
                panic!("{command}")
            };
            let mut ours = String::from_utf8(sample.head.clone()).unwrap();
            if let SampleBody::Whole(body) = &sample.body {
                ours.push_str(&String::from_utf8(body.clone()).unwrap());
            }
            assert_eq!(comparable(&ours), comparable(&real), "{command}");
        }
    }

    #[test]
    fn unknown_options_are_named_and_values_never_shown() {
        for (command, column, why) in [
            (
                "curl --frobnicate=bob:hunter2 a",
                6,
                "--frobnicate is not known",
            ),
            ("curl -sJ a", 6, "-J is not known"),
            ("curl -H", 6, "--header has no value"),
            ("curl -H @f a", 9, "another file"),
            ("curl -s", 1, "no URL"),
            ("echo curl", 1, "no curl command"),
        ] {
            let flaw = read(command.as_bytes()).err().unwrap();
            assert_eq!(flaw.spot.column, column, "{command}");
            assert!(flaw.why.contains(why), "{}", flaw.why);
            assert!(!flaw.why.contains("hunter2"), "{}", flaw.why);
        }
    }

    #[test]
    fn a_command_line_is_recognised() {
        assert!(is_curl(b"# try\n$ curl a"));
        assert!(is_curl(b"A=1\ncurl \\\n a"));
        assert!(!is_curl(b"GET https://a\n"));
        assert!(!is_curl(b"# x\nPOST https://a\n\ncurl a\n"));
        assert!(!is_curl(b"@a = b\n\ncurl a\n"));
    }
}
