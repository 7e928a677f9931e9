use tenon_infrastructure::outbound::OutboundHttp;

use super::Finding;
use super::checks::within;
use crate::composition::token_issuers;
use crate::config::Config;

/// Whether the keys can be fetched of every issuer whose tokens are taken. Nothing is said where there is none.
pub(super) async fn check(config: &Config) -> Option<Finding> {
    let outcome = match within(ask(config)).await {
        Ok(None) => return None,
        Ok(Some(answers)) => verdict(answers),
        Err(error) => Err(error),
    };
    let remedy = "check TENON_TOKEN_ISSUERS, that the issuer runs, and that a firewall lets it through; an issuer in a private \
                  network needs TENON_OUTBOUND_PRIVATE=on";
    Some(Finding::new("token issuers", outcome, remedy))
}

pub(super) type Answer = (String, Result<usize, String>);

async fn ask(config: &Config) -> Result<Option<Vec<Answer>>, String> {
    let http = OutboundHttp::new(config.outbound).map_err(|error| error.to_string())?;
    let Some(issuers) = token_issuers(config, &http) else { return Ok(None) };
    Ok(Some(issuers.ask_all().await))
}

pub(super) fn verdict(answers: Vec<Answer>) -> Result<String, String> {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for (issuer, answer) in answers {
        match answer {
            Ok(0) => bad.push(format!("{issuer} publishes no key that can be used")),
            Ok(keys) => good.push(format!("{issuer} has {keys}")),
            Err(error) => bad.push(format!("{issuer}: {error}")),
        }
    }
    if bad.is_empty() { Ok(format!("keys to verify with: {}", good.join(", "))) } else { Err(bad.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_issuer_has_to_have_keys() {
        let answer = |name: &str, found: Result<usize, &str>| (name.to_owned(), found.map_err(str::to_owned));
        let good = verdict(vec![answer("https://a", Ok(2)), answer("https://b", Ok(1))]);
        assert_eq!(good.unwrap(), "keys to verify with: https://a has 2, https://b has 1");
        let bad =
            verdict(vec![answer("https://a", Ok(2)), answer("https://b", Ok(0)), answer("https://c", Err("away"))]);
        assert_eq!(bad.unwrap_err(), "https://b publishes no key that can be used; https://c: away");
    }
}
