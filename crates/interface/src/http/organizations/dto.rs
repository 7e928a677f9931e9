//! Organizations in JSON.

use serde::{Deserialize, Serialize};
use tenon_application::AppError;
use tenon_application::organizations::{EditOrganization, OrganizationView};
use tenon_domain::Version;
use tenon_domain::access::OrganizationRole;
use tenon_domain::organizations::OrganizationName;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::permissions::HeldRoleResponse;
use crate::http::conditional::versioned;
use crate::http::merge_patch::not_null;
use crate::http::validation::checks;
use crate::http::wire::{Moment, wire_enum};

wire_enum! {
    /// A role in the organization. An `owner` may do everything, an `admin` all but what is about owners, a `member`
    /// works in projects, and a `guest` sees only those they were added to.
    OrganizationRoleName, "OrganizationRole", OrganizationRole
}

checks! {
    name: str => OrganizationName::parse;
}

/// What a new organization is made of.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Analytical Engines" }))]
pub(crate) struct CreateOrganizationBody {
    #[validate(custom(function = "check::name"))]
    #[schema(min_length = 1, max_length = 100, pattern = "line")]
    name: String,
}

impl CreateOrganizationBody {
    pub(super) fn into_name(self) -> Result<OrganizationName, AppError> {
        Ok(OrganizationName::parse(&self.name)?)
    }
}

/// What is to change in an organization.
#[derive(Default, Deserialize, Validate, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({ "name": "Analytical Engines and Sons", "require_mfa": false }))]
pub(crate) struct UpdateOrganizationBody {
    #[serde(deserialize_with = "not_null")]
    #[validate(custom(function = "check::name"))]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 100, pattern = "line")]
    name: Option<String>,
    /// Whether members have to have a second factor. Who turns it on must have one.
    #[serde(deserialize_with = "not_null")]
    #[schema(value_type = bool, required = false)]
    require_mfa: Option<bool>,
}

impl UpdateOrganizationBody {
    pub(super) fn into_command(self, expected_version: Option<Version>) -> Result<EditOrganization, AppError> {
        let name = self.name.as_deref().map(OrganizationName::parse).transpose()?;
        Ok(EditOrganization { name, require_mfa: self.require_mfa, expected_version })
    }
}

/// An organization, with your role in it.
#[derive(Serialize, ToSchema)]
#[schema(as = Organization, example = json!({
    "id": "0199f8a2-5b0d-7c29-8a43-1e9b7d0c6955", "name": "Analytical Engines", "role": "owner",
    "custom_role": null,
    "require_mfa": false, "version": 1,
    "created_at": "2026-11-21T09:30:00.123Z", "updated_at": "2026-11-21T09:30:00.123Z",
}))]
pub(crate) struct OrganizationResponse {
    id: Uuid,
    name: String,
    /// Yours; the base of your custom role, if you have one.
    role: OrganizationRoleName,
    #[schema(required = true)]
    custom_role: Option<HeldRoleResponse>,
    /// Whether members without a second factor can do nothing here but set one up.
    require_mfa: bool,
    version: i64,
    created_at: Moment,
    updated_at: Moment,
}

impl From<OrganizationView> for OrganizationResponse {
    fn from(organization: OrganizationView) -> Self {
        Self {
            id: organization.id.into(),
            name: organization.name,
            role: organization.role.into(),
            custom_role: organization.custom_role.map(Into::into),
            require_mfa: organization.require_mfa,
            version: organization.version,
            created_at: organization.created_at.into(),
            updated_at: organization.updated_at.into(),
        }
    }
}

// Your role is not the organization's, and changes without it.
versioned!(OrganizationResponse: id, variant);
