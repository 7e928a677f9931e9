use std::time::Duration;

use sea_orm::ConnectionTrait;
use tenon_application::identity::{
    ExternalIdentityView, IdentityProviderView, ListOwnIdentities, RemoveOwnIdentity, SignInCodeArchive,
    SignInProvider, StoredProvider,
};
use tenon_application::secrets::{Rotation, SecretArchive, SecretCipher, SecretPlace, rotate};
use tenon_application::{AppError, PageRequest, StoreError};
use tenon_domain::access::OrganizationRole;
use tenon_domain::identity::{
    ExternalIdentity, ExternalIdentityState, ExternalSubject, GroupRoles, GroupsClaim, IdentityProvider,
    IdentityProviderState, Issuer, ProviderClientId, ProviderDomains, ProviderKey, ProviderName, ProviderScopes,
    ProviderSettings, SealedSecret, SignInChallenge, SignInCode, TokenHash, VouchedSignIn,
};
use tenon_domain::organizations::{DomainName, OrganizationDomain, RoleChoice};
use tenon_domain::{SignInChallengeId, SignInCodeId, UserId};
use tenon_infrastructure::persistence::{SqlSecretArchive, SqlSignInCodeArchive};
use tenon_infrastructure::security::{MasterSecret, SecretKey, XChaChaSecretCipher};
use uuid::Uuid;

use super::fixture::{Fixture, Person};
use super::lists::{request, walk};
use super::on_every_database;

on_every_database! {
    a_provider_comes_back_as_saved_and_is_gone_once_removed,
    a_provider_changed_since_is_stale,
    providers_stay_in_their_organization,
    a_domain_leads_to_the_providers_of_who_has_proved_it,
    an_identity_is_one_users_and_goes_with_its_provider,
    identities_are_their_users_own,
    a_code_and_a_challenge_say_who_vouched,
    only_codes_that_expired_long_enough_ago_are_forgotten,
    client_secrets_are_encrypted_again_with_the_newest_key,
}

fn settings(name: &str) -> ProviderSettings {
    ProviderSettings {
        name: ProviderName::parse(name).unwrap(),
        issuer: Issuer::parse("https://idp.example.com/a").unwrap(),
        client_id: ProviderClientId::parse("tenon").unwrap(),
        scopes: ProviderScopes::parse(["email", "groups"]).unwrap(),
        domains: ProviderDomains::parse([DomainName::parse("example.com").unwrap()]).unwrap(),
        groups_claim: GroupsClaim::parse("groups").ok(),
        group_roles: GroupRoles::parse([
            ("büro \"1\"".to_owned(), RoleChoice::System(OrganizationRole::Guest)),
            ("büro 2".to_owned(), RoleChoice::Custom(Uuid::from_u128(7).into())),
        ])
        .unwrap(),
        default_role: Some(OrganizationRole::Member),
        provisioning: true,
        enabled: true,
    }
}

fn sealed() -> SealedSecret {
    SealedSecret { key_id: "2026".to_owned(), ciphertext: "c".repeat(2_000) }
}

async fn save(fixture: &Fixture, by: &Person, provider: IdentityProvider) -> IdentityProviderState {
    let mut unit = fixture.unit(by).await;
    let state = unit.identity_providers().save(provider).await.unwrap();
    unit.commit().await.unwrap();
    state
}

async fn create(fixture: &Fixture, by: &Person, settings: ProviderSettings) -> IdentityProviderState {
    let provider = IdentityProvider::create(fixture.id(), settings, Some(sealed()), 0, fixture.now()).unwrap();
    save(fixture, by, provider).await
}

