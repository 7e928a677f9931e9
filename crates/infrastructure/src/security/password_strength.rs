use async_trait::async_trait;
use tenon_application::AppError;
use tenon_application::identity::PasswordStrength;
use tenon_domain::identity::{Password, PersonalWords, Strength};
use zxcvbn::zxcvbn;

use super::BoundedPasswordHasher;

/// How much of a password is looked at: what is hard to guess after that many characters stays so, and the time it takes
/// grows with the square of their number.
const MAX_CHARS: usize = 72;

/// Estimates by zxcvbn (Wheeler, "zxcvbn: Low-Budget Password Strength Estimation", USENIX Security 2016), in the same
/// line as passwords are hashed.
#[async_trait]
impl PasswordStrength for BoundedPasswordHasher {
    async fn estimate(&self, password: Password, owner: PersonalWords) -> Result<Strength, AppError> {
        self.take_turn(move || {
            let beginning: String = password.expose().chars().take(MAX_CHARS).collect();
            let words: Vec<&str> = owner.as_slice().iter().map(String::as_str).collect();
            Ok(Strength::new(zxcvbn(&beginning, &words).score().into()))
        })
        .await
    }
}
