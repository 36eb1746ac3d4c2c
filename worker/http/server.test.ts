import { createLogger } from '@berth/core/telemetry/log.ts'
import { expect, test } from 'vitest'
import { createHttpServer } from './server.ts'

test("a call of the gateway is logged under the gateway's ids", async () => {
  const lines: object[] = []
  const app = createHttpServer({
    token: 'token-of-the-installation',
    find: () => undefined,
    wake: () => Promise.reject(new Error('there is no session')),
    notReady: () => undefined,
    log: createLogger('worker', { write: (line) => void lines.push(JSON.parse(line)) }),
  })
  const headers = {
    authorization: 'Bearer token-of-the-installation',
    'x-request-id': 'order-7',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  }
  const url = '/sessions/5f0c6a3e-8f0e-4d5e-9f6e-0b7f5d1f2a3b/wake'
  expect((await app.inject({ method: 'POST', url, headers, payload: {} })).statusCode).toBe(421)
  await app.close()
  const ids = { requestId: 'order-7', traceId: '0af7651916cd43dd8448eb211c80319c' }
  expect(lines).toEqual([
    expect.objectContaining({ ...ids, status: 421, sessionId: url.split('/')[2], msg: 'answered' }),
  ])
})
