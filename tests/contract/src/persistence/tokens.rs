use std::time::Duration;

use tenon_application::StoreError;
use tenon_application::identity::{TokenArchive, TokenFacts, TokenView};
use tenon_application::organizations::{
    CreateServiceAccount, DeleteServiceAccount, EditServiceAccount, MemberFilter, RemoveMember,
};
use tenon_domain::TokenId;
use tenon_domain::access::{OrganizationRole, Scope};
use tenon_domain::identity::{
    DisplayName, Email, NewToken, PersonalAccessToken, PersonalAccessTokenState, TokenCount, TokenHash, TokenName,
    UserKind,
};
use tenon_infrastructure::persistence::SqlTokenArchive;

use super::fixture::{Fixture, Person};
use super::lists::{request, walk};
use super::on_every_database;

on_every_database! {
    a_token_comes_back_as_saved_and_is_revoked_once,
    tokens_of_another_organization_cannot_be_reached,
    tokens_are_counted_for_their_owner,
    a_token_that_is_being_made_keeps_its_owner_from_leaving_without_it,
    all_tokens_of_an_owner_are_revoked_together,
    every_token_is_listed_once,
    the_last_use_is_kept,
    only_tokens_that_ended_long_enough_ago_are_forgotten,
    service_accounts_are_listed_and_never_sign_in,
}

fn new_token(fixture: &Fixture, owner: &Person, name: &str) -> NewToken {
    NewToken {
        id: fixture.id(),
        organization_id: owner.viewer.organization,
        owner_id: owner.viewer.user,
        name: TokenName::parse(name).unwrap(),
        scopes: [Scope::TasksWrite, Scope::AdminAudit].into_iter().collect(),
        hash: TokenHash::new("d".repeat(64)),
        expires_at: None,
    }
}

async fn save(fixture: &Fixture, by: &Person, new: NewToken) -> PersonalAccessTokenState {
    let token = PersonalAccessToken::create(new, TokenCount::default(), fixture.now()).unwrap();
    let mut unit = fixture.unit(by).await;
    let state = unit.tokens().save(token).await.unwrap();
    assert!(unit.commit().await.unwrap(), "the event is stored");
    state
}

async fn create(fixture: &Fixture, owner: &Person, name: &str) -> PersonalAccessTokenState {
    save(fixture, owner, new_token(fixture, owner, name)).await
}

async fn revoke(fixture: &Fixture, by: &Person, id: TokenId) {
    let mut unit = fixture.unit(by).await;
    let mut token = unit.tokens().find(id).await.unwrap().unwrap();
    token.revoke(fixture.now());
    unit.tokens().save(token).await.unwrap();
    unit.commit().await.unwrap();
}

fn facts(state: &PersonalAccessTokenState) -> TokenFacts {
    TokenFacts {
        owner: state.owner_id,
        organization: state.organization_id,
        scopes: state.scopes,
        hash: state.hash.clone(),
        expires_at: state.expires_at,
        revoked: state.revoked_at.is_some(),
    }
}

async fn a_token_comes_back_as_saved_and_is_revoked_once(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let expires_at = Some(fixture.now() + Duration::from_secs(60));
    let saved = save(fixture, &ada, NewToken { expires_at, ..new_token(fixture, &ada, "Import ✨") }).await;
    let mut unit = fixture.unit(&ada).await;
    let mut token = unit.tokens().find(saved.id).await.unwrap().unwrap();
    assert_eq!(*token.state(), saved);
    assert!(unit.tokens().find(fixture.id()).await.unwrap().is_none());
    let identity = &fixture.queries.identity;
    assert_eq!(identity.token(saved.id).await.unwrap(), Some(facts(&saved)));
    assert_eq!(identity.token(fixture.id()).await.unwrap(), None);
    let view = fixture.queries.tokens.find(ada.viewer, None, saved.id).await.unwrap();
    assert_eq!(view, Some(TokenView::new(saved.clone(), "ada".to_owned())));

    let mut again = token.clone();
    token.revoke(fixture.now());
    again.revoke(fixture.now());
    let revoked = unit.tokens().save(token).await.unwrap();
    assert_eq!(unit.tokens().save(again).await, Err(StoreError::Stale));
    assert!(unit.tokens().find(saved.id).await.unwrap().is_none());
    unit.commit().await.unwrap();
    assert_eq!(identity.token(saved.id).await.unwrap(), Some(facts(&revoked)));
    assert_eq!(fixture.queries.tokens.find(ada.viewer, None, saved.id).await.unwrap(), None);
}

