//! An organization with every kind of resource, and a word of its own in every text.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};
use tenon_e2e_tests::openapi_document::{Ids, Operation, unreachable_provider};
use tenon_e2e_tests::{PASSWORD, PasskeyDevice, Person, Server, eventually, text};
use uuid::Uuid;

use crate::attempts::counterpart;

pub(crate) struct Tenant {
    pub(crate) owner: Person,
    pub(crate) admin: Person,
    pub(crate) member: Person,
    pub(crate) guest: Person,
    /// One of everything.
    pub(crate) ids: Ids,
    words: Words,
    /// What was answered when things were made.
    made: Vec<Value>,
}

/// What stands for something of an organization in a call.
pub(crate) struct Names {
    pub(crate) ids: Vec<String>,
    /// Projects and tasks have keys besides.
    pub(crate) ids_and_keys: Vec<String>,
    pub(crate) words: Vec<String>,
}

/// Words that occur nowhere else.
#[derive(Default)]
struct Words {
    words: Vec<String>,
    keys: Vec<String>,
}

impl Words {
    #[expect(clippy::disallowed_methods, reason = "its last digits are random")]
    fn random() -> String {
        Uuid::now_v7().simple().to_string()[20..].to_owned()
    }

    fn word(&mut self) -> String {
        let word = format!("w{}", Self::random());
        self.words.push(word.clone());
        word
    }

    fn email(&mut self) -> String {
        format!("{}@example.com", self.word())
    }

    /// Of a project.
    fn key(&mut self) -> String {
        let key = format!("Q{}", &Self::random()[3..]).to_uppercase();
        self.keys.push(key.clone());
        key
    }
}

impl Tenant {
    pub(crate) async fn found(server: &Server) -> Self {
        let mut words = Words::default();
        let api = server.api();
        let registration = json!({
            "email": words.email(), "password": PASSWORD, "display_name": words.word(),
            "organization_name": words.word(),
        });
        let owner = Person::signed_in(&api, &api.post("/auth/register", registration).await.expect(201));
        let mut device = PasskeyDevice::default();
        let passkey = owner.add_passkey(&mut device, &words.word()).await;
        let login = device.answer(&api).await;
        api.post("/auth/passkey", login).header("user-agent", words.word()).await.expect(200);
        let admin = owner.invite(&words.word(), "admin").await;
        let member = owner.invite(&words.word(), "member").await;
        let guest = owner.invite(&words.word(), "guest").await;
        admin.enroll().await;

        let mut made = Vec::new();
        let invitation = json!({"email": words.email(), "role": "member"});
        let invitation = owner.api.post("/invitations", invitation).await.expect(201);
        let account = json!({"name": words.word(), "role": "member"});
        let account = owner.api.post("/service-accounts", account).await.expect(201);
        let its_tokens = format!("/service-accounts/{}/tokens", text(&account, "id"));
        for (who, path) in [(&owner, its_tokens.as_str()), (&member, "/users/me/tokens")] {
            let token = json!({"name": words.word(), "scopes": ["tasks:read"]});
            made.push(who.api.post(path, token).await.expect(201));
        }
        let domain = json!({"domain": format!("{}.example", words.word())});
        let domain = owner.api.post("/domains", domain).await.expect(201);
        let provider = owner.api.post("/identity-providers", unreachable_provider(&words.word())).await.expect(201);
        let token = json!({"name": words.word(), "scopes": ["tasks:read"]});
        let token = owner.api.post("/users/me/tokens", token).await.expect(201);

        let role = json!({
            "level": "organization", "name": words.word(), "description": words.word(), "base": "guest",
            "permissions": ["audit.view"],
        });
        let role = owner.api.post("/roles", role).await.expect(201);
        let tester = json!({"level": "project", "name": words.word(), "permissions": ["task.create"]});
        made.push(owner.api.post("/roles", tester).await.expect(201));

        let fields = json!({"name": words.word(), "description": words.word(), "lead_id": admin.id});
        let project = owner.project_with(&words.key(), fields).await;
        let path = format!("/projects/{}", text(&project, "id"));
        for (person, role) in [(&member, "contributor"), (&guest, "viewer")] {
            owner.api.put(format!("{path}/members/{}", person.id), json!({"role": role})).await.expect(200);
        }
        let team = json!({"name": words.word(), "description": words.word()});
        let team = owner.api.post("/teams", team).await.expect(201);
        let its_path = format!("/teams/{}", text(&team, "id"));
        for person in [&member, &guest] {
            owner.api.put_nothing(format!("{its_path}/members/{}", person.id)).await.expect(200);
        }
        owner.api.put(format!("{path}{its_path}"), json!({"role": "viewer"})).await.expect(200);
        let fields = json!({"name": words.word(), "visibility": "private"});
        let private = admin.project_with(&words.key(), fields).await;
        let archived = owner.project_with(&words.key(), json!({"name": words.word()})).await;
        owner.api.post(format!("/projects/{}/archive", text(&archived, "id")), None).await.expect(200);

        let fields = json!({"type": "epic", "description": words.word(), "labels": [words.word()]});
        let epic = owner.task_with(&project, &words.word(), fields).await;
        let fields = json!({"assignee_ids": [member.id], "parent_id": epic["id"], "labels": [words.word()]});
        let task = owner.task_with(&project, &words.word(), fields).await;
        let trashed = owner.task(&project, &words.word()).await;
        owner.api.delete(format!("/tasks/{}", text(&trashed, "id"))).await.expect(204);
        let hidden = admin.task(&private, &words.word()).await;

        let told = eventually("a notification", || async {
            member.all("/notifications").await.into_iter().find(|it| it["resource"]["id"] == task["id"])
        })
        .await;
        let trail = format!("/audit-logs?resource_id={}", text(&hidden, "id"));
        eventually("an entry", || async { admin.all(&trail).await.pop() }).await;
        let session = owner.all("/auth/sessions").await.pop().expect("a session");
        let ids = Ids {
            project: text(&project, "id"),
            task: text(&task, "id"),
            member: member.id.clone(),
            project_member: member.id.clone(),
            invitation: text(&invitation, "id"),
            notification: text(&told, "id"),
            session: text(&session, "id"),
            token: text(&token, "id"),
            passkey: text(&passkey, "id"),
            service_account: text(&account, "id"),
            role: text(&role, "id"),
            team: text(&team, "id"),
            domain: text(&domain, "id"),
            organization: owner.organization_id.clone(),
            identity_provider: text(&provider, "id"),
            // See `OF_NOBODY`.
            identity: counterpart(&owner.id),
        };
        made.extend([
            invitation, account, domain, provider, token, passkey, role, team, project, private, archived, epic, task,
            trashed, hidden, told, session,
        ]);
        made.push(json!({"organization_id": owner.organization_id}));
        made.extend([&owner, &admin, &member, &guest].map(|person| json!({"user_id": person.id})));
        Self { owner, admin, member, guest, ids, words, made }
    }

