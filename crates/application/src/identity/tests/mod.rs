mod changing_credentials;
mod deactivating;
mod deleting;
mod directory;
mod exporting;
mod external_tokens;
mod own_sessions;
mod passkeys;
mod reclaiming;
mod refreshing;
mod resetting_password;
mod second_factor;
mod sessions;
mod signing_in;
mod throttling;
mod verifying_email;

use super::*;

use tenon_domain::identity::{AccountRequestKind, Password};

use crate::actor::{Actor, Origin};
use crate::events::{Delivery, EventData};
use crate::in_memory::{Person, PlainAccountTokens, Scene};

fn nobody() -> Actor {
    Actor::anonymous(Origin { ip: Some("192.0.2.1".to_owned()), ..Origin::default() })
}

fn password(text: &str) -> Password {
    Password::attempt(text.to_owned())
}

/// The mails that were stored, each with where it goes.
fn mails(scene: &Scene) -> Vec<Delivery> {
    let data = scene.store.data();
    let deliveries = data.events.iter().filter_map(|event| match &event.data {
        EventData::Delivery(delivery) => Some(delivery.clone()),
        _ => None,
    });
    deliveries.collect()
}

/// The token in the last mail to an address.
fn mailed_token(scene: &Scene, kind: AccountRequestKind, address: &str) -> String {
    let mail = mails(scene).into_iter().rfind(|mail| mail.address.as_deref() == Some(address)).unwrap();
    assert_eq!(link_of(&mail.kind), Some(kind), "{mail:?}");
    PlainAccountTokens.issue(kind, mail.account_request.unwrap().into())
}

/// Makes it unknown whether somebody reads their address.
fn unverify(scene: &Scene, who: Person) {
    scene.store.data().users.iter_mut().find(|it| it.id == who.id()).unwrap().email_verified_at = None;
}

fn is_verified(scene: &Scene, who: Person) -> bool {
    let data = scene.store.data();
    data.users.iter().find(|it| it.id == who.id()).unwrap().email_verified_at.is_some()
}
