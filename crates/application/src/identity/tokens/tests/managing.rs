use super::*;

#[tokio::test]
async fn tokens_are_listed_to_their_owner_and_to_who_manages_them() {
    let stage = stage();
    let first = stage.issue(Person::Peer, &[Scope::TasksRead]).await.token;
    let second = stage.issue(Person::Member, &[Scope::TasksWrite]).await.token;
    let elsewhere = stage.issue(Person::Stranger, &[Scope::TasksWrite]).await.token;
    assert_eq!(stage.own_tokens(Person::Peer).await, std::slice::from_ref(&first));
    let app = &stage.scene.app;
    let list = |owner| ListOrganizationTokens { owner, page: page() };
    let all = app.ask(&Person::Admin.actor(), list(None)).await.unwrap().items;
    assert_eq!(all, [second.clone(), first.clone()]);
    let some = app.ask(&Person::Owner.actor(), list(Some(Person::Member.id()))).await.unwrap().items;
    assert_eq!(some, std::slice::from_ref(&second));
    let refused = Err(AppError::Forbidden(Permission::ManageTokens));
    assert_eq!(app.ask(&Person::Member.actor(), list(None)).await, refused);

    let own = FindToken { token: second.id };
    assert_eq!(app.ask(&Person::Member.actor(), own).await, Ok(second.clone()));
    assert_eq!(app.ask(&Person::Peer.actor(), own).await, Err(AppError::NotFound("token")));
    let any = |token| FindOrganizationToken { token };
    assert_eq!(app.ask(&Person::Admin.actor(), any(second.id)).await, Ok(second.clone()));
    assert_eq!(app.ask(&Person::Admin.actor(), any(elsewhere.id)).await, Err(AppError::NotFound("token")));

    let revoke = |token| RevokeOrganizationToken { token, expected_version: None };
    let denied = stage.scene.run(Person::Member, revoke(second.id)).await;
    assert_eq!(denied, Err(AppError::Forbidden(Permission::ManageTokens)));
    assert_eq!(stage.scene.run(Person::Admin, revoke(elsewhere.id)).await, Err(AppError::NotFound("token")));
    assert_eq!(stage.scene.run(Person::Admin, revoke(second.id)).await, Ok(()));
    assert_eq!(stage.own_tokens(Person::Member).await, []);
}

#[tokio::test]
async fn the_fiftieth_token_is_the_last_until_one_goes() {
    let stage = stage();
    let mut last = stage.issue(Person::Peer, &[Scope::TasksRead]).await;
    for _ in 1..PersonalAccessToken::MAX_LIVE {
        last = stage.issue(Person::Peer, &[Scope::TasksRead]).await;
    }
    let one_more = async || stage.accounts.create_token(&Person::Peer.actor(), input(&[Scope::TasksRead])).await;
    let too_many = AppError::from(IdentityError::TooManyTokens);
    assert_eq!(one_more().await.err(), Some(too_many));
    stage.scene.run(Person::Peer, RevokeToken { token: last.token.id, expected_version: None }).await.unwrap();
    assert!(one_more().await.is_ok());
}

#[tokio::test]
async fn a_session_that_has_ended_since_the_request_was_let_in_makes_no_token() {
    let stage = stage();
    let create =
        CreateServiceAccount { name: DisplayName::parse("Importer").unwrap(), role: OrganizationRole::Member.into() };
    let account = stage.scene.run(Person::Owner, create).await.unwrap().id;
    stage.scene.run(Person::Admin, EndAllSessions).await.unwrap();
    let (late, scopes) = (Person::Admin.actor(), input(&[Scope::TasksRead]));
    let ended = Some(AppError::Unauthenticated(Denial::EndedSession));
    assert_eq!(stage.accounts.create_token(&late, scopes.clone()).await.err(), ended);
    assert_eq!(stage.accounts.create_service_token(&late, account, scopes).await.err(), ended);
    assert_eq!(stage.scene.store.data().tokens, []);
}
