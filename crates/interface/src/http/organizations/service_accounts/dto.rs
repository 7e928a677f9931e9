//! Service accounts in JSON.

use serde::{Deserialize, Serialize};
use tenon_application::AppError;
use tenon_application::organizations::{CreateServiceAccount, EditServiceAccount, ServiceAccountView};
use tenon_domain::identity::DisplayName;
use tenon_domain::{UserId, Version};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use crate::http::conditional::versioned;
use crate::http::merge_patch::{Patch, not_null};
use crate::http::organizations::OrganizationRoleName;
use crate::http::organizations::members::MemberStatusName;
use crate::http::organizations::permissions::HeldRoleResponse;
use crate::http::organizations::role_choice::{change, needed};
use crate::http::validation::checks;
use crate::http::wire::Moment;

checks! {
    name: str => DisplayName::parse;
}

/// What a new service account is made of.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Importer", "role": "member" }))]
pub(crate) struct CreateServiceAccountBody {
    #[validate(custom(function = "check::name"))]
    #[schema(min_length = 1, max_length = 100, pattern = "line")]
    name: String,
    /// Not `owner`. Only owners make one an `admin`. Needed unless there is a `custom_role_id`.
    role: Option<OrganizationRoleName>,
    /// A custom role of the organization, instead of a system role. Only owners give one that permits more than `member`.
    custom_role_id: Option<Uuid>,
}

impl CreateServiceAccountBody {
    pub(super) fn into_command(self) -> Result<CreateServiceAccount, AppError> {
        Ok(CreateServiceAccount {
            name: DisplayName::parse(&self.name)?,
            role: needed(self.role, self.custom_role_id)?,
        })
    }
}

/// What is to change in a service account.
#[derive(Default, Deserialize, Validate, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({ "name": "Nightly importer", "role": "guest" }))]
pub(crate) struct UpdateServiceAccountBody {
    #[serde(deserialize_with = "not_null")]
    #[validate(custom(function = "check::name"))]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 100, pattern = "line")]
    name: Option<String>,
    /// Not `owner`. Only owners make one an `admin`.
    #[serde(deserialize_with = "not_null")]
    #[schema(value_type = OrganizationRoleName, required = false)]
    role: Option<OrganizationRoleName>,
    /// A custom role of the organization, instead of a system role: `null` beside a `role` is the same as nothing.
    #[schema(value_type = Option<Uuid>, required = false)]
    custom_role_id: Patch<Uuid>,
}

impl UpdateServiceAccountBody {
    pub(super) fn into_command(
        self,
        account: UserId,
        expected_version: Option<Version>,
    ) -> Result<EditServiceAccount, AppError> {
        Ok(EditServiceAccount {
            account,
            name: self.name.as_deref().map(DisplayName::parse).transpose()?,
            role: change(self.role, self.custom_role_id)?,
            expected_version,
        })
    }
}

/// A user that is a program.
#[derive(Serialize, ToSchema)]
#[schema(as = ServiceAccount, example = json!({
    "id": "0199f8a4-5d94-7ea2-8fdc-a184069572ee", "name": "Importer", "role": "member", "custom_role": null,
    "state": "active", "suspended_at": null, "version": 1,
    "created_at": "2026-11-21T09:30:00.123Z", "updated_at": "2026-11-21T09:30:00.123Z",
}))]
pub(crate) struct ServiceAccountResponse {
    /// The id of its user, by which it is a member, too.
    id: Uuid,
    name: String,
    /// The base of the custom role, if it has one.
    role: OrganizationRoleName,
    #[schema(required = true)]
    custom_role: Option<HeldRoleResponse>,
    /// One that is suspended has no access: `POST /members/{user_id}/suspend` and `unsuspend` are for it, too.
    state: MemberStatusName,
    #[schema(required = true)]
    suspended_at: Option<Moment>,
    /// Of the account as a whole: as a member it has one of its own.
    version: i64,
    created_at: Moment,
    updated_at: Moment,
}

impl From<ServiceAccountView> for ServiceAccountResponse {
    fn from(account: ServiceAccountView) -> Self {
        Self {
            id: account.id.into(),
            state: account.status().into(),
            name: account.name,
            role: account.role.into(),
            custom_role: account.custom_role.map(Into::into),
            suspended_at: account.suspended_at.map(Into::into),
            version: account.version,
            created_at: account.created_at.into(),
            updated_at: account.updated_at.into(),
        }
    }
}

// The name of its custom role is not its own.
versioned!(ServiceAccountResponse: id, variant);
