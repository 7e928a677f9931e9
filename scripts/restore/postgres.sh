# The part `postgres`: a dump, and the write-ahead log up to a moment.
# Sourced by scripts/test-restore, which sets what is not set here.
# shellcheck shell=bash disable=SC2154

# Rows and a checksum of each table.
postgres_contents() {
  local table
  for table in $(psql -h 127.0.0.1 -p "$1" -U postgres -d tenon -Atc \
    "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables
     WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1"); do
    psql -h 127.0.0.1 -p "$1" -U postgres -d tenon -Atc \
      "SELECT '$table', count(*), md5(coalesce(string_agg(row, '|' ORDER BY row), ''))
       FROM (SELECT t::text AS row FROM $table t) rows"
  done
  psql -h 127.0.0.1 -p "$1" -U postgres -d tenon -Atc "SELECT schemaname, sequencename, last_value FROM pg_sequences ORDER BY 1, 2"
}

postgres() {
  local source target moment
  source=$(free_port)
  export BACKUPS=$work/postgres-backups ARCHIVE=$work/archive PGHOST=127.0.0.1 PGPORT=$source PGUSER=postgres
  mkdir -p "$BACKUPS" "$ARCHIVE"
  if [ "$(id -u)" -eq 0 ]; then chown postgres "$ARCHIVE"; fi
  start_postgres "$source" -c archive_mode=on "-c archive_command='cp %p $ARCHIVE/%f'"
  createuser tenon
  createdb --owner=tenon tenon
  export TENON_DATABASE_URL=postgres://tenon@127.0.0.1:$source/tenon
  "$bin/tenon" migrate up >/dev/null
  serve postgres
  register

  start_writers postgres
  mkdir -p "$work/after-dump" "$work/after-recovery"
  cp "$ledger" "$work/after-dump/ledger"
  runbook postgres-dump
  runbook postgres-base
  stop_writers
  cp "$ledger" "$work/after-recovery/ledger"
  sleep 1
  moment=$(psql -d tenon -Atc 'SELECT clock_timestamp()')
  sleep 1
  local late
  late=$(create_task "Too late")
  psql -q -d tenon -c "UPDATE tasks SET title = 'A mistake'"
  local segment
  segment=$(psql -d tenon -Atc 'SELECT pg_walfile_name(pg_switch_wal())')
  stop_tenon

  say "a dump taken under load, in a fresh server"
  target=$(free_port)
  start_postgres "$target"
  PGPORT=$target runbook postgres-restore
  TENON_DATABASE_URL=postgres://tenon@127.0.0.1:$target/tenon serve postgres-restored
  check_service "$work/after-dump"
  stop_tenon

  say "a dump of a server at rest, in a fresh server, row by row"
  runbook postgres-dump
  target=$(free_port)
  start_postgres "$target"
  PGPORT=$target runbook postgres-restore
  postgres_contents "$source" >"$work/source"
  postgres_contents "$target" >"$work/target"
  diff "$work/source" "$work/target" || fail "the restored database differs"
  say "$(grep -c . "$work/source") tables and sequences are equal, $(awk -F '|' 'NF == 3 { rows += $2 } END { print rows }' "$work/source") rows"

  say "the moment before a mistake"
  await "the archive" test -f "$ARCHIVE/$segment"
  stop_postgres "$work/postgres-$source" fast
  target=$(free_port)
  export NEW=$work/postgres-$target MOMENT=$moment
  mkdir -m 700 "$NEW"
  runbook postgres-recover
  if [ "$(id -u)" -eq 0 ]; then chown -R postgres "$NEW"; fi
  run_postgres "$NEW" "$target" || fail "$(tail -n 5 "$NEW/log")"
  await "the end of recovery" recovered "$target"
  [ "$(psql -p "$target" -d tenon -Atc "SELECT count(*) FROM tasks WHERE title = 'A mistake'")" -eq 0 ] ||
    fail "the mistake is in it"
  [ "$(psql -p "$target" -d tenon -Atc "SELECT count(*) FROM tasks WHERE id = '$late'")" -eq 0 ] ||
    fail "what came after is in it"
  TENON_DATABASE_URL=postgres://tenon@127.0.0.1:$target/tenon serve postgres-recovered
  check_service "$work/after-recovery"
  stop_tenon
  unset PGHOST PGPORT PGUSER
}

recovered() { [ "$(psql -p "$1" -d tenon -Atc 'SELECT pg_is_in_recovery()')" = f ]; }
