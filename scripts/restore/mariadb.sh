# The part `on_mariadb`: a dump, and the binary log up to a moment.
# Sourced by scripts/test-restore, which sets what is not set here.
# shellcheck shell=bash disable=SC2154

mariadb_contents() {
  local tables table
  tables=$(mariadb -h 127.0.0.1 -P "$1" -u root -BNe "SELECT table_name FROM information_schema.tables
    WHERE table_schema = 'tenon' ORDER BY 1")
  for table in $tables; do
    mariadb -h 127.0.0.1 -P "$1" -u root -BNe "SELECT count(*) FROM tenon.$table; CHECKSUM TABLE tenon.$table EXTENDED"
  done
}

on_mariadb() {
  local source target redis moment late
  source=$(free_port)
  export BACKUPS=$work/mariadb-backups SERVER="--host=127.0.0.1 --port=$source --user=root"
  mkdir -p "$BACKUPS"
  start_mariadb "$source" --log-bin=binlog --server-id=1 --binlog-format=ROW
  redis=$(free_port)
  start_redis "$redis"
  export TENON_REDIS_URL=redis://127.0.0.1:$redis
  mariadb -h 127.0.0.1 -P "$source" -u root -e 'CREATE DATABASE tenon CHARACTER SET utf8mb4'
  export TENON_DATABASE_URL=mysql://root@127.0.0.1:$source/tenon
  "$bin/tenon" migrate up >/dev/null
  serve mariadb
  register

  start_writers mariadb
  mkdir -p "$work/after-mariadb-dump" "$work/after-mariadb-recovery"
  cp "$ledger" "$work/after-mariadb-dump/ledger"
  runbook mariadb-dump
  stop_writers
  cp "$ledger" "$work/after-mariadb-recovery/ledger"
  sleep 2
  moment=$(date '+%Y-%m-%d %H:%M:%S')
  sleep 1
  late=$(create_task "Too late")
  mariadb -h 127.0.0.1 -P "$source" -u root tenon -e "UPDATE tasks SET title = 'A mistake'"
  stop_tenon

  say "a dump taken under load, in a fresh server, and then the moment before a mistake"
  target=$(free_port)
  start_mariadb "$target"
  SERVER="--host=127.0.0.1 --port=$target --user=root" runbook mariadb-restore
  runbook forget-redis
  TENON_DATABASE_URL=mysql://root@127.0.0.1:$target/tenon serve mariadb-restored
  check_service "$work/after-mariadb-dump"
  stop_tenon
  mariadb -h 127.0.0.1 -P "$target" -u root -e 'DROP DATABASE tenon'
  export MOMENT=$moment BINLOGS
  BINLOGS=$(find "$work/mariadb-$source" -name 'binlog.0*' | sort | paste -sd ' ')
  SERVER="--host=127.0.0.1 --port=$target --user=root" runbook mariadb-restore
  SERVER="--host=127.0.0.1 --port=$target --user=root" runbook mariadb-recover
  [ "$(mariadb -h 127.0.0.1 -P "$target" -u root tenon -BNe "SELECT count(*) FROM tasks
    WHERE title IN ('A mistake', 'Too late')")" -eq 0 ] || fail "the mistake, or $late, is in it"
  runbook forget-redis
  TENON_DATABASE_URL=mysql://root@127.0.0.1:$target/tenon serve mariadb-recovered
  check_service "$work/after-mariadb-recovery"
  stop_tenon

  say "a dump of a server at rest, in a fresh server, row by row"
  runbook mariadb-dump
  mariadb -h 127.0.0.1 -P "$target" -u root -e 'DROP DATABASE tenon'
  SERVER="--host=127.0.0.1 --port=$target --user=root" runbook mariadb-restore
  mariadb_contents "$source" >"$work/source"
  mariadb_contents "$target" >"$work/target"
  diff "$work/source" "$work/target" || fail "the restored database differs"
  say "$(($(grep -c . "$work/source") / 2)) tables are equal"
  unset TENON_REDIS_URL TENON_DATABASE_URL
}
