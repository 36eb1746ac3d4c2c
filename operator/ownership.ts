/** Who holds a session, as far as a poll and the judge can tell. */
import type { WhatsAppSession } from '@berth/core/model/session.ts'
import type { Context, Observation } from './context.ts'
import type { LeaseRow, OwnerRow, StateRow } from './poll.ts'

export interface Holding {
  id?: string
  owner?: OwnerRow
  state?: StateRow
  /** The living boot that holds the claim. */
  boot?: LeaseRow
}

/** `revoked`: boots that were revoked since the poll. */
export class Ownership {
  readonly #context: Context
  readonly #reading: Observation['reading']
  readonly #boots: ReadonlyMap<string, LeaseRow>

  constructor(context: Context, { reading }: Observation, revoked: ReadonlySet<string>) {
    this.#context = context
    this.#reading = reading
    this.#boots = new Map(
      reading.leases.filter(({ open, bootId }) => open && !revoked.has(bootId)).map((boot) => [boot.bootId, boot]),
    )
  }

  of(session: WhatsAppSession): Holding {
    const id = this.#context.mirror.rowOf(session)?.id
    if (!id) return {}
    const owner = this.#reading.owners.get(id)
    const boot = owner && !owner.released ? this.#boots.get(owner.bootId ?? '') : undefined
    return { id, owner, state: this.#reading.states.get(id), boot }
  }

  /** It is connected, and its owner says so under the present claim. */
  isConnected(session: WhatsAppSession): boolean {
    const { owner, state, boot } = this.of(session)
    return boot !== undefined && state?.state === 'Connected' && state.epoch === owner?.epoch
  }
}
