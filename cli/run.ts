/** Runs one command line and answers the exit code: 0 all went well, 1 something failed, 2 not understood. */
import type { KubeClient } from '@berth/core/kube/client.ts'
import { isUnreachable } from '@berth/core/kube/error.ts'
import { parseCommandLine } from './arguments.ts'
import type { Call, Command } from './command.ts'
import { findDatabase, openCluster } from './connection.ts'
import { explain, UsageError } from './error.ts'
import { helpOn } from './help.ts'
import type { Terminal } from './terminal.ts'

export interface Surroundings {
  commands: Command[]
  terminal: Terminal
  env: Record<string, string | undefined>
  folder: string
}

export async function run(words: string[], { commands, terminal, env, folder }: Surroundings): Promise<0 | 1 | 2> {
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
  let cluster: Promise<KubeClient> | undefined
  try {
    const parsed = parseCommandLine(words, commands)
    if (parsed.action === 'help') {
      terminal.print(helpOn(parsed.topic, commands))
      return 0
    }
    const { command, values, args } = parsed
    const openedCluster = () => {
      cluster ??= openCluster(values, env)
      return cluster
    }
    const withKeys: Call['withKeys'] = async (work) => {
      const { withApiKeys } = await import('./api-keys.ts')
      return withApiKeys(await findDatabase(openedCluster, env), work)
    }
    await command.run({ values, args, terminal, folder, cluster: openedCluster, withKeys, report })
  } catch (error) {
    tell(error)
    if (error instanceof UsageError) return 2
  } finally {
    // What could not be opened has been reported.
    await cluster?.then((client) => client.close()).catch(() => {})
  }
  return hasFailed ? 1 : 0
}
