use serde_json::{Value, json};
use tenon_e2e_tests::{Server, array, merged, text};

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
        assert_eq!(answer.get("next_cursor"), Some(&Value::Null), "it is whole");
        array(&answer).iter().map(|it| text(it, "name")).collect::<Vec<_>>()
    };
    assert_eq!(providers("").await, ["Corp"]);
    assert_eq!(providers("?email=nobody@example.org").await, ["Corp"]);
    for address in [owner.email.as_str(), "nobody@example.com"] {
        assert_eq!(providers(&format!("?email={address}")).await, ["Corp", "Staff"], "{address}");
    }
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
        (json!({"client_secret": ""}), "/client_secret", "identity.provider_client_secret"),
    ] {
        let body = merged(json!({"name": "X", "issuer": "https://idp.example.com", "client_id": "x"}), fields);
        let faults = owner.api.post("/identity-providers", body).await.faults(422);
        assert_eq!(faults, [(pointer.to_owned(), code.to_owned())]);
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
