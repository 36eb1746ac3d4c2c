/** Sees to it that what a session sends is confirmed: the decision of send-probe.ts, carried out. */
import type { Logger } from '@berth/core/telemetry/log.ts'
import type { ConnectionReport, Driver } from '../drivers/driver.ts'
import type { Outbox } from '../outbox.ts'
import { FINE, probe } from '../send-probe.ts'

const DEGRADED = {
  state: 'Degraded',
  reason: 'SendsUnconfirmed',
  message:
    'WhatsApp confirms nothing of what is sent, though the connection stands: it is made anew. Nothing to do: nothing is lost.',
} as const

export class SendWatch {
  #memory = FINE
  #lookedAt = Number.NEGATIVE_INFINITY

  /** The driver's report, and whether it is the whole truth. */
  shown(report: ConnectionReport): ConnectionReport {
    return this.#memory.degraded && report.state === 'Connected' ? { ...report, ...DEGRADED } : report
  }

  /** Call now and then while there is a connection. True: what is shown may be another state now. */
  look(
    outbox: Pick<Outbox, 'unconfirmedSince' | 'confirmedAt' | 'size'>,
    driver: Pick<Driver, 'reconnect'>,
    log: Logger,
    now: number,
  ): boolean {
    const { unconfirmedSince, confirmedAt, size } = outbox
    const before = this.#memory
    const sight = { unconfirmedSince, open: size, confirmed: confirmedAt > this.#lookedAt }
    const { memory, restart } = probe(before, sight, now)
    this.#memory = memory
    this.#lookedAt = now
    if (restart) {
      log.warn({ restarts: memory.restarts }, 'nothing that is sent is confirmed: connecting anew')
      driver.reconnect?.()
    }
    return memory.degraded !== before.degraded
  }
}
