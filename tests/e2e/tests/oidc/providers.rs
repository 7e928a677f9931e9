use serde_json::{Value, json};
use tenon_e2e_tests::{Person, Server, array, merged, text};

use crate::Stage;

pub(crate) async fn providers_are_made_changed_and_deleted(server: Server) {
    let stage = Stage::new(&server).await;
    let (api, owner) = (stage.server.api(), &stage.owner);
    let path = format!("/identity-providers/{}", stage.provider);
    let read = owner.api.get(&path).await;
    let made = read.expect(200);
    assert_eq!((&made["has_client_secret"], &made["default_role"]), (&json!(true), &json!("member")));
    assert!(!read.text.contains("a secret for the tests"), "{}", read.text);

    // Whom an address leads to, whether somebody has it or not.
    let providers = async |query: &str| {
        let answer = api.get(format!("/auth/providers{query}")).await.expect(200);
        assert_eq!(answer.get("next_cursor"), Some(&Value::Null), "it is short");
        array(&answer).iter().map(|it| text(it, "name")).collect::<Vec<_>>()
    };
    assert_eq!(providers("").await, ["Corp"]);
    assert_eq!(providers("?email=nobody@example.org").await, ["Corp"]);
    for address in [owner.email.as_str(), "nobody@example.com"] {
        assert_eq!(providers(&format!("?email={address}")).await, ["Corp", "Staff"], "{address}");
    }
    let page = api.get("/auth/providers?limit=1&include=total").await.expect(200);
    assert_eq!((array(&page).len(), &page["total"], &page["next_cursor"]), (1, &json!(1), &Value::Null));
    api.get("/auth/providers?mail=x").await.problem(400, "query.unknown");
    api.get("/auth/oidc/nobody/start").await.problem(404, "identity_provider.not_found");

    let changed = json!({"name": "People", "default_role": null, "group_roles": [], "groups_claim": null});
    let changed = owner.api.patch(&path, changed).header("if-match", read.etag()).await.expect(200);
    assert_eq!(
        (&changed["name"], &changed["default_role"], &changed["version"]),
        (&json!("People"), &Value::Null, &json!(2))
    );
    let stale = owner.api.patch(&path, json!({"name": "Late"})).header("if-match", read.etag()).await;
    stale.problem(412, "version.stale");
    let elsewhere = json!({"issuer": "https://evil.example.com"});
    owner.api.patch(&path, elsewhere).await.problem(422, "identity.secret_of_another_issuer");
    for (fields, pointer, code) in [
        (json!({"name": " "}), "/name", "identity.provider_name_length"),
        (json!({"issuer": "http://example.com"}), "/issuer", "identity.issuer_url"),
        (json!({"domains": ["localhost"]}), "/domains", "identity.provider_domains"),
        (json!({"scopes": ["two words"]}), "/scopes", "identity.provider_scopes"),
        (json!({"group_roles": [{"group": "x", "role": "owner"}]}), "/group_roles", "identity.provider_role"),
        (json!({"group_roles": [{"group": "x"}]}), "/group_roles", "identity.group_role_choice"),
        (
            json!({"groups_claim": "groups", "group_roles": [
                {"group": "x", "role": "guest"}, {"group": "x", "role": "admin"},
            ]}),
            "/group_roles",
            "identity.contradicting_group_roles",
        ),
        (json!({"default_role": "owner"}), "/default_role", "identity.provider_default_role"),
        (json!({"client_secret": ""}), "/client_secret", "identity.provider_client_secret"),
    ] {
        let body = merged(json!({"name": "X", "issuer": "https://idp.example.com", "client_id": "x"}), fields);
        let faults = owner.api.post("/identity-providers", body).await.faults(422);
        assert_eq!(faults, [(pointer.to_owned(), code.to_owned())]);
    }

    // Who says what groups are for means nobody else.
    let groups = json!({"groups_claim": "groups", "group_roles": [{"group": "x", "role": "guest"}]});
    let no_lists = json!({"scopes": null, "domains": null, "group_roles": null});
    for (fields, role) in [(groups, Value::Null), (no_lists, json!("member")), (json!({}), json!("member"))] {
        let body = merged(json!({"name": "X", "issuer": "https://idp.example.com", "client_id": "x"}), fields);
        let made = owner.api.post("/identity-providers", body).await.expect(201);
        assert_eq!((&made["default_role"], &made["domains"]), (&role, &json!([])));
        owner.api.delete(format!("/identity-providers/{}", text(&made, "id"))).await.expect(204);
    }

    owner.api.patch(&path, json!({"enabled": false})).await.expect(200);
    let start = format!("/auth/oidc/{}/start", stage.provider);
    api.get(&start).await.problem(404, "identity_provider.not_found");
    assert_eq!(providers("?email=nobody@example.com").await, ["Corp"]);
    let member = owner.invite("Mia Member", "member").await;
    member.api.get(&path).await.problem(403, "permission.denied");
    // The secrets are encrypted anew with those of authenticator apps.
    let (rotated, output) = stage.server.tenon(&["secrets", "status"]);
    assert!(rotated && output.contains("derived"), "{output}");
    owner.api.delete(&path).await.expect(204);
    owner.api.get(&path).await.problem(404, "identity_provider.not_found");
    assert_eq!(array(&owner.api.get("/identity-providers").await.expect(200)), Vec::<Value>::new());
}

