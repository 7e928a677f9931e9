//! `/service-accounts`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use serde_json::{Value, json};
use tenon_e2e_tests::{Api, PASSWORD, Person, Server, array, eventually, on_deployment, on_every_deployment, text};

on_every_deployment!(
    service_accounts_are_made_read_and_listed,
    a_service_account_is_changed_by_those_who_manage_it,
    its_tokens_are_listed_and_none_are_made_while_it_is_suspended,
    a_service_account_works_like_a_member,
    a_service_account_signs_in_with_tokens_only,
    roles_are_given_by_those_who_have_them,
    a_deleted_service_account_is_out_at_once,
    people_are_no_service_accounts,
    service_accounts_stay_in_their_organization,
);
on_deployment!(
    mysql_redis,
    MysqlRedis,
    service_accounts_are_made_read_and_listed,
    a_service_account_works_like_a_member,
);

fn body(name: &str, role: &str) -> Value {
    json!({"name": name, "role": role})
}

/// A new service account: its id.
async fn make(person: &Person, name: &str, role: &str) -> String {
    text(&person.api.post("/service-accounts", body(name, role)).await.expect(201), "id")
}

/// A client with a new token of a service account.
async fn client(person: &Person, account: &str, scopes: &[&str]) -> Api {
    let token = json!({"name": "Nightly", "scopes": scopes});
    let made = person.api.post(format!("/service-accounts/{account}/tokens"), token).await.expect(201);
    person.api.with_token(&text(&made, "token"))
}

async fn service_accounts_are_made_read_and_listed(server: Server) {
    let owner = Person::found(&server).await;
    let created = owner.api.post("/service-accounts", body("Importer", "member")).await;
    let importer = created.expect(201);
    assert_eq!((&importer["name"], &importer["role"]), (&json!("Importer"), &json!("member")));
    let location = created.header("location").and_then(|path| path.strip_prefix("/api/v1")).unwrap();
    assert_eq!(owner.api.get(location).await.expect(200), importer);
    let watcher = make(&owner, "Watcher", "guest").await;
    let page = owner.api.get("/service-accounts?include=total&limit=1").await.expect(200);
    assert_eq!((&page["total"], &page["data"][0]["id"]), (&json!(2), &json!(watcher)));
    let next = owner.api.get(format!("/service-accounts?limit=1&cursor={}", text(&page, "next_cursor"))).await;
    assert_eq!(next.expect(200), json!({"data": [importer], "next_cursor": null}));
    // They are members, and of nothing else.
    let members = array(&owner.api.get("/members").await.expect(200));
    assert!(members.iter().any(|it| it["user_id"] == importer["id"] && it["role"] == "member"), "{members:?}");
    for (wrong, pointer, code) in [
        (body(" ", "member"), "/name", "identity.display_name_length"),
        (body("Importer", "owner"), "/role", "organization.service_account_owner"),
    ] {
        let faults = owner.api.post("/service-accounts", wrong).await.faults(422);
        assert_eq!(faults, [(pointer.to_owned(), code.to_owned())]);
    }
}

async fn a_service_account_is_changed_by_those_who_manage_it(server: Server) {
    let owner = Person::found(&server).await;
    let admin = owner.invite("Alan Admin", "admin").await;
    let account = make(&owner, "Importer", "member").await;
    let path = format!("/service-accounts/{account}");
    let robot = client(&owner, &account, &["profile:write", "members:write", "organization:read"]).await;
    let found = owner.api.get(&path).await;
    let seen = found.expect(200);
    assert_eq!((&seen["version"], &seen["state"], &seen["suspended_at"]), (&json!(1), &json!("active"), &Value::Null));
    owner.api.get(&path).header("if-none-match", found.etag()).await.expect(304);

    let changes = json!({"name": "Exporter", "role": "guest", "custom_role_id": null});
    let changed = admin.api.patch(&path, changes).header("if-match", found.etag()).await;
    let now = changed.expect(200);
    assert_eq!((&now["name"], &now["role"], &now["version"]), (&json!("Exporter"), &json!("guest"), &json!(3)));
    assert!(text(&now, "updated_at") > text(&seen, "updated_at"));
    let read = owner.api.get(&path).header("if-none-match", found.etag()).await;
    assert_eq!((read.expect(200), read.etag()), (now, changed.etag()));
    let late = owner.api.patch(&path, json!({"name": "Late"})).header("if-match", found.etag()).await;
    late.problem(412, "version.stale");
    assert_eq!(owner.api.get(format!("/members/{account}")).await.expect(200)["display_name"], "Exporter");
    let tokens = array(&owner.api.get("/organizations/current/tokens").await.expect(200));
    assert_eq!(tokens[0]["owner_name"], "Exporter");
    assert_eq!(robot.get("/organizations/current").await.expect(200)["role"], "guest");

    let itself = robot.patch("/users/me", json!({"display_name": "Boss"})).await;
    itself.problem(403, "service_account.managed_by_others");
    robot.patch(&path, json!({"name": "Boss"})).await.problem(403, "permission.denied");
    admin.api.patch(&path, json!({"role": "admin"})).await.problem(403, "permission.denied");
    owner.api.patch(&path, json!({"role": "owner"})).await.problem(422, "organization.service_account_owner");
    owner.api.patch(&path, json!({"name": " "})).await.problem(422, "identity.display_name_length");
    let person = format!("/service-accounts/{}", admin.id);
    owner.api.patch(&person, json!({"name": "Robot"})).await.problem(404, "service_account.not_found");
}

