use async_trait::async_trait;
use tenon_domain::identity::{
    Client, IdentityFact, MfaMethod, SignInChallenge, SignInCode, SignInFailure, TokenHash, UserState, VouchedSignIn,
};
use tenon_domain::{SessionId, SignInChallengeId, SignInCodeId, UserId};

use super::SingleSignOn;
use crate::actor::{Actor, Denial};
use crate::command::{Command, Work, about_sign_in};
use crate::error::AppError;
use crate::identity::accounts::client;
use crate::identity::second_factor::{Attempt, second_factors_of};
use crate::identity::sign_in::{homeless, open_session_by};
use crate::identity::{EmailVerification, Grant, MfaToken, SecondFactors, SignedIn, UserView};
use crate::organizations::seen_with;
use crate::token_access::TokenAccess;
use crate::unit_of_work::Scope;

impl SingleSignOn {
    /// Signs in with the code that a browser came back with. `browser` is what that browser keeps.
    pub async fn redeem(&self, actor: &Actor, code: &str, browser: Option<&str>) -> Result<SignedIn, AppError> {
        let useless = || AppError::Unauthenticated(Denial::InvalidSignInCode);
        let (Some(id), Some(browser)) = (SignInCode::named_by(code), browser) else { return Err(useless()) };
        let accounts = &self.accounts;
        let (session, refresh_token) = accounts.new_session();
        let challenge = SignInChallengeId::new(accounts.app.ids.next_id());
        let mfa_token = SignInChallenge::token(challenge, &accounts.secrets.random());
        let command = RedeemSignInCode {
            code: id,
            presented: accounts.secrets.digest(code),
            browser: accounts.secrets.digest(browser),
            session,
            refresh_hash: accounts.secrets.digest(&refresh_token),
            client: client(actor),
            verification: accounts.email_verification,
            challenge,
            challenge_hash: accounts.secrets.digest(&mfa_token),
            second_factors: accounts.second_factors.clone(),
        };
        match accounts.app.execute(actor, command).await? {
            Redemption::Granted(grant) => {
                accounts.make_familiar(actor, &grant).await;
                accounts.signed_in(*grant, refresh_token)
            }
            Redemption::Refused(refusal) => Err(refusal),
            Redemption::SecondFactor(methods) => Err(AppError::MfaRequired(MfaToken::new(mfa_token, methods))),
        }
    }
}

/// Uses a sign-in code up. With a second factor, the sign-in goes on as a challenge.
#[derive(Clone)]
pub struct RedeemSignInCode {
    pub code: SignInCodeId,
    pub presented: TokenHash,
    pub browser: TokenHash,
    pub session: SessionId,
    pub refresh_hash: TokenHash,
    pub client: Client,
    pub verification: EmailVerification,
    pub challenge: SignInChallengeId,
    pub challenge_hash: TokenHash,
    pub second_factors: SecondFactors,
}

/// What a sign-in code came to.
#[derive(Clone, Debug)]
pub enum Redemption {
    Granted(Box<Grant>),
    /// A challenge was posed, which is met with one of these.
    SecondFactor(Vec<MfaMethod>),
    /// They have nowhere to go by now. The audit trail has it.
    Refused(AppError),
}

#[async_trait]
impl Command for RedeemSignInCode {
    type Output = Redemption;
    const NAME: &'static str = "auth.oidc_token";
    const ACCESS: TokenAccess = TokenAccess::Internal;

    fn scope(&self, _: &Actor) -> Scope {
        Scope::Deployment
    }

