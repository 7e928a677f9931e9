use tenon_domain::TokenId;
use tenon_domain::access::{OrganizationRole, Scope};
use tenon_domain::identity::{DisplayName, Password};
use tenon_domain::organizations::{OrganizationError, OrganizationName};
use uuid::Uuid;

use super::*;
use crate::actor::{Actor, Credential, Origin, Principal, Viewer};
use crate::identity::{Accounts, FindProfile, FindSecondFactors, TotpEnrollment};
use crate::in_memory::{Person, Scene, at, code_at, sign_in_service, typed};
use crate::unit_of_work::StoreError;

fn require(required: bool) -> EditOrganization {
    EditOrganization { name: None, require_mfa: Some(required), expected_version: None }
}

fn rename(name: &str) -> EditOrganization {
    EditOrganization { name: OrganizationName::parse(name).ok(), require_mfa: None, expected_version: None }
}

async fn enroll(accounts: &Accounts, who: Person) -> TotpEnrollment {
    let password = Password::attempt(format!("{who:?}'s password"));
    let app = accounts.begin_totp(&who.actor(), password, None).await.unwrap();
    let code = code_at(&app, accounts.app.clock.now());
    accounts.confirm_totp(&who.actor(), &code).await.unwrap();
    app
}

/// Acme requires second factors, and only its owner has one.
async fn strict() -> (Scene, Accounts, TotpEnrollment) {
    let scene = Scene::new().with_sessions();
    let accounts = sign_in_service(&scene).0;
    let app = enroll(&accounts, Person::Owner).await;
    let view = scene.run(Person::Owner, require(true)).await.unwrap();
    assert!(view.require_mfa && view.version == 2);
    (scene, accounts, app)
}

#[tokio::test]
async fn only_who_has_a_second_factor_requires_it_of_others() {
    let scene = Scene::new();
    assert_eq!(scene.run(Person::Owner, require(true)).await, broken(OrganizationError::RequiresOwnMfa));
    let accounts = sign_in_service(&scene).0;
    accounts.begin_totp(&Person::Owner.actor(), Password::attempt("Owner's password".to_owned()), None).await.unwrap();
    let unconfirmed = scene.run(Person::Owner, require(true)).await;
    assert_eq!(unconfirmed, broken(OrganizationError::RequiresOwnMfa));
    assert_eq!(scene.run(Person::Member, require(true)).await, refused(Permission::EditOrganization));
    assert!(
        !scene.run(Person::Owner, require(false)).await.unwrap().require_mfa,
        "it takes nothing to require nothing"
    );
}

#[tokio::test]
async fn without_one_nothing_of_the_organization_is_in_reach_but_the_way_to_one() {
    let (scene, accounts, _) = strict().await;
    for who in [Person::Admin, Person::Member, Person::Guest] {
        let edit = scene.app.execute(&who.actor(), rename("Theirs")).await;
        assert_eq!(edit, Err(AppError::MfaEnrollmentRequired), "{who:?}");
        let find = scene.app.ask(&who.actor(), FindOrganization).await;
        assert_eq!(find, Err(AppError::MfaEnrollmentRequired), "{who:?}");
        scene.app.ask(&who.actor(), FindProfile).await.unwrap();
        scene.app.ask(&who.actor(), FindSecondFactors).await.unwrap();
    }
    assert!(scene.run(Person::Stranger, rename("Ajax Ltd")).await.is_ok(), "other organizations have their own rules");
    let anonymous = Actor::anonymous(Origin::default());
    let password = Password::attempt("Admin's password".to_owned());
    accounts.login(&anonymous, "admin@example.com", password).await.unwrap();

    enroll(&accounts, Person::Admin).await;
    assert_eq!(scene.run(Person::Admin, rename("Ours")).await.unwrap().name, "Ours");
}

#[tokio::test]
async fn it_counts_at_once_when_one_goes_and_when_the_rule_does() {
    let (scene, accounts, app) = strict().await;
    scene.clock.set(11);
    accounts.remove_totp(&Person::Owner.actor(), typed(code_at(&app, at(11)))).await.unwrap();
    assert_eq!(scene.run(Person::Owner, rename("Ours")).await, Err(AppError::MfaEnrollmentRequired));
    enroll(&accounts, Person::Owner).await;
    scene.run(Person::Owner, rename("Ours")).await.unwrap();
    assert_eq!(scene.run(Person::Admin, rename("Theirs")).await, Err(AppError::MfaEnrollmentRequired));
    assert!(!scene.run(Person::Owner, require(false)).await.unwrap().require_mfa);
    scene.run(Person::Admin, rename("Theirs")).await.unwrap();
}

#[tokio::test]
async fn a_token_changes_the_name_but_not_the_rule() {
    let (scene, ..) = strict().await;
    let scopes = [Scope::OrganizationWrite].into_iter().collect();
    let credential = Credential::Token(TokenId::new(Uuid::from_u128(7)), scopes);
    let principal = Principal::User { viewer: Person::Owner.viewer(), credential };
    let token = Actor { principal, origin: Origin::default() };
    for required in [true, false] {
        let refused = scene.app.execute(&token, require(required)).await;
        assert_eq!(refused, Err(AppError::SessionRequired), "{required}");
    }
    assert!(scene.app.execute(&token, rename("Ours")).await.unwrap().require_mfa);
}

#[tokio::test]
async fn a_program_needs_none() {
    let (scene, ..) = strict().await;
    let create =
        CreateServiceAccount { name: DisplayName::parse("Importer").unwrap(), role: OrganizationRole::Admin.into() };
    let program = scene.run(Person::Owner, create).await.unwrap().id;
    let viewer = Viewer::new(program, Scene::ACME, OrganizationRole::Admin);
    assert_eq!(scene.app.sessions.check_mfa(viewer).await, Ok(()));
}

#[tokio::test]
async fn a_rule_that_was_not_committed_is_not_known() {
    let scene = Scene::new().with_sessions();
    let accounts = sign_in_service(&scene).0;
    enroll(&accounts, Person::Owner).await;
    scene.store.fail_commits([StoreError::Unavailable("away".to_owned())]);
    scene.app.execute(&Person::Owner.actor(), require(true)).await.unwrap_err();
    scene.run(Person::Admin, rename("Ours")).await.unwrap();
}
