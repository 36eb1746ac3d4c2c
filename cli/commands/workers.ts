/** `workers`: the pods that run sessions. */
import { WorkerKind } from '@berth/core/model/kind.ts'
import type { WorkerSpec } from '@berth/core/model/worker.ts'
import { type Call, defineCommand } from '../command.ts'
import { findWorker } from '../find.ts'
import { type Column, printList } from '../listing.ts'
import { type WorkerRecord, workerRecord } from '../records.ts'
import { changeState } from '../state-change.ts'
import { noArguments } from '../target.ts'

const columns: Column<WorkerRecord>[] = [
  ['Name', ({ name }) => name],
  ['Tier', ({ tier }) => tier],
  ['Desired', ({ desiredState }) => desiredState],
  ['Tenants', ({ tenants, tenantLimit }) => `${tenants} of ${tenantLimit ?? '?'}`],
  ['Connected', ({ connected, placed }) => `${connected} of ${placed}`],
  ['State', ({ reason }) => reason],
  ['Node', ({ node }) => node],
  ['Message', ({ ready, message }) => (ready ? '' : message)],
]

export const workersList = defineCommand({
  name: 'workers list',
  arguments: '',
  summary: 'show workers: how full each is, and what is wrong',
  examples: [
    ['workers list', 'all of them'],
    ['workers list --tier pro', 'those of one tier'],
  ],
  options: { tier: { type: 'string', value: 'TIER', about: 'only those of this tier' } },
  async run({ args, values, terminal, cluster }) {
    noArguments(args, 'workers list')
    const { items } = await (await cluster()).list(WorkerKind)
    const workers = items.map(workerRecord).filter(({ tier }) => !values.tier || tier === values.tier)
    const empty = 'No workers. The operator makes them, as the tiers and their tenants need them.'
    printList(terminal, workers, columns, { json: values.json, empty })
  },
})

export const workersCordon = defineCommand({
  name: 'workers cordon',
  arguments: 'NAME…',
  summary: 'let workers keep what they have and take nothing new',
  examples: [['workers cordon pro-7fktc', 'before work on its machine']],
  options: {},
  run: (call) => setState(call, 'Cordoned', 'workers cordon'),
})

export const workersUncordon = defineCommand({
  name: 'workers uncordon',
  arguments: 'NAME…',
  summary: 'let cordoned or drained workers take sessions again',
  examples: [['workers uncordon pro-7fktc', 'after the work']],
  options: {},
  run: (call) => setState(call, 'Active', 'workers uncordon'),
})

const setState = (call: Call, value: WorkerSpec['desiredState'], command: string): Promise<void> =>
  changeState(call, { command, kind: WorkerKind, find: findWorker, field: 'desiredState', value, record: workerRecord })
