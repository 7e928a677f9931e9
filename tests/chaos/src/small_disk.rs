//! A disk that can be full: a small tmpfs, which answers ENOSPC like any other file system.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// Mounted for as long as it lives.
pub struct SmallDisk {
    directory: TempDir,
}

impl SmallDisk {
    /// Needs to be root, if only of a namespace of its own: see [`as_root`].
    pub fn mount(mebibytes: u32) -> Self {
        let directory = tempfile::Builder::new().prefix("tenon-disk-").tempdir().expect("a directory");
        let size = format!("size={mebibytes}m,mode=0777");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(directory.path()).status();
        assert!(mounted.expect("mount").success(), "a tmpfs cannot be mounted");
        Self { directory }
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }

    /// Fills it to the last byte, again and again if something is freed meanwhile.
    pub fn fill(&self) {
        let mut file = File::options().create(true).append(true).open(self.ballast()).expect("a file");
        for size in [1024 * 1024, 64 * 1024, 4096, 1] {
            let block = vec![b'x'; size];
            while file.write_all(&block).is_ok() {}
        }
    }

    pub fn make_room(&self) {
        fs::remove_file(self.ballast()).expect("to remove the ballast");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(self.path()).status());
    }
}

/// Runs the rest of a test as root: who is not runs the same test again in a user and mount namespace where they are.
/// Answers whether this is the process that has to do it.
pub fn as_root(test: &str) -> bool {
    if fs::metadata("/proc/self").expect("/proc").uid() == 0 {
        return true;
    }
    let this = std::env::current_exe().expect("the path of this test");
    let mut again = Command::new("unshare");
    again.args(["--user", "--map-root-user", "--mount"]).arg(this).args(["--exact", test, "--nocapture"]);
    assert!(again.status().expect("unshare").success(), "{test} failed in a namespace of its own");
    false
}
