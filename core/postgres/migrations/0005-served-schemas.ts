/**
 * Which processes may run on this schema: those of the oldest schema named here, and newer ones. The migrations of a release
 * say it (migrate.ts), as the processes of the release before can't know it.
 */
export const servedSchemas = /* sql */ `
CREATE TABLE berth_migration.served (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  oldest text NOT NULL
);
`
