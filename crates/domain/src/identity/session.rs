use chrono::TimeDelta;

use super::{IdentityFact, ProviderKey, TokenHash};
use crate::{DomainEvent, Fact, FieldChange, OrganizationId, ResourceKind, SessionId, Subject, Timestamp, UserId};

/// Where a session was started from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    pub address: Option<String>,
    pub user_agent: Option<String>,
}

/// The refresh token that a session had before its present one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpentToken {
    pub hash: TokenHash,
    pub spent_at: Timestamp,
    /// What the present token was derived from this one with. `None` if it was not.
    pub salt: Option<String>,
}

/// What a refresh token that somebody presents is to its session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PresentedToken {
    /// The one that is good.
    Current,
    /// The one before, spent a moment ago: the answer may have been lost. Holds what the present one was derived with.
    JustSpent { salt: String },
    /// Spent long enough ago that whoever has it now need not be who spent it.
    Reused,
    /// None of a session that lives.
    Worthless,
}

/// The plain data of a session: the one mapping surface for stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionState {
    pub id: SessionId,
    pub user_id: UserId,
    pub organization_id: OrganizationId,
    pub refresh_hash: TokenHash,
    /// `None` until the first rotation.
    pub spent: Option<SpentToken>,
    pub client: Client,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
    pub expires_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

/// A session and the events its methods recorded.
#[derive(Clone, Debug)]
pub struct Session {
    state: SessionState,
    events: Vec<DomainEvent>,
}

impl Session {
    /// How long a session lives without being refreshed.
    pub const LIFETIME: TimeDelta = TimeDelta::days(30);
    /// How long a spent refresh token is answered as it was the first time.
    pub const REPEATS_FOR: TimeDelta = TimeDelta::seconds(10);
    /// How many sessions of a user live at most.
    pub const MAX_LIVE: usize = 100;

    pub fn start(
        id: SessionId,
        user_id: UserId,
        organization_id: OrganizationId,
        refresh_hash: TokenHash,
        client: Client,
        now: Timestamp,
    ) -> Self {
        let state = SessionState {
            id,
            user_id,
            organization_id,
            refresh_hash,
            spent: None,
            client,
            created_at: now,
            last_used_at: now,
            expires_at: now + Self::LIFETIME,
            revoked_at: None,
        };
        let mut session = Self { state, events: Vec::new() };
        session.record(IdentityFact::SignedIn);
        session
    }

    /// Says on the event of a session that was just started who vouched for its user.
    pub fn note_provider(&mut self, provider: &ProviderKey) {
        let change = FieldChange::of("identity_provider", None::<&str>, provider.to_string());
        if let Some(event) = self.events.last_mut() {
            event.changes.extend(change);
        }
    }

    pub fn restore(state: SessionState) -> Self {
        Self { state, events: Vec::new() }
    }

    pub fn state(&self) -> &SessionState {
        &self.state
    }

    /// The state and the events, for the store that writes both.
    pub fn into_parts(self) -> (SessionState, Vec<DomainEvent>) {
        (self.state, self.events)
    }

    /// Which of a user's live sessions have to end for one more: those that were used longest ago.
    pub fn displaced(mut live: Vec<Self>) -> Vec<Self> {
        live.sort_by_key(|session| (session.state.last_used_at, session.state.id));
        live.truncate((live.len() + 1).saturating_sub(Self::MAX_LIVE));
        live
    }

    pub fn is_live(&self, now: Timestamp) -> bool {
        self.state.revoked_at.is_none() && now < self.state.expires_at
    }

    /// What a token is to this session. `genuine` says that it was made for it at some time: who made one up has
    /// nothing that could be spent.
    pub fn recognize(&self, token: &TokenHash, genuine: bool, now: Timestamp) -> PresentedToken {
        if !self.is_live(now) {
            return PresentedToken::Worthless;
        }
        if self.state.refresh_hash == *token {
            return PresentedToken::Current;
        }
        match &self.state.spent {
            Some(spent) if spent.hash == *token && now < spent.spent_at + Self::REPEATS_FOR => {
                spent.salt.clone().map_or(PresentedToken::Worthless, |salt| PresentedToken::JustSpent { salt })
            }
            Some(spent) if spent.hash == *token => PresentedToken::Reused,
            _ if genuine => PresentedToken::Reused,
            _ => PresentedToken::Worthless,
        }
    }

    /// Replaces the refresh token and begins the session's lifetime anew. `salt` is what the new token was derived from
    /// the present one with, if it was.
    pub fn rotate(&mut self, refresh_hash: TokenHash, salt: Option<String>, now: Timestamp) {
        let hash = std::mem::replace(&mut self.state.refresh_hash, refresh_hash);
        self.state.spent = Some(SpentToken { hash, spent_at: now, salt });
        self.state.last_used_at = now;
        self.state.expires_at = now + Self::LIFETIME;
    }

    /// Has the session end at this age at the latest, however often it is refreshed.
    pub fn cap(&mut self, max_age: TimeDelta) {
        self.state.expires_at = self.state.expires_at.min(self.state.created_at + max_age);
    }

    /// Puts the session into another organization of its user.
    pub fn switch(&mut self, organization_id: OrganizationId) {
        if self.state.organization_id != organization_id {
            self.state.organization_id = organization_id;
            self.record(IdentityFact::OrganizationSwitched);
        }
    }

