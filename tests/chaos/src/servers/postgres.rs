use std::path::Path;

use super::{Daemon, directory_of, free_port, prepare, program, server_user};

/// PostgreSQL that flushes, since it has to survive `kill -9` with all it acknowledged.
pub fn postgres(directory: &Path) -> Daemon {
    let user = server_user("postgres");
    let data = directory_of(user, directory, "postgres");
    let log = directory.join("postgres.log");
    let path = data.display().to_string();
    let initdb = ["-D", &path, "-U", "tenon", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"];
    prepare(user, &program("initdb"), &initdb, &log);
    let port = free_port();
    let arguments = [
        "-D".to_owned(),
        path,
        format!("-p{port}"),
        "-clisten_addresses=127.0.0.1".to_owned(),
        "-cunix_socket_directories=".to_owned(),
        "-cfsync=on".to_owned(),
        "-cmax_connections=150".to_owned(),
    ];
    let port_text = port.to_string();
    let probe = ["-q", "-h", "127.0.0.1", "-p", &port_text];
    let mut daemon = Daemon {
        name: "PostgreSQL",
        program: program("postgres"),
        arguments: arguments.into(),
        user,
        port,
        log,
        // It accepts connections long before it has recovered.
        probe: Some((program("pg_isready"), probe.map(str::to_owned).into())),
        process: None,
    };
    daemon.start();
    daemon
}
