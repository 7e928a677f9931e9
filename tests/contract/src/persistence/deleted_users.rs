use std::sync::Arc;

use tenon_application::AppError;
use tenon_application::identity::{Credentials, DeleteAccount, ResetPassword};
use tenon_domain::access::{OrganizationRole, Scope};
use tenon_domain::identity::{
    AccountRequest, AccountRequestKind, Client, Email, NewToken, PasswordHash, PersonalAccessToken, Session,
    SignInChallenge, TokenCount, TokenHash, TokenName,
};
use tenon_domain::organizations::Member;
use tenon_domain::{AccountRequestId, SessionId, TokenId, UserId};
use uuid::Uuid;

use super::fixture::{Fixture, Person, email};
use super::notifications::notification;
use super::on_every_database;
use super::second_factors::proof;

on_every_database! {
    a_deleted_user_is_nobody_and_leaves_a_placeholder,
    what_belongs_to_a_user_is_erased_and_nothing_of_others,
    a_deleted_account_is_out_of_all_its_organizations,
    a_placeholder_that_is_taken_is_in_nobodys_way,
    a_new_password_revokes_the_tokens_for_all_organizations,
    of_two_owners_who_delete_their_accounts_at_once_one_stays,
}

async fn a_deleted_user_is_nobody_and_leaves_a_placeholder(fixture: &Fixture) {
    let user = fixture.user("ada");
    let id = user.state().id;
    let mut unit = fixture.deployment().await;
    unit.users().save(user).await.unwrap();
    unit.commit().await.unwrap();
    let mut unit = fixture.deployment().await;
    let mut user = unit.users().find(id).await.unwrap().unwrap();
    user.erase(Email::of_deleted(id), fixture.now());
    let erased = unit.users().save(user).await.unwrap();
    assert_eq!(erased.deleted_at, Some(fixture.now()));
    unit.commit().await.unwrap();

    let mut unit = fixture.deployment().await;
    assert!(unit.users().find(id).await.unwrap().is_none(), "what is left is nobody's to change");
    assert!(unit.users().find_locked(id).await.unwrap().is_none());
    let placeholder = fixture.queries.identity.user(id).await.unwrap().unwrap();
    assert_eq!((placeholder.display_name.as_str(), placeholder.version), ("Deleted user", erased.version));
    assert!(unit.users().contacts(&[id]).await.unwrap().is_empty());
    assert!(fixture.queries.identity.contacts(&[id]).await.unwrap().is_empty());
    for address in [email("ada"), Email::of_deleted(id)] {
        assert!(unit.users().find_by_email(&address).await.unwrap().is_none(), "{address}");
        assert_eq!(fixture.queries.identity.credentials(&address).await.unwrap(), None, "{address}");
    }
    drop(unit);
    fixture.found("ada").await;
}

/// Stores one of everything that goes with a user.
async fn belongings(fixture: &Fixture, of: &Person) -> (SessionId, AccountRequestId, TokenId) {
    let user = of.viewer.user;
    let session = session(fixture, of).await;
    let mut unit = fixture.unit(of).await;
    let request =
        AccountRequest::make(fixture.id(), Some(user), AccountRequestKind::ResetPassword, email("x"), fixture.now());
    let request_id = request.state().id;
    unit.account_requests().save(request).await.unwrap();
    let [token, checked] = ["d", "e"].map(|digit| TokenHash::new(digit.repeat(64)));
    let challenge = SignInChallenge::pose(fixture.id(), user, token, checked, None, fixture.now());
    unit.challenges().pose(challenge).await.unwrap();
    unit.notifications().insert(vec![(user, notification(fixture, of), fixture.id())]).await.unwrap();
    unit.commit().await.unwrap();
    (session, request_id, token_of(fixture, of).await)
}

async fn session(fixture: &Fixture, of: &Person) -> SessionId {
    let hash = TokenHash::new("refresh".to_owned());
    let viewer = of.viewer;
    let session =
        Session::start(fixture.id(), viewer.user, viewer.organization, hash, Client::default(), fixture.now());
    let id = session.state().id;
    let mut unit = fixture.unit(of).await;
    unit.sessions().save(session).await.unwrap();
    unit.commit().await.unwrap();
    id
}

