//! Who is let in, and as whom.

use super::*;

#[tokio::test]
async fn who_comes_for_the_first_time_gets_an_account_and_the_role_of_their_groups() {
    let stage = Stage::new().await;
    let signed_in = stage.sign_in(claims("Grace", &["bosses", "others"])).await;
    assert_eq!((signed_in.user.display_name.as_str(), signed_in.organization.id), ("Grace", Scene::ACME));
    assert_eq!(signed_in.organization.role, OrganizationRole::Admin);
    let told = stage.scene.told();
    let expected = [
        "user.registered",
        "user.email_verified",
        "auth.identity_linked",
        "organization.member_joined",
        "auth.signed_in",
    ];
    assert_eq!(told, expected);
    let data = stage.scene.store.data();
    let session = data.events.last().unwrap();
    assert_eq!(session.changes[0].to, serde_json::json!(stage.provider.to_string()), "the trail says who vouched");
    let user = data.users.iter().find(|it| it.id == signed_in.user.id).unwrap();
    assert!(!user.password_hash.is_usable() && user.email_verified_at.is_some());
    assert!(data.events.iter().all(|event| event.organization() == Some(Scene::ACME)));
}

#[tokio::test]
async fn who_has_an_address_that_another_subject_had_is_not_taken_for_that_one() {
    let stage = Stage::new().await;
    stage.sign_in(claims("Peer", &[])).await;
    let successor = VouchedClaims { subject: "successor".to_owned(), ..claims("Peer", &["bosses"]) };
    refused(&stage.visit(&stage.of_acme(), successor.clone()).await, SignInRefusal::OtherIdentity);
    assert_eq!(stage.role_of("peer@example.com"), Some(OrganizationRole::Member));
    // Another provider may know them, too.
    stage.redeem(&stage.visit(&Stage::of_deployment(), claims("Peer", &[])).await).await.unwrap();
    let identity = stage.scene.store.data().external_identities[0].id;
    stage.scene.run(Person::Peer, RemoveOwnIdentity { identity }).await.unwrap();
    assert_eq!(stage.sign_in(successor).await.user.id, Person::Peer.id());
}

#[tokio::test]
async fn an_account_is_linked_by_a_verified_address_and_its_owner_is_told() {
    let stage = Stage::new().await;
    let signed_in = stage.sign_in(claims("Peer", &[])).await;
    assert_eq!(signed_in.user.id, Person::Peer.id());
    assert_eq!(stage.scene.told()[..2], ["notification.email", "auth.identity_linked"]);
    // From then on the subject counts, whatever its address there.
    let renamed = VouchedClaims { email: None, email_verified: false, ..claims("Peer", &[]) };
    assert_eq!(stage.sign_in(renamed).await.user.id, Person::Peer.id());
    assert_eq!(stage.scene.store.data().external_identities.len(), 1);
}

#[tokio::test]
async fn nobody_is_linked_by_an_address_that_may_be_somebody_elses() {
    let stage = Stage::new().await;
    let key = stage.of_acme();
    let unverified = VouchedClaims { email_verified: false, ..claims("Peer", &[]) };
    refused(&stage.visit(&key, unverified).await, SignInRefusal::UnverifiedAddress);
    let nameless = VouchedClaims { email: None, ..claims("Peer", &[]) };
    refused(&stage.visit(&key, nameless).await, SignInRefusal::UnverifiedAddress);
    let elsewhere = VouchedClaims { email: Some("peer@example.org".to_owned()), ..claims("Peer", &[]) };
    refused(&stage.visit(&key, elsewhere).await, SignInRefusal::ForeignAddress);
    // Whoever registered the address has not shown that they read it, and knows a password.
    stage.scene.store.data().users.iter_mut().find(|it| it.id == Person::Peer.id()).unwrap().email_verified_at = None;
    refused(&stage.visit(&key, claims("Peer", &[])).await, SignInRefusal::UnverifiedAccount);
    assert!(stage.scene.store.data().external_identities.is_empty());
}

#[tokio::test]
async fn an_organization_vouches_for_its_own_domains_only_whatever_its_settings_say() {
    let stage = Stage::without_domain(settings(), None).await;
    let key = stage.of_acme();
    let unknown = AppError::NotFound("identity_provider");
    assert_eq!(stage.service.start(&key, PAGE.to_owned()).await, Err(unknown), "nobody is sent there");
    let attempt = CompleteSignIn { claims: claims("Grace", &[]), ..stage.attempt() };
    assert_eq!(stage.complete(attempt).await, Err(SignInRefusal::ForeignAddress));
    stage.verify_domain("example.com").await;
    assert_eq!(stage.sign_in(claims("Stranger", &[])).await.organization.id, Scene::ACME);
    // Who has another address by now is not the organization's any more.
    let other = tenon_domain::identity::Email::parse("stranger@example.org").unwrap();
    let id = Person::Stranger.id();
    stage.scene.store.data().users.iter_mut().find(|it| it.id == id).unwrap().email = other;
    refused(&stage.visit(&key, claims("Stranger", &[])).await, SignInRefusal::ForeignAddress);
}

#[tokio::test]
async fn an_address_that_is_kept_out_gets_no_membership() {
    let stage = Stage::new().await;
    for name in ["Grace", "Stranger"] {
        let address = tenon_domain::identity::Email::parse(&format!("{name}@example.com")).unwrap();
        let digest = stage.scene.app.addresses.digest(&address);
        stage.scene.store.data().excluded_addresses.push((Scene::ACME, digest));
        refused(&stage.visit(&stage.of_acme(), claims(name, &[])).await, SignInRefusal::NotAMember);
    }
    stage.sign_in(claims("Peer", &[])).await;
}

