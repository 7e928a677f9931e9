use std::env;
use std::path::PathBuf;
use std::process::Command;

/// The directory with the binaries of the previous release: `TENON_TEST_PREVIOUS_BIN_DIR`, or what
/// `scripts/previous-release` builds, once.
pub fn previous_release() -> PathBuf {
    if let Some(directory) = env::var_os("TENON_TEST_PREVIOUS_BIN_DIR") {
        return directory.into();
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/previous-release");
    let output = Command::new(script).output().unwrap_or_else(|error| panic!("{script}: {error}"));
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("a path").trim().into()
}
