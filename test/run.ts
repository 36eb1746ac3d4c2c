/** `npm test`: the checks, then every test. The last line counts the cases of both. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checks, runChecks } from './check.ts'

interface Report {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numFailedTestSuites: number
}

const root = join(import.meta.dirname, '..')
const failedChecks = await runChecks()

const folder = mkdtempSync(join(tmpdir(), 'berth-test-'))
const file = join(folder, 'report.json')
const { status } = spawnSync(
  join(root, 'node_modules/.bin/vitest'),
  ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`, ...process.argv.slice(2)],
  { cwd: root, stdio: 'inherit' },
)
let report: Report = { numPassedTests: 0, numFailedTests: 1, numPendingTests: 0, numFailedTestSuites: 0 }
try {
  report = JSON.parse(readFileSync(file, 'utf8')) as Report
} catch (error) {
  console.error(`Vitest left no report: ${error}`)
}
rmSync(folder, { recursive: true, force: true })

// A file that fails to load has no failed test of its own: count it as one.
const failedTests = status && !report.numFailedTests ? Math.max(1, report.numFailedTestSuites) : report.numFailedTests
const passed = checks.length - failedChecks + report.numPassedTests
const failed = failedChecks + failedTests
console.log(`${passed} passed, ${failed} failed${report.numPendingTests ? `, ${report.numPendingTests} skipped` : ''}`)
process.exitCode = failed ? 1 : 0
