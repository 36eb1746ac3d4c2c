/** Objects that must be there, or a word on what is there instead. */
import type { KubeClient } from '@berth/core/kube/client.ts'
import { isName } from '@berth/core/kube/path.ts'
import { type Kind, SessionKind, TenantKind, TierKind, WorkerKind } from '@berth/core/model/kind.ts'
import type { KubeObject } from '@berth/core/model/meta.ts'
import { sessionNameOf } from '@berth/core/model/names.ts'
import type { WhatsAppSession } from '@berth/core/model/session.ts'
import type { Tenant } from '@berth/core/model/tenant.ts'
import type { Tier } from '@berth/core/model/tier.ts'
import type { Worker } from '@berth/core/model/worker.ts'
import { CliError } from './error.ts'
import { PROGRAM } from './program.ts'

/** These throw CliError when there is none. */
export const findTenant = (client: KubeClient, name: string): Promise<Tenant> =>
  find(client, TenantKind, name, 'tenant', () => false)

export const findWorker = (client: KubeClient, name: string): Promise<Worker> =>
  find(client, WorkerKind, name, 'worker', () => false)

export const findTier = (client: KubeClient, name: string): Promise<Tier> =>
  find(client, TierKind, name, 'tier', () => false)

/** @param name of the resource: `support`, or `acme.support` for one that was made through the API */
export const findSession = (client: KubeClient, name: string): Promise<WhatsAppSession> =>
  find(client, SessionKind, name, 'session', ({ metadata, spec }) => sessionNameOf(metadata.name, spec.tenant) === name)

/** The session that a tenant calls so, if there is one. */
export async function findSessionOf(
  client: KubeClient,
  tenant: string,
  name: string,
): Promise<WhatsAppSession | undefined> {
  const { items } = await client.list(SessionKind, { fieldSelector: `spec.tenant=${tenant}` })
  return items.find(({ metadata }) => sessionNameOf(metadata.name, tenant) === name)
}

async function find<T extends KubeObject>(
  client: KubeClient,
  kind: Kind<T>,
  name: string,
  noun: string,
  isMeant: (object: T) => boolean,
): Promise<T> {
  if (!isName(name)) throw new CliError(`"${name}" can't be the name of a ${noun}.`)
  const found = await client.get(kind, name)
  if (found) return found
  const { items } = await client.list(kind)
  const meant = items.filter(isMeant).map(({ metadata }) => metadata.name)
  const list = noun === 'tier' ? 'get tiers' : `${noun}s list`
  const hint = meant.length > 0 ? `Do you mean ${meant.join(' or ')}?` : `See ${PROGRAM} ${list}`
  throw new CliError(`There is no ${noun} "${name}" in the namespace ${client.namespace}. ${hint}`)
}
