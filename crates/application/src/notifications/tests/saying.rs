//! What notifications say.

use super::*;

#[test]
fn what_each_kind_says() {
    use NotificationKind as Kind;
    let user = UserId::new(Uuid::nil());
    let find = |key: &str| Workflow::standard().find(key).unwrap().clone();
    let moved = Fact::Task(TaskFact::StatusChanged {
        from: find("in_progress"),
        to: find("in_review"),
        assignees: Vec::new(),
        reporter: user,
    });
    let added = Fact::Project(ProjectFact::MemberAdded { user, role: ProjectRole::Viewer.into() });
    let team = TeamId::new(Uuid::nil());
    let team_added =
        Fact::Project(ProjectFact::TeamAdded { team, role: ProjectRole::Viewer.into(), members: Vec::new() });
    let role = OrganizationRole::Admin;
    let joined = Fact::Organization(OrganizationFact::MemberJoined { user, role, invited_by: None });
    let changed = Fact::Organization(OrganizationFact::MemberRoleChanged { user, role });
    let plain = Fact::Project(ProjectFact::Updated);
    let said: Vec<(String, String)> = [
        (Kind::TaskAssigned, &plain),
        (Kind::TaskUnassigned, &plain),
        (Kind::TaskStatusChanged, &moved),
        (Kind::TaskCompleted, &plain),
        (Kind::TaskDeleted, &plain),
        (Kind::ProjectMemberAdded, &added),
        (Kind::ProjectMemberRemoved, &plain),
        (Kind::TeamMemberAdded, &plain),
        (Kind::OrganizationInvited, &plain),
        (Kind::OrganizationMemberJoined, &joined),
        (Kind::OrganizationRoleChanged, &changed),
        (Kind::OrganizationMemberUnsuspended, &plain),
        (Kind::OrganizationDomainLapsed, &plain),
    ]
    .map(|(kind, fact)| wording(kind, fact, Some("Ada"), "X", "Acme"))
    .to_vec();
    let said: Vec<(&str, &str)> = said.iter().map(|(title, body)| (title.as_str(), body.as_str())).collect();
    assert_eq!(
        said,
        [
            ("Ada assigned you X", ""),
            ("Ada took you off X", ""),
            ("Ada moved X to “in review”", "Before that it was in “in progress”."),
            ("Ada completed X", ""),
            ("Ada moved X to the trash", ""),
            ("Ada added you to X", "The role is viewer."),
            ("Ada removed you from X", ""),
            ("Ada added you to the team X", ""),
            ("Ada invited you to Acme", "The invitation is good for 7 days."),
            ("X joined Acme", "The role is admin."),
            ("Ada changed your role in Acme", "The role is admin."),
            ("Ada lifted your suspension in Acme", "You have all the access that you had before."),
            (
                "X has to be verified again",
                "The DNS record that proved it to be a domain of Acme is gone. Nobody joins by an address there until it is \
                 back, and you have verified the domain again.",
            ),
        ]
    );
    assert_eq!(NotificationKind::ALL.len(), said.len());
    let (title, body) = wording(Kind::ProjectMemberAdded, &team_added, Some("Ada"), "X", "Acme");
    assert_eq!((title.as_str(), body.as_str()), ("Ada added your team to X", "The role is viewer."));
    assert_eq!(wording(Kind::TaskCompleted, &plain, None, "X", "Acme").0, "Tenon completed X");
}
