//! What does not come from who it says, or is nothing at all.

use super::*;

fn broken(field: &str, code: &str) -> [(String, String); 1] {
    [(format!("/{field}"), format!("identity.{code}"))]
}

pub(super) async fn ceremonies_belong_to_who_began_them(server: Server) {
    let (ada, eve) = (Person::found(&server).await, Person::found(&server).await);
    let started = ada.api.post("/users/me/passkeys/options", json!({"password": PASSWORD})).await.expect(200);
    let mut device = PasskeyDevice::default();
    let credential = device.create(&started["options"]).await;
    let body = |ceremony: &Value| json!({"ceremony": ceremony, "name": "Phone", "credential": credential});
    let foreign = eve.api.post("/users/me/passkeys", body(&started["ceremony"])).await;
    assert_eq!(foreign.faults(422), broken("ceremony", "passkey_ceremony"));
    let own = eve.api.post("/users/me/passkeys/options", json!({"password": PASSWORD})).await.expect(200);
    let foreign = eve.api.post("/users/me/passkeys", body(&own["ceremony"])).await;
    assert_eq!(foreign.faults(422), broken("credential", "invalid_passkey"), "it was made for another challenge");
    let other = json!({"email": ada.email, "password": PASSWORD});
    let other = Person::signed_in(&server.api(), &server.api().post("/auth/login", other).await.expect(200));
    let foreign = other.api.post("/users/me/passkeys", body(&started["ceremony"])).await;
    assert_eq!(foreign.faults(422), broken("ceremony", "passkey_ceremony"), "in another session");
    ada.api.post("/users/me/passkeys", body(&started["ceremony"])).await.expect(201);
    // Signing in with what a registration began.
    let api = somewhere_else(&server, 4);
    let mut answer = device.answer(&api).await;
    answer["ceremony"] = own["ceremony"].clone();
    api.post("/auth/passkey", answer).await.problem(401, "auth.invalid_passkey");
}

pub(super) async fn signatures_from_elsewhere_are_refused(server: Server) {
    let (person, mut phone) = (Person::found(&server).await, PasskeyDevice::default());
    person.add_passkey(&mut phone, "Phone").await;
    let api = somewhere_else(&server, 5);
    let mut elsewhere = phone.at("https://evil.tenon.example.com");
    elsewhere.sign_in(&api).await.problem(401, "auth.invalid_passkey");

    // The device did not look whose finger it was.
    let started = api.post("/auth/passkey/options", None).await.expect(200);
    let mut lax = started["options"].clone();
    lax["userVerification"] = json!("discouraged");
    let answer = json!({"ceremony": started["ceremony"], "credential": phone.sign(&lax).await});
    api.post("/auth/passkey", answer).await.problem(401, "auth.invalid_passkey");

    let other = Person::found(&server).await;
    let mut tablet = PasskeyDevice::default();
    other.add_passkey(&mut tablet, "Tablet").await;
    let handle = tablet.answer(&api).await["credential"]["response"]["userHandle"].clone();
    for (pointer, value) in [
        ("/credential/response/signature", json!("MEUCIQ")),
        ("/credential/response/userHandle", handle),
        ("/credential/response/userHandle", Value::Null),
        ("/credential/rawId", json!("AAAA")),
        ("/credential/response/clientDataJSON", json!("e30")),
        ("/credential/response/authenticatorData", json!("AAAA")),
        ("/ceremony", json!("derived.AAAA")),
    ] {
        let mut answer = phone.answer(&api).await;
        *answer.pointer_mut(pointer).unwrap() = value;
        api.post("/auth/passkey", answer).await.problem(401, "auth.invalid_passkey");
    }
    let mut answer = phone.answer(&api).await;
    let signature = text(&answer["credential"]["response"], "signature");
    let place = signature.len() / 2;
    let forged = if signature.as_bytes()[place] == b'A' { 'B' } else { 'A' };
    let forged = format!("{}{forged}{}", &signature[..place], &signature[place + 1..]);
    answer["credential"]["response"]["signature"] = json!(forged);
    api.post("/auth/passkey", answer).await.problem(401, "auth.invalid_passkey");
    phone.sign_in(&api).await.expect(200);
}

pub(super) async fn hostile_bodies_are_refused_and_nothing_breaks(server: Server) {
    let person = Person::found(&server).await;
    let api = somewhere_else(&server, 6);
    let deep = (0..100).fold(json!({}), |inner, _| json!({"a": inner}));
    let huge = "A".repeat(500_000);
    let started = person.api.post("/users/me/passkeys/options", json!({"password": PASSWORD})).await.expect(200);
    for (number, credential) in [
        json!({}),
        json!(null),
        json!([]),
        json!("text"),
        json!(7),
        deep,
        json!({"id": huge, "rawId": huge, "type": "public-key", "response": {}}),
        json!({"id": "", "rawId": "", "type": "public-key", "response": {
            "clientDataJSON": "", "attestationObject": "", "authenticatorData": "", "signature": "", "userHandle": "",
        }}),
        json!({"id": "AA", "rawId": "AA", "type": "public-key", "response": {
            "clientDataJSON": huge, "attestationObject": "n4kAn4kA", "authenticatorData": "AA", "signature": "AA",
        }}),
    ]
    .into_iter()
    .enumerate()
    {
        let sign_in = api.post("/auth/passkey/options", None).await.expect(200);
        let answer = json!({"ceremony": sign_in["ceremony"], "credential": credential});
        let refused = api.post("/auth/passkey", answer).await;
        refused.problem(401, "auth.invalid_passkey");
        let body = json!({"ceremony": started["ceremony"], "name": "Phone", "credential": credential});
        let refused = person.api.post("/users/me/passkeys", body).await;
        assert_eq!(refused.faults(422), broken("credential", "invalid_passkey"), "{number}");
    }
    for ceremony in ["", ".", "derived.", "no-such-key.AAAA", &huge] {
        let refused = api.post("/auth/passkey", json!({"ceremony": ceremony, "credential": {}})).await;
        refused.problem(401, "auth.invalid_passkey");
        let body = json!({"ceremony": ceremony, "name": "Phone", "credential": {}});
        let refused = person.api.post("/users/me/passkeys", body).await;
        assert_eq!(refused.faults(422), broken("ceremony", "passkey_ceremony"));
    }
    for body in
        [json!({}), json!({"ceremony": 7, "credential": {}}), json!({"ceremony": "a", "credential": {}, "x": 1})]
    {
        api.post("/auth/passkey", body).await.problem(400, "body.invalid");
    }
}
