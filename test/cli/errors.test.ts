import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { berth } from './berth.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'berth-cli-'))
  return () => rm(folder, { recursive: true })
})

/** Nothing listens on port 9, "discard". */
const NOBODY = '127.0.0.1:9'
const kubeconfig = JSON.stringify({
  'current-context': 'a',
  clusters: [{ name: 'a', cluster: { server: `http://${NOBODY}` } }],
  contexts: [{ name: 'a', context: { cluster: 'a', namespace: 'berth' } }],
})
const oneLine = (pattern: RegExp) => expect.stringMatching(new RegExp(`^Error: .*${pattern.source}.*\\n$`))

test('without a cluster, says what was tried and how to start one', async () => {
  expect(await berth(['get', 'wa'])).toEqual({ code: 1, out: '', err: oneLine(/KUBECONFIG is not set.*npm start/) })
})

test('takes the cluster of this clone, and asks whether it runs', async () => {
  await writeFile(path.join(folder, 'kubeconfig'), kubeconfig)
  const outcome = await berth(['get', 'wa'], { env: { BERTH_DATA: folder } })
  expect(outcome).toEqual({ code: 1, out: '', err: oneLine(/127\.0\.0\.1:9.*Is Berth running\?.*npm start/) })
})

test('the named cluster comes before that of the environment', async () => {
  const file = path.join(folder, 'named')
  await writeFile(file, kubeconfig)
  const outcome = await berth(['get', 'wa', '--kubeconfig', file], { env: { KUBECONFIG: '/nonexistent' } })
  expect(outcome.err).toContain(NOBODY)
})

test('a database that is not there', async () => {
  const env = { DATABASE_URL: `postgres://u:secret@${NOBODY}/berth` }
  const outcome = await berth(['keys', 'list', 'demo'], { env })
  expect(outcome).toEqual({ code: 1, out: '', err: oneLine(/database is not reachable.*npm start/) })
  expect(outcome.err).not.toContain('secret')
})

test('what is not understood ends with 2, and points to the help', async () => {
  expect(await berth(['frobnicate'])).toEqual({
    code: 2,
    out: '',
    err: oneLine(/no command "frobnicate".*berth -- help/),
  })
  expect(await berth(['get', 'wa', '--bogus'])).toEqual({ code: 2, out: '', err: oneLine(/--bogus.*help get/) })
})

test('help needs no cluster', async () => {
  const overview = await berth([])
  expect(overview).toMatchObject({ code: 0, err: '' })
  expect(overview.out).toContain('keys create')
  expect(await berth(['apply', '--help'])).toEqual(await berth(['help', 'apply']))
})
