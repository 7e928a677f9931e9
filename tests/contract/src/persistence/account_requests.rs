use std::time::Duration;

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use tenon_application::identity::{
    AccountRequestArchive, EmailVerification, Register, RequestPasswordReset, ResendVerification, ResetPassword,
    VerifyEmail,
};
use tenon_application::{Actor, AppError, Denial, Origin};
use tenon_domain::access::Scope;
use tenon_domain::identity::{
    AccountRequest, AccountRequestKind, Client, DisplayName, NewToken, PasswordHash, PersonalAccessToken, Session,
    TokenCount, TokenHash, TokenName,
};
use tenon_domain::organizations::OrganizationName;
use tenon_domain::{AccountRequestId, UserId};
use tenon_infrastructure::persistence::SqlAccountRequestArchive;
use uuid::Uuid;

use super::fixture::{Fixture, email};
use super::on_every_database;

on_every_database! {
    a_request_comes_back_as_saved,
    closing_makes_the_open_requests_of_a_user_worthless_and_no_others,
    only_requests_that_expired_long_enough_ago_are_forgotten,
    a_user_is_found_by_their_address,
    a_hash_is_replaced_as_long_as_it_is_the_one_that_was_read,
    of_two_uses_of_a_link_at_the_same_time_one_succeeds,
    of_two_links_used_at_the_same_time_one_succeeds,
    asking_for_a_link_waits_for_nobody,
    a_forgotten_password_ends_what_there_is_in_every_organization,
}

fn anybody() -> Actor {
    Actor::anonymous(Origin::default())
}

async fn make(fixture: &Fixture, user: Option<UserId>, kind: AccountRequestKind) -> AccountRequestId {
    let id = fixture.id();
    let request = AccountRequest::make(id, user, kind, email("ada"), fixture.now());
    let mut unit = fixture.deployment().await;
    unit.account_requests().save(request).await.unwrap();
    unit.commit().await.unwrap();
    id
}

async fn found(fixture: &Fixture, id: AccountRequestId) -> Option<AccountRequest> {
    fixture.queries.identity.account_request(id).await.unwrap()
}

async fn is_open(fixture: &Fixture, id: AccountRequestId) -> bool {
    found(fixture, id).await.unwrap().state().used_at.is_none()
}

/// The open requests to set a new password.
async fn open_resets(fixture: &Fixture) -> Vec<AccountRequestId> {
    let open = "SELECT id FROM account_requests WHERE kind = 'reset_password' AND used_at IS NULL";
    let open = Statement::from_string(fixture.database.backend(), open);
    let rows = fixture.operator.query_all_raw(open).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index::<Uuid>(0).unwrap().into()).collect()
}

async fn a_request_comes_back_as_saved(fixture: &Fixture) {
    for user in [Some(fixture.id()), None] {
        let id = make(fixture, user, AccountRequestKind::ResetPassword).await;
        let mut unit = fixture.deployment().await;
        assert_eq!(unit.account_requests().owner_of(id).await.unwrap(), user);
        let mut request = unit.account_requests().find(id).await.unwrap().unwrap();
        assert_eq!((request.state().user_id, request.state().kind), (user, AccountRequestKind::ResetPassword));
        assert_eq!((&request.state().email, request.state().created_at), (&email("ada"), fixture.now()));
        assert_eq!(request.state().expires_at, fixture.now() + AccountRequestKind::ResetPassword.lifetime());
        assert_eq!(request.redeem(AccountRequestKind::ResetPassword, fixture.now()), user);
        let used = request.state().clone();
        unit.account_requests().save(request).await.unwrap();
        unit.commit().await.unwrap();
        assert_eq!(*found(fixture, id).await.unwrap().state(), used);
    }
    assert!(found(fixture, fixture.id()).await.is_none());
    let mut unit = fixture.deployment().await;
    assert_eq!(unit.account_requests().owner_of(fixture.id()).await.unwrap(), None);
}

