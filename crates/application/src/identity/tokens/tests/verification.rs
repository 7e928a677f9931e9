use super::*;
use crate::identity::EmailVerification;

#[tokio::test]
async fn where_addresses_have_to_be_verified_nobody_makes_a_token_before() {
    let stage = stage();
    let strict = Accounts { email_verification: EmailVerification::Required, ..stage.accounts.clone() };
    let create =
        CreateServiceAccount { name: DisplayName::parse("Importer").unwrap(), role: OrganizationRole::Member.into() };
    let account = stage.scene.run(Person::Owner, create).await.unwrap().id;
    let unverified = Some(AppError::Unauthenticated(Denial::UnverifiedEmail));
    let owner = Person::Owner.actor();
    let verify = |at| {
        let mut data = stage.scene.store.data();
        data.users.iter_mut().find(|it| it.id == Person::Owner.id()).unwrap().email_verified_at = at;
    };
    verify(None);
    let scopes = || input(&[Scope::TasksRead]);
    assert_eq!(strict.create_token(&owner, scopes()).await.err(), unverified);
    assert_eq!(strict.create_service_token(&owner, account, scopes()).await.err(), unverified, "nor one of a program");
    assert!(stage.scene.store.data().tokens.is_empty());
    stage.accounts.create_token(&owner, scopes()).await.unwrap();
    verify(Some(at(10)));
    strict.create_token(&owner, scopes()).await.unwrap();
    strict.create_service_token(&owner, account, scopes()).await.unwrap();
}
