//! What to do when a notice about an account comes unexpected: what helps is not the same for all.

/// For the owner of the account that a notice of this kind is about.
pub(super) fn advice(kind: &str) -> &'static str {
    match kind {
        // It goes to the address before, where no mail about the account comes any more.
        "account.email_changed" => {
            "You get this email because this was the address of your account. If it was not you, somebody knows your \
             password: sign in with it and the new address, and change both. If that does not work any more, ask whoever \
             runs Tenon for you."
        }
        "account.deleted" => {
            "You get this email because this was the address of your account. If it was not you, somebody knew your \
             password. The account cannot be had back: ask your organization to invite you again, and take another \
             password."
        }
        "account.passkey_added" => {
            "You get this email because it concerns your account. If it was not you, ask for a new password where you \
             sign in, which ends all sessions, and remove the passkey from your account: a new password leaves it in \
             place. If you cannot sign in without it, ask whoever runs Tenon for you."
        }
        "account.second_factor_enabled" => {
            "You get this email because it concerns your account. If it was not you, ask for a new password where you \
             sign in, which ends all sessions, and remove the authenticator app from your account: a new password leaves \
             it in place. If you cannot sign in without it, ask whoever runs Tenon for you."
        }
        "account.identity_linked" => {
            "You get this email because it concerns your account. If it was not you, ask for a new password where you \
             sign in, which ends all sessions, and remove the identity provider from your account: a new password leaves \
             it in place."
        }
        "account.recovery_code_used" | "account.recovery_codes_replaced" => {
            "You get this email because it concerns your account. If it was not you, ask for a new password where you \
             sign in, which ends all sessions, and then have your recovery codes replaced: a new password leaves them \
             good."
        }
        _ => {
            "You get this email because it concerns your account. If it was not you, ask for a new password where you \
             sign in: that ends all sessions."
        }
    }
}
