use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "organization_domains")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) org_id: Uuid,
    pub(crate) name: String,
    /// The name while it is verified: of those there is one each.
    pub(crate) proved_name: Option<String>,
    pub(crate) token: String,
    pub(crate) auto_join_role: Option<String>,
    pub(crate) verified_at: Option<DateTimeUtc>,
    pub(crate) checked_at: Option<DateTimeUtc>,
    pub(crate) misses: i64,
    pub(crate) version: i64,
    pub(crate) created_at: DateTimeUtc,
    pub(crate) updated_at: DateTimeUtc,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
