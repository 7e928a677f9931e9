use super::*;

#[tokio::test]
async fn who_is_deactivated_is_invited_like_anybody_and_accepts_nothing() {
    let mut scene = Scene::new();
    scene.set_deactivated(Person::Stranger, Some(at(5)));
    let invite = CreateInvitation { email: Person::Stranger.email(), role: OrganizationRole::Guest.into() };
    let id = scene.run(Person::Owner, invite).await.unwrap().id;
    find_addresses(&mut scene);
    for token in [id.to_string(), PlainInvitations.issue_for_mail(id)] {
        let wrong = accept(&scene, &token, None, Some("guessed password")).await.unwrap_err();
        assert_eq!(wrong, AppError::Unauthenticated(Denial::InvalidCredentials));
        let refused = accept(&scene, &token, None, Some("Stranger's password")).await.unwrap_err();
        assert_eq!(refused, AppError::Deactivated);
        assert_eq!(scene.told().last().unwrap(), "auth.sign_in_failed");
    }
    assert_eq!(role_in_acme(&scene, "stranger@example.com"), None);
    scene.set_deactivated(Person::Stranger, None);
    accept(&scene, &id.to_string(), None, Some("Stranger's password")).await.unwrap();
    assert_eq!(role_in_acme(&scene, "stranger@example.com"), Some(OrganizationRole::Guest));
}

#[tokio::test]
async fn a_second_factor_and_an_invitation_do_not_let_in_who_is_deactivated_either() {
    let (scene, id) = invited("stranger@example.com").await;
    let (accounts, nobody) = (sign_in_service(&scene).0, Actor::anonymous(Origin::default()));
    let stranger = Person::Stranger.actor();
    let app = accounts.begin_totp(&stranger, Password::attempt("Stranger's password".to_owned()), None).await.unwrap();
    accounts.confirm_totp(&stranger, &code_at(&app, at(10))).await.unwrap();
    scene.clock.set(11);
    let asked = accounts.accept_invitation(&nobody, input(&id.to_string(), None, Some("Stranger's password"))).await;
    let Err(AppError::MfaRequired(token)) = asked else { panic!("{asked:?}") };
    scene.set_deactivated(Person::Stranger, Some(at(11)));
    let code = crate::identity::MfaAnswer::Code(code_at(&app, at(11)));
    let refused = accounts.verify_mfa(&nobody, token.expose(), code).await.unwrap_err();
    assert_eq!(refused, AppError::Deactivated);
    assert_eq!(role_in_acme(&scene, "stranger@example.com"), None);
}
