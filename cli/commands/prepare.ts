/** `prepare`: what has to be done before the processes of a release can run. */
import { defineCommand } from '../command.ts'
import { readManifests } from '../manifest.ts'
import type { Step } from '../prepare.ts'
import { noArguments, secondsOf } from '../target.ts'
import { asJson } from '../terminal.ts'

const DEFAULT_TIMEOUT_S = 120

export const prepare = defineCommand({
  name: 'prepare',
  arguments: '',
  summary: 'bring the CRDs, the database and the tiers to this release',
  details: `What has to be done before the processes of a release can run; the Helm chart does it with each install, upgrade and
rollback. CRDs and a database of a later release are left alone. It may be repeated at any time, also after it was
killed half-way. The user of the database must be allowed to make roles and schemas.`,
  examples: [
    ['prepare', 'CRDs and database'],
    ['prepare --tiers examples/tiers.yaml', 'and tiers that a file declares'],
    ['prepare --no-crds --timeout 600', 'the database only, waiting up to ten minutes for it'],
  ],
  options: {
    tiers: {
      type: 'string',
      value: 'FILE',
      about: 'tiers to make, or to make so; what others set in them is left alone',
    },
    'no-crds': { type: 'boolean', about: 'leave the CRDs out' },
    'no-database': { type: 'boolean', about: 'leave the database out' },
    timeout: {
      type: 'string',
      value: 'SECONDS',
      about: `how long to wait for the database to answer (${DEFAULT_TIMEOUT_S})`,
    },
  },
  async run({ args, values, terminal, folder, cluster, databaseUrl }) {
    noArguments(args, 'prepare')
    const timeoutMs = secondsOf(values.timeout, DEFAULT_TIMEOUT_S, 'prepare') * 1000
    const tiers = values.tiers ? await readManifests([values.tiers], folder, terminal.readInput) : []
    const steps: Step[] = []
    const tell = (step: Step) => {
      steps.push(step)
      if (!values.json) terminal.print(`${step.what} ${step.outcome}`)
    }
    // Kysely takes as long to load as everything else together.
    const { prepareCrds, prepareDatabase, prepareTiers } = await import('../prepare.ts')
    if (!values['no-crds']) await prepareCrds(await cluster(), tell)
    if (tiers.length > 0) await prepareTiers(await cluster(), tiers, tell)
    if (!values['no-database']) await prepareDatabase(await databaseUrl(), timeoutMs, tell)
    if (values.json) terminal.print(asJson(steps))
  },
})
