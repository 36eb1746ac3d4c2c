/**
 * Generations of placements. The resource holds the number that the operator gave last, Postgres the number of the last
 * claim; either can be behind (a placement that was removed, a restored backup), so both count.
 */

export interface Placed {
  podUID: string
  generation: number
}

/** The owner row's part that claims are judged by. */
export interface LastClaim {
  /** 0: never claimed. */
  generation: number
  podUID?: string
}

/** The number of the next placement: above everything that was ever given. */
export const nextGeneration = (placement: Placed | undefined, claim: LastClaim | undefined): number =>
  Math.max(placement?.generation ?? 0, claim?.generation ?? 0) + 1

/**
 * Can the worker of this placement claim the session, as far as generations go? Not when another pod has claimed the
 * same number or a higher one: a late claim under a placement that was removed, or a resource that went back.
 */
export const isClaimable = (placement: Placed, claim: LastClaim | undefined): boolean =>
  claim === undefined ||
  placement.generation > claim.generation ||
  (placement.generation === claim.generation && placement.podUID === claim.podUID)
