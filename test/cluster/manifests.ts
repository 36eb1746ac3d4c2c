/** What platform people write into their files. */
import { apiVersionOf, SessionKind, TenantKind } from '@berth/core/model/kind.ts'
import { resourceNameOf } from '@berth/core/model/names.ts'

export const tenantManifest = (name: string, tier: string): object => ({
  apiVersion: apiVersionOf(TenantKind),
  kind: TenantKind.kind,
  metadata: { name },
  spec: { tier, displayName: name },
})

/** @param session as the tenant calls it in the API */
export const sessionManifest = (tenant: string, session: string): object => ({
  apiVersion: apiVersionOf(SessionKind),
  kind: SessionKind.kind,
  metadata: { name: resourceNameOf(tenant, session) },
  spec: { tenant },
})
