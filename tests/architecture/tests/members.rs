//! Every member inherits what the workspace says about all of them.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::fs;

use tenon_architecture_tests::Workspace;

#[test]
fn members_inherit_package_fields_and_lints() {
    let workspace = Workspace::read();
    for member in workspace.members() {
        let manifest = fs::read_to_string(&member.manifest_path).unwrap();
        for field in ["version", "edition", "rust-version", "license", "publish"] {
            let inherited = format!("{field}.workspace = true");
            assert!(manifest.lines().any(|line| line == inherited), "{}: {inherited}", member.name);
        }
        assert!(manifest.contains("[lints]\nworkspace = true"), "{} does not inherit the lints", member.name);
    }
}

#[test]
fn members_take_dependencies_from_the_workspace() {
    let workspace = Workspace::read();
    for member in workspace.members() {
        let manifest = fs::read_to_string(&member.manifest_path).unwrap();
        let mut in_dependencies = false;
        for line in manifest.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if line.starts_with('[') {
                in_dependencies = line.ends_with("dependencies]");
            } else if in_dependencies {
                assert!(line.contains("workspace = true"), "{}: {line}", member.name);
            }
        }
    }
}

#[test]
fn members_are_called_after_the_product() {
    for member in Workspace::read().members() {
        assert!(member.name.starts_with("tenon-"), "{}", member.name);
    }
}
