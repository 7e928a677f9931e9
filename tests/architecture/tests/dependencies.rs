//! Dependencies point inwards only, and the core depends on next to nothing.
#![allow(clippy::panic, reason = "tests fail by panicking")]

use tenon_architecture_tests::Workspace;

/// Which of our crates each member may depend on. Allowed is not required.
const INNER: &[(&str, &[&str])] = &[
    ("tenon-domain", &[]),
    ("tenon-application", &["tenon-domain"]),
    ("tenon-migrations", &[]),
    // The adapter that runs migrations needs them; they depend on nothing of ours.
    ("tenon-infrastructure", &["tenon-domain", "tenon-application", "tenon-migrations"]),
    ("tenon-interface", &["tenon-domain", "tenon-application"]),
    ("tenon-worker", &["tenon-domain", "tenon-application"]),
    (
        "tenon-bootstrap",
        &[
            "tenon-domain",
            "tenon-application",
            "tenon-infrastructure",
            "tenon-interface",
            "tenon-worker",
            "tenon-migrations",
        ],
    ),
    ("tenon-architecture-tests", &[]),
    (
        "tenon-contract-tests",
        // They ask the name server of the end-to-end tests.
        &["tenon-domain", "tenon-application", "tenon-infrastructure", "tenon-migrations", "tenon-e2e-tests"],
    ),
    // It knows the system as a client does: by its binaries.
    ("tenon-e2e-tests", &[]),
    ("tenon-chaos-tests", &["tenon-e2e-tests"]),
    // It fills what it measures through the application layer, put together as in production, and starts servers as
    // the end-to-end tests do.
    ("tenon-load", &["tenon-domain", "tenon-application", "tenon-bootstrap", "tenon-e2e-tests"]),
];

/// Exactly what the core takes from outside: a new name here is a decision.
const CORE: &[(&str, &[&str])] = &[
    ("tenon-domain", &["chrono", "thiserror", "uuid"]),
    (
        "tenon-application",
        &[
            "async-trait",
            "chrono",
            "metrics",
            "serde",
            "serde_json",
            "thiserror",
            "tokio",
            "tokio-util",
            "tracing",
            "uuid",
        ],
    ),
];

/// What must not be known outside the crate that owns it. Contract tests try the adapters, so they may know what
/// infrastructure knows; the load harness keeps minimal programs on the same libraries to compare with.
const OWNED: &[(&str, &[&str])] = &[
    ("actix-web", &["tenon-interface", "tenon-load"]),
    ("utoipa", &["tenon-interface"]),
    ("sea-orm", &["tenon-infrastructure", "tenon-load"]),
    ("sea-query-sqlx", &["tenon-infrastructure"]),
    ("sqlx", &["tenon-infrastructure", "tenon-e2e-tests"]),
    ("redis", &["tenon-infrastructure", "tenon-load"]),
    ("apalis", &["tenon-infrastructure", "tenon-worker"]),
    ("jsonwebtoken", &["tenon-infrastructure"]),
    // The end-to-end tests verify tokens as another service would.
    ("ed25519-dalek", &["tenon-infrastructure", "tenon-e2e-tests"]),
    ("p256", &["tenon-infrastructure", "tenon-e2e-tests"]),
    ("bcrypt", &["tenon-infrastructure"]),
    ("chacha20poly1305", &["tenon-infrastructure"]),
    ("totp-rs", &["tenon-infrastructure"]),
    ("openidconnect", &["tenon-infrastructure"]),
    ("qrcodegen", &["tenon-infrastructure"]),
    ("zxcvbn", &["tenon-infrastructure"]),
    ("webauthn-rs", &["tenon-infrastructure"]),
    ("lettre", &["tenon-infrastructure"]),
    ("hickory-resolver", &["tenon-infrastructure"]),
    ("hyper-rustls", &["tenon-infrastructure"]),
    ("hyper-util", &["tenon-infrastructure"]),
    ("aws-sdk-sesv2", &["tenon-infrastructure"]),
    ("clap", &["tenon-bootstrap", "tenon-load"]),
    ("figment", &["tenon-bootstrap"]),
    ("ipnet", &["tenon-interface", "tenon-bootstrap"]),
];

#[test]
fn dependencies_point_inwards() {
    let workspace = Workspace::read();
    for member in workspace.members() {
        let name = member.name.as_str();
        let Some((_, allowed)) = INNER.iter().find(|(known, _)| *known == name) else {
            panic!("{name} is new: say in this table what it may depend on");
        };
        for dependency in workspace.dependencies(name, true) {
            assert!(allowed.contains(&dependency.as_str()), "{name} may not depend on {dependency}");
        }
    }
}

#[test]
fn the_core_takes_from_outside_exactly_what_is_listed() {
    let workspace = Workspace::read();
    for (name, expected) in CORE {
        assert_eq!(workspace.dependencies(name, false), *expected, "{name}");
    }
}

#[test]
fn technologies_stay_in_the_crates_that_own_them() {
    let workspace = Workspace::read();
    for member in workspace.members() {
        let name = member.name.as_str();
        for dependency in workspace.dependencies(name, false) {
            if let Some((_, owners)) = OWNED.iter().find(|(technology, _)| *technology == dependency) {
                let tries_its_owner = name == "tenon-contract-tests" && owners.contains(&"tenon-infrastructure");
                assert!(tries_its_owner || owners.contains(&name), "{dependency} belongs to {owners:?}, not to {name}");
            }
        }
    }
}
