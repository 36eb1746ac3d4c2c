/** What is said of the steps: which ones went wrong, and how the times stand to what is aimed at. Pure. */
import type { Round } from '../chaos/chaos.ts'
import { spread } from '../chaos/figures.ts'
import type { Step } from './steps/all.ts'

/** One line for each thing that must not have been. */
export function problemsOf(step: Pick<Step, 'unaffected'>, { recoveries, findings }: Round): string[] {
  const disturbed = step.unaffected ? recoveries.filter(({ connectedMs }) => connectedMs !== undefined) : []
  return [
    ...findings,
    ...disturbed.map(({ account }) => `${account} lost its connection, for which there is no reason`),
  ]
}

/** undefined: nothing is aimed at, or nothing was measured. Times decide no test: this machine may well be busy. */
export function targetLine({ name, target }: Pick<Step, 'name' | 'target'>, rounds: Round[]): string | undefined {
  const recoveries = rounds.filter(({ fault }) => fault === name).flatMap((round) => round.recoveries)
  if (!target) return undefined
  const [what, seconds, key] =
    'gap' in target
      ? (['without a connection', target.gap, 'gapMs'] as const)
      : (['connected again after', target.connected, 'connectedMs'] as const)
  const measured = spread(recoveries.flatMap((recovery) => recovery[key] ?? []))
  if (!measured) return undefined
  const verdict = measured.p99 <= seconds * 1000 ? 'met' : 'MISSED'
  return `${name}: ${what} ${(measured.p99 / 1000).toFixed(2)} s (p99 of ${measured.n}), target ${seconds} s: ${verdict}`
}
