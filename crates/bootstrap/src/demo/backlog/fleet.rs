//! The cloud behind the arms.

use super::Epic;

pub(super) const EPICS: &[Epic] = &[
    Epic {
        title: "Over-the-air updates",
        label: "ota",
        tasks: &[
            "Sign firmware images",
            "Roll out to one percent of the fleet first",
            "Roll back when an arm does not report in",
            "Resume an interrupted download",
            "Show the progress of a rollout",
            "Hold updates while a job is running",
            "Keep the last three images on the device",
            "Refuse a downgrade below the security baseline",
        ],
        steps: &["Create the signing key in the HSM", "Verify signatures in the boot loader", "Document key rotation"],
    },
    Epic {
        title: "Telemetry pipeline",
        label: "telemetry",
        tasks: &[
            "Accept batches over MQTT",
            "Store samples in hourly partitions",
            "Downsample after 30 days",
            "Alert on a motor temperature trend",
            "Back-fill samples after an outage",
            "Dashboards for the support team",
            "Load test with 5,000 arms",
            "Cut the storage costs by half",
        ],
        steps: &["Agree on the topic names", "Limit the batch size", "Reject samples from the future"],
    },
    Epic {
        title: "Remote commands",
        label: "commands",
        tasks: &[
            "Send a command with an expiry",
            "Require two people for a remote restart",
            "Audit every command",
            "Show why a command was refused",
            "Queue commands for arms that are offline",
            "Rate-limit commands per site",
        ],
        steps: &["Define the command envelope", "Acknowledge receipt and completion apart"],
    },
    Epic {
        title: "Move to the new region",
        label: "infrastructure",
        tasks: &[
            "Set up the network in Frankfurt",
            "Replicate the database",
            "Rehearse the switch-over",
            "Lower the DNS lifetimes",
            "Tell customers about the maintenance window",
            "Shut the old region down",
        ],
        steps: &["Reserve address ranges", "Peer with the old network", "Open the firewall for MQTT"],
    },
    Epic {
        title: "On-call that sleeps",
        label: "reliability",
        tasks: &[
            "Runbook for a broker failover",
            "Page only on what customers notice",
            "Restore drill for the telemetry store",
            "Error budget for the command API",
            "Status page for customers",
            "Review every page of last quarter",
        ],
        steps: &["List the alerts of the last month", "Delete those nobody acted on"],
    },
];

pub(super) const BUGS: &[&str] = &[
    "Arms behind a proxy reconnect every 60 seconds",
    "Duplicate samples after a broker failover",
    "Rollout counts decommissioned arms",
    "Command history shows local time without a zone",
    "Memory of the ingest service grows during back-fill",
    "Certificate expiry warning comes a day late",
    "Alert e-mail names the wrong site",
    "Export of more than 100,000 samples times out",
    "Rollback leaves the update lock behind",
    "Health check passes while the queue is full",
    "Site map loads every arm at once",
    "Timestamps jump back when an arm synchronizes its clock",
    "Deleted sites still receive weekly reports",
    "Retry storm after a short database outage",
];
