//! What is stored about a user, for themselves to take along.

use std::future::Future;

use async_trait::async_trait;
use tenon_domain::UserId;

pub use super::exported::{ExportedTask, ExportedTeam};
use super::{ExternalIdentityView, PasskeyView, SecondFactorsView, SessionView, TokenView, UserView};
use crate::actor::Viewer;
use crate::error::AppError;
use crate::notifications::NotificationView;
use crate::organizations::OrganizationView;
use crate::page::{Page, PageRequest, Unsorted};
use crate::query::{Queries, Query, Reader};
use crate::tasks::{TaskFilter, TaskSort};
use crate::token_access::TokenAccess;
use crate::unit_of_work::StoreError;

/// All that is stored about the actor, in all their organizations.
#[derive(Clone, Copy, Debug)]
pub struct ExportAccount;

impl ExportAccount {
    /// How many of a kind are exported, all organizations together: an export is made in memory.
    pub const MOST: u64 = 10_000;
}

/// As much of a list as there was room for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extract<T> {
    pub items: Vec<T>,
    /// There are more.
    pub truncated: bool,
}

impl<T> Extract<T> {
    fn nothing() -> Self {
        Self { items: Vec::new(), truncated: false }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountExport {
    pub profile: UserView,
    pub second_factors: SecondFactorsView,
    /// All: there are never many.
    pub passkeys: Vec<PasskeyView>,
    /// To which identity providers.
    pub identities: Extract<ExternalIdentityView>,
    pub sessions: Extract<SessionView>,
    pub memberships: Extract<MembershipExport>,
}

/// What is stored about a user in one organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MembershipExport {
    pub organization: OrganizationView,
    /// The organization requires a second factor, which the user does not have: no team, no notification and no task is
    /// shown.
    pub withheld: bool,
    pub tokens: Extract<TokenView>,
    pub teams: Extract<ExportedTeam>,
    pub notifications: Extract<NotificationView>,
    pub reported_tasks: Extract<ExportedTask>,
    pub assigned_tasks: Extract<ExportedTask>,
}

#[async_trait]
impl Query for ExportAccount {
    type Output = AccountExport;
    const NAME: &'static str = "user.export";
    const ACCESS: TokenAccess = TokenAccess::Session;
    const WITHOUT_MFA: bool = true;

    async fn run(&self, reader: &Reader<'_>) -> Result<AccountExport, AppError> {
        let (user, current, now) = (reader.viewer()?.user, reader.actor().session()?, reader.now());
        let queries = reader.queries();
        let profile = queries.identity.user(user).await?.ok_or(AppError::NotFound("user"))?;
        let second_factors = queries.identity.second_factors(user).await?;
        let all = PageRequest {
            limit: PageRequest::<Unsorted>::MAX_LIMIT,
            after: None,
            sort: Vec::new(),
            include_total: false,
        };
        let passkeys = queries.passkeys.list(user, &all).await?.items;
        let mut room = Self::MOST;
        let identities = extract(&mut room, |page: PageRequest<Unsorted>| async move {
            queries.identity_providers.identities(user, &page).await
        });
        let identities = identities.await?;
        let mut room = Self::MOST;
        let sessions = extract(&mut room, |page: PageRequest<Unsorted>| async move {
            queries.identity.sessions(user, Some(current), now, &page).await
        });
        let sessions = sessions.await?;
        let mut room = Self::MOST;
        let organizations =
            extract(
                &mut room,
                |page: PageRequest<Unsorted>| async move { queries.organizations.list(user, &page).await },
            );
        let organizations = organizations.await?;
        let mut room = Room::default();
        let mut memberships = Vec::new();
        for organization in organizations.items {
            let withheld = organization.require_mfa && !second_factors.is_enabled();
            memberships.push(membership(queries, user, organization, withheld, &mut room).await?);
        }
        let memberships = Extract { items: memberships, truncated: organizations.truncated };
        Ok(AccountExport { profile, second_factors, passkeys, identities, sessions, memberships })
    }
}

/// How many more of each kind there is room for.
struct Room {
    tokens: u64,
    teams: u64,
    notifications: u64,
    reported_tasks: u64,
    assigned_tasks: u64,
}

impl Default for Room {
    fn default() -> Self {
        let most = ExportAccount::MOST;
        Self { tokens: most, teams: most, notifications: most, reported_tasks: most, assigned_tasks: most }
    }
}

async fn membership(
    queries: &Queries,
    user: UserId,
    organization: OrganizationView,
    withheld: bool,
    room: &mut Room,
) -> Result<MembershipExport, AppError> {
    let viewer = Viewer::new(user, organization.id, organization.role);
    let tokens = extract(&mut room.tokens, |page: PageRequest<Unsorted>| async move {
        queries.tokens.list(viewer, Some(user), &page).await
    });
    let tokens = tokens.await?;
    if withheld {
        return Ok(MembershipExport {
            organization,
            withheld,
            tokens,
            teams: Extract::nothing(),
            notifications: Extract::nothing(),
            reported_tasks: Extract::nothing(),
            assigned_tasks: Extract::nothing(),
        });
    }
    let teams = extract(&mut room.teams, |page: PageRequest<Unsorted>| async move {
        let found = queries.teams.list(viewer, Some(user), &page).await;
        found.map(|teams| teams.map(ExportedTeam::from))
    });
    let teams = teams.await?;
    let notifications = extract(&mut room.notifications, |page: PageRequest<Unsorted>| async move {
        queries.notifications.list(viewer, None, &page).await
    });
    let notifications = notifications.await?;
    let reported = TaskFilter { reporters: vec![user], ..TaskFilter::default() };
    let reported_tasks = tasks(queries, viewer, &reported, &mut room.reported_tasks).await?;
    let assigned = TaskFilter { assignees: vec![user], ..TaskFilter::default() };
    let assigned_tasks = tasks(queries, viewer, &assigned, &mut room.assigned_tasks).await?;
    Ok(MembershipExport { organization, withheld, tokens, teams, notifications, reported_tasks, assigned_tasks })
}

/// Keeps of each page only what is exported: whole tasks would fill the memory.
async fn tasks(
    queries: &Queries,
    viewer: Viewer,
    filter: &TaskFilter,
    room: &mut u64,
) -> Result<Extract<ExportedTask>, AppError> {
    let fetch = |page: PageRequest<TaskSort>| async move {
        let found = queries.tasks.list(viewer, filter, &page).await;
        found.map(|tasks| tasks.map(ExportedTask::from))
    };
    extract(room, fetch).await
}

/// Reads a list page by page, as long as there is room.
async fn extract<F, T, Fetched>(
    room: &mut u64,
    mut fetch: impl FnMut(PageRequest<F>) -> Fetched,
) -> Result<Extract<T>, AppError>
where
    Fetched: Future<Output = Result<Page<T>, StoreError>>,
{
    let mut extract = Extract::nothing();
    let mut after = None;
    loop {
        // Where there is no room left, one more tells whether there is more.
        let limit = (*room).clamp(1, PageRequest::<F>::MAX_LIMIT);
        let page = fetch(PageRequest { limit, after, sort: Vec::new(), include_total: false }).await?;
        if *room == 0 {
            extract.truncated = !page.items.is_empty();
            return Ok(extract);
        }
        *room = room.saturating_sub(page.items.len() as u64);
        extract.items.extend(page.items);
        if page.next.is_none() {
            return Ok(extract);
        }
        after = page.next;
    }
}
