//! The rules on invitations.

use super::*;

#[test]
fn an_invitation_is_good_for_seven_days_to_the_moment() {
    let invitation = invitation();
    assert_eq!(invitation.state().expires_at, at(7 * 24 * 60));
    let last = at(7 * 24 * 60) - TimeDelta::milliseconds(1);
    assert_eq!(invitation.state().status(last), InvitationStatus::Pending);
    assert_eq!(invitation.state().status(at(7 * 24 * 60)), InvitationStatus::Expired);
}

#[test]
fn inviting_records_the_address_and_the_role() {
    let email = Email::parse("new@example.com").unwrap();
    let id = InvitationId::new(Uuid::from_u128(7));
    let made = Invitation::create(id, email.clone(), OrganizationRole::Admin, user(1), at(0));
    let (_, events) = made.into_parts();
    assert_eq!((events[0].subject.kind, events[0].subject.id), (ResourceKind::Invitation, id.uuid()));
    assert_eq!(events[0].subject.name, "new@example.com");
    let (facts, changes) = told(events);
    assert_eq!(facts, [OrganizationFact::Invited { email, role: OrganizationRole::Admin }]);
    assert_eq!(changes, change_of_role(FieldValue::Nothing, "admin"));
}

#[test]
fn an_invitation_is_accepted_once() {
    let mut invitation = invitation();
    invitation.accept(at(1)).unwrap();
    assert_eq!(invitation.state().accepted_at, Some(at(1)));
    assert_eq!(invitation.accept(at(2)), Err(OrganizationError::InvitationUsed));
    assert_eq!(invitation.revoke(at(2)), Err(OrganizationError::InvitationUsed));
    // It stays accepted when its time is over.
    assert_eq!(invitation.state().status(at(100_000)), InvitationStatus::Accepted);
    // The member who joins tells of it.
    assert_eq!(invitation.into_parts().1, []);
}

#[test]
fn a_revoked_invitation_is_worth_nothing() {
    let mut invitation = invitation();
    invitation.revoke(at(1)).unwrap();
    assert_eq!(invitation.accept(at(2)), Err(OrganizationError::InvitationRevoked));
    assert_eq!(invitation.revoke(at(2)), Err(OrganizationError::InvitationRevoked));
    assert_eq!(invitation.state().revoked_at, Some(at(1)));
    let email = Email::parse("new@example.com").unwrap();
    assert_eq!(told(invitation.into_parts().1).0, [OrganizationFact::InvitationRevoked { email }]);
}

#[test]
fn an_expired_invitation_can_be_revoked_but_not_accepted() {
    let mut invitation = invitation();
    let late = at(8 * 24 * 60);
    assert_eq!(invitation.accept(late), Err(OrganizationError::InvitationExpired));
    assert_eq!(invitation.state().accepted_at, None);
    assert_eq!(invitation.revoke(late), Ok(()));
    assert_eq!(invitation.state().status(late), InvitationStatus::Revoked);
}
