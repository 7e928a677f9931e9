use chrono::TimeDelta;

use super::Email;
use crate::text::named_enum;
use crate::{AccountRequestId, Timestamp, UserId};

named_enum! {
    /// What whoever reads a mail may do with the link in it.
    AccountRequestKind {
        VerifyEmail => "verify_email",
        ResetPassword => "reset_password",
        ConfirmEmail => "confirm_email",
        UnlockSignIn => "unlock_sign_in",
    }
}

impl AccountRequestKind {
    /// How long the link is good. The more it can do, the shorter.
    pub const fn lifetime(self) -> TimeDelta {
        match self {
            Self::VerifyEmail => TimeDelta::days(3),
            Self::ConfirmEmail => TimeDelta::hours(24),
            Self::UnlockSignIn => TimeDelta::hours(1),
            Self::ResetPassword => TimeDelta::minutes(30),
        }
    }
}

/// The plain data of a request: the one mapping surface for stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRequestState {
    pub id: AccountRequestId,
    /// Nobody, when the address that was typed has no account: such a request can never be used.
    pub user_id: Option<UserId>,
    pub kind: AccountRequestKind,
    /// Where the link went.
    pub email: Email,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub used_at: Option<Timestamp>,
}

/// Something that the owner of an account is to confirm by a link that is mailed to them.
#[derive(Clone, Debug)]
pub struct AccountRequest {
    state: AccountRequestState,
}

impl AccountRequest {
    pub fn make(
        id: AccountRequestId,
        user_id: Option<UserId>,
        kind: AccountRequestKind,
        email: Email,
        now: Timestamp,
    ) -> Self {
        let expires_at = now + kind.lifetime();
        Self { state: AccountRequestState { id, user_id, kind, email, created_at: now, expires_at, used_at: None } }
    }

    pub fn restore(state: AccountRequestState) -> Self {
        Self { state }
    }

    pub fn state(&self) -> &AccountRequestState {
        &self.state
    }

    pub fn into_state(self) -> AccountRequestState {
        self.state
    }

    /// Whose request it is, while it can be used for this.
    pub fn open_for(&self, kind: AccountRequestKind, now: Timestamp) -> Option<UserId> {
        let open = self.state.kind == kind && self.state.used_at.is_none() && now < self.state.expires_at;
        self.state.user_id.filter(|_| open)
    }

    /// Uses it up. `None` when it was used, was made worthless by something else, or has expired.
    pub fn redeem(&mut self, kind: AccountRequestKind, now: Timestamp) -> Option<UserId> {
        let user = self.open_for(kind, now)?;
        self.state.used_at = Some(now);
        Some(user)
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};
    use uuid::Uuid;

    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Utc.with_ymd_and_hms(2026, 11, 21, 9, 30, 0).unwrap() + TimeDelta::minutes(minutes)
    }

    fn request(user: Option<UserId>, kind: AccountRequestKind) -> AccountRequest {
        let id = AccountRequestId::new(Uuid::from_u128(1));
        AccountRequest::make(id, user, kind, Email::restore("ada@example.com".to_owned()), at(0))
    }

    #[test]
    fn a_request_is_used_once_for_what_it_is_for_while_it_lasts() {
        use AccountRequestKind::{ConfirmEmail, ResetPassword};
        let ada = UserId::new(Uuid::from_u128(2));
        let mut reset = request(Some(ada), ResetPassword);
        assert_eq!(reset.redeem(ConfirmEmail, at(1)), None);
        assert_eq!(reset.open_for(ResetPassword, at(30)), None);
        assert_eq!(reset.open_for(ResetPassword, at(29)), Some(ada));
        assert_eq!(reset.redeem(ResetPassword, at(29)), Some(ada));
        assert_eq!(reset.redeem(ResetPassword, at(29)), None);
        assert_eq!(reset.state().used_at, Some(at(29)));
    }

    #[test]
    fn a_request_for_nobody_is_never_open() {
        for &kind in AccountRequestKind::ALL {
            assert_eq!(request(None, kind).open_for(kind, at(0)), None, "{kind}");
        }
    }
}
