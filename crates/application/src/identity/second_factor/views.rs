use async_trait::async_trait;
use tenon_domain::Timestamp;
use tenon_domain::access::Scope;
use tenon_domain::identity::MfaMethod;

use crate::error::AppError;
use crate::query::{Query, Reader};
use crate::token_access::TokenAccess;

/// What second factor a user has, as they read it themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SecondFactorsView {
    /// Since when sign-ins ask for a code of the authenticator app; `None` when they don't.
    pub confirmed_at: Option<Timestamp>,
    pub recovery_codes_left: usize,
    pub passkeys: u64,
}

impl SecondFactorsView {
    /// Whether sign-ins ask for more than the password.
    pub fn is_enabled(&self) -> bool {
        self.has_app() || self.passkeys > 0
    }

    pub fn has_app(&self) -> bool {
        self.confirmed_at.is_some()
    }

    /// What a sign-in can go on with.
    pub fn methods(&self) -> Vec<MfaMethod> {
        let has = |method: &MfaMethod| match method {
            MfaMethod::Totp => self.has_app(),
            MfaMethod::RecoveryCode => self.recovery_codes_left > 0,
            MfaMethod::Passkey => self.passkeys > 0,
        };
        MfaMethod::ALL.iter().copied().filter(has).collect()
    }
}

/// The actor's own second factor.
#[derive(Clone, Copy, Debug)]
pub struct FindSecondFactors;

#[async_trait]
impl Query for FindSecondFactors {
    type Output = SecondFactorsView;
    const NAME: &'static str = "mfa.find";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::ProfileRead);
    const WITHOUT_MFA: bool = true;

    async fn run(&self, reader: &Reader<'_>) -> Result<SecondFactorsView, AppError> {
        Ok(reader.queries().identity.second_factors(reader.viewer()?.user).await?)
    }
}
