/** What the gateway wants of a WhatsAppSession, as the fields that it applies; and what an answer says to that. Pure. */
import { KubeError } from '@berth/core/kube/error.ts'
import type { SessionSpec, WhatsAppSession } from '@berth/core/model/session.ts'
import type { FieldError } from './problems/problem.ts'

/** What is left out stays as it is. */
export interface Wish {
  desiredState?: SessionSpec['desiredState']
  /** Of a new one; it can't be changed. */
  provider?: SessionSpec['provider'] | undefined
  method?: SessionSpec['linking']['method']
  attempt?: number
}

type FieldSet = { [field: string]: FieldSet }

interface ManagedFieldsEntry {
  manager?: string
  operation?: string
  subresource?: string
  fieldsV1?: FieldSet
}

/** The fields that a manager applied; managedFields of the API, without those of subresources. */
function appliedFields(session: WhatsAppSession | undefined, manager: string): FieldSet {
  const entries = (session?.metadata.managedFields ?? []) as ManagedFieldsEntry[]
  const own = entries.find((entry) => entry.manager === manager && entry.operation === 'Apply' && !entry.subresource)
  return own?.fieldsV1 ?? {}
}

/**
 * The spec to apply: what the wish changes, and what the manager applied before, since leaving that out would remove it.
 * undefined: all is as wished already.
 */
export function specToApply(
  current: WhatsAppSession | undefined,
  wish: Wish,
  tenant: string,
  manager: string,
): object | undefined {
  const spec = current?.spec
  const managed = appliedFields(current, manager)['f:spec'] ?? {}
  let changes = !current
  const pick = <T>(wanted: T | undefined, present: T | undefined, isManaged: boolean): T | undefined => {
    if (wanted !== undefined && wanted !== present) {
      changes = true
      return wanted
    }
    return isManaged ? present : undefined
  }
  const method = pick(wish.method, spec?.linking?.method, !!managed['f:linking']?.['f:method'])
  const attempt = pick(wish.attempt, spec?.linking?.attempt, !!managed['f:linking']?.['f:attempt'])
  const linking = { ...(method !== undefined && { method }), ...(attempt !== undefined && { attempt }) }
  const desiredState = pick(wish.desiredState, spec?.desiredState, !!managed['f:desiredState'])
  const provider = pick(current ? undefined : wish.provider, spec?.provider, !!managed['f:provider'])
  const named = pick(current ? undefined : tenant, spec?.tenant, !!managed['f:tenant'])
  if (!changes) return undefined
  return {
    ...(named && { tenant: named }),
    ...(provider && { provider }),
    ...(desiredState && { desiredState }),
    ...(Object.keys(linking).length > 0 && { linking }),
  }
}

/** Who manages what we wanted to set, in words; undefined when the error is something else. */
export function conflictsOf(error: unknown): string | undefined {
  if (!(error instanceof KubeError)) return undefined
  const causes = (error.details?.causes ?? []).filter((cause) => cause.reason === 'FieldManagerConflict')
  if (causes.length === 0) return undefined
  return causes
    .map(({ field, message }) => {
      const manager = /"([^"]+)"/.exec(message ?? '')?.[1] ?? 'another manager'
      return `${(field ?? 'a field').replace(/^\./, '')} is managed by "${manager}"`
    })
    .join('; ')
}

/** Which fields the resource's schema refuses. */
export function fieldErrorsOf(error: unknown): FieldError[] {
  if (!(error instanceof KubeError)) return []
  const causes = error.details?.causes ?? []
  if (causes.length === 0) return [{ field: 'body', message: error.message }]
  return causes.map(({ field, message }) => ({
    field: (field ?? 'body').replace(/^\.?spec\./, 'body.').replace(/^<nil>$/, 'body'),
    message: message ?? 'is not right',
  }))
}
