use std::process::ExitCode;

fn main() -> ExitCode {
    tenon_bootstrap::cli::tenon()
}
