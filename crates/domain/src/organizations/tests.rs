//! The rules on organizations, members and invitations, with nothing but values.

use chrono::{TimeDelta, TimeZone, Utc};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::access::OrganizationRole;
use crate::identity::Email;
use crate::{
    DomainEvent, Fact, FieldChange, FieldValue, InvitationId, OrganizationId, ResourceKind, Timestamp, UserId,
};

fn at(minutes: i64) -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 21, 9, 30, 0).unwrap() + TimeDelta::minutes(minutes)
}

fn user(n: u128) -> UserId {
    UserId::new(Uuid::from_u128(n))
}

fn name(text: &str) -> OrganizationName {
    OrganizationName::parse(text).unwrap()
}

fn member(role: OrganizationRole) -> Member {
    Member::restore(Member::join(user(1), "Ada".to_owned(), role, None, at(0)).state().clone())
}

fn invitation() -> Invitation {
    let id = InvitationId::new(Uuid::from_u128(7));
    let email = Email::parse("new@example.com").unwrap();
    Invitation::restore(Invitation::create(id, email, OrganizationRole::Member, user(1), at(0)).state().clone())
}

/// The facts of these events, all of them about organizations, with the changes of the last.
fn told(events: Vec<DomainEvent>) -> (Vec<OrganizationFact>, Vec<FieldChange>) {
    let changes = events.last().map(|event| event.changes.clone()).unwrap_or_default();
    let facts = events.into_iter().map(|event| match event.fact {
        Fact::Organization(fact) => fact,
        other => panic!("an organization recorded {other:?}"),
    });
    (facts.collect(), changes)
}

fn change_of_role(from: impl Into<FieldValue>, to: &str) -> Vec<FieldChange> {
    vec![FieldChange { field: "role", from: from.into(), to: to.into() }]
}

#[test]
fn founding_and_renaming_are_recorded_and_renaming_to_the_same_is_not() {
    let mut organization = Organization::create(OrganizationId::new(Uuid::from_u128(5)), name("Acme"), at(0));
    organization.rename(name(" Acme "), at(1));
    assert_eq!(organization.state().updated_at, at(0));
    organization.rename(name("Ajax"), at(2));
    assert_eq!((organization.state().name.as_str(), organization.state().updated_at), ("Ajax", at(2)));

    let (_, events) = organization.into_parts();
    assert_eq!(events[1].subject.kind, ResourceKind::Organization);
    assert_eq!(events[1].subject.name, "Ajax");
    let (facts, changes) = told(events);
    assert_eq!(facts, [OrganizationFact::Created, OrganizationFact::Updated]);
    assert_eq!(changes, [FieldChange { field: "name", from: "Acme".into(), to: "Ajax".into() }]);
}

#[test]
fn requiring_a_second_factor_is_recorded_when_it_is_new() {
    let mut organization = Organization::create(OrganizationId::new(Uuid::from_u128(5)), name("Acme"), at(0));
    assert!(!organization.state().require_mfa);
    organization.require_mfa(true, at(1));
    organization.require_mfa(true, at(2));
    assert_eq!((organization.state().require_mfa, organization.state().updated_at), (true, at(1)));
    let (facts, changes) = told(organization.into_parts().1);
    assert_eq!(facts, [OrganizationFact::Created, OrganizationFact::Updated]);
    assert_eq!(changes, [FieldChange { field: "require_mfa", from: false.into(), to: true.into() }]);
}

#[test]
fn an_organizations_name_has_1_to_100_characters_in_one_line() {
    assert_eq!(OrganizationName::parse(""), Err(OrganizationError::NameLength));
    assert_eq!(OrganizationName::parse(&"x".repeat(101)), Err(OrganizationError::NameLength));
    assert_eq!(OrganizationName::parse("a\nb"), Err(OrganizationError::NameCharacters));
    assert_eq!(name(&"é".repeat(100)).as_str().chars().count(), 100);
}

