//! Descriptions of the demo's tasks.

pub(super) const EPIC: &str = "**Why:** customers ask for it in every second call, and it unlocks the next orders.\n\n\
    **Done when** all tasks below are, and support has been shown how it works.";

pub(super) const STORIES: [&str; 5] = [
    "As an operator I want this to work without calling support, so that the line keeps running.\n\n\
     - [ ] works on the oldest hardware in the field\n- [ ] documented\n- [ ] shown to support",
    "We promised this for the next release. The design is in the shared folder; please ask before changing the \
     interface, two other teams build on it.",
    "Small, but it comes up in every customer visit. A first version that covers the common case is enough.",
    "Follow-up from the last retrospective: agree on the approach first, then estimate, then build.",
    "Measure before and after, and put both numbers into the release notes.",
];

pub(super) const BUGS: [&str; 4] = [
    "**Steps**\n1. Start from a clean set-up\n2. Repeat the usual cycle ten times\n\n**Expected:** the same result every \
     time.\n**Seen:** wrong about once in ten runs. Log attached to the support ticket.",
    "Reported by two customers this week, both on the current release. Not seen on the release before.",
    "Only under load, so probably a race. The workaround (restart) is in the knowledge base, but nobody likes it.",
    "Seen once on the test bench and reproduced since: the recording is with the test team.",
];

pub(super) const EXTRA_LABELS: [&str; 6] =
    ["customer-request", "needs-design", "quick-win", "tech-debt", "documentation", "regression"];
