/** Ctrl-C as a signal, for commands that have something to tidy up or to say before they end. */
import { CliError } from './error.ts'

export class Interrupted extends CliError {
  override name = 'Interrupted'
}

/** What a shell reports for a program that Ctrl-C ended. */
export const INTERRUPTED = 130

let interruption: AbortController | undefined

/** Aborted, with an Interrupted, by Ctrl-C or SIGTERM; until this is called they end the process at once. */
export function interruptionSignal(): AbortSignal {
  if (!interruption) {
    const controller = new AbortController()
    const abort = () => controller.abort(new Interrupted('Interrupted.'))
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, abort)
    interruption = controller
  }
  return interruption.signal
}