#[tokio::test]
async fn without_provisioning_nobody_gets_an_account_or_a_membership() {
    let stage = Stage::with(ProviderSettings { provisioning: false, ..settings() }, None).await;
    let key = stage.of_acme();
    refused(&stage.visit(&key, claims("Grace", &[])).await, SignInRefusal::NoAccount);
    refused(&stage.visit(&key, claims("Stranger", &[])).await, SignInRefusal::NotAMember);
    assert_eq!(stage.sign_in(claims("Peer", &[])).await.user.id, Person::Peer.id());
}

#[tokio::test]
async fn a_provider_of_the_deployment_vouches_for_everybody_and_gives_no_membership_by_itself() {
    let stage = Stage::without_domain(settings(), None).await;
    let key = Stage::of_deployment();
    let back = stage.visit(&key, claims("Stranger", &["bosses"])).await;
    let signed_in = stage.redeem(&back).await.unwrap();
    assert_eq!(signed_in.organization.id, Person::Stranger.organization(), "where they were");
    assert_eq!(stage.role_of("stranger@example.com"), None);
    refused(&stage.visit(&key, claims("Grace", &[])).await, SignInRefusal::NoAccount);
}

#[tokio::test]
async fn a_provider_of_the_deployment_may_name_an_organization() {
    let stage = Stage::without_domain(settings(), Some(Scene::ACME)).await;
    let back = stage.visit(&Stage::of_deployment(), claims("Grace", &[])).await;
    assert_eq!(stage.redeem(&back).await.unwrap().organization.id, Scene::ACME);
    assert_eq!(stage.role_of("grace@example.com"), Some(OrganizationRole::Member));
}

#[tokio::test]
async fn what_a_provider_says_of_one_issuer_says_nothing_of_another() {
    let stage = Stage::new().await;
    stage.sign_in(claims("Peer", &[])).await;
    let issuer = Issuer::parse("https://other.example.com").unwrap();
    {
        let mut data = stage.scene.store.data();
        data.identity_providers[0].1.settings.issuer = issuer;
    }
    let same_subject = VouchedClaims { subject: "peer".to_owned(), ..claims("Member", &[]) };
    assert_eq!(stage.sign_in(same_subject).await.user.id, Person::Member.id());
}

#[tokio::test]
async fn a_provider_counts_as_it_is_by_now() {
    let stage = Stage::new().await;
    let provider = |change: fn(&mut ProviderSettings)| {
        change(&mut stage.scene.store.data().identity_providers[0].1.settings);
    };
    provider(|it| it.group_roles = GroupRoles::default());
    stage.complete(stage.attempt()).await.unwrap();
    assert_eq!(stage.role_of("grace@example.com"), Some(OrganizationRole::Member), "bosses are no admins any more");
    provider(|it| it.client_id = ProviderClientId::parse("another").unwrap());
    assert_eq!(stage.complete(stage.attempt()).await, Err(SignInRefusal::UnknownProvider));
    provider(|it| (it.client_id, it.enabled) = (settings().client_id, false));
    assert_eq!(stage.complete(stage.attempt()).await, Err(SignInRefusal::UnknownProvider));
}

#[tokio::test]
async fn who_is_suspended_is_not_let_in_and_stays_so() {
    let stage = Stage::new().await;
    let back = stage.visit(&stage.of_acme(), claims("Peer", &[])).await;
    stage.scene.set_suspended(Person::Peer, Some(at(10)));
    assert_eq!(stage.redeem(&back).await.unwrap_err(), AppError::Suspended);
    assert_eq!(stage.scene.told().last().map(String::as_str), Some("auth.sign_in_failed"));
    // Also not by another role, which everybody else would hear of.
    let peer = VouchedClaims { groups: vec!["bosses".to_owned()], ..claims("Peer", &[]) };
    refused(&stage.visit(&stage.of_acme(), peer).await, SignInRefusal::Suspended);
    assert_eq!(stage.role_of("peer@example.com"), Some(OrganizationRole::Member));
}

#[tokio::test]
async fn who_is_deactivated_is_not_let_in_whoever_vouches_for_them() {
    for organization in [Some(Scene::ACME), None] {
        let stage = Stage::without_domain(settings(), organization).await;
        let key = Stage::of_deployment();
        let back = stage.visit(&key, claims("Peer", &[])).await;
        stage.scene.set_deactivated(Person::Peer, Some(at(10)));
        assert_eq!(stage.redeem(&back).await.unwrap_err(), AppError::Deactivated);
        assert_eq!(stage.scene.told().last().map(String::as_str), Some("auth.sign_in_failed"));
        refused(&stage.visit(&key, claims("Peer", &["bosses"])).await, SignInRefusal::Deactivated);
        assert_eq!(stage.role_of("peer@example.com"), Some(OrganizationRole::Member));
    }
    // Nor does an organization make members of them that has never seen them.
    let stage = Stage::new().await;
    stage.scene.set_deactivated(Person::Stranger, Some(at(10)));
    refused(&stage.visit(&stage.of_acme(), claims("Stranger", &[])).await, SignInRefusal::Deactivated);
    assert_eq!(stage.role_of("stranger@example.com"), None);
}
