//! The pages: each view as HTML, for the first sight and for readers without script, and as JSON for the script.
use std::sync::Arc;

use axum::Router;
use axum::extract::{Extension, Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::{Deserialize, Serialize};

use super::api::{Choice, json};
use super::guard::{MayRead, TOKEN_HINT, problem, token_wanted};
use super::node::{Element, div, el, link, span};
use super::{Inspector, case, detail, list, rule_page, session};

pub(super) fn routes() -> Router<Arc<Inspector>> {
    Router::new()
        .route("/", get(calls))
        .route("/exchanges/{id}", get(call))
        .route("/session", get(the_session))
        .route("/compare", get(comparison))
        .route("/rules", get(all_rules))
        .route("/rules/{code}", get(one_rule))
        .route("/view/list", get(list_view))
        .route("/view/rows", get(rows_view))
        .route("/view/exchanges/{id}", get(call_view))
        .route("/view/session", get(session_view))
        .route("/view/compare", get(compare_view))
        .route("/assets/app.js", get(script))
        .route("/assets/app.css", get(style))
        .route("/assets/icon.svg", get(icon))
}

pub(super) async fn not_found() -> Response {
    problem(
        StatusCode::NOT_FOUND,
        "there is no such page",
        "the pages: / · /session · /rules · /api/v1/openapi.json",
    )
}

/// A view for the script.
#[derive(Serialize)]
struct View {
    title: String,
    tree: Element,
}

async fn calls(
    State(inspector): State<Arc<Inspector>>,
    Extension(may): Extension<MayRead>,
    Query(choice): Query<Choice>,
) -> Response {
    let main = if may.0 {
        main_of_calls()
            .with(list::list(&inspector, &choice, None))
            .with(nothing_open())
    } else {
        main_of_calls()
            .with(locked(&inspector))
            .with(nothing_open())
    };
    html(StatusCode::OK, "Calls", "/", !may.0, main)
}

async fn call(
    State(inspector): State<Arc<Inspector>>,
    Extension(may): Extension<MayRead>,
    Path(id): Path<String>,
    Query(choice): Query<Choice>,
) -> Response {
    if !may.0 {
        let main = main_of_calls()
            .with(locked(&inspector))
            .with(nothing_open());
        return html(StatusCode::OK, "Calls", "/", true, main);
    }
    let (status, view) = open(&inspector, &id);
    let main = main_of_calls()
        .with(list::list(&inspector, &choice, id.parse().ok()))
        .with(detail_pane().with(view.tree));
    let main = main.set("data-open", id);
    html(status, &view.title, "/", false, main)
}

async fn the_session(
    State(inspector): State<Arc<Inspector>>,
    Extension(may): Extension<MayRead>,
) -> Response {
    let main = if may.0 {
        session::session(&inspector)
    } else {
        locked(&inspector)
    };
    html(
        StatusCode::OK,
        "Session",
        "/session",
        !may.0,
        main_of_page().with(main),
    )
}

async fn comparison(
    State(inspector): State<Arc<Inspector>>,
    Extension(may): Extension<MayRead>,
    Query(pair): Query<case::Pair>,
) -> Response {
    let (status, main) = if may.0 {
        case::comparison(&inspector, &pair)
    } else {
        (StatusCode::OK, locked(&inspector))
    };
    let main = main_of_page().with(main);
    html(status, "Compare", "/session", !may.0, main)
}

async fn compare_view(
    State(inspector): State<Arc<Inspector>>,
    Extension(may): Extension<MayRead>,
    Query(pair): Query<case::Pair>,
) -> Response {
    if !may.0 {
        return token_wanted(&inspector);
    }
    json(&View {
        title: "Compare".to_owned(),
        tree: case::comparison(&inspector, &pair).1,
    })
}

async fn all_rules() -> Response {
    let main = main_of_page().with(rule_page::all());
    html(StatusCode::OK, "Rules", "/rules", false, main)
}

async fn one_rule(Path(code): Path<String>) -> Response {
    let (status, page) = match rule_page::one(&code) {
        Some(page) => (StatusCode::OK, page),
        None => (StatusCode::NOT_FOUND, rule_page::missing(&code)),
    };
    html(status, &code, "/rules", false, main_of_page().with(page))
}

async fn list_view(
    State(inspector): State<Arc<Inspector>>,
    Extension(may): Extension<MayRead>,
    Query(choice): Query<Choice>,
) -> Response {
    if !may.0 {
        return token_wanted(&inspector);
    }
    json(&View {
        title: "Calls".to_owned(),
        tree: list::list(&inspector, &choice, None),
    })
}

#[derive(Deserialize)]
struct Since {
    since: String,
    only: Option<String>,
}

async fn rows_view(
    State(inspector): State<Arc<Inspector>>,
    Extension(may): Extension<MayRead>,
    Query(Since { since, only }): Query<Since>,
) -> Response {
    if !may.0 {
        return token_wanted(&inspector);
    }
    let choice = Choice {
        only,
        ..Choice::default()
    };
    json(&list::rows(&inspector, &choice, &since))
}

async fn call_view(
    State(inspector): State<Arc<Inspector>>,
    Extension(may): Extension<MayRead>,
    Path(id): Path<String>,
) -> Response {
    if !may.0 {
        return token_wanted(&inspector);
    }
    json(&open(&inspector, &id).1)
}

async fn session_view(
    State(inspector): State<Arc<Inspector>>,
    Extension(may): Extension<MayRead>,
) -> Response {
    if !may.0 {
        return token_wanted(&inspector);
    }
    json(&View {
        title: "Session".to_owned(),
        tree: session::session(&inspector),
    })
}

async fn script() -> Response {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], SCRIPT).into_response()
}

