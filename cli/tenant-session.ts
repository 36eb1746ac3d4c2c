/** A session as its tenant reaches it: through the gateway, under the name that the tenant gave it. */
import { sessionNameOf } from '@berth/core/model/names.ts'
import { findSession } from './find.ts'
import { type Gateway, GatewayProblem } from './gateway.ts'
import type { Installation } from './installation.ts'
import { PROGRAM } from './program.ts'

/** What the API says of a session, as far as we show it. */
export interface ApiSession {
  name: string
  state: string
  reason?: string
  message?: string
  phoneNumber?: string
}

export interface TenantSession {
  gateway: Gateway
  /** Of the session below the gateway's URL. */
  path: string
}

/** Works on the session of this resource name as its tenant. Throws CliError. */
export async function asTenantOf<T>(
  { cluster, withGateway }: Pick<Installation, 'cluster' | 'withGateway'>,
  resourceName: string,
  work: (session: TenantSession) => Promise<T>,
): Promise<T> {
  const { metadata, spec } = await findSession(await cluster(), resourceName)
  const path = sessionPath(sessionNameOf(metadata.name, spec.tenant))
  try {
    return await withGateway(spec.tenant, (gateway) => work({ gateway, path }))
  } catch (error) {
    const advice = error instanceof GatewayProblem && adviceOn(error.code, resourceName, spec.tenant)
    throw advice ? error.advising(advice) : error
  }
}

/** What to type here against a problem that the API words for programs. */
function adviceOn(code: string | undefined, session: string, tenant: string): string | undefined {
  const commands: Record<string, string> = {
    session_not_linked: `sessions link ${session}`,
    session_logged_out: `sessions link ${session}`,
    session_stopped: `sessions start ${session}`,
    session_failed: `explain session ${session}`,
    tenant_suspended: `tenants resume ${tenant}`,
  }
  const command = commands[code ?? '']
  return command && `See to it with: ${PROGRAM} ${command}`
}

export const sessionPath = (sessionName: string): string => `/v1/sessions/${encodeURIComponent(sessionName)}`