async fn tokens_of_another_organization_cannot_be_reached(fixture: &Fixture) {
    let (ada, eve) = (fixture.found("ada").await, fixture.found("eve").await);
    let saved = create(fixture, &ada, "Import").await;
    let mut unit = fixture.unit(&ada).await;
    let mut stolen = unit.tokens().find(saved.id).await.unwrap().unwrap();
    drop(unit);
    stolen.revoke(fixture.now());

    let mut unit = fixture.unit(&eve).await;
    assert!(unit.tokens().find(saved.id).await.unwrap().is_none());
    assert_eq!(unit.tokens().save(stolen).await, Err(StoreError::Stale));
    assert_eq!(unit.tokens().count(ada.viewer.user, fixture.now()).await.unwrap(), TokenCount::default());
    assert_eq!(unit.tokens().revoke_all(ada.viewer.user, fixture.now()).await.unwrap(), []);
    unit.commit().await.unwrap();
    let queries = &fixture.queries.tokens;
    for viewer in [eve.viewer, ada.intruding(&eve)] {
        assert_eq!(queries.list(viewer, None, &request(10, vec![])).await.unwrap().items, []);
        assert_eq!(queries.list(viewer, Some(ada.viewer.user), &request(10, vec![])).await.unwrap().items, []);
        assert_eq!(queries.find(viewer, None, saved.id).await.unwrap(), None);
    }
    let archive = SqlTokenArchive::new(fixture.database.clone());
    archive.note_use(eve.viewer.organization, saved.id, fixture.now()).await.unwrap();
    let view = fixture.queries.tokens.find(ada.viewer, None, saved.id).await.unwrap().unwrap();
    assert_eq!(view.last_used_at, None);

    let mut unit = fixture.deployment().await;
    let outside = unit.tokens().find(saved.id).await;
    assert!(matches!(outside, Err(StoreError::Broken(_))), "{outside:?}");
}

async fn tokens_are_counted_for_their_owner(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let bob = fixture.join(&ada, "bob", OrganizationRole::Member).await;
    let revoked = create(fixture, &ada, "revoked").await;
    revoke(fixture, &ada, revoked.id).await;
    create(fixture, &ada, "lasting").await;
    create(fixture, &bob, "somebody else's").await;
    let end = fixture.now() + Duration::from_secs(60);
    save(fixture, &ada, NewToken { expires_at: Some(end), ..new_token(fixture, &ada, "expiring") }).await;
    let mut unit = fixture.unit(&ada).await;
    let owner = ada.viewer.user;
    let before = unit.tokens().count(owner, end - Duration::from_millis(1)).await.unwrap();
    assert_eq!(before, TokenCount { live: 2, kept: 3 });
    assert_eq!(unit.tokens().count(owner, end).await.unwrap(), TokenCount { live: 1, kept: 3 });
}

async fn a_token_that_is_being_made_keeps_its_owner_from_leaving_without_it(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let bob = fixture.join(&ada, "bob", OrganizationRole::Member).await;
    let owner = bob.viewer.user;
    let mut unit = fixture.unit(&bob).await;
    assert!(unit.members().hold(owner).await.unwrap());
    let token = PersonalAccessToken::create(
        new_token(fixture, &bob, "at the last moment"),
        unit.tokens().count(owner, fixture.now()).await.unwrap(),
        fixture.now(),
    );
    let token = unit.tokens().save(token.unwrap()).await.unwrap();
    let remove = RemoveMember { user: owner, expected_version: None };
    let mut removal = Box::pin(fixture.app.execute(&ada.actor, remove));
    let early = tokio::time::timeout(Duration::from_millis(300), &mut removal).await;
    assert!(early.is_err(), "it waits for the token");
    let (stored, removed) = tokio::join!(unit.commit(), removal);
    assert!(stored.unwrap());
    removed.unwrap();
    assert!(fixture.queries.identity.token(token.id).await.unwrap().unwrap().revoked);
    assert!(!fixture.unit(&bob).await.members().hold(owner).await.unwrap(), "who has left makes no more");
}

