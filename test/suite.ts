/** Runs a suite of Vitest and counts its cases. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'

export interface Counts {
  passed: number
  failed: number
  skipped: number
  /** What failed, and what it said: a few lines each. */
  failures?: string[]
}

interface Report {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numFailedTestSuites: number
  testResults: {
    name: string
    status: string
    message: string
    assertionResults: { fullName: string; status: string; failureMessages: string[] }[]
  }[]
}

/** Of the projects in vitest.config.ts, those that need no more than a clone. */
export const EVERYWHERE = ['unit', 'integration', 'alone'].flatMap((name) => ['--project', name])

const LINES_OF_A_FAILURE = 12

export const root = join(import.meta.dirname, '..')

/** @param environment added to this process's own */
export function runSuite(args: string[], environment: Record<string, string> = {}): Counts {
  const folder = mkdtempSync(join(tmpdir(), 'berth-test-'))
  const file = join(folder, 'report.json')
  const { status } = spawnSync(
    join(root, 'node_modules/.bin/vitest'),
    ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`, ...args],
    { cwd: root, stdio: 'inherit', env: { ...process.env, ...environment } },
  )
  let report: Report = {
    ...{ numPassedTests: 0, numFailedTests: 1, numPendingTests: 0, numFailedTestSuites: 0 },
    testResults: [],
  }
  try {
    report = JSON.parse(readFileSync(file, 'utf8')) as Report
  } catch (error) {
    console.error(`Vitest left no report: ${error}`)
  }
  rmSync(folder, { recursive: true, force: true })
  // A file that fails to load has no failed test of its own: count it as one.
  const failed = status && !report.numFailedTests ? Math.max(1, report.numFailedTestSuites) : report.numFailedTests
  return { passed: report.numPassedTests, failed, skipped: report.numPendingTests, failures: failuresOf(report) }
}

/** Each test that failed, and each file that could not be run. */
const failuresOf = ({ testResults }: Report): string[] =>
  testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(root, name)
    const failed = assertionResults.filter((one) => one.status === 'failed')
    if (status === 'failed' && failed.length === 0) return [`${file}: ${beginningOf(message)}`]
    return failed.map(
      ({ fullName, failureMessages }) => `${file}: ${fullName}\n${beginningOf(failureMessages.join('\n'))}`,
    )
  })

const beginningOf = (message: string): string => message.split('\n').slice(0, LINES_OF_A_FAILURE).join('\n')

/** Adds them up, tells again what failed, prints the last line, and sets the exit code. */
export function conclude(parts: Counts[]): void {
  const sum = (count: 'passed' | 'failed' | 'skipped') => parts.reduce((total, part) => total + part[count], 0)
  const [passed, failed, skipped] = [sum('passed'), sum('failed'), sum('skipped')]
  const failures = parts.flatMap((part) => part.failures ?? [])
  for (const failure of failures) console.log(`✗ ${failure}`)
  console.log(`${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`)
  process.exitCode = failed ? 1 : 0
  const file = process.env[COUNTS_FILE]
  if (file) writeFileSync(file, JSON.stringify({ passed, failed, skipped, failures } satisfies Counts))
}

/** Names the file where `conclude` leaves the counts for whoever has started this process. */
const COUNTS_FILE = 'BERTH_TEST_COUNTS'

/** Calls `run` with an environment for a process that ends with `conclude`; answers what that one counted. */
export async function countsOf(run: (environment: Record<string, string>) => Promise<unknown>): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-counts-'))
  const file = join(folder, 'counts.json')
  try {
    await run({ [COUNTS_FILE]: file })
    return JSON.parse(readFileSync(file, 'utf8')) as Counts
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
