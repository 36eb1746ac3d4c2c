/** The caller hangs up: nobody waits for the answer any more. */
import type { ServerResponse } from 'node:http'

/** Fastify's own signal is none for calls with a body: to it, a request is over when that was read. */
export function goneSignal({ raw }: { raw: ServerResponse }): AbortSignal {
  const gone = new AbortController()
  raw.once('close', () => gone.abort())
  return gone.signal
}
