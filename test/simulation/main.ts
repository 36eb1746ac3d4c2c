/** `npm run sim`: plays seeds, and shows the shortest history that goes wrong. */
import { replaceGlobals } from './globals.ts'

replaceGlobals()
// What is simulated must not be loaded before.
const { main } = await import('./cli.ts')
process.exitCode = await main(process.argv.slice(2))
