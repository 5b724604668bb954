//! A log that is read back.
use nicetap::sink::table::Table;

use super::*;

#[test]
fn a_log_read_back_shows_what_the_console_showed() {
    let lines: Vec<_> = story();
    let (text, errors) = viewed(Form::Blocks(look(Verbosity::Normal)), None, &lines);
    assert_eq!(text, shown(&lines, Verbosity::Normal, 100));
    assert_eq!(errors, "");
}

#[test]
fn a_log_of_several_days_and_runs_shows_dates_and_starts() {
    let mut later = full().start();
    later.time = time(86_400_000);
    let mut notice = full().notice();
    notice.time = time(86_401_000);
    let lines = [
        Record::Start(Box::new(full().start())),
        Record::Request(Box::new(full().notice())),
        Record::Start(Box::new(later)),
        Record::Request(Box::new(notice)),
    ];
    let look = Look {
        is_reading: true,
        zone: TimeZone::fixed(jiff::tz::offset(1)),
        ..look(Verbosity::Normal)
    };
    insta::assert_snapshot!(viewed(Form::Blocks(look), None, &lines).0);
}

#[test]
fn the_table_is_read_at_80_columns() {
    insta::assert_snapshot!(tabled(&calls(), Some(80)));
}

#[test]
fn the_table_is_read_at_120_columns() {
    insta::assert_snapshot!(tabled(&calls(), Some(120)));
}

#[test]
fn the_table_in_a_file_is_not_cut() {
    let (text, _) = viewed(Form::Table(TimeZone::UTC), None, &calls());
    assert_eq!(text, tabled(&calls(), None));
    insta::assert_snapshot!(text);
}

#[test]
fn the_table_is_as_wide_as_the_terminal() {
    let mut lines = story();
    lines.extend(outcomes());
    lines.extend(calls());
    for columns in [80, 81, 99, 100, 101, 120, 200] {
        for line in tabled(&lines, Some(columns)).lines() {
            let is_day = line.starts_with("2026-");
            assert!(
                is_day || line.chars().count() == columns,
                "{columns}: {line}"
            );
        }
    }
}

/// Calls as they come: documented messages and long ones, addresses of both families, replies of others, another day.
fn calls() -> Vec<Record<Logged>> {
    type Change = fn(&mut nicetap::record::Exchange<Logged>);
    let changes: [Change; 9] = [
        |_| {},
        |call| {
            call.call.domains.truncate(1);
            envelope(call, 0, "success");
        },
        |call| {
            call.call.action = Some(Logged("get_abuse_report".into()));
            call.call.domains = vec![Logged("a-rather-long-name.example.com".into())];
            envelope(call, 0, "success");
        },
        |call| {
            call.call.action = Some(Logged("transfer".into()));
            let pending = "Pending order, please wait for the order to be processed!";
            envelope(call, 201, pending);
        },
        |call| {
            call.egress.family = Some(AddressFamily::V6);
            let public = call.egress.public.as_mut().unwrap();
            public.v6 = Some("2001:db8:85a3:8d3:1319:8a2e:370:7348".parse().unwrap());
        },
        |call| {
            call.egress.public = None;
            envelope(call, 100_403, "IP address is not in the whitelist");
        },
        |call| call.response.as_mut().unwrap().envelope = None,
        |call| {
            call.response = None;
            call.answer.status = Some(502);
            call.failure = Some(full().failure(Stage::Connect));
        },
        |call| {
            call.time = time(86_400_000);
            call.response = None;
            call.answer.status = Some(403);
            call.diagnosis.verdict = Verdict::Held;
        },
    ];
    let calls = changes.map(|change| {
        let mut call = full().exchange();
        change(&mut call);
        Record::Exchange(Box::new(call))
    });
    calls.into()
}

fn envelope(call: &mut nicetap::record::Exchange<Logged>, code: i64, msg: &str) {
    let reply = call.response.as_mut().unwrap();
    reply.envelope = Some(nicetap::record::Envelope {
        code,
        msg: Logged(msg.into()),
    });
}

fn tabled(records: &[Record<Logged>], columns: Option<usize>) -> String {
    let mut table = Table::new(TimeZone::UTC, columns);
    let header = table.header();
    let rows = records.iter().filter_map(|record| table.row(record));
    std::iter::once(header).chain(rows).collect()
}

