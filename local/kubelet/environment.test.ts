import type { Container, EnvVar } from '@berth/core/model/builtin.ts'
import { expect, it } from 'vitest'
import { ConfigError, environment } from './environment.ts'

const secret = async (name: string) =>
  name === 'known' ? { metadata: { name }, data: { COLOUR: Buffer.from('blue').toString('base64') } } : undefined

const make = (container: Partial<Container>) =>
  environment({
    pod: { metadata: { name: 'pod', namespace: 'berth', uid: 'u1' }, spec: { containers: [] } },
    container: { name: 'main', image: 'x', ...container },
    nodeName: 'local',
    port: 4711,
    kubeconfig: '/kubeconfig',
    secret,
  })

it('puts env over envFrom, and where to listen over all', async () => {
  const env = [
    { name: 'COLOUR', value: 'red' },
    { name: 'PORT', value: '1' },
    { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
  ]
  const made = await make({ envFrom: [{ secretRef: { name: 'known' } }], env })
  expect(made).toMatchObject({
    COLOUR: 'red',
    PORT: '4711',
    NODE: 'local',
    POD_IP: '127.0.0.1',
    KUBECONFIG: '/kubeconfig',
  })
})

it('inherits nothing of ours that a pod did not ask for', async () => {
  process.env.BERTH_TEST_SECRET = 'x'
  expect(await make({})).not.toHaveProperty('BERTH_TEST_SECRET')
  delete process.env.BERTH_TEST_SECRET
})

it('names what is missing', async () => {
  const of = (variable: EnvVar) => make({ env: [variable] })
  const missing = { name: 'A', valueFrom: { secretKeyRef: { name: 'known', key: 'SIZE' } } }
  await expect(of(missing)).rejects.toThrow(new ConfigError('A: there is no key "SIZE" in secret "known"'))
  await expect(make({ envFrom: [{ secretRef: { name: 'other' } }] })).rejects.toThrow('secret "other" not found')
  await expect(of({ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.x' } } })).rejects.toThrow('"spec.x"')
})

it('leaves out what is optional and missing', async () => {
  const variable = { name: 'A', valueFrom: { secretKeyRef: { name: 'other', key: 'x', optional: true } } }
  const made = await make({ env: [variable], envFrom: [{ secretRef: { name: 'other', optional: true } }] })
  expect(made).not.toHaveProperty('A')
})
