//! The served OpenAPI document, as tests are driven by it: what operations there are, and what they take.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Exchange, PasskeyDevice, Person, Server, eventually, text, unique_domain, unique_email};

/// One operation of the document.
pub struct Operation {
    pub method: Method,
    /// Relative to `/api/v1` (`/tasks/{task}`).
    pub path: String,
    pub secured: bool,
    /// What a personal access token needs for it. None is good for an operation without a scope.
    pub scope: Option<String>,
    pub statuses: BTreeSet<String>,
    /// The schemas of its query parameters, by their names.
    pub query: BTreeMap<String, Value>,
    /// The headers that it says it takes.
    pub headers: BTreeSet<String>,
    /// The schema of its JSON body, with everything it refers to in place.
    pub body: Option<Value>,
}

impl Operation {
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    pub fn has_parameters(&self) -> bool {
        self.path.contains('{')
    }

    pub fn matches(&self, exchange: &Exchange) -> bool {
        let (ours, theirs): (Vec<_>, Vec<_>) = (self.path.split('/').collect(), exchange.path.split('/').collect());
        let same = |(template, given): (&&str, &&str)| template.starts_with('{') || template == given;
        self.method.as_str() == exchange.method && ours.len() == theirs.len() && ours.iter().zip(&theirs).all(same)
    }

    /// The path with its parameters filled in, by the segment before each.
    pub fn fill(&self, ids: &Ids) -> String {
        self.fill_but(ids, usize::MAX, "")
    }

    /// Like [`Operation::fill`], with a text of one's own as the parameter in this segment.
    pub fn fill_but(&self, ids: &Ids, place: usize, text: &str) -> String {
        let mut filled: Vec<String> = Vec::new();
        for (at, segment) in self.path.split('/').enumerate() {
            let id = match filled.last().map(String::as_str) {
                _ if !segment.starts_with('{') => segment.to_owned(),
                _ if at == place => text.to_owned(),
                Some("projects") => ids.project.clone(),
                Some("tasks") => ids.task.clone(),
                Some("members") if filled.iter().any(|it| it == "projects") => ids.project_member.clone(),
                Some("members") => ids.member.clone(),
                Some("invitations") => ids.invitation.clone(),
                Some("notifications") => ids.notification.clone(),
                Some("sessions") => ids.session.clone(),
                Some("tokens") => ids.token.clone(),
                Some("passkeys") => ids.passkey.clone(),
                Some("service-accounts") => ids.service_account.clone(),
                Some("roles") => ids.role.clone(),
                Some("teams") => ids.team.clone(),
                Some("domains") => ids.domain.clone(),
                Some("organizations") => ids.organization.clone(),
                Some("identity-providers") => ids.identity_provider.clone(),
                Some("identities") => ids.identity.clone(),
                // Anybody may be sent to those that there are.
                Some("oidc") => "nobody".to_owned(),
                other => panic!("{}: say what id comes after {other:?}", self.name()),
            };
            filled.push(id);
        }
        filled.join("/")
    }

    /// The segments of the path that are parameters.
    pub fn places(&self) -> Vec<usize> {
        let segments = self.path.split('/').enumerate();
        segments.filter(|(_, segment)| segment.starts_with('{')).map(|(at, _)| at).collect()
    }

    /// The body that the document has as an example. The project in it is this one.
    pub fn example(&self, ids: &Ids) -> Option<Value> {
        let schema = self.body.as_ref()?;
        let mut example = match schema.get("example") {
            Some(whole) => whole.clone(),
            None => {
                let properties = schema["properties"].as_object().expect("properties");
                let examples = properties.iter().map(|(name, property)| (name.clone(), property["example"].clone()));
                examples.filter(|(_, example)| !example.is_null()).collect()
            }
        };
        if example.get("project_id").is_some() {
            example["project_id"] = json!(ids.project);
        }
        Some(example)
    }

    /// Pointers to where the body takes ids.
    pub fn ids_in_body(&self) -> Vec<String> {
        self.body.as_ref().map(|schema| id_places(schema, "")).unwrap_or_default()
    }
}

fn id_places(schema: &Value, at: &str) -> Vec<String> {
    if schema["format"] == "uuid" {
        return vec![at.to_owned()];
    }
    let mut places = Vec::new();
    if let Some(items) = schema.get("items") {
        places.extend(id_places(items, &format!("{at}/0")));
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        places.extend(id_places(property, &format!("{at}/{name}")));
    }
    for choice in ["oneOf", "anyOf", "allOf"] {
        for schema in schema[choice].as_array().into_iter().flatten() {
            places.extend(id_places(schema, at));
        }
    }
    places
}

/// A schema with those in place that it refers to.
fn inlined(document: &Value, schema: &Value) -> Value {
    match schema {
        Value::Object(members) => match members.get("$ref").and_then(Value::as_str) {
            Some(reference) => {
                let target = document.pointer(reference.trim_start_matches('#'));
                inlined(document, target.unwrap_or_else(|| panic!("{reference} is not in the document")))
            }
            None => members.iter().map(|(name, member)| (name.clone(), inlined(document, member))).collect(),
        },
        Value::Array(items) => items.iter().map(|item| inlined(document, item)).collect(),
        plain => plain.clone(),
    }
}

