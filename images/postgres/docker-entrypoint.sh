#!/bin/bash
# As the official image's: makes the database on the first start, then becomes Postgres. Honours POSTGRES_PASSWORD,
# POSTGRES_USER, POSTGRES_DB and PGDATA; runs no scripts, and never as root.
set -euo pipefail

if [ "${1:-}" != postgres ]; then
  exec "$@"
fi
: "${PGDATA:?}"
user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  if [ -z "${POSTGRES_PASSWORD:-}" ]; then
    echo 'Error: the database has no password yet. Set POSTGRES_PASSWORD.' >&2
    exit 1
  fi
  # Under another name first: a start that is cut off leaves nothing that looks like a database.
  new=$PGDATA/new
  rm -rf "$new"
  mkdir -p "$PGDATA"
  initdb --pgdata="$new" --username="$user" --auth=scram-sha-256 --encoding=UTF8 --locale=C --no-instructions \
    --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD")
  echo 'host all all all scram-sha-256' >> "$new/pg_hba.conf"
  if [ "$database" != postgres ]; then
    echo "CREATE DATABASE \"$database\"" | postgres --single -D "$new" postgres
  fi
  for file in "$new"/*; do
    name=$(basename "$file")
    [ "$name" != PG_VERSION ] || continue
    rm -rf "${PGDATA:?}/$name"
    mv "$file" "$PGDATA/"
  done
  chmod 700 "$PGDATA" 2> /dev/null || true
  mv "$new/PG_VERSION" "$PGDATA/"
  rmdir "$new"
fi

exec "$@" -c listen_addresses='*' -c unix_socket_directories=/var/run/postgresql
