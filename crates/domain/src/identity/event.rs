use crate::text::named_enum;

named_enum! {
    /// Why a sign-in was refused. The caller is never told which.
    SignInFailure {
        UnknownAddress => "unknown_address",
        WrongPassword => "wrong_password",
        NoOrganization => "no_organization",
    }
}

/// What happened to an account or a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentityFact {
    Registered,
    ProfileUpdated,
    SignedIn,
    SignInFailed { reason: SignInFailure },
    SignedOut,
    OrganizationSwitched,
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
        }
    }
}
