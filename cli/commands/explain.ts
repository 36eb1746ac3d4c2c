/** `explain`: why a session is where it is, or nowhere; why a tenant, a worker or a tier is as it is. */
import type { KubeClient } from '@berth/core/kube/client.ts'
import type { Event } from '@berth/core/model/builtin.ts'
import { EventKind, SessionKind, TierKind, WorkerKind } from '@berth/core/model/kind.ts'
import { type Call, defineCommand } from '../command.ts'
import { explain } from '../explain/explanation.ts'
import { explainTenant, explainTier, explainWorker, type Overview } from '../explain/overview.ts'
import { readSnapshot } from '../explain/snapshot.ts'
import { explanationText, overviewText } from '../explain/text.ts'
import { findTenant, findTier, findWorker } from '../find.ts'
import { onlyArgument } from '../target.ts'
import { asJson } from '../terminal.ts'

export const explainSession = defineCommand({
  name: 'explain session',
  arguments: 'NAME',
  summary: 'say why a session is where it is, or nowhere, and what to do about it',
  details: `Puts together what is known in different places: its conditions, its placement and why it came there, the process
that holds it (from the database, if that can be reached), its worker's health, tenant, tier and quota, and what happened
in the last hour.`,
  examples: [
    ['explain session support', 'why is it not connected?'],
    ['explain session acme.support --json', 'the same, for programs'],
  ],
  options: {},
  async run(call) {
    const name = onlyArgument(call.args, 'session', 'explain session')
    const now = new Date()
    const explanation = explain(await readSnapshot(call, name), now)
    call.terminal.print(call.values.json ? asJson(explanation) : explanationText(explanation, now))
  },
})

export const explainTenantCommand = defineCommand({
  name: 'explain tenant',
  arguments: 'NAME',
  summary: 'say where the sessions of a tenant are, and what each of them needs',
  examples: [['explain tenant acme', 'why are not all of its sessions connected?']],
  options: {},
  run: (call) =>
    printOverview(call, 'tenant', async (client, name, events) => {
      const tenant = await findTenant(client, name)
      const [tier, worker, sessions] = await Promise.all([
        client.get(TierKind, tenant.spec.tier),
        tenant.status?.worker ? client.get(WorkerKind, tenant.status.worker) : undefined,
        client.list(SessionKind, { fieldSelector: `spec.tenant=${name}` }),
      ])
      return explainTenant(tenant, tier, worker, sessions.items, events)
    }),
})

export const explainWorkerCommand = defineCommand({
  name: 'explain worker',
  arguments: 'NAME',
  summary: 'say what a worker holds, how busy it is, and why it comes, stays or goes',
  examples: [['explain worker pro-7f9k2', 'why does nobody new come to it?']],
  options: {},
  run: (call) =>
    printOverview(call, 'worker', async (client, name, events) => {
      const worker = await findWorker(client, name)
      const [tier, sessions] = await Promise.all([
        client.get(TierKind, worker.spec.tier),
        client.list(SessionKind, { fieldSelector: `status.placement.worker=${name}` }),
      ])
      return explainWorker(worker, tier, sessions.items, events)
    }),
})

export const explainTierCommand = defineCommand({
  name: 'explain tier',
  arguments: 'NAME',
  summary: 'say how many workers a tier has and wants, why, and how busy they are',
  examples: [['explain tier pro', 'why are there so many workers, or no more?']],
  options: {},
  run: (call) =>
    printOverview(call, 'tier', async (client, name, events) => {
      const tier = await findTier(client, name)
      return explainTier(tier, (await client.list(WorkerKind)).items, events)
    }),
})

async function printOverview(
  { args, values, terminal, cluster }: Pick<Call<Record<never, never>>, 'args' | 'values' | 'terminal' | 'cluster'>,
  kind: 'tenant' | 'worker' | 'tier',
  read: (client: KubeClient, name: string, events: Event[]) => Promise<Overview>,
): Promise<void> {
  const name = onlyArgument(args, kind, `explain ${kind}`)
  const client = await cluster()
  const { items } = await client.list(EventKind)
  const overview = await read(client, name, items)
  terminal.print(values.json ? asJson(overview) : overviewText(overview, new Date()))
}
