use tenon_domain::identity::TokenText;
use tenon_domain::{TokenId, UserId};

use super::{CreateServiceToken, CreateToken, TokenInput, TokenView};
use crate::actor::Actor;
use crate::error::AppError;
use crate::identity::Accounts;

/// A new token. Its text is never seen again.
#[derive(Clone, Debug)]
pub struct IssuedToken {
    pub token: TokenView,
    pub text: TokenText,
}

impl Accounts {
    /// Makes a token of the actor's.
    pub async fn create_token(&self, actor: &Actor, input: TokenInput) -> Result<IssuedToken, AppError> {
        let (text, token) = self.new_token(input);
        let token = self.app.execute(actor, token).await?;
        Ok(IssuedToken { token, text })
    }

    /// Makes a token of a service account.
    pub async fn create_service_token(
        &self,
        actor: &Actor,
        account: UserId,
        input: TokenInput,
    ) -> Result<IssuedToken, AppError> {
        let (text, token) = self.new_token(input);
        let token = self.app.execute(actor, CreateServiceToken { account, token }).await?;
        Ok(IssuedToken { token, text })
    }

    fn new_token(&self, input: TokenInput) -> (TokenText, CreateToken) {
        let id = TokenId::new(self.app.ids.next_id());
        let text = TokenText::issue(id, self.secrets.random_numbers());
        let hash = self.secrets.digest(text.expose());
        (text, CreateToken { id, hash, input, verification: self.email_verification })
    }
}