async fn a_provider_comes_back_as_saved_and_is_gone_once_removed(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let created = create(fixture, &ada, settings("Staff")).await;
    let queries = &fixture.queries.identity_providers;
    let stored = StoredProvider { organization: ada.viewer.organization, state: created.clone() };
    assert_eq!(queries.stored(created.id).await.unwrap(), Some(stored));
    let view = IdentityProviderView::from(created.clone());
    assert_eq!(queries.find(ada.viewer, created.id).await.unwrap(), Some(view));

    fixture.clock.advance(Duration::from_millis(1));
    let mut provider = IdentityProvider::restore(created);
    let plain = ProviderSettings {
        scopes: ProviderScopes::parse([""; 0]).unwrap(),
        domains: ProviderDomains::default(),
        groups_claim: None,
        group_roles: GroupRoles::default(),
        default_role: None,
        provisioning: false,
        enabled: false,
        ..settings("Nobody")
    };
    provider.edit(plain, Some(None), fixture.now()).unwrap();
    let changed = save(fixture, &ada, provider).await;
    assert_eq!(queries.stored(changed.id).await.unwrap().map(|it| it.state), Some(changed.clone()));
    assert_eq!((changed.version, &changed.client_secret), (2, &None));

    let mut unit = fixture.unit(&ada).await;
    assert_eq!(unit.identity_providers().count().await.unwrap(), 1);
    let mut found = unit.identity_providers().find(changed.id).await.unwrap().unwrap();
    found.remove();
    unit.identity_providers().remove(found).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(queries.stored(changed.id).await.unwrap(), None);
}

async fn a_provider_changed_since_is_stale(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let read = create(fixture, &ada, settings("Staff")).await;
    let renamed = |name: &str| {
        let mut provider = IdentityProvider::restore(read.clone());
        provider.edit(settings(name), None, fixture.now()).unwrap();
        provider
    };
    save(fixture, &ada, renamed("First")).await;
    let mut unit = fixture.unit(&ada).await;
    assert_eq!(unit.identity_providers().save(renamed("Second")).await, Err(StoreError::Stale));
    let removed = unit.identity_providers().remove(IdentityProvider::restore(read.clone())).await;
    assert_eq!(removed, Err(StoreError::Stale));
}

async fn providers_stay_in_their_organization(fixture: &Fixture) {
    let (ada, eve) = (fixture.found("ada").await, fixture.found("eve").await);
    let mut created = Vec::new();
    for name in ["One", "Two", "Three"] {
        created.insert(0, create(fixture, &ada, settings(name)).await.id);
    }
    let queries = &fixture.queries.identity_providers;
    let viewer = ada.viewer;
    let listed = walk(request(2, vec![]), |page| async move { queries.list(viewer, &page).await }).await;
    let ids: Vec<_> = listed.into_iter().map(|it| it.id).collect();
    assert_eq!(ids, created, "the newest first");
    let counted = PageRequest { include_total: true, ..request(1, vec![]) };
    assert_eq!(queries.list(ada.viewer, &counted).await.unwrap().total, Some(3));
    for viewer in [eve.viewer, ada.intruding(&eve)] {
        assert_eq!(queries.list(viewer, &counted).await.unwrap().total, Some(0));
        assert_eq!(queries.find(viewer, created[0]).await.unwrap(), None);
    }
    let state = queries.stored(created[0]).await.unwrap().unwrap().state;
    let mut unit = fixture.unit(&eve).await;
    assert!(unit.identity_providers().find(created[0]).await.unwrap().is_none());
    assert_eq!(unit.identity_providers().count().await.unwrap(), 0);
    let mut taken = IdentityProvider::restore(state.clone());
    taken.edit(settings("Taken over"), None, fixture.now()).unwrap();
    assert_eq!(unit.identity_providers().save(taken).await, Err(StoreError::Stale));
    let removed = unit.identity_providers().remove(IdentityProvider::restore(state)).await;
    assert_eq!(removed, Err(StoreError::Stale));
    drop(unit);
    let mut nowhere = fixture.deployment().await;
    let refused = nowhere.identity_providers().find(created[0]).await;
    assert!(matches!(refused, Err(StoreError::Broken(_))));
}

