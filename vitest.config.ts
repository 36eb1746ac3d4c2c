import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** What takes longest starts first, so that no long file is left alone in the end. */
const LONG = [
  'bench/bench',
  'chaos/chaos',
  'local/compose',
  'crash/matrix',
  'worker/connection',
  'operator/failover',
  'crash/outage',
  'spec/spec',
  'e2e/main-job',
  'operator/placement',
  'operator/leader',
  'operator/deposed',
  'cli/installation',
  'cli/sessions',
]

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => LONG.findIndex((name) => moduleId.includes(`test/${name}.`))
    const isLong = (file: TestSpecification) => place(file) >= 0
    const long = files.filter(isLong).sort((a, b) => place(a) - place(b))
    return [...long, ...(await super.sort(files.filter((file) => !isLong(file))))]
  }
}

/**
 * Files that change nothing of the process they run in, so that one process runs several of them and loads what they test
 * once. Baileys' corrections change libsignal and the certificates that are trusted: what loads them has a process a file.
 */
const SHARED = [
  ...['cli', 'gateway', 'kube', 'kube-client', 'postgres'].map((name) => `test/${name}/**/*.test.ts`),
  'test/operator/!(crash).test.ts', // which runs dozens of operators at once
]
const BAILEYS = ['simulator/**/*.test.ts', 'worker/drivers/**/*.test.ts']

/**
 * Twice as many as CI has cores: most of this waits, for leases to expire and for processes to start. Projects that share the
 * number run side by side, else one after the other.
 */
const TESTED_AT_ONCE = 4

/** Limits for what never comes; on a machine with thirty times as much to do as it can, the rest comes late. */
const PATIENCE = {
  testTimeout: 180_000,
  hookTimeout: 180_000,
  expect: { poll: { timeout: 60_000, interval: 50 } },
}

/** One project per kind of test; `npx vitest --project unit` runs one of them. */
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{core,operator,worker,gateway,client,local,cli,cluster,images,demo}/**/*.test.ts'],
          exclude: ['**/node_modules/**', ...BAILEYS],
          isolate: false,
          ...PATIENCE,
          maxWorkers: TESTED_AT_ONCE,
        },
      },
      {
        test: {
          name: 'integration',
          include: SHARED,
          globalSetup: ['test/shared-postgres.ts'],
          isolate: false,
          ...PATIENCE,
          maxWorkers: TESTED_AT_ONCE,
          // Of one file: they wait for one another's operators, nodes and leases, and compute little.
          maxConcurrency: 12,
        },
      },
      {
        // As unit and integration, with a process for each file.
        test: {
          name: 'alone',
          include: [...BAILEYS, 'test/**/*.test.ts'],
          globalSetup: ['test/shared-postgres.ts'],
          exclude: ['**/node_modules/**', ...SHARED],
          ...PATIENCE,
          maxWorkers: TESTED_AT_ONCE,
          maxConcurrency: 12,
        },
      },
      {
        // The Helm chart: needs Helm, kubectl, etcd and a kube-apiserver, which are built when they are missing.
        test: {
          name: 'chart',
          include: ['test/chart/**/*.chart-test.ts'],
          testTimeout: 120_000,
          hookTimeout: 900_000,
          maxWorkers: 2,
        },
      },
      {
        // The container images, which are built when they are not up to date. Needs root and runc.
        test: {
          name: 'images',
          include: ['images/**/*.image-test.ts'],
          testTimeout: 120_000,
          hookTimeout: 900_000,
          maxWorkers: 2,
        },
      },
      {
        // Files in an object store: a real S3-compatible server, which is built when it is missing. Needs Go.
        test: {
          name: 'media',
          include: ['test/media/**/*.media-test.ts'],
          testTimeout: 120_000,
          hookTimeout: 900_000,
        },
      },
      {
        test: {
          name: 'cluster',
          include: ['cluster/**/*.cluster-test.ts'],
          exclude: ['**/node_modules/**'],
          // A cluster may have to be built, and is made more than once.
          testTimeout: 300_000,
          hookTimeout: 1_500_000,
          maxWorkers: 1,
        },
      },
    ],
  },
})
