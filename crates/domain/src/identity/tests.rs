//! The rules on users, sessions and what they prove themselves with, with nothing but values.

mod sessions;

use chrono::{TimeDelta, TimeZone, Utc};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{DomainEvent, Fact, FieldChange, FieldValue, OrganizationId, ResourceKind, SessionId, Timestamp, UserId};

fn at(minutes: i64) -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 21, 9, 30, 0).unwrap() + TimeDelta::minutes(minutes)
}

fn organization(n: u128) -> OrganizationId {
    OrganizationId::new(Uuid::from_u128(n))
}

fn token(text: &str) -> TokenHash {
    TokenHash::new(text.to_owned())
}

fn session() -> Session {
    let client = Client { address: Some("192.0.2.1".to_owned()), user_agent: Some("curl".to_owned()) };
    let (id, user) = (SessionId::new(Uuid::from_u128(1)), UserId::new(Uuid::from_u128(2)));
    Session::start(id, user, organization(3), token("first"), client, at(0))
}

fn names(events: &[DomainEvent]) -> Vec<&'static str> {
    events.iter().map(DomainEvent::name).collect()
}

#[test]
fn registering_and_renaming_are_recorded_and_renaming_to_the_same_is_not() {
    let name = |text| DisplayName::parse(text).unwrap();
    let id = UserId::new(Uuid::from_u128(2));
    let email = Email::parse("ada@example.com").unwrap();
    let mut user = User::register(id, email, name("Ada"), PasswordHash::new("$2b$…".to_owned()), at(0));
    user.rename(name(" Ada "), at(1));
    assert_eq!(user.state().updated_at, at(0));
    user.rename(name("Ada Lovelace"), at(2));
    assert_eq!((user.state().display_name.as_str(), user.state().updated_at), ("Ada Lovelace", at(2)));

    let (_, events) = user.into_parts();
    assert_eq!(names(&events), ["user.registered", "user.updated"]);
    assert_eq!((events[0].subject.kind, events[0].subject.name.as_str()), (ResourceKind::User, "Ada"));
    let change = FieldChange { field: "display_name", from: "Ada".into(), to: "Ada Lovelace".into() };
    assert_eq!(events[1].changes, [change]);
}

#[test]
fn a_service_account_has_no_password_and_takes_no_mail() {
    let id = UserId::new(Uuid::from_u128(2));
    let (state, events) = User::service(id, DisplayName::parse("Importer").unwrap(), at(0)).into_parts();
    assert_eq!((state.kind, state.password_hash), (UserKind::Service, PasswordHash::unusable()));
    assert_eq!(state.email.as_str(), "00000000000000000000000000000002@service.invalid");
    assert_eq!(Email::parse(state.email.as_str()), Err(IdentityError::EmailFormat), "nobody takes it");
    assert!(!state.email.takes_mail() && Email::parse("ada@example.com").unwrap().takes_mail());
    assert_eq!(names(&events), ["service_account.created"]);
}

#[test]
fn digests_match_when_every_character_does() {
    assert!(token("abc").matches(&token("abc")));
    for other in ["abd", "bbc", "ab", "abcd", ""] {
        assert!(!token("abc").matches(&token(other)), "{other}");
    }
}

#[test]
fn an_email_address_is_kept_in_lower_case() {
    assert_eq!(Email::parse("  Ada.Lovelace+work@Example.COM ").unwrap().as_str(), "ada.lovelace+work@example.com");
}

#[test]
fn malformed_addresses_are_refused() {
    let long_local = format!("{}@example.com", "a".repeat(65));
    let long_label = format!("a@{}.com", "b".repeat(64));
    let long = format!("a@{}com", format!("{}.", "b".repeat(50)).repeat(5));
    for text in [
        "",
        "@",
        "ada",
        "ada@",
        "@example.com",
        "a b@example.com",
        "ada@exa mple.com",
        "ada@-example.com",
        "ada@example-.com",
        "ada@example..com",
        "ada@.com",
        "ada@example.com.",
        ".ada@example.com",
        "ada.@example.com",
        "a..b@example.com",
        "ada@ex@mple.com",
        "\"ada\"@example.com",
        "ada@exämple.com",
        "äda@example.com",
        "ada@example.com\nbcc: all@example.com",
        "ada@example.com\0",
        "<ada@example.com>",
        &long_local,
        &long_label,
        &long,
    ] {
        assert_eq!(Email::parse(text), Err(IdentityError::EmailFormat), "{text:?}");
        assert_eq!(Email::read(text), Err(IdentityError::EmailFormat), "{text:?}");
    }
}

#[test]
fn a_verified_address_and_a_new_one_are_recorded_and_what_was_known_is_not() {
    let email = |text| Email::parse(text).unwrap();
    let name = DisplayName::parse("Ada").unwrap();
    let id = UserId::new(Uuid::from_u128(2));
    let mut user = User::register(id, email("ada@example.com"), name, PasswordHash::new("hash".to_owned()), at(0));
    assert_eq!(user.state().email_verified_at, None);
    user.verify_email(at(1));
    user.verify_email(at(2));
    user.change_email(email("ada@example.com"), at(3));
    assert_eq!((user.state().email_verified_at, user.state().updated_at), (Some(at(1)), at(1)));
    user.change_email(email("countess@example.com"), at(4));
    assert_eq!((user.state().email.as_str(), user.state().email_verified_at), ("countess@example.com", Some(at(4))));
    let (_, events) = user.into_parts();
    assert_eq!(names(&events), ["user.registered", "user.email_verified", "user.email_changed"]);
    let change = FieldChange { field: "email", from: "ada@example.com".into(), to: "countess@example.com".into() };
    assert_eq!(events[2].changes, [change]);
}

