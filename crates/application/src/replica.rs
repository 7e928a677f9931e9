//! Reads from a replica, which may lag behind the primary a little.

use std::sync::Arc;
use std::time::Duration;

use tenon_domain::UserId;

use crate::ports::{Cache, Lookup};
use crate::query::Queries;

/// How long who has written reads from the primary: longer than a healthy replica lags behind.
const CATCHING_UP: Duration = Duration::from_secs(10);

/// The queries of a replica, for everybody but those who have just written: they read their own writes.
#[derive(Clone)]
pub struct Replica {
    queries: Queries,
    recent_writes: Arc<dyn Cache>,
}

impl Replica {
    /// `cache` tells every instance who has just written.
    pub fn new(queries: Queries, cache: Arc<dyn Cache>) -> Self {
        Self { queries, recent_writes: cache }
    }

    pub(crate) async fn note_write(&self, user: UserId) {
        self.recent_writes.put(&key(user), "", CATCHING_UP).await;
    }

    /// The replica's queries, unless the user has just written, or nobody can tell.
    pub(crate) async fn queries_for(&self, user: UserId) -> Option<&Queries> {
        match self.recent_writes.get(&key(user)).await {
            Lookup::Missing(ticket) if !ticket.is_blind() => Some(&self.queries),
            _ => None,
        }
    }
}

fn key(user: UserId) -> String {
    format!("recent-write:{user}")
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use tenon_domain::organizations::OrganizationName;

    use super::*;
    use crate::error::AppError;
    use crate::in_memory::{Person, Scene, task_id};
    use crate::organizations::EditOrganization;
    use crate::page::{Page, PageRequest};
    use crate::ports::Ticket;
    use crate::projects::{ListProjects, MockProjectQueries, ProjectFilter};
    use crate::tasks::{DeleteTask, TaskRef};

    /// Answers lists with as many in total as this.
    fn answering(total: u64, queries: &Queries) -> Queries {
        let mut projects = MockProjectQueries::new();
        projects.expect_list().returning(move |_, _, _| Ok(Page { items: Vec::new(), next: None, total: Some(total) }));
        Queries { projects: Arc::new(projects), ..queries.clone() }
    }

    async fn asked_by(scene: &Scene, who: Person) -> Option<u64> {
        let page = PageRequest { sort: Vec::new(), limit: 10, after: None, include_total: true };
        let list = ListProjects { filter: ProjectFilter::default(), page };
        scene.app.ask(&who.actor(), list).await.unwrap().total
    }

    const LAGGING: Option<u64> = Some(1);
    const PRESENT: Option<u64> = Some(2);

    #[tokio::test]
    async fn who_has_just_written_reads_from_the_primary() {
        let mut scene = Scene::new();
        let replica = Replica::new(answering(1, &scene.app.queries), scene.cache.clone());
        scene.app.replica = Some(replica);
        scene.app.queries = answering(2, &scene.app.queries);
        assert_eq!(asked_by(&scene, Person::Owner).await, LAGGING);
        let rename = EditOrganization {
            name: OrganizationName::parse("Acme Ltd").ok(),
            require_mfa: None,
            expected_version: None,
        };
        scene.run(Person::Owner, rename).await.unwrap();
        assert_eq!(asked_by(&scene, Person::Owner).await, PRESENT);
        assert_eq!(asked_by(&scene, Person::Peer).await, LAGGING, "others may wait");
        let nothing = DeleteTask { task: TaskRef::Id(task_id(9)), expected_version: None };
        assert_eq!(scene.run(Person::Peer, nothing).await, Err(AppError::NotFound("task")));
        assert_eq!(asked_by(&scene, Person::Peer).await, LAGGING, "nothing was written");
    }

    #[tokio::test]
    async fn when_nobody_can_tell_who_has_written_everybody_reads_from_the_primary() {
        let mut scene = Scene::new();
        scene.app.replica = Some(Replica::new(answering(1, &scene.app.queries), Arc::new(Away)));
        scene.app.queries = answering(2, &scene.app.queries);
        assert_eq!(asked_by(&scene, Person::Owner).await, PRESENT);
    }

    /// A cache whose shared store is away.
    struct Away;

    #[async_trait]
    impl Cache for Away {
        async fn get(&self, _: &str) -> Lookup {
            Lookup::Missing(Ticket::blind(0))
        }

        async fn fill(&self, _: &str, _: Ticket, _: &str, _: Duration) {}

        async fn put(&self, _: &str, _: &str, _: Duration) {}

        async fn invalidate(&self, _: &[String]) {}
    }
}