    async fn handle(&self, work: &mut Work<'_>) -> Result<Redemption, AppError> {
        let useless = || AppError::Unauthenticated(Denial::InvalidSignInCode);
        let now = work.now();
        let code = work.unit().sign_in_codes().find(self.code).await?;
        let code = code.filter(|it| it.is_good_for(&self.presented, &self.browser, now)).ok_or_else(useless)?;
        let code = code.into_state();
        work.unit().sign_in_codes().remove(code.id).await?;
        let user = work.unit().users().find_locked(code.user_id).await?.ok_or_else(useless)?.state().clone();
        if self.verification == EmailVerification::Required && user.email_verified_at.is_none() {
            return Err(AppError::Unauthenticated(Denial::UnverifiedEmail));
        }
        let factors = second_factors_of(work, user.id).await?;
        if factors.is_enabled() {
            let checked = self.second_factors.digest_of_password(&user.password_hash);
            let token_hash = self.challenge_hash.clone();
            let challenge = SignInChallenge::pose(self.challenge, user.id, token_hash, checked, None, now);
            work.unit().challenges().pose(challenge.vouched(code.vouched)).await?;
            return Ok(Redemption::SecondFactor(factors.methods()));
        }
        let grant = start_vouched(work, user.id, &code.vouched, self.session, &self.refresh_hash, &self.client);
        Ok(match grant.await? {
            Ok(grant) => Redemption::Granted(Box::new(grant)),
            Err(refusal) => Redemption::Refused(refusal),
        })
    }
}

/// Signs somebody in for whom an identity provider has vouched: into its organization, or to where they were last.
pub(in crate::identity) async fn start_vouched(
    work: &mut Work<'_>,
    user: UserId,
    vouched: &VouchedSignIn,
    session: SessionId,
    refresh_hash: &TokenHash,
    client: &Client,
) -> Result<Attempt<Grant>, AppError> {
    let refused = AppError::Unauthenticated(Denial::InvalidSignInCode);
    let user = work.unit().users().find_locked(user).await?.ok_or(refused.clone())?.state().clone();
    let place = match vouched.organization {
        Some(organization) => {
            let access = work.unit().members().role_in(user.id, organization).await?;
            access.map(|access| (organization, access))
        }
        None => work.unit().members().home_of(user.id).await?,
    };
    if let (Some(organization), Some(provider)) = (vouched.organization, vouched.provider.id()) {
        work.unit().enter(organization).await?;
        let provider = work.unit().identity_providers().find(provider).await?;
        if !provider.is_some_and(|it| it.state().settings.enabled) {
            // It was deleted or switched off since it vouched.
            note_failure(work, &user, SignInFailure::NotAdmitted).await?;
            return Ok(Err(refused));
        }
    }
    let Some((organization, access)) = place else { return Ok(Err(turn_away(work, &user, vouched).await?)) };
    work.unit().enter(organization).await?;
    work.unit().act_as(user.id);
    let organization = seen_with(work, access).await?.ok_or(refused)?;
    let (user, provider) = (UserView::from(user), Some(&vouched.provider));
    open_session_by(work, session, refresh_hash, client, user, organization, provider).await.map(Ok)
}

/// What somebody is answered who has nowhere to go by now. It is put on the audit trail.
async fn turn_away(work: &mut Work<'_>, user: &UserState, vouched: &VouchedSignIn) -> Result<AppError, AppError> {
    let denial = Denial::InvalidSignInCode;
    if let Some(organization) = vouched.organization {
        work.unit().enter(organization).await?;
    }
    let (answer, reason) = match vouched.organization {
        Some(_) if !user.is_deactivated() => {
            let member = work.unit().members().find(user.id).await?;
            match member.is_some_and(|it| !it.state().is_active()) {
                true => (AppError::Suspended, SignInFailure::Suspended),
                false => (AppError::Unauthenticated(denial), SignInFailure::NoOrganization),
            }
        }
        _ => homeless(work, user, denial).await?,
    };
    note_failure(work, user, reason).await?;
    Ok(answer)
}

async fn note_failure(work: &mut Work<'_>, user: &UserState, reason: SignInFailure) -> Result<(), AppError> {
    let failed = IdentityFact::SignInFailed { reason };
    work.unit().events().record(vec![about_sign_in(Some(user.id), user.email.as_str(), failed)]).await?;
    Ok(())
}
