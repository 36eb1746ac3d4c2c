/** Runs one case: a worker dies at its point, another one carries on, the judge counts. */
import { isClean, judge, type Verdict } from '../chaos/judge.ts'
import { proveJudge } from '../chaos/proof.ts'
import { until } from '../worker/until.ts'
import type { TestWorker, World } from '../worker/world.ts'
import type { Pod } from './account.ts'
import type { Case } from './cases.ts'
import { type Group, newPod } from './group.ts'
import { HandOver } from './hand-over.ts'
import { Told } from './told.ts'
import { Unlink } from './unlink.ts'
import { Victim } from './victim.ts'

export type Recovery = 'in place' | 'elsewhere'

/** What a case is played with. */
interface Stage {
  world: World
  group: Group
  pod: Pod
  told: Told
  unlink: Unlink
  handOver: HandOver
}

interface Scene extends Stage {
  victim: Victim
}

export const RECOVERIES: Recovery[] = ['in place', 'elsewhere']

/** Answers the verdicts, one an account; throws when the case could not be run as it is meant. */
export async function runCase(world: World, group: Group, one: Case, recovery: Recovery): Promise<Verdict[]> {
  const handOver = await HandOver.prepare(world, group)
  const stage = {
    world,
    group,
    pod: newPod(),
    handOver,
    told: new Told(world, group),
    unlink: new Unlink(world, group),
  }
  try {
    await preparations[one.activity]?.(stage, one)
    const victim = await dieAtPoint(stage, one)
    return await recover({ ...stage, victim }, one, recovery)
  } finally {
    await handOver.end()
  }
}

/** Answers the dead worker. */
async function dieAtPoint(stage: Stage, one: Case): Promise<Victim> {
  const { world, group, pod, handOver } = stage
  await group.place(pod)
  const armed = [`${one.point}=crash${one.hit ? `@${one.hit}` : ''}`, one.also].filter(Boolean).join(';')
  const through = one.activity === 'hand over' ? { kubernetes: handOver.kubernetes } : {}
  const victim = new Victim(await world.environmentOf(pod, through), armed)
  try {
    await Promise.all([activities[one.activity]({ ...stage, victim }), victim.ended])
    const { code, signal } = await victim.ended
    if (signal !== 'SIGKILL' || victim.count(one.point) !== 1) {
      throw new Error(`the worker did not die at ${one.point} but ended with ${signal ?? code}: ${victim.words}`)
    }
    return victim
  } finally {
    await victim.kill()
  }
}

/** What has happened before the worker starts. */
const preparations: Partial<Record<Case['activity'], (stage: Stage, one: Case) => Promise<unknown>>> = {
  start: ({ group }, { where }) => group.talk(where),
  'waiting files': ({ group }) => group.passFiles(),
  'waiting notices': async ({ group, told }) => {
    await group.talk()
    await told.tell()
  },
  'take over': async ({ group, handOver }) => {
    await handOver.holdElsewhere()
    await group.talk()
  },
}

/** What goes on until the worker is dead. */
const activities: Record<Case['activity'], (scene: Scene) => Promise<unknown>> = {
  link: scan,
  start: async () => {},
  talk: againAndAgain((group) => group.talk()),
  files: againAndAgain((group) => group.passFiles()),
  'waiting files': async () => {},
  notices: tellAgainAndAgain((told) => told.tell()),
  'waiting notices': async () => {},
  'asked again': tellAgainAndAgain((told) => told.askAgain()),
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
  'hand over': async ({ group, pod, victim, handOver }) => {
    await group.untilConnected(pod, () => victim.hasEnded)
    await group.talk()
    await handOver.placeElsewhere()
  },
  'take over': async () => {},
  drain: async ({ group, pod, victim }) => {
    await group.untilConnected(pod, () => victim.hasEnded)
    await group.talk()
    victim.signal('SIGTERM')
  },
}

function againAndAgain(exchange: (group: Group) => Promise<void>): (scene: Scene) => Promise<void> {
  return async ({ group, pod, victim }) => {
    await group.untilConnected(pod, () => victim.hasEnded)
    while (!victim.hasEnded) {
      await exchange(group)
      await group.untilArrived(() => victim.hasEnded)
    }
  }
}

/** After one message each way. */
function tellAgainAndAgain(tell: (told: Told) => Promise<void>): (scene: Scene) => Promise<void> {
  return async ({ group, pod, victim, told }) => {
    await group.untilConnected(pod, () => victim.hasEnded)
    await group.talk()
    await group.untilArrived(() => victim.hasEnded)
    while (!victim.hasEnded) {
      await tell(told)
      await told.untilAnswered(() => victim.hasEnded)
    }
  }
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

/** In these, a session is placed elsewhere before the worker dies. */
const MOVING = new Set<Case['activity']>(['move', 'hand over'])

async function recover({ group, pod, told, unlink }: Scene, one: Case, recovery: Recovery): Promise<Verdict[]> {
  if (MOVING.has(one.activity) && recovery === 'in place') await group.place(pod)
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
    await connected.untilFilesAreWhole()
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
