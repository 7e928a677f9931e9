//! Mail to files, to a real SMTP server and to an emulator of Amazon SES; and what emails look like.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::path::Path;
use std::time::{Duration, Instant};

use tenon_application::events::{Channel, Delivery};
use tenon_application::notifications::MessageRenderer;
use tenon_application::ports::{MailError, Mailer, Message};
use tenon_contract_tests::child_server::ChildServer;
use tenon_contract_tests::mail as contract;
use tenon_infrastructure::mail::{
    FileMailer, Sender, SesCredentials, SesMailer, SesOptions, SmtpMailer, TemplateRenderer,
};
use uuid::Uuid;

/// Keeps what it gets in a directory, and answers as the recipient's address asks for.
const SMTP_SERVER: &str = r#"
import sys, time, uuid, pathlib
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
folder = pathlib.Path(sys.argv[2])
class Sink:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("unknown"): return "550 no such user"
        if address.startswith("busy"): return "451 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"
    async def handle_DATA(self, server, session, envelope):
        name = uuid.uuid4().hex
        (folder / (name + ".tmp")).write_bytes(envelope.content)
        (folder / (name + ".tmp")).rename(folder / (name + ".eml"))
        return "250 OK"
def check(server, session, envelope, mechanism, data):
    return AuthResult(success=(data.login, data.password) == (b"tenon", b"secret"), handled=False)
Controller(Sink(), hostname="127.0.0.1", port=int(sys.argv[1]), authenticator=check,
           auth_require_tls=False, auth_required=True).start()
while True: time.sleep(60)
"#;

const SES_SERVER: &str = r#"
import sys
from moto.server import main
main(["-H", "127.0.0.1", "-p", sys.argv[1]])
"#;

fn sender() -> Sender {
    Sender::parse(contract::SENDER).unwrap()
}

fn emails(directory: &Path) -> Vec<String> {
    let files = std::fs::read_dir(directory).unwrap().map(|file| file.unwrap().path());
    let emails = files.filter(|path| path.extension().is_some_and(|extension| extension == "eml"));
    emails.map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

fn the_one_about(message: &Message, emails: Vec<String>) -> String {
    let mut found = emails.into_iter().filter(|email| email.contains(&message.id));
    let email = found.next().expect("the email arrived");
    assert!(found.next().is_none(), "it arrived once");
    email
}

#[tokio::test]
async fn files_hold_whole_emails() {
    let directory = tempfile::tempdir().unwrap();
    let mailer = FileMailer::new(directory.path().join("mail"), sender());
    contract::an_email_arrives_whole(&mailer, async |message| {
        std::fs::read_to_string(directory.path().join(format!("mail/{}.eml", message.id))).unwrap()
    })
    .await;
    contract::what_cannot_be_sent_is_refused(&mailer).await;
}

#[tokio::test]
async fn an_email_that_is_sent_again_replaces_its_file() {
    let directory = tempfile::tempdir().unwrap();
    let mailer = FileMailer::new(directory.path(), sender());
    let message = contract::message();
    for _ in 0..3 {
        mailer.send(&message).await.unwrap();
    }
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    let lost = FileMailer::new("/dev/null/mail", sender());
    assert!(matches!(lost.send(&message).await, Err(MailError::Unavailable(_))));
}

fn smtp_server(directory: &Path) -> ChildServer {
    ChildServer::start("aiosmtpd", SMTP_SERVER, &[directory.to_str().unwrap()])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn smtp_delivers_whole_emails() {
    let directory = tempfile::tempdir().unwrap();
    let server = smtp_server(directory.path());
    let mailer = SmtpMailer::new(&format!("smtp://tenon:secret@{}", server.address), sender()).unwrap();
    for _ in 0..3 {
        let arrived = async |message: &Message| the_one_about(message, emails(directory.path()));
        contract::an_email_arrives_whole(&mailer, arrived).await;
    }
    contract::what_cannot_be_sent_is_refused(&mailer).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn smtp_failures_say_whether_to_try_again() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = smtp_server(directory.path());
    let mailer = SmtpMailer::new(&format!("smtp://tenon:secret@{}", server.address), sender()).unwrap();
    let to = |address: &str| Message { to_address: address.to_owned(), ..contract::message() };
    let unknown = mailer.send(&to("unknown@example.org")).await;
    assert!(matches!(&unknown, Err(MailError::Refused(cause)) if cause.contains("no such user")), "{unknown:?}");
    let busy = mailer.send(&to("busy@example.org")).await;
    assert!(matches!(&busy, Err(MailError::Unavailable(cause)) if cause.contains("try again")), "{busy:?}");
    mailer.send(&to("ada@example.org")).await.unwrap();
    let stranger = SmtpMailer::new(&format!("smtp://tenon:wrong@{}", server.address), sender()).unwrap();
    let locked_out = stranger.send(&to("ada@example.org")).await;
    assert!(matches!(&locked_out, Err(MailError::Unavailable(cause)) if cause.contains("535")), "{locked_out:?}");
    server.stop();
    let start = Instant::now();
    let away = mailer.send(&to("ada@example.org")).await;
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}: {away:?}", start.elapsed());
    assert!(matches!(&away, Err(MailError::Unavailable(_))), "{away:?}");
    assert_eq!(emails(directory.path()).len(), 1);
    assert!(SmtpMailer::new("ftp://example.com", sender()).is_err());
    assert!(Sender::parse("nobody").is_err());
}

async fn ses(server: &ChildServer) -> SesMailer {
    let options = SesOptions { region: Some("eu-west-1".to_owned()), endpoint_url: Some(server_url(server)) };
    SesMailer::connect_as(SesCredentials::new("test", "test", None, None, "test"), options, sender()).await
}

fn server_url(server: &ChildServer) -> String {
    format!("http://{}", server.address)
}

async fn verify_sender(server: &ChildServer) {
    let answer = reqwest::Client::new()
        .post(format!("{}/v2/email/identities", server_url(server)))
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/ses/aws4_request, SignedHeaders=host, Signature=x",
        )
        .json(&serde_json::json!({"EmailIdentity": "tenon@example.com"}))
        .send();
    assert!(answer.await.unwrap().status().is_success());
}

