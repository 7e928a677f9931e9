//! `/domains`, `/organizations/joinable` and `/organizations/{organization}/join`: against a name server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use reqwest::Method;
use serde_json::{Value, json};
use tenon_e2e_tests::{
    Answer, Api, Deployment, NameServer, Options, PASSWORD, Person, Server, array, eventually, on_own_servers, text,
    unique_domain,
};

on_own_servers!(
    a_domain_is_proved_by_a_record,
    addresses_of_a_domain_join,
    a_new_account_is_no_way_around_a_suspension,
);

/// A server that asks a name server of its own.
async fn start(deployment: Deployment) -> (Server, NameServer) {
    let names = NameServer::start().await;
    let options = Options::default().with("TENON_DNS_SERVERS", names.address());
    (Server::start(deployment, options).await, names)
}

/// Registers somebody with this address.
async fn register(api: &Api, email: &str) -> Person {
    let body = json!({
        "email": email, "password": PASSWORD, "display_name": "Mia Member", "organization_name": "Her own",
    });
    Person::signed_in(api, &api.post("/auth/register", body).await.expect(201))
}

/// Has somebody open the link that is mailed to them.
async fn verify_address(server: &Server, person: &Person) {
    verify_address_again(server, person, &[]).await;
}

/// The same, for an address that was mailed these tokens before. Answers the new one.
async fn verify_address_again(server: &Server, person: &Person, known: &[String]) -> String {
    server.api().post("/auth/verify-email/resend", json!({"email": person.email})).await.expect(202);
    let token = server.mailed_token(&person.email, "account/verify-email", known).await;
    server.api().post("/auth/verify-email", json!({"token": token})).await.expect(204);
    token
}

async fn claim(person: &Person, domain: &str) -> Value {
    person.api.post("/domains", json!({"domain": domain})).await.expect(201)
}

async fn verify(person: &Person, domain: &Value) -> Answer {
    person.api.post(format!("/domains/{}/verify", text(domain, "id")), None).await
}

fn publish(names: &NameServer, domain: &Value) {
    names.say(&text(&domain["record"], "name"), &["v=spf1 -all", &text(&domain["record"], "value")]);
}

async fn a_domain_is_proved_by_a_record(deployment: Deployment) {
    let (server, names) = start(deployment).await;
    let owner = Person::found(&server).await;
    let domain = unique_domain();
    let created = owner.api.post("/domains", json!({"domain": domain.to_uppercase()})).await;
    let claimed = created.expect(201);
    assert_eq!((&claimed["domain"], &claimed["state"]), (&json!(domain), &json!("pending")));
    let record = &claimed["record"];
    assert_eq!((&record["name"], &record["type"]), (&json!(format!("_tenon-challenge.{domain}")), &json!("TXT")));
    assert!(text(record, "value").starts_with("tenon-verification="), "{record}");
    assert_eq!((&claimed["auto_join_role"], &claimed["verified_at"]), (&Value::Null, &Value::Null));
    let location = created.header("location").and_then(|path| path.strip_prefix("/api/v1")).unwrap().to_owned();
    let read = owner.api.get(&location).await;
    assert_eq!((read.expect(200), read.etag()), (claimed.clone(), created.etag()));
    owner.api.get(&location).header("if-none-match", read.etag()).await.expect(304);
    owner.api.post("/domains", json!({"domain": domain})).await.problem(409, "domain.already_claimed");
    for (wrong, code) in
        [("localhost", "domain.format"), ("192.0.2.1", "domain.format"), ("gmail.com", "domain.public")]
    {
        owner.api.post("/domains", json!({"domain": wrong})).await.problem(422, code);
    }

    let missing = verify(&owner, &claimed).await.problem(422, "domain.record_missing");
    assert!(text(&missing, "detail").contains(&text(record, "value")), "it says what was looked for: {missing}");
    names.fail(true);
    let away = verify(&owner, &claimed).await;
    away.problem(503, "unavailable");
    assert!(away.header("retry-after").is_some());
    names.fail(false);
    owner.api.patch(&location, json!({"auto_join_role": "member"})).await.problem(409, "domain.not_verified");
    publish(&names, &claimed);
    let verified = verify(&owner, &claimed).await.expect(200);
    assert_eq!((&verified["state"], &verified["version"]), (&json!("verified"), &json!(2)));
    assert!(verified["verified_at"].is_string());

    // Another organization that could prove it, too, does not get it.
    let other = Person::found(&server).await;
    let theirs = claim(&other, &domain).await;
    names.say(&text(record, "name"), &[&text(record, "value"), &text(&theirs["record"], "value")]);
    verify(&other, &theirs).await.problem(409, "domain.taken");
    owner.api.patch(&location, json!({"auto_join_role": "admin"})).await.problem(422, "domain.auto_join_role");
    let stale = owner.api.patch(&location, json!({"auto_join_role": "guest"})).header("if-match", created.etag());
    stale.await.problem(412, "version.stale");
    let opened = owner.api.patch(&location, json!({"auto_join_role": "guest"})).await.expect(200);
    assert_eq!(opened["auto_join_role"], "guest");
    assert_eq!(array(&owner.api.get("/domains").await.expect(200)), [opened]);
    owner.api.delete(&location).await.expect(204);
    owner.api.get(&location).await.problem(404, "domain.not_found");
    assert_eq!(verify(&other, &theirs).await.expect(200)["state"], "verified");
    for action in ["domain_claimed", "domain_verified", "domain_updated", "domain_removed"] {
        let trail = format!("/audit-logs?action=organization.{action}");
        eventually(action, || async { array(&owner.api.get(&trail).await.expect(200)).pop() }).await;
    }

    let member = owner.invite("Mia Member", "member").await;
    member.api.get("/domains").await.problem(403, "permission.denied");
    member.api.post("/domains", json!({"domain": unique_domain()})).await.problem(403, "permission.denied");
}

