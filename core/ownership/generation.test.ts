import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isClaimable, nextGeneration } from './generation.ts'

describe('generations', () => {
  it('start at 1', () => {
    expect(nextGeneration(undefined, undefined)).toBe(1)
    expect(nextGeneration(undefined, { generation: 0 })).toBe(1)
  })

  it('can always be claimed when just given, and are always above the old ones', () => {
    const generation = fc.nat(100)
    const pod = fc.constantFrom('a', 'b')
    fc.assert(
      fc.property(
        fc.option(fc.record({ podUID: pod, generation }), { nil: undefined }),
        fc.option(fc.record({ podUID: pod, generation, wanted: generation }), { nil: undefined }),
        pod,
        (placement, claim, podUID) => {
          const next = nextGeneration(placement, claim)
          expect(next).toBeGreaterThan(placement?.generation ?? 0)
          expect(isClaimable({ podUID, generation: next }, claim)).toBe(true)
        },
      ),
    )
  })

  it('can be claimed again by the same pod, but not by another one', () => {
    expect(isClaimable({ podUID: 'a', generation: 3 }, { podUID: 'a', generation: 3 })).toBe(true)
    expect(isClaimable({ podUID: 'b', generation: 3 }, { podUID: 'a', generation: 3 })).toBe(false)
    expect(isClaimable({ podUID: 'a', generation: 2 }, { podUID: 'a', generation: 3 })).toBe(false)
  })

  it('below one that another waits with cannot be claimed any more', () => {
    const claim = { podUID: 'a', generation: 3, wanted: 5 }
    expect(isClaimable({ podUID: 'a', generation: 3 }, claim)).toBe(false)
    expect(isClaimable({ podUID: 'a', generation: 4 }, claim)).toBe(false)
    expect(isClaimable({ podUID: 'b', generation: 5 }, claim)).toBe(true)
  })
})
