/** `sessions`: seen in the cluster, changed through the API as their tenants would change them. */

import type { Session } from '@berth/client'
import { SessionKind } from '@berth/core/model/kind.ts'
import { resourceNameOf } from '@berth/core/model/names.ts'
import { type Call, defineCommand, gatewayOptions } from '../command.ts'
import { UsageError } from '../error.ts'
import { findSessionOf, findTenant } from '../find.ts'
import { type Column, printList } from '../listing.ts'
import { PROGRAM } from '../program.ts'
import { type SessionRecord, sessionRecord } from '../records.ts'
import { noArguments, onlyArgument, someArguments } from '../target.ts'
import { asTenantOf } from '../tenant-session.ts'
import { asJson } from '../terminal.ts'
import { age } from '../time.ts'

const columnsAt = (now: Date): Column<SessionRecord>[] => [
  ['Name', ({ name }) => name],
  ['Tenant', ({ tenant }) => tenant],
  ['Phone', ({ phoneNumber }) => phoneNumber],
  ['State', ({ reason }) => reason],
  ['Since', ({ since }) => age(since, now)],
  ['Worker', ({ worker }) => worker],
  ['Message', ({ ready, message }) => (ready ? '' : message)],
]

export const sessionsList = defineCommand({
  name: 'sessions list',
  arguments: '',
  summary: 'show sessions: the state of each, since when, where, and why',
  examples: [
    ['sessions list', 'all of them'],
    ['sessions list --not-ready', 'those that need a look'],
    ['sessions list --tenant acme --json', 'those of one tenant, for programs'],
  ],
  options: {
    tenant: { type: 'string', value: 'TENANT', about: 'only those of this tenant' },
    'not-ready': { type: 'boolean', about: 'only those that are not connected' },
  },
  async run({ args, values, terminal, cluster }) {
    noArguments(args, 'sessions list')
    const { items } = await (await cluster()).list(SessionKind)
    const sessions = items
      .map(sessionRecord)
      .filter(({ tenant }) => !values.tenant || tenant === values.tenant)
      .filter(({ ready }) => !values['not-ready'] || !ready)
    const empty = values['not-ready'] ? 'Every session is connected.' : 'No sessions.'
    printList(terminal, sessions, columnsAt(new Date()), { json: values.json, empty })
  },
})

const AS_TENANT = `This goes through the gateway, as the tenant itself would do it, so that the tenant can change it back.`

export const sessionsCreate = defineCommand({
  name: 'sessions create',
  arguments: 'NAME --tenant TENANT',
  summary: 'make a session of a tenant',
  details: `${AS_TENANT}
NAME is what the tenant calls it. Elsewhere on this command line it is TENANT.NAME, unique in the installation.`,
  examples: [['sessions create support --tenant acme', 'then link it: sessions link acme.support']],
  options: { tenant: { type: 'string', value: 'TENANT', about: 'whose it is' }, ...gatewayOptions },
  async run({ args, values, terminal, cluster, withApi }) {
    const name = onlyArgument(args, 'name', 'sessions create')
    if (!values.tenant) throw new UsageError('Whose is it? Name the tenant with --tenant.', 'sessions create')
    const client = await cluster()
    const { metadata } = await findTenant(client, values.tenant)
    const tenant = metadata.name
    const present = await findSessionOf(client, tenant, name)
    const session = await withApi({ tenant }, (api) => api.putSession(name))
    if (values.json) return terminal.print(asJson(session))
    const resource = present?.metadata.name ?? resourceNameOf(tenant, name)
    terminal.print(`session/${resource} ${present ? 'was there before' : 'created'}`)
    terminal.note(`Link it: ${PROGRAM} sessions link ${resource}`)
  },
})

export const sessionsStart = defineCommand({
  name: 'sessions start',
  arguments: 'NAME…',
  summary: 'let sessions connect',
  details: `${AS_TENANT} One that was logged out begins anew: link it then.`,
  examples: [['sessions start acme.support', 'the name is that of sessions list']],
  options: gatewayOptions,
  run: (call) => change(call, 'start'),
})

export const sessionsStop = defineCommand({
  name: 'sessions stop',
  arguments: 'NAME…',
  summary: 'disconnect sessions; the phone stays linked and nothing is lost',
  details: `${AS_TENANT} WhatsApp keeps what arrives until the next start.`,
  examples: [['sessions stop acme.support', 'until sessions start acme.support']],
  options: gatewayOptions,
  run: (call) => change(call, 'stop'),
})

async function change(call: Call<typeof gatewayOptions>, verb: 'start' | 'stop'): Promise<void> {
  const { values, terminal, report } = call
  const done: Session[] = []
  for (const name of someArguments(call.args, 'session', `sessions ${verb}`)) {
    try {
      const session = await asTenantOf(call, name, ({ api, name: own }) =>
        verb === 'start' ? api.startSession(own) : api.stopSession(own),
      )
      done.push(session)
      if (!values.json) terminal.print(`session/${name} ${session.state}`)
    } catch (error) {
      report(error)
    }
  }
  if (values.json) terminal.print(asJson(done))
}