pub(crate) async fn groups_give_custom_roles_of_the_organization(server: Server) {
    let stage = Stage::new(&server).await;
    let owner = &stage.owner;
    let path = format!("/identity-providers/{}", stage.provider);
    let auditor = owner.role("Auditor", "guest", &["audit.view"]).await;
    let eve = Person::found(&stage.server).await;
    let theirs = eve.role("Auditor", "guest", &["audit.view"]).await;
    let give = |role: &Value| json!({"group_roles": [{"group": "auditors", "custom_role_id": role["id"]}]});
    owner.api.patch(&path, give(&theirs)).await.problem(422, "identity.group_role_unknown");
    let both = json!({"group_roles": [{"group": "auditors", "role": "guest", "custom_role_id": auditor["id"]}]});
    let faults = owner.api.patch(&path, both).await.faults(422);
    assert_eq!(faults, [("/group_roles".to_owned(), "identity.group_role_choice".to_owned())]);
    let given = owner.api.patch(&path, give(&auditor)).await.expect(200);
    let expected = json!([{"group": "auditors", "role": null, "custom_role_id": auditor["id"]}]);
    assert_eq!(given["group_roles"], expected);

    stage.know("grace", "grace@example.com", &["auditors"]).await;
    let grace = stage.sign_in(&stage.provider, "grace").await;
    grace.api.get("/audit-logs").await.expect(200);
    assert_eq!(
        grace.api.get("/users/me/permissions").await.expect(200)["organization"]["custom_role"]["id"],
        auditor["id"]
    );
    let its = format!("/roles/{}", text(&auditor, "id"));
    owner.api.delete(&its).await.problem(409, "role.in_use");

    stage.know("grace", "grace@example.com", &[]).await;
    let grace = stage.sign_in(&stage.provider, "grace").await;
    assert_eq!(stage.role_of(&grace.id).await, "member");
    grace.api.get("/audit-logs").await.problem(403, "permission.denied");

    // Nobody has it any more. A group whose role is gone lets nobody in, also not as a member.
    owner.api.delete(&its).await.expect(204);
    stage.know("grace", "grace@example.com", &["auditors"]).await;
    assert_eq!(stage.refusal(&stage.provider, "grace").await, "auth.oidc_no_role");
    owner.api.patch(&path, json!({"name": "People"})).await.expect(200);
    owner.api.patch(&path, give(&auditor)).await.problem(422, "identity.group_role_unknown");
}
