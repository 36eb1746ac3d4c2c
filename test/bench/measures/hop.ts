/** What the gateway adds to a read: the same question asked of the worker itself and through the gateway. */
import { type Spread, spread } from '../../chaos/figures.ts'
import { Gateway } from '../gateway.ts'
import { openLoop, type Rate } from '../open-loop.ts'
import { WorkerSide } from '../sides/worker.ts'
import { type Stage, TOKEN } from '../stage.ts'

export interface Hop {
  way: string
  perSecond: number
  /** Milliseconds, from the time that the request was due. */
  latency: Spread
}

const SESSION = 'unlinked'

export async function hop(stage: Stage, rate: Rate): Promise<Hop[]> {
  const worker = await WorkerSide.start(stage)
  const sessionId = await worker.place(SESSION)
  await worker.qr(sessionId)
  const gateway = await Gateway.start(stage, worker.tenantId)
  const { url, apiKey } = gateway
  const ways = [
    { way: 'worker: its code to scan', url: `${worker.address}/sessions/${sessionId}/qr`, token: TOKEN },
    { way: 'gateway: the same, proxied', url: `${url}/v1/sessions/${SESSION}/qr`, token: apiKey },
    { way: 'gateway: a session, from Postgres', url: `${url}/v1/sessions/${SESSION}`, token: apiKey },
  ]
  const measured: Hop[] = []
  for (const { way, url: target, token } of ways) {
    const headers = { authorization: `Bearer ${token}`, accept: 'application/json' }
    const ask = async () => {
      const response = await fetch(target, { headers })
      if (response.status !== 200) throw new Error(`${way}: ${response.status} ${await response.text()}`)
      await response.arrayBuffer()
    }
    for (let i = 0; i < 2 * rate.perSecond; i++) await ask() // so that code and connections are warm
    const latencies = await openLoop(rate, async (_, dueAt) => {
      await ask()
      return performance.now() - dueAt
    })
    measured.push({ way, perSecond: rate.perSecond, latency: spread(latencies)! })
  }
  await gateway.stop()
  await worker.stop()
  return measured
}
