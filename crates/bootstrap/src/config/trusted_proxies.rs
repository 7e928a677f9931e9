use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

/// The addresses and networks of proxies that are trusted.
pub(super) fn trusted_proxies(text: &str) -> Result<Vec<IpNet>, String> {
    let (mut networks, mut unknown) = (Vec::new(), Vec::new());
    for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
        match network(item) {
            Some(network) => networks.push(network),
            None => unknown.push(item),
        }
    }
    if unknown.is_empty() {
        return Ok(networks);
    }
    let unknown = unknown.join(", ");
    Err(format!("write addresses and networks separated by commas, such as 10.0.0.0/8,2001:db8::1, not {unknown}"))
}

fn network(text: &str) -> Option<IpNet> {
    let written = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))?;
    // Clients are compared as IPv4 where they are, however either is written.
    let mapped = match written {
        IpNet::V4(_) => None,
        IpNet::V6(network) => network.addr().to_ipv4_mapped().zip(network.prefix_len().checked_sub(96)),
    };
    let network = mapped.and_then(|(address, bits)| Ipv4Net::new(address, bits).ok()).map_or(written, IpNet::V4);
    Some(network.trunc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Result<Vec<String>, String> {
        trusted_proxies(text).map(|networks| networks.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn addresses_and_networks_of_both_kinds_are_read() {
        let read = shown("10.0.0.0/8, 192.0.2.7,fd00::/8 ,2001:db8::1,").unwrap();
        assert_eq!(read, ["10.0.0.0/8", "192.0.2.7/32", "fd00::/8", "2001:db8::1/128"]);
        let read = shown("10.1.2.3/8, ::ffff:192.0.2.7, ::ffff:192.0.2.0/120").unwrap();
        assert_eq!(read, ["10.0.0.0/8", "192.0.2.7/32", "192.0.2.0/24"]);
    }

    #[test]
    fn all_that_is_neither_is_named() {
        let message = shown("10.0.0.0/33, 192.0.2.7, proxy.example.com, fd00::/129, 10.0.0.1:80").unwrap_err();
        assert!(message.ends_with(", not 10.0.0.0/33, proxy.example.com, fd00::/129, 10.0.0.1:80"), "{message}");
    }
}
