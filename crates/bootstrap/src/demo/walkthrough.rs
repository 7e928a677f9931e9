use std::fmt::Write;
use std::path::Path;

use super::people::{ORGANIZATION, PASSWORD, PEOPLE};

/// What is printed once the demo runs: where it is, who can sign in, and commands that work when pasted.
pub(super) fn text(public_url: &str, data_dir: &Path) -> String {
    let [owner, .., designer, _] = &PEOPLE;
    let mut logins = String::new();
    for person in &PEOPLE {
        // Writing to a string does not fail.
        let _ =
            writeln!(logins, "  {:<25} {:<7} {}, {}", person.email, person.role.as_str(), person.name, person.title);
    }
    format!(
        r#"
{ORGANIZATION} is open at {public_url}   (API documentation: {public_url}/docs)
Data: {data} (emails in {data}/mail). Stop with Ctrl-C.

Sign in as any of these; the password is {PASSWORD}
{logins}
Try it in another terminal:

  API={public_url}/api/v1
  login() {{
    curl -s "$API/auth/login" -H 'Content-Type: application/json' \
      -d "{{\"email\": \"$1\", \"password\": \"{PASSWORD}\"}}" | sed -E 's/.*"access_token": ?"([^"]+)".*/\1/'
  }}
  MAYA=$(login {owner}); AIKO=$(login {designer})

  # What is in progress in the customer portal?
  WEB=$(curl -s "$API/projects/WEB" -H "Authorization: Bearer $MAYA" | sed -E 's/^\{{"id": ?"([^"]+)".*/\1/')
  curl -s "$API/tasks?project_id=$WEB&status=in_progress&sort=-priority&limit=5" -H "Authorization: Bearer $MAYA"; echo

  # Maya gives Aiko something to do …
  ID=$(curl -s "$API/users/me" -H "Authorization: Bearer $AIKO" | sed -E 's/^\{{"id": ?"([^"]+)".*/\1/')
  curl -s "$API/tasks" -H "Authorization: Bearer $MAYA" -H 'Content-Type: application/json' \
    -d "{{\"project_id\": \"$WEB\", \"title\": \"Try the demo\", \"assignee_ids\": [\"$ID\"]}}"; echo

  # … and Aiko has been told.
  curl -s "$API/notifications?unread=true&limit=1" -H "Authorization: Bearer $AIKO"; echo
"#,
        data = data_dir.display(),
        owner = owner.email,
        designer = designer.email,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_names_the_address_and_everybody() {
        let text = text("http://127.0.0.1:8080", Path::new("./demo-data"));
        assert!(text.contains("API=http://127.0.0.1:8080/api/v1\n"));
        assert!(PEOPLE.iter().all(|person| text.contains(person.email)));
        assert!(text.contains("AIKO=$(login aiko@northwind.example)"), "{text}");
    }
}
