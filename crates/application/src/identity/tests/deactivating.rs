use tenon_domain::Timestamp;
use tenon_domain::identity::Email;

use super::*;
use crate::error::AppError;
use crate::in_memory::at;

fn operator() -> Actor {
    Actor::system(None, Origin::default())
}

fn peer() -> Email {
    Email::parse("peer@example.com").unwrap()
}

fn suspended(scene: &Scene) -> Vec<Option<Timestamp>> {
    let data = scene.store.data();
    data.members.iter().filter(|(_, it)| it.user_id == Person::Peer.id()).map(|(_, it)| it.suspended_at).collect()
}

#[tokio::test]
async fn who_is_deactivated_is_out_everywhere_and_comes_back_where_they_were() {
    let scene = Scene::new().with_sessions();
    let organizations = suspended(&scene).len();
    let done = scene.app.execute(&operator(), DeactivateUser { email: peer() }).await.unwrap();
    assert_eq!(done, Deactivation { organizations, sessions: 1 });
    assert_eq!(suspended(&scene), vec![Some(at(10)); organizations]);
    assert_eq!(scene.app.sessions.role(Scene::ACME, Person::Peer.id()).await, Ok(None));
    let again = scene.app.execute(&operator(), DeactivateUser { email: peer() }).await.unwrap();
    assert_eq!(again, Deactivation { organizations: 0, sessions: 0 });

    let back = scene.app.execute(&operator(), ReactivateUser { email: peer() }).await.unwrap();
    assert_eq!(back, Deactivation { organizations, sessions: 0 });
    assert_eq!(suspended(&scene), vec![None; organizations]);
    let role = scene.app.sessions.role(Scene::ACME, Person::Peer.id()).await;
    assert!(role.unwrap().is_some());
}

#[tokio::test]
async fn nobody_is_left_without_an_owner_and_nobody_unknown_is_barred() {
    let scene = Scene::new();
    let owner = Email::parse("owner@example.com").unwrap();
    let refused = scene.app.execute(&operator(), DeactivateUser { email: owner }).await;
    assert_eq!(refused, Err(AppError::OnlyOwner { organizations: vec!["Acme".to_owned()] }));
    let nobody = Email::parse("nobody@example.com").unwrap();
    assert_eq!(scene.app.execute(&operator(), DeactivateUser { email: nobody }).await, Err(AppError::NotFound("user")));
}
