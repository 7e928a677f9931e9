//! Projects in JSON.

use serde::{Deserialize, Serialize};
use tenon_application::projects::{
    CreateProject, ProjectFields, ProjectFilter, ProjectRef, ProjectSort, ProjectView, StatusView,
};
use tenon_application::{AppError, SortBy};
use tenon_domain::access::Visibility;
use tenon_domain::projects::{ProjectDescription, ProjectKey, ProjectName, StatusCategory};
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;
use uuid::Uuid;
use validator::Validate;

use crate::http::conditional::versioned;
use crate::http::list::{Filter, SortField};
use crate::http::merge_patch::{Patch, not_null};
use crate::http::path::{PathRef, id_or_key_schema};
use crate::http::query::{self, Params, parse_uuid};
use crate::http::validation::checks;
use crate::http::wire::{Moment, wire_enum};

wire_enum! {
    /// Who sees a project: everybody in the `organization` but guests, or, when it is `private`, its members.
    VisibilityName, "Visibility", Visibility
}

wire_enum! {
    /// What a status of a workflow counts as.
    StatusCategoryName, "StatusCategory", StatusCategory
}

checks! {
    key: str => ProjectKey::parse;
    name: str => ProjectName::parse;
    description: str => ProjectDescription::parse;
}

/// What a new project is made of.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "key": "ENG", "name": "Engineering", "description": "What we build.", "visibility": "organization", "lead_id": null,
}))]
pub(crate) struct CreateProjectBody {
    /// Goes in front of the number of every task, and is for life.
    #[validate(custom(function = "check::key"))]
    #[schema(min_length = 2, max_length = 10, pattern = "^[A-Z][A-Z0-9]{1,9}$")]
    key: String,
    #[validate(custom(function = "check::name"))]
    #[schema(min_length = 1, max_length = 100, pattern = "line")]
    name: String,
    #[validate(custom(function = "check::description"))]
    #[schema(max_length = 10000, pattern = "multiline")]
    description: Option<String>,
    /// `organization` if absent.
    visibility: Option<VisibilityName>,
    /// A member of the organization and no guest, who becomes a manager of the project.
    lead_id: Option<Uuid>,
}

impl CreateProjectBody {
    pub(super) fn into_command(self) -> Result<CreateProject, AppError> {
        Ok(CreateProject {
            key: ProjectKey::parse(&self.key)?,
            name: ProjectName::parse(&self.name)?,
            description: self.description.as_deref().map_or(Ok(None), ProjectDescription::parse)?,
            visibility: self.visibility.map_or(Visibility::Organization, |name| name.0),
            lead_id: self.lead_id.map(Into::into),
        })
    }
}

/// What is to change in a project.
#[derive(Default, Deserialize, Validate, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({ "name": "Engineering and design", "description": null }))]
pub(crate) struct UpdateProjectBody {
    #[serde(deserialize_with = "not_null")]
    #[validate(custom(function = "check::name"))]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 100, pattern = "line")]
    name: Option<String>,
    #[validate(custom(function = "check::description"))]
    #[schema(value_type = Option<String>, max_length = 10000, pattern = "multiline")]
    description: Patch<String>,
    #[serde(deserialize_with = "not_null")]
    #[schema(value_type = VisibilityName, required = false)]
    visibility: Option<VisibilityName>,
    /// A member of the organization and no guest, who becomes a manager of the project.
    #[schema(value_type = Option<Uuid>)]
    lead_id: Patch<Uuid>,
}

impl UpdateProjectBody {
    pub(super) fn into_fields(self) -> Result<ProjectFields, AppError> {
        Ok(ProjectFields {
            name: self.name.as_deref().map(ProjectName::parse).transpose()?,
            description: self.description.parse(|text| ProjectDescription::parse(&text))?.map(Option::flatten),
            visibility: self.visibility.map(|name| name.0),
            lead_id: self.lead_id.into_change().map(|lead| lead.map(Into::into)),
        })
    }
}

/// A status of a project's workflow.
#[derive(Serialize, ToSchema)]
pub(crate) struct StatusResponse {
    #[schema(example = "in_progress")]
    key: String,
    #[schema(example = "In progress")]
    name: String,
    category: StatusCategoryName,
}

impl From<StatusView> for StatusResponse {
    fn from(status: StatusView) -> Self {
        Self { key: status.key, name: status.name, category: status.category.into() }
    }
}

/// A project.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0199f8a2-6c1e-7d3a-9b54-2f0c8e1d7a66", "key": "ENG", "name": "Engineering", "description": null,
    "visibility": "organization", "lead_id": null,
    "statuses": [{ "key": "todo", "name": "To do", "category": "unstarted" }], "archived_at": null, "version": 1,
    "created_at": "2026-11-21T09:30:00.123Z", "updated_at": "2026-11-21T09:30:00.123Z",
}))]
pub(crate) struct ProjectResponse {
    id: Uuid,
    key: String,
    name: String,
    #[schema(required = true)]
    description: Option<String>,
    visibility: VisibilityName,
    #[schema(required = true)]
    lead_id: Option<Uuid>,
    /// The workflow, in order. New tasks begin in the first status.
    statuses: Vec<StatusResponse>,
    #[schema(required = true)]
    archived_at: Option<Moment>,
    version: i64,
    created_at: Moment,
    updated_at: Moment,
}

impl From<ProjectView> for ProjectResponse {
    fn from(project: ProjectView) -> Self {
        Self {
            id: project.id.into(),
            key: project.key,
            name: project.name,
            description: project.description,
            visibility: project.visibility.into(),
            lead_id: project.lead_id.map(Into::into),
            statuses: project.statuses.into_iter().map(Into::into).collect(),
            archived_at: project.archived_at.map(Into::into),
            version: project.version,
            created_at: project.created_at.into(),
            updated_at: project.updated_at.into(),
        }
    }
}

versioned!(ProjectResponse);

impl PathRef for ProjectRef {
    const SEGMENT: &'static str = "project";
    const RESOURCE: &'static str = "project";
    const DESCRIPTION: &'static str = "The id or the key of the project.";

    fn parse(raw: &str) -> Option<Self> {
        parse_uuid(raw).map(|id| Self::Id(id.into())).or_else(|| ProjectKey::parse(raw).ok().map(Self::Key))
    }

    fn schema() -> Object {
        id_or_key_schema("ENG")
    }
}

/// The id in a reference that is one.
pub(super) fn id_of(project: &ProjectRef) -> Option<Uuid> {
    match project {
        ProjectRef::Id(id) => Some(id.uuid()),
        ProjectRef::Key(_) => None,
    }
}

impl Filter for ProjectFilter {
    fn read(params: &mut Params) -> Self {
        Self {
            archived: params.one("archived", "Only archived projects, or only active ones.", &query::flag()),
            text: params.one("q", "Only projects with this text in name or key.", &query::search_text()),
        }
    }
}

impl SortField for ProjectSort {
    const FIELDS: &'static [(&'static str, Self)] =
        &[("created_at", Self::CreatedAt), ("updated_at", Self::UpdatedAt), ("key", Self::Key), ("name", Self::Name)];
    const DEFAULT: &'static [SortBy<Self>] = &[SortBy { field: Self::Key, descending: false }];
}
