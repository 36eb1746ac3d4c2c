/** Planning: how long `plan` takes for a large installation, from cold and after a single change. Nothing but the CPU counts. */
import { plan } from '@berth/core/placement/plan.ts'
import type { Snapshot } from '@berth/core/placement/snapshot.ts'
import { apply, settle, type World } from '@berth/core/placement/world.testing.ts'
import { type Spread, spread } from '../../chaos/figures.ts'
import { largeWorld } from '../planner-world.ts'

export interface Planning {
  what: string
  sessions: number
  actions: number
  times: Spread
}

const NOW = 1_000_000
const REPETITIONS = 9

export function planner(sessions: number, tell: (line: string) => void): Planning[] {
  tell(`planning ${sessions} sessions`)
  const empty = largeWorld(sessions)
  const settled = settle(apply(empty, plan(empty, NOW), NOW))
  return [
    measure('nobody is placed', () => plan(empty, NOW), sessions),
    measure('everybody is placed', () => plan(settled, NOW), sessions),
    measure('a worker is lost', () => plan(withoutWorker(settled), NOW), sessions),
  ]
}

function measure(what: string, act: () => { actions: unknown[] }, sessions: number): Planning {
  let actions = 0
  const times = Array.from({ length: REPETITIONS }, () => {
    const startedAt = performance.now()
    actions = act().actions.length
    return performance.now() - startedAt
  })
  return { what, sessions, actions, times: spread(times)! }
}

function withoutWorker(world: World): Snapshot {
  const [first, ...others] = world.workers
  return { ...world, workers: [{ ...first!, phase: 'Lost' }, ...others] }
}
