//! The `data` of a success: the documented fields, filled with what follows from the request.
//!
//! It invents plausible values and keeps none; the same call on the same day has the same answer.
use std::net::IpAddr;

use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::parameters::Parameters;
use crate::catalogue::Action;

/// The `data` of this action's success, or what is wrong with a parameter that it needs.
pub(super) fn invent(
    action: &Action,
    parameters: &Parameters,
    today: Date,
) -> Result<Value, String> {
    match (action.category.as_str(), action.action.as_str()) {
        ("domain", "check") => Ok(check(parameters)),
        ("domain", "register") => register(parameters, today),
        ("domain", "renew") => renew(parameters),
        ("domain", "get_price") => prices(parameters),
        ("domain", "domain_list") => domain_list(parameters, today),
        ("nameserverhost", "add" | "update") => nameserver_host(parameters),
        ("user", "transactions") => transactions(parameters, today),
        ("abuse", "get_abuse_report") => Ok(abuse_report(parameters, today)),
        // Transfers and changes: documented as empty. That an empty one is a list is a guess.
        _ => Ok(json!([])),
    }
}

fn check(parameters: &Parameters) -> Value {
    let domains = parameters.value_or("domains", "").split(',').map(str::trim);
    let judged = domains.map(|domain| {
        let state = if !is_name(domain) {
            "error"
        } else if is_taken(domain) {
            "unavailable"
        } else {
            "available"
        };
        (domain.to_owned(), Value::from(state))
    });
    Value::Object(judged.collect::<Map<_, _>>())
}

fn register(parameters: &Parameters, today: Date) -> Result<Value, String> {
    let expires = today.saturating_add(years(parameters)?.years());
    Ok(json!({
        "domain": parameters.value("domain"),
        "created_date": today.to_string(),
        "expired_date": expires.to_string(),
    }))
}

fn renew(parameters: &Parameters) -> Result<Value, String> {
    let expires: Date = parameters
        .value_or("deaddate", "")
        .parse()
        .map_err(|_| "deaddate is not a date YYYY-MM-DD".to_owned())?;
    Ok(json!({
        "domain": parameters.value("domain"),
        "old_expired_date": expires.to_string(),
        "new_expired_date": expires.saturating_add(years(parameters)?.years()).to_string(),
    }))
}

fn prices(parameters: &Parameters) -> Result<Value, String> {
    let domain = parameters.value_or("domain", "");
    let wanted = parameters.value_or("type", "");
    let years = u32::from(years(parameters)?.unsigned_abs());
    let is_premium = begins_with(domain, "premium");
    let rows = [("register", 0), ("renew", 100), ("transfer", 50)]
        .into_iter()
        .filter(|(kind, _)| wanted == "all" || wanted == *kind)
        .map(|(kind, more)| {
            let cents = (cents_of(domain) + more) * years * if is_premium { 100 } else { 1 };
            let mut row = json!({
                "domain": domain,
                "type": kind,
                "currency": CURRENCY,
                "price": f64::from(cents) / 100.0,
            });
            if kind == "register" {
                row["is_premium"] = is_premium.into();
            }
            row
        });
    Ok(rows.collect())
}

fn domain_list(parameters: &Parameters, today: Date) -> Result<Value, String> {
    let sort = parameters.value_or("sort", "time_desc");
    let status = parameters.value_or("status", "all");
    let page_size = number(parameters, "page_size", 10)?;
    let page_index = number(parameters, "page_index", 1)?;
    let mut domains: Vec<_> = (1..=DOMAIN_COUNT)
        .map(|number| owned_domain(number, today))
        .filter(|domain| status == "all" || domain["status"] == status)
        .filter(|domain| {
            parameters
                .value("hold")
                .is_none_or(|hold| domain["hold"] == hold)
        })
        .collect();
    // They come in the order of their names, which is also from the youngest to the oldest.
    if matches!(sort, "name_desc" | "time_asc") {
        domains.reverse();
    }
    let total = domains.len();
    let page: Vec<_> = page(domains, page_index, page_size).collect();
    Ok(json!({
        "options": {
            "sort": sort,
            "page_size": page_size,
            "page_index": page_index,
            "status": status,
            "total": total,
            "total_pages": total.div_ceil(page_size),
        },
        "domain_list": page,
    }))
}

