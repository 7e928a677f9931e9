use qrcodegen::{QrCode, QrCodeEcc};
use tenon_application::AppError;
use tenon_application::identity::{OneTimeCodes, TotpEnrollment};
use tenon_domain::Timestamp;
use tenon_domain::identity::{RecoveryCode, TotpSecret};
use totp_rs::{Builder, Totp};

use super::secret_tokens::random_bytes;

/// What authenticator apps show beside the account.
const ISSUER: &str = "Tenon";

/// One-time passwords with SHA-1, 6 digits and steps of 30 s: what every authenticator app knows.
#[derive(Clone, Copy, Debug, Default)]
pub struct TotpCodes;

impl OneTimeCodes for TotpCodes {
    fn new_secret(&self) -> TotpSecret {
        TotpSecret::new(random_bytes::<{ TotpSecret::BYTES }>().to_vec())
    }

    fn new_recovery_code(&self) -> RecoveryCode {
        RecoveryCode::from_random(random_bytes())
    }

    fn step_of(&self, secret: &TotpSecret, digits: &str, now: Timestamp) -> Result<Option<i64>, AppError> {
        let seconds = u64::try_from(now.timestamp()).map_err(|_| failed("the clock is before 1970"))?;
        // Compares in constant time, with one step of skew.
        let step = totp(secret, "")?.check(digits, seconds);
        Ok(step.and_then(|step| i64::try_from(step).ok()))
    }

    fn enrollment(&self, secret: &TotpSecret, account: &str) -> Result<TotpEnrollment, AppError> {
        let totp = totp(secret, account)?;
        let otpauth_url = totp.to_url().map_err(failed)?;
        let qr_svg = qr_svg(&otpauth_url)?;
        Ok(TotpEnrollment { secret: totp.secret().to_base32(), otpauth_url, qr_svg })
    }
}

fn totp(secret: &TotpSecret, account: &str) -> Result<Totp, AppError> {
    let totp = Builder::new().with_secret(secret.expose()).with_issuer(Some(ISSUER)).with_account_name(account);
    totp.build().map_err(failed)
}

/// A QR code as an image: a path of unit squares, black on white, with the margin that readers need.
fn qr_svg(text: &str) -> Result<String, AppError> {
    const MARGIN: i32 = 4;
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).map_err(failed)?;
    let size = code.size();
    let places = (0..size).flat_map(|y| (0..size).map(move |x| (x, y)));
    let squares: String = places
        .filter(|(x, y)| code.get_module(*x, *y))
        .map(|(x, y)| format!("M{},{}h1v1h-1z", x + MARGIN, y + MARGIN))
        .collect();
    let whole = size + 2 * MARGIN;
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {whole} {whole}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0,0h{whole}v{whole}h-{whole}z\"/><path d=\"{squares}\"/></svg>"
    ))
}

fn failed(cause: impl std::fmt::Display) -> AppError {
    AppError::Internal(format!("one-time codes: {cause}"))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn rfc_secret() -> TotpSecret {
        TotpSecret::new(b"12345678901234567890".to_vec())
    }

    #[test]
    fn the_codes_are_those_of_rfc_6238() {
        // Appendix B, the last six of the eight digits.
        for (seconds, digits) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let step = seconds / 30;
            for (now, expected) in
                [(seconds, Some(step)), (seconds - 30, Some(step)), (seconds + 30, Some(step)), (step * 30 + 60, None)]
            {
                assert_eq!(TotpCodes.step_of(&rfc_secret(), digits, at(now)), Ok(expected), "{digits} at {now}");
            }
        }
        let two_steps_early = at((1_234_567_890 / 30 - 2) * 30 + 29);
        assert_eq!(TotpCodes.step_of(&rfc_secret(), "005924", two_steps_early), Ok(None));
    }

    #[test]
    fn what_is_no_code_is_the_code_of_no_step() {
        for text in ["", "0", "287 082", "0287082", "28708２", "+87082", "nonsense"] {
            assert_eq!(TotpCodes.step_of(&rfc_secret(), text, at(59)), Ok(None), "{text:?}");
        }
        assert!(TotpCodes.step_of(&rfc_secret(), "287082", at(-1)).is_err());
    }

    #[test]
    fn an_app_is_told_the_same_in_three_ways() {
        let enrollment = TotpCodes.enrollment(&rfc_secret(), "ada+lovelace@example.com").unwrap();
        assert_eq!(enrollment.secret, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(
            enrollment.otpauth_url,
            "otpauth://totp/Tenon:ada%2Blovelace%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Tenon"
        );
        let svg = &enrollment.qr_svg;
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>") && svg.matches("h1v1h-1z").count() > 300, "{svg}");
        assert!(!format!("{enrollment:?}").contains("GEZD"));
    }

    #[test]
    fn secrets_and_recovery_codes_are_random() {
        assert_ne!(TotpCodes.new_secret(), TotpCodes.new_secret());
        assert_eq!(TotpCodes.new_secret().expose().len(), 20);
        assert_ne!(TotpCodes.new_recovery_code(), TotpCodes.new_recovery_code());
    }
}
