/** Runs one case: a worker dies at its point, another one carries on, the judge counts. */
import { isClean, judge, type Verdict } from '../chaos/judge.ts'
import { proveJudge } from '../chaos/proof.ts'
import { until } from '../worker/until.ts'
import type { TestWorker, World } from '../worker/world.ts'
import type { Pod } from './account.ts'
import type { Case } from './cases.ts'
import { type Group, newPod } from './group.ts'
import { Told } from './told.ts'
import { Unlink } from './unlink.ts'
import { Victim } from './victim.ts'

export type Recovery = 'in place' | 'elsewhere'

/** What a case is played with. */
interface Scene {
  world: World
  group: Group
  pod: Pod
  victim: Victim
  told: Told
  unlink: Unlink
}

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
  const scene = { world, group, pod, victim, told, unlink: new Unlink(world, group) }
  try {
    await Promise.all([activities[one.activity](scene), victim.ended])
    const { code, signal } = await victim.ended
    if (signal !== 'SIGKILL' || victim.count(one.point) !== 1) {
      throw new Error(`the worker did not die at ${one.point} but ended with ${signal ?? code}: ${victim.words}`)
    }
  } finally {
    await victim.kill()
  }
  return recover(scene, one, recovery)
}

/** What goes on until the worker is dead. */
const activities: Record<Case['activity'], (scene: Scene) => Promise<unknown>> = {
  link: scan,
  start: async () => {},
  talk: async ({ group, pod, victim }) => {
    await group.untilConnected(pod, () => victim.hasEnded)
    while (!victim.hasEnded) {
      await group.talk()
      await group.untilArrived(() => victim.hasEnded)
    }
  },
  notices: async ({ group, pod, victim, told }) => {
    await group.untilConnected(pod, () => victim.hasEnded)
    await group.talk()
    await group.untilArrived(() => victim.hasEnded)
    while (!victim.hasEnded) {
      await told.tell()
      await told.untilAnswered(() => victim.hasEnded)
    }
  },
  'waiting notices': async () => {},
  'asked again': async ({ group, pod, victim, told }) => {
    await group.untilConnected(pod, () => victim.hasEnded)
    await group.talk()
    await group.untilArrived(() => victim.hasEnded)
    while (!victim.hasEnded) {
      await told.askAgain()
      await told.untilAnswered(() => victim.hasEnded)
    }
  },
  'log out': async ({ group, pod, victim, unlink }) => {
    await group.untilConnected(pod, () => victim.hasEnded)
    await group.talk()
    await group.untilArrived()
    await unlink.logOut()
  },
  relink: async ({ group, pod, victim, unlink }) => {
    await group.untilConnected(pod, () => victim.hasEnded)
    await group.talk()
    await group.untilArrived()
    await unlink.linkAnew()
  },
  move: async ({ group, pod, victim }) => {
    await group.untilConnected(pod, () => victim.hasEnded)
    await group.talk()
    await group.accounts[0]!.session.place(newPod())
  },
  drain: async ({ group, pod, victim }) => {
    await group.untilConnected(pod, () => victim.hasEnded)
    await group.talk()
    victim.signal('SIGTERM')
  },
}

/** A phone scans the code of the worker, if it lives to show one. */
async function scan({ world, group, pod, victim }: Scene): Promise<void> {
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

/** In these, WhatsApp tells the accounts something. */
const TELLING = new Set<Case['activity']>(['notices', 'waiting notices', 'asked again'])

async function recover({ group, pod, told, unlink }: Scene, one: Case, recovery: Recovery): Promise<Verdict[]> {
  if (one.activity === 'move' && recovery === 'in place') await group.place(pod)
  const worker: TestWorker = await (recovery === 'in place' ? group.restart(pod) : group.takeOver(pod))
  try {
    if (one.scansAgain) {
      await Promise.all(group.accounts.map(({ session, number }) => session.link(worker, number)))
    }
    if (one.activity === 'relink') await unlink.scan(worker)
    if (one.activity === 'log out') await unlink.untilLoggedOut()
    const connected = one.activity === 'log out' ? group.others : group
    await connected.untilConnected(worker, () => false)
    await connected.talk()
    await connected.untilArrived()
    if (TELLING.has(one.activity)) await told.untilKnown()
    return await Promise.all(
      group.accounts.map(async (account) => {
        const records = await account.records()
        const judged = judge(records)
        const verdict = one.activity === 'relink' ? unlink.forgive(account, judged) : judged
        // The simulator forgets the connections of a device that was logged out: there is nothing to prove with.
        const isProvable = one.activity !== 'log out' || connected.accounts.includes(account)
        if (isClean(judged) && isProvable) {
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
