/** Names and ids: how they are built and read. */
import { createHash } from 'node:crypto'

/** What a session may be called in the API; the same pattern as a tenant's name. */
export const NAME_PATTERN = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

/** The same as a CEL expression, for a CRD's rules. */
export const isNameInCel = (field: string): string => `${field}.matches('${NAME_PATTERN.source}')`

/** The resource name of a session that is created through the API: unique over all tenants. */
export const resourceNameOf = (tenant: string, sessionName: string): string => `${tenant}.${sessionName}`

/** The session name of a resource: without a leading `<tenant>.` */
export const sessionNameOf = (resourceName: string, tenant: string): string =>
  resourceName.startsWith(`${tenant}.`) ? resourceName.slice(tenant.length + 1) : resourceName

/** Name-based UUID (RFC 9562, version 5): the same parts in the same space always give the same id. */
export function uuidV5(space: string, ...parts: string[]): string {
  const hash = createHash('sha1')
    .update(Buffer.from(space.replaceAll('-', ''), 'hex'))
    .update(parts.join('/'))
    .digest()
    .subarray(0, 16)
  hash[6] = (hash[6]! & 0x0f) | 0x50
  hash[8] = (hash[8]! & 0x3f) | 0x80
  const hex = hash.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** Our own id of a tenant: survives the resource being created anew under the same name. */
export const tenantIdOf = (installation: string, namespace: string, name: string): string =>
  uuidV5(installation, 'tenant', namespace, name)

/** Our own id of a session, from its resource name. */
export const sessionIdOf = (installation: string, namespace: string, resourceName: string): string =>
  uuidV5(installation, 'session', namespace, resourceName)
