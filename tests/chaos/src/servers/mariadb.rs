use std::path::Path;

use super::{Daemon, directory_of, free_port, prepare, program, server_user};

/// MariaDB that flushes at every commit.
pub fn mariadb(directory: &Path) -> Daemon {
    let user = server_user("mysql");
    let data = directory_of(user, directory, "mariadb");
    let log = directory.join("mariadb.log");
    let path = format!("--datadir={}", data.display());
    // A server that starts removes all temporary tables in its directory for them, those of other servers too.
    let temporary = format!("--tmpdir={}", directory_of(user, directory, "mariadb-tmp").display());
    let install = ["--no-defaults", &path, &temporary, "--auth-root-authentication-method=normal", "--skip-test-db"];
    prepare(user, &program("mariadb-install-db"), &install, &log);
    let port = free_port();
    let arguments = [
        "--no-defaults".to_owned(),
        path,
        temporary,
        format!("--port={port}"),
        "--bind-address=127.0.0.1".to_owned(),
        format!("--socket={}", data.join("socket").display()),
        format!("--pid-file={}", data.join("pid").display()),
        "--max-connections=150".to_owned(),
        "--innodb-flush-log-at-trx-commit=1".to_owned(),
    ];
    let mut daemon = Daemon {
        name: "MariaDB",
        program: program("mariadbd"),
        arguments: arguments.into(),
        user,
        port,
        log,
        probe: None,
        process: None,
    };
    daemon.start();
    daemon
}
