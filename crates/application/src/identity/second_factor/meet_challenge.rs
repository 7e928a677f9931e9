use async_trait::async_trait;
use tenon_domain::identity::{
    Client, IdentityFact, SecondFactor, SignInChallenge, SignInChallengeState, SignInFailure, TokenHash, UserState,
    Verdict,
};
use tenon_domain::{SessionId, SignInChallengeId};

use super::proof::{Evidence, tell_of_recovery_code};
use super::service::{blocked, has_second_factor};
use super::{Attempt, MfaAnswer, SecondFactors};
use crate::actor::{Actor, Denial};
use crate::command::{Command, Work, about_sign_in};
use crate::error::AppError;
use crate::identity::accounts::client;
use crate::identity::passkeys::Shown;
use crate::identity::sign_in::{enter_home, homeless};
use crate::identity::single_sign_on::start_vouched;
use crate::identity::{Accounts, CeremonyPurpose, EmailVerification, Grant, Passkeys, SignedIn, StartSession};
use crate::organizations::{AcceptInvitation, Invitee};
use crate::token_access::TokenAccess;
use crate::unit_of_work::Scope;

impl MfaAnswer {
    /// What a wrong one is answered to who signs in, and called on the audit trail.
    const fn when_wrong(&self) -> (Denial, SignInFailure) {
        match self {
            Self::Code(_) => (Denial::InvalidCode, SignInFailure::WrongCode),
            Self::Passkey { .. } => (Denial::InvalidPasskey, SignInFailure::WrongPasskey),
        }
    }
}

impl Accounts {
    /// Goes on with a sign-in that waits for the second factor.
    pub async fn verify_mfa(&self, actor: &Actor, mfa_token: &str, answer: MfaAnswer) -> Result<SignedIn, AppError> {
        if matches!(answer, MfaAnswer::Passkey { .. }) {
            self.passkeys.check_available()?;
        }
        let challenge =
            SignInChallenge::named_by(mfa_token).ok_or(AppError::Unauthenticated(Denial::InvalidMfaToken))?;
        let (session, refresh_token) = self.new_session();
        let command = MeetChallenge {
            challenge,
            presented: self.secrets.digest(mfa_token),
            answer,
            session,
            refresh_hash: self.secrets.digest(&refresh_token),
            client: client(actor),
            verification: self.email_verification,
            second_factors: self.second_factors.clone(),
            passkeys: self.passkeys.clone(),
        };
        let grant = self.app.execute(actor, command).await??;
        self.make_familiar(actor, &grant).await;
        self.signed_in(grant, refresh_token)
    }
}

/// Signs a user in whose password was checked before, with their second factor.
#[derive(Clone)]
pub struct MeetChallenge {
    pub challenge: SignInChallengeId,
    pub presented: TokenHash,
    pub answer: MfaAnswer,
    pub session: SessionId,
    pub refresh_hash: TokenHash,
    pub client: Client,
    pub verification: EmailVerification,
    pub second_factors: SecondFactors,
    pub passkeys: Passkeys,
}

#[async_trait]
impl Command for MeetChallenge {
    type Output = Attempt<Grant>;
    const NAME: &'static str = "auth.verify_mfa";
    const ACCESS: TokenAccess = TokenAccess::Internal;

    fn scope(&self, _: &Actor) -> Scope {
        Scope::Deployment
    }