async fn closing_makes_the_open_requests_of_a_user_worthless_and_no_others(fixture: &Fixture) {
    use AccountRequestKind::{ConfirmEmail, ResetPassword, VerifyEmail};
    let (ada, bob) = (fixture.id(), fixture.id());
    let reset = make(fixture, Some(ada), ResetPassword).await;
    let confirm = make(fixture, Some(ada), ConfirmEmail).await;
    let verify = make(fixture, Some(ada), VerifyEmail).await;
    let others = make(fixture, Some(bob), ResetPassword).await;
    let nobodys = make(fixture, None, ResetPassword).await;
    for user in [Some(ada), None] {
        let mut unit = fixture.deployment().await;
        unit.account_requests().close(user, &[ResetPassword, ConfirmEmail], fixture.now()).await.unwrap();
        unit.commit().await.unwrap();
    }
    assert!(!is_open(fixture, reset).await && !is_open(fixture, confirm).await);
    assert!(is_open(fixture, verify).await && is_open(fixture, others).await && is_open(fixture, nobodys).await);
}

async fn only_requests_that_expired_long_enough_ago_are_forgotten(fixture: &Fixture) {
    let archive = SqlAccountRequestArchive::new(fixture.database.clone());
    let short = make(fixture, None, AccountRequestKind::ResetPassword).await;
    let long = make(fixture, None, AccountRequestKind::VerifyEmail).await;
    let expires_at = found(fixture, short).await.unwrap().state().expires_at;
    assert_eq!(archive.purge(expires_at).await.unwrap(), 0);
    assert_eq!(archive.purge(expires_at + Duration::from_millis(1)).await.unwrap(), 1);
    assert!(found(fixture, short).await.is_none() && found(fixture, long).await.is_some());
}

async fn a_user_is_found_by_their_address(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    fixture.found("bob").await;
    let mut unit = fixture.deployment().await;
    let found = unit.users().find_by_email(&email("ada")).await.unwrap();
    assert_eq!(found.map(|user| user.state().id), Some(ada.viewer.user));
    assert!(unit.users().find_by_email(&email("nobody")).await.unwrap().is_none());
}

async fn a_hash_is_replaced_as_long_as_it_is_the_one_that_was_read(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let hash = |text: &str| PasswordHash::new(text.to_owned());
    for (old, new, kept) in [("hash", "better", "better"), ("hash", "late", "better")] {
        let mut unit = fixture.deployment().await;
        unit.users().replace_hash(ada.viewer.user, &hash(old), hash(new)).await.unwrap();
        assert!(!unit.commit().await.unwrap(), "nothing about the user has changed");
        let credentials = fixture.queries.identity.credentials(&email("ada")).await.unwrap().unwrap();
        assert_eq!(credentials.password_hash, hash(kept));
    }
    let user = fixture.queries.identity.user(ada.viewer.user).await.unwrap().unwrap();
    assert_eq!(user.version, 1);
}

/// Somebody who has to verify their address.
async fn unverified(fixture: &Fixture) -> UserId {
    let register = Register {
        email: email("eve"),
        display_name: DisplayName::parse("Eve").unwrap(),
        password_hash: PasswordHash::new("hash".into()),
        organization_name: OrganizationName::parse("Eve's").unwrap(),
        session: fixture.id(),
        refresh_hash: TokenHash::new("refresh of eve".into()),
        client: Client::default(),
        verification: EmailVerification::Required,
    };
    fixture.app.execute(&anybody(), register).await.unwrap().user.id
}

async fn of_two_uses_of_a_link_at_the_same_time_one_succeeds(fixture: &Fixture) {
    let eve = unverified(fixture).await;
    fixture.app.execute(&anybody(), ResendVerification { email: email("eve") }).await.unwrap();
    // This one went to another address than hers.
    let verify = VerifyEmail { request: make(fixture, Some(eve), AccountRequestKind::VerifyEmail).await };
    let refused = Err(AppError::Unauthenticated(Denial::InvalidAccountToken));
    assert_eq!(fixture.app.execute(&anybody(), verify).await, refused);
    let is_verified =
        async || fixture.queries.identity.credentials(&email("eve")).await.unwrap().unwrap().email_verified;
    assert!(!is_verified().await);

    let request = reset_request(fixture).await;
    let reset = |hash: &str| ResetPassword { request, password_hash: PasswordHash::new(hash.to_owned()) };
    let (nobody, one, other) = (anybody(), reset("one"), reset("other"));
    let outcomes = tokio::join!(fixture.app.execute(&nobody, one), fixture.app.execute(&nobody, other));
    let outcomes = [outcomes.0, outcomes.1];
    assert!(outcomes.contains(&Ok(())) && outcomes.contains(&refused), "{outcomes:?}");
    assert!(is_verified().await);
}