async fn ses_emails(server: &ChildServer) -> Vec<String> {
    let data = reqwest::get(format!("{}/moto-api/data.json", server_url(server))).await.unwrap();
    let data: serde_json::Value = serde_json::from_str(&data.text().await.unwrap()).unwrap();
    let sent = data["ses"]["RawMessage"].as_array().unwrap();
    sent.iter().map(|message| message["raw_data"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ses_delivers_whole_emails() {
    let mut server = ChildServer::start("moto.server", SES_SERVER, &[]);
    let mailer = ses(&server).await;
    let unverified = mailer.send(&contract::message()).await;
    assert!(
        matches!(&unverified, Err(MailError::Refused(cause)) if cause.starts_with("MessageRejected: ")),
        "{unverified:?}"
    );
    verify_sender(&server).await;
    let arrived = async |message: &Message| the_one_about(message, ses_emails(&server).await);
    contract::an_email_arrives_whole(&mailer, arrived).await;
    contract::what_cannot_be_sent_is_refused(&mailer).await;
    server.stop();
    let start = Instant::now();
    let away = mailer.send(&contract::message()).await;
    assert!(matches!(&away, Err(MailError::Unavailable(_))), "{away:?}");
    assert!(start.elapsed() < Duration::from_secs(30));
}

fn delivery() -> Delivery {
    Delivery {
        channel: Channel::Email,
        kind: "task.assigned".to_owned(),
        user: Some(Uuid::from_u128(1)),
        address: None,
        title: "Grete assigned you ENG-12\r\nBcc: <b>all</b> & more".to_owned(),
        body: "It was in \"backlog\" before.".to_owned(),
        organization_name: "Smith & Söhne".to_owned(),
        invitation: None,
        account_request: None,
        resource_kind: "task".to_owned(),
        resource_id: Uuid::from_u128(2),
        caused_by: Uuid::from_u128(3),
    }
}

#[test]
fn a_notification_is_rendered_in_text_and_in_escaped_html() {
    let renderer = TemplateRenderer::new().unwrap();
    let link = "https://tenon.example.com/tasks/2?a=1&b=2";
    let message = renderer.render(&delivery(), "id", "ada@example.org", Some("Ada <3"), link).unwrap();
    assert_eq!(message.subject, "Grete assigned you ENG-12 Bcc: <b>all</b> & more");
    assert_eq!((message.id.as_str(), message.to_address.as_str()), ("id", "ada@example.org"));
    assert_eq!(
        message.text,
        "Hello Ada <3,\n\nGrete assigned you ENG-12 Bcc: <b>all</b> & more.\nIt was in \"backlog\" before.\n\n\
         Open the task: https://tenon.example.com/tasks/2?a=1&b=2\n\n--\n\
         You get this email because it concerns you in Smith & Söhne."
    );
    for escaped in ["Hello Ada &lt;3,", "&lt;b&gt;all&lt;&#x2f;b&gt; &amp; more", "Smith &amp; Söhne", "a=1&amp;b=2"] {
        assert!(message.html.contains(escaped), "{escaped}: {}", message.html);
    }
    assert!(!message.html.contains("<b>all"));
}

#[test]
fn an_invitation_has_its_own_words() {
    let renderer = TemplateRenderer::new().unwrap();
    let invitation = Delivery { kind: "organization.invited".to_owned(), body: String::new(), ..delivery() };
    let message = renderer.render(&invitation, "id", "new@example.org", None, "https://link").unwrap();
    assert!(message.text.starts_with("Hello,\n"), "{}", message.text);
    assert!(message.text.contains("Accept the invitation: https://link\n"), "{}", message.text);
    assert!(message.html.contains("Accept the invitation</a>"), "{}", message.html);
}

#[test]
fn a_mail_about_an_account_has_the_words_and_the_link_of_its_kind_or_no_link() {
    let renderer = TemplateRenderer::new().unwrap();
    let render = |kind: &str| {
        let about = Delivery {
            kind: kind.to_owned(),
            title: "Set a new password".to_owned(),
            body: "The link is good for 30 minutes.".to_owned(),
            organization_name: "Tenon".to_owned(),
            ..delivery()
        };
        renderer.render(&about, "id", "ada@example.org", None, "https://link").unwrap()
    };
    for (kind, action) in [
        ("account.verify_email", "Verify the address"),
        ("account.reset_password", "Set a new password"),
        ("account.confirm_email", "Confirm the address"),
        ("account.unlock_sign_in", "Unlock signing in"),
    ] {
        let message = render(kind);
        assert!(message.text.starts_with("Hello,\n"), "{}", message.text);
        assert!(message.text.contains(&format!("{action}: https://link\n")), "{}", message.text);
        assert!(message.text.contains("The link is good for 30 minutes."), "{}", message.text);
        assert!(message.html.contains(&format!("{action}</a>")), "{}", message.html);
        assert!(message.html.contains("href=\"https:&#x2f;&#x2f;link\""), "{}", message.html);
    }
    for kind in ["account.password_changed", "account.of_a_later_release"] {
        let message = render(kind);
        assert!(message.text.contains("Set a new password. The link is good"), "{}", message.text);
        assert!(message.text.contains("it concerns your account"), "{}", message.text);
        assert!(message.text.contains("that ends all sessions"), "{}", message.text);
        assert!(!message.text.contains("https://link") && !message.html.contains("href="), "{}", message.html);
    }
    // A new password is no help with all of it.
    for (kind, help) in [
        ("account.email_changed", "sign in with it and the new address"),
        ("account.deleted", "ask your organization to invite you again"),
        ("account.passkey_added", "remove the passkey"),
        ("account.second_factor_enabled", "remove the authenticator app"),
        ("account.identity_linked", "remove the identity provider"),
        ("account.recovery_code_used", "have your recovery codes replaced"),
        ("account.recovery_codes_replaced", "have your recovery codes replaced"),
    ] {
        let message = render(kind);
        assert!(message.text.contains(help) && message.html.contains(help), "{kind}: {}", message.text);
        assert!(!message.text.contains("that ends all sessions"), "{kind}: {}", message.text);
    }
}
