//! Where a cluster lives, and what its processes are told.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tenon_e2e_tests::processes::run;
use tenon_e2e_tests::{Deployment, JWT_SECRET};

use super::Backend;

/// Bytes that the servers of some clusters at once need.
const ENOUGH: u64 = 4 << 30;
const CLIENT_LIMIT: Duration = Duration::from_secs(60);

/// In memory where there is room: what is killed is processes, not the machine, so nothing that reached the kernel is
/// lost; and a database that recovers flushes every file it has, which takes a busy disk long.
pub(super) fn place() -> PathBuf {
    let shared = Path::new("/dev/shm");
    let free = run(Path::new("df"), &["--output=avail", "-B1", "/dev/shm"], &[]).1;
    let free = free.lines().last().and_then(|line| line.trim().parse::<u64>().ok()).unwrap_or_default();
    if free > ENOUGH { shared.to_owned() } else { std::env::temp_dir() }
}

/// What all deployments have in common.
pub(super) fn common(data_dir: &Path) -> Vec<(String, String)> {
    let data_dir = data_dir.display().to_string();
    let variables = [
        ("TENON_PUBLIC_URL", "http://tenon.test"),
        ("TENON_DATA_DIR", data_dir.as_str()),
        ("TENON_MAIL", "file"),
        ("TENON_JWT_SECRET", JWT_SECRET),
        ("TENON_RATE_LIMITS", "off"),
        ("TENON_BCRYPT_COST", "4"),
        ("TENON_LOG", "warn"),
        ("TENON_LOG_FORMAT", "json"),
        // So that a round need not wait two minutes for what was lost with its queue: see `quiet` and `rounds`.
        ("TENON_REDELIVER_SECONDS", "3"),
    ];
    variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// Makes the database, and says where everything is: behind the proxies.
pub(super) fn addresses(deployment: Deployment, database: &Backend, redis: &Backend) -> Vec<(String, String)> {
    let direct = database.direct_port().to_string();
    let url = if deployment == Deployment::PostgresRedis {
        let admin = ["-h", "127.0.0.1", "-p", &direct, "-U", "tenon"];
        // Not as the superuser, for whom there is no row-level security.
        client("createuser", &[&admin[..], &["serving"][..]].concat());
        client("createdb", &[&admin[..], &["--owner=serving", "tenon"][..]].concat());
        format!("postgres://serving@127.0.0.1:{}/tenon", database.port())
    } else {
        let statement = "CREATE DATABASE tenon CHARACTER SET utf8mb4";
        client("mariadb", &["--no-defaults", "-h", "127.0.0.1", "-P", &direct, "-u", "root", "-e", statement]);
        format!("mysql://root@127.0.0.1:{}/tenon", database.port())
    };
    vec![
        ("TENON_DATABASE_URL".to_owned(), url),
        ("TENON_REDIS_URL".to_owned(), format!("redis://127.0.0.1:{}", redis.port())),
        ("TENON_REDIS_PREFIX".to_owned(), "chaos".to_owned()),
    ]
}

/// Runs a server's own client, which may have to wait until the server is wholly up.
fn client(program: &str, arguments: &[&str]) {
    let begun = Instant::now();
    loop {
        let (done, output) = run(Path::new(program), arguments, &[]);
        if done {
            return;
        }
        assert!(begun.elapsed() < CLIENT_LIMIT, "{program}: {output}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
