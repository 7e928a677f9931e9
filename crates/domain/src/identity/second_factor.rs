use chrono::TimeDelta;

use super::{DisplayName, IdentityError, IdentityFact, SealedSecret, TokenHash};
use crate::text::named_enum;
use crate::{DomainEvent, Fact, ResourceKind, Subject, Timestamp, UserId, Version};

named_enum! {
    /// What a sign-in can go on with whose password was right.
    MfaMethod {
        /// A code of the authenticator app.
        Totp => "totp",
        RecoveryCode => "recovery_code",
        Passkey => "passkey",
    }
}

/// The plain data of a second factor: the one mapping surface for stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondFactorState {
    pub user_id: UserId,
    pub secret: SealedSecret,
    /// Since when sign-ins ask for it; before that it is only being set up.
    pub confirmed_at: Option<Timestamp>,
    /// The latest time step whose code was accepted. No code of it or of an earlier one is accepted again.
    pub last_step: Option<i64>,
    /// The recovery codes that were not used yet.
    pub recovery_codes: Vec<TokenHash>,
    /// How many wrong codes came one after the other.
    pub wrong_codes: u32,
    pub last_wrong_at: Option<Timestamp>,
    pub version: Version,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What somebody showed to have. That it is true was found out before; whether it counts is for the factor to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The code of this time step.
    Step(i64),
    /// A code with this digest.
    RecoveryCode(TokenHash),
    /// A passkey of theirs.
    Passkey,
    /// No code of theirs.
    Nothing,
}

/// What became of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Accepted,
    /// And that many recovery codes are left.
    AcceptedRecoveryCode {
        left: usize,
    },
    Wrong,
    /// There were too many wrong ones: none is looked at until then.
    Blocked {
        until: Timestamp,
    },
}

/// A user's authenticator app (RFC 6238) with the recovery codes that stand in for it, and the events its methods
/// recorded. Who has passkeys and no app has the codes all the same: then the secret is one that nobody was told.
#[derive(Clone, Debug)]
pub struct SecondFactor {
    state: SecondFactorState,
    events: Vec<DomainEvent>,
}

impl SecondFactor {
    /// So many wrong codes in a row cost nothing. After that none is looked at for a minute, and for twice as long
    /// after each further one.
    pub const FREE_WRONG_CODES: u32 = 10;
    const LONGEST_BLOCK: TimeDelta = TimeDelta::hours(1);

    /// Begins to set one up. It asks for nothing until it is confirmed.
    pub fn begin(user_id: UserId, secret: SealedSecret, now: Timestamp) -> Self {
        let state = SecondFactorState {
            user_id,
            secret,
            confirmed_at: None,
            last_step: None,
            recovery_codes: Vec::new(),
            wrong_codes: 0,
            last_wrong_at: None,
            version: 0,
            created_at: now,
            updated_at: now,
        };
        Self { state, events: Vec::new() }
    }

    pub fn restore(state: SecondFactorState) -> Self {
        Self { state, events: Vec::new() }
    }

    pub fn state(&self) -> &SecondFactorState {
        &self.state
    }

    /// The state and the events, for the store that writes both.
    pub fn into_parts(self) -> (SecondFactorState, Vec<DomainEvent>) {
        (self.state, self.events)
    }

    pub fn is_confirmed(&self) -> bool {
        self.state.confirmed_at.is_some()
    }

    /// Begins anew, with another secret: only as long as nobody relies on the one there is.
    pub fn replace_secret(&mut self, secret: SealedSecret, now: Timestamp) -> Result<(), IdentityError> {
        if self.is_confirmed() {
            return Err(IdentityError::SecondFactorEnabled);
        }
        self.state.secret = secret;
        self.state.last_step = None;
        self.state.updated_at = now;
        Ok(())
    }

    /// Has sign-ins ask for it, once its owner showed that their app works: nothing else shows that, and nothing else is
    /// used up. `owner` is who the events speak of.
    pub fn confirm(
        &mut self,
        proof: &Proof,
        recovery_codes: Vec<TokenHash>,
        owner: &DisplayName,
        now: Timestamp,
    ) -> Result<Verdict, IdentityError> {
        if self.is_confirmed() {
            return Err(IdentityError::SecondFactorEnabled);
        }
        let is_of_the_app = matches!(proof, Proof::Step(_));
        let verdict = self.judge(if is_of_the_app { proof } else { &Proof::Nothing }, owner, now);
        if verdict == Verdict::Accepted {
            self.state.confirmed_at = Some(now);
            self.state.recovery_codes = recovery_codes;
            self.record(IdentityFact::SecondFactorEnabled, owner);
        }
        Ok(verdict)
    }

