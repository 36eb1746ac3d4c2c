/** `workers drain`: empties a worker, and tells how it goes. */
import type { KubeClient } from '@berth/core/kube/client.ts'
import { SessionKind, WorkerKind } from '@berth/core/model/kind.ts'
import { type Call, defineCommand, type Options } from '../command.ts'
import { DrainProgress } from '../drain-progress.ts'
import { CliError } from '../error.ts'
import { findWorker } from '../find.ts'
import { follow } from '../follow.ts'
import { interruptionSignal } from '../interruption.ts'
import { MANAGER } from '../manager.ts'
import { PROGRAM } from '../program.ts'
import { onlyArgument, secondsOf } from '../target.ts'
import { asJson } from '../terminal.ts'

const DEFAULT_TIMEOUT_S = 300

const options = {
  'no-wait': { type: 'boolean', about: 'only tell the operator; it goes on by itself' },
  timeout: { type: 'string', value: 'SECONDS', about: `how long to watch it (${DEFAULT_TIMEOUT_S})` },
} as const satisfies Options

export const workersDrain = defineCommand({
  name: 'workers drain',
  arguments: 'NAME',
  summary: 'move all sessions of a worker elsewhere, and tell where each went',
  details: `The sessions move one by one, each with a gap of about a second. The worker stays, takes nothing, and can be given
back with workers uncordon; delete worker NAME drains and removes it. When this command ends early, the drain goes on.`,
  examples: [
    ['workers drain pro-7fktc', 'until it is empty'],
    ['workers drain pro-7fktc --no-wait', 'without watching'],
  ],
  options,
  async run(call) {
    const { args, values, terminal } = call
    const name = onlyArgument(args, 'worker', 'workers drain')
    const timeoutMs = secondsOf(values.timeout, DEFAULT_TIMEOUT_S, 'workers drain') * 1000
    const client = await call.cluster()
    await findWorker(client, name)
    const patch = { spec: { desiredState: 'Drained' } }
    const worker = await client.mergePatch(WorkerKind, name, patch, { manager: MANAGER })
    const progress = new DrainProgress(worker)
    if (!values['no-wait']) {
      terminal.note(`worker/${name} is being drained; Ctrl-C stops watching, not the drain`)
      await watch(call, client, name, progress, timeoutMs)
    }
    const { moves, remaining, isDone } = progress
    if (values.json) terminal.print(asJson({ worker: name, drained: isDone, moves, remaining }))
    else if (isDone) terminal.print(`worker/${name} is empty; moved: ${moves.length}`)
    else if (values['no-wait']) terminal.print(`worker/${name} is being drained`)
    if (!isDone && !values['no-wait']) throw unfinished(name, progress, timeoutMs)
  },
})

/** Until it is done or the time is over. */
async function watch(
  { values, terminal }: Call<typeof options>,
  client: KubeClient,
  name: string,
  progress: DrainProgress,
  timeoutMs: number,
): Promise<void> {
  const interruption = interruptionSignal()
  const done = new AbortController()
  const signal = AbortSignal.any([interruption, done.signal, AbortSignal.timeout(timeoutMs)])
  const tell = (line: string | undefined) => {
    if (line && values.json) terminal.note(line)
    else if (line) terminal.print(line)
  }

  let hasSessions = false
  const endWhenDone = () => {
    if (hasSessions && progress.isDone) done.abort()
  }
  const sessions = async () => {
    for await (const change of follow(client, SessionKind, {}, signal)) {
      if (change.type === 'LISTED') for (const line of progress.takeAll(change.objects)) tell(line)
      else tell(progress.take(change.object, change.type === 'DELETED'))
      hasSessions = true
      endWhenDone()
    }
  }
  const worker = async () => {
    for await (const change of follow(client, WorkerKind, { fieldSelector: `metadata.name=${name}` }, signal)) {
      if (change.type === 'LISTED') progress.see(change.objects[0])
      else progress.see(change.type === 'DELETED' ? undefined : change.object)
      endWhenDone()
    }
  }
  try {
    await Promise.all([sessions(), worker()])
  } finally {
    // The one must not go on when the other has failed.
    done.abort()
  }
  interruption.throwIfAborted()
}

function unfinished(name: string, { remaining }: DrainProgress, timeoutMs: number): CliError {
  const lines = remaining.map(({ session, reason, message }) => `\n  ${session}: ${reason}. ${message}`)
  const what = remaining.length > 0 ? `These are still there:${lines.join('')}` : 'The operator has not taken it up.'
  const next = `The drain goes on. See ${PROGRAM} doctor, or give it up: ${PROGRAM} workers uncordon ${name}`
  return new CliError(`worker/${name} is not empty after ${timeoutMs / 1000} s. ${what}\n${next}`)
}