    async fn handle(&self, work: &mut Work<'_>) -> Result<Attempt<Grant>, AppError> {
        let (challenge, owner, mut factor) = self.find(work).await?;
        let now = work.now();
        let purpose = CeremonyPurpose::SecondFactor(self.challenge);
        let evidence = self.answer.examine(work, &self.second_factors, &self.passkeys, purpose, &factor).await?;
        // The ceremony goes with the challenge.
        let Evidence { proof, shown, .. } = evidence;
        let verdict = factor.weigh(&proof, &owner.display_name, now);
        let home = work.unit().members().home_of(owner.id).await?;
        // Who is deactivated is not let in by an invitation either.
        let is_homeless = home.is_none() && (challenge.state().invitation.is_none() || owner.is_deactivated());
        let (denial, reason) = self.answer.when_wrong();
        let denied = AppError::Unauthenticated;
        let refusal = match verdict {
            Verdict::Wrong => Some((denied(denial), reason)),
            Verdict::Blocked { until } => Some((blocked(until, now), SignInFailure::CodesBlocked)),
            _ if is_homeless => Some(homeless(work, &owner, Denial::InvalidCredentials).await?),
            Verdict::Accepted | Verdict::AcceptedRecoveryCode { .. } => None,
        };
        if let Some((refusal, reason)) = refusal {
            refuse(work, challenge, factor, &owner, reason).await?;
            shown.tell_of_copy(work).await?;
            return Ok(Err(refusal));
        }
        // First, because it names the organization that the events belong to.
        let attempt = self.go_on(work, challenge.state()).await?;
        work.unit().second_factors().save(factor).await?;
        if let Shown::Genuine(passkey) = shown {
            work.unit().passkeys().save(passkey).await?;
        }
        work.unit().challenges().remove(self.challenge).await?;
        tell_of_recovery_code(work, &owner, Some(verdict)).await?;
        Ok(attempt)
    }
}

impl MeetChallenge {
    /// The challenge, and whom it was posed to, as long as it can be met.
    async fn find(&self, work: &mut Work<'_>) -> Result<(SignInChallenge, UserState, SecondFactor), AppError> {
        let useless = || AppError::Unauthenticated(Denial::InvalidMfaToken);
        let now = work.now();
        let user = work.unit().challenges().owner_of(self.challenge).await?.ok_or_else(useless)?;
        // The user before the challenge, as whoever forgets all of a user's locks them.
        let owner = work.unit().users().find_locked(user).await?.ok_or_else(useless)?.state().clone();
        let challenge = work.unit().challenges().find(self.challenge).await?;
        let challenge = challenge.filter(|it| it.is_open_to(&self.presented, now)).ok_or_else(useless)?;
        let same_password = self.second_factors.digest_of_password(&owner.password_hash) == challenge.state().checked;
        if !same_password || !has_second_factor(work, user).await? {
            return Err(useless());
        }
        let factor = self.second_factors.factor_of(work, user).await?;
        Ok((challenge, owner, factor))
    }

    /// What the password, or the identity provider, would have done by itself.
    async fn go_on(&self, work: &mut Work<'_>, challenge: &SignInChallengeState) -> Result<Attempt<Grant>, AppError> {
        let (user, session) = (challenge.user_id, self.session);
        let (refresh_hash, client) = (self.refresh_hash.clone(), self.client.clone());
        if let Some(vouched) = &challenge.vouched {
            return start_vouched(work, user, vouched, session, &refresh_hash, &client).await;
        }
        let Some(invitation) = challenge.invitation else {
            return StartSession { user, proof: None, session, refresh_hash, client }.handle(work).await.map(Ok);
        };
        let accept = AcceptInvitation {
            invitation: invitation.id,
            invitee: Invitee::Existing { user, proof: None },
            session,
            refresh_hash,
            client,
            mailed: invitation.mailed,
            verification: self.verification,
        };
        accept.handle(work).await.map(Ok)
    }
}

/// Counts an attempt that was refused, and puts it on the audit trail.
async fn refuse(
    work: &mut Work<'_>,
    mut challenge: SignInChallenge,
    factor: SecondFactor,
    owner: &UserState,
    reason: SignInFailure,
) -> Result<(), AppError> {
    // It belongs to where the user is at home, as every sign-in that is refused.
    enter_home(work, Some(owner.id)).await?;
    work.unit().second_factors().save(factor).await?;
    if challenge.note_wrong_code() {
        work.unit().challenges().save(challenge).await?;
    } else {
        work.unit().challenges().remove(challenge.state().id).await?;
    }
    let event = about_sign_in(Some(owner.id), owner.email.as_str(), IdentityFact::SignInFailed { reason });
    work.unit().events().record(vec![event]).await?;
    Ok(())
}