async fn token_of(fixture: &Fixture, owner: &Person) -> TokenId {
    let new = NewToken {
        id: fixture.id(),
        organization_id: owner.viewer.organization,
        owner_id: owner.viewer.user,
        name: TokenName::parse("Import").unwrap(),
        scopes: [Scope::TasksRead].into_iter().collect(),
        hash: TokenHash::new("d".repeat(64)),
        expires_at: None,
    };
    let mut unit = fixture.unit(owner).await;
    let token = PersonalAccessToken::create(new, TokenCount::default(), fixture.now()).unwrap();
    let id = unit.tokens().save(token).await.unwrap().id;
    unit.commit().await.unwrap();
    id
}

async fn is_revoked(fixture: &Fixture, token: TokenId) -> bool {
    fixture.queries.identity.token(token).await.unwrap().unwrap().revoked
}

/// Whether what [`belongings`] stored is there: the session, the request, the notification.
async fn kept(
    fixture: &Fixture,
    of: &Person,
    (session, request, _): (SessionId, AccountRequestId, TokenId),
) -> [bool; 3] {
    let identity = &fixture.queries.identity;
    [
        identity.session(session).await.unwrap().is_some(),
        identity.account_request(request).await.unwrap().is_some(),
        fixture.queries.notifications.count_unread(of.viewer).await.unwrap() > 0,
    ]
}

async fn what_belongs_to_a_user_is_erased_and_nothing_of_others(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let bob = fixture.join(&ada, "bob", OrganizationRole::Member).await;
    let (of_ada, of_bob) = (belongings(fixture, &ada).await, belongings(fixture, &bob).await);
    let mut unit = fixture.unit(&ada).await;
    let erased = bob.viewer.user;
    unit.notifications().erase_all(erased).await.unwrap();
    unit.commit().await.unwrap();
    let mut unit = fixture.deployment().await;
    unit.sessions().erase_all(erased).await.unwrap();
    unit.account_requests().erase_all(erased).await.unwrap();
    unit.challenges().erase_all(erased).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(kept(fixture, &bob, of_bob).await, [false; 3]);
    assert_eq!(kept(fixture, &ada, of_ada).await, [true; 3]);
    let counted = super::migrations::texts(&fixture.operator, "SELECT token_hash FROM sign_in_challenges").await;
    assert_eq!(counted.len(), 1, "ada's");
}

/// Has somebody belong to another organization, too.
async fn join_too(fixture: &Fixture, host: &Person, guest: &Person) -> Person {
    let user = guest.viewer.user;
    let mut unit = fixture.unit(host).await;
    let member = Member::join(user, "bob".to_owned(), OrganizationRole::Member, None, fixture.now());
    unit.members().save(member).await.unwrap();
    unit.commit().await.unwrap();
    let viewer = guest.intruding(host);
    let actor = tenon_application::Actor::user(viewer, guest.session, tenon_application::Origin::default());
    Person { viewer, session: guest.session, actor }
}

fn delete() -> DeleteAccount {
    let password_hash = PasswordHash::new("hash".to_owned());
    let proven = Credentials { user_id: UserId::new(Uuid::nil()), password_hash, email_verified: false, version: 1 };
    DeleteAccount { proven, proof: proof(None) }
}

