import { expect, test } from 'vitest'
import { currentTrace, inTrace, traceHeaders, traceOf } from './trace.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'

test('a well-formed trace goes on under the same id, with a span of its own', () => {
  const headers = { traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: 'vendor=1', 'x-request-id': 'order-7' }
  const trace = traceOf(headers)
  expect(trace).toMatchObject({ requestId: 'order-7', traceId: TRACE, flags: '01', state: 'vendor=1' })
  expect(trace.spanId).toMatch(/^[0-9a-f]{16}$/)
  expect(trace.spanId).not.toBe(SPAN)
  expect(traceHeaders(trace)).toEqual({
    'x-request-id': 'order-7',
    traceparent: `00-${TRACE}-${trace.spanId}-01`,
    tracestate: 'vendor=1',
  })
})

test('a later version of the header is read as far as this one goes', () => {
  expect(traceOf({ traceparent: `01-${TRACE}-${SPAN}-01-more` }).traceId).toBe(TRACE)
})

test.each([
  undefined,
  '',
  TRACE,
  `00-${TRACE}-${SPAN}`,
  `00-${TRACE}-${SPAN}-01-more`,
  `ff-${TRACE}-${SPAN}-01`,
  `00-${'0'.repeat(32)}-${SPAN}-01`,
  `00-${TRACE}-${'0'.repeat(16)}-01`,
  `00-${TRACE.toUpperCase()}-${SPAN}-01`,
])('a trace that is not well-formed is replaced, and its state dropped: %s', (traceparent) => {
  const trace = traceOf({ traceparent, tracestate: 'vendor=1' })
  expect(trace.traceId).toMatch(/^[0-9a-f]{32}$/)
  expect(trace.traceId).not.toBe(TRACE)
  expect(trace).not.toHaveProperty('state')
})

test.each([undefined, '', 'a b', 'x\n', 'ü', 'x'.repeat(129)])(
  'a request id that can not stand in a log is replaced: %j',
  (given) => {
    expect(traceOf({ 'x-request-id': given }).requestId).toMatch(/^[0-9a-f-]{36}$/)
  },
)

test('work runs under its trace, and what it begins too', async () => {
  const trace = traceOf({ 'x-request-id': 'mine' })
  const later = inTrace(trace, async () => {
    await Promise.resolve()
    return currentTrace()
  })
  expect(currentTrace()).toBeUndefined()
  expect(await later).toBe(trace)
  expect(inTrace(trace, () => inTrace(undefined, currentTrace))).toBeUndefined()
})
