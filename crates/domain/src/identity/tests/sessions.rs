use super::*;

#[test]
fn a_session_lives_thirty_days_to_the_moment() {
    let session = session();
    let end = at(0) + TimeDelta::days(30);
    assert_eq!(session.state().expires_at, end);
    assert!(session.is_live(end - TimeDelta::milliseconds(1)));
    assert!(!session.is_live(end));
}

#[test]
fn starting_a_session_is_recorded_under_what_it_was_started_with() {
    let (_, events) = session().into_parts();
    assert_eq!(events[0].fact, Fact::Identity(IdentityFact::SignedIn));
    assert_eq!((events[0].subject.kind, events[0].subject.name.as_str()), (ResourceKind::Session, "curl"));
    let id = SessionId::new(Uuid::from_u128(1));
    let user = UserId::new(Uuid::from_u128(2));
    let unnamed = Session::start(id, user, organization(3), token("t"), Client::default(), at(0));
    assert_eq!(unnamed.into_parts().1[0].subject.name, "session");
}

#[test]
fn rotating_replaces_the_token_and_begins_the_lifetime_anew_without_an_event() {
    let mut session = Session::restore(session().state().clone());
    session.rotate(token("second"), None, at(60));
    let state = session.state();
    assert_eq!((&state.refresh_hash, state.last_used_at), (&token("second"), at(60)));
    assert_eq!((state.created_at, state.expires_at), (at(0), at(60) + Session::LIFETIME));
    let spent = SpentToken { hash: token("first"), spent_at: at(60), salt: None };
    assert_eq!(state.spent, Some(spent));
    assert_eq!(session.into_parts().1, []);
}

#[test]
fn switching_the_organization_is_recorded_when_it_is_another_one() {
    let mut session = Session::restore(session().state().clone());
    session.switch(organization(3));
    session.switch(organization(4));
    assert_eq!(session.state().organization_id, organization(4));
    assert_eq!(names(&session.into_parts().1), ["auth.organization_switched"]);
}

#[test]
fn a_revoked_session_is_dead_and_revoking_it_again_changes_nothing() {
    let mut session = Session::restore(session().state().clone());
    session.revoke(at(5));
    session.revoke(at(6));
    assert!(!session.is_live(at(5)));
    assert!(!session.is_live(at(0)), "not even in the eyes of a clock that is behind");
    assert_eq!(session.state().revoked_at, Some(at(5)));
    assert_eq!(names(&session.into_parts().1), ["auth.signed_out"]);
}
