/**
 * Planning: how long it takes for a large installation, from cold and after a single change. CPU time of the planning thread, in
 * which nothing waits.
 */
import { plan } from '@berth/core/placement/plan.ts'
import { Planner } from '@berth/core/placement/planner.ts'
import { apply, session, settle, type World } from '@berth/core/placement/world.testing.ts'
import { type Spread, spread } from '../../chaos/figures.ts'
import { largeWorld } from '../planner-world.ts'

export interface Planning {
  what: string
  sessions: number
  /** The most that one plan had. */
  actions: number
  times: Spread
}

const NOW = 1_000_000
const COLD = 9
const CHANGES = 200

export function planner(sessions: number, tell: (line: string) => void): Planning[] {
  tell(`planning ${sessions} sessions`)
  const empty = largeWorld(sessions)
  const settled = settle(apply(empty, plan(empty, NOW), NOW))
  const of = (what: string, count: number, act: (index: number) => { actions: unknown[] }) => {
    return measure(what, sessions, count, act)
  }
  const kept = new Planner()
  kept.take(settled)
  kept.plan('first', NOW)
  return [
    of('from cold, nobody is placed', COLD, () => plan(empty, NOW)),
    of('from cold, everybody is', COLD, () => plan(settled, NOW)),
    of('from cold, a planner that keeps', COLD, () => {
      const cold = new Planner()
      cold.take(settled)
      return cold.plan('first', NOW)
    }),
    of('kept, nothing has changed', CHANGES, (index) => kept.plan(`${index}`, NOW)),
    of('kept, all is handed over again', CHANGES, (index) => {
      kept.take(settled)
      return kept.plan(`${index}`, NOW)
    }),
    ...afterOne(of, kept, settled),
  ]
}

type Measure = (what: string, count: number, act: (index: number) => { actions: unknown[] }) => Planning

/** Each change, and every second time its undoing. */
function afterOne(of: Measure, kept: Planner, { tenants, workers }: World): Planning[] {
  const pick = <T>(items: readonly T[], index: number): T => items[(index * 7919) % items.length]!
  const flip = (change: (index: number) => void, undo: (index: number) => void) => (index: number) => {
    if (index % 2 === 0) change(index)
    else undo(index - 1)
    return kept.plan(`${index}`, NOW)
  }
  const [basic, pro] = ['basic', 'pro'].map((tier) => tenants.filter((one) => one.tier === tier))
  const busy = workers.filter(({ used }) => used)
  const more = (index: number) => session(`more-${index}`, pick(pro!, index).name, { createdAt: '2030' })
  return [
    of(
      'kept, a session comes or goes',
      CHANGES,
      flip(
        (i) => kept.setSession(more(i)),
        (i) => kept.removeSession(more(i).name),
      ),
    ),
    of(
      'kept, a worker is lost or back',
      CHANGES,
      flip(
        (i) => kept.setWorker({ ...pick(busy, i), phase: 'Lost' }),
        (i) => kept.setWorker(pick(busy, i)),
      ),
    ),
    of(
      "kept, a tenant's tier changes",
      CHANGES,
      flip(
        (i) => kept.setTenant({ ...pick(basic!, i), tier: 'pro' }),
        (i) => kept.setTenant(pick(basic!, i)),
      ),
    ),
  ]
}

function measure(
  what: string,
  sessions: number,
  count: number,
  act: (index: number) => { actions: unknown[] },
): Planning {
  let actions = 0
  const times = Array.from({ length: count }, (_, index) => {
    const before = process.threadCpuUsage()
    actions = Math.max(actions, act(index).actions.length)
    const { user, system } = process.threadCpuUsage(before)
    return (user + system) / 1000
  })
  return { what, sessions, actions, times: spread(times)! }
}
