use tenon_domain::SignInCodeId;
use tenon_domain::identity::{ProviderKey, SignInCode};

use super::providers::Provider;
use super::start::failed;
use super::transaction::SignInTransaction;
use super::{CallbackInput, CompleteSignIn, OidcFailure, SignInRefusal, SingleSignOn, VouchedClaims};
use crate::actor::Actor;
use crate::error::AppError;

/// Where a browser goes that an identity provider has sent back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Return {
    pub location: String,
    /// What it keeps until its page redeems the sign-in code. Nothing, if it got none.
    pub browser: Option<String>,
}

/// What a page redeems, and what its browser has to show with it.
struct Issued {
    code: String,
    browser: String,
}

impl SingleSignOn {
    /// Ends what [`SingleSignOn::start`] began. Whatever the browser brings, it is sent to a page, which is told how it
    /// went; the causes are logged. `key` says at whose address it came back.
    pub async fn finish(
        &self,
        actor: &Actor,
        key: &ProviderKey,
        sealed: Option<&str>,
        input: &CallbackInput,
    ) -> Return {
        let now = self.accounts.app.clock.now();
        let transaction = sealed.and_then(|text| SignInTransaction::open(self.cipher.as_ref(), text, now));
        // What another provider answers is not this one's, whatever it was made to answer.
        let is_own = |transaction: &SignInTransaction| {
            transaction.provider().as_ref() == Some(key)
                && input.state.as_deref().is_some_and(|state| transaction.has_state(state))
        };
        let Some(transaction) = transaction.filter(is_own) else {
            return Return { location: failed(&self.home, SignInRefusal::Lost), browser: None };
        };
        let return_to = &transaction.return_to;
        match self.complete(actor, key, &transaction, input).await {
            Ok(Issued { code, browser }) => {
                Return { location: format!("{return_to}#sign_in_code={code}"), browser: Some(browser) }
            }
            Err(refusal) => Return { location: failed(return_to, refusal), browser: None },
        }
    }

    /// Where a browser goes that came too often: to the page that it names, or that it began at.
    pub fn turned_back(&self, page: Option<String>, sealed: Option<&str>) -> String {
        let now = self.accounts.app.clock.now();
        let begun = || SignInTransaction::open(self.cipher.as_ref(), sealed?, now).map(|it| it.return_to);
        let page = page.or_else(begun);
        failed(page.as_deref().unwrap_or(&self.home), SignInRefusal::RateLimited)
    }

    async fn complete(
        &self,
        actor: &Actor,
        key: &ProviderKey,
        transaction: &SignInTransaction,
        input: &CallbackInput,
    ) -> Result<Issued, SignInRefusal> {
        let code = match (&input.error, &input.code) {
            (None, Some(code)) => code,
            _ => return Err(SignInRefusal::Denied),
        };
        let provider = self.provider(key).await.map_err(|error| logged(&error))?;
        let provider = provider.ok_or(SignInRefusal::UnknownProvider)?;
        let (request, now) = (transaction.request(), self.accounts.app.clock.now());
        let issuer = input.issuer.as_deref();
        let call = self.calls.begin(&provider).await.ok_or(SignInRefusal::Unavailable)?;
        let claims = self.gateway.redeem(&provider.client, &request, code, issuer, now).await;
        drop(call);
        let claims = claims.map_err(|failure| {
            tracing::warn!(provider = %key, %failure, "an identity provider vouches for nobody");
            match failure {
                OidcFailure::Away(_) => SignInRefusal::Away,
                OidcFailure::Refused(_) => SignInRefusal::Failed,
            }
        })?;
        self.admit(actor, provider, claims).await
    }

    async fn admit(&self, actor: &Actor, provider: Provider, claims: VouchedClaims) -> Result<Issued, SignInRefusal> {
        let (app, secrets) = (&self.accounts.app, &self.accounts.secrets);
        let id = SignInCodeId::new(app.ids.next_id());
        let issued = Issued { code: SignInCode::text(id, &secrets.random()), browser: secrets.random() };
        let command = CompleteSignIn {
            provider: provider.key,
            settings: provider.settings,
            organization: provider.organization,
            claims,
            code: id,
            code_hash: secrets.digest(&issued.code),
            browser_hash: secrets.digest(&issued.browser),
        };
        match app.execute(actor, command).await {
            Ok(Ok(())) => Ok(issued),
            Ok(Err(refusal)) => Err(refusal),
            Err(error) => Err(logged(&error)),
        }
    }
}

/// What a page is told of an error, which is logged here: nobody else hears of it.
fn logged(error: &AppError) -> SignInRefusal {
    tracing::error!(%error, "a sign-in by an identity provider failed");
    match error {
        AppError::Unavailable(_) | AppError::UnavailableFor { .. } | AppError::Stale => SignInRefusal::Unavailable,
        _ => SignInRefusal::Internal,
    }
}
