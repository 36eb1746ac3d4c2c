/** A claim of this boot while it stands. Once lost it is lost for good; taking the session again makes another one. */
import type { Sealer } from '@berth/core/crypto/seal.ts'
import type { Claim } from '@berth/core/postgres/ownership.ts'

export class Ownership {
  readonly sessionId: string
  readonly tenantId: string
  readonly epoch: number
  /** The database went back since somebody had the session. */
  readonly distrusted: boolean
  readonly sealer: Sealer
  readonly #onLoss: (() => void)[] = []
  #loss: Error | undefined

  constructor(claim: Claim, sealer: Sealer) {
    this.sessionId = claim.sessionId
    this.tenantId = claim.tenantId
    this.epoch = claim.epoch
    this.distrusted = claim.distrusted
    this.sealer = sealer
  }

  /** Why it is lost; undefined while it stands. */
  get loss(): Error | undefined {
    return this.#loss
  }

  /** Called at once, in order, when the claim is lost: the socket must go before anything else of the session does. */
  onLoss(listener: () => void): void {
    this.#onLoss.push(listener)
  }

  /** Resolves when the claim is lost. */
  whenLost(): Promise<void> {
    return this.#loss ? Promise.resolve() : new Promise((resolve) => this.onLoss(resolve))
  }

  lose(reason: Error): void {
    if (this.#loss) return
    this.#loss = reason
    for (const listener of this.#onLoss) listener()
  }
}

/** Another boot owns the session, or nobody: nothing may be written for it any more. */
export class OwnershipLost extends Error {
  override name = 'OwnershipLost'
  constructor(sessionId: string) {
    super(`session ${sessionId} is not ours any more`)
  }
}
