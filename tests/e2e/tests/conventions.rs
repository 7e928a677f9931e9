//! What every endpoint has in common.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use tenon_e2e_tests::{
    Deployment, Options, PASSWORD, Person, Server, on_every_deployment, on_own_servers, text, unique_domain,
    unique_email,
};

on_every_deployment!(
    bad_bodies_are_refused,
    fields_at_fault_are_named,
    huge_bodies_are_refused,
    other_content_types_are_refused,
    unknown_parameters_are_refused,
    unknown_routes_and_methods_are_refused,
    bad_cursors_are_refused,
    request_ids_are_kept_or_made,
    times_and_ids_have_one_format,
    answers_carry_security_headers,
    other_spellings_of_a_path_are_no_way_around,
    bodies_that_nobody_reads_say_nothing,
    preconditions_are_understood,
    preconditions_hold_wherever_something_changes,
);
on_own_servers!(
    rate_limits_are_announced_and_enforced,
    a_network_of_ipv6_has_one_rate_limit,
    origins_are_allowed_by_name,
);

async fn bad_bodies_are_refused(server: Server) {
    let owner = Person::found(&server).await;
    let project = owner.project("ENG").await;
    let malformed = owner.api.post("/tasks", None).raw("application/json", "{\"title\": ").await;
    malformed.problem(400, "body.malformed");
    let bodies = [
        json!([]),
        json!("text"),
        json!({"project_id": project["id"], "title": "Fine", "titel": "unknown"}),
        json!({"project_id": project["id"], "title": 5}),
        json!({"project_id": "no id", "title": "Fine"}),
        json!({"title": "no project"}),
        json!({"project_id": project["id"], "title": "Fine", "priority": "highest"}),
        json!({"project_id": project["id"], "title": "Fine", "due_date": "24.12.2026"}),
    ];
    for body in bodies {
        let refused = owner.api.post("/tasks", body.clone()).await;
        assert_eq!(refused.any_problem(400)["code"], "body.invalid", "{body}");
    }
    let latin1 = owner.api.post("/tasks", None).raw("application/json", b"{\"title\": \"\xe4\"}".to_vec()).await;
    latin1.any_problem(400);
}

async fn fields_at_fault_are_named(server: Server) {
    let empty = server.api().post("/auth/register", json!({})).await;
    let fault = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
    let missing = |pointer: &str| fault(pointer, "body.missing_field");
    assert_eq!(empty.faults(400), ["/display_name", "/email", "/organization_name", "/password"].map(missing));
    assert_eq!(empty.problem(400, "body.invalid")["detail"], "4 fields are not as they must be: see `errors`");
    let owner = Person::found(&server).await;
    let project = owner.project("ENG").await;
    for (field, value, pointer, code) in [
        ("titel", json!("t"), "/titel", "body.unknown_field"),
        ("estimate", json!("three"), "/estimate", "body.wrong_type"),
        ("priority", json!("highest"), "/priority", "body.invalid_value"),
        ("due_date", json!("24.12.2026"), "/due_date", "body.invalid_value"),
        ("assignee_ids", json!(["me"]), "/assignee_ids/0", "body.invalid_value"),
    ] {
        let mut body = json!({"project_id": project["id"], "title": "Fine"});
        body[field] = value;
        let refused = owner.api.post("/tasks", body).await;
        assert_eq!(refused.faults(400), [fault(pointer, code)]);
        assert!(!refused.text.contains("column"), "{}", refused.text);
    }
    let cleared = owner.api.patch("/users/me", json!({"display_name": null})).await;
    assert_eq!(cleared.faults(400), [fault("/display_name", "body.wrong_type")]);
}

async fn huge_bodies_are_refused(server: Server) {
    let owner = Person::found(&server).await;
    let body = json!({"project_id": owner.id, "title": "x".repeat(8 * 1024 * 1024)});
    // The server may hang up while the rest of the body is still being sent.
    match owner.api.post("/tasks", body).attempt().await {
        Ok(refused) => drop(refused.problem(413, "body.too_large")),
        Err(error) => assert!(error.is_request() || error.is_body(), "{error:?}"),
    }
    let body = json!({"project_id": owner.id, "title": "x".repeat(1100 * 1024)});
    owner.api.post("/tasks", body).await.problem(413, "body.too_large");
    owner.api.get("/users/me").await.expect(200);
}

