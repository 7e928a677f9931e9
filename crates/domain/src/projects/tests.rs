//! The rules on projects, with nothing but values.

use chrono::{TimeDelta, TimeZone, Utc};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::access::{ProjectRole, Visibility};
use crate::{
    CustomRoleId, DomainEvent, Fact, FieldChange, FieldValue, ProjectId, ResourceKind, Subject, TeamId, Timestamp,
    UserId,
};

fn at(minutes: i64) -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 21, 9, 30, 0).unwrap() + TimeDelta::minutes(minutes)
}

fn user(n: u128) -> UserId {
    UserId::new(Uuid::from_u128(n))
}

fn new_project() -> NewProject {
    NewProject {
        id: ProjectId::new(Uuid::from_u128(0xA)),
        key: ProjectKey::parse("ENG").unwrap(),
        name: ProjectName::parse("Engineering").unwrap(),
        description: None,
        visibility: Visibility::Organization,
        lead_id: None,
    }
}

/// A stored project: nothing is recorded yet.
fn stored() -> Project {
    Project::restore(Project::create(new_project(), at(0)).state().clone())
}

fn event(fact: ProjectFact, changes: Vec<FieldChange>) -> DomainEvent {
    let id = ProjectId::new(Uuid::from_u128(0xA));
    DomainEvent {
        subject: Subject { kind: ResourceKind::Project, id: id.uuid(), name: "ENG Engineering".to_owned() },
        project: Some(id),
        fact: Fact::Project(fact),
        changes,
    }
}

#[test]
fn a_new_project_is_active_and_records_its_creation() {
    let project = Project::create(new_project(), at(0));
    assert_eq!((project.state().version, project.state().archived_at), (0, None));
    assert_eq!(project.ensure_active(), Ok(()));
    assert_eq!(project.into_parts().1, [event(ProjectFact::Created, Vec::new())]);
}

#[test]
fn an_edit_records_every_changed_field_once() {
    let mut project = stored();
    let edit = ProjectEdit {
        name: Some(ProjectName::parse("Engineering").unwrap()),
        description: Some(ProjectDescription::parse("Doors").unwrap()),
        visibility: Some(Visibility::Private),
        lead_id: Some(Some(user(2))),
    };
    project.edit(edit.clone(), at(5)).unwrap();
    project.edit(edit, at(6)).unwrap();

    assert_eq!(project.state().updated_at, at(5));
    let changes = vec![
        FieldChange { field: "description", from: FieldValue::Nothing, to: "Doors".into() },
        FieldChange { field: "visibility", from: "organization".into(), to: "private".into() },
        FieldChange { field: "lead_id", from: FieldValue::Nothing, to: user(2).to_string().into() },
    ];
    assert_eq!(project.into_parts().1, [event(ProjectFact::Updated, changes)]);
}

#[test]
fn a_rename_is_recorded_under_the_new_name() {
    let mut project = stored();
    project.edit(ProjectEdit { name: ProjectName::parse("Doors").ok(), ..ProjectEdit::default() }, at(5)).unwrap();
    let (_, events) = project.into_parts();
    assert_eq!(events[0].subject.name, "ENG Doors");
    assert_eq!(events[0].changes, [FieldChange { field: "name", from: "Engineering".into(), to: "Doors".into() }]);
}

#[test]
fn an_archived_project_does_not_change_until_it_is_unarchived() {
    let mut project = stored();
    assert_eq!(project.unarchive(at(1)), Err(ProjectError::NotArchived));
    project.archive(at(2)).unwrap();
    assert_eq!((project.state().archived_at, project.state().updated_at), (Some(at(2)), at(2)));
    assert_eq!(project.archive(at(3)), Err(ProjectError::AlreadyArchived));
    assert_eq!(project.ensure_active(), Err(ProjectError::Archived));
    let rename = ProjectEdit { name: ProjectName::parse("Doors").ok(), ..ProjectEdit::default() };
    assert_eq!(project.edit(rename.clone(), at(4)), Err(ProjectError::Archived));
    assert_eq!(project.state().name.as_str(), "Engineering");
    project.unarchive(at(5)).unwrap();
    assert_eq!((project.state().archived_at, project.state().updated_at), (None, at(5)));
    assert_eq!(project.edit(rename, at(6)), Ok(()));

    let names: Vec<_> = project.into_parts().1.iter().map(DomainEvent::name).collect();
    assert_eq!(names, ["project.archived", "project.unarchived", "project.updated"]);
}

