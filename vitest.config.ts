import { defineConfig } from 'vitest/config'

/** One project per kind of test; `npx vitest --project unit` runs one of them. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{core,operator,worker,gateway,client,simulator,local,cli,demo}/**/*.test.ts'],
          exclude: ['**/node_modules/**'],
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/**/*.test.ts'],
          globalSetup: ['test/shared-postgres.ts'],
          exclude: ['**/node_modules/**'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // One more than CI has cores: most of this waits, for leases to expire and for processes to start.
          maxWorkers: 3,
        },
      },
    ],
  },
})
