mod kept_out;
mod looking;

use tenon_domain::access::OrganizationRole;
use tenon_domain::identity::AccountRequestKind;
use tenon_domain::organizations::{DomainName, OrganizationError};
use tenon_domain::{DomainId, OrganizationId};

use super::*;
use crate::actor::{Actor, Origin};
use crate::identity::{AccountTokens, ResendVerification};
use crate::in_memory::{Person, PlainAccountTokens, Scene, at, domain_service, sign_in_service};
use crate::page::PageRequest;

const DAY: i64 = 24 * 60;

fn name() -> DomainName {
    DomainName::parse("example.com").unwrap()
}

fn nobody() -> Actor {
    Actor::anonymous(Origin::default())
}

fn edit(domain: DomainId, role: Option<OrganizationRole>) -> EditDomain {
    EditDomain { domain, auto_join_role: Some(role), expected_version: None }
}

/// A scene where Acme has proved `example.com`, and lets its addresses in.
async fn opened(role: OrganizationRole) -> (Scene, DomainId) {
    let scene = Scene::new();
    let (domains, records) = domain_service(&scene);
    let claimed = domains.claim(&Person::Admin.actor(), name()).await.unwrap();
    records.say(&claimed.record_name, &[&claimed.record_value]);
    domains.verify(&Person::Admin.actor(), claimed.id, None).await.unwrap();
    scene.run(Person::Admin, edit(claimed.id, Some(role))).await.unwrap();
    scene.store.data().events.clear();
    (scene, claimed.id)
}

fn role_in_acme(scene: &Scene, who: Person) -> Option<OrganizationRole> {
    let data = scene.store.data();
    data.members.iter().find(|(org, it)| *org == Scene::ACME && it.user_id == who.id()).map(|(_, it)| it.role)
}

async fn joinable(scene: &Scene, who: Person) -> Vec<JoinableOrganizationView> {
    let page = PageRequest { limit: 10, after: None, sort: Vec::new(), include_total: false };
    scene.app.ask(&who.actor(), ListJoinable { page }).await.unwrap().items
}

async fn join(scene: &Scene, who: Person) -> Result<OrganizationView, AppError> {
    scene.run(who, JoinOrganization { organization: Scene::ACME }).await
}

/// Makes it unknown whether somebody reads their address.
fn unverify(scene: &Scene, who: Person) {
    scene.store.data().users.iter_mut().find(|it| it.id == who.id()).unwrap().email_verified_at = None;
}

/// Has somebody show that they read their address, which was not known before.
async fn verify_address(scene: &Scene, who: Person) {
    unverify(scene, who);
    scene.app.execute(&nobody(), ResendVerification { email: who.email() }).await.unwrap();
    let request = scene.store.data().account_requests.last().unwrap().id;
    let token = PlainAccountTokens.issue(AccountRequestKind::VerifyEmail, request);
    sign_in_service(scene).0.verify_email(&nobody(), &token).await.unwrap();
}

#[tokio::test]
async fn a_domain_is_verified_once_its_record_is_found() {
    let scene = Scene::new();
    let (domains, records) = domain_service(&scene);
    let admin = Person::Admin.actor();
    let claimed = domains.claim(&admin, name()).await.unwrap();
    assert_eq!((claimed.record_name.as_str(), claimed.verified_at), ("_tenon-challenge.example.com", None));
    assert_eq!(claimed.record_value, "tenon-verification=secret0");
    let (record, value) = (claimed.record_name.clone(), claimed.record_value.clone());
    let missing = AppError::DomainUnproved { name: record.clone(), value: value.clone() };
    assert_eq!(domains.verify(&admin, claimed.id, None).await, Err(missing.clone()));
    records.say(&record, &["v=spf1 -all", "tenon-verification=another"]);
    assert_eq!(domains.verify(&admin, claimed.id, None).await, Err(missing));
    records.be_away(true);
    assert!(matches!(domains.verify(&admin, claimed.id, None).await, Err(AppError::Unavailable(_))));
    records.be_away(false);
    assert_eq!(scene.told(), ["organization.domain_claimed"], "so far nothing has happened");

    records.say(&record, &["v=spf1 -all", &format!(" {value} ")]);
    assert_eq!(domains.verify(&admin, claimed.id, Some(2)).await, Err(AppError::PreconditionFailed));
    let verified = domains.verify(&admin, claimed.id, None).await.unwrap();
    assert_eq!((verified.verified_at, verified.version), (Some(at(10)), 2));
    domains.verify(&admin, claimed.id, None).await.unwrap();
    assert_eq!(scene.told(), ["organization.domain_claimed", "organization.domain_verified"], "it is news once");
}

