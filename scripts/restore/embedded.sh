# The part `embedded`: what `tenon backup` and `tenon restore` do.
# Sourced by scripts/test-restore, which sets what is not set here.
# shellcheck shell=bash disable=SC2154

embedded() {
  unset TENON_DATABASE_URL
  export BACKUPS=$work/embedded-backups
  mkdir -p "$BACKUPS" "$work/after-backup"
  serve embedded
  register
  start_writers embedded
  cp "$ledger" "$work/after-backup/ledger"
  TENON_DATA_DIR=$work/embedded runbook embedded-backup
  stop_writers
  stop_tenon
  runbook embedded-verify
  TENON_DATA_DIR=$work/embedded-restored runbook embedded-restore
  serve embedded-restored
  check_service "$work/after-backup"
  stop_tenon
}