async fn other_content_types_are_refused(server: Server) {
    let owner = Person::found(&server).await;
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/xml"] {
        let refused = owner.api.post("/projects", None).raw(content_type, "{}").await;
        refused.problem(415, "body.unsupported_media_type");
    }
    let packed = owner.api.post("/projects", None).raw("application/json", "{}");
    let packed = packed.header("content-encoding", "gzip").await;
    packed.problem(415, "body.unsupported_encoding");
    assert_eq!(packed.header("accept-encoding"), Some("identity"));
    let patch = owner.api.call(Method::PATCH, "/users/me", None);
    patch.raw("application/merge-patch+json", "{\"display_name\": \"Ada\"}").await.expect(200);
}

async fn unknown_parameters_are_refused(server: Server) {
    let owner = Person::found(&server).await;
    for path in [
        "/tasks?statsu=todo",
        "/tasks?limit=0",
        "/tasks?limit=201",
        "/tasks?status_category=nope",
        "/tasks?sort=colour",
        "/tasks?due_before=soon",
        "/tasks?include=everything",
        "/tasks?limit=5&limit=6",
        "/users/me?verbose=true",
        "/projects?archived=maybe",
        "/notifications?unread=perhaps",
    ] {
        assert_eq!(owner.api.get(path).await.any_problem(400)["status"], 400, "{path}");
    }
    let several = owner.api.get("/tasks?statsu=todo&limit=0").await;
    let faults = several.faults(400);
    assert_eq!(faults, [("/limit".into(), "query.invalid".into()), ("/statsu".into(), "query.unknown".into())]);
}

async fn unknown_routes_and_methods_are_refused(server: Server) {
    let owner = Person::found(&server).await;
    for path in ["/nope", "//nope", "//", "/tasks/ENG-1/nope", "//api/v2/tasks"] {
        owner.api.get(path).await.problem(404, "route.not_found");
    }
    let put = owner.api.put("/tasks", json!({})).await;
    put.problem(405, "method.not_allowed");
    let allowed: BTreeSet<_> = put.header("allow").unwrap().split(", ").collect();
    assert!(allowed.contains("GET") && allowed.contains("POST") && !allowed.contains("PUT"), "{allowed:?}");
    let get = owner.api.get("/auth/login").await;
    get.problem(405, "method.not_allowed");
    // Whatever is sent along, what is spelled like another route is none of the ids there.
    let delete = owner.api.call(Method::DELETE, "/invitations/accept", Some(json!({"token": "x"}))).await;
    delete.problem(405, "method.not_allowed");
    assert_eq!(get.header("allow"), Some("POST"));
}

async fn bad_cursors_are_refused(server: Server) {
    let owner = Person::found(&server).await;
    let project = owner.project("ENG").await;
    for n in 0..3 {
        owner.task(&project, &format!("Task {n}")).await;
    }
    let cursor = text(&owner.api.get("/tasks?sort=key&limit=1").await.expect(200), "next_cursor");
    owner.api.get(format!("/tasks?sort=key&cursor={cursor}")).await.expect(200);
    let mut tampered = cursor.clone().into_bytes();
    tampered[4] = if tampered[4] == b'A' { b'B' } else { b'A' };
    let tampered = String::from_utf8(tampered).unwrap();
    for bad in [
        "/tasks?cursor=nonsense".to_owned(),
        format!("/tasks?sort=key&cursor={tampered}"),
        format!("/tasks?sort=-key&cursor={cursor}"),
        format!("/projects?cursor={cursor}"),
    ] {
        owner.api.get(&bad).await.problem(400, "cursor.invalid");
    }
}

async fn request_ids_are_kept_or_made(server: Server) {
    let api = server.api();
    let kept = api.get("/users/me").header("x-request-id", "My.Request_id-1").await;
    assert_eq!(kept.problem(401, "auth.missing_token")["request_id"], "My.Request_id-1");
    for ill_formed in ["has spaces", "<script>", &"x".repeat(300)] {
        let made = api.get("/users/me").header("x-request-id", ill_formed).await;
        let request_id = text(&made.any_problem(401), "request_id");
        assert!(uuid::Uuid::parse_str(&request_id).is_ok(), "{request_id}");
    }
}

