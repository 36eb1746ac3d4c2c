/** Ctrl-C of a harness: the first one asks it to stop and tidy up, the next one ends it as it is. */

/** What a shell reports for a program that Ctrl-C ended. */
const INTERRUPTED = 130
/** One Ctrl-C reaches us from the terminal, and once more from npm. */
const ONE_PRESS_MS = 500

/** @param tell when it was asked to stop */
export function interruption(tell: () => void = () => {}): AbortSignal {
  const stopping = new AbortController()
  let stoppedAt: number | undefined
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (stoppedAt === undefined) {
        stoppedAt = performance.now()
        stopping.abort(new Error('Stopped before the end.'))
        tell()
      } else if (performance.now() - stoppedAt > ONE_PRESS_MS) process.exit(INTERRUPTED)
    })
  }
  return stopping.signal
}
