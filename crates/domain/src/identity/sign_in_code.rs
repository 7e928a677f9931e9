use chrono::TimeDelta;
use uuid::Uuid;

use super::{ProviderKey, TokenHash};
use crate::{OrganizationId, SignInCodeId, Timestamp, UserId};

/// A sign-in that an identity provider vouches for, in the place of a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VouchedSignIn {
    pub provider: ProviderKey,
    /// Where the session begins, if the provider is an organization's; else where the user was last.
    pub organization: Option<OrganizationId>,
}

/// The plain data of a sign-in code: the one mapping surface for stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInCodeState {
    pub id: SignInCodeId,
    pub user_id: UserId,
    pub vouched: VouchedSignIn,
    pub code_hash: TokenHash,
    /// Of what the browser keeps in a cookie that the code was given to.
    pub browser_hash: TokenHash,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// What a page signs in with after an identity provider has sent its browser back. It is good once, for a minute, and for
/// that browser.
#[derive(Clone, Debug)]
pub struct SignInCode {
    state: SignInCodeState,
}

impl SignInCode {
    pub const LIFETIME: TimeDelta = TimeDelta::seconds(60);
    const PREFIX: &'static str = "tenon_sic_";

    /// The text of a code. It names the row, so that it is found without an index on secrets.
    pub fn text(id: SignInCodeId, secret: &str) -> String {
        format!("{}{}_{secret}", Self::PREFIX, id.uuid().simple())
    }

    /// The row that a text names. Whether the code is the right one, only its digest tells.
    pub fn named_by(text: &str) -> Option<SignInCodeId> {
        let (id, _) = text.strip_prefix(Self::PREFIX)?.split_once('_')?;
        Uuid::try_parse(id).ok().map(SignInCodeId::new)
    }

    pub fn issue(
        id: SignInCodeId,
        user_id: UserId,
        vouched: VouchedSignIn,
        code_hash: TokenHash,
        browser_hash: TokenHash,
        now: Timestamp,
    ) -> Self {
        let expires_at = now + Self::LIFETIME;
        Self { state: SignInCodeState { id, user_id, vouched, code_hash, browser_hash, created_at: now, expires_at } }
    }

    pub fn restore(state: SignInCodeState) -> Self {
        Self { state }
    }

    pub fn state(&self) -> &SignInCodeState {
        &self.state
    }

    pub fn into_state(self) -> SignInCodeState {
        self.state
    }

    /// Whether whoever has this code and this browser may sign in with it.
    pub fn is_good_for(&self, code: &TokenHash, browser: &TokenHash, now: Timestamp) -> bool {
        // Both are compared, whatever the first comparison says.
        let matches = [self.state.code_hash.matches(code), self.state.browser_hash.matches(browser)];
        matches == [true, true] && now < self.state.expires_at
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};
    use proptest::prelude::*;

    use super::*;

    fn digest(text: &str) -> TokenHash {
        TokenHash::new(text.to_owned())
    }

    #[test]
    fn a_code_is_good_for_a_minute_and_one_browser() {
        let now = Utc.with_ymd_and_hms(2026, 11, 21, 9, 30, 0).unwrap();
        let (id, user) = (SignInCodeId::new(Uuid::from_u128(1)), UserId::new(Uuid::from_u128(2)));
        let vouched = VouchedSignIn { provider: ProviderKey::Deployment("corp".to_owned()), organization: None };
        let code = SignInCode::issue(id, user, vouched, digest("code"), digest("browser"), now);
        assert!(code.is_good_for(&digest("code"), &digest("browser"), now));
        assert!(!code.is_good_for(&digest("other"), &digest("browser"), now));
        assert!(!code.is_good_for(&digest("code"), &digest("other"), now));
        let end = now + TimeDelta::seconds(60);
        assert!(code.is_good_for(&digest("code"), &digest("browser"), end - TimeDelta::milliseconds(1)));
        assert!(!code.is_good_for(&digest("code"), &digest("browser"), end));
    }

    #[test]
    fn a_code_names_its_row_and_nothing_else_does() {
        let id = SignInCodeId::new(Uuid::from_u128(7));
        assert_eq!(SignInCode::named_by(&SignInCode::text(id, "secret_with_parts")), Some(id));
        for text in
            ["", "tenon_sic_", "tenon_sic__", "tenon_sic_nonsense_secret", "tenon_mfa_7_secret", "tenon_sic_é_é"]
        {
            assert_eq!(SignInCode::named_by(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in any::<String>(), near in "tenon_sic_[0-9a-fA-F_é{}-]{0,50}") {
            SignInCode::named_by(&text);
            SignInCode::named_by(&near);
        }
    }
}
