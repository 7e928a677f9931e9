//! Two organizations with every kind of resource: nothing of one can be reached, counted or guessed from the other.
//! What is tried comes from the served OpenAPI document, so that new operations are tried by themselves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod attempts;
mod tenant;

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use tenon_e2e_tests::openapi_document::{Operation, operations};
use tenon_e2e_tests::{Answer, Person, Server, array, eventually, on_every_deployment, text};

use self::attempts::{Attempt, Place, attempts, counterpart, look};
use self::tenant::Tenant;

on_every_deployment!(
    no_id_of_one_organization_is_good_for_anything_in_another,
    lists_count_and_page_what_is_their_own,
    what_one_organization_took_is_free_in_another,
);

/// Owners may do everything in theirs: they are told that there is nothing.
const REFUSED_TO_OWNERS: &[&str] = &[];

/// What members may not do in their own organization either: they are refused before anything is looked up.
const REFUSED_TO_MEMBERS: &[&str] = &[
    "GET /audit-logs",
    "GET /domains/{domain}",
    "PATCH /domains/{domain}",
    "DELETE /domains/{domain}",
    "POST /domains/{domain}/verify",
    "GET /identity-providers/{identity_provider}",
    "PATCH /identity-providers/{identity_provider}",
    "DELETE /identity-providers/{identity_provider}",
    "GET /invitations/{invitation}",
    "DELETE /invitations/{invitation}",
    "PATCH /members/{user_id}",
    "DELETE /members/{user_id}",
    "POST /members/{user_id}/suspend",
    "POST /members/{user_id}/unsuspend",
    "POST /organizations/current/transfer",
    "GET /organizations/current/tokens",
    "GET /organizations/current/tokens/{token}",
    "DELETE /organizations/current/tokens/{token}",
    "PATCH /projects/{project}",
    "PATCH /teams/{team}",
    "DELETE /teams/{team}",
    "PUT /teams/{team}/members/{user_id}",
    "DELETE /teams/{team}/members/{user_id}",
    "PUT /projects/{project}/teams/{team}",
    "DELETE /projects/{project}/teams/{team}",
    "PUT /projects/{project}/members/{user_id}",
    "DELETE /projects/{project}/members/{user_id}",
    "GET /service-accounts/{service_account}",
    "GET /service-accounts/{service_account}/tokens",
    "PATCH /service-accounts/{service_account}",
    "DELETE /roles/{role}",
    "DELETE /service-accounts/{service_account}",
    "PATCH /roles/{role}",
    "POST /identity-providers",
    "POST /invitations",
    "POST /service-accounts",
    "POST /service-accounts/{service_account}/tokens",
];

/// What has an id of nobody here: who has an identity has been at a provider, which would be a process beside every server.
/// That identities are their users' own is tried in tests/contract (`identities_are_their_users_own`).
const OF_NOBODY: &[&str] = &["DELETE /users/me/identities/{identity}"];

/// Filters that take no text but that of a certain form: a word is malformed.
const FORMAL_FILTERS: &[&str] = &["GET /audit-logs?action"];

/// What differs each time: random tokens, and what holds things that are told later.
const ANOTHER_EACH_TIME: &[&str] = &["/auth/csrf", "/users/me/export"];
/// Lists that go on growing for a while after what they tell of: workers fill them.
const TOLD_LATER: &[&str] = &["/audit-logs", "/notifications", "/notifications/unread-count"];

/// What all attempts came to, to be compared with the exemptions.
#[derive(Default)]
struct Outcomes {
    refused: BTreeSet<String>,
    malformed: BTreeSet<String>,
}

impl Outcomes {
    fn note(&mut self, attempt: &Attempt<'_>, answer: &Answer) {
        let what = attempt.to_string();
        let in_query = matches!(attempt.place, Place::Query(_));
        match answer.status {
            404 => {}
            422 if !in_query => {}
            403 => {
                self.refused.insert(attempt.operation.name());
            }
            400 if in_query => {
                self.malformed.insert(what);
            }
            200 if in_query => {
                let page = answer.json();
                assert!(array(&page).is_empty() && page["total"] == 0, "{what} did not narrow the list: {page}");
            }
            status => panic!("{what} answered {status} {}", answer.text),
        }
    }
}

