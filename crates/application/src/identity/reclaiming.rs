use tenon_domain::UserId;
use tenon_domain::identity::{Passkey, UserState};

use super::{AccountNotice, mail_account};
use crate::command::{Effect, Work};
use crate::error::AppError;

/// Takes away what was added to sign in with before anybody had shown that they read the address of the account: whoever
/// registered it need not be who reads it, and would go on coming in. The unit of work is in the organization whose audit
/// trail tells of it.
pub(super) async fn drop_ways_in(work: &mut Work<'_>, owner: &UserState) -> Result<(), AppError> {
    work.unit().challenges().erase_all(owner.id).await?;
    drop_identities(work, owner).await?;
    let had_passkeys = drop_passkeys(work, owner.id).await?;
    let had_app = drop_second_factor(work, owner).await?;
    if had_passkeys {
        mail_account(work, owner.id, &owner.email, AccountNotice::PasskeyRemoved { is_last: true }).await?;
    }
    if had_app {
        mail_account(work, owner.id, &owner.email, AccountNotice::SecondFactorDisabled { is_last: true }).await?;
    }
    if had_passkeys || had_app {
        work.after_commit(Effect::MfaChanged { user: owner.id });
    }
    Ok(())
}

async fn drop_identities(work: &mut Work<'_>, owner: &UserState) -> Result<(), AppError> {
    let mut events = Vec::new();
    for mut identity in work.unit().external_identities().all_of(owner.id).await? {
        identity.unlink(owner);
        events.extend(identity.into_parts().1);
    }
    work.unit().external_identities().erase_all(owner.id).await?;
    Ok(work.unit().events().record(events).await?)
}

/// Answers whether there were any.
async fn drop_passkeys(work: &mut Work<'_>, owner: UserId) -> Result<bool, AppError> {
    let mut passkeys = work.unit().passkeys().all_of(owner).await?;
    passkeys.iter_mut().for_each(Passkey::remove);
    let had_any = !passkeys.is_empty();
    let events = passkeys.into_iter().flat_map(|passkey| passkey.into_parts().1).collect();
    work.unit().passkeys().erase_all(owner).await?;
    work.unit().events().record(events).await?;
    Ok(had_any)
}

/// The recovery codes go with it. Answers whether sign-ins asked for a code of an app.
async fn drop_second_factor(work: &mut Work<'_>, owner: &UserState) -> Result<bool, AppError> {
    let Some(mut factor) = work.unit().second_factors().find(owner.id).await? else { return Ok(false) };
    let had_app = factor.is_confirmed();
    if had_app {
        factor.disable(&owner.display_name);
    }
    work.unit().second_factors().remove(factor).await?;
    Ok(had_app)
}