#[test]
fn a_deletion_is_recorded() {
    let mut project = stored();
    project.delete();
    assert_eq!(project.into_parts().1, [event(ProjectFact::Deleted, Vec::new())]);
}

#[test]
fn what_becomes_of_a_members_role_decides_the_event() {
    let (viewer, manager) = (GivenRole::from(ProjectRole::Viewer), GivenRole::from(ProjectRole::Manager));
    let who = || FieldChange { field: "user_id", from: FieldValue::Nothing, to: user(2).to_string().into() };
    let role = |from: FieldValue, to: FieldValue| vec![who(), FieldChange { field: "role", from, to }];
    let mut project = stored();
    project.set_member(user(2), None, None);
    project.set_member(user(2), Some(viewer), Some(viewer));
    project.set_member(user(2), None, Some(viewer));
    project.set_member(user(2), Some(viewer), Some(manager));
    project.set_member(user(2), Some(manager), None);

    assert_eq!(
        project.into_parts().1,
        [
            event(ProjectFact::MemberAdded { user: user(2), role: viewer }, role(FieldValue::Nothing, "viewer".into())),
            event(
                ProjectFact::MemberRoleChanged { user: user(2), role: manager },
                role("viewer".into(), "manager".into())
            ),
            event(ProjectFact::MemberRemoved { user: user(2) }, role("manager".into(), FieldValue::Nothing)),
        ]
    );
}

#[test]
fn a_custom_role_is_named_beside_the_weakest_of_the_systems() {
    let custom = CustomRoleId::new(Uuid::from_u128(9));
    let given = GivenRole::Custom(custom);
    assert_eq!((given.role(), given.custom()), (ProjectRole::Viewer, Some(custom)));
    for given in [given, ProjectRole::Manager.into()] {
        assert_eq!(GivenRole::restore(given.role(), given.custom()), given);
    }
    let replaced = GivenRole::restore(ProjectRole::Contributor, Some(custom));
    assert_eq!(replaced, ProjectRole::Contributor.into(), "by a release that knows no custom roles");
    let mut project = stored();
    project.set_member(user(2), Some(ProjectRole::Viewer.into()), Some(given));
    let change = |field, from, to| FieldChange { field, from, to };
    let changes = vec![
        change("user_id", FieldValue::Nothing, user(2).to_string().into()),
        change("custom_role_id", FieldValue::Nothing, custom.to_string().into()),
    ];
    assert_eq!(project.into_parts().1, [event(ProjectFact::MemberRoleChanged { user: user(2), role: given }, changes)]);
}

#[test]
fn what_becomes_of_a_teams_role_decides_the_event_and_there_are_50_at_most() {
    let team = TeamId::new(Uuid::from_u128(8));
    let (viewer, manager) = (GivenRole::from(ProjectRole::Viewer), GivenRole::from(ProjectRole::Manager));
    let members = || vec![user(1), user(2)];
    let most = Project::MAX_TEAMS;
    let mut project = stored();
    assert_eq!(project.set_team(team, members(), None, Some(viewer), most), Err(ProjectError::TooManyTeams));
    project.set_team(team, members(), None, Some(viewer), most - 1).unwrap();
    project.set_team(team, members(), Some(viewer), Some(viewer), most).unwrap();
    project.set_team(team, members(), Some(viewer), Some(manager), most).unwrap();
    project.set_team(team, members(), Some(manager), None, most).unwrap();
    let facts: Vec<_> = project.into_parts().1.into_iter().map(|event| event.fact).collect();
    let expected = [
        ProjectFact::TeamAdded { team, role: viewer, members: members() },
        ProjectFact::TeamRoleChanged { team, role: manager },
        ProjectFact::TeamRemoved { team, members: members() },
    ];
    assert_eq!(facts, expected.map(Fact::Project));
}

