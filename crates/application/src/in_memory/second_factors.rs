use async_trait::async_trait;
use tenon_domain::identity::{SecondFactor, SignInChallenge, TokenHash};
use tenon_domain::{SignInChallengeId, UserId};

use super::data::next_version;
use super::unit::MemoryUnit;
use crate::identity::{SecondFactorRepository, SignInChallengeRepository};
use crate::unit_of_work::StoreError;

#[async_trait]
impl SecondFactorRepository for MemoryUnit {
    async fn find(&mut self, user: UserId) -> Result<Option<SecondFactor>, StoreError> {
        Ok(self.data.second_factors.iter().find(|it| it.user_id == user).cloned().map(SecondFactor::restore))
    }

    async fn save(&mut self, factor: SecondFactor) -> Result<(), StoreError> {
        let (mut state, events) = factor.into_parts();
        let factors = &mut self.data.second_factors;
        let stored = factors.iter().find(|it| it.user_id == state.user_id).map(|it| it.version);
        state.version = next_version(state.version, stored)?;
        factors.retain(|it| it.user_id != state.user_id);
        factors.push(state);
        self.tell(events);
        Ok(())
    }

    async fn remove(&mut self, factor: SecondFactor) -> Result<(), StoreError> {
        let (state, events) = factor.into_parts();
        let factors = &mut self.data.second_factors;
        let found = factors.iter().position(|it| it.user_id == state.user_id && it.version == state.version);
        factors.remove(found.ok_or(StoreError::Stale)?);
        self.tell(events);
        Ok(())
    }
}

#[async_trait]
impl SignInChallengeRepository for MemoryUnit {
    async fn owner_of(&mut self, id: SignInChallengeId) -> Result<Option<UserId>, StoreError> {
        Ok(self.data.challenges.iter().find(|it| it.id == id).map(|it| it.user_id))
    }

    async fn find(&mut self, id: SignInChallengeId) -> Result<Option<SignInChallenge>, StoreError> {
        Ok(self.data.challenges.iter().find(|it| it.id == id).cloned().map(SignInChallenge::restore))
    }

    async fn pose(&mut self, challenge: SignInChallenge) -> Result<(), StoreError> {
        self.data.challenges.push(challenge.into_state());
        Ok(())
    }

    async fn save(&mut self, challenge: SignInChallenge) -> Result<(), StoreError> {
        let state = challenge.into_state();
        let stored = self.data.challenges.iter_mut().find(|it| it.id == state.id).ok_or(StoreError::Stale)?;
        *stored = state;
        Ok(())
    }

    async fn remove(&mut self, id: SignInChallengeId) -> Result<(), StoreError> {
        self.data.challenges.retain(|it| it.id != id);
        Ok(())
    }

    async fn follow_hash(&mut self, user: UserId, from: &TokenHash, to: &TokenHash) -> Result<(), StoreError> {
        let begun = self.data.challenges.iter_mut().filter(|it| it.user_id == user && it.checked == *from);
        begun.for_each(|it| it.checked = to.clone());
        Ok(())
    }

    async fn erase_all(&mut self, user: UserId) -> Result<(), StoreError> {
        self.data.challenges.retain(|it| it.user_id != user);
        Ok(())
    }
}
