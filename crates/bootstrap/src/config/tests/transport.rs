use super::*;

#[test]
fn limits_of_rates_are_set_one_by_one() {
    let config = load(&[("TENON_RATE_LIMIT_AUTH", "5/10m"), ("TENON_RATE_LIMIT_HEAVY", "9/1s")]).unwrap();
    let RateLimits { auth, heavy, mail, .. } = config.rate_quotas;
    assert_eq!((auth.name, auth.quota, auth.window), ("auth", 5, Duration::from_secs(600)));
    assert_eq!((heavy.quota, heavy.window), (9, Duration::from_secs(1)));
    assert_eq!(mail, RateLimits::default().mail);
    let text = message(&[("TENON_RATE_LIMIT_MAIL", "many"), ("TENON_RATE_LIMIT_WRITE", "1/1d")]);
    for words in ["TENON_RATE_LIMIT_MAIL = \"many\"", "TENON_RATE_LIMIT_WRITE = \"1/1d\"", "such as 600/1m"] {
        assert!(text.contains(words), "no {words}: {text}");
    }
}

#[test]
fn tls_needs_a_certificate_and_its_key() {
    let text = message(&[("TENON_TLS_CERT", "tenon.pem")]);
    assert!(text.contains("TENON_TLS_KEY: set it"), "{text}");
    let text = message(&[("TENON_TLS_KEY", "tenon.key")]);
    assert!(text.contains("TENON_TLS_CERT: set it"), "{text}");
    let text = message(&[("TENON_TLS_CERT", "tenon.pem"), ("TENON_TLS_KEY", "-----BEGIN PRIVATE KEY-----hunter2")]);
    assert!(text.contains("TENON_TLS_KEY = …") && !text.contains("hunter2"), "{text}");
    let config = load(&[("TENON_TLS_CERT", "tenon.pem"), ("TENON_TLS_KEY", "tenon.key")]).unwrap();
    assert_eq!(config.public_url("0.0.0.0:4321".parse().unwrap()), "https://127.0.0.1:4321");
}

#[test]
fn an_authority_for_redis_takes_tls() {
    let config = load(&[
        ("TENON_REDIS_URL", "rediss://cache:6379"),
        ("TENON_REDIS_CA", "/etc/tenon/ca.pem"),
        ("TENON_JWT_SECRET", SECRET),
    ])
    .unwrap();
    assert_eq!(config.redis.unwrap().authorities, Some(PathBuf::from("/etc/tenon/ca.pem")));
    for others in [&[][..], &[("TENON_REDIS_URL", "redis://cache:6379")]] {
        let settings: Vec<_> = [("TENON_REDIS_CA", "ca.pem")].iter().chain(others).copied().collect();
        let text = message(&settings);
        assert!(text.contains("TENON_REDIS_CA = ") && text.contains("it is for TLS"), "{text}");
    }
}