    /// Looks at what somebody showed who has a second factor, if only passkeys: a code that is good is used up, and what is
    /// wrong is counted.
    pub fn weigh(&mut self, proof: &Proof, owner: &DisplayName, now: Timestamp) -> Verdict {
        let is_of_no_app = matches!(proof, Proof::Step(_)) && !self.is_confirmed();
        self.judge(if is_of_no_app { &Proof::Nothing } else { proof }, owner, now)
    }

    /// Gives out recovery codes to who has passkeys, and none of these left. The event about the passkey tells of it.
    pub fn issue_recovery_codes(&mut self, recovery_codes: Vec<TokenHash>, now: Timestamp) {
        self.state.recovery_codes = recovery_codes;
        self.state.updated_at = now;
    }

    /// Takes the app away from who has passkeys besides, for whom the recovery codes stay. The secret is one that
    /// nobody was told.
    pub fn forget_app(&mut self, secret: SealedSecret, owner: &DisplayName, now: Timestamp) {
        self.state.secret = secret;
        self.state.confirmed_at = None;
        self.state.last_step = None;
        self.state.updated_at = now;
        self.record(IdentityFact::SecondFactorDisabled, owner);
    }

    /// Gives out a new set of recovery codes; those of the old one are worthless.
    pub fn replace_recovery_codes(&mut self, recovery_codes: Vec<TokenHash>, owner: &DisplayName, now: Timestamp) {
        self.state.recovery_codes = recovery_codes;
        self.state.updated_at = now;
        self.record(IdentityFact::RecoveryCodesReplaced, owner);
    }

    /// Records that it is gone; the store then deletes it.
    pub fn disable(&mut self, owner: &DisplayName) {
        self.record(IdentityFact::SecondFactorDisabled, owner);
    }

    fn judge(&mut self, proof: &Proof, owner: &DisplayName, now: Timestamp) -> Verdict {
        if let Some(until) = self.blocked_until().filter(|until| now < *until) {
            return Verdict::Blocked { until };
        }
        let verdict = match proof {
            Proof::Step(step) => self.use_step(*step),
            Proof::RecoveryCode(digest) => self.use_recovery_code(digest, owner),
            Proof::Passkey => Verdict::Accepted,
            Proof::Nothing => Verdict::Wrong,
        };
        self.state.updated_at = now;
        if verdict == Verdict::Wrong {
            self.state.wrong_codes = self.state.wrong_codes.saturating_add(1);
            self.state.last_wrong_at = Some(now);
        } else {
            self.state.wrong_codes = 0;
            self.state.last_wrong_at = None;
        }
        verdict
    }

    fn use_step(&mut self, step: i64) -> Verdict {
        if self.state.last_step.is_some_and(|last| step <= last) {
            return Verdict::Wrong;
        }
        self.state.last_step = Some(step);
        Verdict::Accepted
    }

    fn use_recovery_code(&mut self, digest: &TokenHash, owner: &DisplayName) -> Verdict {
        let Some(place) = self.state.recovery_codes.iter().position(|code| code.matches(digest)) else {
            return Verdict::Wrong;
        };
        self.state.recovery_codes.remove(place);
        self.record(IdentityFact::RecoveryCodeUsed, owner);
        Verdict::AcceptedRecoveryCode { left: self.state.recovery_codes.len() }
    }

    fn blocked_until(&self) -> Option<Timestamp> {
        let doublings = self.state.wrong_codes.checked_sub(Self::FREE_WRONG_CODES)?;
        let block = TimeDelta::minutes(1_i64 << doublings.min(6)).min(Self::LONGEST_BLOCK);
        self.state.last_wrong_at.map(|last| last + block)
    }

