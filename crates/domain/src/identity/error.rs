use crate::violation::context_error;

context_error! {
    /// How the rules on accounts are broken.
    IdentityError {
        EmailFormat => "identity.email_format", Rule, Some("email"),
            "an email address looks like name@example.com and has at most 254 characters";
        EmailTaken => "identity.email_taken", Conflict, Some("email"),
            "an account with this email address exists: sign in to it, or take another address";
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
            "your second factor is needed: send a code or a passkey";
        WrongPasskey => "identity.wrong_passkey", Rule, Some("passkey"),
            "this is no passkey of yours, or its ceremony is finished, expired or another session's: begin again";
        OneAnswer => "identity.one_answer", Rule, Some("passkey"),
            "send a code or a passkey, and not both";
        PasskeyNameLength => "identity.passkey_name_length", Rule, Some("name"),
            "a passkey's name has 1 to 100 characters";
        PasskeyNameCharacters => "identity.passkey_name_characters", Rule, Some("name"),
            "a passkey's name is one line without control characters";
        PasskeyCeremony => "identity.passkey_ceremony", Rule, Some("ceremony"),
            "this ceremony is finished, expired or another session's: begin again";
        InvalidPasskey => "identity.invalid_passkey", Rule, Some("credential"),
            "the new passkey cannot be verified: begin again";
        PasskeyRegistered => "identity.passkey_registered", Conflict, None,
            "this passkey is registered already";
        NoPasskey => "identity.no_passkey", Conflict, None,
            "this account has no passkey: send a code instead";
        TooManyPasskeys => "identity.too_many_passkeys", Conflict, None,
            "there are 20 passkeys of this account already: remove one that is not used";
        PasswordPersonal => "identity.password_personal", Rule, Some("password"),
            "a password does not hold your name or your address: everybody would try those first";
        PasswordWeak => "identity.password_weak", Rule, Some("password"),
            "the password is easy to guess: take a longer one, such as a few words that do not belong together";
        CurrentPassword => "identity.current_password", Rule, Some("current_password"),
            "this is not your present password";
        ProviderNameLength => "identity.provider_name_length", Rule, Some("name"),
            "the name of an identity provider has 1 to 100 characters";
        ProviderNameCharacters => "identity.provider_name_characters", Rule, Some("name"),
            "the name of an identity provider is one line without control characters";
        IssuerUrl => "identity.issuer_url", Rule, Some("issuer"),
            "an issuer is an https URL without query and fragment, of at most 255 characters";
        ProviderClientId => "identity.provider_client_id", Rule, Some("client_id"),
            "a client id is one line of 1 to 255 characters";
        ProviderSecret => "identity.provider_client_secret", Rule, Some("client_secret"),
            "a client secret has 1 to 1000 characters";
        SecretOfAnotherIssuer => "identity.secret_of_another_issuer", Rule, Some("client_secret"),
            "another issuer must not be shown the secret of this one: give its own, or null";
        ProviderScopes => "identity.provider_scopes", Rule, Some("scopes"),
            "there are at most 20 scopes, each of 1 to 100 visible ASCII characters";
        ProviderDomains => "identity.provider_domains", Rule, Some("domains"),
            "there are at most 50 domains, each with a name like example.com";
        GroupsClaim => "identity.groups_claim", Rule, Some("groups_claim"),
            "roles by group need the name of the claim with the groups, of 1 to 100 characters";
        GroupRoles => "identity.group_roles", Rule, Some("group_roles"),
            "there are at most 200 groups, each a line of 1 to 255 characters";
        ProviderRole => "identity.provider_role", Rule, Some("group_roles"),
            "a provider can give the roles admin, member and guest: owners are appointed here";
        GroupRoleChoice => "identity.group_role_choice", Rule, Some("group_roles"),
            "give each group either a role or a custom_role_id";
        GroupRoleUnknown => "identity.group_role_unknown", Rule, Some("group_roles"),
            "there is no such custom role for members of the organization";
        ContradictingGroupRoles => "identity.contradicting_group_roles", Rule, Some("group_roles"),
            "a group has one role: name each group once";
        ProviderDefaultRole => "identity.provider_default_role", Rule, Some("default_role"),
            "a provider can give the roles admin, member and guest: owners are appointed here";
        TooManyProviders => "identity.too_many_providers", Conflict, None,
            "the organization has 10 identity providers already: delete one that is not used";
        LastSignInMethod => "identity.last_sign_in_method", Conflict, None,
            "this is your only way to sign in: set a password first, by asking for a new one";
    }
}
