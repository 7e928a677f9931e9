//! Accepting by an account that there is already: its proof, and guesses at that.

use super::*;

#[tokio::test]
async fn what_was_checked_of_an_account_has_to_be_true_still_when_it_joins() {
    let (scene, invitation) = invited("stranger@example.com").await;
    let (accounts, nobody) = (sign_in_service(&scene).0, Actor::anonymous(Origin::default()));
    let known = scene.app.queries.identity.credentials(&Person::Stranger.email()).await.unwrap().unwrap();
    let join = |proof: Credentials| {
        let invitee = Invitee::Existing { user: Person::Stranger.id(), proof: Some(proof) };
        let command = AcceptInvitation {
            invitation,
            invitee,
            session: Person::Stranger.session(),
            refresh_hash: tenon_domain::identity::TokenHash::new("hash".to_owned()),
            client: tenon_domain::identity::Client::default(),
            mailed: true,
            verification: EmailVerification::Off,
        };
        scene.app.execute(&nobody, command)
    };
    let refused = AppError::Unauthenticated(Denial::InvalidCredentials);
    let old = PasswordHash::new("hash of an older password".to_owned());
    let outdated = Credentials { version: known.version - 1, password_hash: old, ..known.clone() };
    assert_eq!(join(outdated).await.unwrap_err(), refused);
    let stranger = Person::Stranger.actor();
    let app = accounts.begin_totp(&stranger, Password::attempt("Stranger's password".to_owned()), None).await.unwrap();
    accounts.confirm_totp(&stranger, &code_at(&app, at(10))).await.unwrap();
    assert_eq!(join(known).await.unwrap_err(), refused);
    assert_eq!(role_in_acme(&scene, "stranger@example.com"), None);
}

#[tokio::test]
async fn guessing_the_password_of_somebody_known_is_slowed_down_as_at_the_sign_in() {
    let (scene, id) = invited("stranger@example.com").await;
    let throttle = Arc::new(ScriptedThrottle::answering(Admission::Admitted));
    let accounts = Accounts { throttle: throttle.clone(), ..sign_in_service(&scene).0 };
    let (actor, guess) = (Actor::anonymous(Origin::default()), input(&id.to_string(), None, Some("guessed")));
    accounts.accept_invitation(&actor, guess.clone()).await.unwrap_err();
    assert_eq!(throttle.told(), [("failed", "stranger@example.com".to_owned())]);
    let retry_after = Duration::from_secs(7);
    throttle.answer(Admission::Paused(retry_after));
    let refused = accounts.accept_invitation(&actor, guess).await.unwrap_err();
    assert_eq!(refused, AppError::TooManyAttempts { retry_after });
}
