import { expect, test } from 'vitest'
import { chooseType } from './accept.ts'

const OFFERED = ['image/svg+xml', 'image/png', 'text/plain', 'application/json'] as const

test.each([
  [undefined, 'image/svg+xml'],
  ['', 'image/svg+xml'],
  ['*/*', 'image/svg+xml'],
  ['image/*', 'image/svg+xml'],
  ['text/html, */*;q=0.1', 'image/svg+xml'],
  ['image/png', 'image/png'],
  ['IMAGE/PNG', 'image/png'],
  ['image/png;q=0.5, application/json', 'application/json'],
  ['text/*, image/png;q=0.9', 'text/plain'],
  ['image/svg+xml;q=0, */*', 'image/png'],
  ['application/pdf', undefined],
  ['*/*;q=0', undefined],
])('%s → %s', (header, type) => expect(chooseType(header, OFFERED)).toBe(type))
