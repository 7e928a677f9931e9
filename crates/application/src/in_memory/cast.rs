use tenon_domain::access::OrganizationRole;
use tenon_domain::identity::{DisplayName, Email, PasswordHash, UserKind, UserState};
use tenon_domain::organizations::{MemberState, OrganizationName, OrganizationState};
use tenon_domain::{OrganizationId, SessionId, UserId};
use uuid::Uuid;

use super::data::Data;
use super::scene::{Scene, at};
use crate::actor::{Actor, Origin, Viewer};

/// The people of the scene. All but the stranger belong to Acme; the stranger owns another organization, Ajax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Person {
    Owner = 1,
    Admin,
    Member,
    Peer,
    Guest,
    Stranger,
}

impl Person {
    pub(crate) const ALL: [Self; 6] = [Self::Owner, Self::Admin, Self::Member, Self::Peer, Self::Guest, Self::Stranger];

    pub(crate) fn id(self) -> UserId {
        UserId::new(Uuid::from_u128(self as u128))
    }

    pub(crate) fn name(self) -> String {
        format!("{self:?}")
    }

    pub(crate) fn email(self) -> Email {
        Email::parse(&format!("{self:?}@example.com")).unwrap()
    }

    fn role(self) -> OrganizationRole {
        match self {
            Self::Owner | Self::Stranger => OrganizationRole::Owner,
            Self::Admin => OrganizationRole::Admin,
            Self::Member | Self::Peer => OrganizationRole::Member,
            Self::Guest => OrganizationRole::Guest,
        }
    }

    pub(crate) fn organization(self) -> OrganizationId {
        if self == Self::Stranger { OrganizationId::new(Uuid::from_u128(0xB0)) } else { Scene::ACME }
    }

    pub(crate) fn session(self) -> SessionId {
        SessionId::new(Uuid::from_u128(0x5E00 + self as u128))
    }

    pub(crate) fn viewer(self) -> Viewer {
        Viewer::new(self.id(), self.organization(), self.role())
    }

    pub(crate) fn actor(self) -> Actor {
        Actor::user(self.viewer(), self.session(), Origin::default())
    }
}

/// Puts everybody into their organizations. Their passwords are `<name>'s password`.
pub(super) fn people(data: &mut Data) {
    for who in Person::ALL {
        let display_name = DisplayName::parse(&who.name()).unwrap();
        data.members.push((
            who.organization(),
            MemberState {
                user_id: who.id(),
                display_name: who.name(),
                role: who.role(),
                custom_role: None,
                suspended_at: None,
                deactivated_at: None,
                version: 1,
                joined_at: at(0),
                updated_at: at(0),
            },
        ));
        data.users.push(UserState {
            id: who.id(),
            kind: UserKind::Person,
            email: who.email(),
            display_name,
            password_hash: PasswordHash::new(format!("hash of {who:?}'s password")),
            email_verified_at: Some(at(0)),
            deleted_at: None,
            deactivated_at: None,
            version: 1,
            created_at: at(0),
            updated_at: at(0),
        });
    }
    for (who, name) in [(Person::Owner, "Acme"), (Person::Stranger, "Ajax")] {
        data.organizations.push(OrganizationState {
            id: who.organization(),
            name: OrganizationName::parse(name).unwrap(),
            require_mfa: false,
            version: 1,
            created_at: at(0),
            updated_at: at(0),
        });
    }
}
