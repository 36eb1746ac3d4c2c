/** The process in which the lines are: what flows through them must not wait while the harness counts. */
import { KubernetesLine } from './kubernetes-line.ts'
import type { Command, Target } from './lines.ts'
import { TcpLine } from './tcp-line.ts'

const open: Partial<{ postgres: TcpLine; whatsapp: TcpLine; kubernetes: KubernetesLine }> = {}

async function lay(target: Target): Promise<number> {
  if (target.line === 'kubernetes') {
    open.kubernetes = await KubernetesLine.to(target)
    return open.kubernetes.port
  }
  const line = await TcpLine.to(target)
  open[target.line] = line
  return line.port
}

/** Answers the port of a new line. */
async function obey(command: Command): Promise<number | undefined> {
  switch (command.do) {
    case 'lay':
      return lay(command.target)
    case 'hang':
      return void open[command.line]?.hang(command.whose ?? 'all')
    case 'refuse':
      return void open[command.line]?.refuse()
    case 'delayWatches':
      return void open.kubernetes?.delayWatches(command.ms)
    case 'mend':
      return void open[command.line]?.mend()
  }
}

process.on('message', (command: Command) => {
  void obey(command).then((port) => process.send!({ port }))
})
process.on('disconnect', () => process.exit())
// Ctrl-C reaches the harness first, which needs the lines until all is stopped.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
