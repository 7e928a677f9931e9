//! `/auth/sessions`, `/auth/logout-all`, and refresh tokens that come back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::time::Duration;

use serde_json::{Value, json};
use tenon_e2e_tests::{
    Answer, Api, Deployment, Options, PASSWORD, Person, Server, array, eventually, on_every_deployment, text,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

on_every_deployment!(
    sessions_are_listed_and_ended_one_by_one,
    signing_out_everywhere_ends_this_session_too,
    a_refresh_token_that_comes_back_ends_its_session_and_alarms_its_owner,
    nobody_ends_a_session_with_a_made_up_token,
    what_is_sent_slowly_is_judged_when_all_of_it_is_there,
);

/// Signs the same person in once more.
async fn sign_in(api: &Api, person: &Person, browser: &str) -> Person {
    let body = json!({"email": person.email, "password": PASSWORD});
    let granted = api.post("/auth/login", body).header("user-agent", browser).await.expect(200);
    Person::signed_in(api, &granted)
}

async fn refresh(api: &Api, token: &str) -> Answer {
    api.post("/auth/refresh", json!({"refresh_token": token})).await
}

/// The id of the session that somebody is here with.
async fn session_of(person: &Person) -> String {
    let sessions = person.all("/auth/sessions").await;
    text(sessions.iter().find(|session| session["current"] == true).unwrap(), "id")
}

async fn sessions_are_listed_and_ended_one_by_one(server: Server) {
    let person = Person::found(&server).await;
    let other = sign_in(&server.api(), &person, "Netscape/4.0").await;
    let listed = person.api.get("/auth/sessions?include=total").await.expect(200);
    assert_eq!((&listed["total"], &listed["next_cursor"]), (&json!(2), &Value::Null));
    let [last, here]: [Value; 2] = array(&listed).try_into().unwrap();
    assert_eq!((&last["user_agent"], &last["current"]), (&json!("Netscape/4.0"), &json!(false)));
    assert_eq!((&here["user_agent"], &here["current"]), (&Value::Null, &json!(true)));
    for session in [&last, &here] {
        assert_eq!(session["address"], "127.0.0.1");
        assert_eq!(session["organization_id"], person.organization_id.as_str());
        assert_eq!(session["created_at"], session["last_used_at"]);
        assert!(text(session, "expires_at") > text(session, "last_used_at"));
    }
    let first_page = person.api.get("/auth/sessions?limit=1").await.expect(200);
    let next = format!("/auth/sessions?limit=1&cursor={}", text(&first_page, "next_cursor"));
    assert_eq!(array(&person.api.get(next).await.expect(200)), [here]);

    let path = format!("/auth/sessions/{}", text(&last, "id"));
    let stranger = Person::found(&server).await;
    stranger.api.delete(&path).await.problem(404, "session.not_found");
    other.api.get("/users/me").await.expect(200);
    person.api.delete(&path).await.expect(204);
    other.api.get("/users/me").await.problem(401, "auth.ended_session");
    refresh(&server.api(), &other.refresh_token).await.problem(401, "auth.invalid_refresh_token");
    person.api.delete(&path).await.problem(404, "session.not_found");
    person.api.delete("/auth/sessions/nonsense").await.problem(404, "session.not_found");
    assert_eq!(person.all("/auth/sessions").await.len(), 1);
    person.api.delete(format!("/auth/sessions/{}", session_of(&person).await)).await.expect(204);
    person.api.get("/auth/sessions").await.problem(401, "auth.ended_session");
}

async fn signing_out_everywhere_ends_this_session_too(server: Server) {
    let person = Person::found(&server).await;
    let other = sign_in(&server.api(), &person, "Netscape/4.0").await;
    let stranger = Person::found(&server).await;
    person.api.post("/auth/logout-all", None).await.expect(204);
    for ended in [&person, &other] {
        ended.api.get("/users/me").await.problem(401, "auth.ended_session");
        refresh(&server.api(), &ended.refresh_token).await.problem(401, "auth.invalid_refresh_token");
    }
    stranger.api.get("/users/me").await.expect(200);
    let back = sign_in(&server.api(), &person, "curl/8").await;
    eventually("both ends on the audit trail", || async {
        (back.all("/audit-logs?action=auth.signed_out").await.len() == 2).then_some(())
    })
    .await;
}

async fn a_refresh_token_that_comes_back_ends_its_session_and_alarms_its_owner(server: Server) {
    let (person, api) = (Person::found(&server).await, server.api());
    let elsewhere = sign_in(&api, &person, "curl/8").await;
    let second = refresh(&api, &person.refresh_token).await.expect(200);
    let third = refresh(&api, &text(&second, "refresh_token")).await.expect(200);
    let here = api.with_token(&text(&third, "access_token"));
    here.get("/users/me").await.expect(200);

    let reused = refresh(&api, &person.refresh_token).await;
    reused.problem(401, "auth.refresh_token_reused");
    assert!(reused.header("www-authenticate").is_some());
    here.get("/users/me").await.problem(401, "auth.ended_session");
    refresh(&api, &text(&third, "refresh_token")).await.problem(401, "auth.invalid_refresh_token");
    refresh(&api, &person.refresh_token).await.problem(401, "auth.invalid_refresh_token");

    elsewhere.api.get("/users/me").await.expect(200);
    let entry = eventually("an audit entry", || async {
        elsewhere.all("/audit-logs?action=auth.refresh_token_reused").await.pop()
    })
    .await;
    assert!(entry["ip"].is_string() && entry["request_id"].is_string(), "{entry}");
    eventually("a mail", || async {
        server.mails_to(&person.email).into_iter().find(|mail| mail.contains("A session of yours was ended"))
    })
    .await;
}

async fn nobody_ends_a_session_with_a_made_up_token(server: Server) {
    let (person, api) = (Person::found(&server).await, server.api());
    let session = session_of(&person).await.replace('-', "");
    let secret = &person.refresh_token[person.refresh_token.len() - 64..];
    let reversed: String = secret.chars().rev().collect();
    for made_up in ["x".to_owned(), reversed, secret[1..].to_owned(), format!("{secret}AAAA")] {
        let token = format!("tenon_rt_{session}_{made_up}");
        refresh(&api, &token).await.problem(401, "auth.invalid_refresh_token");
    }
    person.api.get("/users/me").await.expect(200);
    refresh(&api, &person.refresh_token).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_is_ended_on_one_instance_has_ended_on_the_others() {
    let server = Server::start(Deployment::PostgresRedis, Options::default()).await;
    let second = server.start_second_api(Options::default()).await;
    let person = Person::found(&server).await;
    let there = person.api.at(&second.root);
    there.get("/users/me").await.expect(200);
    let path = format!("/auth/sessions/{}", session_of(&person).await);
    let owner = sign_in(&server.api(), &person, "curl/8").await;
    owner.api.delete(path).await.expect(204);
    has_ended(&there).await;

    let there = owner.api.at(&second.root);
    there.get("/users/me").await.expect(200);
    owner.api.post("/auth/logout-all", None).await.expect(204);
    has_ended(&there).await;
}

async fn has_ended(api: &Api) {
    eventually("an end that the other instance knows of", || async {
        (api.get("/users/me").await.status == 401).then_some(())
    })
    .await;
}

async fn what_is_sent_slowly_is_judged_when_all_of_it_is_there(server: Server) {
    let person = Person::found(&server).await;
    let address = server.root().strip_prefix("http://").unwrap().to_owned();
    let body = r#"{"name": "Outlives the session", "scopes": ["tasks:read"]}"#;
    let head = format!(
        "POST /api/v1/users/me/tokens HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        person.api.token(),
        body.len()
    );
    let mut socket = TcpStream::connect(&address).await.unwrap();
    socket.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    person.api.post("/auth/logout", None).await.expect(204);
    socket.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401") && answer.contains("auth.ended_session"), "{answer}");
}
