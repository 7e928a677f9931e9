use std::collections::BTreeSet;

use tenon_domain::organizations::TeamFact;
use tenon_domain::projects::ProjectFact;
use tenon_domain::{DomainEvent, Fact, OrganizationId, ProjectId, ResourceKind, TaskId, UserId};

use super::access::{member_key, project_key, team_projects_key};
use super::task_key;

/// Something cached that a unit of work changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Touched {
    pub organization: OrganizationId,
    pub resource: Resource,
}

/// What is cached of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    Task(TaskId),
    Project(ProjectId),
    ProjectMember(ProjectId, UserId),
    /// In which projects a user is by their teams.
    TeamProjects(UserId),
}

impl Resource {
    /// What an event says to have changed. What statements over many rows change without an event is for their
    /// unit of work to add.
    pub fn changed_by(event: &DomainEvent) -> impl Iterator<Item = Self> {
        let subject = match event.subject.kind {
            ResourceKind::Task => Some(Self::Task(event.subject.id.into())),
            ResourceKind::Project => Some(Self::Project(event.subject.id.into())),
            _ => None,
        };
        let people: Vec<Self> = match &event.fact {
            Fact::Project(
                ProjectFact::MemberAdded { user, .. }
                | ProjectFact::MemberRoleChanged { user, .. }
                | ProjectFact::MemberRemoved { user },
            ) => event.project.map(|project| Self::ProjectMember(project, *user)).into_iter().collect(),
            Fact::Project(ProjectFact::TeamAdded { members, .. } | ProjectFact::TeamRemoved { members, .. }) => {
                members.iter().copied().map(Self::TeamProjects).collect()
            }
            Fact::Team(TeamFact::MemberAdded { user } | TeamFact::MemberRemoved { user }) => {
                vec![Self::TeamProjects(*user)]
            }
            _ => Vec::new(),
        };
        subject.into_iter().chain(people)
    }
}

/// The keys under which these are cached, each once.
pub(super) fn keys(touched: &[Touched]) -> Vec<String> {
    let distinct: BTreeSet<Touched> = touched.iter().copied().collect();
    distinct
        .into_iter()
        .map(|Touched { organization, resource }| match resource {
            Resource::Task(id) => task_key(organization, id),
            Resource::Project(id) => project_key(organization, id),
            Resource::ProjectMember(project, user) => member_key(organization, project, user),
            Resource::TeamProjects(user) => team_projects_key(organization, user),
        })
        .collect()
}
