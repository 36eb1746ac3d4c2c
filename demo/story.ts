/** The demo's chapters: what is broken, in which order, and what a person should look for. Pure. */
import type { FaultName } from '@berth/test/chaos/faults/all.ts'

export interface Chapter {
  fault: FaultName
  title: string
  /** What happens now, and what to look for. */
  text: string
}

export const CHAPTERS: Chapter[] = [
  {
    fault: 'kill',
    title: 'A worker process is killed (SIGKILL)',
    text: 'Its sessions are off line until it runs again, takes its own sessions back and logs in. Nobody scans a code.',
  },
  {
    fault: 'operator',
    title: 'The operator is killed',
    text: 'For some seconds nobody places sessions. Those that are placed go on: no connection breaks.',
  },
  {
    fault: 'gateway',
    title: 'The gateway is killed',
    text: "Customers' programs get no answer and repeat their calls under the same Idempotency-Key. No message goes out twice.",
  },
  {
    fault: 'postgres',
    title: 'Postgres is stopped',
    text: 'Workers freeze: no receipt, no send, but every connection to WhatsApp stays open. Then they go on where they were.',
  },
  {
    fault: 'drain',
    title: 'A worker is drained, as for maintenance (kubectl delete worker)',
    text: 'Its sessions move to another worker one by one; each is off line for a moment only.',
  },
]