fn owned(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

async fn no_id_of_one_organization_is_good_for_anything_in_another(server: Server) {
    let operations = operations(&server).await;
    let (theirs, ours) = (Tenant::found(&server).await, Tenant::found(&server).await);
    let before = theirs.everything(&operations).await;
    let (traces, names) = (theirs.traces(&before), theirs.names(&before));
    // All ids that are tried are somebody's, but for these.
    let is_of_nobody = |operation: &Operation| {
        let path = operation.fill(&theirs.ids);
        operation
            .places()
            .iter()
            .any(|at| path.split('/').nth(*at).is_none_or(|id| !names.ids.iter().any(|it| it == id)))
    };
    let of_nobody = operations.iter().filter(|it| it.secured && is_of_nobody(it));
    assert_eq!(of_nobody.map(Operation::name).collect::<BTreeSet<_>>(), owned(OF_NOBODY));
    let mut kinds = BTreeSet::new();
    for (who, refusals) in [(&ours.owner, REFUSED_TO_OWNERS), (&ours.member, REFUSED_TO_MEMBERS)] {
        let mut outcomes = Outcomes::default();
        for operation in operations.iter().filter(|it| it.secured) {
            for (attempt, values) in attempts(operation, &names) {
                kinds.insert(attempt.place.kind());
                let nobodys = look(&attempt, who, &ours.ids, &counterpart(&values[0])).await;
                for (value, answer) in attempt.all(who, &ours.ids, &values).await {
                    let trace = answer.trace_of(&traces, &value);
                    assert!(trace.is_none(), "{attempt} tells {trace:?} with {value}: {}", answer.answer.text);
                    outcomes.note(&attempt, &answer.answer);
                    // Ids have one form. What differs in form from the first is compared with its own kind.
                    let other = counterpart(&value);
                    if other.len() == nobodys.value.len() {
                        assert_eq!(answer.told(), nobodys.told(), "{attempt} with {value}");
                    } else {
                        let nobodys = look(&attempt, who, &ours.ids, &other).await;
                        assert_eq!(answer.told(), nobodys.told(), "{attempt} with {value}");
                    }
                }
            }
            if operation.has_parameters() {
                let body = operation.example(&theirs.ids);
                let whole = who.api.call(operation.method.clone(), &operation.fill(&theirs.ids), body).await;
                assert!(matches!(whole.status, 403 | 404), "{} answered {}", operation.name(), whole.text);
            }
        }
        assert_eq!(outcomes.refused, owned(refusals), "{}", who.name);
        assert_eq!(outcomes.malformed, owned(FORMAL_FILTERS));
    }
    assert_eq!(kinds, BTreeSet::from(["body", "path", "path and tag", "query"]));

    let after = theirs.everything(&operations).await;
    let own_traces = ours.traces(&ours.everything(&operations).await);
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    for (path, was) in &before {
        let is = &after[path];
        let text = is.to_string().to_lowercase();
        let trace = own_traces.iter().find(|trace| text.contains(trace.as_str()));
        assert!(trace.is_none(), "{path} tells {trace:?} of those who tried: {is}");
        if ANOTHER_EACH_TIME.iter().any(|other| path.ends_with(other)) {
            continue;
        }
        if !TOLD_LATER.iter().any(|later| path.ends_with(later)) {
            assert_eq!(was, is, "{path}");
        } else if let (Some(was), Some(is)) = (was.as_array(), is.as_array()) {
            assert!(was.iter().all(|item| is.contains(item)), "{path} has lost some of {was:?}");
        }
    }
}

async fn lists_count_and_page_what_is_their_own(server: Server) {
    let operations = operations(&server).await;
    let (theirs, ours) = (Tenant::found(&server).await, Tenant::found(&server).await);
    let traces = theirs.traces(&theirs.everything(&operations).await);
    let clean = |what: &str, text: &str| {
        let text = text.to_lowercase();
        let trace = traces.iter().find(|trace| text.contains(trace.as_str()));
        assert!(trace.is_none(), "{what} tells {trace:?}: {text}");
    };
    for (path, answer) in ours.everything(&operations).await {
        clean(&path, &answer.to_string());
    }
    for path in ["//metrics", "//health/detailed", "/openapi.json"] {
        clean(path, &server.api().get(path).await.text);
    }
    let mut cursors = 0;
    let lists = operations.iter().filter(|it| it.method == Method::GET && it.query.contains_key("cursor"));
    for (list, (who, there)) in lists
        .flat_map(|list| [(&ours.owner, &theirs.owner), (&ours.member, &theirs.member)].map(|people| (list, people)))
    {
        let (path, name) = (list.fill(&ours.ids), list.name());
        if who.api.get(&path).await.status == 403 {
            continue;
        }
        // Entries arrive while they are counted: only what is never right is wrong.
        eventually(&format!("the total of {name}"), || async {
            let page = who.api.get(format!("{path}?limit=200&include=total")).await.expect(200);
            (page["total"] == array(&page).len()).then_some(())
        })
        .await;
        let page = there.api.get(format!("{}?limit=1", list.fill(&theirs.ids))).await.expect(200);
        let Some(cursor) = page["next_cursor"].as_str() else { continue };
        cursors += 1;
        let own: BTreeSet<_> = who.all(&path).await.iter().map(Value::to_string).collect();
        let answer = who.api.get(format!("{path}?limit=200&cursor={cursor}")).await;
        clean(&name, &answer.text);
        if answer.status != 200 {
            answer.problem(400, "cursor.invalid");
            continue;
        }
        // What workers add meanwhile comes first, before any cursor or among what is listed again.
        let again: BTreeSet<_> = who.all(&path).await.iter().map(Value::to_string).collect();
        for item in array(&answer.json()) {
            let item = item.to_string();
            assert!(own.contains(&item) || again.contains(&item), "{name} does not list {item}");
        }
    }
    assert!(cursors >= 6, "only {cursors} lists had a second page");
    for who in [&ours.owner, &ours.member] {
        eventually("the count of what is unread", || async {
            let count = who.api.get("/notifications/unread-count").await.expect(200);
            (count["count"] == who.all("/notifications?unread=true").await.len()).then_some(())
        })
        .await;
    }
}

async fn what_one_organization_took_is_free_in_another(server: Server) {
    let (theirs, ours) = (Tenant::found(&server).await, Tenant::found(&server).await);
    let owner = &ours.owner;
    for key in theirs.keys() {
        let project = owner.project(key).await;
        assert_eq!(owner.task(&project, "The first one").await["number"], 1);
    }
    let domain = theirs.owner.api.get(format!("/domains/{}", theirs.ids.domain)).await.expect(200);
    owner.api.post("/domains", json!({"domain": domain["domain"]})).await.expect(201);
    // Whether an address has an account, and where, is not told to who invites it or wants it.
    let invite = |email: String| async move {
        let invited = owner.api.post("/invitations", json!({"email": email, "role": "guest"})).await;
        let mut invitation = invited.expect(201);
        let members = invitation.as_object_mut().unwrap();
        for individual in ["id", "email", "token", "accept_url", "created_at", "expires_at"] {
            assert!(members.remove(individual).is_some(), "no {individual}");
        }
        invitation
    };
    let want = |person: Person, email: String| async move {
        let body = json!({"current_password": tenon_e2e_tests::PASSWORD, "new_email": email});
        person.api.post("/users/me/email", body).await.expect(202)
    };
    for email in [&theirs.owner.email, &theirs.guest.email] {
        let nobodys = counterpart(email);
        assert_eq!(invite(email.clone()).await, invite(nobodys.clone()).await);
        let (theirs, nobodys) = (want(ours.member.clone(), email.clone()), want(ours.member.clone(), nobodys));
        assert_eq!(theirs.await, nobodys.await);
    }
    // An outcome that is kept for one is not replayed to another.
    let body = json!({"project_id": theirs.ids.project, "title": "Kept"});
    let create = |person: &Person| person.api.post("/tasks", body.clone()).header("idempotency-key", "the-same-key");
    let kept = create(&theirs.owner).await.expect(201);
    assert_eq!(create(&theirs.owner).await.header("idempotent-replayed"), Some("true"));
    let refused = create(&ours.owner).await;
    refused.problem(404, "project.not_found");
    assert!(refused.header("idempotent-replayed").is_none());
    assert!(!refused.text.contains(&text(&kept, "id")));
}
