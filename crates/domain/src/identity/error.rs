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
        TokenNameLength => "identity.token_name_length", Rule, Some("name"),
            "a token's name has 1 to 100 characters";
        TokenNameCharacters => "identity.token_name_characters", Rule, Some("name"),
            "a token's name is one line without control characters";
        TokenWithoutScopes => "identity.token_without_scopes", Rule, Some("scopes"),
            "a token has at least one scope";
        TokenExpiry => "identity.token_expiry", Rule, Some("expires_at"),
            "a token expires in the future and within five years: leave the field out for one that does not expire";
        TooManyTokens => "identity.too_many_tokens", Conflict, None,
            "there are 50 tokens of this owner already: revoke one that is not used";
        TooManyKeptTokens => "identity.too_many_kept_tokens", Conflict, None,
            "500 tokens of this owner are kept already: those that ended are forgotten after 90 days";
        PasswordLength => "identity.password_length", Rule, Some("password"),
            "a password has 10 to 128 characters";
        SecondFactorEnabled => "identity.mfa_enabled", Conflict, None,
            "an authenticator app is set up already: remove it to set up another one";
        NoSecondFactor => "identity.mfa_not_enabled", Conflict, None,
            "no authenticator app is set up: set one up first";
        WrongPassword => "identity.wrong_password", Rule, Some("password"),
            "this is not your password";
        WrongCode => "identity.wrong_code", Rule, Some("code"),
            "the code is wrong or was used already: wait for the next one";
        CodeNeeded => "identity.code_needed", Rule, Some("code"),
            "a code of your second factor is needed";
        PasswordPersonal => "identity.password_personal", Rule, Some("password"),
            "a password does not hold your name or your address: everybody would try those first";
        PasswordWeak => "identity.password_weak", Rule, Some("password"),
            "the password is easy to guess: take a longer one, such as a few words that do not belong together";
        CurrentPassword => "identity.current_password", Rule, Some("current_password"),
            "this is not your present password";
    }
}
