//! The rules of the architecture, as tests over the workspace itself. See `tests/`.
#![allow(clippy::expect_used, clippy::panic, reason = "this crate is nothing but tests: it fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// The workspace, without the packages it depends on.
pub struct Workspace {
    metadata: Metadata,
}

impl Workspace {
    pub fn read() -> Self {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml");
        let metadata = MetadataCommand::new().manifest_path(manifest).no_deps().exec().expect("the workspace");
        Self { metadata }
    }

    pub fn root(&self) -> PathBuf {
        self.metadata.workspace_root.clone().into_std_path_buf()
    }

    pub fn members(&self) -> Vec<&Package> {
        self.metadata.workspace_packages()
    }

    pub fn member(&self, name: &str) -> &Package {
        let found = self.members().into_iter().find(|package| package.name.as_str() == name);
        found.unwrap_or_else(|| panic!("no member is called {name}"))
    }

    /// The names of the dependencies of a member, of ours (`true`) or of others, tests' own left out.
    pub fn dependencies(&self, name: &str, ours: bool) -> Vec<String> {
        let dependencies = self.member(name).dependencies.iter();
        let mut names: Vec<_> = dependencies
            .filter(|it| it.kind != DependencyKind::Development && it.path.is_some() == ours)
            .map(|it| it.name.clone())
            .collect();
        names.sort();
        names
    }
}

/// A Rust source file.
pub struct Source {
    pub path: PathBuf,
    pub text: String,
}

impl Source {
    /// How many lines there are before the unit tests.
    pub fn lines_without_tests(&self) -> usize {
        self.text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).count()
    }
}

/// All Rust files below a directory.
pub fn sources(directory: &Path) -> Vec<Source> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display())) {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("UTF-8 text");
            found.push(Source { path, text });
        }
    }
    found
}