#[test]
fn a_key_is_2_to_10_upper_case_letters_and_digits_after_a_letter() {
    for good in ["EN", "ENG", "A1", "ABCDEFGHIJ"] {
        assert_eq!(ProjectKey::parse(good).unwrap().as_str(), good);
    }
    for bad in ["", "E", "eng", "1NG", "ENGINEERING", "E G", "E-G", "ENG ", "ÄNG", "EN\n", "E٣"] {
        assert_eq!(ProjectKey::parse(bad), Err(ProjectError::KeyFormat), "{bad:?}");
    }
}

#[test]
fn names_and_descriptions_have_bounds() {
    assert_eq!(ProjectName::parse(" "), Err(ProjectError::NameLength));
    assert_eq!(ProjectName::parse(&"x".repeat(101)), Err(ProjectError::NameLength));
    assert_eq!(ProjectName::parse("a\nb"), Err(ProjectError::NameCharacters));
    assert_eq!(ProjectDescription::parse("\n"), Ok(None));
    assert_eq!(ProjectDescription::parse(&"x".repeat(10_001)), Err(ProjectError::DescriptionLength));
    assert_eq!(ProjectDescription::parse("\u{7}"), Err(ProjectError::DescriptionCharacters));
}

#[test]
fn the_standard_workflow_begins_in_the_backlog_and_knows_its_categories() {
    use StatusCategory::{Backlog, Canceled, Completed, Started, Unstarted};
    let workflow = Workflow::standard();
    let statuses: Vec<_> = workflow.statuses().iter().map(|it| (it.status.key.as_str(), it.status.category)).collect();
    assert_eq!(
        statuses,
        [
            ("backlog", Backlog),
            ("todo", Unstarted),
            ("in_progress", Started),
            ("in_review", Started),
            ("done", Completed),
            ("canceled", Canceled),
        ]
    );
    assert_eq!(workflow.initial().unwrap().key.as_str(), "backlog");
    assert_eq!(workflow.find("done").unwrap().category, Completed);
    assert_eq!(workflow.find("Done"), None);
    assert_eq!(Workflow::restore(Vec::new()).initial(), None);
    assert_eq!(Workflow::restore(workflow.statuses().to_vec()), workflow);
    assert!(workflow.statuses().iter().all(|it| StatusKey::parse(it.status.key.as_str()).is_some()));
}

#[test]
fn only_the_category_completed_completes() {
    for &category in StatusCategory::ALL {
        assert_eq!(category.is_completed(), category.as_str() == "completed");
    }
}

proptest! {
    #[test]
    fn whatever_is_accepted_is_kept_as_it_was_parsed(raw in "[A-Z0-9]{0,12}|[a-z_0-9]{0,45}|.{0,110}") {
        if let Ok(key) = ProjectKey::parse(&raw) {
            prop_assert_eq!(key.as_str(), &raw);
            prop_assert_eq!(ProjectKey::restore(raw.clone()), key);
        }
        if let Some(key) = StatusKey::parse(&raw) {
            prop_assert_eq!(StatusKey::restore(raw.clone()), key);
        }
        if let Ok(name) = ProjectName::parse(&raw) {
            prop_assert_eq!(name.as_str(), raw.trim());
            prop_assert_eq!(ProjectName::restore(name.as_str().to_owned()), name);
        }
        if let Ok(Some(text)) = ProjectDescription::parse(&raw) {
            prop_assert_eq!(ProjectDescription::restore(text.as_str().to_owned()), text);
        }
        prop_assert!(StatusCategory::parse(&raw).is_none_or(|it| it.as_str() == raw));
    }
}
