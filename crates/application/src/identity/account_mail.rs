//! Mail to the owner of an account: links that prove who reads an address, and notices of what changed.
//!
//! A message is stored with the change that causes it. The secret of its link is made when the mail is.

use tenon_domain::UserId;
use tenon_domain::identity::{AccountRequestKind, Email};
use uuid::Uuid;

use crate::command::Work;
use crate::error::AppError;
use crate::events::{Channel, Delivery};

/// What an account's owner is told. `request` is the id of an [`AccountRequest`](tenon_domain::identity::AccountRequest),
/// which the link of the mail is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountNotice {
    VerifyEmail { request: Uuid },
    ResetPassword { request: Uuid },
    ConfirmEmail { request: Uuid },
    EmailChanged { to: String },
    PasswordChanged,
    RefreshTokenReused,
    SignInLocked { request: Uuid },
    SecondFactorEnabled,
    SecondFactorDisabled { is_last: bool },
    PasskeyAdded,
    PasskeyRemoved { is_last: bool },
    RecoveryCodeUsed { left: usize },
    RecoveryCodesReplaced,
    AccountDeleted,
    IdentityLinked,
}

impl AccountNotice {
    /// The kind of the delivery, which chooses the template; with a link, it ends in what the link is for.
    const fn kind(&self) -> &'static str {
        match self {
            Self::VerifyEmail { .. } => "account.verify_email",
            Self::ResetPassword { .. } => "account.reset_password",
            Self::ConfirmEmail { .. } => "account.confirm_email",
            Self::EmailChanged { .. } => "account.email_changed",
            Self::PasswordChanged => "account.password_changed",
            Self::RefreshTokenReused => "account.refresh_token_reused",
            Self::SignInLocked { .. } => "account.unlock_sign_in",
            Self::SecondFactorEnabled => "account.second_factor_enabled",
            Self::SecondFactorDisabled { .. } => "account.second_factor_disabled",
            Self::PasskeyAdded => "account.passkey_added",
            Self::PasskeyRemoved { .. } => "account.passkey_removed",
            Self::RecoveryCodeUsed { .. } => "account.recovery_code_used",
            Self::RecoveryCodesReplaced => "account.recovery_codes_replaced",
            Self::AccountDeleted => DELETED,
            Self::IdentityLinked => "account.identity_linked",
        }
    }

    const fn request(&self) -> Option<Uuid> {
        match self {
            Self::VerifyEmail { request }
            | Self::ResetPassword { request }
            | Self::ConfirmEmail { request }
            | Self::SignInLocked { request } => Some(*request),
            Self::EmailChanged { .. }
            | Self::PasswordChanged
            | Self::RefreshTokenReused
            | Self::SecondFactorEnabled
            | Self::SecondFactorDisabled { .. }
            | Self::PasskeyAdded
            | Self::PasskeyRemoved { .. }
            | Self::RecoveryCodeUsed { .. }
            | Self::RecoveryCodesReplaced
            | Self::AccountDeleted
            | Self::IdentityLinked => None,
        }
    }

    /// The subject and the text. But for a new address, nothing in them was written by a user: mail to an address that
    /// nobody has verified must not carry anybody's words there.
    fn wording(&self) -> (&'static str, String) {
        let until = |kind: AccountRequestKind| match kind.lifetime().num_hours() {
            0 => format!("The link is good for {} minutes.", kind.lifetime().num_minutes()),
            1 => "The link is good for an hour.".to_owned(),
            hours => format!("The link is good for {hours} hours."),
        };
        match self {
            Self::VerifyEmail { .. } => ("Verify your email address", until(AccountRequestKind::VerifyEmail)),
            Self::ResetPassword { .. } => (
                "Set a new password",
                format!(
                    "{} Using it ends all your sessions and personal access tokens.",
                    until(AccountRequestKind::ResetPassword)
                ),
            ),
            Self::ConfirmEmail { .. } => ("Confirm your new email address", until(AccountRequestKind::ConfirmEmail)),
            Self::EmailChanged { to } => (
                "Your email address was changed",
                format!("The address of your account is {to} now, and this one is not any more."),
            ),
            Self::PasswordChanged => {
                ("Your password was changed", "Your other sessions have ended: sign in again there.".to_owned())
            }
            Self::RefreshTokenReused => (
                "A session of yours was ended",
                "A token of it was used twice, as happens when somebody has copied it.".to_owned(),
            ),
            Self::SignInLocked { .. } => (
                "Signing in to your account is locked",
                format!(
                    "There were too many attempts with a wrong password. You can unlock it at once. {}",
                    until(AccountRequestKind::UnlockSignIn)
                ),
            ),
            Self::SecondFactorEnabled => (
                "A second factor was added",
                "Signing in to your account takes a code from now on. Your other sessions have ended.".to_owned(),
            ),
            Self::SecondFactorDisabled { is_last: true } => {
                ("Your second factor was removed", "Your password is enough to sign in again.".to_owned())
            }
            Self::SecondFactorDisabled { is_last: false } => (
                "Your authenticator app was removed",
                "Signing in to your account takes a passkey, or a recovery code with your password.".to_owned(),
            ),
            Self::PasskeyAdded => (
                "A passkey was added",
                "It signs in to your account without the password. Without it, your password takes a second factor."
                    .to_owned(),
            ),
            Self::PasskeyRemoved { is_last: true } => (
                "Your last passkey was removed",
                "It does not sign in to your account any more, and your password is enough again.".to_owned(),
            ),
            Self::PasskeyRemoved { is_last: false } => {
                ("A passkey was removed", "It does not sign in to your account any more.".to_owned())
            }
            Self::RecoveryCodeUsed { left } => {
                ("A recovery code was used", format!("You have {left} of them left. Each is good once."))
            }
            Self::RecoveryCodesReplaced => (
                "Your recovery codes were replaced",
                "There are new ones, and those that you had before are worthless.".to_owned(),
            ),
            Self::AccountDeleted => {
                ("Your account was deleted", "What was known of you is erased. Your work stays where it is.".to_owned())
            }
            Self::IdentityLinked => (
                "A way to sign in was added",
                "An identity provider that knows your address vouches for you from now on.".to_owned(),
            ),
        }
    }

    fn into_delivery(self, user: Option<UserId>, address: Option<&Email>) -> Delivery {
        let (title, body) = self.wording();
        let user = user.map(UserId::uuid);
        Delivery {
            channel: Channel::Email,
            kind: self.kind().to_owned(),
            user,
            address: address.map(Email::to_string),
            title: title.to_owned(),
            body,
            organization_name: "Tenon".to_owned(),
            invitation: None,
            account_request: self.request(),
            resource_kind: "user".to_owned(),
            resource_id: user.unwrap_or_default(),
            caused_by: self.request().or(user).unwrap_or_default(),
        }
    }
}

