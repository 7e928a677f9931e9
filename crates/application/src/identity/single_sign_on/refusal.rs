/// Why nobody is signed in, as the page is told that the browser returns to. It is a code and nothing else: what the
/// provider wrote is nobody's to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInRefusal {
    /// The browser does not know of a sign-in that this would be the end of, or not any more.
    Lost,
    /// The provider, or the person there, refused.
    Denied,
    /// The provider's answer does not hold.
    Failed,
    /// The provider does not answer.
    Away,
    /// There is no such provider any more.
    UnknownProvider,
    /// The provider does not know that the address is theirs.
    UnverifiedAddress,
    /// The provider may not vouch for addresses of this domain.
    ForeignAddress,
    /// Nobody here has this address, and nobody gets an account by this provider.
    NoAccount,
    /// Somebody here has this address without having shown that it is theirs.
    UnverifiedAccount,
    /// The provider calls somebody else by this address, or did.
    OtherIdentity,
    /// They do not belong to the organization, and nobody comes into it by this provider.
    NotAMember,
    /// They are suspended in the organization.
    Suspended,
    /// The operator has deactivated them.
    Deactivated,
    /// They are in no group that has a role here, or the role of their groups was deleted.
    NoRole,
    /// Too many came from where they are.
    RateLimited,
    /// Something Tenon depends on is away.
    Unavailable,
    Internal,
}

impl SignInRefusal {
    pub const ALL: &'static [Self] = &[
        Self::Lost,
        Self::Denied,
        Self::Failed,
        Self::Away,
        Self::UnknownProvider,
        Self::UnverifiedAddress,
        Self::ForeignAddress,
        Self::NoAccount,
        Self::UnverifiedAccount,
        Self::OtherIdentity,
        Self::NotAMember,
        Self::Suspended,
        Self::Deactivated,
        Self::NoRole,
        Self::RateLimited,
        Self::Unavailable,
        Self::Internal,
    ];

    pub const fn code(self) -> &'static str {
        match self {
            Self::Lost => "auth.oidc_lost",
            Self::Denied => "auth.oidc_denied",
            Self::Failed => "auth.oidc_failed",
            Self::Away => "auth.oidc_away",
            Self::UnknownProvider => "auth.oidc_unknown_provider",
            Self::UnverifiedAddress => "auth.oidc_unverified_address",
            Self::ForeignAddress => "auth.oidc_foreign_address",
            Self::NoAccount => "auth.oidc_no_account",
            Self::UnverifiedAccount => "auth.oidc_unverified_account",
            Self::OtherIdentity => "auth.oidc_other_identity",
            Self::NotAMember => "auth.oidc_not_a_member",
            Self::Suspended => "auth.suspended",
            Self::Deactivated => "auth.deactivated",
            Self::NoRole => "auth.oidc_no_role",
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }
}
