/** Runs one case: a worker dies at its point, another one carries on, the judge counts. */
import { isClean, judge, type Verdict } from '../chaos/judge.ts'
import { proveJudge } from '../chaos/proof.ts'
import { until } from '../worker/until.ts'
import type { TestWorker, World } from '../worker/world.ts'
import type { Pod } from './account.ts'
import type { Case } from './cases.ts'
import { type Group, newPod } from './group.ts'
import { Told } from './told.ts'
import { Victim } from './victim.ts'

export type Recovery = 'in place' | 'elsewhere'

export const RECOVERIES: Recovery[] = ['in place', 'elsewhere']

/** Answers the verdicts, one an account; throws when the case could not be run as it is meant. */
export async function runCase(world: World, group: Group, one: Case, recovery: Recovery): Promise<Verdict[]> {
  const pod = newPod()
  const told = new Told(world, group)
  if (one.activity === 'start' || one.activity === 'waiting notices') await group.talk(one.where)
  if (one.activity === 'waiting notices') await told.tell()
  await group.place(pod)
  const armed = [`${one.point}=crash${one.hit ? `@${one.hit}` : ''}`, one.also].filter(Boolean).join(';')
  const victim = new Victim(await world.environmentOf(pod), armed)
  try {
    await Promise.all([activities[one.activity](world, group, pod, victim, told), victim.ended])
    const { code, signal } = await victim.ended
    if (signal !== 'SIGKILL' || victim.count(one.point) !== 1) {
      throw new Error(`the worker did not die at ${one.point} but ended with ${signal ?? code}: ${victim.words}`)
    }
  } finally {
    await victim.kill()
  }
  return recover(group, pod, one, recovery, told)
}

/** What goes on until the worker is dead. */
const activities: Record<
  Case['activity'],
  (world: World, group: Group, pod: Pod, victim: Victim, told: Told) => Promise<unknown>
> = {
  link: (world, group, pod, victim) => scan(world, group, pod, victim),
  start: async () => {},
  talk: async (_world, group, pod, victim) => {
    await group.untilConnected(pod, () => victim.hasEnded)
    while (!victim.hasEnded) {
      await group.talk()
      await group.untilArrived(() => victim.hasEnded)
    }
  },
  notices: async (_world, group, pod, victim, told) => {
    await group.untilConnected(pod, () => victim.hasEnded)
    await group.talk()
    await group.untilArrived(() => victim.hasEnded)
    while (!victim.hasEnded) {
      await told.tell()
      await told.untilAnswered(() => victim.hasEnded)
    }
  },
  'waiting notices': async () => {},
  move: async (_world, group, pod, victim) => {
    await group.untilConnected(pod, () => victim.hasEnded)
    await group.talk()
    await group.accounts[0]!.session.place(newPod())
  },
  drain: async (_world, group, pod, victim) => {
    await group.untilConnected(pod, () => victim.hasEnded)
    await group.talk()
    victim.signal('SIGTERM')
  },
}

/** A phone scans the code of the worker, if it lives to show one. */
async function scan(world: World, group: Group, pod: Pod, victim: Victim): Promise<void> {
  const [{ session, number }] = group.accounts as [Group['accounts'][number]]
  const worker = await world.addressOf(pod)
  const code = await until(async () => {
    if (victim.hasEnded) return 'none'
    const answer = await world.call(worker, `GET /sessions/${session.id}/qr?wait=5`).catch(() => undefined)
    return answer?.status === 200 ? (answer.body as { qr: string }).qr : undefined
  })
  // The phone says that it could not link, when the worker dies before it has answered.
  if (code !== 'none') await world.whatsapp.scan(number, code).catch(() => {})
}

async function recover(group: Group, pod: Pod, one: Case, recovery: Recovery, told: Told): Promise<Verdict[]> {
  if (one.activity === 'move' && recovery === 'in place') await group.place(pod)
  const worker: TestWorker = await (recovery === 'in place' ? group.restart(pod) : group.takeOver(pod))
  try {
    if (one.scansAgain) {
      await Promise.all(group.accounts.map(({ session, number }) => session.link(worker, number)))
    }
    await group.untilConnected(worker, () => false)
    await group.talk()
    await group.untilArrived()
    if (one.activity === 'notices' || one.activity === 'waiting notices') await told.untilKnown()
    return await Promise.all(
      group.accounts.map(async (account) => {
        const records = await account.records()
        const verdict = judge(records)
        if (isClean(verdict)) {
          const { missed } = proveJudge(records, verdict)
          if (missed.length > 0) throw new Error(`the judge would not have seen ${missed.join(', ')}`)
        }
        return verdict
      }),
    )
  } finally {
    await worker.stop()
  }
}
