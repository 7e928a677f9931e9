//! Providers of an organization, and one's own identities.

use tenon_domain::access::{Permission, RoleLevel};
use tenon_domain::identity::{IdentityError, PasskeyName, Password, PasswordHash};
use tenon_domain::organizations::{NewRole, RoleChoice, RoleName};
use tenon_domain::{CustomRoleId, Violation};

use super::*;
use crate::actor::Viewer;
use crate::in_memory::signed;
use crate::organizations::{ChangeMemberRole, CreateRole, DeleteRole};
use crate::page::{PageRequest, Unsorted};

fn edit(stage: &Stage) -> EditIdentityProvider {
    EditIdentityProvider {
        provider: stage.provider,
        name: None,
        issuer: None,
        client_id: None,
        client_secret: None,
        scopes: None,
        domains: None,
        groups_claim: None,
        group_roles: None,
        default_role: None,
        provisioning: None,
        enabled: None,
        expected_version: None,
        cipher: stage.service.cipher.clone(),
    }
}

fn page() -> PageRequest<Unsorted> {
    PageRequest { limit: 10, after: None, sort: Vec::new(), include_total: true }
}

fn broken<T>(fault: impl Into<Violation>) -> Result<T, AppError> {
    Err(AppError::Violations(vec![fault.into()]))
}

#[tokio::test]
async fn a_provider_is_changed_and_read_without_its_secret() {
    let stage = Stage::new().await;
    let change = EditIdentityProvider { provisioning: Some(false), default_role: Some(None), ..edit(&stage) };
    let changed = stage.scene.run(Person::Owner, change).await.unwrap();
    assert_eq!((changed.version, changed.has_client_secret), (2, true));
    assert_eq!((changed.settings.provisioning, changed.settings.default_role), (false, None));
    let owner = Person::Owner.actor();
    let found = stage.scene.app.ask(&owner, FindIdentityProvider { provider: stage.provider }).await;
    assert_eq!(found.as_ref(), Ok(&changed));
    let listed = stage.scene.app.ask(&owner, ListIdentityProviders { page: page() }).await.unwrap();
    assert_eq!((listed.items, listed.total), (vec![changed], Some(1)));
    assert_eq!(stage.scene.told(), ["identity_provider.updated"]);
    let stale = EditIdentityProvider { expected_version: Some(1), ..edit(&stage) };
    assert_eq!(stage.scene.run(Person::Owner, stale).await, Err(AppError::PreconditionFailed));
}

#[tokio::test]
async fn only_those_who_may_manage_providers() {
    let stage = Stage::new().await;
    let forbidden = AppError::Forbidden(Permission::ManageIdentityProviders);
    assert_eq!(stage.scene.run(Person::Member, edit(&stage)).await, Err(forbidden.clone()));
    let find = FindIdentityProvider { provider: stage.provider };
    assert_eq!(stage.scene.app.ask(&Person::Guest.actor(), find).await, Err(forbidden));
    let absent = AppError::NotFound("identity_provider");
    assert_eq!(stage.scene.run(Person::Stranger, edit(&stage)).await, Err(absent.clone()));
    assert_eq!(stage.scene.app.ask(&Person::Stranger.actor(), find).await, Err(absent));
}

#[tokio::test]
async fn a_secret_is_not_sent_to_another_issuer() {
    let stage = Stage::new().await;
    let issuer = Issuer::parse("https://evil.example.com").ok();
    let change = EditIdentityProvider { issuer, ..edit(&stage) };
    let outcome = stage.scene.run(Person::Owner, change).await;
    assert_eq!(outcome, broken(IdentityError::SecretOfAnotherIssuer));
    let empty =
        EditIdentityProvider { client_secret: Some(Some(OidcClientSecret::new(String::new()))), ..edit(&stage) };
    assert_eq!(stage.scene.run(Person::Owner, empty).await, broken(IdentityError::ProviderSecret));
}

