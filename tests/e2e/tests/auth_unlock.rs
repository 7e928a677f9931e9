//! Sign-ins that fail too often: pauses, a lock, and `/auth/unlock`. Each test has client addresses of its own, because
//! they are what is counted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use serde_json::json;
use tenon_e2e_tests::{Answer, Api, PASSWORD, Person, Server, eventually, on_every_deployment, text, unique_email};

on_every_deployment!(
    guessing_is_slowed_down_whether_the_account_exists_or_not,
    an_account_that_is_guessed_at_from_everywhere_is_locked_for_strangers_until_its_owner_unlocks_it,
);

async fn sign_in(api: &Api, email: &str, password: &str) -> Answer {
    api.post("/auth/login", json!({"email": email, "password": password})).await
}

async fn guessing_is_slowed_down_whether_the_account_exists_or_not(server: Server) {
    let known = Person::found(&server).await.email;
    for (host, email) in [(1, &known), (2, &unique_email("Nobody"))] {
        let guesser = server.api().from_address([127, 0, 2, host].into());
        let mut wrong = 0;
        let paused = loop {
            let answer = sign_in(&guesser, email, "not the password").await;
            if answer.status == 429 {
                break answer;
            }
            answer.problem(401, "auth.invalid_credentials");
            wrong += 1;
            assert!(wrong < 20, "{wrong} guesses were let through");
        };
        assert!(wrong > 5, "anybody may mistype a few times: {wrong}");
        paused.problem(429, "auth.too_many_attempts");
        assert!(paused.header("retry-after").unwrap().parse::<u64>().unwrap() > 0);
    }
    // It concerns nobody else.
    sign_in(&server.api().from_address([127, 0, 2, 3].into()), &known, PASSWORD).await.expect(200);
    let other = Person::found(&server).await.email;
    sign_in(&server.api().from_address([127, 0, 2, 1].into()), &other, PASSWORD).await.expect(200);
}

async fn an_account_that_is_guessed_at_from_everywhere_is_locked_for_strangers_until_its_owner_unlocks_it(
    server: Server,
) {
    let owner = Person::found(&server).await;
    let phone = server.api().from_address([127, 0, 3, 200].into());
    server.lock_sign_in(&owner.email).await;
    let locked = sign_in(&phone, &owner.email, PASSWORD).await;
    locked.problem(429, "auth.sign_in_locked");
    assert!(locked.header("retry-after").unwrap().parse::<u64>().unwrap() > 0);
    // From where one has signed in before, it goes on.
    sign_in(&server.api(), &owner.email, PASSWORD).await.expect(200);

    let token = server.unlock_token(&owner.email).await;
    for worthless in ["", "nonsense", &token[1..]] {
        let refused = phone.post("/auth/unlock", json!({"token": worthless})).await;
        refused.problem(401, "auth.invalid_account_token");
    }
    sign_in(&phone, &owner.email, PASSWORD).await.problem(429, "auth.sign_in_locked");
    phone.post("/auth/unlock", json!({"token": token})).await.expect(204);
    phone.post("/auth/unlock", json!({"token": token})).await.problem(401, "auth.invalid_account_token");
    let granted = sign_in(&phone, &owner.email, PASSWORD).await.expect(200);
    assert_eq!(text(&granted["user"], "id"), owner.id);

    for action in ["auth.sign_in_locked", "auth.sign_in_unlocked"] {
        let path = format!("/audit-logs?action={action}");
        eventually(action, || async { owner.all(&path).await.pop() }).await;
    }
}