#[tokio::test]
async fn domains_are_for_owners_and_admins_of_the_organization() {
    let scene = Scene::new();
    let (domains, records) = domain_service(&scene);
    let claimed = domains.claim(&Person::Owner.actor(), name()).await.unwrap();
    let denied = Permission::ManageDomains;
    let page = PageRequest { limit: 10, after: None, sort: Vec::new(), include_total: false };
    for who in [Person::Member, Person::Guest] {
        let actor = who.actor();
        assert_eq!(domains.claim(&actor, DomainName::parse("a.example").unwrap()).await, refused(denied));
        assert_eq!(domains.verify(&actor, claimed.id, None).await, refused(denied));
        assert_eq!(scene.app.ask(&actor, FindDomain { domain: claimed.id }).await, refused(denied));
        assert_eq!(scene.app.ask(&actor, ListDomains { page: page.clone() }).await, refused(denied));
        assert_eq!(scene.run(who, edit(claimed.id, None)).await, refused(denied));
        let remove = RemoveDomain { domain: claimed.id, expected_version: None };
        assert_eq!(scene.run(who, remove).await, refused(denied));
    }
    let (stranger, absent) = (Person::Stranger.actor(), AppError::NotFound("domain"));
    assert_eq!(domains.verify(&stranger, claimed.id, None).await, Err(absent.clone()));
    assert_eq!(scene.run(Person::Stranger, edit(claimed.id, None)).await, Err(absent));
    assert_eq!(records.asked(), [""; 0], "nobody has the DNS asked who may not");
    let listed = scene.app.ask(&Person::Admin.actor(), ListDomains { page }).await.unwrap();
    assert_eq!(listed.items, [claimed]);
}

#[tokio::test]
async fn a_domain_belongs_to_who_has_proved_it_until_they_let_go() {
    let scene = Scene::new();
    let (domains, records) = domain_service(&scene);
    let (admin, stranger) = (Person::Admin.actor(), Person::Stranger.actor());
    let ours = domains.claim(&admin, name()).await.unwrap();
    let again = domains.claim(&admin, name()).await;
    assert_eq!(again, broken(OrganizationError::DomainClaimed));
    let theirs = domains.claim(&stranger, name()).await.unwrap();
    assert_ne!(ours.record_value, theirs.record_value);
    records.say(&ours.record_name, &[&ours.record_value, &theirs.record_value]);
    domains.verify(&admin, ours.id, None).await.unwrap();
    assert_eq!(domains.verify(&stranger, theirs.id, None).await, broken(OrganizationError::DomainTaken));
    let stale = RemoveDomain { domain: ours.id, expected_version: Some(1) };
    assert_eq!(scene.run(Person::Admin, stale).await, Err(AppError::PreconditionFailed));
    scene.run(Person::Admin, RemoveDomain { domain: ours.id, expected_version: Some(2) }).await.unwrap();
    assert_eq!(scene.told().last().unwrap(), "organization.domain_removed");
    domains.verify(&stranger, theirs.id, None).await.unwrap();
    let public = domains.claim(&admin, DomainName::parse("gmail.com").unwrap()).await;
    assert_eq!(public, broken(OrganizationError::PublicDomain));
}

#[tokio::test]
async fn only_a_verified_domain_lets_addresses_in() {
    let scene = Scene::new();
    let (domains, records) = domain_service(&scene);
    let claimed = domains.claim(&Person::Admin.actor(), name()).await.unwrap();
    let open = || edit(claimed.id, Some(OrganizationRole::Member));
    assert_eq!(scene.run(Person::Admin, open()).await, broken(OrganizationError::DomainNotVerified));
    records.say(&claimed.record_name, &[&claimed.record_value]);
    domains.verify(&Person::Admin.actor(), claimed.id, None).await.unwrap();
    for role in [OrganizationRole::Owner, OrganizationRole::Admin] {
        let refused = scene.run(Person::Owner, edit(claimed.id, Some(role))).await;
        assert_eq!(refused, broken(OrganizationError::AutoJoinRole));
    }
    let edited = scene.run(Person::Admin, open()).await.unwrap();
    assert_eq!((edited.auto_join_role, edited.version), (Some(OrganizationRole::Member), 3));
    assert_eq!(scene.run(Person::Admin, open()).await.unwrap().version, 3, "nothing has changed");
    let stale = EditDomain { expected_version: Some(2), ..open() };
    assert_eq!(scene.run(Person::Admin, stale).await, Err(AppError::PreconditionFailed));
    let closed = scene.run(Person::Admin, edit(claimed.id, None)).await.unwrap();
    assert_eq!(closed.auto_join_role, None);
}

