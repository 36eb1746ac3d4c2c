/** All checks over one snapshot, in the order in which one thing rests on another. Pure. */
import type { Check } from './check.ts'
import { apiCheck, crdCheck, operatorCheck } from './control-plane.ts'
import { sessionChecks, tenantChecks } from './customers.ts'
import {
  clockCheck,
  databaseCheck,
  diskCheck,
  gatewayCheck,
  leaseCheck,
  tierChecks,
  workerChecks,
} from './data-plane.ts'
import type { DoctorSnapshot } from './snapshot.ts'

export function diagnose(snapshot: DoctorSnapshot): Check[] {
  const api = apiCheck(snapshot)
  // Without the API all that it holds would fail for the same reason.
  const cluster =
    api.level === 'fail'
      ? []
      : [
          crdCheck(snapshot),
          operatorCheck(snapshot),
          ...tierChecks(snapshot),
          ...workerChecks(snapshot),
          ...leaseCheck(snapshot),
          ...tenantChecks(snapshot),
          ...sessionChecks(snapshot),
        ]
  return [
    api,
    databaseCheck(snapshot),
    gatewayCheck(snapshot),
    ...cluster,
    ...clockCheck(snapshot),
    ...diskCheck(snapshot),
  ]
}
