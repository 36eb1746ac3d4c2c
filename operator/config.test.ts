import { expect, it } from 'vitest'
import { readConfig } from './config.ts'

const env = { DATABASE_URL: 'postgres://localhost/berth' }

it('reads what all worker pods have in common as JSON', () => {
  expect(readConfig(env).workerPod).toEqual({})
  const pod = { labels: { team: 'chat' }, priorityClassName: 'high' }
  expect(readConfig({ ...env, BERTH_WORKER_POD: JSON.stringify(pod) }).workerPod).toEqual(pod)
})

it('paces logins, unless told otherwise, so that the failure of a worker with fifty sessions is not slowed', () => {
  expect(readConfig(env).logins).toEqual({ rate: 20, burst: 100 })
  const slower = { ...env, BERTH_LOGINS_PER_SECOND: '0.5', BERTH_LOGINS_BURST: '10' }
  expect(readConfig(slower).logins).toEqual({ rate: 0.5, burst: 10 })
  expect(() => readConfig({ ...env, BERTH_LOGINS_PER_SECOND: '0' })).toThrow(/BERTH_LOGINS_PER_SECOND is not right/)
})

it('says what is wrong with it', () => {
  expect(() => readConfig({ ...env, BERTH_WORKER_POD: '{' })).toThrow(/BERTH_WORKER_POD is not right: not JSON/)
  expect(() => readConfig({ ...env, BERTH_WORKER_POD: '{"hostNetwork":true}' })).toThrow(
    /BERTH_WORKER_POD .*hostNetwork/,
  )
})