async fn its_tokens_are_listed_and_none_are_made_while_it_is_suspended(server: Server) {
    let owner = Person::found(&server).await;
    let (account, other) = (make(&owner, "Importer", "member").await, make(&owner, "Watcher", "guest").await);
    owner.token(&["tasks:read"]).await;
    for account in [&account, &account, &other] {
        client(&owner, account, &["tasks:read"]).await;
    }
    let path = format!("/service-accounts/{account}/tokens");
    let page = owner.api.get(format!("{path}?include=total")).await.expect(200);
    let listed = array(&page);
    assert_eq!((&page["total"], listed.len()), (&json!(2), 2));
    let filtered = owner.api.get(format!("/organizations/current/tokens?owner_id={account}")).await.expect(200);
    assert_eq!(listed, array(&filtered));
    let person = format!("/service-accounts/{}/tokens", owner.id);
    owner.api.get(person).await.problem(404, "service_account.not_found");

    owner.api.post(format!("/members/{account}/suspend"), None).await.expect(200);
    let suspended = owner.api.get(format!("/service-accounts/{account}")).await.expect(200);
    assert_eq!((&suspended["state"], &suspended["version"]), (&json!("suspended"), &json!(2)));
    assert!(suspended["suspended_at"].is_string());
    let token = json!({"name": "Late", "scopes": ["tasks:read"]});
    owner.api.post(&path, token.clone()).await.problem(409, "service_account.suspended");
    assert_eq!(array(&owner.api.get(&path).await.expect(200)).len(), 2);
    owner.api.post(format!("/members/{account}/unsuspend"), None).await.expect(200);
    owner.api.post(&path, token).await.expect(201);
}

async fn a_service_account_works_like_a_member(server: Server) {
    let owner = Person::found(&server).await;
    let project = owner.project("ENG").await;
    let account = make(&owner, "Importer", "member").await;
    let robot = client(&owner, &account, &["tasks:write", "profile:read", "organization:read"]).await;
    let me = robot.get("/users/me").await.expect(200);
    assert_eq!((&me["id"], &me["display_name"]), (&json!(account), &json!("Importer")));
    assert_eq!(robot.get("/organizations/current").await.expect(200)["role"], "member");
    let create = json!({"project_id": project["id"], "title": "By a program", "assignee_ids": [account]});
    let task = robot.post("/tasks", create).await.expect(201);
    assert_eq!(task["reporter_id"], account.as_str());
    let path = format!("/audit-logs?resource_type=task&resource_id={}", text(&task, "id"));
    let entry = eventually("an entry", || async { array(&owner.api.get(&path).await.expect(200)).pop() }).await;
    let tokens = format!("/organizations/current/tokens?owner_id={account}");
    let token = array(&owner.api.get(tokens).await.expect(200)).remove(0);
    assert_eq!(token["owner_name"], "Importer");
    let actor = json!({"type": "user", "id": account, "name": "Importer", "token_id": token["id"]});
    assert_eq!(entry["actor"], actor);
    // Its tokens are managed with those of everybody.
    owner.api.delete(format!("/organizations/current/tokens/{}", text(&token, "id"))).await.expect(204);
    robot.get("/users/me").await.problem(401, "auth.invalid_token");
}