async fn all_tokens_of_an_owner_are_revoked_together(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let bob = fixture.join(&ada, "bob", OrganizationRole::Member).await;
    let earlier = create(fixture, &bob, "revoked before").await;
    revoke(fixture, &bob, earlier.id).await;
    let mut expected = vec![create(fixture, &bob, "first").await.id, create(fixture, &bob, "second").await.id];
    let other = create(fixture, &ada, "somebody else's").await;
    let end = fixture.now() + Duration::from_secs(60);
    let expired = NewToken { expires_at: Some(end), ..new_token(fixture, &bob, "expired") };
    let expired = save(fixture, &bob, expired).await;
    let mut unit = fixture.unit(&ada).await;
    let mut revoked = unit.tokens().revoke_all(bob.viewer.user, end).await.unwrap();
    revoked.sort_unstable();
    expected.sort_unstable();
    assert_eq!(revoked, expected);
    assert_eq!(unit.tokens().revoke_all(bob.viewer.user, end).await.unwrap(), []);
    assert!(!unit.commit().await.unwrap(), "what happened is told otherwise");
    assert!(!fixture.queries.identity.token(expired.id).await.unwrap().unwrap().revoked, "it is over anyway");
    for id in expected {
        assert!(fixture.queries.identity.token(id).await.unwrap().unwrap().revoked);
    }
    assert!(!fixture.queries.identity.token(other.id).await.unwrap().unwrap().revoked);

    // For all organizations, too: before one is known, as a forgotten password is set anew.
    let eve = fixture.found("eve").await;
    let for_eves = NewToken { owner_id: ada.viewer.user, ..new_token(fixture, &eve, "for eve's organization") };
    let mut expected = vec![other.id, save(fixture, &eve, for_eves).await.id];
    let eves = create(fixture, &eve, "eve's own").await;
    let mut unit = fixture.deployment().await;
    let mut revoked = unit.tokens().revoke_everywhere(ada.viewer.user, fixture.now()).await.unwrap();
    unit.commit().await.unwrap();
    revoked.sort_unstable();
    expected.sort_unstable();
    assert_eq!(revoked, expected);
    for id in expected {
        assert!(fixture.queries.identity.token(id).await.unwrap().unwrap().revoked);
    }
    assert!(!fixture.queries.identity.token(eves.id).await.unwrap().unwrap().revoked);
}

async fn every_token_is_listed_once(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let bob = fixture.join(&ada, "bob", OrganizationRole::Member).await;
    for number in 0..7 {
        create(fixture, &ada, &format!("ada's {number}")).await;
    }
    let bobs = create(fixture, &bob, "bob's").await;
    let gone = create(fixture, &ada, "gone").await;
    revoke(fixture, &ada, gone.id).await;
    let queries = &fixture.queries.tokens;
    for limit in [1, 3, 100] {
        let listed =
            walk(request(limit, vec![]), |page| async move { queries.list(ada.viewer, None, &page).await }).await;
        assert_eq!(listed.len(), 8);
        assert!(listed.iter().rev().is_sorted_by_key(|token| token.id), "newest first");
    }
    let mut counted = request(2, vec![]);
    counted.include_total = true;
    let own = queries.list(ada.viewer, Some(ada.viewer.user), &counted).await.unwrap();
    assert_eq!((own.items.len(), own.total), (2, Some(7)));
    let own = queries.list(bob.viewer, Some(bob.viewer.user), &counted).await.unwrap();
    assert_eq!(own.items, [TokenView::new(bobs.clone(), "bob".to_owned())]);
    assert_eq!(queries.find(ada.viewer, Some(ada.viewer.user), bobs.id).await.unwrap(), None);
}

async fn the_last_use_is_kept(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let token = create(fixture, &ada, "Import").await.id;
    let archive = SqlTokenArchive::new(fixture.database.clone());
    let (earlier, later) = (fixture.now(), fixture.now() + Duration::from_millis(1));
    for used_at in [later, earlier] {
        archive.note_use(ada.viewer.organization, token, used_at).await.unwrap();
        let view = fixture.queries.tokens.find(ada.viewer, None, token).await.unwrap().unwrap();
        assert_eq!(view.last_used_at, Some(later));
    }
    archive.note_use(ada.viewer.organization, fixture.id(), later).await.unwrap();
}

