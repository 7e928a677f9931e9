use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) org_id: Option<Uuid>,
    pub(crate) name: String,
    pub(crate) payload: String,
    pub(crate) remaining: i32,
    pub(crate) deliveries: i32,
    pub(crate) occurred_at: DateTimeUtc,
    pub(crate) due_at: Option<DateTimeUtc>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