#[tokio::test]
async fn a_deleted_provider_vouches_for_nobody() {
    let stage = Stage::new().await;
    stage.sign_in(claims("Peer", &[])).await;
    let remove = RemoveIdentityProvider { provider: stage.provider, expected_version: None };
    stage.scene.run(Person::Owner, remove).await.unwrap();
    assert!(stage.scene.store.data().external_identities.is_empty());
    assert!(stage.service.start(&stage.of_acme(), PAGE.to_owned()).await.is_err());
}

#[tokio::test]
async fn an_identity_is_given_up_unless_it_is_the_last_way_in() {
    let stage = Stage::new().await;
    stage.sign_in(claims("Peer", &[])).await;
    let peer = Person::Peer.actor();
    let own = stage.scene.app.ask(&peer, ListOwnIdentities { page: page() }).await.unwrap().items;
    assert_eq!((own.len(), own[0].provider.as_str()), (1, stage.provider.to_string().as_str()));
    let remove = RemoveOwnIdentity { identity: own[0].id };
    assert_eq!(stage.scene.run(Person::Member, remove).await, Err(AppError::NotFound("identity")), "another's");
    let set_password = |hash: PasswordHash| {
        let mut data = stage.scene.store.data();
        data.users.iter_mut().find(|it| it.id == Person::Peer.id()).unwrap().password_hash = hash;
    };
    set_password(PasswordHash::unusable());
    assert_eq!(stage.scene.run(Person::Peer, remove).await, broken(IdentityError::LastSignInMethod));
    set_password(PasswordHash::new("hash of one".to_owned()));
    stage.scene.run(Person::Peer, remove).await.unwrap();
    assert_eq!(stage.scene.told().last().map(String::as_str), Some("auth.identity_unlinked"));
}

#[tokio::test]
async fn a_passkey_is_another_way_in() {
    let stage = Stage::new().await;
    stage.sign_in(claims("Peer", &[])).await;
    let (peer, accounts) = (Person::Peer.actor(), &stage.service.accounts);
    let started = accounts.begin_passkey(&peer, Password::attempt("Peer's password".to_owned()), None).await.unwrap();
    let (made, name) = (signed(&started.options, "phone", None, 0), PasskeyName::parse("Phone").unwrap());
    accounts.add_passkey(&peer, started.token.expose(), name, &made).await.unwrap();
    let identity = stage.scene.store.data().external_identities[0].id;
    let id = Person::Peer.id();
    stage.scene.store.data().users.iter_mut().find(|it| it.id == id).unwrap().password_hash = PasswordHash::unusable();
    stage.scene.run(Person::Peer, RemoveOwnIdentity { identity }).await.unwrap();
    assert!(stage.scene.store.data().external_identities.is_empty());
}

#[tokio::test]
async fn nobody_has_a_provider_give_more_than_they_may_do() {
    let stage = Stage::new().await;
    let peer = gatekeeper(&stage).await;
    let app = &stage.scene.app;
    let missing = AppError::Forbidden(Permission::EditOrganization);
    let create = |settings: ProviderSettings| {
        let input = IdentityProviderInput { settings, client_secret: None };
        app.execute(&peer, CreateIdentityProvider { input, cipher: stage.service.cipher.clone() })
    };
    assert_eq!(create(settings()).await, Err(missing.clone()));
    // It has those in `bosses` made admins, whoever says that they are.
    assert_eq!(app.execute(&peer, edit(&stage)).await, Err(missing));
    let modest = ProviderSettings {
        group_roles: GroupRoles::default(),
        default_role: Some(OrganizationRole::Guest),
        ..settings()
    };
    assert!(create(modest).await.is_ok());
}

async fn custom_role(stage: &Stage, level: RoleLevel, permissions: &[Permission]) -> CustomRoleId {
    let role = NewRole {
        level,
        name: RoleName::parse(&format!("Role of {}", permissions.len())).unwrap(),
        description: None,
        base: (level == RoleLevel::Organization).then_some(OrganizationRole::Member),
        permissions: permissions.iter().copied().collect(),
    };
    stage.scene.run(Person::Owner, CreateRole { role }).await.unwrap().id
}

