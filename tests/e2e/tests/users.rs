//! `/users/me/password` and `/users/me/email`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::time::Duration;

use serde_json::json;
use sqlx::{Connection, PgConnection, SqliteConnection};
use tenon_e2e_tests::{
    Answer, Deployment, Options, PASSWORD, Person, Server, eventually, on_every_deployment, on_own_servers,
    unique_email,
};

on_every_deployment!(
    a_password_is_changed_by_who_knows_it,
    a_changed_password_has_to_follow_the_rules,
    a_new_address_is_in_force_once_it_is_confirmed,
    a_taken_address_is_told_to_nobody_but_who_reads_it,
    without_the_present_password_nothing_changes,
);
on_own_servers!(a_password_is_hashed_anew_when_the_algorithm_has_changed);

const NEW_PASSWORD: &str = "a quieter place for staples";

async fn login(server: &Server, email: &str, password: &str) -> Answer {
    server.api().post("/auth/login", json!({"email": email, "password": password})).await
}

async fn change_email(person: &Person, email: &str) -> Answer {
    person.api.post("/users/me/email", json!({"current_password": PASSWORD, "new_email": email})).await
}

async fn confirm(server: &Server, email: &str) -> Answer {
    let token = server.mailed_token(email, "account/confirm-email", &[]).await;
    server.api().post("/auth/confirm-email", json!({"token": token})).await
}

/// A mail to the address that says this.
async fn told(server: &Server, email: &str, title: &str) -> String {
    let found = || async { server.mails_to(email).into_iter().find(|mail| mail.contains(title)) };
    eventually(title, found).await
}

async fn a_password_is_changed_by_who_knows_it(server: Server) {
    let person = Person::found(&server).await;
    let elsewhere = Person::signed_in(&server.api(), &login(&server, &person.email, PASSWORD).await.expect(200));
    let body = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
    person.api.post("/users/me/password", body.clone()).await.expect(204);
    person.api.get("/users/me").await.expect(200);
    elsewhere.api.get("/users/me").await.problem(401, "auth.ended_session");
    login(&server, &person.email, PASSWORD).await.problem(401, "auth.invalid_credentials");
    login(&server, &person.email, NEW_PASSWORD).await.expect(200);
    told(&server, &person.email, "Your password was changed").await;
    // With a key, the digest of the body would be kept.
    let with_key = person.api.post("/users/me/password", body).header("Idempotency-Key", "k").await;
    with_key.problem(400, "idempotency.not_supported");
}

async fn a_changed_password_has_to_follow_the_rules(server: Server) {
    let person = Person::found(&server).await;
    let body = json!({"current_password": PASSWORD, "new_password": "owner"});
    let faults = person.api.post("/users/me/password", body).await.faults(422);
    let all = ["identity.password_length", "identity.password_personal", "identity.password_weak"];
    assert_eq!(faults, all.map(|code| ("/new_password".to_owned(), code.to_owned())));
}

async fn without_the_present_password_nothing_changes(server: Server) {
    let person = Person::found(&server).await;
    let password = json!({"current_password": "not the password", "new_password": NEW_PASSWORD});
    let email = json!({"current_password": "not the password", "new_email": unique_email("Thief")});
    for (path, body) in [("/users/me/password", password), ("/users/me/email", email)] {
        let refused = person.api.post(path, body).await;
        refused.problem(422, "identity.current_password");
        assert_eq!(refused.faults(422)[0].0, "/current_password");
    }
    login(&server, &person.email, PASSWORD).await.expect(200);
}

async fn a_new_address_is_in_force_once_it_is_confirmed(server: Server) {
    let person = Person::found(&server).await;
    let new = unique_email("Countess");
    change_email(&person, &new.to_uppercase()).await.expect(202);
    assert_eq!(person.api.get("/users/me").await.expect(200)["email"], person.email, "not yet");
    confirm(&server, &new).await.expect(204);
    let me = person.api.get("/users/me").await.expect(200);
    assert_eq!((&me["email"], &me["email_verified"]), (&json!(new), &json!(true)));
    let notice = told(&server, &person.email, "Your email address was changed").await;
    assert!(notice.contains(&new), "{notice}");
    confirm(&server, &new).await.problem(401, "auth.invalid_account_token");
    login(&server, &person.email, PASSWORD).await.problem(401, "auth.invalid_credentials");
    login(&server, &new, PASSWORD).await.expect(200);
}

async fn a_taken_address_is_told_to_nobody_but_who_reads_it(server: Server) {
    let (person, other) = (Person::found(&server).await, Person::found(&server).await);
    let (free, taken) = (change_email(&person, &unique_email("Free")).await, change_email(&person, &other.email).await);
    assert_eq!((free.status, &free.text), (202, &taken.text));
    assert_eq!(taken.status, 202);
    let problem = confirm(&server, &other.email).await.problem(409, "identity.email_taken");
    assert_eq!(problem["errors"][0]["pointer"], "/token");
    assert_eq!(person.api.get("/users/me").await.expect(200)["email"], person.email);
    change_email(&person, "nobody").await.problem(422, "identity.email_format");
}

async fn a_password_is_hashed_anew_when_the_algorithm_has_changed(deployment: Deployment) {
    let first = Server::start(deployment, Options::default()).await;
    let person = Person::found(&first).await;
    let stored = async || stored_password(&first, &person.email).await;
    let with_bcrypt = stored().await;
    assert!(with_bcrypt.starts_with("$bcrypt-sha384$2b$04$"), "{with_bcrypt}");
    assert!(first.terminate_api(Duration::from_secs(20)));
    let server = first.beside(Options::default().with("TENON_PASSWORD_ALGORITHM", "argon2id")).await;
    login(&server, &person.email, "not the password").await.problem(401, "auth.invalid_credentials");
    assert_eq!(stored().await, with_bcrypt);
    login(&server, &person.email, PASSWORD).await.expect(200);
    let with_argon2 = stored().await;
    assert!(with_argon2.starts_with("$argon2id$v=19$m=65536,t=3,p=4$"), "{with_argon2}");
    login(&server, &person.email, PASSWORD).await.expect(200);
    assert_eq!(stored().await, with_argon2);
}

/// How the database has somebody's password.
async fn stored_password(server: &Server, email: &str) -> String {
    let sql = "SELECT password_hash FROM users WHERE email = $1";
    match server.database_url() {
        Some(url) => {
            let mut connection = PgConnection::connect(url).await.unwrap();
            sqlx::query_scalar(sql).bind(email).fetch_one(&mut connection).await.unwrap()
        }
        None => {
            let file = server.data_dir().join("tenon.db");
            let mut connection = SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap();
            sqlx::query_scalar(sql).bind(email).fetch_one(&mut connection).await.unwrap()
        }
    }
}