async fn times_and_ids_have_one_format(server: Server) {
    let owner = Person::found(&server).await;
    let task = owner.task(&owner.project("ENG").await, "Formats").await;
    let created_at = text(&task, "created_at");
    assert_eq!(created_at.len(), "2026-11-21T09:30:00.123Z".len(), "{created_at}");
    assert!(created_at.ends_with('Z') && created_at.as_bytes()[19] == b'.', "{created_at}");
    let id = uuid::Uuid::parse_str(&text(&task, "id")).unwrap();
    assert_eq!(id.get_version_num(), 7);
    assert_eq!(id.to_string(), text(&task, "id"));
}

async fn answers_carry_security_headers(server: Server) {
    let owner = Person::found(&server).await;
    for answer in [owner.api.get("/users/me").await, owner.api.get("/nope").await] {
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert!(answer.header("x-request-id").is_some());
        assert!(answer.header("cache-control").is_some_and(|it| it.contains("no-store") || it.contains("private")));
    }
}

async fn other_spellings_of_a_path_are_no_way_around(server: Server) {
    let owner = Person::found(&server).await;
    server.api().get("/%74asks").await.problem(401, "auth.missing_token");
    owner.api.get("/%74asks").await.expect(200);
    let body = json!({"organization_id": owner.organization_id});
    let keyed = owner.api.post("/auth/switch%2Dorganization", body).header("idempotency-key", "k").await;
    keyed.problem(400, "idempotency.not_supported");
}

async fn bodies_that_nobody_reads_say_nothing(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    owner.project("ENG").await;
    let team = text(&owner.api.post("/teams", json!({"name": "Platform"})).await.expect(201), "id");
    let membership = format!("/teams/{team}/members/{}", member.id);
    owner.api.put(&membership, json!({"role": "lead"})).await.problem(400, "body.invalid");
    owner.api.put(&membership, json!([])).await.problem(400, "body.invalid");
    let garbage = owner.api.put_nothing(&membership).raw("text/plain", "role=lead").await;
    garbage.problem(400, "body.malformed");
    assert_eq!(owner.all(&format!("/teams/{team}/members")).await, Vec::<Value>::new());
    owner.api.put(&membership, json!({})).await.expect(200);
    owner.api.put_nothing(&membership).await.expect(200);
    let archive = || owner.api.post("/projects/ENG/archive", json!({"until": "tomorrow"}));
    archive().await.problem(400, "body.invalid");
    // With a key, too: nothing is kept of it.
    archive().header("idempotency-key", "archive").await.problem(400, "body.invalid");
    owner.api.post("/projects/ENG/archive", json!({})).header("idempotency-key", "archive").await.expect(200);
    let delete = owner.api.call(Method::DELETE, &membership, Some(json!({"reason": "none"})));
    delete.await.problem(400, "body.invalid");
    // Who is not signed in learns that first.
    server.api().put(&membership, json!({"role": "lead"})).await.problem(401, "auth.missing_token");
}

async fn preconditions_are_understood(server: Server) {
    let owner = Person::found(&server).await;
    let task = owner.task(&owner.project("ENG").await, "Versions").await;
    let path = format!("/tasks/{}", text(&task, "id"));
    let found = owner.api.get(&path).await;
    let unchanged = owner.api.get(&path).header("if-none-match", format!("\"0\", {}", found.etag())).await;
    assert_eq!(unchanged.expect(304), Value::Null);
    owner.api.get(&path).header("if-none-match", "\"2\"").await.expect(200);
    owner.api.patch(&path, json!({"title": "Any"})).header("if-match", "*").await.expect(200);
    owner.api.patch(&path, json!({"title": "Bad"})).header("if-match", "nonsense").await.any_problem(412);
    owner.api.patch(&path, json!({"title": "Late"})).header("if-match", "\"1\"").await.problem(412, "version.stale");
}

