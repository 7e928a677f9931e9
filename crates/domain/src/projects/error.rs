use crate::violation::context_error;

context_error! {
    /// How the rules on projects are broken.
    ProjectError {
        KeyFormat => "project.key_format", Rule, Some("key"),
            "a key has 2 to 10 characters, A to Z and 0 to 9, and begins with a letter";
        NameLength => "project.name_length", Rule, Some("name"),
            "a name has 1 to 100 characters";
        NameCharacters => "project.name_characters", Rule, Some("name"),
            "a name is one line without control characters";
        DescriptionLength => "project.description_length", Rule, Some("description"),
            "a description has at most 10000 characters";
        DescriptionCharacters => "project.description_characters", Rule, Some("description"),
            "a description may not hold control characters other than line breaks and tabs";
        KeyTaken => "project.key_taken", Conflict, Some("key"),
            "another project of the organization has this key";
        LeadOutsideProject => "project.lead_outside_project", Rule, Some("lead_id"),
            "the lead must be a member of the organization, and of the project when it is private";
        MemberOutsideOrganization => "project.member_outside_organization", Rule, None,
            "only members of the organization can be added to a project";
        GuestManager => "project.guest_manager", Rule, Some("role"),
            "a guest cannot manage a project: make them a contributor or a viewer";
        TooManyTeams => "project.too_many_teams", Conflict, None,
            "a project has at most 50 teams: remove one first";
        LastManager => "project.last_manager", Conflict, None,
            "a private project keeps at least one manager: appoint another one first";
        Archived => "project.archived", Conflict, None,
            "the project is archived: unarchive it before changing it";
        NotArchived => "project.not_archived", Conflict, None,
            "the project is not archived";
        AlreadyArchived => "project.already_archived", Conflict, None,
            "the project is archived already";
    }
}
