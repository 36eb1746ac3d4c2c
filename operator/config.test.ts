import { expect, it } from 'vitest'
import { readConfig } from './config.ts'

const env = { DATABASE_URL: 'postgres://localhost/berth' }

it('reads what all worker pods have in common as JSON', () => {
  expect(readConfig(env).workerPod).toEqual({})
  const pod = { labels: { team: 'chat' }, priorityClassName: 'high' }
  expect(readConfig({ ...env, BERTH_WORKER_POD: JSON.stringify(pod) }).workerPod).toEqual(pod)
})

it('says what is wrong with it', () => {
  expect(() => readConfig({ ...env, BERTH_WORKER_POD: '{' })).toThrow(/BERTH_WORKER_POD is not right: not JSON/)
  expect(() => readConfig({ ...env, BERTH_WORKER_POD: '{"hostNetwork":true}' })).toThrow(
    /BERTH_WORKER_POD .*hostNetwork/,
  )
})