async fn preconditions_hold_wherever_something_changes(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let invitation = json!({"email": unique_email("Nina"), "role": "guest"});
    let invitation = text(&owner.api.post("/invitations", invitation).await.expect(201), "id");
    let program = json!({"name": "Importer", "role": "member"});
    let program = text(&owner.api.post("/service-accounts", program).await.expect(201), "id");
    let (token, _) = owner.token(&["tasks:read"]).await;
    let domain = owner.api.post("/domains", json!({"domain": unique_domain()})).await.expect(201);
    let domain = text(&domain, "id");
    let transfer = json!({"user_id": member.id, "password": PASSWORD, "keep_role": true});
    for (method, path, body) in [
        (Method::DELETE, format!("/invitations/{invitation}"), None),
        (Method::DELETE, format!("/service-accounts/{program}"), None),
        (Method::PATCH, format!("/service-accounts/{program}"), Some(json!({"name": "Late"}))),
        (Method::DELETE, format!("/users/me/tokens/{token}"), None),
        (Method::DELETE, format!("/organizations/current/tokens/{token}"), None),
        (Method::POST, format!("/members/{}/suspend", member.id), None),
        (Method::POST, format!("/members/{}/unsuspend", member.id), None),
        (Method::POST, format!("/domains/{domain}/verify"), None),
        (Method::POST, "/organizations/current/transfer".to_owned(), Some(transfer)),
    ] {
        let stale = owner.api.call(method, &path, body).header("if-match", "\"999\"").await;
        stale.problem(412, "version.stale");
    }
    // What is read has the tag that they ask for.
    for path in [
        format!("/invitations/{invitation}"),
        format!("/service-accounts/{program}"),
        format!("/users/me/tokens/{token}"),
        format!("/members/{}", member.id),
    ] {
        let found = owner.api.get(&path).await;
        assert_eq!(found.expect(200)["version"], 1, "{path}");
        owner.api.get(&path).header("if-none-match", found.etag()).await.expect(304);
        let tags = format!("\"{}.7\", {}", owner.id, found.etag());
        assert_eq!(owner.api.delete(&path).header("if-match", tags).await.expect(204), Value::Null, "{path}");
    }
}

async fn rate_limits_are_announced_and_enforced(deployment: Deployment) {
    let server = Server::start(deployment, Options::default().with("TENON_RATE_LIMITS", "on")).await;
    let owner = Person::found(&server).await;
    let me = owner.api.get("/users/me").await;
    assert!(me.header("ratelimit").is_some() && me.header("ratelimit-policy").is_some(), "{:?}", me.headers);
    for _ in 0..200 {
        let body = json!({"email": unique_email("nobody"), "password": PASSWORD});
        let refused = server.api().post("/auth/login", body).await;
        if refused.status == 429 {
            refused.problem(429, "rate_limited");
            assert!(refused.header("retry-after").unwrap().parse::<u64>().unwrap() > 0);
            // Who is signed in goes on.
            owner.api.get("/users/me").await.expect(200);
            return;
        }
        refused.problem(401, "auth.invalid_credentials");
    }
    panic!("200 attempts in a row were let through");
}

async fn a_network_of_ipv6_has_one_rate_limit(deployment: Deployment) {
    let options = Options::default().with("TENON_RATE_LIMITS", "on").with("TENON_TRUSTED_PROXIES", "127.0.0.1");
    let server = Server::start(deployment, options).await;
    for host in 0..200 {
        let body = json!({"email": unique_email("nobody"), "password": PASSWORD});
        let call = server.api().post("/auth/login", body);
        let refused = call.header("x-forwarded-for", format!("2001:db8:0:1::{host:x}")).await;
        if refused.status == 429 {
            refused.problem(429, "rate_limited");
            return;
        }
        refused.problem(401, "auth.invalid_credentials");
    }
    panic!("200 attempts in a row were let through");
}

async fn origins_are_allowed_by_name(deployment: Deployment) {
    let options = Options::default().with("TENON_CORS_ORIGINS", "https://app.example.com");
    let server = Server::start(deployment, options).await;
    let preflight = |origin: &str| {
        let call = server.api().call(Method::OPTIONS, "/tasks", None).header("origin", origin);
        call.header("access-control-request-method", "POST").header("access-control-request-headers", "authorization")
    };
    let allowed = preflight("https://app.example.com").await;
    assert!(matches!(allowed.status, 200 | 204));
    assert_eq!(allowed.header("access-control-allow-origin"), Some("https://app.example.com"));
    assert!(allowed.header("access-control-allow-methods").unwrap().contains("POST"));
    assert_eq!(allowed.header("access-control-allow-credentials"), Some("true"));
    assert!(allowed.header("access-control-allow-headers").unwrap().contains("X-CSRF-Token"));
    let refused = preflight("https://evil.example.com").await;
    assert_eq!(refused.header("access-control-allow-origin"), None);
    assert_eq!(refused.header("access-control-allow-credentials"), None);
    let simple = server.api().get("/users/me").header("origin", "https://app.example.com").await;
    assert_eq!(simple.header("access-control-allow-origin"), Some("https://app.example.com"));
    assert!(simple.header("access-control-expose-headers").unwrap().to_lowercase().contains("etag"));
}
