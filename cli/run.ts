/** Runs one command line and answers the exit code: 0 all went well, 1 something failed, 2 not understood, 130 Ctrl-C. */
import { isUnreachable } from '@berth/core/kube/error.ts'
import { parseCommandLine } from './arguments.ts'
import type { Command } from './command.ts'
import { explain, UsageError } from './error.ts'
import { helpOn } from './help.ts'
import { type Installation, openInstallation, type Whereabouts } from './installation.ts'
import { INTERRUPTED, Interrupted } from './interruption.ts'
import type { Terminal } from './terminal.ts'

export interface Surroundings {
  commands: Command[]
  terminal: Terminal
  env: Record<string, string | undefined>
  folder: string
}

export async function run(
  words: string[],
  { commands, terminal, env, folder }: Surroundings,
): Promise<0 | 1 | 2 | typeof INTERRUPTED> {
  let hasFailed = false
  const tell = (error: unknown) => {
    hasFailed = true
    terminal.note(`Error: ${explain(error)}`)
  }
  const report = (error: unknown) => {
    // The next thing would fail in the same way.
    if (isUnreachable(error)) throw error
    tell(error)
  }
  let installation: Installation | undefined
  try {
    const parsed = parseCommandLine(words, commands)
    if (parsed.action === 'help') {
      terminal.print(helpOn(parsed.topic, commands))
      return 0
    }
    const { command, values, args } = parsed
    // Every command has a part of these options, each of them a text.
    installation = openInstallation(values as Whereabouts, env)
    await command.run({ ...installation, values, args, terminal, folder, report })
  } catch (error) {
    if (error instanceof Interrupted) {
      terminal.note(error.message)
      return INTERRUPTED
    }
    tell(error)
    if (error instanceof UsageError) return 2
  } finally {
    await installation?.close()
  }
  return hasFailed ? 1 : 0
}
