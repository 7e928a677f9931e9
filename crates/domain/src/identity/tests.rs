//! The rules on users, sessions and what they prove themselves with, with nothing but values.

use chrono::{TimeDelta, TimeZone, Utc};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{DomainEvent, Fact, FieldChange, OrganizationId, ResourceKind, SessionId, Timestamp, UserId};

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
    assert_eq!(Email::parse(state.email.as_str()), Ok(state.email.clone()));
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
fn a_session_lives_thirty_days_to_the_moment() {
    let session = session();
    let end = at(0) + TimeDelta::days(30);
    assert_eq!(session.state().expires_at, end);
    assert!(session.is_live(end - TimeDelta::milliseconds(1)));
    assert!(!session.is_live(end));
}

#[test]
fn starting_a_session_is_recorded_under_what_it_was_started_with() {
    let (_, events) = session().into_parts();
    assert_eq!(events[0].fact, Fact::Identity(IdentityFact::SignedIn));
    assert_eq!((events[0].subject.kind, events[0].subject.name.as_str()), (ResourceKind::Session, "curl"));
    let id = SessionId::new(Uuid::from_u128(1));
    let user = UserId::new(Uuid::from_u128(2));
    let unnamed = Session::start(id, user, organization(3), token("t"), Client::default(), at(0));
    assert_eq!(unnamed.into_parts().1[0].subject.name, "session");
}

#[test]
fn rotating_replaces_the_token_and_begins_the_lifetime_anew_without_an_event() {
    let mut session = Session::restore(session().state().clone());
    session.rotate(token("second"), None, at(60));
    let state = session.state();
    assert_eq!((&state.refresh_hash, state.last_used_at), (&token("second"), at(60)));
    assert_eq!((state.created_at, state.expires_at), (at(0), at(60) + Session::LIFETIME));
    let spent = SpentToken { hash: token("first"), spent_at: at(60), salt: None };
    assert_eq!(state.spent, Some(spent));
    assert_eq!(session.into_parts().1, []);
}

#[test]
fn switching_the_organization_is_recorded_when_it_is_another_one() {
    let mut session = Session::restore(session().state().clone());
    session.switch(organization(3));
    session.switch(organization(4));
    assert_eq!(session.state().organization_id, organization(4));
    assert_eq!(names(&session.into_parts().1), ["auth.organization_switched"]);
}

#[test]
fn a_revoked_session_is_dead_and_revoking_it_again_changes_nothing() {
    let mut session = Session::restore(session().state().clone());
    session.revoke(at(5));
    session.revoke(at(6));
    assert!(!session.is_live(at(5)));
    assert!(!session.is_live(at(0)), "not even in the eyes of a clock that is behind");
    assert_eq!(session.state().revoked_at, Some(at(5)));
    assert_eq!(names(&session.into_parts().1), ["auth.signed_out"]);
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
fn a_deleted_user_is_a_placeholder_that_tells_nothing_of_who_it_was() {
    let id = UserId::new(Uuid::from_u128(2));
    let (email, hash) = (Email::parse("ada@example.com").unwrap(), PasswordHash::new("hash".to_owned()));
    let mut user = User::register(id, email, DisplayName::parse("Ada").unwrap(), hash, at(0));
    user.verify_email(at(1));
    user.erase(at(2));
    let (state, mut events) = user.into_parts();
    assert_eq!(state.email.as_str(), "00000000-0000-0000-0000-000000000002@deleted.invalid");
    assert_eq!(Email::parse(state.email.as_str()), Ok(state.email.clone()));
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
    fn whatever_is_accepted_is_kept_as_it_was_parsed(raw in "[A-Za-z.+]{1,8}@[A-Za-z.-]{1,12}|.{0,140}") {
        if let Ok(email) = Email::parse(&raw) {
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
