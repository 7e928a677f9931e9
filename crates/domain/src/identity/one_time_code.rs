use std::fmt;

/// The secret that an authenticator app and Tenon share. It is never printed, and stored encrypted only.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpSecret(Vec<u8>);

impl TotpSecret {
    /// What RFC 4226 recommends.
    pub const BYTES: usize = 20;

    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret(…)")
    }
}

/// A secret as it is stored: encrypted, with the id of the key that decrypts it.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedSecret {
    pub key_id: String,
    /// In text, as the cipher writes it.
    pub ciphertext: String,
}

impl fmt::Debug for SealedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedSecret({}, …)", self.key_id)
    }
}

/// A code that stands in for the authenticator app, once. It has 80 random bits, so that a plain digest of it cannot be
/// reversed.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode(String);

impl RecoveryCode {
    /// How many there are in a set.
    pub const SET: usize = 10;
    /// How many random bytes one is made of.
    pub const BYTES: usize = 10;
    const CHARS: usize = Self::BYTES * 8 / 5;
    /// Crockford's base 32: no letter looks like a digit.
    const ALPHABET: &'static [u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

    pub fn from_random(bytes: [u8; Self::BYTES]) -> Self {
        let bits = bytes.iter().fold(0_u128, |bits, byte| (bits << 8) | u128::from(*byte));
        let digit = |place: usize| char::from(Self::ALPHABET[((bits >> (5 * place)) & 31) as usize]);
        Self((0..Self::CHARS).rev().map(digit).collect())
    }

    fn parse(text: &str) -> Option<Self> {
        let digit = |c: char| match c.to_ascii_lowercase() {
            'o' => Some('0'),
            'i' | 'l' => Some('1'),
            c if c.is_ascii() && Self::ALPHABET.contains(&(c as u8)) => Some(c),
            _ => None,
        };
        let digits: String = text.chars().map(digit).collect::<Option<_>>()?;
        (digits.len() == Self::CHARS).then_some(Self(digits))
    }

    /// The code without the hyphens: what its digest is made of.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The code as people read it: in groups of four.
    pub fn grouped(&self) -> String {
        let groups: Vec<&str> = (0..self.0.len()).step_by(4).filter_map(|at| self.0.get(at..at + 4)).collect();
        groups.join("-")
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(…)")
    }
}

/// What somebody typed to prove that they have their second factor.
#[derive(Clone, PartialEq, Eq)]
pub enum OneTimeCode {
    /// The digits of an authenticator app.
    Totp(String),
    Recovery(RecoveryCode),
}

impl OneTimeCode {
    const TOTP_DIGITS: usize = 6;
    /// More than any code has, however it is grouped.
    const MAX_BYTES: usize = 64;

    /// Spaces and hyphens are people's; `None` for what is no code at all.
    pub fn parse(raw: &str) -> Option<Self> {
        if raw.len() > Self::MAX_BYTES {
            return None;
        }
        let code: String = raw.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        if code.len() == Self::TOTP_DIGITS && code.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Self::Totp(code));
        }
        RecoveryCode::parse(&code).map(Self::Recovery)
    }
}

impl fmt::Debug for OneTimeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Totp(_) => "Totp(…)",
            Self::Recovery(_) => "Recovery(…)",
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn recovery(text: &str) -> Option<String> {
        match OneTimeCode::parse(text) {
            Some(OneTimeCode::Recovery(code)) => Some(code.grouped()),
            _ => None,
        }
    }

    #[test]
    fn six_digits_are_a_code_of_an_authenticator_app() {
        for text in ["123456", " 123 456 ", "123-456", "1 2 3 4 5 6\n"] {
            assert_eq!(OneTimeCode::parse(text), Some(OneTimeCode::Totp("123456".to_owned())), "{text:?}");
        }
        for text in ["", "12345", "1234567", "12345a", "+12345", "١٢٣٤٥٦", &"1".repeat(10_000)] {
            assert_eq!(OneTimeCode::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_recovery_code_is_read_however_it_was_copied() {
        let code = RecoveryCode::from_random([0x00, 0x44, 0x32, 0x14, 0xC7, 0x42, 0x54, 0xB6, 0x35, 0xCF]);
        assert_eq!(code.grouped(), "0123-4567-89ab-cdef");
        for text in ["0123-4567-89ab-cdef", "0123456789abcdef", " O123 4567 89AB CDEF ", "oI23-4567-89ab-cdef"] {
            assert_eq!(recovery(text).as_deref(), Some("0123-4567-89ab-cdef"), "{text:?}");
        }
        for text in ["0123-4567-89ab-cde", "0123-4567-89ab-cdeff", "0123-4567-89ab-cdeu", "0123-4567-89ab-cdeé"] {
            assert_eq!(recovery(text), None, "{text:?}");
        }
    }

    #[test]
    fn nothing_that_is_secret_is_printed() {
        let code = RecoveryCode::from_random([7; 10]);
        let sealed = SealedSecret { key_id: "2026".to_owned(), ciphertext: "hidden".to_owned() };
        let printed = format!("{code:?} {:?} {sealed:?}", TotpSecret::new(vec![65; 20]));
        assert_eq!(printed, "RecoveryCode(…) TotpSecret(…) SealedSecret(2026, …)");
        let typed = [OneTimeCode::Totp("123456".to_owned()), OneTimeCode::Recovery(code)];
        assert_eq!(format!("{typed:?}"), "[Totp(…), Recovery(…)]");
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in any::<String>(), near in "[0-9a-zA-Zé -]{0,24}") {
            OneTimeCode::parse(&text);
            OneTimeCode::parse(&near);
        }

        #[test]
        fn every_recovery_code_is_read_back(bytes in any::<[u8; 10]>()) {
            let code = RecoveryCode::from_random(bytes);
            prop_assert_eq!(OneTimeCode::parse(&code.grouped()), Some(OneTimeCode::Recovery(code.clone())));
            prop_assert_eq!(OneTimeCode::parse(&code.grouped().to_uppercase()), Some(OneTimeCode::Recovery(code)));
        }
    }
}
