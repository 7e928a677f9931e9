use std::net::{IpAddr, SocketAddr};

/// Where name servers listen.
const PORT: u16 = 53;

/// The name servers to ask.
pub(super) fn dns_servers(text: &str) -> Result<Vec<SocketAddr>, String> {
    let (mut servers, mut unknown) = (Vec::new(), Vec::new());
    for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
        match server(item) {
            Some(server) => servers.push(server),
            None => unknown.push(item),
        }
    }
    if unknown.is_empty() {
        return Ok(servers);
    }
    let unknown = unknown.join(", ");
    Err(format!("write addresses separated by commas, such as 192.0.2.53,[2001:db8::53]:5353, not {unknown}"))
}

/// Names are none: somebody would have to be asked for their addresses.
fn server(text: &str) -> Option<SocketAddr> {
    let written = text.parse().ok().or_else(|| Some(SocketAddr::new(text.parse::<IpAddr>().ok()?, PORT)));
    written.filter(|server| server.port() != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_with_a_port_and_without() {
        let read = dns_servers("192.0.2.53, 127.0.0.1:5353,2001:db8::53 ,[2001:db8::54]:5354,").unwrap();
        let shown: Vec<_> = read.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["192.0.2.53:53", "127.0.0.1:5353", "[2001:db8::53]:53", "[2001:db8::54]:5354"]);
        assert_eq!(dns_servers(""), Ok(Vec::new()));
    }

    #[test]
    fn all_that_is_no_address_is_named() {
        let message = dns_servers("192.0.2.53, dns.example.com, 192.0.2.54:0, 2001:db8::53:99999").unwrap_err();
        assert!(message.ends_with(", not dns.example.com, 192.0.2.54:0, 2001:db8::53:99999"), "{message}");
    }
}
