//! Large bodies stream: they are never held.
//!
//! A debug build is slow: 256 MiB each way, or 1 GiB with `NICETAP_THOROUGH=1`.
use crate::stage::{Stage, check, post};
use crate::support::authority::Authority;
use crate::support::origin::{Conversation, RawOrigin, success};
use crate::support::{API, sized};

/// More memory than this is held by nobody who streams.
const MOST_MEMORY: u64 = 64 * 1024;

fn size() -> u64 {
    sized(256 << 20, 1 << 30)
}

/// Sends this many bytes of a body with chunks or without, through `send`.
fn pour(size: u64, chunked: bool, mut send: impl FnMut(&[u8]) -> std::io::Result<()>) {
    let mut piece = vec![b'x'; PIECE];
    if chunked {
        let mut framed = format!("{PIECE:x}\r\n").into_bytes();
        framed.append(&mut piece);
        framed.extend(b"\r\n");
        piece = framed;
    }
    for _ in 0..size / PIECE as u64 {
        send(&piece).unwrap();
    }
    if chunked {
        send(b"0\r\n\r\n").unwrap();
    }
}

fn length_on_the_wire(chunked: bool) -> u64 {
    let pieces = size() / PIECE as u64;
    let framing = format!("{PIECE:x}\r\n\r\n").len() as u64;
    if chunked {
        size() + pieces * framing + 5
    } else {
        size()
    }
}

fn framing(chunked: bool) -> String {
    if chunked {
        "Transfer-Encoding: chunked\r\n".to_owned()
    } else {
        format!("Content-Length: {}\r\n", size())
    }
}

/// Takes a large body, or sends one, in chunks if the request has some or asks for some.
fn both_ways(conversation: &mut Conversation) -> std::io::Result<()> {
    while let Some(head) = conversation.head()? {
        let chunked =
            head.field("transfer-encoding").is_some() || head.first_line().contains("chunked");
        if head.first_line().starts_with("POST") {
            let want = length_on_the_wire(chunked);
            assert_eq!(conversation.discard(want)?, want);
            conversation.send(success(&head))?;
        } else {
            conversation.send(format!("HTTP/1.1 200 OK\r\n{}\r\n", framing(chunked)))?;
            pour(size(), chunked, |piece| conversation.send(piece));
        }
    }
    Ok(())
}

#[test]
fn a_huge_body_each_way_needs_little_memory() {
    let stage = Stage::new(both_ways);
    let mut client = stage.client();
    for chunked in [false, true] {
        client.send(post(&framing(chunked))).unwrap();
        pour(size(), chunked, |piece| client.send(piece));
        assert_eq!(client.reply("POST").unwrap().status(), 200);
        let asked = if chunked {
            "chunked.example"
        } else {
            "example.com"
        };
        client
            .send(check("").replace("example.com", asked))
            .unwrap();
        assert_eq!(client.head().unwrap().status(), 200);
        let want = length_on_the_wire(chunked);
        assert_eq!(client.discard(want).unwrap(), want);
    }
    let records = stage.exchanges_of(&client, 4);
    for (index, part) in [
        (0, "request"),
        (1, "response"),
        (2, "request"),
        (3, "response"),
    ] {
        let body = &records[index][part]["body"];
        assert_eq!(body["size"], size(), "{body:#}");
        assert_eq!(body["truncated"], true, "{body:#}");
    }
    let peak = stage.nicetap.peak_memory();
    assert!(peak < MOST_MEMORY, "{peak} KiB");
}

#[test]
fn a_huge_body_through_a_tunnel_needs_little_memory() {
    let origin = RawOrigin::plain(|conversation| {
        assert_eq!(conversation.discard(size())?, size());
        pour(size(), false, |piece| conversation.send(piece));
        Ok(())
    });
    let stage = Stage::before(Authority::new(), origin, |options| options);
    let mut client = crate::support::raw::RawClient::plain(stage.nicetap.addr());
    client.connect(&format!("{API}:443")).unwrap();
    // No TLS and no HTTP: carried unread.
    client.send(b"\0").unwrap();
    pour(size() - PIECE as u64, false, |piece| client.send(piece));
    client.send(vec![0; PIECE - 1]).unwrap();
    assert_eq!(client.discard(size()).unwrap(), size());
    client.end();
    let record = stage.record_of("tunnel", &client);
    assert_eq!(record["bytes"]["up"], size(), "{record:#}");
    assert_eq!(record["bytes"]["down"], size(), "{record:#}");
    let peak = stage.nicetap.peak_memory();
    assert!(peak < MOST_MEMORY, "{peak} KiB");
}

const PIECE: usize = 256 * 1024;
