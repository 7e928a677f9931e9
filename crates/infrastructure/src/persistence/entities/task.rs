use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tasks")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) org_id: Uuid,
    pub(crate) project_id: Uuid,
    pub(crate) project_key: String,
    pub(crate) number: i64,
    pub(crate) task_type: String,
    pub(crate) title: String,
    pub(crate) description: Option<String>,
    pub(crate) status: String,
    pub(crate) status_category: String,
    pub(crate) priority: i16,
    pub(crate) reporter_id: Uuid,
    pub(crate) assignee_ids: String,
    pub(crate) labels: String,
    pub(crate) parent_id: Option<Uuid>,
    pub(crate) start_date: Option<Date>,
    pub(crate) due_date: Option<Date>,
    pub(crate) estimate: Option<i32>,
    pub(crate) version: i64,
    pub(crate) created_at: DateTimeUtc,
    pub(crate) updated_at: DateTimeUtc,
    pub(crate) completed_at: Option<DateTimeUtc>,
    pub(crate) deleted_at: Option<DateTimeUtc>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
