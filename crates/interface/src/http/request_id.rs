//! What a client may put into request-wide identifiers.

const MAX_REQUEST_ID: usize = 128;

/// 1 to 128 letters, digits, `.`, `_` and `-`.
pub(crate) fn is_request_id(raw: &str) -> bool {
    (1..=MAX_REQUEST_ID).contains(&raw.len())
        && raw.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// A W3C trace context: `00-<32 hex>-<16 hex>-<2 hex>`, with neither id all zero.
pub(crate) fn is_traceparent(raw: &str) -> bool {
    let is_hex = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    let is_zero = |part: &str| part.bytes().all(|byte| byte == b'0');
    let parts: Vec<&str> = raw.split('-').collect();
    match parts.as_slice() {
        [version, trace, parent, flags] => {
            (version.len(), trace.len(), parent.len(), flags.len()) == (2, 32, 16, 2)
                && parts.iter().all(|part| is_hex(part))
                && *version == "00"
                && !is_zero(trace)
                && !is_zero(parent)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_ids_are_short_and_plain() {
        assert!(is_request_id("0199f8a2-6c1e.7d3a_X"));
        assert!(is_request_id(&"a".repeat(128)));
        for bad in ["", " ", "a b", "a\n", "ä", "a;b", &"a".repeat(129)] {
            assert!(!is_request_id(bad), "{bad:?}");
        }
    }

    #[test]
    fn trace_contexts_follow_the_standard() {
        assert!(is_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert!(!is_traceparent(bad), "{bad:?}");
        }
    }
}
