//! `/users/me/tokens` and `/organizations/current/tokens`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use serde_json::{Value, json};
use tenon_e2e_tests::tokens::checksum;
use tenon_e2e_tests::{
    Api, Deployment, Options, PASSWORD, Person, Server, array, eventually, on_deployment, on_every_deployment, text,
};

on_every_deployment!(
    a_token_is_shown_once,
    bad_tokens_are_not_made,
    a_token_does_what_its_scopes_say,
    a_token_does_no_more_than_its_owner_may_at_that_moment,
    tokens_touch_neither_tokens_nor_sessions,
    a_token_acts_in_one_organization,
    revoked_tokens_are_worthless_at_once,
    tokens_end_with_the_membership,
    what_is_no_genuine_token_is_refused,
    what_a_token_did_is_told,
    tokens_are_managed_by_those_who_may,
);
on_deployment!(mysql_redis, MysqlRedis, a_token_is_shown_once, revoked_tokens_are_worthless_at_once);

/// The ids in a list.
async fn ids(api: &Api, list: &str) -> Vec<String> {
    array(&api.get(list).await.expect(200)).iter().map(|token| text(token, "id")).collect()
}

async fn a_token_is_shown_once(server: Server) {
    let owner = Person::found(&server).await;
    let (first, _) = owner.token(&["admin:audit"]).await;
    let known = owner.api.get(format!("/users/me/tokens/{first}")).await.expect(200);
    // A moment that is ahead whenever this runs, in another offset.
    let year: i32 = text(&known, "created_at")[..4].parse().unwrap();
    let end = format!("{}-03-01T01:00:00+01:00", year + 2);
    let scopes = ["tasks:write", "profile:read", "tasks:write"];
    let body = json!({"name": "Nightly import", "scopes": scopes, "expires_at": end});
    let created = owner.api.post("/users/me/tokens", body).await;
    let mut made = created.expect(201);
    let secret = made["token"].take();
    let digits = secret.as_str().and_then(|it| it.strip_prefix("tenon_pat_")).unwrap();
    assert_eq!(digits.len(), 72);
    assert!(digits.bytes().all(|digit| digit.is_ascii_alphanumeric()), "{digits}");
    assert_eq!(made["name"], "Nightly import");
    assert_eq!(made["scopes"], json!(["tasks:write", "profile:read"]));
    assert_eq!(made["owner_id"], owner.id.as_str());
    assert_eq!(made["owner_name"], "Ada Owner");
    assert_eq!(made["expires_at"], format!("{}-03-01T00:00:00.000Z", year + 2));
    assert_eq!(made["last_used_at"], Value::Null);
    let location = created.header("location").and_then(|path| path.strip_prefix("/api/v1")).unwrap();
    let read = owner.api.get(location).await;
    made.as_object_mut().unwrap().remove("token");
    assert_eq!(read.expect(200), made);
    let listed = owner.api.get("/users/me/tokens?include=total").await;
    assert_eq!(listed.expect(200), json!({"data": [made, known], "next_cursor": null, "total": 2}));
    let page = owner.api.get("/users/me/tokens?limit=1").await.expect(200);
    let next = format!("/users/me/tokens?limit=1&cursor={}", text(&page, "next_cursor"));
    assert_eq!(ids(&owner.api, &next).await, [first]);
    for answer in [read, listed] {
        assert!(!answer.text.contains(digits), "{}", answer.text);
    }
}

