import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Links } from './links.ts'

const links = new Links('a secret of the installation')
const link = { tenantId: randomUUID(), mediaId: randomUUID(), expires: 1_800_000_000 }
const before = link.expires * 1000 - 1

it('reads what it made, until it expires', () => {
  expect(links.read(links.token(link), before)).toEqual(link)
  expect(links.read(links.token(link), before + 1)).toBeUndefined()
})

it('reads nothing that was changed, and nothing of another installation', () => {
  const token = links.token(link)
  fc.assert(
    fc.property(fc.nat({ max: token.length - 1 }), fc.constantFrom(...'abcXYZ019-_'), (at, sign) => {
      const changed = token.slice(0, at) + sign + token.slice(at + 1)
      if (changed !== token) expect(links.read(changed, before)).toBeUndefined()
    }),
  )
  expect(links.read(`${token}=`, before)).toBeUndefined()
  expect(links.read('', before)).toBeUndefined()
  expect(new Links('another secret').read(token, before)).toBeUndefined()
})
