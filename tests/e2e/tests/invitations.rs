//! `/invitations`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use serde_json::json;
use tenon_e2e_tests::{PASSWORD, Person, Server, array, on_every_deployment, text, unique_email};

on_every_deployment!(
    an_invitation_is_made_listed_and_accepted,
    an_invitation_is_revoked,
    invitations_are_listed_by_status,
    an_existing_account_accepts_with_its_password,
    a_new_account_needs_a_name_and_a_password,
    one_pending_invitation_an_address,
    made_up_tokens_are_refused,
    an_invitation_ends_with_the_power_to_invite,
    an_invitation_is_made_once_for_a_key_and_its_token_is_told_again,
);

async fn an_invitation_ends_with_the_power_to_invite(server: Server) {
    let owner = Person::found(&server).await;
    let admin = owner.invite("Ada Admin", "admin").await;
    let invitation = json!({"email": unique_email("Back Door"), "role": "admin"});
    let invitation = admin.api.post("/invitations", invitation).await.expect(201);
    owner.api.delete(format!("/members/{}", admin.id)).await.expect(204);
    let acceptance = json!({"token": invitation["token"], "display_name": "Back Door", "password": PASSWORD});
    server.api().post("/invitations/accept", acceptance).await.problem(409, "invitation.revoked");
}

async fn an_invitation_is_made_listed_and_accepted(server: Server) {
    let owner = Person::found(&server).await;
    let email = unique_email("Nina New");
    let created = owner.api.post("/invitations", json!({"email": email, "role": "member"})).await;
    let invitation = created.expect(201);
    let location = created.header("location").and_then(|path| path.strip_prefix("/api/v1")).unwrap();
    assert_eq!(owner.api.get(location).await.expect(200)["email"], email);
    assert_eq!(invitation["status"], "pending");
    assert!(text(&invitation, "accept_url").contains(&text(&invitation, "token")));
    let listed = array(&owner.api.get("/invitations").await.expect(200));
    assert_eq!(listed.len(), 1);
    // The token is shown once.
    assert!(listed[0]["token"].is_null() && listed[0]["accept_url"].is_null());
    let acceptance = json!({"token": invitation["token"], "display_name": "Nina New", "password": PASSWORD});
    let accepted = server.api().post("/invitations/accept", acceptance.clone()).await;
    let granted = accepted.json();
    assert!(matches!(accepted.status, 200 | 201), "{granted}");
    assert_eq!(granted["user"]["email"], email);
    assert_eq!(granted["organization"]["role"], "member");
    let again = server.api().post("/invitations/accept", acceptance).await;
    again.problem(409, "invitation.already_accepted");
    let listed = array(&owner.api.get("/invitations").await.expect(200));
    assert_eq!(listed[0]["status"], "accepted");
}

async fn an_invitation_is_revoked(server: Server) {
    let owner = Person::found(&server).await;
    let invitation = json!({"email": unique_email("Nina"), "role": "guest"});
    let invitation = owner.api.post("/invitations", invitation).await.expect(201);
    let path = format!("/invitations/{}", text(&invitation, "id"));
    owner.api.delete(&path).await.expect(204);
    owner.api.delete(&path).await.problem(409, "invitation.revoked");
    let acceptance = json!({"token": invitation["token"], "display_name": "Nina", "password": PASSWORD});
    server.api().post("/invitations/accept", acceptance).await.problem(409, "invitation.revoked");
    let unknown = format!("/invitations/{}", owner.id);
    owner.api.delete(unknown).await.problem(404, "invitation.not_found");
}

async fn invitations_are_listed_by_status(server: Server) {
    let owner = Person::found(&server).await;
    owner.invite("Mia Member", "member").await;
    for name in ["Rita", "Paul", "Pia"] {
        let body = json!({"email": unique_email(name), "role": "guest"});
        let made = owner.api.post("/invitations", body).await.expect(201);
        if name == "Rita" {
            owner.api.delete(format!("/invitations/{}", text(&made, "id"))).await.expect(204);
        }
    }
    for (query, count) in [
        ("status=pending", 2),
        ("status=accepted", 1),
        ("status=revoked", 1),
        ("status=expired", 0),
        ("status=pending&status=revoked", 3),
    ] {
        let listed = owner.api.get(format!("/invitations?{query}&include=total&limit=1")).await.expect(200);
        assert_eq!((array(&listed).len(), &listed["total"]), (count.min(1), &json!(count)), "{query}");
        assert_eq!(owner.all(&format!("/invitations?{query}")).await.len(), count, "{query}");
    }
    owner.api.get("/invitations?status=gone").await.problem(400, "query.invalid");
}

