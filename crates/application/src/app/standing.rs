//! What somebody may do now, to be compared with what they could do before: an outcome that is kept is only told again to
//! who could get it now.

use tenon_domain::ProjectId;

use super::App;
use crate::actor::{Actor, Credential, Principal};
use crate::error::AppError;

impl App {
    /// The actor's credential, and all that decides what may be done with it in the organization: a text that changes when
    /// any of it does. A session stays the same when it is refreshed. Costs no query while the caches are warm.
    pub async fn standing(&self, actor: &Actor) -> Result<String, AppError> {
        let viewer = actor.viewer()?;
        let credential = match actor.principal {
            Principal::User { credential: Credential::Session(id), .. } => format!("session {id}"),
            Principal::User { credential: Credential::Token(id, scopes), .. } => format!("token {id} {scopes}"),
            Principal::User { credential: Credential::External(scopes), .. } => format!("external {scopes}"),
            Principal::Anonymous | Principal::System { .. } => String::new(),
        };
        let mfa = match self.sessions.check_mfa(viewer).await {
            Ok(()) => "met",
            Err(AppError::MfaEnrollmentRequired) => "missing",
            Err(error) => return Err(error),
        };
        let custom_role = viewer.custom_role.map(|id| id.to_string()).unwrap_or_default();
        let (organization, role, permissions) = (viewer.organization, viewer.role.as_str(), viewer.permissions);
        Ok(format!("{organization}|{credential}|{role}|{custom_role}|{permissions}|{mfa}"))
    }

    /// Whether the actor sees what is in this project.
    pub async fn sees(&self, actor: &Actor, project: ProjectId) -> Result<bool, AppError> {
        self.documents.can_see(actor.viewer()?, project).await
    }
}

#[cfg(test)]
mod tests {
    use tenon_domain::TokenId;
    use tenon_domain::access::{OrganizationRole, Scope, Scopes};
    use uuid::Uuid;

    use super::*;
    use crate::actor::{Origin, Viewer};
    use crate::in_memory::{Person, Scene};

    async fn standing(scene: &Scene, viewer: Viewer, credential: Credential) -> String {
        let actor = Actor { principal: Principal::User { viewer, credential }, origin: Origin::default() };
        scene.app.standing(&actor).await.unwrap()
    }

    #[tokio::test]
    async fn a_standing_changes_with_the_credential_and_with_what_it_is_good_for() {
        let (scene, strict) = (Scene::new(), Scene::new());
        strict.store.data().organizations.iter_mut().for_each(|it| it.require_mfa = true);
        let session = Credential::Session(Person::Admin.session());
        let token = |id: u128, scope: Scope| {
            Credential::Token(TokenId::new(Uuid::from_u128(id)), [scope].into_iter().collect::<Scopes>())
        };
        let external = |scope: Scope| Credential::External([scope].into_iter().collect::<Scopes>());
        let admin = Person::Admin.viewer();
        let demoted = Viewer::new(admin.user, admin.organization, OrganizationRole::Guest);
        let narrowed = Viewer { permissions: demoted.permissions, ..admin };
        let elsewhere = Viewer { organization: Person::Stranger.organization(), ..admin };
        let mut all = vec![
            standing(&scene, admin, session).await,
            standing(&scene, admin, Credential::Session(Person::Peer.session())).await,
            standing(&scene, admin, token(1, Scope::ProfileRead)).await,
            standing(&scene, admin, token(1, Scope::TasksRead)).await,
            standing(&scene, admin, token(2, Scope::ProfileRead)).await,
            standing(&scene, admin, external(Scope::ProfileRead)).await,
            standing(&scene, admin, external(Scope::TasksRead)).await,
            standing(&scene, demoted, session).await,
            standing(&scene, narrowed, session).await,
            standing(&scene, elsewhere, session).await,
            standing(&strict, admin, session).await,
        ];
        assert_eq!(standing(&scene, admin, session).await, all[0], "it stays what it is");
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count, "{all:?}");
    }
}