#[test]
fn joining_records_the_role_and_who_asked_for_it() {
    let joined = Member::join(user(1), "Ada".to_owned(), OrganizationRole::Guest, Some(user(2)), at(0));
    let (state, events) = joined.into_parts();
    assert_eq!((state.version, state.joined_at), (0, at(0)));
    assert_eq!((events[0].subject.kind, events[0].subject.name.as_str()), (ResourceKind::Member, "Ada"));
    let (facts, changes) = told(events);
    let role = OrganizationRole::Guest;
    assert_eq!(facts, [OrganizationFact::MemberJoined { user: user(1), role, invited_by: Some(user(2)) }]);
    assert_eq!(changes, change_of_role(FieldValue::Nothing, "guest"));
}

#[test]
fn the_last_owner_is_neither_demoted_nor_removed() {
    let mut owner = member(OrganizationRole::Owner);
    for owners in [0, 1] {
        assert_eq!(owner.change_role(OrganizationRole::Admin, owners, at(1)), Err(OrganizationError::LastOwner));
        assert_eq!(owner.remove(owners), Err(OrganizationError::LastOwner));
    }
    // Saying again what they are is no demotion.
    assert_eq!(owner.change_role(OrganizationRole::Owner, 1, at(1)), Ok(()));
    assert_eq!(owner.state().updated_at, at(0));
    assert_eq!(owner.into_parts().1, []);
}

#[test]
fn one_of_two_owners_may_be_demoted_or_leave() {
    let mut owner = member(OrganizationRole::Owner);
    owner.change_role(OrganizationRole::Member, 2, at(1)).unwrap();
    assert_eq!((owner.state().role, owner.state().updated_at), (OrganizationRole::Member, at(1)));
    let (facts, changes) = told(owner.into_parts().1);
    let role = OrganizationRole::Member;
    assert_eq!(facts, [OrganizationFact::MemberRoleChanged { user: user(1), role }]);
    assert_eq!(changes, change_of_role("owner", "member"));

    let mut other = member(OrganizationRole::Owner);
    other.remove(2).unwrap();
    assert_eq!(told(other.into_parts().1).0, [OrganizationFact::MemberRemoved { user: user(1) }]);
}

#[test]
fn who_owns_nothing_may_change_or_leave_whatever_the_number_of_owners() {
    for &role in OrganizationRole::ALL.iter().filter(|role| **role != OrganizationRole::Owner) {
        assert_eq!(member(role).remove(1), Ok(()));
        assert_eq!(member(role).change_role(OrganizationRole::Owner, 1, at(1)), Ok(()));
    }
}

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

proptest! {
    #[test]
    fn whatever_name_is_accepted_is_kept_as_it_was_parsed(raw in ".{0,110}") {
        if let Ok(name) = OrganizationName::parse(&raw) {
            prop_assert_eq!(name.as_str(), raw.trim());
            prop_assert_eq!(OrganizationName::restore(name.as_str().to_owned()), name);
        }
        prop_assert!(OrganizationRole::parse(&raw).is_none_or(|it| it.as_str() == raw));
        prop_assert!(InvitationStatus::parse(&raw).is_none_or(|it| it.as_str() == raw));
    }

    #[test]
    fn no_path_leaves_an_organization_without_an_owner(
        steps in proptest::collection::vec((0..3_usize, proptest::option::of(0..4_usize)), 0..30)
    ) {
        let mut members: Vec<Option<Member>> =
            [OrganizationRole::Owner, OrganizationRole::Member, OrganizationRole::Guest].map(member).map(Some).into();
        for (who, to) in steps {
            let owners = members.iter().flatten().filter(|it| it.state().role == OrganizationRole::Owner).count();
            let Some(one) = &mut members[who] else { continue };
            match to {
                Some(role) => drop(one.change_role(OrganizationRole::ALL[role], owners as u64, at(1))),
                None if one.remove(owners as u64).is_ok() => members[who] = None,
                None => {}
            }
            prop_assert!(members.iter().flatten().any(|it| it.state().role == OrganizationRole::Owner));
        }
    }
}
