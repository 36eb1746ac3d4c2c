import { expect, test } from 'vitest'
import { createLogger } from './log.ts'
import { inTrace, traceOf } from './trace.ts'

test('a line carries the ids of the request that it is written for, and only then', () => {
  const lines: object[] = []
  const log = createLogger('test', { write: (line) => void lines.push(JSON.parse(line)) })
  log.info({ size: 1 }, 'nobody asked')
  inTrace(traceOf({ 'x-request-id': 'order-7' }), () => log.info({ size: 2 }, 'somebody asked'))
  expect(lines).toEqual([
    { component: 'test', level: 'info', time: expect.any(String), size: 1, msg: 'nobody asked' },
    expect.objectContaining({ size: 2, requestId: 'order-7', traceId: expect.stringMatching(/^[0-9a-f]{32}$/) }),
  ])
})
