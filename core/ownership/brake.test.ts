import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { giveUpNext, isWidespread, type Suspect } from './brake.ts'

const SILENT = 5_000
/** Each string is a host: its small letters renew, its capitals are silent. */
const cluster = (...hosts: string[]): Suspect[] =>
  hosts.flatMap((boots, host) =>
    [...boots].map((bootId) => ({
      bootId,
      host: `host-${host}`,
      silentFor: bootId === bootId.toLowerCase() ? 400 : SILENT,
    })),
  )

describe('a silence', () => {
  it.each<[string, Suspect[], boolean]>([
    ['of one', cluster('A'), false],
    ['of two, and there are no others', cluster('AB'), false],
    ['of half of all', cluster('ABc', 'Cde'), false],
    ['of most, on hosts on which others go on', cluster('ABc', 'CDE'), true],
    ['of all on one host', cluster('ABC'), true],
    ['of all on all hosts', cluster('AB', 'CD'), true],
    ['of a zone with most of the workers', cluster('ABC', 'DE', 'f'), false],
    ['of a zone, and of somebody beside a living one', cluster('ABC', 'Df'), true],
    ['of most, and of nobody is known where', cluster('ABCd').map(({ host: _, ...boot }) => boot), true],
  ])('%s: widespread is %s', (_, boots, expected) => {
    expect(isWidespread(boots)).toBe(expected)
  })

  it('of a few, or of whole hosts while another lives, is never held against the others', () => {
    const host = fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 9 }))
    fc.assert(
      fc.property(fc.array(host, { maxLength: 6 }), (hosts) => {
        const boots = cluster(...hosts.map(([isSilent, count]) => (isSilent ? 'A' : 'a').repeat(count)))
        const silent = boots.filter(({ silentFor }) => silentFor >= SILENT).length
        if (silent < 3 || silent < boots.length) expect(isWidespread(boots)).toBe(false)
      }),
    )
  })
})

describe('a widespread silence', () => {
  const boots = [20_000, 16_000, 16_000, 14_999].map((silentFor, i) => ({ bootId: `boot-${i}`, silentFor }))

  it('is given up one by one: the longest first, and by name', () => {
    expect(giveUpNext(boots, Number.NEGATIVE_INFINITY, 0)?.bootId).toBe('boot-0')
    expect(giveUpNext(boots.slice(1).reverse(), Number.NEGATIVE_INFINITY, 0)?.bootId).toBe('boot-1')
  })

  it('leaves a worker 15 s, and ten seconds between two', () => {
    expect(giveUpNext(boots.slice(3), Number.NEGATIVE_INFINITY, 0)).toBeUndefined()
    expect(giveUpNext(boots, 0, 9_999)).toBeUndefined()
    expect(giveUpNext(boots, 0, 10_000)?.bootId).toBe('boot-0')
  })
})