async fn a_domain_leads_to_the_providers_of_who_has_proved_it(fixture: &Fixture) {
    let (ada, eve) = (fixture.found("ada").await, fixture.found("eve").await);
    let queries = &fixture.queries.identity_providers;
    let serving = create(fixture, &ada, settings("Staff")).await;
    create(fixture, &ada, ProviderSettings { enabled: false, ..settings("Off") }).await;
    create(fixture, &ada, ProviderSettings { domains: ProviderDomains::default(), ..settings("Others") }).await;
    create(fixture, &eve, settings("Not hers")).await;
    let (name, other) = (DomainName::parse("example.com").unwrap(), DomainName::parse("example.org").unwrap());
    let mut unit = fixture.unit(&ada).await;
    let claimed = OrganizationDomain::claim(fixture.id(), name.clone(), "token".to_owned(), 0, fixture.now()).unwrap();
    let claimed = unit.domains().save(claimed).await.unwrap();
    unit.commit().await.unwrap();
    assert!(queries.serving(&name).await.unwrap().is_empty(), "claiming is not proving");
    let (hers, eves) = (ada.viewer.organization, eve.viewer.organization);
    let proved =
        async |organization, domains: &ProviderDomains| queries.has_proved(organization, domains).await.unwrap();
    assert!(!proved(hers, &serving.settings.domains).await);
    let mut domain = OrganizationDomain::restore(claimed);
    domain.verify(fixture.now());
    let mut unit = fixture.unit(&ada).await;
    unit.domains().save(domain).await.unwrap();
    unit.commit().await.unwrap();
    let expected = SignInProvider { key: serving.id.to_string(), name: "Staff".to_owned() };
    assert_eq!(queries.serving(&name).await.unwrap(), [expected]);
    assert!(queries.serving(&other).await.unwrap().is_empty());
    assert!(proved(hers, &serving.settings.domains).await);
    assert!(!proved(eves, &serving.settings.domains).await, "somebody else's");
    for domains in [ProviderDomains::parse([other]).unwrap(), ProviderDomains::default()] {
        assert!(!proved(hers, &domains).await);
    }
}

fn subject(text: &str) -> ExternalSubject {
    ExternalSubject::parse(text).unwrap()
}

async fn an_identity_is_one_users_and_goes_with_its_provider(fixture: &Fixture) {
    let (ada, bob) = (fixture.found("ada").await, fixture.user("bob"));
    let provider = create(fixture, &ada, settings("Staff")).await;
    let (key, issuer) = (ProviderKey::Organization(provider.id), provider.settings.issuer.clone());
    let mut unit = fixture.unit(&ada).await;
    let user = unit.users().find(ada.viewer.user).await.unwrap().unwrap().state().clone();
    unit.users().save(bob.clone()).await.unwrap();
    let link = |key: &ProviderKey, user: &tenon_domain::identity::UserState, text: &str| {
        let (key, issuer) = (key.clone(), issuer.clone());
        ExternalIdentity::link(fixture.id(), user, key, issuer, subject(text), fixture.now())
    };
    let of_deployment = ProviderKey::Deployment("corp".to_owned());
    let (first, second) = (link(&key, &user, "Ada 1"), link(&of_deployment, &user, "Ada 1"));
    let (first_state, second_state) = (first.state().clone(), second.state().clone());
    unit.external_identities().save(first).await.unwrap();
    unit.external_identities().save(second).await.unwrap();
    unit.commit().await.unwrap();

    let mut unit = fixture.deployment().await;
    let found = |found: Option<ExternalIdentity>| found.map(|identity| identity.state().clone());
    let repository = unit.external_identities();
    assert_eq!(found(repository.find(&key, &issuer, &subject("Ada 1")).await.unwrap()), Some(first_state.clone()));
    // Subjects differ in their case.
    assert_eq!(found(repository.find(&key, &issuer, &subject("ada 1")).await.unwrap()), None);
    let elsewhere = Issuer::parse("https://idp.example.com/b").unwrap();
    assert_eq!(found(repository.find(&key, &elsewhere, &subject("Ada 1")).await.unwrap()), None);
    assert_eq!(found(repository.find_own(user.id, first_state.id).await.unwrap()), Some(first_state.clone()));
    assert_eq!(found(repository.find_own(bob.state().id, first_state.id).await.unwrap()), None);
    assert_eq!(repository.count_of(user.id).await.unwrap(), 2);
    let all = repository.all_of(user.id).await.unwrap();
    assert!(all.len() == 2 && all.iter().any(|it| *it.state() == first_state), "{all:?}");
    assert!(repository.all_of(bob.state().id).await.unwrap().is_empty());
    for (user, provider, issuer, is_known) in [
        (user.id, &key, &issuer, true),
        (user.id, &of_deployment, &issuer, true),
        (user.id, &key, &elsewhere, false),
        (user.id, &ProviderKey::Deployment("other".to_owned()), &issuer, false),
        (bob.state().id, &key, &issuer, false),
    ] {
        assert_eq!(repository.is_known(user, provider, issuer).await.unwrap(), is_known, "{provider} {issuer}");
    }
    let mut used = ExternalIdentity::restore(second_state.clone());
    used.note_use(fixture.now() + Duration::from_secs(1));
    let used_state = ExternalIdentityState { last_used_at: used.state().last_used_at, ..second_state };
    repository.save(used).await.unwrap();
    let gone = link(&key, bob.state(), "Bob").into_parts().0;
    assert_eq!(repository.save(ExternalIdentity::restore(gone)).await, Err(StoreError::Stale));
    unit.commit().await.unwrap();
    let mut unit = fixture.deployment().await;
    let taken = unit.external_identities().save(link(&key, bob.state(), "Ada 1")).await;
    assert!(matches!(taken, Err(StoreError::Duplicate(_))), "{taken:?}");
    drop(unit);

    let queries = &fixture.queries.identity_providers;
    let listed = queries.identities(user.id, &request(10, vec![])).await.unwrap().items;
    let expected = [used_state.clone(), first_state.clone()].map(ExternalIdentityView::from);
    assert_eq!(listed, expected);
    let mut unit = fixture.unit(&ada).await;
    let mut provider = IdentityProvider::restore(provider);
    provider.remove();
    unit.identity_providers().remove(provider).await.unwrap();
    unit.commit().await.unwrap();
    let listed = queries.identities(user.id, &request(10, vec![])).await.unwrap().items;
    assert_eq!(listed, [ExternalIdentityView::from(used_state.clone())]);
    let mut unit = fixture.deployment().await;
    let mut last = ExternalIdentity::restore(used_state);
    last.unlink(&user);
    unit.external_identities().remove(last).await.unwrap();
    unit.external_identities().save(link(&of_deployment, &user, "Ada 2")).await.unwrap();
    unit.external_identities().erase_all(bob.state().id).await.unwrap();
    assert_eq!(unit.external_identities().count_of(user.id).await.unwrap(), 1);
    unit.external_identities().erase_all(user.id).await.unwrap();
    assert_eq!(unit.external_identities().count_of(user.id).await.unwrap(), 0);
}

