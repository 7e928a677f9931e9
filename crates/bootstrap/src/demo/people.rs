//! Who works at the demo's organization.

use tenon_domain::access::{OrganizationRole, ProjectRole, Visibility};

pub(super) const ORGANIZATION: &str = "Northwind Robotics";
/// The password of everybody in the demo.
pub(super) const PASSWORD: &str = "northwind-demo";

/// Somebody in the demo. The first one founds the organization.
pub(super) struct Person {
    pub(super) name: &'static str,
    pub(super) email: &'static str,
    pub(super) role: OrganizationRole,
    pub(super) title: &'static str,
}

pub(super) const PEOPLE: [Person; 6] = [
    Person { name: "Maya Lindqvist", email: "maya@northwind.example", role: OrganizationRole::Owner, title: "founder" },
    Person {
        name: "Tomás Ferreira",
        email: "tomas@northwind.example",
        role: OrganizationRole::Admin,
        title: "operations",
    },
    Person {
        name: "Priya Raman",
        email: "priya@northwind.example",
        role: OrganizationRole::Member,
        title: "cloud engineer",
    },
    Person {
        name: "Jonas Weber",
        email: "jonas@northwind.example",
        role: OrganizationRole::Member,
        title: "firmware engineer",
    },
    Person {
        name: "Aiko Tanaka",
        email: "aiko@northwind.example",
        role: OrganizationRole::Member,
        title: "product designer",
    },
    Person {
        name: "Sam Okafor",
        email: "sam@contractor.example",
        role: OrganizationRole::Guest,
        title: "contractor, sees only the portal",
    },
];

/// A project with who works on it, as positions in [`PEOPLE`].
pub(super) struct DemoProject {
    pub(super) key: &'static str,
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) visibility: Visibility,
    pub(super) lead: usize,
    pub(super) members: &'static [(usize, ProjectRole)],
    pub(super) team: &'static [usize],
}

pub(super) const PROJECTS: [DemoProject; 4] = [
    DemoProject {
        key: "ARM",
        name: "Atlas arm",
        description: "Firmware and mechanics of the six-axis Atlas arm, on its way to the first paying customers.",
        visibility: Visibility::Organization,
        lead: 3,
        members: &[(2, ProjectRole::Contributor)],
        team: &[3, 3, 2, 0],
    },
    DemoProject {
        key: "FLEET",
        name: "Fleet cloud",
        description: "Telemetry, remote commands and over-the-air updates for every arm in the field.",
        visibility: Visibility::Organization,
        lead: 2,
        members: &[(3, ProjectRole::Contributor), (4, ProjectRole::Viewer)],
        team: &[2, 2, 3],
    },
    DemoProject {
        key: "WEB",
        name: "Customer portal",
        description: "Where customers see their arms, their jobs and their invoices.",
        visibility: Visibility::Organization,
        lead: 4,
        members: &[(5, ProjectRole::Contributor), (2, ProjectRole::Contributor)],
        team: &[4, 5, 5, 2],
    },
    DemoProject {
        key: "FUND",
        name: "Series A",
        description: "The funding round. Private: only founders and operations.",
        visibility: Visibility::Private,
        lead: 1,
        members: &[(0, ProjectRole::Manager)],
        team: &[0, 1],
    },
];
