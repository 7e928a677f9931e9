use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tenon_domain::identity::Password;
use tenon_domain::{EventId, Timestamp};

use super::*;
use crate::events::{Backlog, ClaimedEvent, FailedJob, Outbox, subscriber};
use crate::identity::RequestPasswordReset;
use crate::in_memory::{MemoryStore, PlainAccountTokens, PlainInvitations, sign_in_service};
use crate::ports::{MailError, Mailer, Message, PushMessage, PushSender};
use crate::unit_of_work::StoreError;

/// Knows the receipts of a scene, and notes what is sent. Refuses what goes to one address.
struct Post {
    store: MemoryStore,
    sent: Mutex<Vec<String>>,
    refused: Option<&'static str>,
}

#[async_trait]
impl Outbox for Post {
    async fn claim(&self, _: Timestamp, _: Timestamp, _: u64) -> Result<Vec<ClaimedEvent>, StoreError> {
        Ok(Vec::new())
    }

    async fn postpone(&self, _: &[EventId], _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }

    async fn unhandled(&self, events: &[EventId], subscriber: &str) -> Result<Vec<EventId>, StoreError> {
        let handled = |event: &EventId| self.store.data().receipts.contains(&(event.uuid(), subscriber.to_owned()));
        Ok(events.iter().copied().filter(|event| !handled(event)).collect())
    }

    async fn backlog(&self, _: Timestamp) -> Result<Backlog, StoreError> {
        Ok(Backlog::default())
    }

    async fn purge(&self, _: Timestamp) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn failed_jobs(&self, _: u64) -> Result<Vec<FailedJob>, StoreError> {
        Ok(Vec::new())
    }

    async fn retry_failed_jobs(&self, _: Timestamp) -> Result<u64, StoreError> {
        Ok(0)
    }
}

#[async_trait]
impl Mailer for Post {
    async fn send(&self, message: &Message) -> Result<(), MailError> {
        if self.refused == Some(message.to_address.as_str()) {
            return Err(MailError::Refused("no such mailbox".to_owned()));
        }
        self.sent.lock().unwrap().push(message.to_address.clone());
        Ok(())
    }
}

#[async_trait]
impl PushSender for Post {
    async fn send(&self, _: &PushMessage) -> Result<(), MailError> {
        Ok(())
    }
}

impl MessageRenderer for Post {
    fn render(&self, delivery: &Delivery, id: &str, to: &str, name: Option<&str>, _: &str) -> Result<Message, String> {
        Ok(Message {
            id: id.to_owned(),
            to_address: to.to_owned(),
            to_name: name.map(str::to_owned),
            subject: delivery.title.clone(),
            text: delivery.body.clone(),
            html: delivery.body.clone(),
        })
    }
}

fn deliveries(scene: &Scene, post: &Arc<Post>) -> Deliveries {
    Deliveries {
        app: scene.app.clone(),
        outbox: post.clone(),
        mailer: post.clone(),
        push: post.clone(),
        renderer: post.clone(),
        invitation_tokens: Arc::new(PlainInvitations),
        account_tokens: Arc::new(PlainAccountTokens),
        public_url: String::new(),
    }
}

/// Emails to the peer, the owner and the member, in this order.
async fn three_emails(scene: &Scene) -> Vec<EventRecord> {
    for (id, person) in [(20, Person::Peer), (21, Person::Owner), (22, Person::Member)] {
        let event = EventRecord { id: Uuid::from_u128(id), ..event(created(&[person]), Person::Admin) };
        notify(scene, &event).await;
    }
    scene.store.data().events.clone()
}

#[tokio::test]
async fn a_bundle_of_emails_is_sent_once_to_whom_each_is_for() {
    let scene = Scene::new();
    let emails = three_emails(&scene).await;
    let post = Arc::new(Post { store: scene.store.clone(), sent: Mutex::default(), refused: None });
    let deliveries = deliveries(&scene, &post);
    deliveries.send_emails(&emails[1..2]).await.unwrap();
    for _ in 0..2 {
        deliveries.send_emails(&emails).await.unwrap();
        let addresses = [Person::Owner, Person::Peer, Person::Member].map(|person| address(&scene, person));
        assert_eq!(*post.sent.lock().unwrap(), addresses);
    }
    deliveries.send_pushes(&emails).await.unwrap();
    for subscriber in [subscriber::EMAIL, subscriber::PUSH] {
        let ids: Vec<EventId> = emails.iter().map(|event| event.id.into()).collect();
        assert_eq!(post.unhandled(&ids, subscriber).await, Ok(Vec::new()));
    }
}

#[tokio::test]
async fn what_was_sent_before_one_failed_is_not_sent_again() {
    let scene = Scene::new();
    let emails = three_emails(&scene).await;
    let owner = address(&scene, Person::Owner);
    let refused = Some(&*owner.clone().leak());
    let post = Arc::new(Post { store: scene.store.clone(), sent: Mutex::default(), refused });
    let deliveries = deliveries(&scene, &post);
    for _ in 0..2 {
        let outcome = deliveries.send_emails(&emails).await;
        assert!(matches!(outcome, Err(DeliveryError::Mail(MailError::Refused(_)))), "{outcome:?}");
        assert_eq!(*post.sent.lock().unwrap(), [address(&scene, Person::Peer)]);
    }
}

#[tokio::test]
async fn what_is_no_delivery_is_refused() {
    let scene = Scene::new();
    let post = Arc::new(Post { store: scene.store.clone(), sent: Mutex::default(), refused: None });
    let outcome = deliveries(&scene, &post).send_emails(&[event(created(&[]), Person::Member)]).await;
    assert_eq!(outcome, Err(DeliveryError::NotADelivery));
}

fn address(scene: &Scene, person: Person) -> String {
    let data = scene.store.data();
    data.users.iter().find(|user| user.id == person.id()).unwrap().email.to_string()
}

#[tokio::test]
async fn what_was_still_to_be_said_to_who_has_deleted_their_account_is_not_said() {
    let scene = Scene::new();
    let accounts = sign_in_service(&scene).0;
    let mail = async |who: Person| {
        let forgot = RequestPasswordReset { email: who.email() };
        scene.app.execute(&Actor::anonymous(Origin::default()), forgot).await.unwrap();
    };
    mail(Person::Peer).await;
    mail(Person::Member).await;
    let password = Password::attempt("Peer's password".to_owned());
    accounts.delete_account(&Person::Peer.actor(), password, None).await.unwrap();
    let emails: Vec<EventRecord> = scene
        .store
        .data()
        .events
        .iter()
        .filter(|event| matches!(event.data, EventData::Delivery(_)))
        .cloned()
        .collect();
    let post = Arc::new(Post { store: scene.store.clone(), sent: Mutex::default(), refused: None });
    deliveries(&scene, &post).send_emails(&emails).await.unwrap();
    let sent = post.sent.lock().unwrap().clone();
    assert_eq!(sent, ["member@example.com", "peer@example.com"], "and the last is the word of it");
}