/// The tests of isolation over HTTP have no identity to try: who has one has been at a provider.
async fn identities_are_their_users_own(fixture: &Fixture) {
    let (ada, stranger) = (fixture.found("ada").await, fixture.found("bob").await);
    let colleague = fixture.join(&ada, "grace", OrganizationRole::Admin).await;
    let mut unit = fixture.unit(&ada).await;
    let user = unit.users().find(ada.viewer.user).await.unwrap().unwrap().state().clone();
    let (key, issuer) = (ProviderKey::Deployment("corp".to_owned()), Issuer::parse("https://idp.example.com").unwrap());
    let linked = ExternalIdentity::link(fixture.id(), &user, key, issuer, subject("Ada 1"), fixture.now());
    let identity = linked.state().id;
    unit.external_identities().save(linked).await.unwrap();
    unit.commit().await.unwrap();
    let own = async |person: &Person| {
        let page = request(10, vec![]);
        let listed = fixture.app.ask(&person.actor, ListOwnIdentities { page }).await.unwrap();
        listed.items.into_iter().map(|it| it.id).collect::<Vec<_>>()
    };
    for other in [&stranger, &colleague] {
        assert!(own(other).await.is_empty());
        let refused = fixture.app.execute(&other.actor, RemoveOwnIdentity { identity }).await;
        assert_eq!(refused, Err(AppError::NotFound("identity")));
    }
    assert_eq!(own(&ada).await, [identity]);
}

fn digest(text: &str) -> TokenHash {
    TokenHash::new(text.to_owned())
}

fn new_code(fixture: &Fixture, user: UserId, vouched: &VouchedSignIn) -> SignInCode {
    let id: SignInCodeId = fixture.id();
    SignInCode::issue(id, user, vouched.clone(), digest("code"), digest("browser"), fixture.now())
}

