/// The ways to run Tenon that the tests cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deployment {
    /// One process with SQLite, everything in process.
    Embedded,
    /// PostgreSQL and Redis, with a worker process apart.
    PostgresRedis,
    /// MariaDB and Redis, with a worker process apart.
    MysqlRedis,
}

impl Deployment {
    pub const ALL: [Self; 3] = [Self::Embedded, Self::PostgresRedis, Self::MysqlRedis];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::PostgresRedis => "postgres_redis",
            Self::MysqlRedis => "mysql_redis",
        }
    }
}
