//! The robot arm.

use super::Epic;

pub(super) const EPICS: &[Epic] = &[
    Epic {
        title: "Motion control at 1 kHz",
        label: "motion",
        tasks: &[
            "Move the joint loop to the real-time core",
            "Plan jerk-limited trajectories",
            "Blend consecutive moves without stopping",
            "Feed forward gravity from the payload model",
            "Tune the wrist joints for a 5 kg payload",
            "Log every missed control deadline",
            "Replay a recorded trajectory on the test bench",
            "Write the motion control chapter of the manual",
        ],
        steps: &[
            "Measure the jitter of the present loop",
            "Port the encoder driver",
            "Share state through a lock-free ring",
            "Run the 24 h endurance test",
        ],
    },
    Epic {
        title: "Collision detection",
        label: "safety",
        tasks: &[
            "Estimate external torque from motor currents",
            "Stop within 50 ms of a contact",
            "Let operators set the contact threshold per axis",
            "Retreat along the path after a contact",
            "Record the last two seconds before a stop",
            "Validate against ISO/TS 15066 limits",
            "Tell a collision from a heavy payload",
        ],
        steps: &["Identify joint friction", "Filter the current signal", "Compare with the force plate"],
    },
    Epic {
        title: "Gripper quick-change",
        label: "mechanics",
        tasks: &[
            "Choose the latch mechanism",
            "Route 24 V and data through the flange",
            "Recognize the mounted gripper by its tag",
            "Load calibration when a gripper is mounted",
            "Life test: 10,000 changes",
            "Drawings for the supplier",
            "Warn when the latch is not closed",
        ],
        steps: &["Order samples of three latches", "Pull test each to 300 N"],
    },
    Epic {
        title: "Certification",
        label: "compliance",
        tasks: &[
            "Risk assessment by EN ISO 12100",
            "Prepare the EMC measurement",
            "Emergency stop to category 3, performance level d",
            "Technical file for the CE mark",
            "Translate the safety notes",
            "Book the notified body",
        ],
        steps: &["List all hazards", "Rate them with the customer", "Agree on the measures"],
    },
    Epic {
        title: "Factory calibration",
        label: "calibration",
        tasks: &[
            "Laser tracker fixture for station 2",
            "Fit the kinematic parameters from 60 poses",
            "Store calibration in the arm's flash",
            "Print the calibration certificate",
            "Bring calibration below 15 minutes",
            "Detect a drifted encoder in the field",
        ],
        steps: &["Mount the reflector", "Record the poses automatically"],
    },
];

pub(super) const BUGS: &[&str] = &[
    "Joint 4 overshoots after an emergency stop",
    "Brake releases late when the cabinet is below 5 °C",
    "Teach pendant loses its connection at the far end of the rail",
    "Position error after crossing the wrist singularity",
    "Fan keeps running after shutdown",
    "Gripper reports closed with nothing in it",
    "Wrong unit in the torque log header",
    "Arm refuses to home after a power dip",
    "Speed override is ignored in manual mode",
    "Status light stays amber after a restart",
    "Payload identification diverges below 200 g",
    "Homing is 3 mm off on serial numbers before 0040",
    "Watchdog fires while a log is exported",
    "Soft limit of joint 6 is mirrored",
];
