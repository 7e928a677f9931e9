use chrono::TimeDelta;
use uuid::Uuid;

use super::{TokenHash, VouchedSignIn};
use crate::{InvitationId, SignInChallengeId, Timestamp, UserId};

/// An invitation that is accepted with a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvitationToAccept {
    pub id: InvitationId,
    /// Its link came by mail, so whoever has it reads the address.
    pub mailed: bool,
}

/// The plain data of a challenge: the one mapping surface for stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInChallengeState {
    pub id: SignInChallengeId,
    pub user_id: UserId,
    pub token_hash: TokenHash,
    /// The digest of the password hash that was compared with: another password makes the challenge worthless.
    pub checked: TokenHash,
    /// What is accepted when it is met.
    pub invitation: Option<InvitationToAccept>,
    /// Who vouched for the user, if it was not their password.
    pub vouched: Option<VouchedSignIn>,
    pub wrong_codes: u32,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// A sign-in whose password was right, and that waits for the second factor. It is met once, and then forgotten.
#[derive(Clone, Debug)]
pub struct SignInChallenge {
    state: SignInChallengeState,
}

impl SignInChallenge {
    pub const LIFETIME: TimeDelta = TimeDelta::minutes(5);
    /// After so many wrong codes it is worthless.
    pub const MAX_WRONG_CODES: u32 = 5;
    const TOKEN_PREFIX: &'static str = "tenon_mfa_";

    /// The token of a challenge. It names the challenge, so that it is found without an index on secrets.
    pub fn token(id: SignInChallengeId, secret: &str) -> String {
        format!("{}{}_{secret}", Self::TOKEN_PREFIX, id.uuid().simple())
    }

    /// The challenge that a token names. Whether the token is the right one, only its digest tells.
    pub fn named_by(token: &str) -> Option<SignInChallengeId> {
        let (id, _) = token.strip_prefix(Self::TOKEN_PREFIX)?.split_once('_')?;
        Uuid::try_parse(id).ok().map(SignInChallengeId::new)
    }

    pub fn pose(
        id: SignInChallengeId,
        user_id: UserId,
        token_hash: TokenHash,
        checked: TokenHash,
        invitation: Option<InvitationToAccept>,
        now: Timestamp,
    ) -> Self {
        let expires_at = now + Self::LIFETIME;
        let state = SignInChallengeState {
            id,
            user_id,
            token_hash,
            checked,
            invitation,
            vouched: None,
            wrong_codes: 0,
            created_at: now,
            expires_at,
        };
        Self { state }
    }

    /// The same, of somebody for whom an identity provider has vouched.
    #[must_use]
    pub fn vouched(mut self, by: VouchedSignIn) -> Self {
        self.state.vouched = Some(by);
        self
    }

    pub fn restore(state: SignInChallengeState) -> Self {
        Self { state }
    }

    pub fn state(&self) -> &SignInChallengeState {
        &self.state
    }

    pub fn into_state(self) -> SignInChallengeState {
        self.state
    }

    /// Whether it can still be met by whoever has this token.
    pub fn is_open_to(&self, presented: &TokenHash, now: Timestamp) -> bool {
        self.state.token_hash.matches(presented)
            && now < self.state.expires_at
            && self.state.wrong_codes < Self::MAX_WRONG_CODES
    }

    /// Counts a wrong code. Answers whether there may be another one.
    pub fn note_wrong_code(&mut self) -> bool {
        self.state.wrong_codes = self.state.wrong_codes.saturating_add(1);
        self.state.wrong_codes < Self::MAX_WRONG_CODES
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
    fn a_challenge_is_open_for_five_minutes_and_five_codes_to_who_has_its_token() {
        let now = Utc.with_ymd_and_hms(2026, 11, 21, 9, 30, 0).unwrap();
        let (id, user) = (SignInChallengeId::new(Uuid::from_u128(1)), UserId::new(Uuid::from_u128(2)));
        let mut challenge = SignInChallenge::pose(id, user, digest("token"), digest("password"), None, now);
        assert!(challenge.is_open_to(&digest("token"), now));
        assert!(!challenge.is_open_to(&digest("other"), now));
        let end = now + TimeDelta::minutes(5);
        assert!(challenge.is_open_to(&digest("token"), end - TimeDelta::milliseconds(1)));
        assert!(!challenge.is_open_to(&digest("token"), end));
        for attempt in 1..=5 {
            assert!(challenge.is_open_to(&digest("token"), now));
            assert_eq!(challenge.note_wrong_code(), attempt < 5);
        }
        assert!(!challenge.is_open_to(&digest("token"), now));
    }

    #[test]
    fn a_token_names_its_challenge_and_nothing_else_does() {
        let id = SignInChallengeId::new(Uuid::from_u128(7));
        assert_eq!(SignInChallenge::named_by(&SignInChallenge::token(id, "secret_with_parts")), Some(id));
        for text in ["", "tenon_mfa_", "tenon_mfa__", "tenon_mfa_nonsense_secret", "tenon_rt_7_secret", "tenon_mfa_é_é"]
        {
            assert_eq!(SignInChallenge::named_by(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in any::<String>(), near in "tenon_mfa_[0-9a-fA-F_é{}-]{0,50}") {
            SignInChallenge::named_by(&text);
            SignInChallenge::named_by(&near);
        }
    }
}
