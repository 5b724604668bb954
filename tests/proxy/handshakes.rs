//! Servers that are not reached, or with which no TLS comes about.
use std::net::TcpListener;

use crate::chains::Recipe;
use crate::stage::Told;
use crate::support::origin::Conversation;
use crate::verification::{Case, Expected, Ground, OpenSslServer, Server, fails_in_tls};

pub(crate) fn cases(ground: &Ground) -> Vec<Case> {
    let mut cases = vec![Case::does(
        "U24 silence in the handshake",
        Expected::Fails(Told {
            status: 504,
            ..told(
                "tls",
                "connection_timeout",
                "did not finish the TLS handshake within 10 s",
            )
        }),
        Conversation::stay_silent,
    )];
    cases.extend(versions_and_ciphers(ground));
    cases.extend(broken_off());
    cases.extend(not_reached());
    cases
}

fn versions_and_ciphers(ground: &Ground) -> Vec<Case> {
    let openssl = &ground.openssl;
    openssl.make("plain", &Recipe::leaf("plain", &["rsa:2048"]));
    let bitcoin = ["ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"];
    openssl.make("bitcoin", &Recipe::leaf("bitcoin", &bitcoin));
    let serves = |name, certificate, option: &[&str], expected| {
        let server = OpenSslServer::start(openssl, certificate, option);
        Case::new(name, Server::OpenSsl(server), expected)
    };
    let too_old = fails_in_tls("tls_protocol_error", "offers neither TLS 1.2 nor 1.3");
    let nothing_fits = fails_in_tls("tls_alert_received", "no cipher or key exchange fits");
    vec![
        serves("TLS 1.0 only", "plain", &["-tls1"], too_old),
        serves("TLS 1.1 only", "plain", &["-tls1_1"], too_old),
        serves(
            "a cipher that is no longer used only",
            "plain",
            &["-tls1_2", "-cipher", "AES128-SHA@SECLEVEL=0"],
            nothing_fits,
        ),
        serves(
            "a key on a curve that TLS does not use",
            "bitcoin",
            &[],
            nothing_fits,
        ),
    ]
}

fn broken_off() -> Vec<Case> {
    let gone = |reason| fails_in_tls("connection_terminated", reason);
    vec![
        Case::does(
            "an end in the handshake",
            gone("closed the connection during the TLS handshake"),
            |conversation| conversation.read_some().map(drop),
        ),
        Case::does(
            "a reset in the handshake",
            gone("reset the connection during the TLS handshake"),
            |conversation| {
                conversation.read_some()?;
                conversation.reset();
                Ok(())
            },
        ),
        Case::does(
            "plain text where TLS is due",
            fails_in_tls("tls_protocol_error", "is not TLS"),
            |conversation| {
                conversation.read_some()?;
                conversation.send("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
            },
        ),
        Case::does(
            "an alert instead of a hello",
            fails_in_tls(
                "tls_alert_received",
                "alert 112: it does not know this name",
            ),
            |conversation| {
                conversation.read_some()?;
                conversation.send([21, 3, 3, 0, 2, 2, 112])
            },
        ),
        Case::does(
            "U21 h2 chosen though not offered",
            fails_in_tls("tls_protocol_error", "a protocol that was not offered"),
            |conversation| {
                conversation.read_some()?;
                conversation.send(hello_with_h2())
            },
        ),
    ]
}

/// A server's hello (TLS 1.2) that chooses HTTP/2.
fn hello_with_h2() -> Vec<u8> {
    let mut hello = vec![3, 3];
    hello.extend([7; 32]);
    // No session; ECDHE-ECDSA with AES-128-GCM; no compression.
    hello.extend([0, 0xc0, 0x2b, 0]);
    let extension = [0, 16, 0, 5, 0, 3, 2, b'h', b'2'];
    hello.extend([0, u8::try_from(extension.len()).unwrap()]);
    hello.extend(extension);
    let length = u8::try_from(hello.len()).unwrap();
    let message = [&[2, 0, 0, length][..], &hello].concat();
    [&[22, 3, 3, 0, length + 4][..], &message].concat()
}

fn not_reached() -> Vec<Case> {
    let free = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let addr = free.local_addr().unwrap();
    drop(free);
    vec![
        Case::leads_to(
            "U26 a name that is not found",
            "no-such-host.invalid:443",
            told(
                "resolve",
                "dns_error",
                "`no-such-host.invalid` was not found",
            ),
        ),
        Case::leads_to(
            "a port where nobody listens",
            &addr.to_string(),
            told("connect", "connection_refused", "refused the connection"),
        ),
        Case::leads_to(
            "U32 no route",
            // The broadcast address: no machine dials it over TCP, whatever its routes.
            "255.255.255.255:443",
            told("connect", "destination_ip_unroutable", "no route"),
        ),
    ]
}

const fn told(stage: &'static str, word: &'static str, reason: &'static str) -> Told {
    Told {
        status: 502,
        word,
        stage,
        verdict: "unreachable",
        reason,
    }
}