async fn a_service_account_signs_in_with_tokens_only(server: Server) {
    let owner = Person::found(&server).await;
    let account = make(&owner, "Importer", "member").await;
    let members = array(&owner.api.get("/members").await.expect(200));
    let address = members.iter().find(|it| it["user_id"] == account.as_str()).map(|it| text(it, "email")).unwrap();
    assert!(address.ends_with("@service.invalid"), "{address}");
    for password in [PASSWORD, "!"] {
        let login = json!({"email": address, "password": password});
        server.api().post("/auth/login", login).await.problem(401, "auth.invalid_credentials");
    }
    let robot = client(&owner, &account, &["members:write"]).await;
    let more = json!({"name": "More", "scopes": ["tasks:read"]});
    robot.post("/users/me/tokens", more.clone()).await.problem(403, "auth.session_required");
    robot.post(format!("/service-accounts/{account}/tokens"), more).await.problem(403, "auth.session_required");
}

async fn roles_are_given_by_those_who_have_them(server: Server) {
    let owner = Person::found(&server).await;
    let (admin, member) = (owner.invite("Alan Admin", "admin").await, owner.invite("Mia Member", "member").await);
    member.api.post("/service-accounts", body("Mine", "guest")).await.problem(403, "permission.denied");
    member.api.get("/service-accounts").await.problem(403, "permission.denied");
    admin.api.post("/service-accounts", body("Ours", "admin")).await.problem(403, "permission.denied");
    let powerful = make(&owner, "Powerful", "admin").await;
    // Whoever holds its token is as good as an admin that an owner appointed.
    let token = json!({"name": "Borrowed", "scopes": ["members:write"]});
    let tokens = format!("/service-accounts/{powerful}/tokens");
    admin.api.post(&tokens, token.clone()).await.problem(403, "permission.denied");
    let robot = client(&owner, &powerful, &["members:write"]).await;
    robot.get("/invitations").await.expect(200);
    // Nor by a detour.
    let modest = make(&admin, "Modest", "member").await;
    let promote = admin.api.patch(format!("/members/{modest}"), json!({"role": "admin"})).await;
    promote.problem(403, "permission.denied");
    let promote = owner.api.patch(format!("/members/{modest}"), json!({"role": "owner"})).await;
    promote.problem(422, "organization.service_account_owner");
    client(&admin, &modest, &["tasks:read"]).await.get("/tasks").await.expect(200);
}

async fn a_deleted_service_account_is_out_at_once(server: Server) {
    let owner = Person::found(&server).await;
    let account = make(&owner, "Importer", "member").await;
    let robot = client(&owner, &account, &["tasks:read"]).await;
    robot.get("/tasks").await.expect(200);
    let path = format!("/service-accounts/{account}");
    assert_eq!(owner.api.delete(&path).await.expect(204), Value::Null);
    robot.get("/tasks").await.problem(401, "auth.invalid_token");
    owner.api.get(&path).await.problem(404, "service_account.not_found");
    owner.api.delete(&path).await.problem(404, "service_account.not_found");
    let token = json!({"name": "Late", "scopes": ["tasks:read"]});
    owner.api.post(format!("{path}/tokens"), token).await.problem(404, "service_account.not_found");
    for list in ["/service-accounts", "/organizations/current/tokens"] {
        assert_eq!(array(&owner.api.get(list).await.expect(200)), Vec::<Value>::new(), "{list}");
    }
    assert_eq!(array(&owner.api.get("/members").await.expect(200)).len(), 1);
}

async fn people_are_no_service_accounts(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let path = format!("/service-accounts/{}", member.id);
    owner.api.get(&path).await.problem(404, "service_account.not_found");
    owner.api.delete(&path).await.problem(404, "service_account.not_found");
    let token = json!({"name": "Hers", "scopes": ["tasks:read"]});
    owner.api.post(format!("{path}/tokens"), token).await.problem(404, "service_account.not_found");
    assert_eq!(array(&owner.api.get("/service-accounts").await.expect(200)), Vec::<Value>::new());
    member.api.get("/users/me").await.expect(200);
}

async fn service_accounts_stay_in_their_organization(server: Server) {
    let (owner, stranger) = (Person::found(&server).await, Person::found(&server).await);
    let account = make(&owner, "Importer", "member").await;
    let robot = client(&owner, &account, &["organization:read"]).await;
    let path = format!("/service-accounts/{account}");
    stranger.api.get(&path).await.problem(404, "service_account.not_found");
    stranger.api.delete(&path).await.problem(404, "service_account.not_found");
    let token = json!({"name": "Stolen", "scopes": ["tasks:read"]});
    stranger.api.post(format!("{path}/tokens"), token).await.problem(404, "service_account.not_found");
    assert_eq!(array(&stranger.api.get("/service-accounts").await.expect(200)), Vec::<Value>::new());
    assert_eq!(robot.get("/organizations/current").await.expect(200)["id"], owner.organization_id.as_str());
}
