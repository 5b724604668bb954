//! Blocks, as the console shows them.
use nicetap::record::ComparedWith;

use super::*;

/// The block of SPEC 5, letter for letter.
#[test]
fn the_example_of_the_contract_holds() {
    let mut renderer = Renderer::new(look(Verbosity::Normal));
    let text: String = [
        Record::Request(Box::new(full().notice())),
        Record::Exchange(Box::new(full().exchange())),
    ]
    .iter()
    .map(|record| renderer.render(record, Some(100), false))
    .collect();
    assert_eq!(
        text,
        "\
12:01:07.412 #7 → GET https://api.nicenic.net/v2/?category=domain&action=check&domains=example.com
             PRODUCTION read · from php-fpm pool www (www-data)
    N102 error  scheme word in front of the credential              at header Authorization
         saw    Basic ‹secret:authorization#k3f9q2·24›
         want   username:api_secret, nothing in front
         fix    set the header yourself instead of using the client's auth option
12:01:07.655 #7 ← 200 application/json 52 B · code 400 \"Request parameter error\" · 243 ms
         outbound IP 203.0.113.9 (IPv4; 2 of 2 echo sites) · NOT in your list
         likely 2 the Authorization header is wrong · may be 4 the outbound IP differs
"
    );
}

#[test]
fn a_run_at_100_columns() {
    insta::assert_snapshot!(shown(&story(), Verbosity::Normal, 100));
}

#[test]
fn a_run_at_80_columns() {
    insta::assert_snapshot!(shown(&story(), Verbosity::Normal, 80));
}

#[test]
fn a_run_with_all_details() {
    insta::assert_snapshot!(shown(&story(), Verbosity::Verbose, 100));
}

#[test]
fn a_run_with_warnings_and_errors_only() {
    insta::assert_snapshot!(shown(&story(), Verbosity::Quiet, 100));
}

#[test]
fn every_outcome_is_told_apart() {
    insta::assert_snapshot!(shown(&outcomes(), Verbosity::Normal, 100));
}

#[test]
fn colours_are_there_only_if_wanted_and_change_no_word() {
    let (mut plain, mut colored) = (look(Verbosity::Verbose), look(Verbosity::Verbose));
    plain.is_reading = true;
    colored.is_reading = true;
    let (mut plain, mut colored) = (Renderer::new(plain), Renderer::new(colored));
    let mut colors = 0;
    for record in story().iter().chain(&outcomes()) {
        let without = plain.render(record, None, false);
        let with = colored.render(record, None, true);
        assert!(!without.contains('\x1b'));
        colors += with.matches('\x1b').count();
        assert_eq!(anstream_free(&with), without);
    }
    assert!(colors > 100);
}

#[test]
fn a_hostile_log_moves_no_cursor_and_breaks_no_width() {
    let hostile = Maker {
        text: Some("\x1b[2J\x1b]0;x\x07\u{9b}31m\u{202e}\n\r\0\u{2066}例え#7 → ‹secret›"),
        is_bare: false,
    };
    let mut records = hostile.all();
    // Undo lines are not broken; they have a test of their own.
    for record in &mut records {
        if let Record::Stop(stop) = record {
            stop.undo.clear();
        }
    }
    for verbosity in [Verbosity::Quiet, Verbosity::Normal, Verbosity::Verbose] {
        for columns in [10, 60, 80, 100, 500] {
            let text = shown(&records, verbosity, columns);
            assert!(is_tame(&text), "{text}");
            let limit = columns.clamp(60, 100);
            for line in text.lines() {
                assert!(line.chars().count() <= limit, "{line}");
            }
        }
    }
    let (table, _) = viewed(Form::Table(TimeZone::UTC), None, &records);
    assert!(is_tame(&table), "{table}");
}

#[test]
fn of_many_differences_the_first_are_told() {
    let mut exchange = full().exchange();
    let differences = (0..100).map(|number| Logged(format!("header x-{number}: only now")));
    exchange.diagnosis.compared_with = Some(ComparedWith {
        id: 3,
        differences: differences.collect(),
    });
    let text = shown(
        &[Record::Exchange(Box::new(exchange))],
        Verbosity::Normal,
        100,
    );
    assert!(text.contains("header x-5: only now"), "{text}");
    assert!(text.contains("94 more") && !text.contains("x-6"), "{text}");
}

#[test]
fn undo_lines_are_whole_and_tame() {
    let mut stop = full().stop();
    let command = format!("sed -i '/{}/d' /etc/php/php.ini", "x".repeat(150));
    stop.undo = vec![command.clone().into(), "\x1b[2Jrm\u{202e}".into()];
    let text = shown(&[Record::Stop(Box::new(stop))], Verbosity::Quiet, 80);
    assert!(text.contains(&command), "{text}");
    assert!(is_tame(&text), "{text}");
}

fn is_tame(text: &str) -> bool {
    !text.contains(|it: char| it.is_control() && it != '\n')
        && !text.contains(|it| ('\u{202a}'..='\u{202e}').contains(&it))
        && !text.contains(|it| ('\u{2066}'..='\u{2069}').contains(&it))
}

#[test]
fn a_very_long_text_is_cut_with_a_count() {
    let mut notice = full().notice();
    notice.request.url = Logged("x".repeat(100_000));
    let record = Record::Request(Box::new(notice));
    let text = shown(&[record], Verbosity::Normal, 100);
    assert!(text.contains("… (99400 more characters)"), "{text}");
    assert!(text.lines().count() < 20);
}