async fn addresses_of_a_domain_join(deployment: Deployment) {
    let (server, names) = start(deployment).await;
    let owner = Person::found(&server).await;
    let domain = unique_domain();
    let early = register(&server.api(), &format!("early@{domain}")).await;
    verify_address(&server, &early).await;
    let claimed = claim(&owner, &domain).await;
    publish(&names, &claimed);
    verify(&owner, &claimed).await.expect(200);
    let path = format!("/domains/{}", text(&claimed, "id"));
    owner.api.patch(&path, json!({"auto_join_role": "member"})).await.expect(200);
    let role_of = async |person: &Person| {
        let members = owner.all("/members").await;
        members.into_iter().find(|it| it["user_id"] == *person.id).map(|it| text(&it, "role"))
    };
    let joinable = async |person: &Person| person.all("/organizations/joinable").await;

    // Who shows that they read an address there joins at once.
    let mia = register(&server.api(), &format!("mia@{domain}")).await;
    assert_eq!(joinable(&mia).await, Vec::<Value>::new());
    assert_eq!(role_of(&mia).await, None);
    verify_address(&server, &mia).await;
    assert_eq!(role_of(&mia).await.as_deref(), Some("member"));
    assert_eq!(mia.all("/organizations").await.len(), 2);

    // Who had shown it before joins when they like.
    let open = json!({"id": owner.organization_id, "name": "Analytical Engines", "role": "member"});
    assert_eq!(joinable(&early).await, [open]);
    let join = format!("/organizations/{}/join", owner.organization_id);
    assert_eq!(early.api.post(&join, None).await.expect(200)["role"], "member");
    early.api.post(&join, None).await.problem(409, "organization.already_member");
    assert_eq!(role_of(&early).await.as_deref(), Some("member"));
    assert_eq!(joinable(&early).await, Vec::<Value>::new());
    let switch = json!({"organization_id": owner.organization_id});
    early.api.post("/auth/switch-organization", switch).await.expect(200);

    // Who was removed does not come back by themselves.
    owner.api.delete(format!("/members/{}", early.id)).await.expect(204);
    let login = json!({"email": early.email, "password": PASSWORD});
    let early = Person::signed_in(&server.api(), &server.api().post("/auth/login", login).await.expect(200));
    assert_eq!(joinable(&early).await, Vec::<Value>::new());
    early.api.post(&join, None).await.problem(404, "organization.not_found");
    let invitation = json!({"email": early.email, "role": "guest"});
    let invitation = owner.api.post("/invitations", invitation).await.expect(201);
    let accept = json!({"token": invitation["token"], "password": PASSWORD});
    server.api().post("/invitations/accept", accept).await.expect(200);
    assert_eq!(role_of(&early).await.as_deref(), Some("guest"));

    // Of other domains nobody is let in, nor where it is closed again.
    let other = Person::found(&server).await;
    verify_address(&server, &other).await;
    other.api.post(&join, None).await.problem(404, "organization.not_found");
    owner.api.patch(&path, json!({"auto_join_role": null})).await.expect(200);
    let late = register(&server.api(), &format!("late@{domain}")).await;
    verify_address(&server, &late).await;
    assert_eq!((role_of(&late).await, joinable(&late).await), (None, Vec::new()));
}

async fn a_new_account_is_no_way_around_a_suspension(deployment: Deployment) {
    let (server, names) = start(deployment).await;
    let (owner, host) = (Person::found(&server).await, Person::found(&server).await);
    let domain = unique_domain();
    let claimed = claim(&owner, &domain).await;
    publish(&names, &claimed);
    verify(&owner, &claimed).await.expect(200);
    let path = format!("/domains/{}", text(&claimed, "id"));
    owner.api.patch(&path, json!({"auto_join_role": "member"})).await.expect(200);
    let is_member = async |person: &Person| owner.all("/members").await.iter().any(|it| it["user_id"] == *person.id);

    let email = format!("sue@{domain}");
    let invitation = host.api.post("/invitations", json!({"email": email, "role": "member"})).await.expect(201);
    let accept = json!({"token": invitation["token"], "display_name": "Sue Suspended", "password": PASSWORD});
    let sue = server.api().post("/invitations/accept", accept).await.expect(200);
    let sue = Person::signed_in(&server.api(), &sue);
    let first = verify_address_again(&server, &sue, &[]).await;
    assert!(is_member(&sue).await);
    owner.api.post(format!("/members/{}/suspend", sue.id), None).await.expect(200);
    sue.api.call(Method::DELETE, "/users/me", Some(json!({"password": PASSWORD}))).await.expect(204);

    let again = register(&server.api(), &email).await;
    verify_address_again(&server, &again, &[first]).await;
    assert!(!is_member(&again).await);
    assert_eq!(again.all("/organizations/joinable").await, Vec::<Value>::new());
    let join = format!("/organizations/{}/join", owner.organization_id);
    again.api.post(&join, None).await.problem(404, "organization.not_found");

    // Until she is wanted again.
    let invitation = owner.api.post("/invitations", json!({"email": email, "role": "guest"})).await.expect(201);
    let accept = json!({"token": invitation["token"], "password": PASSWORD});
    server.api().post("/invitations/accept", accept).await.expect(200);
    assert!(is_member(&again).await);
}
