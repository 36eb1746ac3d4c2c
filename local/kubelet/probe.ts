/** Asks a container's process over HTTP, again and again, how it is. */
import http from 'node:http'
import type { Container, Probe } from '@berth/core/model/builtin.ts'
import { HOST_IP } from './status.ts'

/** Instead of a whole period, which would only make every start longer. */
const EAGER_PERIOD_MS = 100

export interface Probing {
  stop(): void
}

export interface ProbeHandlers {
  /** A good answer. */
  onSuccess(): void
  /** A bad answer that makes `failureThreshold` or more of them in a row. */
  onFailure(problem: string): void
  /** Ask often until the first good answer, and count no bad ones before it. */
  eager?: boolean
}

export function startProbe(probe: Probe, container: Container, httpPort: number, handlers: ProbeHandlers): Probing {
  const periodMs = (probe.periodSeconds ?? 10) * 1000
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000
  const url = `http://${HOST_IP}:${portOf(probe, container, httpPort)}${probe.httpGet.path}`
  let eager = handlers.eager ?? false
  let failures = 0
  let stopped = false
  const ask = async (): Promise<void> => {
    const problem = await get(url, timeoutMs)
    if (stopped) return
    if (problem === undefined) {
      eager = false
      failures = 0
      handlers.onSuccess()
    } else if (!eager) {
      failures += 1
      if (failures >= (probe.failureThreshold ?? 3)) handlers.onFailure(problem)
    }
    if (!stopped) timer = setTimeout(ask, eager ? Math.min(periodMs, EAGER_PERIOD_MS) : periodMs)
  }
  let timer = setTimeout(ask, (probe.initialDelaySeconds ?? 0) * 1000)
  return {
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}

/** The port named http is the one that the process was given; a number is taken as it is. */
function portOf({ httpGet: { port } }: Probe, container: Container, httpPort: number): number {
  const declared = container.ports?.find(({ name, containerPort }) => name === port || containerPort === port)
  return declared || typeof port === 'string' ? httpPort : port
}

/** Why the answer is a bad one; undefined: it is good. A new connection each time, as a sick process may hold old ones. */
function get(url: string, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const request = http.get(url, { agent: false, signal: AbortSignal.timeout(timeoutMs) }, (response) => {
      response.resume()
      const { statusCode = 0 } = response
      resolve(statusCode >= 200 && statusCode < 400 ? undefined : `HTTP probe failed with statuscode: ${statusCode}`)
    })
    request.on('error', (error) =>
      resolve(
        error.name === 'AbortError' || error.name === 'TimeoutError'
          ? `no answer within ${timeoutMs} ms`
          : error.message,
      ),
    )
  })
}
