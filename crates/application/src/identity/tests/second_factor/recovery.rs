use super::*;

#[tokio::test]
async fn a_recovery_code_is_good_once_and_its_owner_is_told() {
    let peer = Enrolled::new().await;
    let [code, ..] = peer.recovery_codes.as_slice() else { panic!("there are some") };
    peer.verify(&peer.login().await, &code.to_uppercase().replace('-', " ")).await.unwrap();
    assert_eq!(peer.scene.told(), ["auth.signed_in", "auth.recovery_code_used", "notification.email"]);
    let mail = mails(&peer.scene).pop().unwrap();
    assert_eq!((mail.kind.as_str(), mail.address.as_deref()), ("account.recovery_code_used", Some("peer@example.com")));
    assert!(mail.body.contains("9 of them"), "{}", mail.body);
    assert_eq!(peer.found().await.recovery_codes_left, 9);
    assert_eq!(peer.verify(&peer.login().await, code).await.unwrap_err(), WRONG);
}

#[tokio::test]
async fn new_recovery_codes_replace_those_that_are_left() {
    let peer = Enrolled::new().await;
    let actor = Person::Peer.actor();
    assert_eq!(peer.accounts.replace_recovery_codes(&actor, typed("000000")).await, broken(IdentityError::WrongCode));
    let second = peer.accounts.replace_recovery_codes(&actor, typed(peer.code())).await.unwrap();
    assert_eq!(peer.scene.told(), ["auth.recovery_codes_replaced", "notification.email"]);
    let told = || (mails(&peer.scene).pop().unwrap().kind, mails(&peer.scene).len());
    assert_eq!(told(), ("account.recovery_codes_replaced".to_owned(), 1));
    let old = peer.verify(&peer.login().await, &peer.recovery_codes[0]).await.unwrap_err();
    assert_eq!(old, WRONG);
    peer.verify(&peer.login().await, &second[0].grouped()).await.unwrap();
    assert_eq!(peer.found().await.recovery_codes_left, 9);

    peer.accounts.replace_recovery_codes(&actor, typed(second[1].grouped())).await.unwrap();
    assert_eq!(peer.found().await.recovery_codes_left, 10);
    assert_eq!(told(), ("account.recovery_codes_replaced".to_owned(), 3), "and of the sign-in with one of them");
}
