//! Secrets whose names stand beside them: in another member, cell, line or piece of a path. Nobody has learned them from
//! elsewhere.
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::cases::{Case, Secrets};

/// Each form at each place where such a text can stand.
pub(crate) fn beside(secrets: &mut Secrets) -> Vec<Case> {
    let mut all = Vec::new();
    for (content_type, form) in FORMS {
        for (place, put) in PLACES {
            let secret = secrets.plain();
            let text = form.replace("SECRET", &secret);
            let case = Case::new(format!("{place}: {form}"), &secret);
            all.push(put(case, content_type, &text));
        }
    }
    for (place, put) in PATHS {
        for name in ["password", "api-key", "token", "authcode"] {
            let secret = secrets.plain();
            let case = Case::new(format!("{place} {name}"), &secret);
            all.push(put(case, "", &format!("/v2/{name}/{secret}/x")));
        }
    }
    all
}

type Place = (&'static str, fn(Case, &'static str, &str) -> Case);

const PLACES: [Place; 7] = [
    ("request body", |case, content_type, text| {
        case.body(content_type, text)
    }),
    ("reply", |case, content_type, text| {
        case.reply(content_type, text)
    }),
    ("reply of no type", |case, _, text| {
        case.reply("text/plain", text)
    }),
    ("reply as JSON text", |case, _, text| {
        let body = json!({"code": 400, "msg": text, "data": null});
        case.reply("application/json", body.to_string())
    }),
    ("request as JSON text", |case, _, text| {
        let body = json!({"category": "domain", "note": text});
        case.body("application/json", body.to_string())
    }),
    ("form", |case, _, text| {
        let note = utf8_percent_encode(text, NON_ALPHANUMERIC);
        case.body(
            "application/x-www-form-urlencoded",
            format!("a=1&note={note}"),
        )
    }),
    ("query", |case, _, text| {
        let note = utf8_percent_encode(text, NON_ALPHANUMERIC);
        case.query(&format!("note={note}"))
    }),
];

const PATHS: [Place; 3] = [
    ("path", |mut case, _, path| {
        case.target = format!("http://api.nicenic.net{path}");
        case
    }),
    ("referer", |case, _, path| {
        case.header("Referer", format!("https://shop.example{path}"))
    }),
    ("location", |case, _, path| {
        case.reply_header("Location", path)
    }),
];

const JSON: &str = "application/json";
const XML: &str = "text/xml";
const HTML: &str = "text/html";
const TEXT: &str = "text/plain";
const FORM: &str = "application/x-www-form-urlencoded";
const PARTS: &str = "multipart/form-data; boundary=b";

const FORMS: [(&str, &str); 40] = [
    (JSON, r#"[{"name":"password","value":"SECRET"}]"#),
    (JSON, r#"{"value":"SECRET","name":"password"}"#),
    (JSON, r#"{"key":"api_secret","value":"SECRET"}"#),
    (JSON, r#"{"a":[{"field":"authcode","content":"SECRET"}]}"#),
    (JSON, r#"{"name":"token","value":["x","SECRET"]}"#),
    (
        JSON,
        r#"{"name":"epp","type":"text","value":{"a":"SECRET"}}"#,
    ),
    (JSON, r#"{"Name":"API Secret","Value":"SECRET"}"#),
    (JSON, r#"["password","SECRET"]"#),
    (JSON, r#"[["a","b"],["token","SECRET"]]"#),
    (JSON, "[{'name': 'password', 'value': 'SECRET'}]"),
    (JSON, r#"[{"name":"password","value":"SECRET""#),
    (TEXT, "a: 1\npassword: |\n  SECRET\nb: 2\n"),
    (TEXT, "- password: >-\n    SECRET\n- x\n"),
    (TEXT, "env:\n- name: DB_PASSWORD\n  value: SECRET\n"),
    (TEXT, "db:\n  password:\n    SECRET\nb: 1\n"),
    (TEXT, "db:\n  password: 'SECRET'\n"),
    (TEXT, "array (\n  0 => 'password',\n  1 => 'SECRET',\n)"),
    (
        TEXT,
        "Array\n(\n    [0] => password\n    [1] => SECRET\n)\n",
    ),
    (
        TEXT,
        "array (\n  'name' => 'password',\n  'value' => 'SECRET',\n)",
    ),
    (
        TEXT,
        "Array\n(\n    [name] => password\n    [value] => SECRET\n)\n",
    ),
    (
        TEXT,
        "[\"name\"]=>\n  string(5) \"token\"\n  [\"value\"]=>\n  string(24) \"SECRET\"\n",
    ),
    (
        TEXT,
        "a:2:{s:4:\"name\";s:5:\"token\";s:5:\"value\";s:24:\"SECRET\";}",
    ),
    (
        XML,
        "<member><name>password</name><value><string>SECRET</string></value></member>",
    ),
    (
        XML,
        "<member>\n<name>password</name>\n<value>SECRET</value>\n</member>",
    ),
    (
        XML,
        "<dict><key>password</key><string>SECRET</string></dict>",
    ),
    (XML, "<add key=\"ApiSecret\" value=\"SECRET\"/>"),
    (XML, "<entry key=\"password\">SECRET</entry>"),
    (
        XML,
        "<property name=\"password\"><value>SECRET</value></property>",
    ),
    (
        HTML,
        "<table><tr><td>Password</td><td>SECRET</td></tr></table>",
    ),
    (
        HTML,
        "<tr><th>API Secret:</th> <td><code>SECRET</code></td></tr>",
    ),
    (HTML, "<dl><dt>Auth code</dt><dd>SECRET</dd></dl>"),
    (
        HTML,
        "<td>Token</td><td><input type=text value=\"SECRET\"></td>",
    ),
    (HTML, "<input id=\"password\" value=\"SECRET\">"),
    (HTML, "<p>a</p><label>Password</label> <span>SECRET</span>"),
    (FORM, "name=password&value=SECRET"),
    (FORM, "key=api_secret&value=SECRET"),
    (FORM, "f%5B0%5D%5Bname%5D=pin&f%5B0%5D%5Bvalue%5D=SECRET"),
    (
        PARTS,
        "--b\r\nContent-Disposition: form-data; name*=utf-8''pass%77ord\r\n\r\nSECRET\r\n--b--\r\n",
    ),
    (
        PARTS,
        "--b\r\nContent-Disposition: form-data; name='password'\r\n\r\nSECRET\r\n--b--\r\n",
    ),
    (
        PARTS,
        "--b\r\ncontent-disposition: form-data; NAME=password\r\n\r\nSECRET\r\n--b--\r\n",
    ),
];
