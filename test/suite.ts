/** Runs a suite of Vitest and counts its cases. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Counts {
  passed: number
  failed: number
  skipped: number
}

interface Report {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numFailedTestSuites: number
}

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
  let report: Report = { numPassedTests: 0, numFailedTests: 1, numPendingTests: 0, numFailedTestSuites: 0 }
  try {
    report = JSON.parse(readFileSync(file, 'utf8')) as Report
  } catch (error) {
    console.error(`Vitest left no report: ${error}`)
  }
  rmSync(folder, { recursive: true, force: true })
  // A file that fails to load has no failed test of its own: count it as one.
  const failed = status && !report.numFailedTests ? Math.max(1, report.numFailedTestSuites) : report.numFailedTests
  return { passed: report.numPassedTests, failed, skipped: report.numPendingTests }
}

/** Adds them up, prints the last line, and sets the exit code. */
export function conclude(parts: Counts[]): void {
  const sum = (count: keyof Counts) => parts.reduce((total, part) => total + part[count], 0)
  const skipped = sum('skipped')
  console.log(`${sum('passed')} passed, ${sum('failed')} failed${skipped ? `, ${skipped} skipped` : ''}`)
  process.exitCode = sum('failed') ? 1 : 0
}
