//! The customer portal.

use super::Epic;

pub(super) const EPICS: &[Epic] = &[
    Epic {
        title: "Sign-in for customers",
        label: "accounts",
        tasks: &[
            "Single sign-on with the customer's directory",
            "Invite colleagues by e-mail",
            "Let customers manage their own roles",
            "Sign out everywhere",
            "Explain a locked account",
            "Passkeys as a second factor",
        ],
        steps: &["Try it with two pilot customers", "Map groups to roles", "Write the set-up guide"],
    },
    Epic {
        title: "Live view of an arm",
        label: "live-view",
        tasks: &[
            "Stream joint positions to the browser",
            "Draw the arm in 3D",
            "Show the running job and what comes next",
            "Pause the stream in a hidden tab",
            "Keep the last minute to scrub back",
            "Live view on a phone",
            "Share a read-only link with support",
        ],
        steps: &["Compress the position frames", "Interpolate between frames", "Measure on a slow connection"],
    },
    Epic {
        title: "Job editor",
        label: "jobs",
        tasks: &[
            "Arrange steps by drag and drop",
            "Simulate a job before it runs",
            "Keep versions of a job",
            "Compare two versions",
            "Copy a job to another arm",
            "Undo and redo",
            "Templates for palletizing",
            "Warn when a job leaves the work space",
        ],
        steps: &["Sketch the step list", "Test with three operators", "Make it work by keyboard"],
    },
    Epic {
        title: "Invoices and usage",
        label: "billing",
        tasks: &[
            "Show operating hours by arm and month",
            "Download invoices as PDF",
            "Change the billing address",
            "Warn before the plan's limit",
            "Credit notes",
            "Export usage as CSV",
        ],
        steps: &["Agree on what an operating hour is", "Check against last year's invoices"],
    },
    Epic {
        title: "Accessible to everybody",
        label: "accessibility",
        tasks: &[
            "Contrast of the whole color set",
            "Name every button for screen readers",
            "Operate the job list by keyboard",
            "Respect reduced motion",
            "Audit by an outside specialist",
            "Larger targets on touch screens",
        ],
        steps: &["Measure the present colors", "Propose replacements"],
    },
];

pub(super) const BUGS: &[&str] = &[
    "Search forgets its filter after going back",
    "Dates are shown in the server's time zone",
    "Invoice list is empty for customers with one arm",
    "The 3D view leaks memory when switching arms",
    "Long job names break the sidebar",
    "Double click on save creates two versions",
    "Password field rejects a pasted value",
    "Live view freezes after the laptop wakes up",
    "Charts draw the wrong month in leap years",
    "Umlauts are lost in the CSV export",
    "Notification badge counts read messages",
    "Support link opens twice in Safari",
    "Site filter ignores archived sites",
    "Tooltip covers the stop button",
];
