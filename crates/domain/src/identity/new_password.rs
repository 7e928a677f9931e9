use super::{IdentityError, Password};

/// How hard a password is to guess, as an estimator sees it: from 0 (at once) to 4 (hardly).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Strength(u8);

impl Strength {
    /// What a new password needs: about 10⁸ guesses or more.
    pub const ENOUGH: Self = Self(3);

    pub fn new(score: u8) -> Self {
        Self(score.min(4))
    }
}

/// The words that everybody who knows a user tries first: their name and the local part of their address, whole and in
/// parts, in lower case. Parts of less than four characters occur in too much else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonalWords(Vec<String>);

impl PersonalWords {
    const MIN_CHARS: usize = 4;

    /// Takes both as they were typed: an input that is malformed elsewhere is still checked for this.
    pub fn of(display_name: &str, email: &str) -> Self {
        let local = email.trim().rsplit_once('@').map_or(email.trim(), |(local, _)| local);
        let mut words: Vec<String> = [display_name.trim(), local]
            .into_iter()
            .flat_map(|text| std::iter::once(text).chain(text.split(|c: char| !c.is_alphanumeric())))
            .filter(|word| word.chars().count() >= Self::MIN_CHARS)
            .map(str::to_lowercase)
            .collect();
        words.sort_unstable();
        words.dedup();
        Self(words)
    }

    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    fn occur_in(&self, password: &str) -> bool {
        let password = password.to_lowercase();
        self.0.iter().any(|word| password.contains(word.as_str()))
    }
}

impl Password {
    /// All rules for new passwords that this one breaks.
    pub fn faults(&self, owner: &PersonalWords, strength: Strength) -> Vec<IdentityError> {
        let text = self.expose();
        let is_right_length = (Self::MIN_CHARS..=Self::MAX_CHARS).contains(&text.chars().count());
        let rules = [
            (is_right_length, IdentityError::PasswordLength),
            (!owner.occur_in(text), IdentityError::PasswordPersonal),
            (strength >= Strength::ENOUGH, IdentityError::PasswordWeak),
        ];
        rules.into_iter().filter(|(is_kept, _)| !is_kept).map(|(_, fault)| fault).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(password: &str, name: &str, email: &str, score: u8) -> Vec<IdentityError> {
        Password::attempt(password.to_owned()).faults(&PersonalWords::of(name, email), Strength::new(score))
    }

    #[test]
    fn a_password_has_10_to_128_characters_of_any_kind() {
        let length = |password: &str| faults(password, "Ada", "ada@example.com", 4);
        assert_eq!(length("ninechars"), [IdentityError::PasswordLength]);
        assert_eq!(length(" spaces   "), [], "nothing is trimmed");
        assert_eq!(length(&"é".repeat(128)), [], "characters are counted, not bytes");
        assert_eq!(length(&"x".repeat(129)), [IdentityError::PasswordLength]);
    }

    #[test]
    fn a_password_holds_neither_the_name_nor_the_address_of_its_user() {
        let personal = |password: &str| faults(password, "Ada Lovelace", "a.king-noel@example.com", 4);
        for password in
            ["countess LOVELACE", "ada lovelace 1815", "x-a.king-noel-x", "Viva la Noel!", "the king of all"]
        {
            assert_eq!(personal(password), [IdentityError::PasswordPersonal], "{password}");
        }
        for password in ["adagio in winter", "love and lace", "someone@example.com"] {
            assert_eq!(personal(password), [], "{password}");
        }
        let short = |password: &str| faults(password, "Ada Li", "al@example.com", 4);
        assert_eq!(short("Ada is a language"), [], "parts of three letters occur in too much else");
        assert_eq!(short("not ada li, please"), [IdentityError::PasswordPersonal], "but the whole name does not");
        assert_eq!(faults("Żółć i spokój", "żółć", "z@example.com", 4), [IdentityError::PasswordPersonal]);
    }

    #[test]
    fn what_was_typed_as_a_name_or_an_address_need_be_neither() {
        assert_eq!(faults("nobody knows it", "", "nobody", 4), [IdentityError::PasswordPersonal]);
        assert_eq!(faults("nobody knows it", "\n", "@", 4), []);
    }

    #[test]
    fn a_password_that_is_easy_to_guess_is_refused_with_all_else_that_is_wrong_with_it() {
        let score = |score| faults("long enough to be", "Ada", "ada@example.com", score);
        for (estimate, expected) in [(0, 1), (2, 1), (3, 0), (200, 0)] {
            assert_eq!(score(estimate), vec![IdentityError::PasswordWeak; expected], "{estimate}");
        }
        let all = [IdentityError::PasswordLength, IdentityError::PasswordPersonal, IdentityError::PasswordWeak];
        assert_eq!(faults("lovelace", "Ada Lovelace", "ada@example.com", 1), all);
    }
}