async fn a_code_and_a_challenge_say_who_vouched(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let organization = ada.viewer.organization;
    for vouched in [
        VouchedSignIn { provider: ProviderKey::Deployment("corp".to_owned()), organization: None },
        VouchedSignIn { provider: ProviderKey::Organization(fixture.id()), organization: Some(organization) },
    ] {
        let code = new_code(fixture, ada.viewer.user, &vouched);
        let state = code.state().clone();
        let id: SignInChallengeId = fixture.id();
        let challenge =
            SignInChallenge::pose(id, ada.viewer.user, digest("token"), digest("checked"), None, fixture.now());
        let challenge = challenge.vouched(vouched);
        let posed = challenge.state().clone();
        let mut unit = fixture.deployment().await;
        unit.sign_in_codes().issue(code).await.unwrap();
        unit.challenges().pose(challenge).await.unwrap();
        unit.commit().await.unwrap();
        let mut unit = fixture.deployment().await;
        let found = unit.sign_in_codes().find(state.id).await.unwrap().map(SignInCode::into_state);
        assert_eq!(found, Some(state.clone()));
        unit.sign_in_codes().remove(state.id).await.unwrap();
        assert!(unit.sign_in_codes().find(state.id).await.unwrap().is_none());
        let found = unit.challenges().find(id).await.unwrap().map(SignInChallenge::into_state);
        assert_eq!(found, Some(posed));
    }
}

async fn only_codes_that_expired_long_enough_ago_are_forgotten(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let vouched = VouchedSignIn { provider: ProviderKey::Deployment("corp".to_owned()), organization: None };
    let mut unit = fixture.deployment().await;
    unit.sign_in_codes().issue(new_code(fixture, ada.viewer.user, &vouched)).await.unwrap();
    fixture.clock.advance(Duration::from_secs(60));
    let later = new_code(fixture, ada.viewer.user, &vouched);
    let kept = later.state().id;
    unit.sign_in_codes().issue(later).await.unwrap();
    unit.commit().await.unwrap();
    let archive = SqlSignInCodeArchive::new(fixture.database.clone());
    assert_eq!(archive.purge(fixture.now()).await.unwrap(), 0);
    assert_eq!(archive.purge(fixture.now() + Duration::from_millis(1)).await.unwrap(), 1);
    let mut unit = fixture.deployment().await;
    assert!(unit.sign_in_codes().find(kept).await.unwrap().is_some());
}

async fn client_secrets_are_encrypted_again_with_the_newest_key(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let key = |id: &str, base64: &str| SecretKey::parse(&format!("{id}:{base64}")).unwrap();
    let old = || key("2025", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=");
    let new = key("2026", "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=");
    let master = MasterSecret::new(&[7; 32]).unwrap();
    let before = XChaChaSecretCipher::new(&[old()], &master);
    let after = XChaChaSecretCipher::new(&[new, old()], &master);
    let id = fixture.id::<tenon_domain::IdentityProviderId>();
    let place = SecretPlace { purpose: SecretPlace::OIDC, owner: id.uuid() };
    let secret = Some(before.seal(place, b"hidden").unwrap());
    let provider = IdentityProvider::create(id, settings("Staff"), secret, 0, fixture.now()).unwrap();
    let read = save(fixture, &ada, provider).await;
    // One that has no secret has none to encrypt.
    let open = IdentityProvider::create(fixture.id(), settings("Public"), None, 1, fixture.now()).unwrap();
    save(fixture, &ada, open).await;
    // An app's secret is found before those of providers.
    let factor = format!(
        "INSERT INTO second_factors (user_id, key_id, secret, recovery_codes, wrong_codes, version, created_at, \
         updated_at) SELECT user_id, '2025', '{}', '[]', 0, 1, created_at, created_at FROM sessions",
        before
            .seal(SecretPlace { purpose: SecretPlace::TOTP, owner: ada.viewer.user.uuid() }, b"app")
            .unwrap()
            .ciphertext
    );
    fixture.operator.execute_unprepared(&factor).await.unwrap();
    let archive = SqlSecretArchive::new(fixture.database.clone());
    assert_eq!(archive.count_by_key().await.unwrap(), [("2025".to_owned(), 2)]);
    assert_eq!(rotate(&archive, &after).await, Ok(Rotation { sealed: 2, unreadable: 0 }));
    assert_eq!(archive.count_by_key().await.unwrap(), [("2026".to_owned(), 2)]);
    let stored = fixture.queries.identity_providers.stored(id).await.unwrap().unwrap().state;
    assert_eq!(after.open(place, &stored.client_secret.unwrap()), Ok(b"hidden".to_vec()));
    let mut stale = IdentityProvider::restore(read);
    stale.edit(settings("Old"), None, fixture.now()).unwrap();
    let mut unit = fixture.unit(&ada).await;
    assert_eq!(unit.identity_providers().save(stale).await, Err(StoreError::Stale), "it would bring the old key back");
}
