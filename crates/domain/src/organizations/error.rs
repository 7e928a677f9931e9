use crate::violation::context_error;

context_error! {
    /// How the rules on organizations are broken.
    OrganizationError {
        NameLength => "organization.name_length", Rule, Some("name"),
            "a name has 1 to 100 characters";
        NameCharacters => "organization.name_characters", Rule, Some("name"),
            "a name is one line without control characters";
        LastOwner => "organization.last_owner", Conflict, None,
            "an organization keeps at least one owner: appoint another one first";
        ServiceAccountOwner => "organization.service_account_owner", Rule, Some("role"),
            "a service account can be admin, member or guest: organizations are owned by people";
        AlreadyMember => "organization.already_member", Conflict, Some("email"),
            "this person is a member of the organization already";
        AlreadyInvited => "organization.already_invited", Conflict, Some("email"),
            "an invitation to this address is pending: revoke it to send another one";
        InvitationExpired => "invitation.expired", Conflict, None,
            "the invitation has expired: ask for a new one";
        InvitationUsed => "invitation.already_accepted", Conflict, None,
            "the invitation has been accepted already";
        InvitationRevoked => "invitation.revoked", Conflict, None,
            "the invitation has been revoked";
        InvitationNeedsAccount => "invitation.needs_account", Rule, Some("password"),
            "there is no account for the invited address yet: give a display_name and a password";
        InvitationNeedsPassword => "invitation.needs_password", Rule, Some("password"),
            "an account for the invited address exists: give its password";
        RequiresOwnMfa => "organization.requires_own_mfa", Conflict, Some("require_mfa"),
            "set up a second factor for your own account before you require one of others";
        SingleTenancy => "organization.single_tenancy", Conflict, None,
            "this deployment serves a single organization: ask one of its owners for an invitation";
    }
}
