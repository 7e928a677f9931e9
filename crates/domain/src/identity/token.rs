use chrono::TimeDelta;

use super::{IdentityError, IdentityFact, TokenHash};
use crate::access::Scopes;
use crate::text::line_value;
use crate::{
    DomainEvent, Fact, FieldChange, OrganizationId, ResourceKind, Subject, Timestamp, TokenId, UserId, Version,
};

line_value! {
    /// What its owner calls a token, to know it again.
    TokenName, 1..=100, IdentityError, IdentityError::TokenNameLength, IdentityError::TokenNameCharacters
}

/// The plain data of a personal access token: the one mapping surface for stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonalAccessTokenState {
    pub id: TokenId,
    /// The one organization that it acts in.
    pub organization_id: OrganizationId,
    /// Whose token it is: a person, or a service account.
    pub owner_id: UserId,
    pub name: TokenName,
    pub scopes: Scopes,
    pub hash: TokenHash,
    pub created_at: Timestamp,
    /// `None`: it is good until it is revoked.
    pub expires_at: Option<Timestamp>,
    /// To the minute.
    pub last_used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

impl PersonalAccessTokenState {
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// What a new token is made of.
#[derive(Clone, Debug)]
pub struct NewToken {
    pub id: TokenId,
    pub organization_id: OrganizationId,
    pub owner_id: UserId,
    pub name: TokenName,
    pub scopes: Scopes,
    pub hash: TokenHash,
    pub expires_at: Option<Timestamp>,
}

/// How many tokens an owner has in an organization.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenCount {
    pub live: u64,
    /// With those that ended and are not forgotten yet.
    pub kept: u64,
}

/// A token that programs sign in with on behalf of its owner, and the events its methods recorded.
#[derive(Clone, Debug)]
pub struct PersonalAccessToken {
    state: PersonalAccessTokenState,
    events: Vec<DomainEvent>,
}

impl PersonalAccessToken {
    /// Of every token: nothing is changed about one until it is gone.
    pub const VERSION: Version = 1;
    /// The furthest that an expiry may lie ahead. Who wants more than that wants none.
    pub const MAX_LIFETIME: TimeDelta = TimeDelta::days(5 * 366);
    /// How many live tokens an owner has in an organization at most.
    pub const MAX_LIVE: u64 = 50;
    /// How many of them are kept at most: those that ended, too.
    pub const MAX_KEPT: u64 = 500;

    /// A token is good for something.
    pub fn check_scopes(scopes: Scopes) -> Result<(), IdentityError> {
        if scopes.is_empty() { Err(IdentityError::TokenWithoutScopes) } else { Ok(()) }
    }

    /// Makes a token; `count` is how many its owner has now.
    pub fn create(new: NewToken, count: TokenCount, now: Timestamp) -> Result<Self, IdentityError> {
        Self::check_scopes(new.scopes)?;
        if new.expires_at.is_some_and(|end| end <= now || end > now + Self::MAX_LIFETIME) {
            return Err(IdentityError::TokenExpiry);
        }
        if count.live >= Self::MAX_LIVE {
            return Err(IdentityError::TooManyTokens);
        }
        if count.kept >= Self::MAX_KEPT {
            return Err(IdentityError::TooManyKeptTokens);
        }
        let state = PersonalAccessTokenState {
            id: new.id,
            organization_id: new.organization_id,
            owner_id: new.owner_id,
            name: new.name,
            scopes: new.scopes,
            hash: new.hash,
            created_at: now,
            expires_at: new.expires_at,
            last_used_at: None,
            revoked_at: None,
        };
        let changes = [
            FieldChange::of("owner_id", None::<String>, state.owner_id.to_string()),
            FieldChange::of("scopes", None::<Vec<String>>, state.scopes.to_strings()),
            FieldChange::of("expires_at", None::<Timestamp>, state.expires_at),
        ];
        let mut token = Self { state, events: Vec::new() };
        token.record(IdentityFact::TokenCreated, changes.into_iter().flatten().collect());
        Ok(token)
    }

    pub fn restore(state: PersonalAccessTokenState) -> Self {
        Self { state, events: Vec::new() }
    }

    pub fn state(&self) -> &PersonalAccessTokenState {
        &self.state
    }

    /// The state and the events, for the store that writes both.
    pub fn into_parts(self) -> (PersonalAccessTokenState, Vec<DomainEvent>) {
        (self.state, self.events)
    }

    /// Makes the token worthless. Revoking it twice is the same as once.
    pub fn revoke(&mut self, now: Timestamp) {
        if self.state.revoked_at.is_none() {
            self.state.revoked_at = Some(now);
            let owner = FieldChange::of("owner_id", self.state.owner_id.to_string(), None::<String>);
            self.record(IdentityFact::TokenRevoked, owner.into_iter().collect());
        }
    }