/// The peer, who manages identity providers and is a member otherwise.
async fn gatekeeper(stage: &Stage) -> Actor {
    let permissions: Vec<_> = OrganizationRole::Member.permissions().iter().collect();
    let permissions = [&permissions[..], &[Permission::ManageIdentityProviders]].concat();
    let role = RoleChoice::Custom(custom_role(stage, RoleLevel::Organization, &permissions).await);
    let give = ChangeMemberRole { user: Person::Peer.id(), role: Some(role), expected_version: None };
    stage.scene.run(Person::Owner, give).await.unwrap();
    let access = stage.scene.app.sessions.role(Scene::ACME, Person::Peer.id()).await.unwrap().unwrap();
    Actor::user(Viewer::new(Person::Peer.id(), Scene::ACME, access), Person::Peer.session(), Origin::default())
}

fn group_roles(role: CustomRoleId) -> GroupRoles {
    GroupRoles::parse([("staff".to_owned(), RoleChoice::Custom(role))]).unwrap()
}

#[tokio::test]
async fn groups_have_custom_roles_that_there_are_for_members() {
    let stage = Stage::new().await;
    let auditor = custom_role(&stage, RoleLevel::Organization, &[Permission::ViewAuditLog]).await;
    let tester = custom_role(&stage, RoleLevel::Project, &[]).await;
    let give = |role| EditIdentityProvider { group_roles: Some(group_roles(role)), ..edit(&stage) };
    for unknown in [CustomRoleId::new(Uuid::nil()), tester] {
        assert_eq!(stage.scene.run(Person::Owner, give(unknown)).await, broken(IdentityError::GroupRoleUnknown));
        let settings = ProviderSettings { group_roles: group_roles(unknown), ..settings() };
        let input = IdentityProviderInput { settings, client_secret: None };
        let create = CreateIdentityProvider { input, cipher: stage.service.cipher.clone() };
        assert_eq!(stage.scene.run(Person::Owner, create).await, broken(IdentityError::GroupRoleUnknown));
    }
    let given = stage.scene.run(Person::Owner, give(auditor)).await.unwrap();
    assert_eq!(given.settings.group_roles, group_roles(auditor));

    // Nobody has it, so it can be deleted; the rest of the provider can be changed all the same.
    stage.scene.run(Person::Owner, DeleteRole { role: auditor, expected_version: None }).await.unwrap();
    let renamed = EditIdentityProvider { name: ProviderName::parse("People").ok(), ..edit(&stage) };
    let renamed = stage.scene.run(Person::Owner, renamed).await.unwrap();
    assert_eq!(renamed.settings.group_roles, group_roles(auditor));
    assert_eq!(stage.scene.run(Person::Owner, give(auditor)).await, broken(IdentityError::GroupRoleUnknown));
}

#[tokio::test]
async fn nobody_has_groups_given_a_custom_role_that_permits_more_than_they_may_do() {
    let stage = Stage::new().await;
    let auditor = custom_role(&stage, RoleLevel::Organization, &[Permission::ViewAuditLog]).await;
    let plain = custom_role(&stage, RoleLevel::Organization, &[]).await;
    let modest = EditIdentityProvider { group_roles: Some(GroupRoles::default()), ..edit(&stage) };
    stage.scene.run(Person::Owner, modest).await.unwrap();
    let peer = gatekeeper(&stage).await;
    let app = &stage.scene.app;
    let give = |role| EditIdentityProvider { group_roles: Some(group_roles(role)), ..edit(&stage) };
    let missing = AppError::Forbidden(Permission::ViewAuditLog);
    assert_eq!(app.execute(&peer, give(auditor)).await, Err(missing.clone()));
    app.execute(&peer, give(plain)).await.unwrap();
    stage.scene.run(Person::Owner, give(auditor)).await.unwrap();
    assert_eq!(app.execute(&peer, edit(&stage)).await, Err(missing), "nor changes a provider that does");
}