async fn an_existing_account_accepts_with_its_password(server: Server) {
    let owner = Person::found(&server).await;
    let other = Person::found(&server).await;
    let invitation = json!({"email": other.email, "role": "admin"});
    let token = text(&owner.api.post("/invitations", invitation).await.expect(201), "token");
    let api = server.api();
    let without = api.post("/invitations/accept", json!({"token": token})).await;
    without.problem(422, "invitation.needs_password");
    let wrong = api.post("/invitations/accept", json!({"token": token, "password": "not the password"})).await;
    wrong.problem(401, "auth.invalid_credentials");
    let granted = api.post("/invitations/accept", json!({"token": token, "password": PASSWORD})).await.json();
    assert_eq!(text(&granted["user"], "id"), other.id);
    assert_eq!(text(&granted["organization"], "id"), owner.organization_id);
    let there = api.with_token(&text(&granted, "access_token"));
    assert_eq!(array(&there.get("/organizations").await.expect(200)).len(), 2);
}

async fn a_new_account_needs_a_name_and_a_password(server: Server) {
    let owner = Person::found(&server).await;
    let invitation = json!({"email": unique_email("Nina"), "role": "member"});
    let token = text(&owner.api.post("/invitations", invitation).await.expect(201), "token");
    let api = server.api();
    let nothing = api.post("/invitations/accept", json!({"token": token})).await;
    nothing.problem(422, "invitation.needs_account");
    let short = json!({"token": token, "display_name": "Nina", "password": "short"});
    let faults = api.post("/invitations/accept", short).await.faults(422);
    let codes: Vec<_> = faults.iter().map(|(_, code)| code.as_str()).collect();
    assert_eq!(codes, ["identity.password_length", "identity.password_weak"]);
}

async fn one_pending_invitation_an_address(server: Server) {
    let owner = Person::found(&server).await;
    let invitation = json!({"email": unique_email("Nina"), "role": "member"});
    owner.api.post("/invitations", invitation.clone()).await.expect(201);
    owner.api.post("/invitations", invitation).await.problem(409, "organization.already_invited");
    let itself = json!({"email": owner.email, "role": "member"});
    owner.api.post("/invitations", itself).await.problem(409, "organization.already_member");
    let member = owner.invite("Mia Member", "member").await;
    let refused = member.api.post("/invitations", json!({"email": unique_email("X"), "role": "guest"})).await;
    refused.problem(403, "permission.denied");
}

async fn made_up_tokens_are_refused(server: Server) {
    let acceptance = json!({"token": "made-up", "display_name": "Nina", "password": PASSWORD});
    server.api().post("/invitations/accept", acceptance).await.problem(401, "auth.invalid_invitation_token");
}

async fn an_invitation_is_made_once_for_a_key_and_its_token_is_told_again(server: Server) {
    let owner = Person::found(&server).await;
    let email = unique_email("Nina Twice");
    let body = json!({"email": email, "role": "member"});
    let invite = || owner.api.post("/invitations", body.clone()).header("idempotency-key", "invite");
    let (first, second) = (invite().await, invite().await);
    assert_eq!(first.expect(201), second.expect(201));
    assert_eq!(first.text, second.text, "to the letter, though the token was not kept");
    assert_eq!(second.header("idempotent-replayed"), Some("true"));
    let acceptance = json!({"token": second.json()["token"], "display_name": "Nina", "password": PASSWORD});
    let accepted = server.api().post("/invitations/accept", acceptance).await;
    assert!(matches!(accepted.status, 200 | 201), "{}", accepted.text);
}
