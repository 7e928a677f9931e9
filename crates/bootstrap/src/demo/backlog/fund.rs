//! The funding round.

use super::Epic;

pub(super) const EPICS: &[Epic] = &[
    Epic {
        title: "Data room",
        label: "data-room",
        tasks: &[
            "Collect the customer contracts",
            "Audited accounts of the last two years",
            "Cap table after the option plan",
            "List of patents and applications",
            "Employment contracts and IP assignments",
            "Product roadmap for investors",
            "Give counsel access",
        ],
        steps: &["Ask customers for consent where needed", "Redact prices"],
    },
    Epic {
        title: "Financial model",
        label: "finance",
        tasks: &[
            "Unit economics of an Atlas arm",
            "Three scenarios to break-even",
            "Hiring plan by quarter",
            "Working capital for 200 arms",
            "Sensitivity to gearbox prices",
        ],
        steps: &["Bill of materials at 100 and 1,000 units", "Cost of support per arm"],
    },
    Epic {
        title: "Investor conversations",
        label: "investors",
        tasks: &[
            "Long list of industrial funds",
            "Pitch deck, third version",
            "Reference calls with two customers",
            "Demo day in the workshop",
            "Follow up on open questions",
            "Compare the term sheets",
        ],
        steps: &["Film the arm at the customer's", "Rehearse with the advisors"],
    },
];
