//! What every [`Mailer`](tenon_application::ports::Mailer) does, read from the email that arrived.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tenon_application::ports::{MailError, Mailer, Message};

pub const SENDER: &str = "Tenon <tenon@example.com>";

/// An email that is awkward to write down.
#[allow(clippy::disallowed_methods, reason = "tests need unique ids")]
pub fn message() -> Message {
    Message {
        id: uuid::Uuid::now_v7().to_string(),
        to_address: "ada@example.org".to_owned(),
        to_name: Some("Ada Łovelace, \"the first\"".to_owned()),
        subject: "Grete assigned you ENG-12 Türen schließen".to_owned(),
        text: "Hello Ada,\n\nLöse das. A line of its own:\n.\n\nGoodbye".to_owned(),
        html: format!("<p>Löse das.</p><p>{}</p>", "long ".repeat(300)),
    }
}

/// Sends the awkward email, and checks what `arrived` finds of it.
pub async fn an_email_arrives_whole(mailer: &dyn Mailer, arrived: impl AsyncFn(&Message) -> String) {
    let message = message();
    mailer.send(&message).await.unwrap();
    let email = arrived(&message).await;
    let (head, _) = email.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no end of the headers: {email}"));
    let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    assert!(
        head.contains("From: Tenon <tenon@example.com>") || head.contains("From: \"Tenon\" <tenon@example.com>"),
        "{head}"
    );
    assert!(head.contains("<ada@example.org>"), "{head}");
    assert!(head.contains(&format!("Message-ID: <{}@example.com>", message.id)), "{head}");
    assert!(head.contains("MIME-Version: 1.0") && head.contains("Content-Type: multipart/alternative"), "{head}");
    assert!(head.contains("\r\nDate: "), "{head}");
    assert!(email.lines().all(|line| line.len() <= 998 && line.is_ascii()));
    let parts = parts(&email);
    assert_eq!(parts.len(), 2);
    assert_eq!((parts[0].0.as_str(), parts[0].1.replace("\r\n", "\n")), ("text/plain", message.text));
    assert_eq!((parts[1].0.as_str(), parts[1].1.replace("\r\n", "\n")), ("text/html", message.html));
}

pub async fn what_cannot_be_sent_is_refused(mailer: &dyn Mailer) {
    for address in ["", "nobody", "two@ats@example.com", "inject@example.com\r\nBcc: all@example.com"] {
        let wrong = Message { to_address: address.to_owned(), ..message() };
        assert!(matches!(mailer.send(&wrong).await, Err(MailError::Refused(_))), "{address:?}");
    }
    for id in ["", "../../etc/passwd", "a/b", "a\r\nBcc: all@example.com"] {
        let wrong = Message { id: id.to_owned(), ..message() };
        assert!(matches!(mailer.send(&wrong).await, Err(MailError::Refused(_))), "{id:?}");
    }
}

/// The media type and the decoded text of each part.
fn parts(email: &str) -> Vec<(String, String)> {
    let (_, rest) = email.split_once("boundary=\"").unwrap();
    let (boundary, _) = rest.split_once('"').unwrap();
    email
        .split(&format!("--{boundary}"))
        .skip(1)
        .filter(|part| !part.starts_with("--"))
        .map(|part| {
            let (head, body) = part.trim_start().split_once("\r\n\r\n").unwrap();
            let body = body.strip_suffix("\r\n").unwrap_or(body);
            let header = |name: &str| {
                let line = head.lines().find(|line| line.to_lowercase().starts_with(name)).unwrap_or_default();
                line.split_once(": ").unwrap_or_default().1.split(';').next().unwrap().to_lowercase()
            };
            let text = match header("content-transfer-encoding").as_str() {
                "base64" => STANDARD.decode(body.replace("\r\n", "")).unwrap(),
                "quoted-printable" => quoted_printable(body),
                "7bit" => body.as_bytes().to_vec(),
                other => panic!("{other}"),
            };
            (header("content-type"), String::from_utf8(text).unwrap())
        })
        .collect()
}

/// RFC 2045, 6.7.
fn quoted_printable(body: &str) -> Vec<u8> {
    let mut decoded = Vec::new();
    let joined = body.replace("=\r\n", "");
    let mut bytes = joined.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'=' {
            let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
            decoded.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
        } else {
            decoded.push(byte);
        }
    }
    decoded
}