/// The kind of the last mail that an account's owner gets.
const DELETED: &str = "account.deleted";

/// Whether a delivery of this kind is only for somebody who has an account. What is still to be sent when it is deleted
/// goes to nobody, but for the word of that.
pub(crate) fn ends_with_account(delivery_kind: &str) -> bool {
    delivery_kind.starts_with("account.") && delivery_kind != DELETED
}

/// What the link in a delivery of this kind is for.
pub(crate) fn link_of(delivery_kind: &str) -> Option<AccountRequestKind> {
    delivery_kind.strip_prefix("account.").and_then(AccountRequestKind::parse)
}

/// Stores a mail to a user's address, together with what is told of.
pub(crate) async fn mail_account(
    work: &mut Work<'_>,
    user: UserId,
    address: &Email,
    notice: AccountNotice,
) -> Result<(), AppError> {
    send(work, notice.into_delivery(Some(user), Some(address))).await
}

/// Stores a mail that goes nowhere, in place of one to an account that does not exist: the work must not tell.
pub(super) async fn mail_nobody(work: &mut Work<'_>, notice: AccountNotice) -> Result<(), AppError> {
    send(work, notice.into_delivery(None, None)).await
}

async fn send(work: &mut Work<'_>, delivery: Delivery) -> Result<(), AppError> {
    let origin = work.actor().origin.clone();
    work.unit().events().deliver(vec![(origin, delivery)]).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn all() -> Vec<AccountNotice> {
        let request = Uuid::from_u128(7);
        vec![
            AccountNotice::VerifyEmail { request },
            AccountNotice::ResetPassword { request },
            AccountNotice::ConfirmEmail { request },
            AccountNotice::EmailChanged { to: "new@example.com".to_owned() },
            AccountNotice::PasswordChanged,
            AccountNotice::RefreshTokenReused,
            AccountNotice::SignInLocked { request },
            AccountNotice::SecondFactorEnabled,
            AccountNotice::SecondFactorDisabled { is_last: true },
            AccountNotice::PasskeyAdded,
            AccountNotice::PasskeyRemoved { is_last: true },
            AccountNotice::RecoveryCodeUsed { left: 3 },
            AccountNotice::RecoveryCodesReplaced,
            AccountNotice::AccountDeleted,
            AccountNotice::IdentityLinked,
        ]
    }

    #[test]
    fn every_notice_says_something_of_its_own() {
        let notices = all();
        let kinds: HashSet<_> = notices.iter().map(AccountNotice::kind).collect();
        let titles: HashSet<_> = notices.iter().map(|notice| notice.wording().0).collect();
        assert_eq!((kinds.len(), titles.len()), (notices.len(), notices.len()));
        for notice in notices {
            let (title, body) = notice.wording();
            assert!(!title.ends_with('.') && body.ends_with('.'), "{title}: {body}");
        }
    }

    #[test]
    fn what_has_a_request_has_a_link_for_it_and_nothing_else_has() {
        for notice in all() {
            assert_eq!(notice.request().is_some(), link_of(notice.kind()).is_some(), "{notice:?}");
        }
        let linked: HashSet<_> = all().iter().filter_map(|notice| link_of(notice.kind())).collect();
        assert_eq!(linked.len(), AccountRequestKind::ALL.len());
        assert_eq!(link_of("task.assigned"), None);
    }

    #[test]
    fn how_long_a_link_is_good_is_said_in_the_unit_that_fits() {
        let body = |notice: AccountNotice| notice.wording().1;
        let request = Uuid::nil();
        assert_eq!(body(AccountNotice::VerifyEmail { request }), "The link is good for 72 hours.");
        assert!(body(AccountNotice::ResetPassword { request }).starts_with("The link is good for 30 minutes."));
        assert!(body(AccountNotice::SignInLocked { request }).ends_with("The link is good for an hour."));
    }
}
