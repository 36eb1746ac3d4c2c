/** `npm run check`: style, types, dead code, generated files, import rules. Each check is one case. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { type Counts, root } from './suite.ts'

const bin = (name: string): string => join(root, 'node_modules/.bin', name)

const checks = [
  { name: 'style and import rules (Biome)', command: [bin('biome'), 'check', '--error-on-warnings', '.'] },
  { name: 'types (tsc)', command: [bin('tsc'), '-p', '.'] },
  { name: 'dead code and dependencies (knip)', command: [bin('knip'), '--no-progress'] },
  { name: 'generated files', command: [process.execPath, 'test/generate.ts', '--check'] },
]

/** Runs one command; answers its output when it failed. */
function failure([program, ...args]: string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(program!, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.on('data', (data) => (output += data))
    child.stderr.on('data', (data) => (output += data))
    child.on('error', (error) => resolve(String(error)))
    child.on('close', (code) => resolve(code === 0 ? undefined : output))
  })
}

/** Runs all checks and prints a line for each. */
export async function runChecks(): Promise<Counts> {
  const outcomes = await Promise.all(
    checks.map(async ({ name, command }) => {
      const output = await failure(command)
      console.log(`${output === undefined ? 'ok    ' : 'FAILED'} ${name}`)
      if (output !== undefined) console.log(output)
      return output === undefined ? [] : [`${name}: npm run check`]
    }),
  )
  const failures = outcomes.flat()
  return { passed: checks.length - failures.length, failed: failures.length, skipped: 0, failures }
}

if (import.meta.main) process.exitCode = (await runChecks()).failed ? 1 : 0