    /// All that its people can read, by who reads it and where.
    pub(crate) async fn everything(&self, operations: &[Operation]) -> BTreeMap<String, Value> {
        let mut found = BTreeMap::new();
        for operation in operations.iter().filter(|it| it.secured && it.method == Method::GET) {
            let path = operation.fill(&self.ids);
            let answer: Value = if operation.query.contains_key("cursor") {
                self.owner.all(&path).await.into()
            } else {
                self.owner.api.get(&path).await.expect(200)
            };
            found.insert(format!("owner {path}"), answer);
        }
        for (name, who) in [("admin", &self.admin), ("member", &self.member), ("guest", &self.guest)] {
            for path in ["/projects", "/tasks", "/notifications", "/auth/sessions", "/users/me/tokens"] {
                found.insert(format!("{name} {path}"), who.all(path).await.into());
            }
        }
        found
    }

    /// The keys of its projects.
    pub(crate) fn keys(&self) -> &[String] {
        &self.words.keys
    }

    /// What can be tried elsewhere, of all that was answered. Nothing takes the id of an audit entry.
    pub(crate) fn names(&self, everything: &BTreeMap<String, Value>) -> Names {
        let read = everything.iter().filter(|(path, _)| !path.ends_with("/audit-logs")).map(|(_, value)| value);
        let texts = self.made.iter().chain(read).flat_map(|value| texts("", value));
        let is_id = |name: &str| name == "id" || name.ends_with("_id") || name.ends_with("_ids");
        let ids = texts.filter(|(name, text)| is_id(name) && Uuid::try_parse(text).is_ok());
        let ids: Vec<_> = ids.map(|(_, id)| id).collect::<BTreeSet<_>>().into_iter().collect();
        let tasks = self.words.keys.iter().map(|key| format!("{key}-1"));
        let ids_and_keys = ids.iter().cloned().chain(self.words.keys.iter().cloned()).chain(tasks).collect();
        Names { ids, ids_and_keys, words: self.words() }
    }

    /// All that can be looked for, whatever its case: in lower case.
    fn words(&self) -> Vec<String> {
        let keys = self.words.keys.iter().map(|key| key.to_lowercase());
        self.words.words.iter().cloned().chain(keys).collect()
    }

    /// What tells of it wherever it shows, in lower case: every word, and every id in all that can be read.
    pub(crate) fn traces(&self, everything: &BTreeMap<String, Value>) -> Vec<String> {
        let texts = self.made.iter().chain(everything.values()).flat_map(|value| texts("", value));
        let ids = texts.map(|(_, text)| text.to_lowercase()).filter(|text| Uuid::try_parse(text).is_ok());
        ids.chain(self.words()).collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// The texts in a value, with the names of the members that they are in.
fn texts(name: &str, value: &Value) -> Vec<(String, String)> {
    match value {
        Value::String(text) => vec![(name.to_owned(), text.clone())],
        Value::Array(items) => items.iter().flat_map(|item| texts(name, item)).collect(),
        Value::Object(members) => members.iter().flat_map(|(name, member)| texts(name, member)).collect(),
        _ => Vec::new(),
    }
}
