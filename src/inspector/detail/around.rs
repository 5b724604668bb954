//! What is known around a call: where the time went, the way out, who sent it.
use std::borrow::Cow;

use crate::record::{Client, Egress, Exchange, Failure, Timing, Word};
use crate::redact::seal::Masked;
use crate::sink::block::word;

use super::super::node::{Element, el};
use super::super::parts::{count, facts, section, took};
use super::super::summary::outbound;

/// The steps of the exchange, each a bar where and as long as it was.
pub(super) fn waterfall(timing: &Timing) -> Element {
    let measured = [timing.dns_ms, timing.connect_ms, timing.tls_ms]
        .into_iter()
        .chain([timing.wait_ms, timing.receive_ms]);
    let rest = (timing.total_ms - measured.flatten().sum::<f64>()).max(0.0);
    let steps = [
        ("find the address (DNS)", timing.dns_ms, "b-dns"),
        ("connect", timing.connect_ms, "b-connect"),
        ("agree on TLS", timing.tls_ms, "b-tls"),
        ("send, and nicetap's own work", Some(rest), "b-send"),
        ("wait for the first byte", timing.wait_ms, "b-wait"),
        ("receive", timing.receive_ms, "b-receive"),
    ];
    let whole = timing.total_ms.max(0.001);
    let mut before = 0.0;
    let rows = steps.into_iter().map(|(name, millis, class)| {
        let long = millis.unwrap_or(0.0);
        let (x, width) = (before / whole * 100.0, (long / whole * 100.0).max(0.3));
        before += long;
        let bar = el("svg")
            .set("viewBox", "0 0 100 10")
            .set("preserveAspectRatio", "none")
            .set("aria-hidden", "true")
            .with(
                el("rect")
                    .class(class)
                    .set("x", format!("{:.2}", x.min(99.7)))
                    .set("y", "1")
                    .set("width", format!("{width:.2}"))
                    .set("height", "8"),
            );
        let shown = millis.map_or_else(|| "not taken".to_owned(), took);
        el("tr")
            .with(el("th").set("scope", "row").text(name))
            .with(el("td").class("ms").text(shown))
            .with(el("td").class("bar").all(millis.map(|_| bar)))
    });
    section("Where the time went").with(
        el("table")
            .class("waterfall")
            .with(el("tbody").all(rows))
            .with(
                el("tfoot").with(
                    el("tr")
                        .with(el("th").set("scope", "row").text("in all"))
                        .with(el("td").class("ms").text(took(timing.total_ms)))
                        .with(el("td")),
                ),
            ),
    )
}

pub(super) fn way_out(egress: &Egress<Masked>, failure: Option<&Failure<Masked>>) -> Element {
    let listed = match egress.whitelisted {
        Some(true) => "yes",
        Some(false) => "NO",
        None => "not known",
    };
    let public = outbound(egress);
    let seen_by = egress.public.as_ref().map(|public| {
        let by: Vec<&str> = public.seen_by.iter().map(Masked::as_str).collect();
        by.join(", ").into()
    });
    let reused = failure.is_some_and(|failure| failure.reused);
    let rows: [(&'static str, Option<Cow<'_, str>>); 7] = [
        (
            "outbound IP",
            Some(public.map_or_else(|| "not known".into(), |ip| ip.to_string().into())),
        ),
        ("seen by", seen_by),
        ("in your list", Some(listed.into())),
        ("from", egress.local.map(|local| local.to_string().into())),
        ("to", egress.peer.map(|peer| peer.to_string().into())),
        ("chosen by", Some((&*egress.chosen_by).into())),
        (
            "connection",
            reused.then(|| "kept from a call before".into()),
        ),
    ];
    section("The way out").with(facts(rows))
}

pub(super) fn sender(client: &Client<Masked>) -> Element {
    let text = |text: &Option<Masked>| -> Option<Cow<'_, str>> {
        text.as_ref().map(|it| Cow::Owned(it.to_string()))
    };
    let user = match (&client.user, client.uid) {
        (Some(user), Some(uid)) => Some(format!("{user} ({uid})").into()),
        (Some(user), None) => Some(user.to_string().into()),
        (None, uid) => uid.map(|uid| uid.to_string().into()),
    };
    let via = client.via.map(|via| {
        let words = word(via);
        if words == "gateway" {
            "base-URL mode".into()
        } else {
            words.into()
        }
    });
    let rows: [(&'static str, Option<Cow<'_, str>>); 7] = [
        ("program", text(&client.process)),
        ("kind", client.kind.map(|kind| word(kind).into())),
        ("user", user),
        ("process id", client.pid.map(|pid| pid.to_string().into())),
        ("User-Agent", text(&client.user_agent)),
        ("came as", via),
        ("address", Some(client.addr.to_string().into())),
    ];
    section("Who sent it").with(facts(rows))
}

pub(super) fn credential(it: &Exchange<Masked>) -> Option<Element> {
    let credential = it.call.credential.as_ref()?;
    let rows: [(&'static str, Option<Cow<'_, str>>); 4] = [
        ("username", Some(credential.username.as_str().into())),
        ("secret", Some(credential.fingerprint.as_str().into())),
        ("it is", credential.is.as_deref().map(Cow::Borrowed)),
        ("differs", credential.differs.as_deref().map(Cow::Borrowed)),
    ];
    Some(
        section("The credential").with(facts(rows)).with(
            el("p")
                .class("remark")
                .text("Equal secrets have equal marks, on this machine."),
        ),
    )
}

pub(super) fn fidelity(notes: &[Word], masked: u64) -> Element {
    let block = section("Fidelity");
    let block = if notes.is_empty() {
        block.with(el("p").text("The request was sent on byte for byte."))
    } else {
        block.with(el("ul").all(notes.iter().map(|note| el("li").text(&**note))))
    };
    let values = count(masked, "value");
    let verb = if masked == 1 { "is" } else { "are" };
    block.with(
        el("p")
            .class("remark")
            .text(format!("{values} {verb} masked in this record.")),
    )
}