    fn record(&mut self, fact: IdentityFact, owner: &DisplayName) {
        self.events.push(DomainEvent {
            subject: Subject { kind: ResourceKind::User, id: self.state.user_id.uuid(), name: owner.to_string() },
            project: None,
            fact: Fact::Identity(fact),
            changes: Vec::new(),
        });
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

    fn ada() -> DisplayName {
        DisplayName::parse("Ada").unwrap()
    }

    fn sealed(text: &str) -> SealedSecret {
        SealedSecret { key_id: "k".to_owned(), ciphertext: text.to_owned() }
    }

    fn code(text: &str) -> Proof {
        Proof::RecoveryCode(TokenHash::new(text.to_owned()))
    }

    fn codes() -> Vec<TokenHash> {
        ["a", "b"].map(|text| TokenHash::new(text.to_owned())).into()
    }

    fn begun() -> SecondFactor {
        SecondFactor::begin(UserId::new(Uuid::from_u128(1)), sealed("first"), at(0))
    }

    fn confirmed() -> SecondFactor {
        let mut factor = begun();
        assert_eq!(factor.confirm(&Proof::Step(100), codes(), &ada(), at(1)), Ok(Verdict::Accepted));
        SecondFactor::restore(factor.into_parts().0)
    }

    fn names(factor: SecondFactor) -> Vec<&'static str> {
        factor.into_parts().1.iter().map(DomainEvent::name).collect()
    }

    #[test]
    fn it_counts_once_it_is_confirmed_with_a_code_of_the_app() {
        let mut factor = begun();
        assert_eq!(factor.weigh(&Proof::Step(1), &ada(), at(1)), Verdict::Wrong, "nobody relies on it");
        assert_eq!(factor.confirm(&code("a"), codes(), &ada(), at(1)), Ok(Verdict::Wrong), "none was given out");
        assert_eq!(factor.confirm(&Proof::Nothing, codes(), &ada(), at(1)), Ok(Verdict::Wrong));
        assert!(!factor.is_confirmed());
        assert_eq!(factor.confirm(&Proof::Step(100), codes(), &ada(), at(2)), Ok(Verdict::Accepted));
        let state = factor.state();
        assert_eq!((state.confirmed_at, state.last_step, state.wrong_codes), (Some(at(2)), Some(100), 0));
        assert_eq!(factor.confirm(&Proof::Step(101), codes(), &ada(), at(2)), Err(IdentityError::SecondFactorEnabled));
        let (_, events) = factor.into_parts();
        assert_eq!((events[0].name(), events[0].subject.name.as_str()), ("auth.mfa_enabled", "Ada"));
        assert_eq!(events.len(), 1);
    }

    #[test]
    fn the_secret_is_replaced_only_until_it_counts() {
        let mut factor = begun();
        factor.replace_secret(sealed("second"), at(1)).unwrap();
        assert_eq!(factor.state().secret, sealed("second"));
        let mut factor = confirmed();
        assert_eq!(factor.replace_secret(sealed("third"), at(2)), Err(IdentityError::SecondFactorEnabled));
        assert_eq!(factor.state().secret, sealed("first"));
    }

    #[test]
    fn no_step_is_accepted_twice_nor_one_before_it() {
        let mut factor = confirmed();
        assert_eq!(factor.weigh(&Proof::Step(100), &ada(), at(2)), Verdict::Wrong);
        assert_eq!(factor.weigh(&Proof::Step(102), &ada(), at(2)), Verdict::Accepted);
        assert_eq!(factor.weigh(&Proof::Step(101), &ada(), at(2)), Verdict::Wrong);
        assert_eq!(factor.weigh(&Proof::Step(103), &ada(), at(3)), Verdict::Accepted);
        assert_eq!(names(factor), [""; 0]);
    }

    #[test]
    fn a_recovery_code_is_good_once_and_until_there_is_a_new_set() {
        let mut factor = confirmed();
        assert_eq!(factor.weigh(&code("a"), &ada(), at(2)), Verdict::AcceptedRecoveryCode { left: 1 });
        assert_eq!(factor.weigh(&code("a"), &ada(), at(2)), Verdict::Wrong);
        factor.replace_recovery_codes(vec![TokenHash::new("c".to_owned())], &ada(), at(3));
        assert_eq!(factor.weigh(&code("b"), &ada(), at(3)), Verdict::Wrong);
        assert_eq!(factor.weigh(&code("c"), &ada(), at(3)), Verdict::AcceptedRecoveryCode { left: 0 });
        factor.disable(&ada());
        let told =
            ["auth.recovery_code_used", "auth.recovery_codes_replaced", "auth.recovery_code_used", "auth.mfa_disabled"];
        assert_eq!(names(factor), told);
    }

