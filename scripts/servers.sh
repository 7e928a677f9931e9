# PostgreSQL, MariaDB and Redis of one's own, on free ports, for scripts that source this. They set `work`, a directory
# that the servers' users can enter (mode 711), and call `stop_servers` at the end.
# shellcheck shell=bash disable=SC2154

started=()
postgres_dirs=()

# Runs a command as the given user when this is root, who may not run servers.
as() {
  local user=$1
  shift
  if [ "$(id -u)" -eq 0 ]; then runuser -u "$user" -- "$@"; else "$@"; fi
}

# Like `as`, but in place of the shell it runs in: what is started in the background is then what its process id ends.
become() {
  local user=$1
  shift
  if [ "$(id -u)" -eq 0 ]; then exec runuser -u "$user" -- "$@"; else exec "$@"; fi
}

# Below the ports that clients are given for outgoing connections: one of those may be taken when the server starts.
free_port() {
  local port
  while true; do
    port=$((20000 + RANDOM % 12000))
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "$port"
      return
    fi
  done
}

# Waits up to 60 s for a command to succeed.
await() {
  local what=$1 tries=0
  shift
  until "$@" >/dev/null 2>&1; do
    tries=$((tries + 1))
    if [ "$tries" -ge 300 ]; then
      echo "$what did not come up" >&2
      return 1
    fi
    sleep 0.2
  done
}

# A tool of the newest PostgreSQL, which Debian keeps off the PATH.
postgres_tool() {
  command -v "$1" || find /usr/lib/postgresql -path "*/bin/$1" 2>/dev/null | sort -V | tail -n 1
}

postgres_answers() { psql -w -h 127.0.0.1 -p "$1" -U postgres -d postgres -c 'SELECT 1' </dev/null >/dev/null 2>&1; }
mysql_answers() { "$(mysql_client)" -h 127.0.0.1 -P "$1" -u root -e 'SELECT 1' </dev/null >/dev/null 2>&1; }
redis_answers() { [ "$(redis-cli -h 127.0.0.1 -p "$1" ping 2>/dev/null </dev/null)" = PONG ]; }
mysql_client() { command -v mariadb || command -v mysql || echo false; }

# start_postgres <port> [<option of the server>...]
start_postgres() {
  local port=$1 data=$work/postgres-$1
  mkdir -p "$data"
  if [ "$(id -u)" -eq 0 ]; then chown postgres "$data"; fi
  as postgres "$(postgres_tool initdb)" -D "$data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 >/dev/null &&
    run_postgres "$data" "$@"
}

# Starts a server on a directory that has data already: run_postgres <directory> <port> [<option of the server>...]
run_postgres() {
  local data=$1 port=$2
  shift 2
  postgres_dirs+=("$data")
  as postgres "$(postgres_tool pg_ctl)" -D "$data" -w -l "$data/log" \
    -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off -c max_connections=300 $*" \
    start >/dev/null &&
    await PostgreSQL postgres_answers "$port"
}

stop_postgres() { as postgres "$(postgres_tool pg_ctl)" -D "$1" -m "${2:-immediate}" stop >/dev/null 2>&1; }

# start_mariadb <port> [<option of the server>...]
start_mariadb() {
  local port=$1 data=$work/mariadb-$1 daemon
  shift
  # A server that starts removes all temporary tables in its directory for them, those of other servers too.
  mkdir -p "$data" "$data-tmp"
  if [ "$(id -u)" -eq 0 ]; then chown mysql "$data" "$data-tmp"; fi
  daemon=$(command -v mariadbd || echo /usr/sbin/mariadbd)
  as mysql mariadb-install-db --no-defaults --datadir="$data" --tmpdir="$data-tmp" \
    --auth-root-authentication-method=normal >/dev/null || return 1
  become mysql "$daemon" --no-defaults --datadir="$data" --tmpdir="$data-tmp" --port="$port" \
    --bind-address=127.0.0.1 --socket="$data/socket" --pid-file="$data/pid" --max-connections=300 --innodb-flush-log-at-trx-commit=0 \
    "$@" </dev/null >"$data.log" 2>&1 &
  started+=($!)
  await MariaDB mysql_answers "$port"
}

start_redis() {
  local port=$1
  redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly no --dir "$work" \
    </dev/null >"$work/redis-$port.log" 2>&1 &
  started+=($!)
  await Redis redis_answers "$port"
}

stop_servers() {
  local pid data
  for pid in "${started[@]}"; do
    kill "$pid" 2>/dev/null || true
  done
  for pid in "${started[@]}"; do
    wait "$pid" 2>/dev/null || true
  done
  for data in "${postgres_dirs[@]}"; do
    stop_postgres "$data" || true
  done
}