async fn a_deleted_account_is_out_of_all_its_organizations(fixture: &Fixture) {
    let (ada, eve) = (fixture.found("ada").await, fixture.found("eve").await);
    let bob = fixture.join(&ada, "bob", OrganizationRole::Member).await;
    let bob_there = join_too(fixture, &eve, &bob).await;
    let user: UserId = bob.viewer.user;
    let mut organizations = [ada.viewer.organization, eve.viewer.organization];
    organizations.sort_unstable();
    assert_eq!(fixture.deployment().await.members().organizations_of(user).await.unwrap(), organizations);
    let (here, there) = (belongings(fixture, &bob).await, belongings(fixture, &bob_there).await);
    for (by, users) in [(&ada, vec![user]), (&eve, vec![user, ada.viewer.user])] {
        let mut unit = fixture.unit(by).await;
        for excluded in users {
            unit.members().exclude(excluded, fixture.now()).await.unwrap();
        }
        unit.commit().await.unwrap();
    }

    fixture.app.execute(&bob.actor, delete()).await.unwrap().unwrap();
    assert_eq!(kept(fixture, &bob, here).await, [false; 3]);
    assert_eq!(kept(fixture, &bob_there, there).await, [false; 3]);
    assert!(is_revoked(fixture, here.2).await && is_revoked(fixture, there.2).await);
    assert!(fixture.deployment().await.members().organizations_of(user).await.unwrap().is_empty());
    assert_eq!(fixture.queries.identity.user(user).await.unwrap().unwrap().display_name, "Deleted user");
    let address = fixture.app.addresses.digest(&email("bob"));
    for by in [&ada, &eve] {
        assert!(!fixture.unit(by).await.members().is_excluded(user).await.unwrap());
        assert!(fixture.unit(by).await.excluded_addresses().is_excluded(&address).await.unwrap(), "by the address");
    }
    assert!(fixture.unit(&eve).await.members().is_excluded(ada.viewer.user).await.unwrap(), "others are");

    let refused = fixture.app.execute(&ada.actor, delete()).await;
    assert_eq!(refused, Err(AppError::OnlyOwner { organizations: vec!["ada's organization".to_owned()] }));
}

async fn a_placeholder_that_is_taken_is_in_nobodys_way(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let bob = fixture.join(&ada, "bob", OrganizationRole::Member).await;
    let squatter = fixture.join(&ada, "eve", OrganizationRole::Member).await;
    let taken = Email::of_deleted(bob.viewer.user);
    let mut unit = fixture.deployment().await;
    let mut user = unit.users().find(squatter.viewer.user).await.unwrap().unwrap();
    user.change_email(taken.clone(), fixture.now());
    unit.users().save(user).await.unwrap();
    unit.commit().await.unwrap();
    fixture.app.execute(&bob.actor, delete()).await.unwrap().unwrap();
    let erased = fixture.queries.identity.user(bob.viewer.user).await.unwrap().unwrap().email;
    assert!(erased.ends_with("@deleted.invalid") && erased != taken.as_str(), "{erased}");
}

async fn a_new_password_revokes_the_tokens_for_all_organizations(fixture: &Fixture) {
    let (ada, eve) = (fixture.found("ada").await, fixture.found("eve").await);
    let bob = fixture.join(&ada, "bob", OrganizationRole::Member).await;
    let bob_there = join_too(fixture, &eve, &bob).await;
    let tokens = [token_of(fixture, &bob).await, token_of(fixture, &bob_there).await];
    session(fixture, &bob).await;
    let kind = AccountRequestKind::ResetPassword;
    let request = AccountRequest::make(fixture.id(), Some(bob.viewer.user), kind, email("bob"), fixture.now());
    let reset = ResetPassword { request: request.state().id, password_hash: PasswordHash::new("new".to_owned()) };
    let mut unit = fixture.deployment().await;
    unit.account_requests().save(request).await.unwrap();
    unit.commit().await.unwrap();
    let anybody = tenon_application::Actor::anonymous(tenon_application::Origin::default());
    fixture.app.execute(&anybody, reset).await.unwrap();
    for token in tokens {
        assert!(is_revoked(fixture, token).await);
    }
}

async fn of_two_owners_who_delete_their_accounts_at_once_one_stays(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let bob = fixture.join(&ada, "bob", OrganizationRole::Owner).await;
    let app = Arc::new(fixture.app.clone());
    let attempts = [ada.actor, bob.actor].map(|actor| {
        let app = Arc::clone(&app);
        tokio::spawn(async move { app.execute(&actor, delete()).await })
    });
    let mut deleted = 0;
    for attempt in attempts {
        match attempt.await.unwrap() {
            Ok(outcome) => {
                outcome.unwrap();
                deleted += 1;
            }
            Err(error) => assert!(matches!(error, AppError::OnlyOwner { .. }), "{error:?}"),
        }
    }
    assert_eq!(deleted, 1);
}
