//! An account that is locked, because somebody guessed at its password from many addresses.

use serde_json::json;

use crate::{Server, eventually};

const UNLOCK_LINK: &str = "/account/unlock-sign-in?token=";

impl Server {
    /// Guesses from one address after the other, as often as none has to pause, until the account is locked.
    pub async fn lock_sign_in(&self, email: &str) {
        for host in 1..100 {
            let guesser = self.api().from_address([127, 0, 3, host].into());
            for _ in 0..5 {
                let body = json!({"email": email, "password": "not the password"});
                let answer = guesser.post("/auth/login", body).await;
                if answer.status == 429 {
                    answer.problem(429, "auth.sign_in_locked");
                    return;
                }
                answer.problem(401, "auth.invalid_credentials");
            }
        }
        panic!("nothing locked the account of {email}");
    }

    /// The token in the mail that tells the owner of a locked account.
    pub async fn unlock_token(&self, email: &str) -> String {
        let mail =
            eventually("a mail", || async { self.mails_to(email).into_iter().find(|mail| mail.contains(UNLOCK_LINK)) });
        let mail = mail.await;
        let token = mail.split_once(UNLOCK_LINK).expect("a link").1;
        token.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect()
    }
}
