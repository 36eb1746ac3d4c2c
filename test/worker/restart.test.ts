/** A worker that crashed while Kubernetes is away: it is started again by its kubelet, and asks nobody but Postgres. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isClean, judge } from '../chaos/judge.ts'
import { Group, newPod } from '../crash/group.ts'
import { Victim } from '../crash/victim.ts'
import { CuttableProxy } from '../kube-client/proxy.ts'
import { until } from './until.ts'
import { World } from './world.ts'

describe('a worker that is killed while Kubernetes is away', () => {
  let world: World
  let kubernetes: CuttableProxy
  beforeAll(async () => {
    world = await World.start()
    kubernetes = await CuttableProxy.start(world.kubernetesUrl)
  })
  afterAll(async () => {
    await world.close()
    await kubernetes.close()
  })

  test('takes up its sessions again, but for those that were stopped, and tells of them later', async () => {
    const group = await Group.linked(world)
    const pod = newPod()
    await group.place(pod)
    const [running, stopped] = group.accounts as [(typeof group.accounts)[0], (typeof group.accounts)[0]]
    const victim = new Victim(await world.environmentOf(pod))
    await group.untilConnected(pod, () => victim.hasEnded)
    await group.talk() // under way when it dies
    await victim.kill()
    const { epoch: before } = (await running.session.state())!
    await world.sql(`UPDATE session SET desired_state = 'Stopped' WHERE id = $1`, stopped.session.id)

    kubernetes.cut()
    const worker = await world.startWorker(pod, { kubernetes: kubernetes.url })
    const epoch = await until(async () => {
      const said = await running.session.state()
      return said?.state === 'Connected' && said.epoch > before ? said.epoch : undefined
    })
    await running.talk()
    await running.untilArrived()
    expect(await world.call(worker, `GET /sessions/${stopped.session.id}`)).toMatchObject({ status: 421 })

    await world.sql(`UPDATE session SET desired_state = 'Running' WHERE id = $1`, stopped.session.id)
    kubernetes.mend()
    await group.untilConnected(pod, () => false)
    await group.untilArrived()
    await until(async () => {
      const { connection } = (await running.session.resource()).status ?? {}
      return (connection?.state === 'Connected' && connection.epoch === epoch) || undefined
    })
    for (const account of group.accounts) {
      const verdict = judge(await account.records())
      expect(isClean(verdict), JSON.stringify(verdict, undefined, 2)).toBe(true)
    }
  }, 300_000)
})
