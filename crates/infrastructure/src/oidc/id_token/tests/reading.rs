use super::*;

#[test]
fn claims_are_read_from_where_they_are() {
    let map = |value: Value| value.as_object().unwrap().clone();
    let both = read(&map(claims()), None, Some("groups")).unwrap();
    assert_eq!((both.subject.as_str(), both.email.as_deref()), ("ada", Some("ada@example.com")));
    assert!(both.email_verified && both.groups.is_empty());
    // An address from one place is not vouched for by another one.
    let unverified = map(json!({"sub": "ada", "email": "ada@example.com"}));
    let info = map(json!({"sub": "ada", "email": "eve@example.com", "email_verified": true, "groups": ["staff", 7]}));
    let mixed = read(&unverified, Some(&info), Some("groups")).unwrap();
    assert_eq!((mixed.email.as_deref(), mixed.email_verified), (Some("eve@example.com"), true), "who says both counts");
    assert_eq!(mixed.groups, ["staff"]);
    let denied = map(json!({"sub": "ada", "email": "ada@example.com", "email_verified": false}));
    let denied = read(&denied, Some(&info), None).unwrap();
    assert_eq!((denied.email.as_deref(), denied.email_verified), (Some("ada@example.com"), false));
    let silent = map(json!({"sub": "ada", "email": "eve@example.com", "name": "Ada"}));
    let silent = read(&unverified, Some(&silent), None).unwrap();
    assert_eq!((silent.email.as_deref(), silent.email_verified), (Some("ada@example.com"), false));
    assert_eq!(silent.name.as_deref(), Some("Ada"));
    let from_info = read(&map(json!({"sub": "ada"})), Some(&info), None).unwrap();
    assert_eq!((from_info.email.as_deref(), from_info.email_verified), (Some("eve@example.com"), true));
    let texts = map(json!({"sub": "ada", "email": "a@b.c", "email_verified": "true", "groups": "staff"}));
    let texts = read(&texts, None, Some("groups")).unwrap();
    assert!(texts.email_verified && texts.groups == ["staff"]);
}

#[test]
fn groups_that_are_not_all_told_are_none_at_all() {
    let with = |name: &str, value: Value| with(name, value).as_object().unwrap().clone();
    let elsewhere = with("_claim_names", json!({"groups": "src1", "address": "src2"}));
    let groups = |claims: &Claims, info: Option<&Claims>, name: &str| {
        read(claims, info, Some(name)).map(|it| it.groups).map_err(|cause| cause.contains("_claim_names"))
    };
    let silent = claims().as_object().unwrap().clone();
    assert_eq!(groups(&elsewhere, None, "groups"), Err(true));
    assert_eq!(groups(&silent, Some(&elsewhere), "groups"), Err(true), "nor does the user info endpoint say it");
    assert!(read(&elsewhere, None, None).is_ok(), "nobody asks for them");
    assert_eq!(groups(&elsewhere, None, "roles"), Ok(Vec::new()), "it is another claim that is elsewhere");
    let told = with("groups", json!(["staff"]));
    assert_eq!(groups(&elsewhere, Some(&told), "groups"), Ok(vec!["staff".to_owned()]));
    assert_eq!(groups(&with("groups", json!([])), None, "groups"), Ok(Vec::new()));
    for odd in [json!("groups"), json!(["groups"]), json!(7), Value::Null] {
        assert_eq!(groups(&with("_claim_names", odd), None, "groups"), Ok(Vec::new()));
    }

    let many = |count: usize| with("groups", (0..count).map(|number| number.to_string()).collect());
    assert_eq!(groups(&many(MAX_GROUPS), None, "groups").map(|all| all.len()), Ok(MAX_GROUPS));
    assert_eq!(groups(&many(MAX_GROUPS + 1), None, "groups"), Err(false));
}

#[test]
fn more_is_asked_for_where_something_is_wanting() {
    let (address, name) = (json!({"email": "a@b.c", "email_verified": false}), json!({"name": "Ada"}));
    let told =
        |parts: &[&Value]| -> Claims { parts.iter().flat_map(|part| part.as_object().unwrap().clone()).collect() };
    let client = |scopes: &str, groups_claim: Option<&str>| OidcClient {
        scopes: scopes.to_owned(),
        groups_claim: groups_claim.map(str::to_owned),
        ..client()
    };
    let profile = client("openid email profile", None);
    assert_eq!(wanting(&told(&[&address, &name]), &profile), Wanting::Nothing);
    assert_eq!(wanting(&told(&[&address]), &profile), Wanting::Name);
    assert_eq!(wanting(&told(&[&address]), &client("openid email", None)), Wanting::Nothing, "it was not asked for");
    assert_eq!(wanting(&told(&[&address, &name]), &client("openid", Some("groups"))), Wanting::Claims);
    for incomplete in [json!({}), json!({"email": "a@b.c"}), json!({"email": "a@b.c", "email_verified": null})] {
        assert_eq!(wanting(&told(&[&incomplete, &name]), &profile), Wanting::Claims, "{incomplete}");
    }
}
