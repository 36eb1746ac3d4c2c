/** `prepare`: what has to be done before the processes of a release can run. */
import { defineCommand } from '../command.ts'
import { UsageError } from '../error.ts'
import type { Step } from '../prepare.ts'
import { noArguments, secondsOf } from '../target.ts'
import { asJson } from '../terminal.ts'

const PARTS = ['crds', 'database'] as const

const DEFAULT_TIMEOUT_S = 120

export const prepare = defineCommand({
  name: 'prepare',
  arguments: '',
  summary: 'bring the CRDs and the database to this release',
  details: `What has to be done before the processes of a release can run; the Helm chart does it with each install and upgrade.
CRDs that a later release has written are left alone: other installations of the cluster use them too. It may be
repeated at any time, also after it was killed half-way. The user of the database must be allowed to make roles and
schemas.`,
  examples: [
    ['prepare', 'both'],
    ['prepare --only crds', 'without the database'],
    ['prepare --only database --timeout 600', 'wait up to ten minutes for the database'],
  ],
  options: {
    only: { type: 'string', value: 'PART', about: 'crds or database' },
    timeout: {
      type: 'string',
      value: 'SECONDS',
      about: `how long to wait for the database to answer (${DEFAULT_TIMEOUT_S})`,
    },
  },
  async run({ args, values, terminal, cluster, databaseUrl }) {
    noArguments(args, 'prepare')
    const timeoutMs = secondsOf(values.timeout, DEFAULT_TIMEOUT_S, 'prepare') * 1000
    const parts = PARTS.filter((part) => values.only === undefined || values.only === part)
    if (parts.length === 0) throw new UsageError(`--only is crds or database, not ${values.only}.`, 'prepare')
    const steps: Step[] = []
    const tell = (step: Step) => {
      steps.push(step)
      if (!values.json) terminal.print(`${step.what} ${step.outcome}`)
    }
    // Kysely takes as long to load as everything else together.
    const { prepareCrds, prepareDatabase } = await import('../prepare.ts')
    if (parts.includes('crds')) await prepareCrds(await cluster(), tell)
    if (parts.includes('database')) await prepareDatabase(await databaseUrl(), timeoutMs, tell)
    if (values.json) terminal.print(asJson(steps))
  },
})
