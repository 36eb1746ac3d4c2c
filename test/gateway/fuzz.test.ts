/**
 * Requests that are generated from the API document, against a gateway with a real database: whatever comes in, each answer
 * is one that the document describes, no answer is an error of ours, and none tells what is inside.
 */
import { type ApiDocument, operationsOf } from '@berth/gateway/openapi/document.ts'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { deviations } from './conform.ts'
import { type GeneratedRequest, requestOf } from './requests.ts'
import { type Answer, type TestTenant, World } from './world.ts'

/** Overall; some hundreds are enough to reach every operation in most of the ways that its parameters allow. */
const RUNS = process.env.BERTH_FULL ? 10_000 : 600
/** The same requests each time, so that chance does not decide what lands; give another one to look further. */
const SEED = Number(process.env.BERTH_FUZZ_SEED ?? 1)

/** What stands in stack traces, SQL and its errors, and in the names of tables and roles. */
const INSIDE =
  /(\n|\\n)\s+at .+:\d+:\d+|node_modules|\.ts:\d|\bselect\b.+\bfrom\b|session_(owner|state)|worker_lease|berth_gateway|pg_|violates|syntax error at|ECONN/is

let world: World
let tenant: TestTenant
let document: ApiDocument

beforeAll(async () => {
  world = await World.start({ kubernetes: true, holds: { firstQrMs: 20, moveMs: 20, takeUpMs: 200 } })
  tenant = await world.addTenant('fuzzer')
  await world.addConnected(tenant, 'support')
  const { id, worker } = await world.addConnected(tenant, 'unlinked')
  await worker.setState(id, 'WaitingForScan')
  worker.offer(id, 'a code to scan')
  document = (await world.call(undefined, 'GET /openapi.json')).body
})
afterAll(() => world.close())

async function ask({ located, path, headers, body }: GeneratedRequest): Promise<Answer> {
  // Some are asked of another session than the examples name, so that all of them stay to be asked.
  const { operationId } = located.operation
  const session = /^(getQr|createPairingCode)$/.test(operationId)
    ? 'unlinked'
    : /^(delete|stop)/.test(operationId)
      ? 'other'
      : 'support'
  return world.call(tenant, `${located.method.toUpperCase()} ${path.replace('/support', `/${session}`)}`, {
    headers,
    body,
  })
}

function faultsOf({ located }: GeneratedRequest, { status, headers, body, text }: Answer): string[] {
  const described = located.operation.responses[status]
  const type = headers.get('content-type')?.split(';')[0] ?? ''
  const media = described?.content?.[type]
  const isDescribed = media || (described && status === 204)
  const faults = isDescribed ? [] : [`${status} as ${type} is not documented`]
  if (status >= 500 && status !== 503) faults.push(`an error of ours: ${status}`)
  if (INSIDE.test(text)) faults.push('tells what is inside')
  if (media && body !== undefined) faults.push(...deviations(media.schema, body, document.components.schemas))
  for (const [name, header] of Object.entries(described?.headers ?? {})) {
    if (header.$ref && !headers.has(name) && !name.startsWith('RateLimit')) faults.push(`${name} is missing`)
  }
  return faults
}

test('every answer is one that the document describes', { timeout: 1_200_000 }, async () => {
  const operations = operationsOf(document).filter(({ operation }) => !operation.operationId.startsWith('stream'))
  const request = fc.constantFrom(...operations).chain((located) => requestOf(located, document.components.schemas))
  const outcomes = { done: 0, refused: 0 }
  await fc.assert(
    fc.asyncProperty(request, async (generated) => {
      const answer = await ask(generated)
      outcomes[answer.status < 400 ? 'done' : 'refused'] += 1
      expect([faultsOf(generated, answer), answer.status, answer.text]).toEqual([[], answer.status, answer.text])
    }),
    { numRuns: RUNS, seed: SEED },
  )
  expect(outcomes.done, 'requests that are as they should be').toBeGreaterThan(RUNS / 10)
  expect(outcomes.refused, 'requests that are not').toBeGreaterThan(RUNS / 10)
})

test('the judge finds what is wrong', () => {
  const session = document.paths['/v1/sessions/{name}']!.get!
  const { schemas } = document.components
  const example = schemas.Session!.examples![0] as Record<string, unknown>
  const judge = (value: unknown) => deviations({ $ref: '#/components/schemas/Session' }, value, schemas)
  expect(judge(example)).toEqual([])
  expect(judge({ ...example, id: 'x' })).toEqual(['body.id is no uuid: x'])
  expect(judge({ ...example, state: 'Gone' })).toEqual(['body.state is "Gone"'])
  expect(judge({ ...example, attempt: 0.5 })).toEqual(['body.attempt is number, not integer'])
  expect(judge({ ...example, secret: 1 })).toEqual(['body.secret is not documented'])
  expect(judge({ ...example, name: undefined, since: 1 }).length).toBe(2)
  const problem = session.responses[404]!.content!['application/problem+json']!
  const { value } = document.components.examples!.rate_limited as { value: unknown }
  expect(deviations(problem.schema, value, schemas)).toEqual(['body.code is "rate_limited"'])
  expect(INSIDE.test('error: relation "x" violates …')).toBe(true)
  expect(INSIDE.test(JSON.stringify({ detail: new Error('x').stack }))).toBe(true)
  expect(INSIDE.test('Write at least one word; write a time such as 2026-01-05T11:15:40Z')).toBe(false)
})