#[test]
fn a_bad_line_is_told_on_the_other_stream() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let stop = serde_json::to_string(&full().all()[5]).unwrap();
    put(&path, format!("{stop}\nrubbish\n{stop}\n").as_bytes());
    let (out, errors) = (Shown::default(), Shown::default());
    let form = Form::Blocks(look(Verbosity::Normal));
    let mut viewer = Viewer::new(form, None, out.printer(), errors.printer());
    let mut reader = Reader::open(&path).unwrap();
    while let Some(line) = reader.next_line().unwrap() {
        viewer.show(&line).unwrap();
    }
    assert_eq!(viewer.bad_lines(), 1);
    assert!(errors.text().starts_with("line 2: not a record: "));
    assert_eq!(out.text().matches("nicetap ended").count(), 2);
}

#[test]
fn of_a_file_that_is_no_log_the_first_lines_are_told() {
    let (out, errors) = (Shown::default(), Shown::default());
    let form = Form::Table(TimeZone::UTC);
    let mut viewer = Viewer::new(form, None, out.printer(), errors.printer());
    let mut reader = Reader::over(io::Cursor::new("no record\n".repeat(1_000)));
    while let Some(line) = reader.next_line().unwrap() {
        viewer.show(&line).unwrap();
    }
    assert_eq!(viewer.bad_lines(), 1_000);
    let told = errors.text();
    assert_eq!(told.lines().count(), 21);
    assert!(
        told.ends_with("; skipped\nmore such lines are only counted\n"),
        "{told}"
    );
}

#[test]
fn expressions_choose_records() {
    let mut refused = full().exchange();
    refused.id = 8;
    refused.answer.status = Some(403);
    refused.diagnosis.verdict = Verdict::Refused;
    refused.call.action = Some(Logged("register".into()));
    refused.call.environment = Environment::Sandbox;
    refused.failure = Some(full().failure(Stage::Tls));
    let mut records = full().all();
    let egress = records.pop().unwrap();
    assert!("event=egress".parse::<Only>().unwrap().matches(&egress));
    records.push(Record::Exchange(Box::new(refused)));
    records.push(Record::Exchange(Box::new(bare().exchange())));
    for (expression, want) in [
        ("action=register", "6"),
        ("action!=register", "127"),
        ("env=production", "127"),
        ("environment = SANDBOX", "6"),
        ("verdict!=ok", "267"),
        ("verdict!=rejected", "6"),
        ("code=N102", "126"),
        ("code=n102 and event=exchange", "26"),
        ("code=400", "26"),
        ("code>=400", "26"),
        ("code~N7", "4"),
        ("code!=N102", "347"),
        ("domain~example", "126"),
        ("domain=EXAMPLE.net", "126"),
        ("host=api.nicenic.net", "12467"),
        ("host~example.com", "3"),
        ("id=7", "127"),
        ("id<9", "1267"),
        ("status>=400", "6"),
        ("status=200 or id=9", "23"),
        ("not event=exchange", "01345"),
        ("not (id=7 or id=8) and id>0", "34"),
        ("id=7 or id=9 and host~example", "1237"),
        ("stage=tls", "6"),
        ("stage!=tls", "237"),
        ("msg=\"Request parameter error\"", "26"),
        ("msg~\"parameter \"", "26"),
        ("process~php and user=www-data", "12346"),
        ("username=demo", "126"),
        ("ip=203.0.113.9", "26"),
        ("listed=no", "26"),
        ("ms>1000", "3"),
        ("cause=4", "26"),
        ("severity=warn", "3"),
        ("finding~scheme", "126"),
        ("url~/v2/", "1267"),
        ("method=get", "1267"),
        ("via=connect", "12346"),
        ("agent~whmcs", "12346"),
        ("by=origin", "267"),
        ("risk=read", "1267"),
        ("category=domain", "126"),
        ("AND=1 or id=7", ""),
    ] {
        let Ok(only) = expression.parse::<Only>() else {
            assert_eq!(want, "", "{expression}");
            continue;
        };
        let chosen: String = (0..records.len())
            .filter(|at| only.matches(&records[*at]))
            .map(|at| at.to_string())
            .collect();
        // A connection of the samples did not come through CONNECT.
        let want = if expression.starts_with("via") {
            want.replace('4', "")
        } else {
            want.to_owned()
        };
        assert_eq!(chosen, want, "{expression}");
    }
}

#[test]
fn an_expression_filters_what_is_shown() {
    let only: Only = "verdict!=ok and event=exchange".parse().unwrap();
    let form = Form::Blocks(look(Verbosity::Normal));
    let (text, _) = viewed(form, Some(only), &story());
    assert!(!text.contains('→') && text.contains('←'));
    // Without its request block, an answer says what it answers.
    assert!(
        text.contains("to GET https://api.nicenic.net/v2/"),
        "{text}"
    );
}
