use super::*;

async fn service_account(stage: &Stage, role: OrganizationRole) -> UserId {
    let create = CreateServiceAccount { name: DisplayName::parse("Importer").unwrap(), role: role.into() };
    stage.scene.run(Person::Owner, create).await.unwrap().id
}

#[tokio::test]
async fn a_service_account_signs_in_with_tokens_that_people_make_for_it() {
    let stage = stage();
    let account = service_account(&stage, OrganizationRole::Member).await;
    let scopes = input(&[Scope::TasksWrite]);
    let issued = stage.accounts.create_service_token(&Person::Admin.actor(), account, scopes).await.unwrap();
    assert_eq!((issued.token.owner_id, issued.token.owner_name.as_str()), (account, "Importer"));
    let viewer = stage.actor(&issued).await.unwrap().viewer().unwrap();
    assert_eq!((viewer.user, viewer.role), (account, OrganizationRole::Member));
    assert_eq!(stage.own_tokens(Person::Admin).await, [], "it is not the token of who made it");

    let delete = DeleteServiceAccount { account, expected_version: None };
    stage.scene.run(Person::Admin, delete).await.unwrap();
    assert_eq!(stage.actor(&issued).await, Err(INVALID));
}

#[tokio::test]
async fn an_organization_that_requires_a_second_factor_does_not_ask_programs_for_one() {
    let stage = stage();
    let account = service_account(&stage, OrganizationRole::Member).await;
    let scopes = input(&[Scope::TasksRead]);
    let service = stage.accounts.create_service_token(&Person::Admin.actor(), account, scopes).await.unwrap();
    let personal = stage.issue(Person::Peer, &[Scope::TasksRead]).await;
    for organization in &mut stage.scene.store.data().organizations {
        organization.require_mfa = true;
    }
    let viewer_of = async |token: &IssuedToken| stage.actor(token).await.unwrap().viewer().unwrap();
    // One whose cache does not know yet that nothing was required.
    let directory = SessionDirectory::new(Arc::new(MemoryCache::default()), stage.scene.app.queries.identity.clone());
    assert_eq!(directory.check_mfa(viewer_of(&service).await).await, Ok(()));
    let refused = directory.check_mfa(viewer_of(&personal).await).await;
    assert_eq!(refused, Err(AppError::MfaEnrollmentRequired));
}

#[tokio::test]
async fn tokens_of_a_service_account_are_for_those_who_could_have_made_it() {
    let stage = stage();
    let (member, admin) = (
        service_account(&stage, OrganizationRole::Member).await,
        service_account(&stage, OrganizationRole::Admin).await,
    );
    let create = |who: Person, account| {
        let accounts = stage.accounts.clone();
        async move { accounts.create_service_token(&who.actor(), account, input(&[Scope::TasksRead])).await.err() }
    };
    assert_eq!(create(Person::Member, member).await, Some(AppError::Forbidden(Permission::ManageMembers)));
    assert_eq!(create(Person::Admin, admin).await, Some(AppError::Forbidden(Permission::ManageOwners)));
    for (who, account) in [(Person::Stranger, member), (Person::Admin, Person::Peer.id())] {
        assert_eq!(create(who, account).await, Some(AppError::NotFound("service_account")), "{who:?}");
    }
    assert_eq!(create(Person::Owner, admin).await, None);
    let facts: Vec<_> = stage.scene.store.data().events.iter().filter_map(|event| event.fact()).collect();
    assert!(facts.contains(&Fact::Identity(tenon_domain::identity::IdentityFact::TokenCreated)));
}

#[tokio::test]
async fn a_suspended_service_account_gets_no_token() {
    let stage = stage();
    let account = service_account(&stage, OrganizationRole::Member).await;
    stage.scene.run(Person::Admin, SuspendMember { user: account, expected_version: None }).await.unwrap();
    let refused = AppError::from(OrganizationError::ServiceAccountSuspended);
    let actor = Person::Admin.actor();
    let outcome = stage.accounts.create_service_token(&actor, account, input(&[Scope::TasksRead])).await;
    assert_eq!(outcome.err(), Some(refused));
    stage.scene.run(Person::Admin, UnsuspendMember { user: account, expected_version: None }).await.unwrap();
    let outcome = stage.accounts.create_service_token(&actor, account, input(&[Scope::TasksRead])).await;
    assert!(outcome.is_ok());
}
