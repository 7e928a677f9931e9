//! What the runbooks in docs/operations claim, and the names they send people to look for.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use tenon_e2e_tests::{Deployment, Options, PASSWORD, Person, Server, text, unique_email};

fn runbooks() -> Vec<(PathBuf, String)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operations/runbooks");
    let paths = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    paths.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

/// What all crates say: their string literals.
fn sayings(directory: &Path, into: &mut Vec<String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if path.is_dir() && name != "tests" {
            sayings(&path, into);
        } else if path.extension().is_some_and(|it| it == "rs") && name != "tests" && !name.ends_with("_tests") {
            literals(&fs::read_to_string(&path).unwrap(), into);
        }
    }
}

/// The string literals outside comments and unit tests. What is filled in at run time is an ellipsis.
fn literals(source: &str, into: &mut Vec<String>) {
    let mut rest = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
    while let Some(start) = rest.find(['"', '\'', '/']) {
        let before = &rest[..start];
        rest = &rest[start..];
        if rest.starts_with("//") {
            rest = rest.split_once('\n').map_or("", |(_, next_line)| next_line);
        } else if let Some(text) = rest.strip_prefix('"') {
            let prefix = before.trim_end_matches('#');
            let length = if prefix.ends_with('r') {
                text.find(&format!("\"{}", &before[prefix.len()..])).unwrap()
            } else {
                let mut escaped = false;
                let ends = |c: char| {
                    let is_end = c == '"' && !escaped;
                    escaped = c == '\\' && !escaped;
                    is_end
                };
                text.find(ends).unwrap()
            };
            into.push(with_ellipses(&text[..length]));
            rest = &text[length + 1..];
        } else if let Some(escape) = rest.strip_prefix("'\\") {
            let end = escape.char_indices().skip(1).find(|(_, c)| *c == '\'').unwrap().0;
            rest = &escape[end + 1..];
        } else {
            // A character, or what only begins like one: a lifetime, a division.
            let character = rest.strip_prefix('\'').and_then(|it| it.strip_prefix(|_: char| true));
            rest = character.and_then(|it| it.strip_prefix('\'')).unwrap_or(&rest[1..]);
        }
    }
}

/// `{cause} is away` is said as `… is away`; what is continued on the next line is one text.
fn with_ellipses(literal: &str) -> String {
    let lines = literal.split("\\\n").map(str::trim_start);
    let text: String = lines.collect();
    let mut pieces = text.split('{');
    let mut said = pieces.next().unwrap().to_owned();
    for piece in pieces {
        said.push('…');
        said.push_str(piece.split_once('}').map_or(piece, |(_, after)| after));
    }
    said
}