async fn only_tokens_that_ended_long_enough_ago_are_forgotten(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let archive = SqlTokenArchive::new(fixture.database.clone());
    let lasting = create(fixture, &ada, "lasting").await.id;
    let revoked = create(fixture, &ada, "revoked").await.id;
    revoke(fixture, &ada, revoked).await;
    let end = fixture.now() + Duration::from_secs(60);
    let expiring = NewToken { expires_at: Some(end), ..new_token(fixture, &ada, "expiring") };
    let expiring = save(fixture, &ada, expiring).await.id;
    let is_known = async |id| fixture.queries.identity.token(id).await.unwrap().is_some();
    assert_eq!(archive.purge(fixture.now()).await.unwrap(), 0, "revoked then, not before");
    assert_eq!(archive.purge(end).await.unwrap(), 1);
    assert!(!is_known(revoked).await && is_known(expiring).await);
    assert_eq!(archive.purge(end + Duration::from_millis(1)).await.unwrap(), 1);
    assert!(!is_known(expiring).await && is_known(lasting).await);
}

async fn service_accounts_are_listed_and_never_sign_in(fixture: &Fixture) {
    let (ada, eve) = (fixture.found("ada").await, fixture.found("eve").await);
    let mut accounts = Vec::new();
    for number in 0..3 {
        let name = DisplayName::parse(&format!("Importer {number}")).unwrap();
        let create = CreateServiceAccount { name, role: OrganizationRole::Guest.into() };
        accounts.push(fixture.app.execute(&ada.actor, create).await.unwrap());
    }
    accounts.reverse();
    let (queries, identity) = (&fixture.queries.organizations, &fixture.queries.identity);
    let listed =
        walk(request(2, vec![]), |page| async move { queries.service_accounts(ada.viewer, &page).await }).await;
    assert_eq!(listed, accounts, "newest first, and no people");
    let account = accounts[0].clone();
    assert_eq!(queries.service_account(ada.viewer, account.id).await.unwrap(), Some(account.clone()));
    assert_eq!(queries.service_account(ada.viewer, ada.viewer.user).await.unwrap(), None);
    let edit = EditServiceAccount {
        account: account.id,
        name: DisplayName::parse("Exporter").ok(),
        role: Some(OrganizationRole::Member.into()),
        expected_version: Some(1),
    };
    let account = fixture.app.execute(&ada.actor, edit).await.unwrap();
    assert_eq!((account.name.as_str(), account.version), ("Exporter", 3), "of two rows");
    assert_eq!(queries.service_account(ada.viewer, account.id).await.unwrap(), Some(account.clone()));
    let programs = MemberFilter { kinds: vec![UserKind::Service], ..MemberFilter::default() };
    let listed = queries.members(ada.viewer, &programs, &request(10, vec![])).await.unwrap().items;
    assert_eq!(listed.len(), 3);
    let member = queries.member(ada.viewer, account.id).await.unwrap();
    assert_eq!(member.as_ref().map(|it| (it.kind, it.display_name.as_str())), Some((UserKind::Service, "Exporter")));
    assert!(listed.contains(&member.unwrap()));
    let people = MemberFilter { kinds: vec![UserKind::Person], ..MemberFilter::default() };
    assert_eq!(queries.members(ada.viewer, &people, &request(10, vec![])).await.unwrap().items.len(), 1);
    for viewer in [eve.viewer, ada.intruding(&eve)] {
        assert_eq!(queries.member(viewer, account.id).await.unwrap(), None);
        assert_eq!(queries.service_account(viewer, account.id).await.unwrap(), None);
        assert_eq!(queries.service_accounts(viewer, &request(10, vec![])).await.unwrap().items, []);
    }
    let address = Email::of_service(account.id);
    assert_eq!(identity.credentials(&address).await.unwrap(), None);
    assert!(fixture.deployment().await.users().find_by_email(&address).await.unwrap().is_none());
    assert_eq!(identity.kind(account.id).await.unwrap(), Some(UserKind::Service));
    assert_eq!(identity.kind(ada.viewer.user).await.unwrap(), Some(UserKind::Person));
    assert_eq!(identity.kind(fixture.id()).await.unwrap(), None);
    let mut unit = fixture.unit(&ada).await;
    assert_eq!(unit.users().find(account.id).await.unwrap().unwrap().state().kind, UserKind::Service);
    drop(unit);

    fixture
        .app
        .execute(&ada.actor, DeleteServiceAccount { account: account.id, expected_version: None })
        .await
        .unwrap();
    assert_eq!(queries.service_account(ada.viewer, account.id).await.unwrap(), None);
    assert_eq!(identity.role(ada.viewer.organization, account.id).await.unwrap(), None);
}