async fn bad_tokens_are_not_made(server: Server) {
    let owner = Person::found(&server).await;
    let create = async |body: &Value| owner.api.post("/users/me/tokens", body.clone()).await;
    let faults = create(&json!({"name": " ", "scopes": []})).await.faults(422);
    let expected = [("/name", "identity.token_name_length"), ("/scopes", "identity.token_without_scopes")];
    assert_eq!(faults, expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
    for end in ["2020-01-01T00:00:00Z", "9999-01-01T00:00:00Z"] {
        let faults = create(&json!({"name": "A", "scopes": ["tasks:read"], "expires_at": end})).await.faults(422);
        assert_eq!(faults, [("/expires_at".to_owned(), "identity.token_expiry".to_owned())], "{end}");
    }
    for body in [
        json!({"name": "A", "scopes": ["tasks:delete"]}),
        json!({"name": "A", "scopes": "tasks:read"}),
        json!({"name": "A", "scopes": ["tasks:read"], "expires_at": "tomorrow"}),
        json!({"name": "A", "scopes": ["tasks:read"], "owner_id": owner.id}),
    ] {
        create(&body).await.problem(400, "body.invalid");
    }
    // Its answer would have to be kept.
    let once = owner.api.post("/users/me/tokens", json!({"name": "A", "scopes": ["tasks:read"]}));
    once.header("idempotency-key", "once").await.problem(400, "idempotency.not_supported");
    assert_eq!(ids(&owner.api, "/users/me/tokens").await, Vec::<String>::new());
}

async fn a_token_does_what_its_scopes_say(server: Server) {
    let owner = Person::found(&server).await;
    let project = owner.project("ENG").await;
    let (_, robot) = owner.token(&["tasks:write", "profile:read"]).await;
    let create = json!({"project_id": project["id"], "title": "By a program"});
    let task = robot.post("/tasks", create).await.expect(201);
    assert_eq!(task["reporter_id"], owner.id.as_str());
    assert_eq!(robot.get("/users/me").await.expect(200)["id"], owner.id.as_str());
    // Who writes reads.
    let path = format!("/tasks/{}", text(&task, "id"));
    assert_eq!(robot.get(&path).await.expect(200), task);
    let refused = robot.get("/projects").await;
    let problem = refused.problem(403, "auth.insufficient_scope");
    assert!(text(&problem, "detail").contains("projects:read"), "{problem}");
    let challenge = r#"Bearer realm="tenon", error="insufficient_scope", scope="projects:read""#;
    assert_eq!(refused.header("www-authenticate"), Some(challenge));
    // Who reads does not write, and is refused before anything is said about what there is.
    let (_, reader) = owner.token(&["tasks:read"]).await;
    reader.patch(&path, json!({"title": "Changed"})).await.problem(403, "auth.insufficient_scope");
    reader.delete("/tasks/NONE-1").await.problem(403, "auth.insufficient_scope");
    // Nor is what lies in the cache for those without the scope.
    let (_, stranger) = owner.token(&["projects:write"]).await;
    assert_eq!(reader.get(&path).await.expect(200), task);
    stranger.get(&path).await.problem(403, "auth.insufficient_scope");
}

async fn a_token_does_no_more_than_its_owner_may_at_that_moment(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let (_, robot) = member.token(&["members:write"]).await;
    robot.get("/members").await.expect(200);
    robot.get("/invitations").await.problem(403, "permission.denied");
    let role = async |role: &str| {
        owner.api.patch(format!("/members/{}", member.id), json!({"role": role})).await.expect(200);
    };
    role("admin").await;
    robot.get("/invitations").await.expect(200);
    role("guest").await;
    robot.get("/members").await.problem(403, "permission.denied");
}

async fn tokens_touch_neither_tokens_nor_sessions(server: Server) {
    let owner = Person::found(&server).await;
    let scopes = owner.api.scopes().await;
    let scopes: Vec<_> = scopes.iter().map(String::as_str).collect();
    let (id, robot) = owner.token(&scopes).await;
    let made = robot.post("/users/me/tokens", json!({"name": "Another", "scopes": ["tasks:read"]})).await;
    made.problem(403, "auth.session_required");
    robot.delete(format!("/users/me/tokens/{id}")).await.problem(403, "auth.session_required");
    robot.get("/organizations/current/tokens").await.problem(403, "auth.session_required");
    robot.post("/auth/logout", None).await.problem(403, "auth.session_required");
    let switch = json!({"organization_id": owner.organization_id});
    robot.post("/auth/switch-organization", switch).await.problem(403, "auth.session_required");
    // It is as good as before, and so is the session.
    robot.get("/users/me").await.expect(200);
    owner.api.get("/users/me").await.expect(200);
}

async fn a_token_acts_in_one_organization(server: Server) {
    let owner = Person::found(&server).await;
    let (id, robot) = owner.token(&["organization:read"]).await;
    let second = owner.api.post("/organizations", json!({"name": "Second"})).await.expect(201);
    let switched = owner.api.post("/auth/switch-organization", json!({"organization_id": second["id"]})).await;
    let there = Person::signed_in(&server.api(), &switched.expect(200));
    assert_eq!(robot.get("/organizations/current").await.expect(200)["name"], "Analytical Engines");
    for tokens in ["/users/me/tokens", "/organizations/current/tokens"] {
        assert_eq!(ids(&there.api, tokens).await, Vec::<String>::new());
        there.api.get(format!("{tokens}/{id}")).await.problem(404, "token.not_found");
        there.api.delete(format!("{tokens}/{id}")).await.problem(404, "token.not_found");
    }
    robot.get("/organizations/current").await.expect(200);
}

async fn revoked_tokens_are_worthless_at_once(server: Server) {
    let owner = Person::found(&server).await;
    let ((id, robot), (_, other)) = (owner.token(&["profile:read"]).await, owner.token(&["profile:read"]).await);
    robot.get("/users/me").await.expect(200);
    let path = format!("/users/me/tokens/{id}");
    assert_eq!(owner.api.delete(&path).await.expect(204), Value::Null);
    let refused = robot.get("/users/me").await;
    refused.problem(401, "auth.invalid_token");
    assert_eq!(refused.header("www-authenticate"), Some(r#"Bearer realm="tenon", error="invalid_token""#));
    owner.api.get(&path).await.problem(404, "token.not_found");
    owner.api.delete(&path).await.problem(404, "token.not_found");
    assert!(!ids(&owner.api, "/users/me/tokens").await.contains(&id));
    other.get("/users/me").await.expect(200);
}

async fn tokens_end_with_the_membership(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let (id, robot) = member.token(&["profile:read"]).await;
    robot.get("/users/me").await.expect(200);
    owner.api.delete(format!("/members/{}", member.id)).await.expect(204);
    robot.get("/users/me").await.problem(401, "auth.invalid_token");
    owner.api.get(format!("/organizations/current/tokens/{id}")).await.problem(404, "token.not_found");
    // They do not come back with their owner.
    let again = json!({"email": member.email, "role": "member"});
    let invited = owner.api.post("/invitations", again).await.expect(201);
    let accept = json!({"token": text(&invited, "token"), "password": PASSWORD});
    let accepted = server.api().post("/invitations/accept", accept).await;
    let back = Person::signed_in(&server.api(), &accepted.json());
    assert_eq!((back.id.as_str(), ids(&back.api, "/users/me/tokens").await), (member.id.as_str(), Vec::new()));
    robot.get("/users/me").await.problem(401, "auth.invalid_token");
}

async fn what_is_no_genuine_token_is_refused(server: Server) {
    let owner = Person::found(&server).await;
    let (_, robot) = owner.token(&["profile:read"]).await;
    let genuine = robot.token().to_owned();
    let swapped = |place: usize| {
        let mut digits = genuine.clone().into_bytes();
        digits[place] = if digits[place] == b'0' { b'1' } else { b'0' };
        String::from_utf8(digits).unwrap()
    };
    let mut made_up = vec!["tenon_pat_".to_owned(), format!("{genuine}0"), genuine[..genuine.len() - 1].to_owned()];
    // In the id, in the secret and in the checksum.
    made_up.extend([12, 40, genuine.len() - 1].map(swapped));
    for token in made_up {
        let refused = owner.api.with_token(&token).get("/users/me").await;
        refused.problem(401, "auth.invalid_token");
    }
    // The id of one with the secret of another, and a checksum that fits.
    let (_, other) = owner.token(&["profile:read"]).await;
    let crossed = format!("{}{}", &genuine[10..32], &other.token()[32..76]);
    let crossed = format!("tenon_pat_{crossed}{}", checksum(&crossed));
    robot.with_token(&crossed).get("/users/me").await.problem(401, "auth.invalid_token");
    let same = format!("tenon_pat_{}{}", &genuine[10..76], checksum(&genuine[10..76]));
    assert_eq!(same, genuine, "the checksum is the documented one");
}

async fn what_a_token_did_is_told(server: Server) {
    let owner = Person::found(&server).await;
    let (id, robot) = owner.token(&["projects:write"]).await;
    let body = json!({"key": "BOT", "name": "By a program", "visibility": "private"});
    let project = robot.post("/projects", body).await.expect(201);
    let used = eventually("a use", || async {
        let token = owner.api.get(format!("/users/me/tokens/{id}")).await.expect(200);
        token["last_used_at"].is_string().then_some(token)
    })
    .await;
    assert!(text(&used, "last_used_at") >= text(&used, "created_at"), "{used}");
    let entry = async |filter: String| {
        eventually(&filter, || async { array(&owner.api.get(format!("/audit-logs?{filter}")).await.expect(200)).pop() })
            .await
    };
    let by_it = entry(format!("resource_id={}", text(&project, "id"))).await;
    let actor = json!({"type": "user", "id": owner.id, "name": "Ada Owner", "token_id": id});
    assert_eq!(by_it["actor"], actor);
    let made = entry(format!("resource_type=token&resource_id={id}")).await;
    assert_eq!(made["action"], "token.created");
    assert_eq!(made["actor"]["token_id"], Value::Null);
    assert_eq!(made["resource"]["name"], "Robot");
    let scopes = json!({"field": "scopes", "from": null, "to": ["projects:write"]});
    assert!(made["changes"].as_array().unwrap().contains(&scopes), "{made}");
    owner.api.delete(format!("/users/me/tokens/{id}")).await.expect(204);
    entry(format!("action=token.revoked&resource_id={id}")).await;
}

async fn tokens_are_managed_by_those_who_may(server: Server) {
    let owner = Person::found(&server).await;
    let (admin, member) = (owner.invite("Alan Admin", "admin").await, owner.invite("Mia Member", "member").await);
    let ((own, _), (hers, robot)) = (admin.token(&["tasks:read"]).await, member.token(&["profile:read"]).await);
    let tokens = "/organizations/current/tokens";
    assert_eq!(ids(&admin.api, tokens).await, [hers.clone(), own.clone()]);
    assert_eq!(ids(&owner.api, &format!("{tokens}?owner_id={}", admin.id)).await, [own.as_str()]);
    assert_eq!(ids(&member.api, "/users/me/tokens").await, [hers.as_str()]);
    let path = format!("{tokens}/{hers}");
    let found = admin.api.get(&path).await.expect(200);
    assert_eq!((&found["owner_id"], &found["owner_name"]), (&json!(member.id), &json!("Mia Member")));
    for hidden in [tokens.to_owned(), path.clone()] {
        member.api.get(&hidden).await.problem(403, "permission.denied");
    }
    member.api.delete(format!("{tokens}/{own}")).await.problem(403, "permission.denied");
    // Nor by the path of one's own.
    admin.api.get(format!("/users/me/tokens/{hers}")).await.problem(404, "token.not_found");
    admin.api.delete(format!("/users/me/tokens/{hers}")).await.problem(404, "token.not_found");
    robot.get("/users/me").await.expect(200);
    admin.api.delete(&path).await.expect(204);
    robot.get("/users/me").await.problem(401, "auth.invalid_token");
    admin.api.delete(&path).await.problem(404, "token.not_found");
    assert_eq!(ids(&admin.api, tokens).await, [own]);
}

/// Each has its own cache, and had the token in it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_token_is_worthless_on_every_instance() {
    let server = Server::start(Deployment::PostgresRedis, Options::default()).await;
    let second = server.start_second_api(Options::default()).await;
    let owner = Person::found(&server).await;
    let (id, robot) = owner.token(&["profile:read"]).await;
    let there = robot.at(&second.root);
    there.get("/users/me").await.expect(200);
    owner.api.delete(format!("/users/me/tokens/{id}")).await.expect(204);
    robot.get("/users/me").await.problem(401, "auth.invalid_token");
    eventually("a refusal", || async { (there.get("/users/me").await.status == 401).then_some(()) }).await;
    // Nor is it found alive again in the database.
    there.get("/users/me").await.problem(401, "auth.invalid_token");
}
