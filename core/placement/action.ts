/** What a plan wants to be done. In a plan they come in the order in which they have to be done. */

import type { Scaling } from './scaling.ts'
import type { Load } from './seats.ts'
import type { PlacementView, Reason } from './snapshot.ts'
import type { UpdateProgress } from './update.ts'

export type Action =
  /** Before the first session comes to a worker; `tenant` makes it that tenant's own. */
  | { do: 'Occupy'; worker: string; tenant?: string }
  /** Write the tenant's target worker; before any of its sessions goes there. */
  | { do: 'Assign'; tenant: string; worker?: string }
  /** Bind a session to a worker, under a higher generation than ever before. */
  | { do: 'Place'; session: string; tenant: string; placement: PlacementView; from?: string; why: string }
  /** A session that an update has moved is back: its placement awaits nothing any more. */
  | { do: 'Welcome'; session: string }
  | { do: 'Unplace'; session: string; from: string; why: string }
  | { do: 'CreateWorker'; worker: string; tier: string; why: string }
  | { do: 'DeleteWorker'; worker: string; tier: string; why: string }

export interface Plan {
  actions: Action[]
  /** By session: why it has no place, or why it could not leave a place that is lost. */
  reasons: Map<string, Reason>
  /** Workers that nobody needs: deleted when they have been so for the tier's time. */
  surplus: Set<string>
  /** Workers that are over their target, and those that lose a tenant in this plan for that. */
  hot: Set<string>
  relieved: Set<string>
  /** By worker: the tenants that hold a slot of it, and the sessions on it. */
  load: Map<string, Load>
  /** By tier: how far the update of its workers is. */
  updates: Map<string, UpdateProgress>
  /** By tier: how many workers it should have, and why. */
  scaling: Map<string, Scaling>
}