fn owned_domain(number: i64, today: Date) -> Value {
    let created = today.saturating_sub((number * 20).days());
    let expires = created.saturating_add(1.year());
    let status = if expires < today {
        "expired"
    } else if number % 11 == 0 {
        "stop"
    } else {
        "active"
    };
    json!({
        "domain": format!("mock{number:02}.example"),
        "created_date": created.to_string(),
        "expired_date": expires.to_string(),
        "status": status,
        "nameservers": ["ns3.my-ndns.com", "ns4.my-ndns.com"],
        "hold": if number % 9 == 0 { "1" } else { "0" },
    })
}

fn nameserver_host(parameters: &Parameters) -> Result<Value, String> {
    let domain = parameters.value_or("domain", "");
    let host = parameters.value_or("dns", "");
    let (lower_host, lower_domain) = (host.to_ascii_lowercase(), domain.to_ascii_lowercase());
    let label = lower_host.strip_suffix(&lower_domain);
    if !label.is_some_and(|label| label.len() > 1 && label.ends_with('.')) {
        return Err("dns is not under domain".to_owned());
    }
    let ip = parameters.value_or("ip", "");
    if ip.parse::<IpAddr>().is_err() {
        return Err("ip is not an address".to_owned());
    }
    Ok(json!({"dns": host, "ip": ip}))
}

fn transactions(parameters: &Parameters, today: Date) -> Result<Value, String> {
    let rows: Vec<_> = (1..=TRANSACTION_COUNT)
        .map(|number| {
            let (kind, about, amount) = match number % 3 {
                0 => ("deposit", "mock deposit".to_owned(), "100.00"),
                1 => (
                    "register",
                    format!("mock{number:02}.example 1 year"),
                    "-15.99",
                ),
                _ => ("renew", format!("mock{number:02}.example 1 year"), "-16.99"),
            };
            json!({
                "type": kind,
                "about": about,
                "amount": amount,
                "time": format!("{} 10:{number:02}:00", today.saturating_sub(number.days())),
                "currency": CURRENCY,
            })
        })
        .collect();
    let page_index = number(parameters, "page", 1)?;
    Ok(page(rows, page_index, TRANSACTIONS_A_PAGE).collect())
}

fn abuse_report(parameters: &Parameters, today: Date) -> Value {
    let domain = parameters.value_or("domain", "");
    let is_accused = begins_with(domain, "abuse");
    let [status, impact, action] = if is_accused {
        ["Under Review", "none yet", "answer the complaint"]
    } else {
        ["Normal", "none", "none"]
    };
    let seen = |days: i64| {
        let date = today.saturating_sub(days.days());
        is_accused.then(|| format!("{date} 10:00:00"))
    };
    json!({
        "domain": domain,
        "scenario": {"status": status, "impact": impact, "action": action},
        "hold": {
            "state": "none",
            "pending_since": null,
            "scheduled_at": null,
            "applied_at": null,
        },
        "complaint": {
            "case_count": if is_accused { 2 } else { 0 },
            "earliest_at": seen(5),
            "latest_at": seen(2),
            "categories": if is_accused { vec!["phishing"] } else { vec![] },
        },
    })
}

/// `year`, 1 to 10 as documented.
fn years(parameters: &Parameters) -> Result<i8, String> {
    let years = parameters.value_or("year", "").parse().ok();
    years
        .filter(|years| (1..=10).contains(years))
        .ok_or_else(|| "year is not a number from 1 to 10".to_owned())
}

fn number(parameters: &Parameters, name: &str, default: usize) -> Result<usize, String> {
    let Some(value) = parameters.value(name) else {
        return Ok(default);
    };
    let number = value.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| format!("{name} is not a number from 1"))
}

fn page(rows: Vec<Value>, index: usize, size: usize) -> impl Iterator<Item = Value> {
    let before = (index - 1).saturating_mul(size);
    rows.into_iter().skip(before).take(size)
}

/// Two labels or more, of letters, digits and hyphens.
fn is_name(domain: &str) -> bool {
    let is_label =
        |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    domain.contains('.') && domain.len() <= 253 && domain.split('.').all(is_label)
}

fn is_taken(domain: &str) -> bool {
    begins_with(domain, "taken") || begins_with(domain, "example.")
}

fn begins_with(domain: &str, start: &str) -> bool {
    let head = domain.get(..start.len());
    head.is_some_and(|head| head.eq_ignore_ascii_case(start))
}

/// What a year costs.
fn cents_of(domain: &str) -> u32 {
    match domain.rsplit('.').next() {
        Some("com") => 1099,
        Some("net") => 1299,
        Some("org") => 1199,
        _ => 1999,
    }
}

const CURRENCY: &str = "USD";
const DOMAIN_COUNT: i64 = 23;
const TRANSACTION_COUNT: i64 = 25;
const TRANSACTIONS_A_PAGE: usize = 10;
