use std::time::Duration;

use tenon_application::identity::{SubjectFacts, TokenSubject};
use tenon_domain::UserId;
use tenon_domain::access::OrganizationRole;
use tenon_domain::identity::Email;
use tenon_domain::organizations::Member;

use super::fixture::{Fixture, Person, email};
use super::on_every_database;

on_every_database! {
    a_subject_is_a_person_by_a_verified_address_or_an_id,
    a_home_is_where_somebody_belongs_longest,
}

async fn subject(fixture: &Fixture, subject: TokenSubject) -> Option<SubjectFacts> {
    fixture.queries.identity.subject(&subject).await.unwrap()
}

async fn of_address(fixture: &Fixture, name: &str) -> Option<SubjectFacts> {
    subject(fixture, TokenSubject::Email(email(name))).await
}

async fn verify(fixture: &Fixture, user: UserId) {
    let mut unit = fixture.deployment().await;
    let mut user = unit.users().find(user).await.unwrap().unwrap();
    user.verify_email(fixture.now());
    unit.users().save(user).await.unwrap();
    unit.commit().await.unwrap();
}

async fn a_subject_is_a_person_by_a_verified_address_or_an_id(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let facts = SubjectFacts { user: ada.viewer.user, home: Some(ada.viewer.organization) };
    let by_id = TokenSubject::User(ada.viewer.user);
    assert_eq!(subject(fixture, by_id.clone()).await, Some(facts));
    assert_eq!(of_address(fixture, "ada").await, None, "nobody knows who reads it");
    verify(fixture, ada.viewer.user).await;
    assert_eq!(of_address(fixture, "ada").await, Some(facts));
    assert_eq!(of_address(fixture, "eve").await, None);
    assert_eq!(subject(fixture, TokenSubject::User(fixture.id())).await, None);

    let mut unit = fixture.deployment().await;
    let mut user = unit.users().find(ada.viewer.user).await.unwrap().unwrap();
    user.erase(Email::of_deleted(ada.viewer.user), fixture.now());
    unit.users().save(user).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(of_address(fixture, "ada").await, None);
    assert_eq!(subject(fixture, by_id).await, None, "a deleted user is nobody");
}

async fn a_home_is_where_somebody_belongs_longest(fixture: &Fixture) {
    let (ada, bob) = (fixture.found("ada").await, fixture.found("bob").await);
    fixture.clock.advance(Duration::from_secs(1));
    join(fixture, &bob, ada.viewer.user).await;
    let by_id = TokenSubject::User(ada.viewer.user);
    let home = subject(fixture, by_id.clone()).await.unwrap().home;
    assert_eq!(home, Some(ada.viewer.organization));

    let mut unit = fixture.unit(&ada).await;
    let member = unit.members().find(ada.viewer.user).await.unwrap().unwrap();
    unit.members().remove(member).await.unwrap();
    unit.commit().await.unwrap();
    let home = subject(fixture, by_id.clone()).await.unwrap().home;
    assert_eq!(home, Some(bob.viewer.organization));

    let mut unit = fixture.unit(&bob).await;
    let mut member = unit.members().find(ada.viewer.user).await.unwrap().unwrap();
    member.suspend(1, fixture.now()).unwrap();
    unit.members().save(member).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(subject(fixture, by_id.clone()).await.unwrap().home, None, "suspended there");

    let mut unit = fixture.unit(&bob).await;
    let member = unit.members().find(ada.viewer.user).await.unwrap().unwrap();
    unit.members().remove(member).await.unwrap();
    unit.commit().await.unwrap();
    let facts = SubjectFacts { user: ada.viewer.user, home: None };
    assert_eq!(subject(fixture, by_id).await, Some(facts));
}

async fn join(fixture: &Fixture, host: &Person, user: UserId) {
    let mut unit = fixture.unit(host).await;
    let member = Member::join(user, "ada".to_owned(), OrganizationRole::Member, None, fixture.now());
    unit.members().save(member).await.unwrap();
    unit.commit().await.unwrap();
}
