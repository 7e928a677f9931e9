use std::fmt;

use uuid::Uuid;

use crate::TokenId;

/// A personal access token as its holder keeps it. It is shown once and never stored.
///
/// `tenon_pat_`, then the id (128 bits, 22 digits), the secret (256 bits, 44 digits) and a checksum (6 digits), all in
/// base 62. The checksum is the CRC-32 of the 66 digits before it, as in the tokens of GitHub: a typing error, and
/// something that only looks like a token, is told without asking anybody. It protects from nothing else.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenText(String);

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The digits of a number of 128 bits.
const WIDTH: u32 = 22;
const CHECKSUM_WIDTH: u32 = 6;

impl TokenText {
    pub const PREFIX: &'static str = "tenon_pat_";

    /// The text of a new token.
    pub fn issue(id: TokenId, secret: [u128; 2]) -> Self {
        let mut digits = String::new();
        for number in [id.uuid().as_u128(), secret[0], secret[1]] {
            push_base62(&mut digits, number, WIDTH);
        }
        let checksum = u128::from(crc32(digits.as_bytes()));
        push_base62(&mut digits, checksum, CHECKSUM_WIDTH);
        Self(format!("{}{digits}", Self::PREFIX))
    }

    /// Whether it means to be a token, well-formed or not.
    pub fn is_meant(raw: &str) -> bool {
        raw.starts_with(Self::PREFIX)
    }

    /// The id in a well-formed token.
    pub fn read_id(raw: &str) -> Option<TokenId> {
        let digits = raw.strip_prefix(Self::PREFIX)?;
        let (payload, checksum) = digits.split_at_checked(3 * WIDTH as usize)?;
        let (id, secret) = payload.split_at_checked(WIDTH as usize)?;
        let (first, second) = secret.split_at_checked(WIDTH as usize)?;
        let expected = u128::from(crc32(payload.as_bytes()));
        let is_checked = checksum.len() == CHECKSUM_WIDTH as usize && read_base62(checksum) == Some(expected);
        // No half of a secret is more than a number of 128 bits.
        let is_issuable = [first, second].into_iter().all(|half| read_base62(half).is_some());
        let id = read_base62(id).filter(|_| is_checked && is_issuable)?;
        Some(TokenId::new(Uuid::from_u128(id)))
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TokenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenText(…)")
    }
}

/// The last `width` digits of a number.
fn push_base62(text: &mut String, number: u128, width: u32) {
    for place in (0..width).rev() {
        let digit = number / 62_u128.pow(place) % 62;
        text.push(char::from(ALPHABET[digit as usize]));
    }
}

fn read_base62(digits: &str) -> Option<u128> {
    digits.bytes().try_fold(0_u128, |number, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'A'..=b'Z' => digit - b'A' + 10,
            b'a'..=b'z' => digit - b'a' + 36,
            _ => return None,
        };
        number.checked_mul(62)?.checked_add(u128::from(value))
    })
}

/// CRC-32 as in IEEE 802.3: reflected, polynomial 0x04C11DB7.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(number: u128) -> TokenId {
        TokenId::new(Uuid::from_u128(number))
    }

    #[test]
    fn the_checksum_is_the_usual_one() {
        // The check value of CRC-32/ISO-HDLC.
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn a_token_has_one_width_and_no_punctuation_after_its_prefix() {
        for (number, secret) in [(0, [0, 0]), (1, [7, 8]), (u128::MAX, [u128::MAX; 2])] {
            let text = TokenText::issue(id(number), secret);
            let digits = text.expose().strip_prefix("tenon_pat_").unwrap();
            assert_eq!(digits.len(), 72);
            assert!(digits.bytes().all(|digit| digit.is_ascii_alphanumeric()), "{digits}");
            assert_eq!(TokenText::read_id(text.expose()), Some(id(number)));
        }
        let smallest = TokenText::issue(id(61), [62, 0]);
        assert!(smallest.expose().starts_with(&format!("tenon_pat_{}z{}10", "0".repeat(21), "0".repeat(20))));
    }

    #[test]
    fn it_is_not_printed() {
        let text = TokenText::issue(id(5), [6, 7]);
        assert_eq!(format!("{text:?}"), "TokenText(…)");
    }

    #[test]
    fn what_is_more_than_a_number_of_128_bits_was_never_issued() {
        for place in 0..3 {
            let mut groups = ["0".repeat(22), "0".repeat(22), "0".repeat(22)];
            groups[place] = "z".repeat(22);
            let payload = groups.concat();
            let mut digits = payload.clone();
            push_base62(&mut digits, u128::from(crc32(payload.as_bytes())), CHECKSUM_WIDTH);
            assert_eq!(TokenText::read_id(&format!("tenon_pat_{digits}")), None);
        }
    }

    proptest! {
        #[test]
        fn every_token_is_read_back(number in any::<u128>(), first in any::<u128>(), second in any::<u128>()) {
            let text = TokenText::issue(id(number), [first, second]);
            prop_assert!(TokenText::is_meant(text.expose()));
            prop_assert_eq!(TokenText::read_id(text.expose()), Some(id(number)));
        }

        #[test]
        fn no_other_text_is_a_token(text in any::<String>(), digits in "[0-9A-Za-z]{60,80}|[0-9A-Za-z]{72}|\\PC{0,80}") {
            prop_assert_eq!(TokenText::read_id(&text), None);
            prop_assert_eq!(TokenText::read_id(&format!("tenon_pat_{text}")), None);
            // One text in 62^6 has the right checksum by chance.
            prop_assert_eq!(TokenText::read_id(&format!("tenon_pat_{digits}")), None);
        }

        #[test]
        fn one_changed_or_missing_character_is_noticed(
            number in any::<u128>(), secret in any::<u128>(), place in 0..82_usize, other in "[0-9A-Za-z]"
        ) {
            let text = TokenText::issue(id(number), [secret, secret]).expose().to_owned();
            let mut changed = text.clone();
            changed.replace_range(place..=place, &other);
            prop_assert_eq!(TokenText::read_id(&changed).is_some(), changed == text);
            let mut shorter = text;
            shorter.remove(place);
            prop_assert_eq!(TokenText::read_id(&shorter), None);
        }
    }
}