#[tokio::test]
async fn who_shows_that_they_read_an_address_there_joins_at_once() {
    let (scene, _) = opened(OrganizationRole::Guest).await;
    verify_address(&scene, Person::Stranger).await;
    assert_eq!(role_in_acme(&scene, Person::Stranger), Some(OrganizationRole::Guest));
    assert_eq!(scene.told().last().unwrap(), "organization.member_joined");
    let role = scene.app.sessions.role(Scene::ACME, Person::Stranger.id()).await;
    assert_eq!(role, Ok(Some(OrganizationRole::Guest.into())));
    let joined = scene.store.data().events.last().unwrap().clone();
    assert_eq!((joined.organization(), joined.actor_user()), (Some(Scene::ACME), Some(Person::Stranger.id())));
    // A member stays what they are.
    verify_address(&scene, Person::Peer).await;
    assert_eq!(role_in_acme(&scene, Person::Peer), Some(OrganizationRole::Member));
}

#[tokio::test]
async fn who_has_shown_it_before_joins_when_they_like() {
    let (scene, _) = opened(OrganizationRole::Member).await;
    let acme = JoinableOrganizationView { id: Scene::ACME, name: "Acme".to_owned(), role: OrganizationRole::Member };
    assert_eq!(joinable(&scene, Person::Stranger).await, [acme]);
    assert!(joinable(&scene, Person::Peer).await.is_empty(), "in it already");
    let joined = join(&scene, Person::Stranger).await.unwrap();
    assert_eq!((joined.id, joined.role), (Scene::ACME, OrganizationRole::Member));
    assert!(joinable(&scene, Person::Stranger).await.is_empty());
    assert_eq!(join(&scene, Person::Stranger).await, broken(OrganizationError::AlreadyMember));
}

#[tokio::test]
async fn nobody_joins_by_an_address_that_they_have_not_verified() {
    let (scene, domain) = opened(OrganizationRole::Member).await;
    let absent = AppError::NotFound("organization");
    unverify(&scene, Person::Stranger);
    assert!(joinable(&scene, Person::Stranger).await.is_empty());
    assert_eq!(join(&scene, Person::Stranger).await, Err(absent.clone()));
    scene.run(Person::Admin, edit(domain, None)).await.unwrap();
    verify_address(&scene, Person::Stranger).await;
    assert_eq!(role_in_acme(&scene, Person::Stranger), None, "it is open no more");
    assert_eq!(join(&scene, Person::Stranger).await, Err(absent));
}

#[tokio::test]
async fn who_was_removed_comes_back_by_an_invitation_only() {
    let (scene, _) = opened(OrganizationRole::Member).await;
    join(&scene, Person::Stranger).await.unwrap();
    let remove = RemoveMember { user: Person::Stranger.id(), expected_version: None };
    scene.run(Person::Owner, remove).await.unwrap();
    assert!(joinable(&scene, Person::Stranger).await.is_empty());
    assert_eq!(join(&scene, Person::Stranger).await, Err(AppError::NotFound("organization")));
    verify_address(&scene, Person::Stranger).await;
    assert_eq!(role_in_acme(&scene, Person::Stranger), None);

    // Who leaves by themselves may come back.
    let leave = RemoveMember { user: Person::Peer.id(), expected_version: None };
    scene.run(Person::Peer, leave).await.unwrap();
    assert_eq!(join(&scene, Person::Peer).await.unwrap().role, OrganizationRole::Member);
}

#[tokio::test]
async fn who_is_suspended_does_not_come_back_by_their_address() {
    let (scene, _) = opened(OrganizationRole::Member).await;
    join(&scene, Person::Stranger).await.unwrap();
    scene.set_suspended(Person::Stranger, Some(at(10)));
    assert!(joinable(&scene, Person::Stranger).await.is_empty());
    assert_eq!(join(&scene, Person::Stranger).await, broken(OrganizationError::AlreadyMember));
    verify_address(&scene, Person::Stranger).await;
    let members = scene.store.data().members.clone();
    let (_, member) =
        members.iter().find(|(org, it)| *org == Scene::ACME && it.user_id == Person::Stranger.id()).unwrap();
    assert_eq!(member.suspended_at, Some(at(10)));
}

#[tokio::test]
async fn who_is_deactivated_joins_nothing_by_their_address() {
    let (scene, _) = opened(OrganizationRole::Member).await;
    scene.set_deactivated(Person::Stranger, Some(at(10)));
    verify_address(&scene, Person::Stranger).await;
    assert_eq!(role_in_acme(&scene, Person::Stranger), None);
    assert_eq!(join(&scene, Person::Stranger).await, Err(AppError::Deactivated), "with a session that has just ended");
    scene.set_deactivated(Person::Stranger, None);
    join(&scene, Person::Stranger).await.unwrap();
}
