//! The rules on organizations, members and invitations, with nothing but values.

mod invitations;

use chrono::{TimeDelta, TimeZone, Utc};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::access::{OrganizationRole, Permission, Permissions};
use crate::identity::Email;
use crate::{
    CustomRoleId, DomainEvent, Fact, FieldChange, FieldValue, InvitationId, OrganizationId, ResourceKind, Timestamp,
    UserId,
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
fn a_custom_role_is_told_by_its_name_and_goes_with_a_system_role() {
    let id = CustomRoleId::new(Uuid::from_u128(9));
    let held = |name: &str, permission: Permission| HeldRole {
        id,
        name: RoleName::parse(name).unwrap(),
        permissions: Permissions::default().with(permission),
    };
    let custom = Some(held("Auditor", Permission::ViewAuditLog));
    let mut guest = member(OrganizationRole::Guest);
    guest.change_role(MemberRole { base: OrganizationRole::Guest, custom: custom.clone() }, 1, at(1)).unwrap();
    assert_eq!(guest.state().custom_role, custom);
    let access = guest.state().access();
    assert_eq!((access.role, access.custom_role), (OrganizationRole::Guest, Some(id)));
    assert!(access.allows(Permission::ViewAuditLog) && !access.allows(Permission::ViewOrganization));
    // What the role permits is not for the member to tell of.
    let again = Some(held("Auditor", Permission::ViewMembers));
    guest.change_role(MemberRole { base: OrganizationRole::Guest, custom: again }, 1, at(2)).unwrap();
    guest.change_role(OrganizationRole::Guest, 1, at(3)).unwrap();
    assert_eq!((guest.state().custom_role.clone(), guest.state().updated_at), (None, at(3)));
    let (facts, changes) = told(guest.into_parts().1);
    let fact = OrganizationFact::MemberRoleChanged { user: user(1), role: OrganizationRole::Guest };
    assert_eq!(facts, [fact.clone(), fact]);
    assert_eq!(changes, [FieldChange { field: "custom_role", from: "Auditor".into(), to: FieldValue::Nothing }]);
}

#[test]
fn who_owns_nothing_may_change_or_leave_whatever_the_number_of_owners() {
    for &role in OrganizationRole::ALL.iter().filter(|role| **role != OrganizationRole::Owner) {
        assert_eq!(member(role).remove(1), Ok(()));
        assert_eq!(member(role).change_role(OrganizationRole::Owner, 1, at(1)), Ok(()));
    }
}

#[test]
fn a_suspended_member_keeps_what_they_had_and_counts_for_nothing() {
    let mut admin = member(OrganizationRole::Admin);
    assert_eq!(admin.unsuspend(at(1)), Err(OrganizationError::NotSuspended));
    admin.suspend(1, at(1)).unwrap();
    let state = admin.state();
    assert_eq!((state.role, state.active_access(), state.suspended_at), (OrganizationRole::Admin, None, Some(at(1))));
    assert_eq!(admin.suspend(1, at(2)), Err(OrganizationError::AlreadySuspended));
    admin.unsuspend(at(3)).unwrap();
    assert_eq!(
        (admin.state().active_access(), admin.state().updated_at),
        (Some(OrganizationRole::Admin.into()), at(3))
    );
    let (facts, changes) = told(admin.into_parts().1);
    let (suspended, back) =
        (OrganizationFact::MemberSuspended { user: user(1) }, OrganizationFact::MemberUnsuspended { user: user(1) });
    assert_eq!(facts, [suspended, back]);
    assert_eq!(changes, [FieldChange { field: "suspended_at", from: at(1).into(), to: FieldValue::Nothing }]);
}

#[test]
fn the_last_owner_is_not_suspended_and_a_suspended_one_is_not_the_last() {
    let mut owner = member(OrganizationRole::Owner);
    assert_eq!(owner.suspend(1, at(1)), Err(OrganizationError::LastOwner));
    owner.suspend(2, at(1)).unwrap();
    assert_eq!(owner.remove(1), Ok(()), "the one who is left is another");
    assert_eq!(owner.change_role(OrganizationRole::Member, 1, at(2)), Ok(()));
}

#[test]
fn what_the_operator_says_outranks_the_organization_and_leaves_its_own_alone() {
    let state = MemberState { deactivated_at: Some(at(1)), ..member(OrganizationRole::Owner).state().clone() };
    let mut owner = Member::restore(state);
    assert_eq!((owner.state().status(), owner.state().active_access()), (MemberStatus::Deactivated, None));
    assert_eq!(owner.unsuspend(at(2)), Err(OrganizationError::NotSuspended));
    assert_eq!(owner.suspend(1, at(2)), Ok(()), "the one who is left is another");
    assert_eq!(owner.state().status(), MemberStatus::Deactivated);
    let back = Member::restore(MemberState { deactivated_at: None, ..owner.state().clone() });
    assert_eq!(back.state().status(), MemberStatus::Suspended);
    assert_eq!(owner.unsuspend(at(3)), Ok(()));
    assert_eq!(owner.state().active_role(), None);
}

#[test]
fn handing_an_organization_on_is_recorded() {
    let mut organization = Organization::create(OrganizationId::new(Uuid::from_u128(5)), name("Acme"), at(0));
    organization.hand_on(user(1), user(2), at(1));
    assert_eq!(organization.state().updated_at, at(1));
    let (facts, changes) = told(organization.into_parts().1);
    assert_eq!(facts[1], OrganizationFact::OwnershipTransferred { from: user(1), to: user(2) });
    assert_eq!((changes[0].field, changes.len()), ("owner", 1));
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
