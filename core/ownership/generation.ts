/**
 * Generations of placements. The resource holds the number that the operator gave last, Postgres the number of the last
 * claim, and of the highest claim that had to wait; any can be behind (a placement that was removed, a restored backup), so
 * all of them count.
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
  /** The highest generation under which a claim had to wait for a living holder, if any had to. */
  wanted?: number
}

/** The number of the next placement: above everything that was ever given. */
export const nextGeneration = (placement: Placed | undefined, claim: LastClaim | undefined): number =>
  Math.max(placement?.generation ?? 0, claim?.generation ?? 0, claim?.wanted ?? 0) + 1

/**
 * Can the worker of this placement claim the session, as far as generations go? Not when another pod has claimed the
 * same number or a higher one, or waits for it under a higher one: a late claim under a placement that was removed, or a
 * resource that went back.
 */
export const isClaimable = ({ generation, podUID }: Placed, claim: LastClaim | undefined): boolean =>
  claim === undefined ||
  (generation >= (claim.wanted ?? 0) &&
    (generation > claim.generation || (generation === claim.generation && podUID === claim.podUID)))