    #[test]
    fn recovery_codes_stand_in_for_passkeys_where_there_is_no_app() {
        let mut factor = begun();
        assert_eq!(factor.weigh(&Proof::Passkey, &ada(), at(1)), Verdict::Accepted);
        assert_eq!(factor.weigh(&code("a"), &ada(), at(1)), Verdict::Wrong, "none was given out");
        factor.issue_recovery_codes(codes(), at(1));
        assert_eq!(factor.weigh(&Proof::Step(100), &ada(), at(1)), Verdict::Wrong, "nobody has such an app");
        assert_eq!(factor.weigh(&code("a"), &ada(), at(1)), Verdict::AcceptedRecoveryCode { left: 1 });
        assert_eq!(factor.weigh(&code("b"), &ada(), at(1)), Verdict::AcceptedRecoveryCode { left: 0 });
        assert!(factor.state().recovery_codes.is_empty() && !factor.is_confirmed());
    }

    #[test]
    fn without_the_app_the_recovery_codes_stay() {
        let mut factor = confirmed();
        factor.forget_app(sealed("nobody's"), &ada(), at(2));
        assert_eq!((factor.state().recovery_codes.len(), factor.is_confirmed()), (2, false));
        assert_eq!((&factor.state().secret, factor.state().last_step), (&sealed("nobody's"), None));
        assert_eq!(factor.weigh(&Proof::Step(200), &ada(), at(2)), Verdict::Wrong);
        assert_eq!(factor.weigh(&code("a"), &ada(), at(2)), Verdict::AcceptedRecoveryCode { left: 1 });
        assert_eq!(names(factor), ["auth.mfa_disabled", "auth.recovery_code_used"]);
    }

    #[test]
    fn only_a_code_of_the_app_confirms_it() {
        let mut factor = begun();
        factor.issue_recovery_codes(codes(), at(1));
        let new = || vec![TokenHash::new("c".to_owned())];
        for proof in [code("a"), Proof::Passkey, Proof::Nothing] {
            assert_eq!(factor.confirm(&proof, new(), &ada(), at(1)), Ok(Verdict::Wrong), "{proof:?}");
        }
        assert_eq!((&factor.state().recovery_codes, factor.state().wrong_codes), (&codes(), 3));
        assert_eq!(factor.confirm(&Proof::Step(100), new(), &ada(), at(2)), Ok(Verdict::Accepted));
        assert_eq!(names(factor), ["auth.mfa_enabled"]);
    }

    #[test]
    fn too_many_wrong_codes_block_it_for_longer_and_longer() {
        let mut factor = confirmed();
        for _ in 0..SecondFactor::FREE_WRONG_CODES {
            assert_eq!(factor.weigh(&Proof::Nothing, &ada(), at(5)), Verdict::Wrong);
        }
        let blocked = |minutes| Verdict::Blocked { until: at(minutes) };
        assert_eq!(factor.weigh(&Proof::Step(200), &ada(), at(5)), blocked(6), "not even a good one");
        assert_eq!(factor.weigh(&code("a"), &ada(), at(5)), blocked(6));
        assert_eq!(factor.weigh(&Proof::Passkey, &ada(), at(5)), blocked(6));
        assert_eq!(factor.weigh(&Proof::Nothing, &ada(), at(6)), Verdict::Wrong);
        assert_eq!(factor.weigh(&Proof::Nothing, &ada(), at(7)), blocked(8));
        for _ in 0..20 {
            let wait = factor.blocked_until().unwrap();
            assert_eq!(factor.weigh(&Proof::Nothing, &ada(), wait), Verdict::Wrong);
        }
        let last = factor.state().last_wrong_at.unwrap();
        assert_eq!(factor.blocked_until(), Some(last + TimeDelta::hours(1)), "an hour is the longest");
        let after = last + TimeDelta::hours(1);
        assert_eq!(factor.weigh(&Proof::Step(200), &ada(), after), Verdict::Accepted);
        assert_eq!(factor.weigh(&Proof::Nothing, &ada(), after), Verdict::Wrong, "it counts from the beginning");
    }
}
