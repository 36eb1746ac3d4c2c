/** `tenants`: the customers of the installation. */
import type { KubeClient } from '@berth/core/kube/client.ts'
import { isAlreadyExists } from '@berth/core/kube/error.ts'
import { TenantKind, TierKind } from '@berth/core/model/kind.ts'
import { TenantSpec } from '@berth/core/model/tenant.ts'
import { type Call, defineCommand } from '../command.ts'
import { CliError, UsageError } from '../error.ts'
import { findTenant } from '../find.ts'
import { follow } from '../follow.ts'
import { type Column, printList } from '../listing.ts'
import { MANAGER } from '../manager.ts'
import { PROGRAM } from '../program.ts'
import { type TenantRecord, tenantRecord } from '../records.ts'
import { changeState } from '../state-change.ts'
import { noArguments, onlyArgument } from '../target.ts'
import { asJson } from '../terminal.ts'

const columns: Column<TenantRecord>[] = [
  ['Name', ({ name }) => name],
  ['Tier', ({ tier }) => tier],
  ['State', ({ state }) => state],
  ['Connected', ({ connected, desired }) => `${connected} of ${desired}`],
  ['Limit', ({ limit }) => limit],
  ['Worker', ({ worker }) => worker],
  ['Reason', ({ reason }) => reason],
  ['Message', ({ ready, message }) => (ready ? '' : message)],
]

export const tenantsList = defineCommand({
  name: 'tenants list',
  arguments: '',
  summary: 'show all tenants: tier, sessions, and what is wrong',
  examples: [
    ['tenants list', 'all of them'],
    ['tenants list --tier pro', 'those of one tier'],
  ],
  options: { tier: { type: 'string', value: 'TIER', about: 'only those of this tier' } },
  async run({ args, values, terminal, cluster }) {
    noArguments(args, 'tenants list')
    const { items } = await (await cluster()).list(TenantKind)
    const tenants = items.map(tenantRecord).filter(({ tier }) => !values.tier || tier === values.tier)
    const empty = `No tenants. Make one: ${PROGRAM} tenants create acme --tier pro`
    printList(terminal, tenants, columns, { json: values.json, empty })
  },
})

export const tenantsCreate = defineCommand({
  name: 'tenants create',
  arguments: 'NAME --tier TIER',
  summary: 'make a tenant',
  details: 'Its sessions come next (sessions create), and the key with which it calls the API (keys create).',
  examples: [
    ['tenants create acme --tier pro', 'a customer who bought PRO'],
    ['tenants create acme --tier max --display-name "Acme Inc."', 'with a name for people'],
  ],
  options: {
    tier: { type: 'string', value: 'TIER', about: 'what the customer bought: see get tiers' },
    'display-name': { type: 'string', value: 'TEXT', about: 'the name of the customer, for people' },
  },
  async run({ args, values, terminal, cluster }) {
    const name = onlyArgument(args, 'name', 'tenants create')
    const { tier, 'display-name': displayName } = values
    if (!tier) throw new UsageError('Which tier? Name it with --tier, for example --tier pro.', 'tenants create')
    const client = await cluster()
    const spec = TenantSpec.parse({ tier, ...(displayName && { displayName }) })
    const created = await client
      .create(TenantKind, { metadata: { name }, spec }, { manager: MANAGER })
      .catch((cause: unknown) => {
        if (!isAlreadyExists(cause)) throw cause
        throw new CliError(`There is a tenant ${name} already. See ${PROGRAM} describe tenant ${name}`, { cause })
      })
    if (!(await client.get(TierKind, tier))) terminal.note(`There is no tier ${tier} yet: ${PROGRAM} get tiers`)
    else if (!(await isTakenUp(client, name))) {
      terminal.note(`The operator has not taken it up in ${TAKE_UP_MS / 1000} s: ${PROGRAM} doctor`)
    }
    if (values.json) terminal.print(asJson(tenantRecord(created)))
    else terminal.print(`tenant/${name} created`)
  },
})

/** Usually it takes a moment, and the commands that come next need it. */
const TAKE_UP_MS = 10_000

/** Whether the operator has put it into the database, once it has or the time is over. */
async function isTakenUp(client: KubeClient, name: string): Promise<boolean> {
  const signal = AbortSignal.timeout(TAKE_UP_MS)
  for await (const change of follow(client, TenantKind, { fieldSelector: `metadata.name=${name}` }, signal)) {
    const tenant = change.type === 'LISTED' ? change.objects[0] : change.object
    if (tenant?.status?.id) return true
  }
  return false
}

export const tenantsSuspend = defineCommand({
  name: 'tenants suspend',
  arguments: 'NAME…',
  summary: 'stop all sessions of a tenant; nothing is lost',
  details:
    'Its API still reads, and refuses every change with tenant_suspended. WhatsApp keeps what arrives meanwhile.',
  examples: [['tenants suspend acme', 'who has not paid, for example']],
  options: {},
  run: (call) => setState(call, 'Suspended', 'tenants suspend'),
})

export const tenantsResume = defineCommand({
  name: 'tenants resume',
  arguments: 'NAME…',
  summary: 'let a suspended tenant go on where it was',
  examples: [['tenants resume acme', 'its sessions connect again, without a QR']],
  options: {},
  run: (call) => setState(call, 'Active', 'tenants resume'),
})

const setState = (call: Call, value: TenantSpec['state'], command: string): Promise<void> =>
  changeState(call, { command, kind: TenantKind, find: findTenant, field: 'state', value, record: tenantRecord })
