/** One Postgres for all integration tests of a run; each test file gets databases of its own. */
export { shareTestPostgres as default } from '@berth/local/postgres/testing.ts'
