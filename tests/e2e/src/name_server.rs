//! A name server that speaks the protocol (RFC 1035) over UDP, and knows what it was told.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

/// So many bytes fit into one string of a record.
const STRING: usize = 255;
/// A pointer to the name in the question.
const NAME: [u8; 2] = [0xC0, 12];
const TXT_IN: [u8; 4] = [0, 16, 0, 1];
const SERVER_FAILURE: u8 = 2;
const NO_SUCH_NAME: u8 = 3;

/// It answers until it is dropped.
pub struct NameServer {
    address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
    serving: JoinHandle<()>,
}

#[derive(Default)]
struct Zone {
    texts: HashMap<String, Vec<String>>,
    fails: bool,
    asked: Vec<String>,
}

impl NameServer {
    pub async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
        let address = socket.local_addr().expect("its address");
        let zone = Arc::new(Mutex::new(Zone::default()));
        let serving = tokio::spawn(serve(socket, zone.clone()));
        Self { address, zone, serving }
    }

    /// Where it is asked, as `TENON_DNS_SERVERS` names it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The TXT records of a name from now on. With none there is no such name.
    pub fn say(&self, name: &str, texts: &[&str]) {
        let texts: Vec<_> = texts.iter().map(|text| (*text).to_owned()).collect();
        self.zone.lock().unwrap().texts.insert(name.to_ascii_lowercase(), texts);
    }

    /// Has it answer that something went wrong, or no longer.
    pub fn fail(&self, fails: bool) {
        self.zone.lock().unwrap().fails = fails;
    }

    /// The names that it was asked for so far.
    pub fn asked(&self) -> Vec<String> {
        self.zone.lock().unwrap().asked.clone()
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(socket: UdpSocket, zone: Arc<Mutex<Zone>>) {
    let mut buffer = [0; 1500];
    while let Ok((length, client)) = socket.recv_from(&mut buffer).await {
        if let Some(answer) = answer(&buffer[..length], &zone) {
            // Who has gone meanwhile asks again.
            let _ = socket.send_to(&answer, client).await;
        }
    }
}

/// Nothing for what is no query.
fn answer(query: &[u8], zone: &Mutex<Zone>) -> Option<Vec<u8>> {
    let (name, question) = question(query)?;
    let mut zone = zone.lock().unwrap();
    let texts = zone.texts.get(&name).cloned().unwrap_or_default();
    zone.asked.push(name);
    let is_of_text = question.ends_with(&TXT_IN);
    let (code, texts) = match (zone.fails, texts.is_empty()) {
        (true, _) => (SERVER_FAILURE, Vec::new()),
        (false, true) => (NO_SUCH_NAME, Vec::new()),
        (false, false) if is_of_text => (0, texts),
        (false, false) => (0, Vec::new()),
    };
    let mut answer = query[..2].to_vec();
    // A response to somebody who wanted recursion, which there is.
    answer.extend([0x81, 0x80 | code]);
    answer.extend([0, 1, 0, u8::try_from(texts.len()).expect("few"), 0, 0, 0, 0]);
    answer.extend(question);
    for text in texts {
        let strings = strings(&text);
        answer.extend(NAME);
        answer.extend(TXT_IN);
        // Good for no time at all.
        answer.extend([0u8; 4]);
        answer.extend(u16::try_from(strings.len()).expect("a short text").to_be_bytes());
        answer.extend(strings);
    }
    Some(answer)
}

/// A text in pieces, of which there is at least one.
fn strings(text: &str) -> Vec<u8> {
    let mut strings = Vec::new();
    for piece in text.as_bytes().chunks(STRING) {
        strings.push(u8::try_from(piece.len()).expect("at most as many as fit"));
        strings.extend(piece);
    }
    if strings.is_empty() { vec![0] } else { strings }
}

/// The name that is asked for, in lower case, and the question as it was put.
fn question(query: &[u8]) -> Option<(String, &[u8])> {
    let (mut labels, mut at) = (Vec::new(), 12);
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        labels.push(String::from_utf8_lossy(query.get(at..at + length)?).to_ascii_lowercase());
        at += length;
    }
    Some((labels.join("."), query.get(12..at + 4)?))
}
