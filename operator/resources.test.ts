import type { KubeClient } from '@berth/core/kube/client.ts'
import { KubeError } from '@berth/core/kube/error.ts'
import type { Pod } from '@berth/core/model/builtin.ts'
import { PodKind } from '@berth/core/model/kind.ts'
import { createLogger } from '@berth/core/telemetry/log.ts'
import { expect, it } from 'vitest'
import { Collection } from './resources.ts'

const log = createLogger('test').child({}, { level: 'silent' })
const pod: Pod = { metadata: { name: 'pro-a' }, spec: { containers: [] } }

/** An API that refuses everything with this status. */
function refusing(status: number): Collection<Pod> {
  const body = { kind: 'Status', message: 'exceeded quota' }
  const client = { namespace: 'berth', create: () => Promise.reject(KubeError.fromAnswer('POST', status, body)) }
  return new Collection(client as unknown as KubeClient, PodKind, { log, onChange: () => {} })
}

it('tells why an object is refused, by a rule or by a quota', async () => {
  for (const status of [403, 422]) {
    const told: string[] = []
    expect(await refusing(status).create(pod, (why) => told.push(why))).toBeUndefined()
    expect(told).toEqual(['exceeded quota'])
  }
})

it('takes what nobody wants to be told for an error', async () => {
  await expect(refusing(403).create(pod)).rejects.toThrow('exceeded quota')
  await expect(refusing(500).create(pod, () => {})).rejects.toThrow()
})