    /// Ends the session. Ending it twice is the same as once.
    pub fn revoke(&mut self, now: Timestamp) {
        if self.state.revoked_at.is_none() {
            self.state.revoked_at = Some(now);
            self.record(IdentityFact::SignedOut);
        }
    }

    /// Ends the session because a refresh token was presented that had been spent: two have what one was given.
    pub fn revoke_for_reuse(&mut self, now: Timestamp) {
        if self.state.revoked_at.is_none() {
            self.state.revoked_at = Some(now);
            self.record(IdentityFact::RefreshTokenReused);
        }
    }

    fn record(&mut self, fact: IdentityFact) {
        self.events.push(DomainEvent {
            subject: Subject {
                kind: ResourceKind::Session,
                id: self.state.id.uuid(),
                name: self.state.client.user_agent.clone().unwrap_or_else(|| "session".to_owned()),
            },
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

    fn token(text: &str) -> TokenHash {
        TokenHash::new(text.to_owned())
    }

    fn session() -> Session {
        let id = Uuid::from_u128;
        let (user, organization) = (UserId::new(id(2)), OrganizationId::new(id(3)));
        let session =
            Session::start(SessionId::new(id(1)), user, organization, token("first"), Client::default(), at(0));
        Session::restore(session.state().clone())
    }

    #[test]
    fn a_spent_token_is_repeated_for_ten_seconds_and_reused_from_then_on() {
        let mut session = session();
        session.rotate(token("second"), Some("salt".to_owned()), at(1));
        let (last, end) = (at(1) + TimeDelta::milliseconds(9_999), at(1) + TimeDelta::seconds(10));
        for genuine in [true, false] {
            let recognize = |text, now| session.recognize(&token(text), genuine, now);
            assert_eq!(recognize("second", end), PresentedToken::Current);
            assert_eq!(recognize("first", last), PresentedToken::JustSpent { salt: "salt".to_owned() });
            assert_eq!(recognize("first", end), PresentedToken::Reused);
        }
    }

    #[test]
    fn an_older_token_is_reused_only_if_it_was_made_here() {
        let mut session = session();
        session.rotate(token("second"), Some("salt".to_owned()), at(1));
        session.rotate(token("third"), Some("pepper".to_owned()), at(2));
        assert_eq!(session.recognize(&token("first"), true, at(2)), PresentedToken::Reused, "at once");
        assert_eq!(session.recognize(&token("made up"), false, at(2)), PresentedToken::Worthless);
    }

    #[test]
    fn a_session_ends_at_its_greatest_age_however_often_it_is_refreshed() {
        let (mut session, day) = (session(), 24 * 60);
        session.cap(TimeDelta::days(45));
        assert_eq!(session.state().expires_at, at(30 * day), "it may not even be used");
        session.rotate(token("second"), None, at(20 * day));
        session.cap(TimeDelta::days(45));
        assert_eq!(session.state().expires_at, at(45 * day));
        assert!(session.is_live(at(45 * day - 1)) && !session.is_live(at(45 * day)));
        session.cap(TimeDelta::days(7));
        assert_eq!(session.recognize(&token("second"), true, at(7 * day)), PresentedToken::Worthless);
    }

    #[test]
    fn what_replaced_a_token_without_its_help_cannot_be_found_from_it() {
        let mut session = session();
        session.rotate(token("second"), None, at(1));
        assert_eq!(session.recognize(&token("first"), true, at(1)), PresentedToken::Worthless);
        assert_eq!(session.recognize(&token("first"), true, at(2)), PresentedToken::Reused);
    }

    #[test]
    fn one_session_too_many_displaces_those_that_were_used_longest_ago() {
        let used = |minutes: usize| {
            let mut state = session().state;
            state.id = SessionId::new(Uuid::from_u128(minutes as u128));
            state.last_used_at = at(i64::try_from(minutes).unwrap());
            Session::restore(state)
        };
        let displaced = |live: usize| -> Vec<_> {
            let newest_first = (0..live).rev().map(used).collect();
            Session::displaced(newest_first).iter().map(|session| session.state.last_used_at).collect()
        };
        assert!(displaced(0).is_empty() && displaced(Session::MAX_LIVE - 1).is_empty());
        assert_eq!(displaced(Session::MAX_LIVE), [at(0)]);
        assert_eq!(displaced(Session::MAX_LIVE + 2), [at(0), at(1), at(2)]);
    }

    #[test]
    fn no_token_of_a_session_that_is_over_means_anything() {
        let mut session = session();
        session.rotate(token("second"), Some("salt".to_owned()), at(1));
        let mut ended = Session::restore(session.state().clone());
        ended.revoke_for_reuse(at(2));
        ended.revoke_for_reuse(at(3));
        for text in ["first", "second"] {
            assert_eq!(ended.recognize(&token(text), true, at(2)), PresentedToken::Worthless);
            assert_eq!(session.recognize(&token(text), true, at(1) + Session::LIFETIME), PresentedToken::Worthless);
        }
        assert_eq!(ended.state().revoked_at, Some(at(2)));
        let told: Vec<_> = ended.into_parts().1.iter().map(DomainEvent::name).collect();
        assert_eq!(told, ["auth.refresh_token_reused"]);
    }
}