/// What path parameters are filled with.
pub struct Ids {
    pub project: String,
    pub task: String,
    pub member: String,
    pub project_member: String,
    pub invitation: String,
    pub notification: String,
    pub session: String,
    pub token: String,
    pub passkey: String,
    pub service_account: String,
    pub role: String,
    /// Its members are the member and nobody else, and it is in the project.
    pub team: String,
    pub domain: String,
    pub organization: String,
    pub identity_provider: String,
    /// Of nobody: who has one has been at an identity provider.
    pub identity: String,
}

impl Ids {
    /// One of everything, in a new organization that is not the caller's.
    pub async fn found(server: &Server) -> (Self, Person) {
        let owner = Person::found(server).await;
        let member = owner.invite("Mia Member", "member").await;
        let project = owner.project("ENG").await;
        let task = owner.task_with(&project, "Ours", json!({"assignee_ids": [member.id]})).await;
        let invitation = json!({"email": unique_email("Nina"), "role": "member"});
        let invitation = owner.api.post("/invitations", invitation).await.expect(201);
        let notification = eventually("a notification", || async { member.all("/notifications").await.pop() }).await;
        let session = owner.all("/auth/sessions").await.pop().unwrap();
        let (token, _) = owner.token(&["tasks:read"]).await;
        let passkey = owner.add_passkey(&mut PasskeyDevice::default(), "Phone").await;
        let service_account = json!({"name": "Importer", "role": "member"});
        let service_account = owner.api.post("/service-accounts", service_account).await.expect(201);
        let role = owner.role("Auditor", "guest", &["audit.view"]).await;
        let team = text(&owner.api.post("/teams", json!({"name": "Platform"})).await.expect(201), "id");
        owner.api.put_nothing(format!("/teams/{team}/members/{}", member.id)).await.expect(200);
        let in_project = format!("/projects/{}/teams/{team}", text(&project, "id"));
        owner.api.put(in_project, json!({"role": "viewer"})).await.expect(200);
        let domain = owner.api.post("/domains", json!({"domain": unique_domain()})).await.expect(201);
        let identity_provider = owner.api.post("/identity-providers", unreachable_provider("Staff")).await.expect(201);
        let ids = Self {
            project: text(&project, "id"),
            task: text(&task, "id"),
            member: member.id.clone(),
            project_member: member.id,
            invitation: text(&invitation, "id"),
            notification: text(&notification, "id"),
            session: text(&session, "id"),
            token,
            passkey: text(&passkey, "id"),
            service_account: text(&service_account, "id"),
            role: text(&role, "id"),
            team,
            domain: text(&domain, "id"),
            organization: owner.organization_id.clone(),
            identity_provider: text(&identity_provider, "id"),
            identity: Uuid::now_v7().to_string(),
        };
        (ids, owner)
    }
}

/// What makes an identity provider of this name, which is nowhere.
pub fn unreachable_provider(name: &str) -> Value {
    json!({"name": name, "issuer": format!("https://{name}.invalid").to_lowercase(), "client_id": name})
}

/// The operations below `/api/v1`.
pub async fn operations(server: &Server) -> Vec<Operation> {
    let document = server.api().get("/openapi.json").await.expect(200);
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let base = document["servers"][0]["url"].as_str().unwrap_or_default().trim_end_matches('/').to_owned();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let whole = if path.starts_with("/api/v1") { path.clone() } else { format!("{base}{path}") };
        let Some(path) = whole.split_once("/api/v1").map(|(_, path)| path.to_owned()) else { continue };
        for method in ["get", "post", "put", "patch", "delete"] {
            let Some(operation) = item.get(method) else { continue };
            let security = operation.get("security").or(document.get("security"));
            // An empty alternative means that no credentials are needed.
            let optional = |it: &Vec<Value>| it.is_empty() || it.iter().any(|it| it.as_object().unwrap().is_empty());
            let mut alternatives = security.and_then(Value::as_array).into_iter().flatten();
            let scope = alternatives.find_map(|it| it["personal_access_token"][0].as_str());
            let parameters: Vec<_> = operation["parameters"].as_array().into_iter().flatten().collect();
            let of_kind = |kind: &'static str| parameters.iter().filter(move |it| it["in"] == kind);
            let body = operation.pointer("/requestBody/content/application~1json/schema");
            found.push(Operation {
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                secured: security.and_then(Value::as_array).is_some_and(|it| !optional(it)),
                scope: scope.map(str::to_owned),
                statuses: operation["responses"].as_object().unwrap().keys().cloned().collect(),
                query: of_kind("query").map(|it| (text(it, "name"), inlined(&document, &it["schema"]))).collect(),
                headers: of_kind("header").map(|it| text(it, "name")).collect(),
                body: body.map(|schema| inlined(&document, schema)),
            });
            assert!(operation["operationId"].is_string() && operation["tags"].is_array(), "{method} {path}");
        }
    }
    assert!(found.len() >= 40, "only {} operations", found.len());
    found
}
