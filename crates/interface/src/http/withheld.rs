//! What an answer says only once must not lie in the store of answers that idempotency keys have. The token of an invitation
//! is derived from its id, so the store gets a word in its place, and who asks again gets the token.

use actix_web::HttpRequest;
use actix_web::web::Data;
use serde::Deserialize;
use tenon_application::identity::Accounts;
use uuid::Uuid;

use super::BASE_PATH;

/// Stands for the token. It can be in nothing else of the answer: no address has such brackets.
const WITHHELD: &str = "<token of the invitation>";

/// Whose answer holds a token.
#[derive(Deserialize)]
struct Invitation {
    id: Uuid,
}

/// Whether answers to requests like this one hold a token.
fn holds_token(path: &str) -> bool {
    path.strip_prefix(BASE_PATH) == Some("/invitations")
}

/// The token of the invitation that an answer is about, if it is about one.
fn token_in(request: &HttpRequest, body: &[u8]) -> Option<String> {
    if !holds_token(request.match_info().as_str()) {
        return None;
    }
    let accounts = request.app_data::<Data<Accounts>>()?;
    let invitation: Invitation = serde_json::from_slice(body).ok()?;
    Some(accounts.invitation_tokens.issue(invitation.id.into()))
}

/// What may be kept of an answer.
pub(crate) fn withhold(request: &HttpRequest, body: &[u8]) -> Vec<u8> {
    replaced(body, token_in(request, body).as_deref(), |token| (token.to_owned(), WITHHELD.to_owned()))
}

/// An answer as it was, given what was kept of it.
pub(crate) fn restore(request: &HttpRequest, kept: Vec<u8>) -> Vec<u8> {
    replaced(&kept, token_in(request, &kept).as_deref(), |token| (WITHHELD.to_owned(), token.to_owned()))
}

fn replaced(body: &[u8], token: Option<&str>, pair: impl Fn(&str) -> (String, String)) -> Vec<u8> {
    match (token.map(pair), std::str::from_utf8(body)) {
        (Some((from, to)), Ok(text)) => text.replace(&from, &to).into_bytes(),
        _ => body.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_invitations_have_tokens_that_can_be_derived() {
        assert!(holds_token("/api/v1/invitations"));
        assert!(!holds_token("/api/v1/invitations/accept") && !holds_token("/api/v1/tasks"));
    }

    #[test]
    fn what_is_withheld_comes_back_to_the_letter() {
        let body = br#"{"id":"x","email":"a@example.com","token":"abc","accept_url":"https://t/accept?token=abc"}"#;
        let kept = replaced(body, Some("abc"), |token| (token.to_owned(), WITHHELD.to_owned()));
        assert!(!kept.windows(3).any(|text| text == b"abc"));
        assert_eq!(replaced(&kept, Some("abc"), |token| (WITHHELD.to_owned(), token.to_owned())), body);
        assert_eq!(replaced(body, None, |token| (token.to_owned(), String::new())), body);
    }
}