#[test]
fn only_what_is_said_counts() {
    let source = r###"//! "a comment"
fn f<'a>(c: &'a str) -> usize {
    let _ = ('"', '\'', b'/', '\u{22}', 10 / 2); // "another"
    say("it \"says\" {cause} for {} s \
        and goes on // here");
    say(r#"raw "{x}" text"#, br"\", "")
}
#[cfg(test)]
mod tests { const X: &str = "a test"; }
"###;
    let mut found = Vec::new();
    literals(source, &mut found);
    assert_eq!(found, [r#"it \"says\" … for … s and goes on // here"#, r#"raw "…" text"#, r"\", ""]);
}

/// The words of SQLite, PostgreSQL and the operating system.
const KNOWN_FROM_OTHERS: &[&str] =
    &["No space left on device", "database or disk is full", "recovery stopping before commit of transaction …"];

/// Whether these are the words, or the first words, of a message.
fn is_said(quoted: &str, said: &[String]) -> bool {
    // Others' words come at the end of ours.
    let ours = KNOWN_FROM_OTHERS.iter().fold(quoted.to_owned(), |ours, known| ours.replace(known, "…"));
    KNOWN_FROM_OTHERS.contains(&quoted) || said.iter().any(|message| message.starts_with(&ours))
}

#[test]
fn metrics_messages_and_links_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut said = Vec::new();
    sayings(&root.join("crates"), &mut said);
    let prefixes = ["outbox_", "queue_", "database_", "http_", "tenon_", "cache_"];
    let (mut found, mut faults) = (0, Vec::new());
    for (path, text) in runbooks() {
        let prose = text.split("```").step_by(2).collect::<String>();
        for quoted in prose.split('`').skip(1).step_by(2) {
            let metric = quoted.split('{').next().unwrap();
            let is_metric = prefixes.iter().any(|prefix| metric.starts_with(prefix))
                && metric.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            // A sentence is a message; what differs each time is written as an ellipsis.
            let is_message = quoted.split(' ').count() >= 4
                && quoted.starts_with(|c: char| c.is_lowercase() || c == '…')
                && !quoted.contains(['=', '$', '/', '|', '<'])
                && !["tenon ", "pg_", "psql", "mariadb"].iter().any(|tool| quoted.starts_with(tool));
            let is_true = if is_metric { said.iter().any(|it| it == metric) } else { is_said(quoted, &said) };
            if is_metric || is_message {
                found += 1;
                if !is_true {
                    faults.push(format!("{}: nothing says {quoted:?}", path.display()));
                }
            }
        }
        for link in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            let file = link.split('#').next().unwrap();
            assert!(path.with_file_name(file).exists(), "{} links to {file}", path.display());
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(found > 20, "{found} names and messages were looked for");
}

/// To open the tables again, migration 15 is reverted, and all after it.
#[test]
fn the_tables_are_opened_again_in_as_many_steps_as_there_are() {
    let migrations = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/src")).unwrap();
    let names = migrations.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let numbers = names.filter_map(|name| name.strip_prefix('m')?.split('_').nth(1)?.parse::<u32>().ok());
    let reverted: BTreeSet<_> = numbers.filter(|number| *number >= 15).collect();
    let expected = reverted.len().to_string();
    for name in ["row-level-security.md", "upgrade-and-rollback.md"] {
        let (_, text) = runbooks().into_iter().find(|(path, _)| path.ends_with(name)).unwrap();
        let given = text.split("--steps ").skip(1);
        let given = given.map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
        let given: Vec<_> = given.filter(|number| !number.is_empty()).collect();
        assert_eq!(given, [expected.as_str()], "{name}");
        if name == "row-level-security.md" {
            for lost in reverted.iter().skip(1) {
                assert!(text.contains(&format!("\n| {lost} | ")), "{name}: what is lost with migration {lost}?");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_secret_costs_access_tokens_and_invitations_but_no_session() {
    let before = Server::start(Deployment::Embedded, Options::default()).await;
    let owner = Person::found(&before).await;
    let body = json!({"email": unique_email("Grace"), "role": "member"});
    let invited = owner.api.post("/invitations", body).await.expect(201);
    assert!(before.terminate_api(Duration::from_secs(30)));

    let secret = "another-secret-that-nobody-has-seen-yet-0123456789";
    let after = before.beside(Options::default().with("TENON_JWT_SECRET", secret)).await;
    after.api().with_token(owner.api.token()).get("/users/me").await.any_problem(401);
    let accept = json!({"token": text(&invited, "token"), "display_name": "Grace", "password": PASSWORD});
    let refused = after.api().post("/invitations/accept", accept).await;
    assert!((400..500).contains(&refused.status), "{} {}", refused.status, refused.text);

    let refreshed = after.api().post("/auth/refresh", json!({"refresh_token": owner.refresh_token})).await.expect(200);
    after.api().with_token(&text(&refreshed, "access_token")).get("/users/me").await.expect(200);
    after.api().post("/auth/login", json!({"email": owner.email, "password": PASSWORD})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_operators_type_answers_as_the_runbooks_say() {
    let server = Server::start(Deployment::Embedded, Options::default()).await;
    for (arguments, words) in [
        (["jobs", "failed"].as_slice(), "no job was given up"),
        (&["jobs", "retry"], "0 jobs will be run again"),
        (&["doctor"], "all is well"),
        (&["migrate", "status"], "applied"),
    ] {
        let (done, output) = server.tenon(arguments);
        assert!(done && output.contains(words), "tenon {arguments:?}: {output}");
    }
    let metrics = server.api().get("//metrics").await;
    for name in ["outbox_pending", "outbox_lag_seconds", "tenon_build_info", "database_pool_connections"] {
        assert!(metrics.text.contains(name), "no {name} in {}", metrics.text);
    }
}
