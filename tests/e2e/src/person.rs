//! The stories that most tests begin with: somebody founds an organization, invites people, creates projects and tasks.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Api, Server};

/// The password of everybody in the tests.
pub const PASSWORD: &str = "correct horse battery staple";

/// Somebody who is signed in.
#[derive(Clone)]
pub struct Person {
    pub api: Api,
    pub id: String,
    pub email: String,
    pub name: String,
    pub organization_id: String,
    pub refresh_token: String,
}

/// An address nobody else has.
pub fn unique_email(name: &str) -> String {
    format!("{}.{}@example.com", name.to_lowercase().replace(' ', "."), Uuid::now_v7().simple())
}

/// A domain nobody else has.
pub fn unique_domain() -> String {
    format!("{}.example", Uuid::now_v7().simple())
}

/// The text of a member of a JSON object.
#[track_caller]
pub fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_else(|| panic!("no {member} in {value}")).to_owned()
}

/// The elements of `data`.
#[track_caller]
pub fn array(value: &Value) -> Vec<Value> {
    value["data"].as_array().unwrap_or_else(|| panic!("no data in {value}")).clone()
}

impl Person {
    /// Registers the owner of a new organization.
    pub async fn found(server: &Server) -> Self {
        Self::found_with(&server.api()).await
    }

    /// Like [`Person::found`], with a client of one's own.
    pub async fn found_with(api: &Api) -> Self {
        let email = unique_email("Ada Owner");
        let body = json!({
            "email": email, "password": PASSWORD, "display_name": "Ada Owner", "organization_name": "Analytical Engines",
        });
        Self::signed_in(api, &api.post("/auth/register", body).await.expect(201))
    }

    /// What registering, signing in and the like answer.
    pub fn signed_in(api: &Api, granted: &Value) -> Self {
        Self {
            api: api.with_token(&text(granted, "access_token")),
            id: text(&granted["user"], "id"),
            email: text(&granted["user"], "email"),
            name: text(&granted["user"], "display_name"),
            organization_id: text(&granted["organization"], "id"),
            refresh_token: text(granted, "refresh_token"),
        }
    }

    /// Invites somebody into the organization, who accepts with a new account.
    pub async fn invite(&self, name: &str, role: &str) -> Self {
        let email = unique_email(name);
        let invited = self.api.post("/invitations", json!({"email": email, "role": role})).await.expect(201);
        let body = json!({"token": text(&invited, "token"), "display_name": name, "password": PASSWORD});
        let api = self.api.without_token();
        let granted = api.post("/invitations/accept", body).await;
        assert!(matches!(granted.status, 200 | 201), "{} {}", granted.status, granted.text);
        Self::signed_in(&api, &granted.json())
    }

    /// Makes a personal access token with these scopes: its id, and a client that uses it.
    pub async fn token(&self, scopes: &[&str]) -> (String, Api) {
        let body = json!({"name": "Robot", "scopes": scopes});
        let made = self.api.post("/users/me/tokens", body).await.expect(201);
        (text(&made, "id"), self.api.with_token(&text(&made, "token")))
    }

    /// Makes a custom role for members, which is based on this one.
    pub async fn role(&self, name: &str, base: &str, permissions: &[&str]) -> Value {
        let body = json!({"level": "organization", "name": name, "base": base, "permissions": permissions});
        self.api.post("/roles", body).await.expect(201)
    }

    /// Creates a project that the organization can see.
    pub async fn project(&self, key: &str) -> Value {
        self.project_with(key, json!({})).await
    }

    pub async fn project_with(&self, key: &str, fields: Value) -> Value {
        let body = merged(json!({"key": key, "name": format!("Project {key}"), "visibility": "organization"}), fields);
        self.api.post("/projects", body).await.expect(201)
    }

    pub async fn task(&self, project: &Value, title: &str) -> Value {
        self.task_with(project, title, json!({})).await
    }

    pub async fn task_with(&self, project: &Value, title: &str, fields: Value) -> Value {
        let body = merged(json!({"project_id": project["id"], "title": title}), fields);
        self.api.post("/tasks", body).await.expect(201)
    }

    /// All elements of a list, page by page.
    pub async fn all(&self, path: &str) -> Vec<Value> {
        let join = if path.contains('?') { '&' } else { '?' };
        let mut found = Vec::new();
        let mut cursor = None::<String>;
        loop {
            let after = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
            let page = self.api.get(format!("{path}{join}limit=200{after}")).await.expect(200);
            found.extend(array(&page));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => return found,
            }
        }
    }
}

/// What somebody sends who is asked who they are: the password, and what proves their second factor.
pub fn proving(proof: Value) -> Value {
    merged(json!({"password": PASSWORD}), proof)
}

/// An object with the members of another one besides, or in their place.
pub fn merged(mut body: Value, fields: Value) -> Value {
    let (Value::Object(into), Value::Object(from)) = (&mut body, fields) else { panic!("two objects are needed") };
    into.extend(from);
    body
}
