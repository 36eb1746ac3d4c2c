/** The command line: `npm run berth -- COMMAND …`. */
import { enableCompileCache } from 'node:module'
import { processTerminal } from './terminal.ts'

// Halves the time to start. What is imported before this line is not cached.
enableCompileCache()
const { commands } = await import('./commands.ts')
const { run } = await import('./run.ts')

const { env } = process

// Whoever reads our output has seen enough (`| head`).
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

/** npm changes to the folder of the package; file names are meant from where the person is. */
const folder = (env.npm_lifecycle_event === 'berth' && env.INIT_CWD) || process.cwd()

process.exitCode = await run(process.argv.slice(2), { commands, terminal: processTerminal, env, folder })
