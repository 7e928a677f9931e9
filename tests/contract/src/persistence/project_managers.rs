//! Who counts as the manager that a private project keeps.

use tenon_application::identity::DeactivateUser;
use tenon_application::organizations::SuspendMember;
use tenon_application::{Actor, Origin};
use tenon_domain::access::{OrganizationRole, ProjectRole, Visibility};
use tenon_domain::identity::{DisplayName, User};
use tenon_domain::organizations::Member;
use tenon_domain::{ProjectId, UserId};

use super::fixture::{Fixture, Person, email};
use super::on_every_database;

on_every_database! {
    people_count_who_have_access_and_are_no_guests,
}

async fn manage(fixture: &Fixture, host: &Person, project: ProjectId, user: UserId) {
    let mut unit = fixture.unit(host).await;
    unit.projects().set_role(project, user, Some(ProjectRole::Manager.into()), fixture.now()).await.unwrap();
    unit.commit().await.unwrap();
}

async fn people_count_who_have_access_and_are_no_guests(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let (project, ada_id) = (fixture.project(&ada, "SEC", Visibility::Private).await.id, ada.viewer.user);
    let open = fixture.project(&ada, "ENG", Visibility::Organization).await.id;
    let mut people = Vec::new();
    for (name, role) in [
        ("guest", OrganizationRole::Guest),
        ("suspended", OrganizationRole::Member),
        ("deactivated", OrganizationRole::Member),
    ] {
        let person = fixture.join(&ada, name, role).await;
        manage(fixture, &ada, project, person.viewer.user).await;
        people.push(person.viewer.user);
    }
    let suspended = people[1];
    let program = User::service(fixture.id(), DisplayName::parse("Importer").unwrap(), fixture.now());
    let id = program.state().id;
    let mut unit = fixture.unit(&ada).await;
    unit.users().save(program).await.unwrap();
    let member = Member::join(id, "Importer".into(), OrganizationRole::Admin, None, fixture.now());
    unit.members().save(member).await.unwrap();
    unit.commit().await.unwrap();
    manage(fixture, &ada, project, id).await;
    let mut unit = fixture.unit(&ada).await;
    assert_eq!(
        unit.projects().count_managers(project, None).await.unwrap(),
        3,
        "of whom two are about to lose their access"
    );
    drop(unit);
    fixture.app.execute(&ada.actor, SuspendMember { user: suspended, expected_version: None }).await.unwrap();
    let operator = Actor::system(None, Origin::default());
    fixture.app.execute(&operator, DeactivateUser { email: email("deactivated") }).await.unwrap();

    let heir = fixture.join(&ada, "heir", OrganizationRole::Member).await.viewer.user;
    let mut unit = fixture.unit(&ada).await;
    assert_eq!(unit.projects().count_managers(project, None).await.unwrap(), 1);
    assert_eq!(unit.projects().count_managers(project, Some(ada_id)).await.unwrap(), 0);
    assert_eq!(unit.projects().count_managers(project, Some(suspended)).await.unwrap(), 1);
    unit.projects().hand_on(ada_id, heir, fixture.now()).await.unwrap();
    assert_eq!(unit.projects().role(project, heir).await.unwrap(), Some(ProjectRole::Manager.into()));
    assert_eq!(unit.projects().role(open, heir).await.unwrap(), None, "nobody needs one who sees it anyway");
    assert_eq!(unit.projects().count_managers(project, Some(ada_id)).await.unwrap(), 1);
    unit.projects().hand_on(ada_id, suspended, fixture.now()).await.unwrap();
    assert_eq!(unit.projects().count_managers(project, Some(ada_id)).await.unwrap(), 1, "the heir manages it already");
    unit.commit().await.unwrap();
}