#[test]
fn a_password_is_changed_by_who_knows_it_and_reset_by_who_reads_the_address() {
    let hash = |text: &str| PasswordHash::new(text.to_owned());
    let email = Email::parse("ada@example.com").unwrap();
    let id = UserId::new(Uuid::from_u128(2));
    let mut user = User::register(id, email, DisplayName::parse("Ada").unwrap(), hash("first"), at(0));
    user.change_password(hash("second"), at(1));
    assert_eq!((&user.state().password_hash, user.state().email_verified_at), (&hash("second"), None));
    user.reset_password(hash("third"), at(2));
    assert_eq!((&user.state().password_hash, user.state().email_verified_at), (&hash("third"), Some(at(2))));
    let (_, events) = user.into_parts();
    let told = ["user.registered", "user.password_changed", "user.password_reset", "user.email_verified"];
    assert_eq!(names(&events), told);
    assert!(events.iter().all(|event| event.changes.is_empty()), "hashes are nobody's business");
}

#[test]
fn who_is_deactivated_keeps_everything_and_is_so_once() {
    let id = UserId::new(Uuid::from_u128(2));
    let (email, hash) = (Email::parse("ada@example.com").unwrap(), PasswordHash::new("hash".to_owned()));
    let mut user = User::register(id, email, DisplayName::parse("Ada").unwrap(), hash, at(0));
    let before = user.state().clone();
    assert!(!user.reactivate(at(1)));
    assert!(user.deactivate(at(2)) && !user.deactivate(at(3)));
    assert!(user.state().is_deactivated());
    let expected = UserState { deactivated_at: Some(at(2)), updated_at: at(2), ..before.clone() };
    assert_eq!(*user.state(), expected);
    assert!(user.reactivate(at(4)) && !user.reactivate(at(5)));
    assert_eq!(*user.state(), UserState { updated_at: at(4), ..before });
    let (_, events) = user.into_parts();
    assert_eq!(names(&events), ["user.registered", "user.deactivated", "user.reactivated"]);
    let change = FieldChange { field: "deactivated_at", from: FieldValue::Nothing, to: at(2).into() };
    assert_eq!(events[1].changes, [change]);
}

#[test]
fn a_deleted_user_is_a_placeholder_that_tells_nothing_of_who_it_was() {
    let id = UserId::new(Uuid::from_u128(2));
    let (email, hash) = (Email::parse("ada@example.com").unwrap(), PasswordHash::new("hash".to_owned()));
    let mut user = User::register(id, email, DisplayName::parse("Ada").unwrap(), hash, at(0));
    user.verify_email(at(1));
    user.erase(Email::of_deleted(id), at(2));
    let (state, mut events) = user.into_parts();
    assert_eq!(state.email.as_str(), "00000000-0000-0000-0000-000000000002@deleted.invalid");
    assert_eq!(Email::parse(state.email.as_str()), Err(IdentityError::EmailFormat), "nobody takes it");
    assert!(!state.email.takes_mail());
    assert_eq!(state.display_name, DisplayName::parse(User::DELETED_NAME).unwrap());
    assert_eq!((state.kind, state.password_hash), (UserKind::Person, PasswordHash::unusable()));
    assert_eq!((state.email_verified_at, state.deleted_at, state.updated_at), (None, Some(at(2)), at(2)));
    let told = events.pop().unwrap();
    assert_eq!((told.name(), told.subject.id), ("user.deleted", id.uuid()));
    assert_eq!((told.subject.name.as_str(), told.changes), (User::DELETED_NAME, vec![]));
}

#[test]
fn secrets_are_not_printed() {
    let password = Password::attempt("correct horse battery".to_owned());
    let hash = PasswordHash::new("$2b$12$secret".to_owned());
    assert!(!format!("{password:?}").contains("horse"));
    assert!(!format!("{hash:?}").contains("secret"));
}

#[test]
fn a_display_name_has_1_to_100_characters_in_one_line() {
    assert_eq!(DisplayName::parse(" "), Err(IdentityError::DisplayNameLength));
    assert_eq!(DisplayName::parse(&"x".repeat(101)), Err(IdentityError::DisplayNameLength));
    assert_eq!(DisplayName::parse("a\r\nb"), Err(IdentityError::DisplayNameCharacters));
}

proptest! {
    #[test]
    fn whatever_is_accepted_is_kept_as_it_was_parsed(
        raw in "[A-Za-z.+]{1,8}@[A-Za-z.-]{1,12}|[a-z]{1,8}@([a-z]{1,4}\\.)?(invalid|INVALID)|.{0,140}",
    ) {
        if let Ok(email) = Email::read(&raw) {
            prop_assert_eq!(email.as_str(), raw.trim().to_ascii_lowercase());
            let is_reserved = email.as_str().ends_with("@invalid") || email.as_str().ends_with(".invalid");
            prop_assert_eq!(Email::parse(&raw).is_err(), is_reserved);
        }
        if let Ok(email) = Email::parse(&raw) {
            prop_assert_eq!(Email::read(&raw), Ok(email.clone()));
            prop_assert_eq!(email.as_str(), raw.trim().to_ascii_lowercase());
            prop_assert_eq!(Email::parse(email.as_str()), Ok(email.clone()));
            prop_assert_eq!(Email::restore(email.as_str().to_owned()), email);
        }
        if let Ok(name) = DisplayName::parse(&raw) {
            prop_assert_eq!(name.as_str(), raw.trim());
            prop_assert_eq!(DisplayName::restore(name.as_str().to_owned()), name);
        }
    }
}
