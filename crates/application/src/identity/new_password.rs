//! New passwords, which have to follow the rules, and new hashes for those that people have.

use async_trait::async_trait;
use tenon_domain::identity::{Password, PasswordHash, PersonalWords, Strength, TokenHash};
use tenon_domain::{UserId, Violation};

use super::{Accounts, Credentials};
use crate::actor::Actor;
use crate::command::{Command, Work};
use crate::error::AppError;
use crate::token_access::TokenAccess;
use crate::unit_of_work::Scope;

/// Estimates how hard passwords are to guess. That takes long, so it happens where passwords are hashed.
#[async_trait]
pub trait PasswordStrength: Send + Sync {
    /// For somebody who tries these words about its owner first.
    async fn estimate(&self, password: Password, owner: PersonalWords) -> Result<Strength, AppError>;
}

impl Accounts {
    /// All rules for new passwords that this one breaks.
    pub(super) async fn faults_of(
        &self,
        password: &Password,
        owner: PersonalWords,
    ) -> Result<Vec<Violation>, AppError> {
        let strength = self.strength.estimate(password.clone(), owner.clone()).await?;
        Ok(password.faults(&owner, strength).into_iter().map(Violation::from).collect())
    }

    /// The hash of a new password, if it breaks no rule.
    pub(super) async fn hash_new(&self, password: Password, owner: PersonalWords) -> Result<PasswordHash, AppError> {
        let faults = self.faults_of(&password, owner).await?;
        if faults.is_empty() { self.hasher.hash(password).await } else { Err(AppError::Violations(faults)) }
    }

    /// Hashes a password that was just found to be right anew, if its hash is weaker than new ones are. Nobody is kept
    /// from signing in when that fails.
    pub(super) async fn renew_hash(&self, actor: &Actor, known: &Credentials, password: Password) {
        let (user, old) = (known.user_id, known.password_hash.clone());
        if !self.hasher.is_outdated(&old) {
            return;
        }
        let renewed = async {
            let new = self.hasher.hash(password).await?;
            let factors = &self.second_factors;
            let checked = (factors.digest_of_password(&old), factors.digest_of_password(&new));
            self.app.execute(actor, ReplaceHash { user, old, new, checked }).await
        };
        if let Err(error) = renewed.await {
            tracing::warn!(%error, user_id = %user, "a password was not hashed anew: its next sign-in will try again");
        }
    }
}

/// Puts a better hash of the same password in place of the old one.
#[derive(Clone, Debug)]
struct ReplaceHash {
    user: UserId,
    old: PasswordHash,
    new: PasswordHash,
    /// What sign-ins that wait for a second factor remember of the two.
    checked: (TokenHash, TokenHash),
}

#[async_trait]
impl Command for ReplaceHash {
    type Output = ();
    const NAME: &'static str = "user.renew_password_hash";
    const ACCESS: TokenAccess = TokenAccess::Internal;

    fn scope(&self, _: &Actor) -> Scope {
        Scope::Deployment
    }

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        work.unit().users().replace_hash(self.user, &self.old, self.new.clone()).await?;
        let (from, to) = &self.checked;
        Ok(work.unit().challenges().follow_hash(self.user, from, to).await?)
    }
}
