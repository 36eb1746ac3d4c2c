/** The time of day jumps by hours under one part of a Berth while the others keep theirs, and back. */
import { setTimeout as delay } from 'node:timers/promises'
import { PARTS } from '../surroundings/clocks.ts'
import { type Fault, ownBerth, since } from './fault.ts'

const HOUR_S = 3600

export const jumpClock: Fault = async (installation, random) => {
  const { clocks } = ownBerth(installation).surroundings
  if (!clocks) throw new Error('There are no clocks that can be set.')
  const part = random.pick(PARTS)
  const hours = random.pick([-24, -3, 3, 24])
  const ms = random.between(8_000, 12_000)
  return async () => {
    const at = Date.now()
    await clocks.set(part, hours * HOUR_S)
    await delay(ms)
    await clocks.set(part, 0)
    return { at, what: `${part} by ${hours} h, for ${since(at)}` }
  }
}
