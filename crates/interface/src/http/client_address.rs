//! Where a request comes from: its peer, or, where that is a proxy that is trusted, whoever the proxy names.

use std::net::{IpAddr, SocketAddr};

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{FORWARDED, HeaderMap, X_FORWARDED_FOR};
use actix_web::web::Data;
use ipnet::IpNet;

/// The most hops that are looked at.
const MAX_HOPS: usize = 32;

/// The networks of the proxies that are believed.
#[derive(Clone, Debug, Default)]
pub(crate) struct TrustedProxies(Vec<IpNet>);

/// The address of the client. IPv4 is written as such, however it arrived.
pub(crate) fn client_address(request: &ServiceRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip().to_canonical();
    let proxies = request.app_data::<Data<TrustedProxies>>();
    Some(proxies.map_or(peer, |proxies| proxies.client_before(peer, request.headers())))
}

impl TrustedProxies {
    pub(crate) fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    fn include(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Each proxy adds on the right whom it was asked by, so what is left of the first stranger may be made up.
    fn client_before(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.include(peer) {
            return peer;
        }
        if headers.contains_key(X_FORWARDED_FOR) {
            let lines = headers.get_all(X_FORWARDED_FOR).rev();
            let hops = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
            self.follow(peer, hops.map(address))
        } else {
            let lines = headers.get_all(FORWARDED).rev();
            let hops = lines.flat_map(|line| parts_from_the_right(line.as_bytes(), b','));
            self.follow(peer, hops.map(forwarded_for))
        }
    }

    /// The first hop that is no proxy, or the last one before those that cannot be read.
    fn follow(&self, peer: IpAddr, hops: impl Iterator<Item = Option<IpAddr>>) -> IpAddr {
        let mut nearest = peer;
        for hop in hops.take(MAX_HOPS) {
            match hop {
                Some(address) if self.include(nearest) => nearest = address,
                _ => break,
            }
        }
        nearest
    }
}

/// What `for=` says in an element of `Forwarded` (RFC 7239).
fn forwarded_for(element: &[u8]) -> Option<IpAddr> {
    // Only names that clients choose need an escape, and with one, where a quote ends depends on what is left of it.
    if element.contains(&b'\\') {
        return None;
    }
    let mut named = parts_from_the_right(element, b';').filter_map(|pair| {
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        let (name, value) = (pair[..equals].trim_ascii(), pair[equals + 1..].trim_ascii());
        name.eq_ignore_ascii_case(b"for").then_some(value)
    });
    let (Some(value), None) = (named.next(), named.next()) else { return None };
    address(match value {
        [b'"', quoted @ .., b'"'] => quoted,
        bare => bare,
    })
}

/// What stands between separators outside of quotes. From the right, as a quote that a client left open swallows all
/// that follows.
fn parts_from_the_right(text: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let mut is_quoted = false;
    text.rsplit(move |byte| {
        is_quoted ^= *byte == b'"';
        *byte == separator && !is_quoted
    })
}

/// An address, which may have a port and, if it is of IPv6, brackets.
fn address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text.trim_ascii()).ok()?;
    let bare = || text.parse::<IpAddr>().ok();
    let with_port = || Some(text.parse::<SocketAddr>().ok()?.ip());
    let in_brackets = || Some(IpAddr::V6(text.strip_prefix('[')?.strip_suffix(']')?.parse().ok()?));
    Some(bare().or_else(with_port).or_else(in_brackets)?.to_canonical())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use actix_web::http::header::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    const PROXY: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
    const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

    fn proxies() -> TrustedProxies {
        TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()])
    }

    fn headers(name: &HeaderName, lines: &[impl AsRef<str>]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(name.clone(), HeaderValue::from_bytes(line.as_ref().as_bytes()).unwrap());
        }
        headers
    }

    /// Whom the proxy asks for, as text.
    fn client(name: &HeaderName, lines: &[&str]) -> String {
        proxies().client_before(PROXY, &headers(name, lines)).to_string()
    }

    #[test]
    fn who_is_not_trusted_speaks_for_itself_alone() {
        for name in [X_FORWARDED_FOR, FORWARDED] {
            let headers = headers(&name, &["for=203.0.113.9", "203.0.113.9"]);
            assert_eq!(proxies().client_before(STRANGER, &headers), STRANGER);
            assert_eq!(TrustedProxies::default().client_before(PROXY, &headers), PROXY);
        }
        assert_eq!(proxies().client_before(PROXY, &HeaderMap::new()), PROXY, "it asks for itself");
    }

    #[test]
    fn the_first_stranger_from_the_right_is_the_client() {
        let cases = [
            ("203.0.113.9", "203.0.113.9"),
            ("198.51.100.66, 203.0.113.9", "203.0.113.9"),
            ("198.51.100.66,203.0.113.9,10.1.2.3 , fd00::3", "203.0.113.9"),
            ("10.1.2.3, 10.4.5.6", "10.1.2.3"),
            ("203.0.113.9:4711", "203.0.113.9"),
            ("2001:db8::9", "2001:db8::9"),
            ("[2001:db8::9]", "2001:db8::9"),
            ("[2001:db8::9]:4711, [fd00::3]:80", "2001:db8::9"),
            ("203.0.113.9, ::ffff:10.1.2.3", "203.0.113.9"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
        ];
        for (line, expected) in cases {
            assert_eq!(client(&X_FORWARDED_FOR, &[line]), expected, "{line}");
        }
        assert_eq!(client(&X_FORWARDED_FOR, &["198.51.100.66", "203.0.113.9", "10.1.2.3"]), "203.0.113.9");
    }

    #[test]
    fn what_cannot_be_read_ends_the_search() {
        let cases = [
            ("", "10.0.0.1"),
            ("203.0.113.9, unknown", "10.0.0.1"),
            ("203.0.113.9, , 10.1.2.3", "10.1.2.3"),
            ("203.0.113.9, 10.1.2.3.4, 10.1.2.3", "10.1.2.3"),
            ("203.0.113.9:port", "10.0.0.1"),
            ("[203.0.113.9]", "10.0.0.1"),
            ("\u{e9}, 203.0.113.9", "203.0.113.9"),
        ];
        for (line, expected) in cases {
            assert_eq!(client(&X_FORWARDED_FOR, &[line]), expected, "{line}");
        }
    }

    #[test]
    fn the_standard_header_is_understood() {
        let cases = [
            ("for=203.0.113.9", "203.0.113.9"),
            ("For=\"203.0.113.9:4711\";proto=https;by=10.0.0.1", "203.0.113.9"),
            ("proto=http ; for=\"[2001:db8::9]:4711\", for=\"[fd00::3]\"", "2001:db8::9"),
            ("for=198.51.100.66, for=203.0.113.9, for=10.1.2.3", "203.0.113.9"),
            ("for=203.0.113.9;host=\"a,for=198.51.100.66;b;for=198.51.100.66\"", "203.0.113.9"),
            ("host=\";for=198.51.100.66;\";for=203.0.113.9", "203.0.113.9"),
            ("host=\"open, for=203.0.113.9", "203.0.113.9"),
            ("for=203.0.113.9;host=\"a\\\",for=198.51.100.66;b=\\\"c\"", "10.0.0.1"),
            ("for=203.0.113.9;for=198.51.100.66", "10.0.0.1"),
            ("for=203.0.113.9, for=_hidden, for=10.1.2.3", "10.1.2.3"),
            ("for=203.0.113.9, proto=http", "10.0.0.1"),
            ("for=\"", "10.0.0.1"),
        ];
        for (line, expected) in cases {
            assert_eq!(client(&FORWARDED, &[line]), expected, "{line}");
        }
        let mut both = headers(&FORWARDED, &["for=198.51.100.66"]);
        both.append(X_FORWARDED_FOR, HeaderValue::from_static("203.0.113.9"));
        assert_eq!(proxies().client_before(PROXY, &both).to_string(), "203.0.113.9");
    }

    #[test]
    fn a_long_way_is_not_walked_to_its_end() {
        let hops: Vec<String> = (1..=100).rev().map(|hop| format!("10.0.1.{hop}")).collect();
        assert_eq!(client(&X_FORWARDED_FOR, &[&hops.join(",")]), "10.0.1.32");
        assert_eq!(client(&X_FORWARDED_FOR, &hops.iter().map(String::as_str).collect::<Vec<_>>()), "10.0.1.32");
    }

    /// What a client may have sent itself.
    fn made_up() -> impl Strategy<Value = String> {
        let element = prop_oneof![
            "[0-9a-f:.,;=\"\\\\ \\[\\]FoOrR\u{e9}]{0,30}",
            Just("198.51.100.66".to_owned()),
            Just("for=\"198.51.100.66\"".to_owned()),
            Just("10.6.6.6".to_owned()),
        ];
        prop::collection::vec(element, 0..5).prop_map(|elements| elements.join(","))
    }

    fn no_proxy() -> impl Strategy<Value = IpAddr> {
        let address = any::<u32>().prop_map(|bits| IpAddr::V4(Ipv4Addr::from(bits)));
        address.prop_filter("a proxy", |address| !proxies().include(*address))
    }

    proptest! {
        #[test]
        fn nobody_chooses_an_address_without_a_proxy(
            peer in no_proxy(),
            x_forwarded_for in prop::collection::vec(made_up(), 0..3),
            forwarded in prop::collection::vec(made_up(), 0..3),
        ) {
            let mut sent = headers(&X_FORWARDED_FOR, &x_forwarded_for);
            for (name, value) in headers(&FORWARDED, &forwarded) {
                sent.append(name, value);
            }
            prop_assert_eq!(proxies().client_before(peer, &sent), peer);
        }

        #[test]
        fn nobody_chooses_an_address_behind_a_proxy(
            peer in no_proxy(),
            mut lines in prop::collection::vec(made_up(), 0..3),
            is_joined in any::<bool>(),
            is_standard in any::<bool>(),
            host in "[a-z0-9.,;:= ]{0,30}",
        ) {
            let name = if is_standard { FORWARDED } else { X_FORWARDED_FOR };
            let added = if is_standard { format!("host=\"{host}\";for=\"{peer}\"") } else { peer.to_string() };
            match lines.last_mut() {
                Some(last) if is_joined => *last = format!("{last}, {added}"),
                _ => lines.push(added),
            }
            prop_assert_eq!(proxies().client_before(PROXY, &headers(&name, &lines)), peer);
        }
    }
}
