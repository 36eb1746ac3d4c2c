/** A session as its tenant reaches it: through the API, under the name that the tenant gave it. */

import type { Berth } from '@berth/client'
import { sessionNameOf } from '@berth/core/model/names.ts'
import { findSession } from './find.ts'
import type { Installation } from './installation.ts'

export interface TenantSession {
  api: Berth
  /** What the tenant calls it. */
  name: string
}

/** Works on the session of this resource name as its tenant. Throws CliError. */
export async function asTenantOf<T>(
  { cluster, withApi }: Pick<Installation, 'cluster' | 'withApi'>,
  resourceName: string,
  work: (session: TenantSession) => Promise<T>,
): Promise<T> {
  const { metadata, spec } = await findSession(await cluster(), resourceName)
  const name = sessionNameOf(metadata.name, spec.tenant)
  return withApi({ tenant: spec.tenant, session: resourceName }, (api) => work({ api, name }))
}
