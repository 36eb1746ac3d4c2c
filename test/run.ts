/** `npm test`: the checks, then every test. The last line counts the cases of both. */
import { runChecks } from './check.ts'
import { conclude, EVERYWHERE, runSuite } from './suite.ts'

conclude([await runChecks(), runSuite([...EVERYWHERE, ...process.argv.slice(2)])])
