use super::*;

#[tokio::test]
async fn a_credential_belongs_to_one_account_and_an_account_has_twenty() {
    let peer = WithPasskey::new().await;
    let taken = add(&peer.accounts, Person::Member, "phone").await;
    assert_eq!(taken.unwrap_err(), AppError::from(IdentityError::PasskeyRegistered));
    for number in 1..Passkey::MAX_PER_USER {
        let proof = peer.proof(u32::try_from(number).unwrap()).await;
        let (_, codes) = add_with(&peer.accounts, Person::Peer, &format!("key{number}"), proof).await.unwrap();
        assert_eq!(codes, None, "there are some");
    }
    let full = add(&peer.accounts, Person::Peer, "one more").await;
    assert_eq!(full.unwrap_err(), AppError::from(IdentityError::TooManyPasskeys));
}

#[tokio::test]
async fn passkeys_are_listed_renamed_and_removed_by_their_owner() {
    let peer = WithPasskey::new().await;
    let (actor, id) = (Person::Peer.actor(), peer.passkey.id);
    let app = &peer.scene.app;
    let all = PageRequest { limit: 50, after: None, sort: Vec::new(), include_total: false };
    let listed = app.ask(&actor, ListPasskeys { page: all.clone() }).await.unwrap();
    assert_eq!(listed.items, std::slice::from_ref(&peer.passkey));
    let rename = |text: &str, expected_version| RenamePasskey { passkey: id, name: Some(name(text)), expected_version };
    assert_eq!(app.execute(&actor, rename("Old", Some(7))).await, Err(AppError::PreconditionFailed));
    let renamed = app.execute(&actor, rename("Old phone", Some(1))).await.unwrap();
    assert_eq!((renamed.name.as_str(), renamed.version), ("Old phone", 2));
    let member = Person::Member.actor();
    assert_eq!(app.execute(&member, rename("Mine", None)).await, Err(AppError::NotFound("passkey")));
    assert_eq!(app.ask(&member, FindPasskey { passkey: id }).await, Err(AppError::NotFound("passkey")));
    assert!(app.ask(&member, ListPasskeys { page: all }).await.unwrap().items.is_empty());

    let proof = peer.proof(1).await;
    let remove = async |who: Person, given: &str, version| {
        peer.accounts.remove_passkey(&who.actor(), id, password(given), proof.clone(), version).await
    };
    assert_eq!(remove(Person::Member, "Member's password", None).await, Err(AppError::NotFound("passkey")));
    assert_eq!(remove(Person::Peer, "not the password", None).await, broken(IdentityError::WrongPassword));
    assert_eq!(remove(Person::Peer, "Peer's password", Some(1)).await, Err(AppError::PreconditionFailed));
    remove(Person::Peer, "Peer's password", Some(2)).await.unwrap();
    assert_eq!(peer.sign_in(2).await.unwrap_err(), REFUSED);
    assert_eq!(mails(&peer.scene).pop().unwrap().kind, "account.passkey_removed");
}
