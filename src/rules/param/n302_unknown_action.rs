//! N302: an action that the catalogue does not list.
use crate::catalogue::{Action, Catalogue};
use crate::facts::Request;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a pair of category and action that nicetap's catalogue does not have.
    ///
    /// ## Why it matters
    /// The catalogue holds what the documentation lists. The pair may be misspelt, or it may be
    /// one that NiceNIC has not documented: then nicetap cannot tell what it costs, and takes it
    /// for a paid one. It says so once a run for each pair.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=chek&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// ```
    ///
    /// ## Good
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// ```
    N302 "unknown-action": Param, Info, Is,
    check: Request,
    summary: "an action that the catalogue does not list",
    fix: "compare category and action with the documentation; nicetap knows only what is written there",
    since: "0.1.0",
    once: true,
}

fn check(request: &Request) -> Option<Hit> {
    let (category, action) = (
        request.call.category.as_ref()?,
        request.call.action.as_ref()?,
    );
    let catalogue = Catalogue::current();
    let is_known = catalogue
        .action(category.expose(), action.expose())
        .is_some();
    let is_legacy = request
        .legacy
        .word
        .is_some_and(|word| word.param == "action");
    let is_empty = category.expose().is_empty() || action.expose().is_empty();
    if is_known || is_legacy || is_empty || !request.is_for_api() {
        return None;
    }
    let seen = text!["category=", category.clone(), " action=", action.clone()];
    let Some(near) = nearest(&catalogue.actions, category.expose(), action.expose()) else {
        return Some(Hit::new(At::Query, seen, text!["a documented action"]));
    };
    let meant = text![
        "category=",
        near.category.as_str(),
        " action=",
        near.action.as_str()
    ];
    let fix = text![
        "did you mean category=",
        near.category.as_str(),
        "&action=",
        near.action.as_str(),
        "?"
    ];
    Some(Hit::new(At::Query, seen, meant).with_fix(fix))
}

/// The action that was meant: under its page's name, under another category, or a few letters off.
fn nearest(actions: &'static [Action], category: &str, action: &str) -> Option<&'static Action> {
    if category.len() + action.len() > LONGEST_GUESS {
        return None;
    }
    let (category, action) = (category.to_ascii_lowercase(), action.to_ascii_lowercase());
    let distance = |have: &Action| {
        let of_action = strsim::osa_distance(&have.action, &action);
        let of_category = strsim::osa_distance(&have.category, &category);
        if of_category == 0 && have.api_type == action {
            0
        } else if of_action == 0 {
            of_category.min(1)
        } else {
            of_action + of_category
        }
    };
    actions
        .iter()
        .map(|have| (distance(have), have))
        .filter(|(distance, _)| *distance <= MOST_LETTERS_OFF)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, have)| have)
}

const LONGEST_GUESS: usize = 64;
const MOST_LETTERS_OFF: usize = 3;
