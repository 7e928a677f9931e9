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
        ServiceAccountSuspended => "service_account.suspended", Conflict, None,
            "the service account is suspended: unsuspend it before it gets another token";
        RoleNameLength => "role.name_length", Rule, Some("name"),
            "the name of a role has 1 to 50 characters";
        RoleNameCharacters => "role.name_characters", Rule, Some("name"),
            "the name of a role is one line without control characters";
        RoleNameTaken => "role.name_taken", Conflict, Some("name"),
            "another role of this level has this name, whatever its case";
        RoleDescriptionLength => "role.description_length", Rule, Some("description"),
            "the description of a role has at most 500 characters";
        RoleDescriptionCharacters => "role.description_characters", Rule, Some("description"),
            "the description of a role is text without control characters";
        RoleBase => "role.base", Rule, Some("base"),
            "a role for the organization is based on member or guest, and one for projects on nothing";
        RolePermissionLevel => "role.permission_level", Rule, Some("permissions"),
            "a role holds permissions of its own level only: see GET /permissions";
        RoleOwnersOnly => "role.owners_only", Rule, Some("permissions"),
            "owners.manage is in no custom role: organizations are owned by owners";
        TooManyRoles => "role.too_many", Conflict, None,
            "an organization has at most 50 custom roles: delete one first";
        RoleInUse => "role.in_use", Conflict, None,
            "somebody still has this role: give them another one before it is deleted, or permits more in projects";
        RoleGuestProjects => "role.guest_projects", Rule, Some("permissions"),
            "guests create no projects, as they manage none: base the role on member, or leave projects.create out";
        RoleUnknown => "role.unknown", Rule, Some("custom_role_id"),
            "there is no such custom role in the organization";
        RoleWrongLevel => "role.wrong_level", Rule, Some("custom_role_id"),
            "this custom role is of the other level: members of organizations and of projects have roles of their own";
        RoleAmbiguous => "role.ambiguous", Rule, Some("custom_role_id"),
            "give either role or custom_role_id, not both of them";
        RoleMissing => "role.missing", Rule, Some("role"),
            "give a role or a custom_role_id";
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
        TeamNameLength => "team.name_length", Rule, Some("name"),
            "a name has 1 to 100 characters";
        TeamNameCharacters => "team.name_characters", Rule, Some("name"),
            "a name is one line without control characters";
        TeamDescriptionLength => "team.description_length", Rule, Some("description"),
            "a description has at most 500 characters";
        TeamDescriptionCharacters => "team.description_characters", Rule, Some("description"),
            "a description may not hold control characters other than line breaks and tabs";
        TeamNameTaken => "team.name_taken", Conflict, Some("name"),
            "another team of the organization has this name";
        TooManyTeams => "team.too_many", Conflict, None,
            "an organization has at most 200 teams: delete one that is not needed any more";
        TooManyTeamMembers => "team.too_many_members", Conflict, None,
            "a team has at most 500 members: make another one";
        TeamInTooManyProjects => "team.too_many_projects", Conflict, None,
            "a team is in at most 1000 projects: remove it from one first";
        TeamMemberOutsideOrganization => "team.member_outside_organization", Rule, None,
            "only members of the organization can be added to a team";
        NewOwner => "organization.new_owner", Rule, Some("user_id"),
            "an organization passes to another active member of it, who is no guest and no program";
        OwnSuspension => "member.own_suspension", Conflict, None,
            "nobody suspends themselves: ask another one who manages members";
        AlreadySuspended => "member.already_suspended", Conflict, None,
            "the member is suspended already";
        NotSuspended => "member.not_suspended", Conflict, None,
            "the member is not suspended";
        DomainFormat => "domain.format", Rule, Some("domain"),
            "a domain looks like example.com: names of letters, digits and hyphens with a dot in between, at most 253 characters";
        PublicDomain => "domain.public", Rule, Some("domain"),
            "everybody can have an address of this domain: claim one that is your own";
        DomainClaimed => "domain.already_claimed", Conflict, Some("domain"),
            "the organization has claimed this domain already";
        DomainTaken => "domain.taken", Conflict, None,
            "another organization has proved this domain to be its own: it has to let go of it first";
        TooManyDomains => "domain.too_many", Conflict, None,
            "the organization has 50 domains already: remove one that is not used";
        DomainNotVerified => "domain.not_verified", Conflict, Some("auto_join_role"),
            "the domain has to be verified first";
        AutoJoinRole => "domain.auto_join_role", Rule, Some("auto_join_role"),
            "who joins by their address becomes a member or a guest";
        SingleTenancy => "organization.single_tenancy", Conflict, None,
            "this deployment serves a single organization: ask one of its owners for an invitation";
    }
}
