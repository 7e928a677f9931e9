//! Other issuers of tokens, and how long sessions last.

use super::*;

#[test]
fn issuers_of_tokens_are_read_and_what_is_wrong_with_them_is_said() {
    let issuers = r#"[{"issuer": "https://auth.example.com", "audience": "tenon", "subject": "email"}]"#;
    let config = load(&[
        ("TENON_TOKEN_ISSUERS", issuers),
        ("TENON_OUTBOUND_PRIVATE", "on"),
        ("TENON_SESSION_MAX_DAYS", "7"),
        ("TENON_BCRYPT_COST", "9"),
    ])
    .unwrap();
    assert_eq!(config.token_issuers[0].issuer(), "https://auth.example.com");
    assert_eq!((config.outbound, config.session_max_age), (OutboundPolicy::Anywhere, TimeDelta::days(7)));
    assert_eq!(config.outbound_of_organizations, OutboundPolicy::PublicOnly, "the operator's own servers only");
    let dangerous = load(&[("TENON_OUTBOUND_PRIVATE", "tenants")]).unwrap();
    assert_eq!(dangerous.outbound_of_organizations, OutboundPolicy::Anywhere);
    assert!(message(&[("TENON_OUTBOUND_PRIVATE", "maybe")]).contains("write off or on or tenants"));
    assert!(config.passwords.weakness().is_some_and(|why| why.contains("10 or more")));
    let wrong = issuers.replace("email", "sub");
    let text = message(&[("TENON_TOKEN_ISSUERS", &wrong), ("TENON_SESSION_MAX_DAYS", "0")]);
    assert!(text.contains("TENON_TOKEN_ISSUERS") && text.contains("unknown variant `sub`"), "{text}");
    assert!(text.contains("write a number from 1 to 3650"), "{text}");
}