/// Eve has forgotten her password.
async fn reset_request(fixture: &Fixture) -> AccountRequestId {
    fixture.app.execute(&anybody(), RequestPasswordReset { email: email("eve") }).await.unwrap();
    let open = open_resets(fixture).await;
    assert_eq!(open.len(), 1);
    open[0]
}

async fn of_two_links_used_at_the_same_time_one_succeeds(fixture: &Fixture) {
    let ada = fixture.found("ada").await.viewer.user;
    let mut using = Vec::new();
    for hash in ["one", "other"] {
        let request = make(fixture, Some(ada), AccountRequestKind::ResetPassword).await;
        let (app, password_hash) = (fixture.app.clone(), PasswordHash::new(hash.to_owned()));
        let reset = ResetPassword { request, password_hash };
        using.push(async move { app.execute(&anybody(), reset).await });
    }
    let mut outcomes = Vec::new();
    for used in using.into_iter().map(tokio::spawn).collect::<Vec<_>>() {
        outcomes.push(used.await.unwrap());
    }
    let refused = Err(AppError::Unauthenticated(Denial::InvalidAccountToken));
    assert!(outcomes.contains(&Ok(())) && outcomes.contains(&refused), "{outcomes:?}");
    assert_eq!(open_resets(fixture).await, []);
}

/// Ada has sessions and tokens for two organizations.
async fn a_forgotten_password_ends_what_there_is_in_every_organization(fixture: &Fixture) {
    let (ada, bob) = (fixture.found("ada").await, fixture.found("bob").await);
    let (mut sessions, mut tokens) = (vec![ada.session], Vec::new());
    let hash = || TokenHash::new("d".repeat(64));
    let elsewhere = Session::start(
        fixture.id(),
        ada.viewer.user,
        bob.viewer.organization,
        hash(),
        Client::default(),
        fixture.now(),
    );
    sessions.push(elsewhere.state().id);
    let mut unit = fixture.unit(&bob).await;
    unit.sessions().save(elsewhere).await.unwrap();
    unit.commit().await.unwrap();
    for there in [&ada, &bob] {
        let new = NewToken {
            id: fixture.id(),
            organization_id: there.viewer.organization,
            owner_id: ada.viewer.user,
            name: TokenName::parse("Import").unwrap(),
            scopes: [Scope::TasksRead].into_iter().collect(),
            hash: hash(),
            expires_at: None,
        };
        tokens.push(new.id);
        let token = PersonalAccessToken::create(new, TokenCount::default(), fixture.now()).unwrap();
        let mut unit = fixture.unit(there).await;
        unit.tokens().save(token).await.unwrap();
        unit.commit().await.unwrap();
    }
    let request = make(fixture, Some(ada.viewer.user), AccountRequestKind::ResetPassword).await;
    let reset = ResetPassword { request, password_hash: PasswordHash::new("other".to_owned()) };
    fixture.app.execute(&anybody(), reset).await.unwrap();
    let identity = &fixture.queries.identity;
    for session in sessions {
        assert!(identity.session(session).await.unwrap().unwrap().revoked);
    }
    for token in tokens {
        assert!(identity.token(token).await.unwrap().unwrap().revoked);
    }
    assert!(!identity.session(bob.session).await.unwrap().unwrap().revoked);
}

/// While Eve's account is being changed, too: waiting would tell that there is one.
async fn asking_for_a_link_waits_for_nobody(fixture: &Fixture) {
    let eve = unverified(fixture).await;
    let mut changing = match fixture.database.backend() {
        // There, whoever writes waits for whoever else does, whomever it is about.
        DbBackend::Sqlite => None,
        _ => Some(fixture.deployment().await),
    };
    if let Some(unit) = &mut changing {
        unit.users().find_locked(eve).await.unwrap().unwrap();
    }
    for _ in 0..2 {
        fixture.app.execute(&anybody(), RequestPasswordReset { email: email("eve") }).await.unwrap();
    }
    assert_eq!(open_resets(fixture).await.len(), 2, "the earlier one stays good");
    // Asking for somebody who does not exist is stored just so, and is good for nothing.
    fixture.app.execute(&anybody(), RequestPasswordReset { email: email("nobody") }).await.unwrap();
    let open = open_resets(fixture).await;
    let mut owners = Vec::new();
    for id in open {
        owners.push(found(fixture, id).await.unwrap().state().user_id.is_some());
    }
    owners.sort_unstable();
    assert_eq!(owners, [false, true, true]);
}
