use crate::text::named_enum;

named_enum! {
    /// Why a sign-in was refused. The caller is never told which.
    SignInFailure {
        UnknownAddress => "unknown_address",
        WrongPassword => "wrong_password",
        NoOrganization => "no_organization",
        WrongCode => "wrong_code",
        /// There were so many wrong codes that none is looked at.
        CodesBlocked => "codes_blocked",
        WrongPasskey => "wrong_passkey",
        UnverifiedEmail => "unverified_email",
        /// In every organization of theirs they are suspended.
        Suspended => "suspended",
        /// The operator has deactivated them.
        Deactivated => "deactivated",
        /// An identity provider vouched for somebody who is not let in.
        NotAdmitted => "not_admitted",
    }
}

/// What happened to an account or a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentityFact {
    Registered,
    ProfileUpdated,
    SignedIn,
    SignInFailed {
        reason: SignInFailure,
    },
    SignedOut,
    OrganizationSwitched,
    TokenCreated,
    TokenRevoked,
    ServiceAccountCreated,
    EmailVerified,
    EmailChanged,
    PasswordChanged,
    /// Somebody asked for a link to set a new password.
    PasswordResetRequested,
    PasswordReset,
    /// A refresh token was presented that had been spent, and its session ended.
    RefreshTokenReused,
    /// Too many sign-ins failed: those from unfamiliar addresses wait for a mailed link.
    SignInLocked,
    SignInUnlocked,
    SecondFactorEnabled,
    SecondFactorDisabled,
    RecoveryCodeUsed,
    RecoveryCodesReplaced,
    PasskeyAdded,
    PasskeyRenamed,
    PasskeyRemoved,
    /// Somebody showed with it who they are: signing in, or for what a session is not enough for.
    PasskeyUsed,
    /// A passkey was shown whose signature counter had gone back, as that of a copy does. It was refused.
    PasskeyCounterReused,
    /// An identity provider vouches for the user from now on.
    IdentityLinked,
    IdentityUnlinked,
    IdentityProviderCreated,
    IdentityProviderUpdated,
    IdentityProviderDeleted,
    /// What was known of the user is erased.
    Deleted,
    /// The operator keeps the user out of everything.
    Deactivated,
    Reactivated,
}

impl IdentityFact {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Registered => "user.registered",
            Self::ProfileUpdated => "user.updated",
            Self::SignedIn => "auth.signed_in",
            Self::SignInFailed { .. } => "auth.sign_in_failed",
            Self::SignedOut => "auth.signed_out",
            Self::OrganizationSwitched => "auth.organization_switched",
            Self::TokenCreated => "token.created",
            Self::TokenRevoked => "token.revoked",
            Self::ServiceAccountCreated => "service_account.created",
            Self::EmailVerified => "user.email_verified",
            Self::EmailChanged => "user.email_changed",
            Self::PasswordChanged => "user.password_changed",
            Self::PasswordResetRequested => "auth.password_reset_requested",
            Self::PasswordReset => "user.password_reset",
            Self::RefreshTokenReused => "auth.refresh_token_reused",
            Self::SignInLocked => "auth.sign_in_locked",
            Self::SignInUnlocked => "auth.sign_in_unlocked",
            Self::SecondFactorEnabled => "auth.mfa_enabled",
            Self::SecondFactorDisabled => "auth.mfa_disabled",
            Self::RecoveryCodeUsed => "auth.recovery_code_used",
            Self::RecoveryCodesReplaced => "auth.recovery_codes_replaced",
            Self::PasskeyAdded => "auth.passkey_added",
            Self::PasskeyRenamed => "auth.passkey_renamed",
            Self::PasskeyRemoved => "auth.passkey_removed",
            Self::PasskeyUsed => "auth.passkey_used",
            Self::PasskeyCounterReused => "auth.passkey_counter_reused",
            Self::IdentityLinked => "auth.identity_linked",
            Self::IdentityUnlinked => "auth.identity_unlinked",
            Self::IdentityProviderCreated => "identity_provider.created",
            Self::IdentityProviderUpdated => "identity_provider.updated",
            Self::IdentityProviderDeleted => "identity_provider.deleted",
            Self::Deleted => "user.deleted",
            Self::Deactivated => "user.deactivated",
            Self::Reactivated => "user.reactivated",
        }
    }
}
