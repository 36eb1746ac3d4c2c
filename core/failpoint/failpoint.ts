/**
 * Failpoints: named places in the code where a test can make the process die, stand still, wait or fail.
 *
 * Armed by the environment, BERTH_FAILPOINTS=<point>=<action>[@<hit>[,<hit>…]][;…], read once at start. Actions:
 * `crash` (SIGKILL, at once: nothing is flushed or closed), `hang` (this flow never goes on; the others do), `delay:<ms>`,
 * `fail` (throws). `@3,5`: at the third and the fifth hit only; without it at every one. Each that fires says so on stderr.
 *
 * The variable is read in this one place. A bundler that defines `process.env.BERTH_FAILPOINTS` as undefined, as that of
 * the images does, drops everything here but an empty function.
 */
import { writeSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { POINTS, type Point } from './points.ts'

const STDERR = 2

export class InjectedFailure extends Error {
  override name = 'InjectedFailure'
}

type Action = { kind: 'crash' | 'hang' | 'fail' } | { kind: 'delay'; ms: number }

interface Trap {
  action: Action
  /** Counted from 1; undefined: every hit. */
  onlyAt: Set<number> | undefined
  hits: number
}

const SYNTAX = /^(?<point>[a-z.-]+)=(?<kind>crash|hang|fail|delay:(?<ms>\d+))(@(?<hits>[1-9]\d*(,[1-9]\d*)*))?$/

const armed = process.env.BERTH_FAILPOINTS ? parseFailpoints(process.env.BERTH_FAILPOINTS) : undefined

/** Does nothing, unless a test armed the point. Where nobody waits for the answer, `hang` and `delay` have no effect. */
export function failpoint(point: Point): Promise<void> | undefined {
  return armed && spring(point, armed.get(point))
}

/** What is said on stderr when a point fires. */
export const firedLine = (point: Point): string => `failpoint ${point} fired`

/** Throws on what it can't read: a test that arms nothing would prove nothing. */
export function parseFailpoints(text: string): Map<Point, Trap> {
  return new Map(
    text.split(';').map((part) => {
      const { point, kind, ms, hits } = part.match(SYNTAX)?.groups ?? {}
      if (!point || !(point in POINTS)) throw new Error(`BERTH_FAILPOINTS: "${part}" is no <point>=<action>[@<hit>]`)
      const action: Action = ms ? { kind: 'delay', ms: Number(ms) } : { kind: kind as 'crash' | 'hang' | 'fail' }
      return [point as Point, { action, onlyAt: hits ? new Set(hits.split(',').map(Number)) : undefined, hits: 0 }]
    }),
  )
}

/** Counts a hit of a point, and does what it is armed with. */
export function spring(point: Point, trap: Trap | undefined): Promise<void> | undefined {
  if (!trap) return undefined
  trap.hits++
  if (trap.onlyAt && !trap.onlyAt.has(trap.hits)) return undefined
  writeSync(STDERR, `${firedLine(point)}\n`)
  const { action } = trap
  switch (action.kind) {
    case 'crash':
      process.kill(process.pid, 'SIGKILL')
      return undefined
    case 'hang':
      return new Promise(() => {})
    case 'delay':
      return delay(action.ms)
    case 'fail':
      throw new InjectedFailure(point)
  }
}