    fn record(&mut self, fact: IdentityFact, changes: Vec<FieldChange>) {
        self.events.push(DomainEvent {
            subject: Subject { kind: ResourceKind::Token, id: self.state.id.uuid(), name: self.state.name.to_string() },
            project: None,
            fact: Fact::Identity(fact),
            changes,
        });
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};
    use uuid::Uuid;

    use super::*;
    use crate::access::Scope;

    fn at(minutes: i64) -> Timestamp {
        Utc.with_ymd_and_hms(2026, 11, 21, 9, 30, 0).unwrap() + TimeDelta::minutes(minutes)
    }

    fn new_token() -> NewToken {
        NewToken {
            id: TokenId::new(Uuid::from_u128(1)),
            organization_id: OrganizationId::new(Uuid::from_u128(2)),
            owner_id: UserId::new(Uuid::from_u128(3)),
            name: TokenName::parse("Nightly import").unwrap(),
            scopes: [Scope::TasksWrite, Scope::ProjectsRead].into_iter().collect(),
            hash: TokenHash::new("digest".to_owned()),
            expires_at: None,
        }
    }

    fn create(new: NewToken) -> PersonalAccessToken {
        PersonalAccessToken::create(new, TokenCount::default(), at(0)).unwrap()
    }

    fn refused(new: NewToken, live: u64, kept: u64) -> Option<IdentityError> {
        PersonalAccessToken::create(new, TokenCount { live, kept }, at(0)).err()
    }

    #[test]
    fn creating_is_recorded_with_what_the_token_may_do_and_without_its_secret() {
        let expiring = NewToken { expires_at: Some(at(60)), ..new_token() };
        let (state, events) = create(expiring).into_parts();
        assert_eq!((state.created_at, state.last_used_at, state.revoked_at), (at(0), None, None));
        let [event] = &events[..] else { panic!("{events:?}") };
        assert_eq!(event.name(), "token.created");
        assert_eq!((event.subject.kind, event.subject.name.as_str()), (ResourceKind::Token, "Nightly import"));
        let fields: Vec<_> = event.changes.iter().map(|change| change.field).collect();
        assert_eq!(fields, ["owner_id", "scopes", "expires_at"]);
        assert!(!format!("{event:?}").contains("digest"));
    }

    #[test]
    fn a_token_is_good_for_something_and_expires_in_the_future_if_ever() {
        let useless = NewToken { scopes: Scopes::default(), ..new_token() };
        assert_eq!(refused(useless, 0, 0), Some(IdentityError::TokenWithoutScopes));
        let furthest = at(0) + PersonalAccessToken::MAX_LIFETIME;
        for (expires_at, refusal) in [
            (None, None),
            (Some(at(1)), None),
            (Some(furthest), None),
            (Some(at(0)), Some(IdentityError::TokenExpiry)),
            (Some(at(-1)), Some(IdentityError::TokenExpiry)),
            (Some(furthest + TimeDelta::milliseconds(1)), Some(IdentityError::TokenExpiry)),
        ] {
            assert_eq!(refused(NewToken { expires_at, ..new_token() }, 0, 0), refusal, "{expires_at:?}");
        }
    }

    #[test]
    fn an_owner_has_a_bounded_number_of_tokens_that_live_and_of_those_that_are_kept() {
        let (live, kept) = (PersonalAccessToken::MAX_LIVE, PersonalAccessToken::MAX_KEPT);
        assert_eq!(refused(new_token(), live - 1, kept - 1), None);
        assert_eq!(refused(new_token(), live, live), Some(IdentityError::TooManyTokens));
        assert_eq!(refused(new_token(), 0, kept), Some(IdentityError::TooManyKeptTokens));
    }

    #[test]
    fn a_token_lives_until_it_expires_or_is_revoked() {
        let forever = create(new_token());
        assert!(forever.state().is_live(at(1_000_000)));
        let expiring = NewToken { expires_at: Some(at(60)), ..new_token() };
        let mut token = create(expiring);
        assert!(token.state().is_live(at(59)) && !token.state().is_live(at(60)));
        token = PersonalAccessToken::restore(token.into_parts().0);
        token.revoke(at(5));
        token.revoke(at(6));
        assert_eq!(token.state().revoked_at, Some(at(5)));
        assert!(!token.state().is_live(at(0)), "not even in the eyes of a clock that is behind");
        let names: Vec<_> = token.into_parts().1.iter().map(DomainEvent::name).collect();
        assert_eq!(names, ["token.revoked"]);
    }

    #[test]
    fn a_name_has_1_to_100_characters_in_one_line() {
        assert_eq!(TokenName::parse(" "), Err(IdentityError::TokenNameLength));
        assert_eq!(TokenName::parse(&"x".repeat(101)), Err(IdentityError::TokenNameLength));
        assert_eq!(TokenName::parse("a\nb"), Err(IdentityError::TokenNameCharacters));
    }
}
