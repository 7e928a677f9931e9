use crate::violation::context_error;

context_error! {
    /// How the rules on accounts are broken.
    IdentityError {
        EmailFormat => "identity.email_format", Rule, Some("email"),
            "an email address looks like name@example.com and has at most 254 characters";
        EmailTaken => "identity.email_taken", Conflict, Some("email"),
            "an account with this email address exists: sign in instead";
        DisplayNameLength => "identity.display_name_length", Rule, Some("display_name"),
            "a display name has 1 to 100 characters";
        DisplayNameCharacters => "identity.display_name_characters", Rule, Some("display_name"),
            "a display name is one line without control characters";
        PasswordLength => "identity.password_length", Rule, Some("password"),
            "a password has 10 to 128 characters";
    }
}
