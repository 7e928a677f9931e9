use tenon_domain::InvitationId;
use tenon_domain::access::OrganizationRole;
use tenon_domain::identity::Email;
use tenon_domain::organizations::{InvitationStatus, OrganizationError};
use uuid::Uuid;

use super::*;
use crate::in_memory::{Person, Scene, at};

fn invite(email: &str, role: OrganizationRole) -> CreateInvitation {
    CreateInvitation { email: Email::parse(email).unwrap(), role: role.into() }
}

#[tokio::test]
async fn admins_invite_but_only_owners_invite_owners() {
    let scene = Scene::new();
    let member = || invite("new@example.com", OrganizationRole::Member);
    assert_eq!(scene.run(Person::Member, member()).await, refused(Permission::ManageInvitations));
    let owner = invite("boss@example.com", OrganizationRole::Owner);
    assert_eq!(scene.run(Person::Admin, owner.clone()).await, refused(Permission::ManageOwners));
    assert!(scene.run(Person::Owner, owner).await.is_ok());
    let view = scene.run(Person::Admin, member()).await.unwrap();
    assert_eq!((view.status, view.invited_by), (InvitationStatus::Pending, Person::Admin.id()));
    assert_eq!(view.expires_at, at(10 + 7 * 24 * 60));
    assert_eq!(scene.told()[2..], ["organization.invited", "organization.invited"]);
}

#[tokio::test]
async fn nobody_is_invited_who_is_there_or_on_their_way() {
    let scene = Scene::new();
    let peer = invite("peer@example.com", OrganizationRole::Member);
    assert_eq!(scene.run(Person::Admin, peer).await, broken(OrganizationError::AlreadyMember));
    let again = || invite("new@example.com", OrganizationRole::Guest);
    let first = scene.run(Person::Admin, again()).await.unwrap();
    assert_eq!(scene.run(Person::Admin, again()).await, broken(OrganizationError::AlreadyInvited));

    scene.run(Person::Admin, RevokeInvitation { invitation: first.id, expected_version: None }).await.unwrap();
    assert!(scene.run(Person::Admin, again()).await.is_ok(), "after revoking");
    scene.clock.set(10 + 7 * 24 * 60);
    assert!(scene.run(Person::Admin, again()).await.is_ok(), "after expiring");
    // A member of another organization is no member here.
    assert!(scene.run(Person::Admin, invite("stranger@example.com", OrganizationRole::Guest)).await.is_ok());
}

#[tokio::test]
async fn an_invitation_is_revoked_once_and_only_by_its_organization() {
    let scene = Scene::new();
    let invitation = scene.run(Person::Owner, invite("new@example.com", OrganizationRole::Guest)).await.unwrap().id;
    let revoke = || RevokeInvitation { invitation, expected_version: None };
    assert_eq!(scene.run(Person::Stranger, revoke()).await, Err(AppError::NotFound("invitation")));
    assert_eq!(scene.run(Person::Member, revoke()).await, refused(Permission::ManageInvitations));
    let stale = RevokeInvitation { invitation, expected_version: Some(2) };
    assert_eq!(scene.run(Person::Admin, stale).await, Err(AppError::PreconditionFailed));
    assert_eq!(scene.run(Person::Admin, RevokeInvitation { expected_version: Some(1), ..revoke() }).await, Ok(()));
    assert_eq!(scene.run(Person::Admin, revoke()).await, broken(OrganizationError::InvitationRevoked));
    let unknown = RevokeInvitation { invitation: InvitationId::new(Uuid::nil()), expected_version: None };
    assert_eq!(scene.run(Person::Admin, unknown).await, Err(AppError::NotFound("invitation")));
}
