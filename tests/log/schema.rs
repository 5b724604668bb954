//! The schema describes every record, and nothing else.
use super::*;

fn schema() -> Value {
    serde_json::from_str(include_str!("../../docs/nicetap-log.schema.json")).unwrap()
}

fn validator() -> jsonschema::Validator {
    jsonschema::draft202012::new(&schema()).unwrap()
}

fn value(record: &Record<Logged>) -> Value {
    serde_json::to_value(record).unwrap()
}

#[test]
fn every_kind_of_record_is_valid_full_and_bare() {
    let schema = schema();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    let validator = validator();
    for record in [full(), bare()].iter().flat_map(Maker::all) {
        let value = value(&record);
        let error = validator.validate(&value).err().map(|it| it.to_string());
        assert_eq!(error, None, "{value:#}");
    }
}

#[test]
fn every_record_reads_back_byte_for_byte() {
    for record in [full(), bare()].iter().flat_map(Maker::all) {
        let line = serde_json::to_string(&record).unwrap();
        let again = Record::parse(&line).unwrap();
        assert_eq!(serde_json::to_string(&again).unwrap(), line);
    }
}

/// Every word of every enum, each in an exchange or a tunnel of its own.
#[test]
fn every_word_is_valid() {
    let validator = validator();
    let mut records = Vec::new();
    let mut add = |edit: &dyn Fn(&mut Exchange<Logged>)| {
        let mut exchange = full().exchange();
        edit(&mut exchange);
        records.push(Record::Exchange(Box::new(exchange)));
    };
    for via in [
        Via::Connect,
        Via::Absolute,
        Via::AbsoluteHttps,
        Via::Gateway,
    ] {
        add(&|it| it.client.via = Some(via));
    }
    for kind in [
        ClientKind::Fpm,
        ClientKind::Cron,
        ClientKind::Cli,
        ClientKind::ModPhp,
        ClientKind::Container,
        ClientKind::Other,
    ] {
        add(&|it| it.client.kind = Some(kind));
    }
    for environment in [
        Environment::Production,
        Environment::Sandbox,
        Environment::Other,
    ] {
        add(&|it| it.call.environment = environment);
    }
    for risk in [Risk::Read, Risk::Change, Risk::Spend, Risk::Unknown] {
        add(&|it| it.call.risk = risk);
    }
    for severity in [
        Severity::Error,
        Severity::Warn,
        Severity::Info,
        Severity::Good,
    ] {
        add(&|it| it.findings[0].severity = severity);
    }
    for sure in [Confidence::Is, Confidence::Likely, Confidence::May] {
        add(&|it| {
            it.findings[0].confidence = sure;
            it.diagnosis.causes[0].likelihood = sure;
        });
    }
    for family in [AddressFamily::V4, AddressFamily::V6] {
        add(&|it| it.egress.family = Some(family));
    }
    for by in [
        AnswerBy::Origin,
        AnswerBy::Nicetap,
        AnswerBy::Mock,
        AnswerBy::Nobody,
    ] {
        add(&|it| it.answer.by = by);
    }
    for stage in STAGES {
        add(&|it| it.failure = Some(full().failure(stage)));
    }
    for verdict in VERDICTS {
        add(&|it| it.diagnosis.verdict = verdict);
    }
    for who in [Who::You, Who::Host, Who::Nicenic] {
        add(&|it| it.diagnosis.causes[0].who = who);
    }
    add(&|it| it.diagnosis.compared_with = Some(full().compared_with()));
    add(&|it| it.egress.local = Some(addr("[2001:db8::5]:40122")));
    for why in [
        TunnelWhy::Scope,
        TunnelWhy::Distrust,
        TunnelWhy::Expired,
        TunnelWhy::Sniff,
    ] {
        let mut tunnel = full().tunnel();
        tunnel.why = why;
        tunnel.failure = Some(full().failure(Stage::Connect));
        records.push(Record::Tunnel(Box::new(tunnel)));
    }
    for stage in [
        ConnectionStage::Head,
        ConnectionStage::Sniff,
        ConnectionStage::Tls,
        ConnectionStage::ProxyAuth,
    ] {
        let mut connection = full().connection();
        connection.stage = stage;
        records.push(Record::Connection(Box::new(connection)));
    }
    for record in &records {
        let value = value(record);
        assert!(validator.is_valid(&value), "{value:#}");
        let line = serde_json::to_string(record).unwrap();
        Record::parse(&line).unwrap();
    }
}

/// The other way round: the schema allows no word that the program does not know.
#[test]
fn every_word_of_the_schema_is_one_of_the_programs() {
    let words = |name: &str, pointer: &str| {
        let words = schema()["$defs"][name].pointer(pointer).cloned();
        words.and_then(|it| it.as_array().cloned()).unwrap().len()
    };
    assert_eq!(
        words("diagnosis", "/properties/verdict/enum"),
        VERDICTS.len()
    );
    assert_eq!(words("failure", "/properties/stage/enum"), STAGES.len());
    assert_eq!(words("client", "/properties/via/anyOf/0/enum"), 4);
    assert_eq!(words("client", "/properties/kind/anyOf/0/enum"), 6);
    assert_eq!(words("connection", "/properties/stage/enum"), 4);
    assert_eq!(words("tunnel", "/properties/why/enum"), 4);
}

#[test]
fn nothing_may_be_added_and_nothing_left_out() {
    let validator = validator();
    for record in full().all() {
        let good = value(&record);
        let mut objects = Vec::new();
        collect_objects(&good, String::new(), &mut objects);
        for pointer in objects {
            let mut more = good.clone();
            let object = more.pointer_mut(&pointer).unwrap().as_object_mut().unwrap();
            object.insert("extra".into(), json!(1));
            let names: Vec<_> = object.keys().cloned().collect();
            assert!(!validator.is_valid(&more), "{pointer} takes more");
            let is_map = matches!(&*pointer, "/findings" | "/hidden" | "/verdicts");
            for name in names {
                let is_optional = is_map || matches!(name.as_str(), "extra" | "text" | "shape");
                if is_optional {
                    continue;
                }
                let mut less = good.clone();
                let object = less.pointer_mut(&pointer).unwrap().as_object_mut().unwrap();
                object.remove(&name);
                assert!(!validator.is_valid(&less), "{pointer} does without {name}");
            }
        }
    }
}

#[test]
fn the_prose_names_every_field_and_word() {
    let prose = include_str!("../../docs/log-format.md");
    let mut wanted = Vec::new();
    collect_names(&schema(), &mut wanted);
    for name in wanted {
        assert!(prose.contains(&format!("`{name}`")), "`{name}` is missing");
    }
}

fn collect_objects(value: &Value, pointer: String, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                collect_objects(member, format!("{pointer}/{name}"), found);
            }
            found.push(pointer);
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                collect_objects(item, format!("{pointer}/{at}"), found);
            }
        }
        _ => {}
    }
}

fn collect_names(schema: &Value, found: &mut Vec<String>) {
    let Value::Object(members) = schema else {
        if let Value::Array(items) = schema {
            for item in items {
                collect_names(item, found);
            }
        }
        return;
    };
    for (key, member) in members {
        match (key.as_str(), member) {
            ("properties", Value::Object(fields)) => found.extend(fields.keys().cloned()),
            ("enum", Value::Array(words)) => {
                found.extend(words.iter().map(|it| it.as_str().unwrap().to_owned()));
            }
            _ => {}
        }
        collect_names(member, found);
    }
}
