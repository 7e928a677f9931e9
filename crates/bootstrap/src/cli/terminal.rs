//! What commands print. Logs go through `tracing`; this is for people and for pipes.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is the one place that writes to the terminal")]

use std::fmt::Display;
use std::io::{self, Write};

/// Prints a line. A reader that has gone away (`tenon openapi | head`) is no error.
pub(crate) fn say(line: impl Display) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Prints a line to where errors go.
pub(crate) fn complain(line: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
