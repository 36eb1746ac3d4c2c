/** `npm test`: the checks, then every test. The last line counts the cases of both. */
import { checks, runChecks } from './check.ts'
import { conclude, runSuite } from './suite.ts'

const failed = await runChecks()
conclude([
  { passed: checks.length - failed, failed, skipped: 0 },
  runSuite(['--project', 'unit', '--project', 'integration', ...process.argv.slice(2)]),
])