async fn style() -> Response {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE).into_response()
}

async fn icon() -> Response {
    ([(CONTENT_TYPE, "image/svg+xml")], ICON).into_response()
}

fn open(inspector: &Inspector, id: &str) -> (StatusCode, View) {
    let entry = id.parse().ok().and_then(|id| inspector.history.find(id));
    match entry {
        Some(entry) => (
            StatusCode::OK,
            View {
                title: format!("#{}", entry.id),
                tree: detail::detail(inspector, &entry),
            },
        ),
        None => (
            StatusCode::NOT_FOUND,
            View {
                title: "Not kept".to_owned(),
                tree: detail::missing(id),
            },
        ),
    }
}

fn main_of_calls() -> Element {
    el("main").set("id", "main").class("calls-view")
}

fn main_of_page() -> Element {
    el("main")
        .set("id", "main")
        .class("page-view")
        .with(div("unseen").set("id", "top"))
}

fn detail_pane() -> Element {
    el("section")
        .set("id", "detail")
        .set("aria-label", "The call")
}

fn nothing_open() -> Element {
    detail_pane().with(
        el("p")
            .class("nothing")
            .text("Choose a call to see what it held, what came back, and what to mend."),
    )
}

/// What stands there for those who lack the token. Nothing of any call.
fn locked(inspector: &Inspector) -> Element {
    let why = inspector
        .lock
        .others
        .as_deref()
        .unwrap_or("this page is locked");
    let input = el("input")
        .set("id", "token")
        .set("type", "password")
        .set("autocomplete", "off")
        .set("aria-label", "Token");
    el("section")
        .set("id", "locked")
        .class("empty")
        .with(el("h2").text("The token is wanted"))
        .with(el("p").text(format!("Reading wants the token, because {why}.")))
        .with(el("p").text("Open the URL that nicetap printed, or enter the text of the file ui-token in nicetap's home."))
        .with(
            el("form")
                .set("id", "token-form")
                .class("script-only")
                .with(input)
                .with(el("button").set("type", "submit").text("Open")),
        )
        .with(el("noscript").with(el("p").text(format!("Without script: {TOKEN_HINT}."))))
}

fn html(status: StatusCode, title: &str, here: &str, is_locked: bool, main: Element) -> Response {
    let head = el("head")
        .with(el("meta").set("charset", "utf-8"))
        .with(meta("viewport", "width=device-width, initial-scale=1"))
        .with(meta("color-scheme", "light dark"))
        .with(meta("robots", "noindex"))
        .with(el("title").text(format!("{title} · nicetap")))
        .with(
            el("link")
                .set("rel", "icon")
                .set("type", "image/svg+xml")
                .set("href", "/assets/icon.svg"),
        )
        .with(
            el("link")
                .set("rel", "stylesheet")
                .set("href", "/assets/app.css"),
        )
        .with(el("script").set("src", "/assets/app.js").set("defer", ""));
    let body = el("body")
        .maybe("data-locked", is_locked.then_some("true"))
        .with(link("#main", "To the content").class("skip"))
        .with(top(here))
        .with(main)
        .with(keys_dialog())
        .with(div("toast").set("id", "toast").set("role", "status"));
    let page = el("html").set("lang", "en").with(head).with(body).html();
    let headers = [(CONTENT_TYPE, "text/html; charset=utf-8")];
    (status, headers, format!("<!doctype html>\n{page}")).into_response()
}

fn meta(name: &'static str, content: &'static str) -> Element {
    el("meta").set("name", name).set("content", content)
}

fn top(here: &str) -> Element {
    let tabs = [("/", "Calls"), ("/session", "Session"), ("/rules", "Rules")]
        .map(|(to, name)| link(to, name).maybe("aria-current", (to == here).then_some("page")));
    let button = |id: &'static str, text: &'static str| {
        el("button").set("type", "button").set("id", id).text(text)
    };
    let tools = div("tools script-only")
        .with(span("live", "").set("id", "live").set("role", "status"))
        .with(button("pause", "Pause").set("aria-pressed", "false"))
        .with(button("clear", "Clear"))
        .with(button("keys", "Keys").set("aria-haspopup", "dialog"));
    el("header")
        .set("id", "top-bar")
        .with(
            link("/", "")
                .class("brand")
                .with(
                    el("img")
                        .set("src", "/assets/icon.svg")
                        .set("alt", "")
                        .set("width", "22")
                        .set("height", "22"),
                )
                .text("nicetap"),
        )
        .with(el("nav").set("aria-label", "Views").all(tabs))
        .all((here == "/").then_some(tools))
}

fn keys_dialog() -> Element {
    let rows = KEYS
        .iter()
        .flat_map(|(key, does)| [el("dt").with(el("kbd").text(*key)), el("dd").text(*does)]);
    el("dialog")
        .set("id", "keys-dialog")
        .set("aria-labelledby", "keys-title")
        .with(el("h2").set("id", "keys-title").text("Keys"))
        .with(el("dl").class("facts").all(rows))
        .with(
            el("form")
                .set("method", "dialog")
                .with(el("button").text("Close")),
        )
}

const KEYS: [(&str, &str); 9] = [
    ("j or ↓", "the next call"),
    ("k or ↑", "the call before"),
    ("Enter", "open it"),
    ("Esc", "close it"),
    ("/", "to the filter"),
    ("c", "copy the open call as curl"),
    ("m", "mark it, or take the mark away"),
    ("p", "pause, or go on"),
    ("?", "show these keys"),
];
const SCRIPT: &str = include_str!("assets/app.js");
const STYLE: &str = include_str!("assets/app.css");
const ICON: &str = include_str!("assets/icon.svg");
